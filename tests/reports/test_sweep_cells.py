"""Every cell of the tables of a sweep, where each seed and lr0 has its own numbers."""

from __future__ import annotations

import math
import statistics
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from made_header import with_header
from shown_results import one_lr0
from swept import TARGET, made_problem

from lrbench.config.solver_spec import SolverSpec
from lrbench.reports.blocks import Grid, Line
from lrbench.reports.sweep_page import sweep_blocks
from lrbench.reports.sweep_table import sweep_table
from lrbench.reports.view import View
from lrbench.results import Factor, ProblemResult, Sensitivity, Status
from lrbench.study import analyse

INF = math.inf
GRID = [0.03, 0.2, 1.0, 7.0]
WIDE = View(width=300)


def irregular(n_seeds: int) -> ProblemResult:
    """Two solvers; every seed and lr0 has its own passes, last gap, last lr and seconds."""
    rng = np.random.default_rng(n_seeds)
    passes = {
        name: rng.uniform(1.0, 9.0, (n_seeds, len(GRID))).tolist() for name in ("a", "b[c=0.5]")
    }
    problem = made_problem(GRID, passes)
    runs = []
    for k, run in enumerate(problem.runs):
        gaps, rates = rng.uniform(0.2, 0.9, 3), rng.uniform(0.1, 0.9, 3)
        gaps[2] = TARGET * rates[2]
        trace = run.trace | {"suboptimality": gaps, "lr": rates, "seconds": np.arange(3.0) * k}
        runs.append(replace(run, trace=trace))
    return replace(problem, runs=runs)


def blocks(problem: ProblemResult, **changes: Any) -> list[Any]:
    return list(sweep_blocks(problem, analyse(problem), replace(WIDE, **changes)))


def lines(problem: ProblemResult, **changes: Any) -> list[tuple[str, str]]:
    found = [b for b in blocks(problem, **changes) if isinstance(b, Line)]
    return [(", ".join(b.pieces), b.style) for b in found]


def tables(problem: ProblemResult, **changes: Any) -> list[list[dict[str, tuple[str, str]]]]:
    grids = [b for b in blocks(problem, **changes) if isinstance(b, Grid)]
    return [
        [dict(zip(g.columns, [(c.text, c.style) for c in row], strict=True)) for row in g.rows]
        for g in grids
    ]


@pytest.mark.parametrize("n_seeds", [1, 2, 3])
def test_details_are_medians_of_the_ends_of_each_lr0(n_seeds: int) -> None:
    problem = irregular(n_seeds)
    _, *details = tables(problem, details=True)
    assert len(details) == 2
    for name, rows in zip(("a", "b[c=0.5]"), details, strict=True):
        assert [row["lr0"][0] for row in rows] == ["0.03", "0.2", "1", "7"]
        for lr0, row in zip(GRID, rows, strict=True):
            of = [r for r in problem.runs if (str(r.solver), r.lr0) == (name, lr0)]
            assert len(of) == n_seeds
            last = {
                key: statistics.median(float(r.trace[key][-1]) for r in of)
                for key in ("passes", "suboptimality", "lr")
            }
            assert row["reached"] == (f"{n_seeds}/{n_seeds}", "")
            assert row["status"] == ("target", "")
            assert row["F - f*"] == (f"{last['suboptimality']:.2e}", "")
            assert float(row["passes"][0]) == pytest.approx(last["passes"], rel=5e-3)
            assert float(row["lr L"][0]) == pytest.approx(2.0 * last["lr"], rel=5e-2)
    over = f", medians over {n_seeds} seeds" if n_seeds > 1 else ""
    assert (f"a: passes to the target and the end of each lr0{over}", "title") in lines(
        problem, details=True
    )
    assert len(tables(problem)) == 1


