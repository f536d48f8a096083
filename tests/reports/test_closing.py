from __future__ import annotations

from lrbench.experiment import run
from lrbench.reports.closing import closing_line, passes_to
from lrbench.results import ProblemResult


def text(problem: ProblemResult) -> str:
    found = closing_line(problem)
    assert found is not None
    return ", ".join(found.pieces)


def test_names_the_first_by_hand() -> None:
    (problem,) = run("logreg", lr0=[1.0, 100.0], iterations=300).problems
    target = 0.01 * problem.header["constants"]["delta0"]
    best = None
    for r in problem.runs:
        for t, gap in zip(r.trace["iteration"], r.trace["suboptimality"], strict=True):
            if gap <= target and (best is None or t < best[0]):
                best = (t, str(r.solver), r.lr0)
    assert best is not None
    said = text(problem)
    assert f"{best[1]}, lr0 = {best[2]:g}" in said
    assert f"after {best[0]:g} passes" in said
    assert "1% of F(w_0) - f*" in said


def test_says_who_is_nearest_when_nobody_came() -> None:
    (problem,) = run(
        "logreg", solvers=["sgd"], lr0=[1e-4, 1e-3], iterations=5, target=1e-9
    ).problems
    assert "None came to F - f* <= 1.00e-09; the nearest is sgd, lr0 = 0.001" in text(problem)


def test_all_diverged() -> None:
    (problem,) = run("least-squares", solvers=["sgd"], lr0=[1e5], iterations=500).problems
    assert text(problem).startswith("None came")


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
