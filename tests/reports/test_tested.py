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
    assert f"test: 20 % ({many} samples, seed 3)" in lines


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
        if not line.strip() or not line[: ends[0] + 1].strip():
            break
        found.append(dict(zip(cells(lines[at]), cells(line), strict=True)))
    return found


@pytest.mark.parametrize("kind", ["one", "stochastic", "regression"])
def test_one_lr0_has_a_table_of_the_ends(kind: str) -> None:
    problem = made(kind).problems[0]
    rows = rows_of(shown(made(kind), "plain"), "solver ")
    assert len(rows) == len(problem.groups)
    for row, runs in zip(rows, problem.groups.values(), strict=True):
        assert row["solver"] == str(runs[0].solver)
        means = {
            name: sum(run.trace[name][-1] for run in runs) / len(runs)
            for name in ("suboptimality", "test_loss", "test_accuracy")
            if name in runs[0].trace
        }
        assert float(row["F - f*"]) == pytest.approx(means["suboptimality"], rel=6e-3)
        assert float(row["test loss"]) == pytest.approx(means["test_loss"], rel=6e-4)
        assert ("test acc" in row) == (kind != "regression")
        if "test acc" in row:
            assert float(row["test acc"]) == pytest.approx(means["test_accuracy"], abs=6e-5)


def test_several_lr0_have_columns_beside_the_gap() -> None:
    problem = made("several").problems[0]
    wide = shown(made("several"), "plain", View(width=120))
    rows = rows_of(wide, "lr0  status")
    assert list(rows[0])[2:6] == ["last", "test loss", "test acc", "average"]
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
            assert "seed" in text.lower().partition("test: ")[2][:60], form


def test_trajectories_show_the_test_at_every_checkpoint() -> None:
    text = shown(made("one"), "plain", View(details=True))
    trace = made("one").problems[0].runs[0].trace
    rows = rows_of(text.split("wngrad[order=current]: ")[1], "T  passes")
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


def test_nothing_is_said_where_nothing_is_held_out() -> None:
    result = lrbench.run("logreg", solvers="wngrad", iterations=5)
    assert "test" not in shown(result, "plain", View(details=True))