def test_the_lr_of_a_solver_is_that_of_its_best_lr0() -> None:
    problem = irregular(3)
    (rows,) = tables(problem)
    for row in rows:
        runs = [r for r in problem.runs if str(r.solver) == row["solver"][0]]
        costs = {
            lr0: statistics.median(float(r.trace["passes"][-1]) for r in runs if r.lr0 == lr0)
            for lr0 in GRID
        }
        best = min(costs, key=lambda lr0: costs[lr0])
        ends = [float(r.trace["lr"][-1]) for r in runs if r.lr0 == best]
        assert row["best lr0"][0].split()[-1] == f"{best:g}"
        assert float(row["passes"][0]) == pytest.approx(costs[best], rel=5e-3)
        assert row["lr L"][0] == f"{2.0 * statistics.median(ends):#.2g}"


def test_how_the_runs_of_an_lr0_ended() -> None:
    problem = made_problem(GRID, {"a": [[2.0, INF, INF, 5.0], [3.0, INF, 4.0, INF]]})
    ends: list[Status | None] = [
        *(Status.REACHED_TARGET, Status.STALLED, Status.DIVERGED, Status.COMPLETED),
        *(Status.REACHED_TARGET, None, Status.INTERRUPTED, Status.FAILED),
    ]
    runs = [
        replace(run, status=Status.INTERRUPTED, status_at=0, trace={})
        if end is None
        else replace(run, status=end)
        for run, end in zip(problem.runs, ends, strict=True)
    ]
    _, rows = tables(replace(problem, runs=runs), details=True)
    assert [row["status"] for row in rows] == [
        ("target", ""),
        ("1 stalled, 1 not started", "warn"),
        ("1 interrupted, 1 diverged", "bad"),
        ("1 completed, 1 failed", "bad"),
    ]
    assert [row["passes"] for row in rows] == [
        ("2.5", ""),
        ("never", "warn"),
        ("never", "warn"),
        ("5", ""),
    ]


def test_the_setting_of_a_sweep() -> None:
    def setting(problem: ProblemResult) -> str:
        at = next(k for k, (text, _) in enumerate(lines(problem)) if "target F - f*" in text)
        return lines(problem)[at][0]

    never = [[INF, 3.0, 4.0, 5.0]]
    one = made_problem(GRID, {"a": never})
    assert setting(one) == (
        "batches of 10 with replacement, target F - f* <= 0.0100 (1 % of F(w_0) - f*), at most"
        " 1000 iterations (10 passes), one seed: no interval, 4 lr0 from 0.03 to 7"
    )
    batch = replace(one, runs=[replace(run, setting="batch") for run in one.runs])
    assert setting(batch).startswith("full batches, target")
    assert setting(batch).endswith("at most 1000 iterations, 4 lr0 from 0.03 to 7")
    for delta0, share in ((0.4, " (2.5 % of F(w_0) - f*)"), (0.0, "")):
        text = setting(with_header(one, delta0=delta0))
        assert f"target F - f* <= 0.0100{share}, at most" in text
    two = made_problem(GRID, {"a": never * 2})
    assert ", medians over 2 seeds, 4 lr0" in setting(two)
    alone = made_problem([7.0], {"a": [[3.0]]})
    assert setting(alone).endswith("one seed: no interval, lr0 = 7 alone")


def test_what_is_missing_failed_or_violated_is_said() -> None:
    problem = made_problem(GRID, {"a": [[2.0, 3.0, 4.0, 5.0]], "b": [[2.0, 3.0, 4.0, 5.0]]})
    assert not [text for text, style in lines(problem) if style in ("warn", "bad")]
    for n_lost, missing, unknown in (
        (1, "1 of 8 runs is missing", "an lr0 is unknown, as no run of it is finished"),
        (3, "3 of 8 runs are missing", "3 lr0 are unknown, as no run of them is finished"),
    ):
        lost = [
            replace(r, status=Status.FAILED, error="no", trace={}) for r in problem.runs[:n_lost]
        ]
        found = lines(replace(problem, runs=[*lost, *problem.runs[n_lost:]]))
        assert [text for text, style in found if style == "warn"] == [
            f"{missing} (interrupted, failed or never begun): figures are of what there is",
            f"{unknown}: usable ranges may be wider",
        ]
        assert [text for text, style in found if style == "bad"] == ["a: no"]


