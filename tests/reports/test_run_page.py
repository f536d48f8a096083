from __future__ import annotations

from dataclasses import replace

import numpy as np
from made_header import made_header

from lrbench.api import run
from lrbench.config.solver_spec import SolverSpec
from lrbench.reports.first import closing_line
from lrbench.results import ProblemResult, Run, Status
from lrbench.results.ranking import passes_to


def text(problem: ProblemResult) -> str:
    found = closing_line(problem)
    assert found is not None
    return ", ".join(found.pieces)


def test_names_the_first_by_hand() -> None:
    (problem,) = run("logreg", lr0=[1.0, 100.0], iterations=300).problems
    target = 0.01 * problem.header.constants.delta0
    best = None
    for r in problem.runs:
        for t, gap in zip(r.trace["iteration"], r.trace["suboptimality"], strict=True):
            if gap <= target and (best is None or t < best[0]):
                best = (t, str(r.solver), r.lr0)
    assert best is not None
    said = text(problem)
    assert said.startswith(f"First to 1 % of the start: {best[1]} at lr0 = {best[2]:g}, ")
    assert f"after {best[0]:g} passes" in said


def test_says_who_is_nearest_when_nobody_came() -> None:
    (problem,) = run(
        "logreg", solvers=["sgd"], lr0=[1e-4, 1e-3], iterations=5, target=1e-9
    ).problems
    assert "None came to F - f* <= 1.00e-09; the nearest is sgd at lr0 = 0.001" in text(problem)


def test_all_diverged() -> None:
    (problem,) = run("least-squares", solvers=["sgd"], lr0=[1e5], iterations=500).problems
    assert text(problem) == "Every run diverged"


def test_median_over_seeds() -> None:
    (problem,) = run(
        "logreg", solvers=["sgd"], lr0=[1.0], batch_size=32, passes=5.0, replicates=3
    ).problems
    target = 0.1
    each = sorted(
        next(
            p
            for p, g in zip(r.trace["passes"], r.trace["suboptimality"], strict=True)
            if g <= target
        )
        for r in problem.runs
    )
    assert passes_to(problem.runs, target) == each[1]


def lane(lr0: float, gaps: list[float], status: Status = Status.COMPLETED, seed: int = 0) -> Run:
    """A run with these gaps at 0, 1, 2, ... passes."""
    steps = np.arange(len(gaps), dtype=float)
    trace = {"iteration": steps, "passes": steps, "suboptimality": np.array(gaps)}
    return Run(
        solver=SolverSpec("sgd"),
        setting="batch",
        batch_size=1,
        sampling=None,
        lr0=lr0,
        seed=seed,
        status=status,
        status_at=len(gaps) - 1,
        trace=trace,
    )


def closed(*runs: Run, target: float | None = 0.1, error: float = 0.0) -> str:
    header = made_header(target=target, delta0=1.0, f_star_error=error)
    return text(ProblemResult("p", header, runs, ()))


def test_ties_go_to_the_lower_gap_and_are_named() -> None:
    said = closed(lane(1, [1, 0.09]), lane(2, [1, 0.05]), lane(3, [1, 0.5]), lane(4, [1, 0.1]))
    head = "First to F - f* <= 0.100: sgd at lr0 = 2, after 1.00 pass, as did 2 others"
    assert said == f"{head}; never: 1 of 4"


def test_the_factor_is_that_of_the_next_one_that_came_there() -> None:
    later = [1, 0.9, 0.5, 0.5, 0.05]
    said = closed(lane(1, [1, 0.09]), lane(2, later), lane(3, [*later[:-1], 0.5, 0.05]))
    assert "sgd at lr0 = 1, after 1.00 pass, 4.0 times as fast as sgd at lr0 = 2" in said
    alone = closed(named("a", [1, 0.09]), named("b", later), named("c", [1, 0.5]))
    assert alone.startswith("First to F - f* <= 0.100: a, after 1.00 pass, 4.0 times as fast as b;")
    assert "; never: c" in alone


def test_many_that_never_came_are_counted_and_the_interrupted_are_not() -> None:
    others = [named(name, [1, 0.5]) for name in "bcde"]
    assert closed(named("a", [1, 0.09]), *others).endswith("; never: 4 of 5")
    assert closed(named("a", [1, 0.09]), *others[:3]).endswith("; never: b, c, d")
    stopped = replace(others[0], status=Status.INTERRUPTED)
    assert "never" not in closed(named("a", [1, 0.09]), stopped)


def named(solver: str, gaps: list[float]) -> Run:
    """A run of a solver with one lr0."""
    return replace(lane(1, gaps), solver=SolverSpec(solver))


def test_the_lowest_at_the_end_is_named_where_it_is_another() -> None:
    said = closed(lane(1, [1, 0.09, 0.08]), lane(2, [1, 0.2, 0.01]))
    assert "sgd at lr0 = 1, after 1.00 pass, 2.0 times as fast as sgd at lr0 = 2" in said
    assert said.endswith("; lowest at the end: sgd at lr0 = 2, at 0.0100")


def test_nearest_is_by_the_mean_over_seeds() -> None:
    runs = [lane(1, [1, 0.2], seed=k) for k in range(3)]
    runs += [lane(2, [1, gap], seed=k) for k, gap in enumerate([0.15, 0.15, 0.9])]
    assert "the nearest is sgd at lr0 = 1, at 0.200" in closed(*runs)


def test_what_was_lost_is_not_the_nearest() -> None:
    said = closed(lane(1, [1, 0.2], Status.DIVERGED), lane(2, [1, 0.5]), lane(3, [1, 0.9]))
    assert "the nearest is sgd at lr0 = 2, at 0.500" in said
    assert "lr0 = 2" in closed(lane(1, [1, 0.01], Status.FAILED), lane(2, [1, 0.5]))


def test_nothing_better_than_doing_nothing() -> None:
    assert closed(lane(1, [1, 2]), lane(2, [1, 1])) == "None came below F(w_0) - f*"
    assert closed(lane(1, [1, 0.5], Status.DIVERGED)) == "Every run diverged"


def test_who_was_below_the_start_on_the_way_is_named() -> None:
    once = lane(2, [1, 0.75, 1.25])
    below = "None ended below F(w_0) - f*; the lowest on the way was 0.750"
    assert closed(once) == below
    unknown = lane(1, [1, float("nan"), 1.5])
    assert closed(unknown, once) == f"{below}, of sgd at lr0 = 2"


def test_a_gap_that_is_not_known_is_not_said() -> None:
    said = closed(lane(1, [1, 1e-16]), target=1e-20, error=2e-15)
    assert said.endswith("at <2e-15")


def test_of_what_ran() -> None:
    blank = replace(lane(2, [1.0]), trace={}, status=Status.INTERRUPTED, status_at=0)
    assert closed(lane(1, [1, 0.01]), blank).startswith("Of what ran: first to ")
