"""The page of a run, from runs made by hand: each checkpoint, seed and lr0 has its own number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from made_header import made_header, with_header
from swept import made_problem, made_run

from lrbench.config.solver_spec import SolverSpec
from lrbench.reports.blocks import Grid, Line
from lrbench.reports.page import result_page
from lrbench.reports.view import View
from lrbench.results import BoundKind, ProblemResult, Result, Run, Status, Verdict
from lrbench.theory.base import FULL_BATCHES

STEPS = [0, 1, 2, 3, 7, 20, 30]
ERROR = 1e-4
WIDE = View(width=300, brief=True)


def run(solver: str = "a", lr0: float = 0.3, seed: int = 0, **changes: Any) -> Run:
    rng = np.random.default_rng([seed, int(100 * lr0), *solver.encode()])
    trace = {"iteration": np.array(STEPS, dtype=float)}
    for name in ("passes", "suboptimality", "suboptimality_average", "grad_norm_sq", "lr"):
        trace[name] = rng.uniform(0.1, 0.9, len(STEPS))
    base = made_run(SolverSpec(solver), lr0, seed, 7.0)
    values: dict[str, Any] = {"trace": trace, "status": Status.COMPLETED, "status_at": 30}
    return replace(base, **values | changes)


def problem(*runs: Run, verdicts: Sequence[Verdict] = ()) -> ProblemResult:
    header = made_problem([1.0], {"a": [[1.0]]}).header
    return ProblemResult("p", made_header(header, f_star_error=ERROR), runs, verdicts)


def blocks(of: ProblemResult, **view: Any) -> list[Any]:
    return list(result_page(Result((), {}, [of]), replace(WIDE, **view)))


def lines(of: ProblemResult, **view: Any) -> list[tuple[str, str]]:
    found = [b for b in blocks(of, **view) if isinstance(b, Line)]
    return [(b.text, b.style) for b in found if any(b.pieces)]


def tables(of: ProblemResult, **view: Any) -> list[list[dict[str, str]]]:
    grids = [b for b in blocks(of, **view) if isinstance(b, Grid)]
    return [
        [dict(zip(g.columns, [c.text for c in row], strict=True)) for row in g.rows] for g in grids
    ]


def bound(
    solver: str, lr0: float, theorem: str = "W3", kind: BoundKind = "a-priori", **changes: Any
) -> Verdict:
    """A bound on the last iterate, of a solver that starts at F - f* = 1."""
    base = Verdict(
        SolverSpec(solver),
        lr0,
        theorem,
        kind,
        "",
        "suboptimality",
        "last",
        False,
        True,
        "",
    )
    values: dict[str, Any] = {
        "iteration": [1, 2, 20, 30],
        "metric": [0.5, 0.4, 0.3, 0.06],
        "bound": [1.0, 0.8, 0.5, 0.25],
        "bound_verdict": "pass",
    }
    return replace(base, **values | changes)


def test_one_lr0_has_the_mean_gap_at_each_checkpoint_and_what_was_promised() -> None:
    runs = [run(name, seed=seed) for name in ("a", "b") for seed in range(3)]
    verdicts = [
        bound("b", 0.3),
        bound("b", 0.3, "W4", bound=[7.0, 0.7, 0.6, math.nan]),
        bound("b", 0.3, "C6", "certificate", bound=[0.1, 0.1, 0.1, 0.1]),
        bound("b", 0.3, "W2", iterate="average", bound=[0.1, 0.1, 0.1, 0.1]),
        bound("b", 0.3, "W1", measure="grad_norm_sq", bound=[0.1, 0.1, 0.1, 0.1]),
        bound("b", 0.3, "W9", applies=False, iteration=[], bound=[], metric=[]),
        bound("a", 0.3, "C6", "certificate"),
    ]
    of = problem(*runs, verdicts=verdicts)
    convergence, *_ = tables(of)
    assert [row["T"] for row in convergence] == ["0", "1", "2", "20", "30"]  # neither 3 nor 7
    for row in convergence:
        at = STEPS.index(int(row["T"]))
        for k, name in enumerate(("a", "b")):
            seeds = [r.trace["suboptimality"][at] for r in runs[3 * k : 3 * k + 3]]
            assert float(row[name]) == pytest.approx(np.mean(seeds), rel=6e-3)
    # At T = 1 no bound is below the value at the start, which is 1.
    promised = ["", "none", "7.00e-01", "5.00e-01", "2.50e-01"]
    assert [row["promised"] for row in convergence] == promised
    assert list(convergence[0]) == ["T", "a", "b", "promised"]
    text = "run: batches of 10 with replacement, 30 steps (0.{} passes), lr0 = 0.3 = 0.6/L, means"
    passes = f"{runs[-1].trace['passes'][-1]:.3g}"[2:]
    assert (text.format(passes) + " over 3 seeds", "") in lines(of)
    about = "F(w_T) - f* after T steps; promised: the least bound on it known before the run"
    assert (about, "title") in lines(of)
    assert ("F(w_T) - f* after T steps", "title") in lines(problem(*runs))
    assert any("means over up to 3 seeds" in text for text, _ in lines(problem(*runs[:-1])))
    assert not any("means over" in text for text, _ in lines(problem(*runs[:1])))


def test_a_column_is_there_where_a_theorem_speaks_of_the_quantity() -> None:
    nothing: dict[str, Any] = {"applies": False, "iteration": [], "bound": [], "metric": []}
    of = problem(run("a"), verdicts=[bound("a", 0.3, **nothing)])
    assert [row["promised"] for row in tables(of)[0]] == ["", *["none"] * 4]
    assert "promised" not in tables(with_header(of, delta0=math.nan, f_star=math.nan))[0][0]
    failing = [{"name": FULL_BATCHES, "holds": False, "detail": "minibatches"}]
    of = problem(run("a"), verdicts=[bound("a", 0.3, hypotheses=failing, **nothing)])
    assert "promised" not in tables(of)[0][0]


def test_what_is_violated_is_red_from_there_on_and_loud() -> None:
    violated = bound("a", 0.3, bound_verdict="fail", failed_at=2)
    of = problem(run("a"), verdicts=[violated, bound("a", 0.3, "W4")])
    grid = next(b for b in blocks(of) if isinstance(b, Grid))
    assert [row[1].style for row in grid.rows] == ["", "", "bad", "bad", "bad"]
    assert ("VIOLATED: W3 of a at lr0 = 0.3, from T = 2 on", "bad") in lines(of)
    assert summary_of(of)[0]["bounds held"] == "VIOLATED 1 of 2"


def summary_of(of: ProblemResult, **view: Any) -> list[dict[str, str]]:
    """The rows of the Summary, without the headings of its parts."""
    (table,) = [rows for rows in tables(of, **view) if "ended" in rows[0]]
    return table


def test_the_summary_ranks_and_says_how_each_ended() -> None:
    def ending(name: str, gap: float, lr: float, **changes: Any) -> Run:
        base = run(name)
        last = {"suboptimality": gap, "lr": lr}
        trace = {n: np.append(v[:-1], last.get(n, v[-1])) for n, v in base.trace.items()}
        trace["suboptimality"][0] = 0.9
        return replace(base, trace=trace, **changes)

    runs = [
        ending("a", 0.25, 0.0123),
        ending("b", 1.75, 53.35, status=Status.STALLED),
        ending("c", 2e-3, 0.75, status=Status.REACHED_TARGET, status_at=30),
        ending("d", 3e-5, 0.5),
        ending("e", 0.125, 0.5, status=Status.FAILED, status_at=7, error="ValueError: no"),
        ending("f", 4567.0, 0.5),
        ending("g", 0.9, 3.0, status=Status.DIVERGED, status_at=1),
    ]
    verdicts = [
        *(bound("a", 0.3, key) for key in ("A", "B")),
        bound("a", 0.3, "C", bound_verdict="vacuous"),
        bound("c", 0.3, bound_verdict="vacuous"),
        bound("c", 0.3, "D", bound_verdict="none", reason="one seed"),
        bound("b", 0.3, applies=False),
    ]
    of = problem(*runs, verdicts=verdicts)
    rows = summary_of(of)
    assert [row["solver"] for row in rows] == ["d", "c", "a", "b", "f", "e", "g"]
    heads = ("ended", "F - f*", "of start", "end lr", "bounds held")
    assert [[row[name] for name in heads] for row in rows] == [
        ["completed", "<1e-04", "<0.01 %", "1/L", "-"],
        ["reached target at 30", "2.0e-03", "0.2 %", "1.5/L", "1 weak; 1 open"],
        ["completed", "2.5e-01", "25 %", "0.025/L", "2 of 2; 1 weak"],
        ["stalled above its start", "1.8e+00", "175 %", "107/L", "none applies"],
        ["ended above its start", "4.6e+03", "4600 x", "1/L", "-"],
        ["FAILED at 7", "1.2e-01", "12 %", "1/L", "-"],
        ["DIVERGED at 1", "-", "-", "6/L", "-"],
    ]
    assert ("e: ValueError: no", "bad") in lines(of)
    rough = summary_of(with_header(of, L=math.inf))
    assert [row["end lr"] for row in rough][:3] == ["0.50", "0.75", "0.012"]
    unknown = summary_of(with_header(of, f_star=math.nan, delta0=math.nan))
    assert "of start" not in unknown[0]


def test_seconds_are_below_the_summary() -> None:
    seconds = run(trace={**run().trace, "seconds": np.linspace(0, 4.5, 7)}, evaluation_seconds=0.25)
    assert ("a: 4.50 s of steps, 0.250 s of evaluation", "") in lines(problem(seconds), timing=True)
    assert not any("of steps" in text for text, _ in lines(problem(seconds)))


def test_theorems_are_shown_where_they_are_asked_for() -> None:
    of = problem(run("a"), verdicts=[bound("a", 0.3), bound("a", 0.3, "C6", "certificate")])
    assert not any("bound" in rows[0] for rows in tables(of))
    assert tables(of, brief=False) == tables(of, theory=True)
    assert tables(of, brief=False, theory=False) == tables(of)
    (rows,) = [rows for rows in tables(of, theory=True) if "bound" in rows[0]]
    assert [row["bound"] for row in rows] == ["W3", "C6"]
    titles = [text for text, style in lines(of, theory=True) if style == "title"]
    assert titles[2:4] == ["a: measured and proved at T = 30", "Summary"]
    none = problem(run("a"), verdicts=[bound("a", 0.3, applies=False, reason="mu = 0")])
    assert ("a", "title") in lines(none, theory=True)
    assert ("no theorem applies: W3 (mu = 0)", "dim") in lines(none, theory=True)
    assert ("a", "title") not in lines(none)


def test_only_a_terminal_names_the_options_that_show_more() -> None:
    def hint(**view: Any) -> list[str]:
        return [text for text, style in lines(problem(run()), **view) if "--" in text]

    assert hint(brief=False) == []
    assert hint() == [
        "More: --theory (every theorem), --details (every column); lrbench explain WORD"
    ]
    assert hint(theory=True) == ["More: --details (every column); lrbench explain WORD"]
    assert hint(details=True) == []


def test_several_lr0_have_a_summary_with_a_part_for_each_solver() -> None:
    runs = [run(name, lr0) for lr0 in (0.3, 7.0) for name in ("a", "b")]
    of = problem(*runs)
    (grid,) = [b for b in blocks(of) if isinstance(b, Grid)]
    assert grid.parts == {0: "a", 2: "b"}
    rows = summary_of(of)
    assert [row["lr0"] for row in rows] == ["0.3", "7"] * 2
    for row, (name, lr0) in zip(rows, [(n, r) for n in "ab" for r in (0.3, 7.0)], strict=True):
        (lane,) = (r for r in runs if (str(r.solver), r.lr0) == (name, lr0))
        end = lane.trace["suboptimality"][-1]
        assert row["F - f*"] == f"{end:.1e}"
        assert float(row["of start"].removesuffix(" %")) == pytest.approx(100 * end, rel=6e-2)
        rate = float(row["end lr"].removesuffix("/L"))
        assert rate == pytest.approx(2 * lane.trace["lr"][-1], rel=6e-2)
    texts = [text for text, _ in lines(of)]
    assert any(text.endswith("2 lr0 from 0.3 to 7") for text in texts)
    # Whether there are theorems on a and b shows in other lanes alone: here it is not known.
    assert not any("not judged" in text for text in texts)
    known = [run("wngrad", 0.3), run("sgd", 7.0)]
    late = ("2 of the lanes below were not judged: the time was up", "warn")
    assert late in lines(problem(*runs, *known))
    # There is no theorem on adam, which is therefore not one of those without a verdict.
    with_adam = problem(
        *runs, *known, run("adam", 0.3), run("adam", 7.0), verdicts=[bound("a", 0.3)]
    )
    rows = summary_of(with_adam)
    words = {"a": ["1 of 1", "not judged"], "b": ["-", "-"], "adam": ["no theorems"] * 2}
    names = [*"aabb", "wngrad", "sgd", "adam", "adam"]
    for name, expected in words.items():
        held = [row["bounds held"] for row, of in zip(rows, names, strict=True) if of == name]
        assert held == expected
    # A run that failed before its first row cannot be judged, however much time there is.
    failed = run("wngrad", 0.1, status=Status.FAILED, error="E", trace={})
    assert late in lines(problem(*runs, *known, failed))


def test_several_lr0_have_a_table_of_the_bounds_of_each_solver_with_the_theorems() -> None:
    runs = [run(name, lr0) for lr0 in (0.3, 7.0) for name in ("a", "b")]
    a, b, _ = tables(problem(*runs), theory=True)
    for name, rows in (("a", a), ("b", b)):
        for lr0, row in zip((0.3, 7.0), rows, strict=True):
            (of,) = (r for r in runs if (str(r.solver), r.lr0) == (name, lr0))
            assert row["lr0"] == f"{lr0:g}"
            assert row["last"] == f"{of.trace['suboptimality'][-1]:.1e}"
            average = of.trace["suboptimality_average"][-1]
            assert row["average"] == f"{average:.1e}"
            assert not {"bound", "on", "at most", "used", "verdict"} & row.keys()
    about = "F - f* {}: the last iterate, and the average"
    texts = lines(problem(*runs), theory=True)
    assert (about.format("after T = 30 steps"), "") in texts
    bounded = problem(*runs, verdicts=[bound("b", 7.0)])
    first, second, _ = tables(bounded, theory=True)
    assert [row.get("bound") for row in (*first, *second)] == [None, None, "none", "W3"]
    with_bound = about.replace(
        "iterate, and the average", "iterate, the average, and the main bound"
    )
    assert (with_bound.format("after T = 30 steps"), "") in lines(bounded, theory=True)
    assert [text for text, style in texts if style == "title"][1:4] == ["a", "b", "Summary"]
    short = run("b", 7.0)
    short = replace(short, trace={name: values[:-1] for name, values in short.trace.items()})
    ends = lines(problem(*runs[:-1], short), theory=True)
    assert (about.format("of each lr0 at its end"), "") in ends


def test_a_column_that_no_row_has_a_value_for_is_left_out() -> None:
    runs = [run(name, lr0) for lr0 in (0.3, 7.0) for name in ("a", "b")]
    for k in (1, 3):  # of solver b, which has no rate and no average
        rest = {n: v for n, v in runs[k].trace.items() if n not in ("lr", "suboptimality_average")}
        runs[k] = replace(runs[k], trace={**rest, "lr": np.full(len(rest["iteration"]), np.nan)})
    of_a, of_b, _ = tables(problem(*runs), theory=True)
    assert all("average" in row for row in of_a)
    assert [[*row] for row in of_b] == [["lr0", "last"]] * 2
    both = "F - f* after T = 30 steps: the last iterate, and the average"
    assert (both, "") in lines(problem(*runs), theory=True)
    own, bounded = runs[1::2], problem(*runs[1::2], verdicts=[bound("b", 7.0)])
    assert (both.removesuffix(", and the average"), "") in lines(problem(*own), theory=True)
    text = both.replace("the average", "the main bound")
    assert (text, "") in lines(bounded, theory=True)
    headings = [{*table[0]} for table in tables(problem(*own), details=True)]
    (first, second) = [of for of in headings if "passes" in of]
    assert first == second == {"T", "passes", "F - f*", "|g|^2"}
    asked = [{*table[0]} for table in tables(problem(*own), columns=("lr",))]
    assert asked.count({"T", "lr"}) == 2


def test_a_trajectory_has_each_column_of_each_lr0() -> None:
    runs = [run("a", lr0, seed) for lr0 in (0.3, 7.0) for seed in range(2)]
    certified = bound("a", 7.0, "C6", "certificate", bound=[0.9, 0.75, 0.5, 0.125])
    of = problem(*runs, verdicts=[bound("a", 7.0), certified])
    tables_of = [t for t in tables(of, details=True) if "passes" in t[0]]
    for lr0, rows in zip((0.3, 7.0), tables_of, strict=True):
        seeds = [r for r in runs if r.lr0 == lr0]
        heads = {"passes": "passes", "F - f*": "suboptimality", "average": "suboptimality_average"}
        for row in rows:
            at = STEPS.index(int(row["T"]))
            for head, name in (heads | {"|g|^2": "grad_norm_sq", "lr": "lr"}).items():
                mean = np.mean([r.trace[name][at] for r in seeds])
                assert float(row[head]) == pytest.approx(mean, rel=6e-3)
        assert ("promised" in rows[0]) == ("certified" in rows[0]) == (lr0 == 7.0)
    promised = ["", "none", "8.00e-01", "5.00e-01", "2.50e-01"]
    assert [row["promised"] for row in tables_of[1]] == promised
    certified_texts = ["", "9.00e-01", "7.50e-01", "5.00e-01", "1.25e-01"]
    assert [row["certified"] for row in tables_of[1]] == certified_texts
    asked = [t for t in tables(of, columns=("lr", "iteration")) if "T" in t[0]]
    assert [list(rows[0]) for rows in asked] == [["T", "lr"], ["T", "lr"]]
    titles = [text for text, _ in lines(of, details=True) if text.startswith("a, lr0 = ")]
    assert [text.partition(":")[0] for text in titles] == ["a, lr0 = 0.3", "a, lr0 = 7"]


def test_a_state_of_a_solver_is_a_column_of_its_trajectory() -> None:
    one = run()
    trace = {**one.trace, "b": np.arange(7.0), "test_loss": np.full(7, 2.5)}
    tested = problem(replace(one, trace=trace))
    (rows,) = (t for t in tables(tested, details=True) if "passes" in t[0])
    assert [row["b"] for row in rows] == [
        "0.00e+00",
        "1.00e+00",
        "2.00e+00",
        "5.00e+00",
        "6.00e+00",
    ]
    assert {row["test loss"] for row in rows} == {"2.500"}
    head = ["T", "passes", "F - f*", "average", "|g|^2", "lr", "test loss", "b"]
    assert list(rows[0]) == head
    nothing = problem(one, replace(run("b"), trace={}, error="E"))
    assert "b" not in [text for text, _ in lines(nothing)]


def test_the_ends_on_held_out_samples() -> None:
    runs = []
    for k, name in enumerate(("a", "b")):
        of = run(name)
        loss = np.linspace(2.0, 3.0 + k, 7)
        runs.append(replace(of, trace={**of.trace, "test_loss": loss}))
    table = summary_of(problem(*runs))
    by_rank = sorted(runs, key=lambda of: float(of.trace["suboptimality"][-1]))
    for row, of in zip(table, by_rank, strict=True):
        assert row["solver"] == str(of.solver)
        assert float(row["test loss"]) == pytest.approx(of.trace["test_loss"][-1], rel=6e-4)
        assert row["F - f*"] == f"{of.trace['suboptimality'][-1]:.1e}"