def test_each_violated_bound_is_named() -> None:
    problem = made_problem(GRID, {name: [[2.0, 3.0, 4.0, 5.0]] for name in ("a", "b", "c")})
    fails = replace(one_lr0().problems[0].verdicts[0], bound_verdict="fail")
    violated = [("a", "W1"), ("b", "W1"), ("c", "W3"), ("a", "W1")]
    verdicts = [replace(fails, solver=SolverSpec(name), theorem=key) for name, key in violated]
    verdicts.append(replace(verdicts[0], theorem="W2", bound_verdict="pass"))
    found = lines(replace(problem, verdicts=verdicts))
    assert ("bound violated: W1 of a, W1 of b, W3 of c", "bad") in found


def test_most_seeds_are_those_of_two_or_more() -> None:
    for n_seeds, words in ((1, "neighbours in the grid that all reach"), (2, "most seeds bring")):
        legend = [text for text, _ in lines(irregular(n_seeds)) if text.startswith("usable lr0:")]
        assert len(legend) == 1
        assert words in legend[0]


def test_seconds_are_those_of_each_solver() -> None:
    problem = irregular(2)
    for name in ("a", "b[c=0.5]"):
        clocks = [
            max(
                float(r.trace["seconds"][-1])
                for r in problem.runs
                if r.seed == seed and str(r.solver) == name
            )
            for seed in (0, 1)
        ]
        text = f"{name}: {sum(clocks):.1f} s of steps, 0 s of evaluation"
        assert (text, "") in lines(problem, timing=True)
        assert (text, "") not in lines(problem)


# --- the table of all solvers ----------------------------------------------------------------


def cells(**changes: Any) -> dict[str, tuple[str, str]]:
    """The row of a solver whose figures are these."""
    problem = made_problem(GRID, {"a": [[3.0, 2.0, 4.0, 5.0]] * 2})
    sweep = analyse(problem)
    s: Sensitivity = replace(sweep.solvers[0], **changes)
    (grid,) = [b for b in sweep_table(replace(sweep, solvers=[s]), WIDE) if isinstance(b, Grid)]
    row = [(cell.text, cell.style) for cell in grid.rows[0]]
    assert [grid.columns[k] for k in sorted(grid.left)] == ["solver", "usable lr0"]
    return dict(zip(grid.columns, row, strict=True))


AT_ENDS: dict[str, Any] = {
    "lr0": [0.03, 0.3, 1.0, 3.0],
    "best_lr0": 0.3,
    "usable": (0.3, 1.0),
    "factors": [],
}
"""A tenth of the best lr0 and ten times it are the ends of the grid."""


