"""Every cell of the tables of a sweep, where each seed and lr0 has its own numbers."""

from __future__ import annotations

import itertools
import math
import statistics
import typing
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from made_header import with_header
from shown_results import one_lr0, shown
from swept import TARGET, made_problem, made_run

from lrbench.config.solver_spec import SolverSpec
from lrbench.reports.blocks import Drawing, Grid, Line
from lrbench.reports.page import result_page
from lrbench.reports.sweep_details import REASONS, sweep_details
from lrbench.reports.sweep_legend import sweep_legend
from lrbench.reports.sweep_page import sweep_blocks
from lrbench.reports.sweep_table import cost_table, sweep_table
from lrbench.reports.view import View
from lrbench.results import Factor, ProblemResult, Result, Sensitivity, Status, environment
from lrbench.results.measures import Exponent, Reason
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
    _, costs, *details = tables(problem, details=True)
    assert "draws" in costs[0]
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
        passes = row["speed (passes)"][0].partition("(")[2].rstrip(")")
        assert float(passes) == pytest.approx(costs[best], rel=5e-3)
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
    _, _, rows = tables(replace(problem, runs=runs), details=True)
    assert [row["status"] for row in rows] == [
        ("target", ""),
        ("1 stalled, 1 not started", "warn"),
        ("1 interrupted, 1 DIVERGED", "bad"),
        ("1 completed, 1 FAILED", "bad"),
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
    bad = [text.partition(" at ")[0] for text, style in found if style == "bad"]
    assert bad == ["VIOLATED: W1 of a", "VIOLATED: W1 of b", "VIOLATED: W3 of c"]


def test_most_seeds_are_those_of_two_or_more() -> None:
    for n_seeds, words in ((1, "all arrive"), (2, "most seeds arrive")):
        legend = [b.pieces[0] for b in sweep_legend([analyse(irregular(n_seeds))])]
        assert f"usable lr0: the widest range of the grid in which {words}" in legend


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
    of = replace(sweep, solvers=[s])
    (grid,) = [b for b in sweep_table(of, WIDE, {}) if isinstance(b, Grid)]
    assert [grid.columns[k] for k in sorted(grid.left)] == ["solver", "usable lr0"]
    (costs,) = [b for b in cost_table(of, WIDE) if isinstance(b, Grid)]
    assert costs.left == {0}
    row: dict[str, tuple[str, str]] = {}
    for table in (grid, costs):
        texts = [(cell.text, cell.style) for cell in table.rows[0]]
        row |= dict(zip(table.columns, texts, strict=True))
    return row


AT_ENDS: dict[str, Any] = {
    "lr0": [0.03, 0.3, 1.0, 3.0],
    "best_lr0": 0.3,
    "usable": (0.3, 1.0),
    "factors": [],
}
"""A tenth of the best lr0 and ten times it are the ends of the grid."""


def test_where_nobody_arrives_the_table_has_the_lowest_levels() -> None:
    """Instead of columns of which every cell is a dash."""
    problem = made_problem(GRID, {name: [[INF] * len(GRID)] for name in ("a", "b")})
    gaps: dict[tuple[str, float | None], list[float]] = {
        ("a", 0.2): [0.9, 0.31, 0.5],
        ("a", 7.0): [0.9, 0.8, 0.35],
        ("b", 1.0): [0.9, 0.7, 0.6],
    }
    runs = []
    for run in problem.runs:
        levels = np.array(gaps.get((run.solver.name, run.lr0), [0.9, 0.95, 0.99]))
        lost = replace(run, status=Status.FAILED) if run.lr0 == 0.03 else run
        levels = levels / 100 if lost.status is Status.FAILED else levels
        runs.append(replace(lost, trace=run.trace | {"suboptimality": levels}))
    problem = replace(problem, runs=runs)
    (first, *_) = tables(problem)
    arrive = {"speed (passes)": "?", "arrive": "0 %", "usable lr0": "?"}  # one run of each failed
    assert [{name: text for name, (text, _) in row.items()} for row in first] == [
        {"solver": name, **arrive, "lowest F - f*": level, "at lr0": lr0, "finite": "100 %"}
        for name, level, lr0 in (("a", "0.310", "0.2"), ("b", "0.600", "1"))
    ]
    legend = [", ".join(line.pieces) for line in sweep_legend([analyse(problem)], details=True)]
    assert [text.partition(":")[0] for text in legend[:7]] == [
        *("speed (passes)", "arrive", "usable lr0", "lowest F - f*", "at lr0", "finite", "passes")
    ]
    assert not any(text.startswith(("best lr0", "x0.01", "within", "price")) for text in legend)


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
        ({"factors": [Factor(1, 1.234)]}, "x10", ("81 %", "")),
        ({"factors": [Factor(1, 0.8)]}, "x10", ("120 %", "")),
        ({"factors": [Factor(1, 8000.0)]}, "x10", ("0.013 %", "")),
        ({"factors": [Factor(1, INF)]}, "x10", ("0 %", "warn")),
        ({}, "speed (passes)", ("100 % (2)", "")),
        ({"best_passes": INF}, "speed (passes)", ("never", "warn")),
        ({"passes": [3.0, INF, INF, INF]}, "arrive", ("25 %", "")),
        ({"passes": [3.0, 2.0, INF, INF], "finished": [2, 0, 2, 2]}, "arrive", ("33 %", "")),
        ({"finished": [0, 0, 0, 0]}, "arrive", ("?", "warn")),
        ({"statuses": {"diverged": 1, "stalled": 199}}, "finite", ("99 %", "bad")),
        ({"statuses": {"stalled": 2}}, "finite", ("100 %", "")),
        ({"statuses": {}}, "finite", ("-", "")),
        ({"statuses": {"interrupted": 3, "failed": 2}}, "finite", ("?", "warn")),
        ({"statuses": {"interrupted": 97, "diverged": 1, "stalled": 2}}, "finite", ("66 %", "bad")),
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
        found = list(result_page(Result((), {}, [problem]), replace(WIDE, **changes)))
        texts = [", ".join(b.pieces) for b in found if isinstance(b, Line)]
        return texts, [b for b in found if isinstance(b, Grid)]

    texts, (grid, costs, *details) = table(problem, details=True)
    passes = costs.columns.index("passes")
    assert [row[passes].text for row in costs.rows] == ["3*", "5"]
    speed = grid.columns.index("speed (passes)")
    assert [row[speed].text for row in grid.rows] == ["100 % (3*)", "60 % (5)"]
    assert "*: at some lr0 it came there sooner, and did not stay (--details)" in texts
    assert any(
        "target F - f* <= 0.0100 (1 % of F(w_0) - f*), to hold at T and in the mean over T to 2 T"
        in text
        for text in texts
    )
    assert [
        [row[list(details[0].columns).index(name)].text for row in details[0].rows]
        for name in ("passes", "first hit")
    ] == [["never", "3", "4", "never"], ["never", "3", "2", "1"]]
    same, (_, costs, *details) = table(replace(made, sweep=analyse(made)), details=True)
    assert [row[passes].text for row in costs.rows] == ["3", "5"]
    assert not any(text.startswith("*:") for text in same)
    assert "first hit" not in details[0].columns
    # Several targets: a table for each, with the legend once.
    other = replace(problem.sweep, target=0.5, arrival="end")
    texts, grids = table(replace(problem, sweeps=(problem.sweep, other)))
    assert len(grids) == 2
    assert [text for text in texts if text.startswith("sensitivity to")] == [
        "sensitivity to lr0, target F - f* <= 0.0100 (1 % of F(w_0) - f*):",
        "sensitivity to lr0, target F - f* <= 0.500 (50 % of F(w_0) - f*):",
    ]
    assert sum(text.startswith("decades: ") for text in texts) == 1


# --- the measures ----------------------------------------------------------------------------


def measures(**changes: Any) -> dict[str, Any]:
    """The change of a solver that gives it these measures, none withheld."""
    found = analyse(made_problem(GRID, {"a": [[3.0, 2.0, 4.0, 5.0]] * 2})).solvers[0].measures
    return {"measures": replace(found, **{"withheld": {}, **changes})}


@pytest.mark.parametrize(
    ("changes", "heading", "cell"),
    [
        ({"draws": 5.0}, "draws", ("5", "")),
        ({"draws": 1234.0}, "draws", ("1200", "")),
        ({"draws": INF}, "draws", ("never", "warn")),
        ({"draws": None, "withheld": {"draws": "missing_runs"}}, "draws", ("-", "")),
        ({"price": {"10": 1.0, "100": 7.0}}, "price x10", ("1", "")),
        ({"price": {"10": 1.25, "100": 7.0}}, "within x10", ("80 %", "")),
        ({"price": {"10": INF, "100": INF}}, "within x10", ("0 %", "warn")),
        ({"withheld": {"price.10": "off_grid"}}, "within x10", ("off", "dim")),
        ({"withheld": {"price.10": "missing_runs"}}, "within x10", ("-", "")),
        ({"price": {"10": 2.836, "100": 7.0}}, "price x10", ("2.8", "")),
        ({"price": {"10": INF, "100": INF}}, "price x10", ("never", "warn")),
        ({"withheld": {"price.10": "off_grid"}}, "price x10", ("off", "dim")),
        ({"withheld": {"price.10": "none_arrives"}}, "price x10", ("-", "")),
        ({"withheld": {"price.10": "missing_runs"}}, "price x10", ("-", "")),
        ({"lr_sensitivity": 0.2167}, "LR sens.", ("0.22", "")),
        ({"lr_sensitivity": 0.0021}, "LR sens.", ("2.1e-03", "")),
        ({"exponent": Exponent("gap", 1.0449, None, 1.0)}, "exponent", ("1.04 (<= 1)", "")),
        ({"exponent": Exponent("gap", -0.3, None, 1 / 3)}, "exponent", ("-0.30 (<= 0.33)", "")),
        ({"exponent": Exponent("gap", 0.5, (0.4, 0.6))}, "exponent", ("0.50", "")),
        ({"exponent": Exponent("passes", 1.75, None)}, "exponent", ("1.75 p", "")),
        ({"exponent": Exponent("passes", 1.75, None, 2.0)}, "exponent", ("1.75 p (<= 2)", "")),
    ],
)
def test_a_cell_of_a_measure(changes: Any, heading: str, cell: tuple[str, str]) -> None:
    assert cells(**measures(**changes))[heading] == cell


def test_measures_that_no_solver_has_take_no_column() -> None:
    none = measures(lr_sensitivity=None, exponent=None)
    assert not {"LR sens.", "exponent"} & cells(**none).keys()
    both = measures(lr_sensitivity=0.0, exponent=Exponent("gap", 0.0, None))
    headings = [*cells(**both)]
    assert headings[-2:] == ["LR sens.", "exponent"]
    assert headings[:4] == ["solver", "best lr0", "speed (passes)", "decades"]


def test_the_lr_sensitivity_is_shown_where_runs_go_on_to_the_budget() -> None:
    sweep = analyse(made_problem(GRID, {name: [[3.0, 2.0, 4.0, 5.0]] for name in ("a", "b")}))
    a, b = sweep.solvers

    def cells_of(reason: Reason) -> list[str]:
        withheld = replace(b.measures, lr_sensitivity=None, withheld={"lr_sensitivity": reason})
        solvers = [replace(a, **measures(lr_sensitivity=0.5)), replace(b, measures=withheld)]
        blocks = cost_table(replace(sweep, solvers=solvers), WIDE)
        (grid,) = [block for block in blocks if isinstance(block, Grid)]
        rows = [dict(zip(grid.columns, row, strict=True)) for row in grid.rows]
        return [row["LR sens."].text for row in rows if "LR sens." in row]

    assert cells_of("missing_runs") == ["0.50", "-"]
    assert cells_of("ended_early") == []


def test_draws_and_the_price_are_those_of_the_passes_by_hand() -> None:
    """Values a decade apart have the weights 1/8, 1/4, 1/4, 1/4, 1/8: 3/4 of the range arrives."""
    problem = made_problem([0.01, 0.1, 1.0, 10.0, 100.0], {"a": [[INF, 6.0, 2.0, 9.0, INF]]})
    (row,), (costs,), *_ = tables(problem, details=True)
    assert costs["draws"] == ("2", "")  # of equal weights three draws, as (2/5)^2 > 1/10 > (1/4)^2
    assert costs["price x10"] == ("4.5", "")  # 9/2, and 6/2 below the best
    assert row["within x10"] == ("22 %", "")
    assert [row[x][0] for x in ("x0.1", "x10", "x100")] == ["33 %", "22 %", "0 %"]


def test_why_measures_are_withheld_is_said_with_details_alone() -> None:
    """The runs end at their target after 1000 steps, and the budget is 4000."""
    problem = made_problem(GRID, {name: [[3.0, 2.0, 4.0, 5.0]] for name in ("a", "b", "c")})
    sweep = analyse(problem)

    def with_reasons(*reasons: dict[str, Reason]) -> list[str]:
        solvers = [
            replace(s, measures=replace(s.measures, withheld=reason))
            for s, reason in zip(sweep.solvers, reasons, strict=True)
        ]
        of = replace(sweep, solvers=solvers)
        found = sweep_details(problem, of, WIDE)
        assert not [b for b in sweep_blocks(problem, of, WIDE) if "no LR" in str(b)]
        return [b.pieces[0] for b in found if isinstance(b, Line) and b.pieces[0].startswith("no ")]

    early: dict[str, Reason] = {"lr_sensitivity": "ended_early", "exponent": "too_few_points"}
    edge: dict[str, Reason] = {"exponent": "best_at_edge", "draws": "missing_runs"}
    ended = "some runs ended before the budget (--arrival end or --at T keeps them on)"
    few = "too few values above the best one are between rounding and the start"
    assert with_reasons(early, early, early) == [
        f"no LR sens., as {ended}",
        f"no exponent, as {few}",
    ]
    assert with_reasons(early, edge, early) == [
        f"no LR sens. of a, c, as {ended}",
        f"no exponent of a, c, as {few}",
        "no exponent of b, as the best value is at an end of the grid",
    ]
    assert with_reasons({}, {}, {}) == []


def test_every_reason_has_its_words() -> None:
    assert {*REASONS} == {*typing.get_args(Reason)}


# --- other parameters than lr0 ---------------------------------------------------------------


def over(name: str, cost: dict[tuple[float, float], float]) -> ProblemResult:
    """A sweep of one solver over lr0 and `name`: (lr0, value) -> passes."""
    runs = []
    for (lr0, value), passes in cost.items():
        run = made_run(SolverSpec("adagrad-norm", {name: value}, (name,)), lr0 * value, 0, passes)
        runs.append(replace(run, over={"lr0": lr0, name: value}))
    return replace(made_problem([1.0], {"a": [[1.0]]}), runs=tuple(runs))


def test_the_map_has_a_row_for_the_first_axis_and_a_column_for_the_second() -> None:
    lr0, eta = (0.25, 1.0, 3.0), (0.5, 2.0)
    passes = {(v, e): 10 * v + e for v, e in itertools.product(lr0, eta)}
    passes |= {(3.0, 2.0): INF, (0.25, 0.5): INF}
    problem = over("eta", passes)
    swept = replace(problem, sweep=analyse(problem))
    again = Result.from_json(Result((), environment(1), [swept]).to_json()).problems[0]
    assert again.sweep == swept.sweep
    for of in (swept, again):
        assert of.sweep is not None
        assert [s.second_axis for s in of.sweep.solvers] == [{"eta": 0.5}, {"eta": 2.0}]
        assert [list(s.values) for s in of.sweep.solvers] == [list(lr0)] * 2
        assert [list(s.lr0) for s in of.sweep.solvers] == [[v * e for v in lr0] for e in eta]
        found = list(sweep_details(of, of.sweep, WIDE))
        (grid,) = [b for b in found if isinstance(b, Grid)]
        assert grid.columns == ("lr0 \\ eta", "0.5", "2")
        assert [[cell.text for cell in row] for row in grid.rows] == [
            ["0.25", "never", "4.5"],
            ["1", "10.5", "12"],
            ["3", "30.5", "never"],
        ]
        (title, *_) = [b.pieces[0] for b in found if isinstance(b, Line) and b.style == "title"]
        assert title == "adagrad-norm: passes to the target over lr0 (rows) and eta (columns)"
        (table,) = [b for b in sweep_blocks(of, of.sweep, WIDE) if isinstance(b, Grid)]
        best = [dict(zip(table.columns, row, strict=True))["best lr0"].text for row in table.rows]
        assert best == ["1", "<= 0.25"]  # of the command, and not the first learning rate
        assert of.sweep.advice is not None
        assert of.sweep.advice.choice is not None
        assert of.sweep.advice.choice.over == {"lr0": 0.25, "eta": 2.0}


def test_a_second_axis_has_as_many_digits_as_it_needs() -> None:
    values = (10**-0.5, 10**0.5, 3.164, 5.0)
    problem = over("eta", {(lr0, v): lr0 + v for lr0 in (1.0, 2.0) for v in values})
    problem = replace(problem, sweep=analyse(problem, at=[500]))
    found = list(result_page(Result((), {}, [problem]), replace(WIDE, details=True)))
    names = [f"adagrad-norm[eta={text}]" for text in ("0.3162", "3.162", "3.164", "5")]
    table, at, _, of_both = [b for b in found if isinstance(b, Grid)]
    assert [row[0].text for row in table.rows] == names
    assert [*at.columns] == ["lr0", *names]
    assert [*of_both.columns[1:]] == ["0.3162", "3.162", "3.164", "5"]
    (drawn,) = [b for b in found if isinstance(b, Drawing)]
    assert [row[0].text.strip() for row in drawn.rows[:4]] == names
    texts = [", ".join(b.pieces) for b in found if isinstance(b, Line)]
    (said,) = [text for text in texts if text.startswith("Advice")]
    assert f"{names[0]} at lr0 = 1: about 1.32 passes" in said
    latex = shown(Result((), {}, [problem]), "latex", View(details=True))
    cells_of_names = [text for text in latex.splitlines() if text.startswith(r"\texttt")]
    assert [text.split(" & ")[0] for text in cells_of_names] == [
        rf"\texttt{{{n}}}" for n in names
    ] * (len(cells_of_names) // len(names))
    assert r"\texttt{adagrad-norm}: passes to the target over lr0" in latex


EDGES = [
    ([0.01, 0.1, 1.0, 10.0], [0, 3], "--over lr0=0.0001:1000:8"),
    ([0.01, 0.1, 1.0, 10.0], [0, 1], "--over lr0=0.0001:10:6"),
    ([0.01, 0.1, 1.0, 10.0], [2, 3], "--over lr0=0.01:1000:6"),
    ([1.0, 10**0.5, 10.0], [2, 2], "--over lr0=1:1000:7"),
]


@pytest.mark.parametrize(("grid", "best", "option"), EDGES, ids=[case[2] for case in EDGES])
def test_a_best_value_at_an_end_of_two_axes_names_the_grid_that_goes_on(
    grid: list[float], best: list[int], option: str
) -> None:
    passes = {
        (v, eta): 2.0 + abs(k - at)
        for eta, at in zip((0.5, 2.0), best, strict=True)
        for k, v in enumerate(grid)
    }
    problem = over("eta", passes)
    problem = replace(problem, sweep=analyse(problem))
    texts = [
        ", ".join(b.pieces)
        for b in result_page(Result((), {}, [problem]), WIDE)
        if isinstance(b, Line)
    ]
    (edge,) = [text for text in texts if text.startswith("the best lr0 of")]
    assert edge.endswith(f"at an end of the grid: go on with {option}")


def test_a_value_that_a_row_of_the_map_lacks_is_a_dash() -> None:
    problem = over("eta", {(1.0, 1.0): 4.0, (2.0, 1.0): 3.0, (2.0, 4.0): 5.0})
    (grid,) = [b for b in sweep_details(problem, analyse(problem), WIDE) if isinstance(b, Grid)]
    assert [[c.text for c in row] for row in grid.rows] == [["1", "4", "-"], ["2", "3", "5"]]


def test_solvers_over_scales_of_their_own() -> None:
    rows = {("a", "lr0"): [4.0, 2.0, 6.0], ("b", "eta"): [INF, 9.0, 5.0]}
    runs = []
    for (name, parameter), costs in rows.items():
        for value, passes in zip((0.1, 1.0, 10.0), costs, strict=True):
            params = {} if parameter == "lr0" else {parameter: value}
            run = made_run(SolverSpec(name, params), value, 0, passes)
            runs.append(replace(run, over={parameter: value}))
    problem = replace(made_problem([1.0], {"a": [[1.0]]}), runs=tuple(runs))
    problem = replace(problem, sweep=analyse(problem))
    found = list(result_page(Result((), {}, [problem]), WIDE))
    (grid,) = [b for b in found if isinstance(b, Grid)]
    assert grid.columns[:4] == ("solver", "of", "best scale", "speed (passes)")
    assert [[cell.text for cell in row[:4]] for row in grid.rows] == [
        ["a", "lr0", "1", "100 % (2)"],
        ["b", "eta", ">= 10", "40 % (5)"],
    ]
    texts = [", ".join(b.pieces) for b in found if isinstance(b, Line)]
    assert any("3 scales from 0.1 to 10" in text for text in texts)
    assert "arrive: the share of the scales at which the run arrives" in texts
    assert "of: the free scale of the solver, which varies; its other parameters are held" in texts
