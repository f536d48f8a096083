"""Pages of solvers with an answer of their own: what they call F - f* is that of the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from shown_results import shown
from test_tested import rows_of

import lrbench
from lrbench.problem_files import load_spec
from lrbench.problem_files.model import Split
from lrbench.reports.view import View
from lrbench.results import OUTPUT, Result, Run, trace_columns
from lrbench.study import advise

SOLVERS = ("dog[r_eps=0.03]", "schedule-free", "sgd")
PAGE_NAMES = dict(zip(SOLVERS, (*SOLVERS[:2], "gd"), strict=True))
COLUMN = dict(zip(SOLVERS, ["suboptimality_output"] * 2 + ["suboptimality"], strict=True))
WORDS = "F - f* is of the solver's own answer, not of the last iterate: "


@cache
def made(*lr0: float) -> Result:
    spec = replace(load_spec("logreg"), test=Split(0.2, 3))
    return lrbench.run(spec, solvers=SOLVERS, lr0=lr0, iterations=70)


@cache
def swept() -> Result:
    return lrbench.sweep("logreg", solvers=SOLVERS[1:], lr0=[0.3, 3.0, 1e5], iterations=40)


def lane_of(solver: str, lr0: float) -> tuple[str, float | None]:
    """The lane of a solver; DoG has no lr0."""
    return solver, None if solver.startswith("dog") else lr0


def end(runs: Sequence[Run], solver: str) -> float:
    """The number that a page is to show; it differs from that of the other column."""
    ends = {name: runs[0].trace[name][-1] for name in ("suboptimality", COLUMN[solver])}
    assert len(set(ends.values())) == len(ends)
    return float(ends[COLUMN[solver]])


def test_one_lr0_has_the_answer_at_every_checkpoint_and_at_the_end() -> None:
    result = made(0.7)
    text = shown(result, "plain")
    assert f"{WORDS}dog[r_eps=0.03], schedule-free\n" in text.replace("\n  ", " ")
    groups = result.problems[0].groups
    rows, ends = rows_of(text, "T  "), {row["solver"]: row for row in rows_of(text, "solver ")}
    assert set(ends) == {PAGE_NAMES[solver] for solver in SOLVERS}
    for solver in SOLVERS:
        at_end = ends[PAGE_NAMES[solver]]
        runs = groups[lane_of(solver, 0.7)]
        trace = runs[0].trace
        assert at_end["F - f*"] == f"{end(runs, solver):.1e}"
        for row in rows:
            (k,) = np.flatnonzero(trace["iteration"] == int(row["T"]))
            assert float(row[PAGE_NAMES[solver]]) == pytest.approx(
                trace[COLUMN[solver]][k], rel=6e-3
            )
    # Measured and bounded is the answer, too.
    table = text[text.index(f"{SOLVERS[0]}: measured") :].replace("computed from the run\n", "")
    (row,) = [row for row in rows_of(table, "bound  on") if row["bound"] == "DOG"]
    assert row["on"] == "F(answer) - f*"
    dog = groups[SOLVERS[0], None]
    assert float(row["measured"]) == pytest.approx(end(dog, SOLVERS[0]), rel=6e-3)


def test_several_lr0_have_a_column_of_the_answer() -> None:
    text = shown(made(0.2, 0.7), "plain")
    for solver in SOLVERS:
        page_name = PAGE_NAMES[solver]
        # Without what does not apply.
        table = text.split(f"\n\n{page_name}\n")[1].partition("\nd")[0].partition("\nno")[0]
        name = "answer" if solver != "sgd" else "last"
        lanes = dict.fromkeys(lane_of(solver, lr0) for lr0 in (0.2, 0.7))
        for row, lane in zip(rows_of(table, "lr0"), lanes, strict=True):
            assert row["lr0"] == ("-" if lane[1] is None else str(lane[1]))
            runs = made(0.2, 0.7).problems[0].groups[lane]
            assert row[name] == f"{end(runs, solver):.1e}"
            assert ("last" in row) == (solver == "sgd")


def test_a_trajectory_has_both() -> None:
    text = shown(made(0.7), "plain", View(details=True)).split("\nschedule-free")[1]
    (run,) = made(0.7).problems[0].groups["schedule-free", 0.7]
    for row in rows_of(text, "T  passes"):
        (k,) = np.flatnonzero(run.trace["iteration"] == int(row["T"]))
        for heading, name in (("answer", OUTPUT[1]), ("last", "suboptimality")):
            assert float(row[heading]) == pytest.approx(run.trace[name][k], rel=6e-3)
        assert not {*OUTPUT, "sample_gradients", "F - f*"} & row.keys()


def test_a_sweep_has_the_answers_of_each_lr0_and_is_advised_by_them() -> None:
    (problem,) = swept().problems
    text = shown(swept(), "plain", View(details=True))
    assert f"\n{WORDS}schedule-free\n" in text
    rows = rows_of(text.split("schedule-free: passes")[1].split("\n", 1)[1], "lr0")
    for row, lr0 in zip(rows, (0.3, 3.0, 1e5), strict=True):
        runs = problem.groups["schedule-free", lr0]
        assert float(row["F - f*"]) == pytest.approx(end(runs, "schedule-free"), rel=6e-3)
    # Made to have the lowest F - f* at its iterates, but not at its answers.
    low = [
        replace(run, trace=run.trace | {"suboptimality": run.trace["suboptimality"] * 1e-3})
        if run.solver.name == "schedule-free"
        else run
        for run in problem.runs
    ]
    assert problem.sweep is not None
    changed = replace(problem, runs=low)
    assert advise(changed, replace(problem.sweep, advice=None)) == problem.sweep.advice


def test_pages_without_such_solvers_have_no_word_of_it() -> None:
    result = made(0.7)
    problem = result.problems[0]
    runs = [run for run in problem.runs if run.solver.name == "sgd"]
    alone = replace(result, problems=[replace(problem, runs=runs, verdicts=())])
    assert "answer" not in shown(alone, "plain", View(details=True))
    assert not set(OUTPUT) & set(trace_columns(alone.problems))
    assert set(OUTPUT) < set(trace_columns(result.problems))