@pytest.mark.parametrize(
    ("changes", "heading", "cell"),
    [
        ({}, "best lr0", ("0.2", "")),
        ({"best_lr0": 0.03}, "best lr0", ("<= 0.03", "")),
        ({"best_lr0": 7.0}, "best lr0", (">= 7", "")),
        ({"best_lr0": None}, "best lr0", ("-", "")),
        ({"best_passes": 12345.0}, "passes", ("12300", "")),
        ({"best_passes": INF}, "passes", ("never", "warn")),
        ({"best_passes": INF, "finished": [2, 0, 2, 2]}, "passes", ("?", "warn")),
        ({}, "usable lr0", ("0.03 to 7", "")),
        ({"usable": (0.2, 0.2)}, "usable lr0", ("0.2", "")),
        ({"usable": None}, "usable lr0", ("none", "warn")),
        ({"usable": None, "finished": [2, 0, 2, 2]}, "usable lr0", ("?", "warn")),
        ({"usable_decades": 1.236, "at_edge": (False, False)}, "decades", ("1.24", "")),
        ({"usable_decades": 1.236, "at_edge": (False, True)}, "decades", (">= 1.24", "")),
        (
            {"usable_decades": 1.236, "at_edge": (False, False), "finished": [2, 0, 2, 2]},
            "decades",
            (">= 1.24", ""),
        ),
        (
            {"usable_interval": (0.5, 1.25), "at_edge": (False, False)},
            "95 % interval",
            ("0.50 to 1.25", ""),
        ),
        ({"usable_interval": (0.5, 1.25)}, "95 % interval", ("0.50 to >= 1.25", "")),
        ({"usable_interval": (0.5, 0.5)}, "95 % interval", (">= 0.50", "")),
        ({"factors": [Factor(1, 1.234)]}, "x10", ("1.2", "")),
        ({"factors": [Factor(1, INF)]}, "x10", ("never", "warn")),
        ({"factors": [Factor(1, None)]}, "x10", ("?", "warn")),  # 2, within the grid
        ({"factors": [Factor(1, None)], "best_lr0": 1.0}, "x10", ("off", "dim")),
        (AT_ENDS, "x10", ("?", "warn")),
        (AT_ENDS, "x0.1", ("?", "warn")),
        (AT_ENDS, "x100", ("off", "dim")),
        (AT_ENDS | {"lr0": [0.03 * (1 + 2e-6), 0.3, 1.0, 3.0]}, "x0.1", ("off", "dim")),
        (AT_ENDS | {"lr0": [0.03, 0.3, 1.0, 3.0 * (1 - 2e-6)]}, "x10", ("off", "dim")),
        ({"factors": [Factor(1, 1.0)], "best_lr0": None}, "x10", ("-", "")),
        ({"statuses": {"diverged": 3}}, "diverged", ("3", "bad")),
        ({"statuses": {"diverged": 3}}, "stalled", ("0", "")),
        ({"statuses": {"stalled": 2}}, "stalled", ("2", "warn")),
        ({"statuses": {"stalled": 2}}, "diverged", ("0", "")),
        ({"final_lr_L": 1.234}, "lr L", ("1.2", "")),
        ({"final_lr_L": None}, "lr L", ("-", "")),
    ],
)
def test_a_cell_of_a_solver(changes: Any, heading: str, cell: tuple[str, str]) -> None:
    assert cells(**changes)[heading] == cell


def with_first_hits(problem: ProblemResult, hits: list[float]) -> ProblemResult:
    """Return a problem whose runs have to stay at the target, and came there first so."""
    sweep = analyse(problem)
    solvers = (replace(sweep.solvers[0], first_hit=tuple(hits)), *sweep.solvers[1:])
    return replace(problem, sweep=replace(sweep, arrival="confirmed", solvers=solvers))


def test_passing_through_the_target_is_marked() -> None:
    made = made_problem(GRID, {"a": [[INF, 3.0, 4.0, INF]], "b": [[INF, 5.0, 6.0, INF]]})
    problem = with_first_hits(made, [INF, 3.0, 2.0, 1.0])
    assert problem.sweep is not None

    def table(problem: ProblemResult, **changes: Any) -> tuple[list[str], list[Any]]:
        assert problem.sweep is not None
        found = list(sweep_blocks(problem, problem.sweep, replace(WIDE, **changes)))
        texts = [", ".join(b.pieces) for b in found if isinstance(b, Line)]
        return texts, [b for b in found if isinstance(b, Grid)]

    texts, (grid, *details) = table(problem, details=True)
    passes = grid.columns.index("passes")
    assert [row[passes].text for row in grid.rows] == ["3*", "5"]
    assert "*: at some lr0 it came there sooner, and did not stay (--details)" in texts
    assert any(
        "target F - f* <= 0.0100 (1 % of F(w_0) - f*) at T and in the mean over T to 2 T" in text
        for text in texts
    )
    assert [
        [row[list(details[0].columns).index(name)].text for row in details[0].rows]
        for name in ("passes", "first hit")
    ] == [["never", "3", "4", "never"], ["never", "3", "2", "1"]]
    same, (grid, *details) = table(replace(made, sweep=analyse(made)), details=True)
    assert [row[passes].text for row in grid.rows] == ["3", "5"]
    assert not any(text.startswith("*:") for text in same)
    assert "first hit" not in details[0].columns
    # Several targets: a table for each, with the legend once.
    other = replace(problem.sweep, target=0.5, arrival="end")
    texts, grids = table(replace(problem, sweeps=(problem.sweep, other)))
    assert len(grids) == 2
    assert any(text.startswith("target F - f* <= 0.500") and "to the end" in text for text in texts)
    assert sum(text.startswith("decades: ") for text in texts) == 1
