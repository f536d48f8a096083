"""CSV in long form: a row for each checkpoint of each theorem, or for each solver."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from shown_results import batch, one_lr0, shown, stochastic

import lrbench
from lrbench.reports.view import View
from lrbench.results import Result


def rows_of(result: Result, table: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(shown(result, "csv", View(table=table)))))


def same(text: str, value: Any) -> bool:
    """Whether a field is this value, to its last bit."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return text == ""
    if isinstance(value, bool):
        return text == str(value).lower()
    return text == value if isinstance(value, str) else float(text) == value


@pytest.mark.parametrize("result", [batch(), one_lr0(), stochastic()], ids=["b", "one", "seeds"])
def test_verdicts_have_every_number_of_every_checkpoint(result: Result) -> None:
    rows = iter(rows_of(result, "verdicts"))
    for v in result.problems[0].verdicts:
        for k in range(max(len(v.iteration), 1)):
            row = next(rows)
            assert (row["solver"], row["theorem"]) == (v.solver.name, v.theorem)
            for name in ("lr0", "kind", "measure", "iterate", "applies", "reason"):
                assert same(row[name], getattr(v, name)), name
            for name in ("bound_verdict", "informative_from", "measured_order", "order_verdict"):
                assert same(row[name], getattr(v, name)), name
            low, high = v.metric_interval[k] if v.metric_interval else (None, None)
            numbers = (v.iteration, v.bound, v.metric)
            at = [column[k] if column else None for column in numbers]
            for name, value in zip(
                ("iteration", "bound", "metric", "metric_low", "metric_high"),
                (*at, low, high),
                strict=True,
            ):
                assert same(row[name], value), name
            assert same(row["order"], v.order["value"] if v.order else None)
    assert next(rows, None) is None


def test_the_summary_has_the_mean_end_of_each_lane() -> None:
    for result in (batch(), stochastic()):
        (problem,) = result.problems
        rows = rows_of(result, "summary")
        assert len(rows) == len(problem.groups)
        for row, (lane, runs) in zip(rows, problem.groups.items(), strict=True):
            assert (row["solver"], row["status"]) == (runs[0].solver.name, str(runs[0].status))
            assert float(row["lr0"]) == lane[1]
            assert int(row["seeds"]) == len(runs)
            gap = np.mean([run.trace["suboptimality"][-1] for run in runs])
            assert float(row["suboptimality"]) == pytest.approx(gap, rel=1e-14)
            share = gap / problem.header.constants.delta0
            assert float(row["of_start"]) == pytest.approx(share, rel=1e-14)
            lr = np.mean([run.trace["lr"][-1] for run in runs])
            assert float(row["lr_L"]) == pytest.approx(lr * problem.header.constants.L)
            verdicts = [v for v in problem.judged[lane] if v.applies]
            for word in ("pass", "vacuous", "fail", "none"):
                count = sum(v.bound_verdict == word for v in verdicts)
                assert int(row[f"bounds_{word}"]) == count


@cache
def swept() -> Result:
    return lrbench.sweep("logreg", solvers=["sgd", "polyak"], lr0=[0.3, 3.0, 1e5], iterations=40)


def test_the_summary_of_a_sweep_has_a_row_for_each_solver() -> None:
    (problem,) = swept().problems
    assert problem.sweep is not None
    rows = rows_of(swept(), "summary")
    assert [row["solver"] for row in rows] == ["sgd", "polyak"]
    for row, s in zip(rows, problem.sweep.solvers, strict=True):
        for name in ("best_value", "best_passes", "usable_decades", "missing"):
            assert same(row[name], getattr(s, name)), name
        assert int(row["stalled"]) == s.statuses["stalled"]
        assert same(row["target"], problem.sweep.target)
    assert rows[1]["parameter"] == ""


@pytest.mark.parametrize("table", ["trace", "verdicts", "summary"])
def test_what_is_empty_has_a_heading(table: str) -> None:
    (problem,) = batch().problems
    none = replace(batch(), problems=[replace(problem, runs=(), verdicts=())])
    assert len(shown(none, "csv", View(table=table)).splitlines()) == 1


def test_options_that_do_not_fit_are_refused(invoke: Any) -> None:
    run = ("run", "-p", "log-spectrum", "-s", "gd", "-n", "5")
    outcome = invoke(*run, "--table", "verdicts")
    assert outcome.code == 2
    assert "--table chooses what --format csv holds" in outcome.err
    outcome = invoke(*run, "--format", "csv", "--table", "summary", "--columns", "lr")
    assert outcome.code == 2
    assert "--columns are those of the trace" in outcome.err
    head = invoke(*run, "--format", "csv", "--table", "summary").out.partition("\n")[0]
    assert head.startswith("problem,solver,params,lr0,seeds,status,")
    assert "sgd" in invoke(*run, "--format", "csv", "--table", "verdicts").out
