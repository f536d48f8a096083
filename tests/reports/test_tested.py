"""Pages of runs with held-out samples: what they show, and that it fits."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from shown_results import shown

import lrbench
from lrbench.problem_files import load_spec
from lrbench.problem_files.build import build_linear
from lrbench.problem_files.model import Split
from lrbench.reports.view import View
from lrbench.results import Result

SOLVERS = ("wngrad", "adagrad-norm", "sgd")


@cache
def made(kind: str) -> Result:
    name = "least-squares" if kind == "regression" else "logreg"
    spec = replace(load_spec(name), test=Split(0.2, 3))
    if kind == "several":
        return lrbench.run(spec, solvers=SOLVERS, lr0=[0.01, 1.0, 1e4], iterations=50)
    if kind == "stochastic":
        return lrbench.run(spec, solvers=SOLVERS[:2], lr0=1.0, batch_size=8, replicates=3, passes=2)
    return lrbench.run(spec, solvers=SOLVERS, lr0=1.0, iterations=50)


KINDS = ("one", "several", "stochastic", "regression")


@pytest.mark.parametrize("details", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_pages_fit_80_columns(kind: str, details: bool) -> None:
    lines = shown(made(kind), "plain", View(details=details)).splitlines()
    assert max(map(len, lines)) <= 80
    many = 88 if kind == "regression" else 114
    majority = "" if kind == "regression" else ", majority 0.5526"
    assert f"test     20 % of the samples ({many}, seed 3){majority}" in lines


def wide(result: Result) -> str:
    return shown(result, "plain", View(width=120))


def rows_of(text: str, heading: str) -> list[dict[str, str]]:
    """Return the rows of the first table whose headings begin so, by heading."""
    lines = text.splitlines()
    at = next(k for k, line in enumerate(lines) if line.lstrip().startswith(heading))
    ends = [
        k for k, c in enumerate(lines[at + 1]) if c == "-" and lines[at + 1][k + 1 :][:1] != "-"
    ]
    starts = [0, *(end + 1 for end in ends[:-1])]

    def cells(line: str) -> list[str]:
        return [line[a : b + 1].strip() for a, b in zip(starts, ends, strict=True)]

    found = []
    for line in lines[at + 2 :]:
        closing = line.startswith(("First to ", "None came ", "Of what "))
        if not line.strip() or not line[: ends[0] + 1].strip() or closing:
            break
        found.append(dict(zip(cells(lines[at]), cells(line), strict=True)))
    return found


@pytest.mark.parametrize("kind", ["one", "stochastic", "regression"])
def test_one_lr0_has_a_table_of_the_ends(kind: str) -> None:
    problem = made(kind).problems[0]
    rows = {row["solver"]: row for row in rows_of(wide(made(kind)), "solver ")}
    assert len(rows) == len(problem.groups)
    for runs in problem.groups.values():
        name = runs[0].solver.name
        row = rows["gd" if name == "sgd" else name]
        means = {
            name: sum(run.trace[name][-1] for run in runs) / len(runs)
            for name in ("suboptimality", "test_loss", "test_accuracy")
            if name in runs[0].trace
        }
        assert row["F - f*"] == f"{means['suboptimality']:.1e}"
        assert float(row["test loss"]) == pytest.approx(means["test_loss"], rel=6e-4)
        assert ("test acc" in row) == (kind != "regression")
        if "test acc" in row:
            assert float(row["test acc"]) == pytest.approx(means["test_accuracy"], abs=6e-5)


def test_several_lr0_have_columns_beside_the_gap() -> None:
    problem = made("several").problems[0]
    text = wide(made("several")).split("\nSummary\n")[1].replace("\nwngrad\n", "\n", 1)
    rows = rows_of(text, "lr0  ended")
    assert list(rows[0])[-2:] == ["test loss", "test acc"]
    for row, run in zip(rows[:3], problem.runs[:3], strict=True):
        assert float(row["test loss"]) == pytest.approx(run.trace["test_loss"][-1], rel=6e-4)
        accuracy = run.trace["test_accuracy"][-1]
        assert float(row["test acc"]) == pytest.approx(accuracy, abs=6e-5)


def test_every_form_shows_the_test() -> None:
    for kind in ("one", "several"):
        for form in ("plain", "markdown", "latex", "table"):
            text = shown(made(kind), form)
            assert "test loss" in text, form
            assert "test acc" in text, form
            assert "seed" in text.partition("of the samples")[2][:60], form


def test_trajectories_show_the_test_at_every_checkpoint() -> None:
    text = shown(made("one"), "plain", View(details=True))
    trace = made("one").problems[0].runs[0].trace
    lines = text.split("\nwngrad: ")[1].splitlines()
    at = next(k for k, line in enumerate(lines) if "test loss" in line)
    rows = rows_of("\n".join(lines[at:]), "T ")
    at = trace["iteration"].tolist()
    assert len(rows) > 5
    for row in rows:
        k = at.index(int(row["T"]))
        assert float(row["test loss"]) == pytest.approx(trace["test_loss"][k], rel=6e-4)
        assert float(row["test acc"]) == pytest.approx(trace["test_accuracy"][k], abs=6e-5)


@pytest.mark.parametrize("form", ["plain", "latex"])
def test_a_page_of_a_saved_result_is_the_page_of_the_run(form: str) -> None:
    result = lrbench.run("logreg", solvers="wngrad", iterations=2)
    problem = result.problems[0]
    (run,) = problem.runs
    tested = run.trace | {"test_loss": np.array([1.0, np.inf, np.inf])}
    problem = replace(problem, runs=(replace(run, trace=tested),))
    result = replace(result, problems=(problem,))
    again = Result.from_dict(json.loads(result.to_json()))
    assert shown(again, form) == shown(result, form)


def test_the_majority_is_the_share_of_the_larger_class() -> None:
    spec = replace(load_spec("logreg"), test=Split(0.2, 3))
    test = build_linear(spec).test
    assert test is not None
    about = made("one").problems[0].header.test
    assert about is not None
    ones = sum(label == 1.0 for label in test.y.tolist())
    assert about.majority == pytest.approx(max(ones, 114 - ones) / 114, rel=1e-14)
    regression = made("regression").problems[0].header.test
    assert regression is not None
    assert regression.majority is None


def test_a_sweep_has_the_test_at_the_best_lr0_of_each_solver() -> None:
    spec = replace(load_spec("logreg"), test=Split(0.2, 3))
    solvers = ["sgd", "adagrad-norm", "adam"]
    grid = [0.003, 0.3, 3.0, 1e4]
    result = lrbench.sweep(spec, solvers=solvers, lr0=grid, iterations=300, jobs=1)
    (problem,) = result.problems
    assert problem.sweep is not None
    page = shown(result, "plain")
    rows = rows_of(page[page.index("on the test samples") :], "solver ")
    arrived = [s for s in problem.sweep.solvers if s.best_value is not None]
    assert 1 <= len(arrived) <= len(solvers)
    assert len(rows) == len(arrived)
    for row, s in zip(rows, arrived, strict=True):
        assert row["solver"] == {"sgd": "gd"}.get(s.solver.name, s.solver.name)
        (run,) = [r for r in problem.runs if r.lane == (str(s.solver), s.best_value)]
        loss, accuracy = run.at_end("test_loss"), run.at_end("test_accuracy")
        assert float(row["test loss"]) == pytest.approx(loss, rel=6e-4)
        assert float(row["test acc"]) == pytest.approx(accuracy, abs=6e-5)
    assert "majority 0.5526" in page


def test_nothing_is_said_where_nothing_is_held_out() -> None:
    result = lrbench.run("logreg", solvers="wngrad", iterations=5)
    assert "test" not in shown(result, "plain", View(details=True))
