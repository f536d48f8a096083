"""CSV and JSON lines: every number of the JSON, at full precision."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from shown_results import awkward, batch, every, one_lr0, shown, stochastic

from lrbench.reports.view import View

RESULTS = {**every(), "awkward": awkward()}


def csv_rows(text: str) -> list[dict[str, str]]:
    reader = csv.DictReader(io.StringIO(text), strict=True)
    out = list(reader)
    assert all(None not in row and None not in row.values() for row in out)
    return out


def saved_runs(name: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    saved = json.loads(RESULTS[name].to_json())
    return [(p, run) for p in saved["problems"] for run in p["runs"]]


@pytest.mark.parametrize("name", RESULTS)
def test_csv_holds_the_numbers_of_json(name: str) -> None:
    rows = iter(csv_rows(shown(RESULTS[name], "csv", View(timing=True))))
    for problem, run in saved_runs(name):
        for k in range(max(len(run["trace"]["iteration"]), 1)):
            row = next(rows)
            assert row["problem"] == problem["name"]
            assert row["solver"] == run["solver"]["name"]
            assert float(row["lr0"]) == run["lr0"]
            assert int(row["seed"]) == run["seed"]
            assert row["status"] == run["status"]
            for column, values in run["trace"].items():
                value = values[k] if values else None
                assert (float(row[column]) if row[column] else None) == value, column
    assert next(rows, None) is None


def test_csv_lines_end_as_unix_lines_do() -> None:
    text = shown(batch(), "csv")
    assert "\r" not in text
    assert text.endswith("\n")
    assert text.splitlines()[0].startswith(
        "problem,solver,params,lr0,seed,status,iteration,passes,objective,suboptimality,"
    )


def test_csv_has_states_of_one_solver_empty_for_the_other() -> None:
    rows = csv_rows(shown(batch(), "csv"))
    assert {bool(r["b"]) for r in rows if r["solver"] == "wngrad"} == {True}
    assert {bool(r["b"]) for r in rows if r["solver"] == "sgd"} == {False}
    assert {r["params"] for r in rows if r["solver"] == "wngrad"} == {
        "order=current;c=1.0;scope=all;sphere=false"
    }


def test_csv_has_seconds_with_timing_alone() -> None:
    assert "seconds" not in csv_rows(shown(batch(), "csv"))[0]
    assert float(csv_rows(shown(batch(), "csv", View(timing=True)))[-1]["seconds"]) > 0


def test_csv_columns_are_those_asked_for() -> None:
    (first, *_) = csv_rows(shown(stochastic(), "csv", View(columns=("lr", "b", "lr"))))
    assert list(first)[6:] == ["iteration", "lr", "b"]


def test_csv_of_two_runs_is_the_same() -> None:
    import lrbench

    again = lrbench.run("logreg", lr0=[100.0], iterations=50)
    assert shown(again, "csv") == shown(one_lr0(), "csv")


@pytest.mark.parametrize("name", RESULTS)
def test_json_lines_are_the_runs_of_json(name: str) -> None:
    lines = shown(RESULTS[name], "jsonl").splitlines()
    runs = saved_runs(name)
    assert len(lines) == len(runs)
    for line, (problem, run) in zip(lines, runs, strict=True):
        read = json.loads(line)
        assert read.pop("problem") == problem["name"]
        assert read.pop("fingerprint") == problem["fingerprint"]
        assert read == run
        assert line.isascii()


def test_json_is_whole_whatever_the_view() -> None:
    assert shown(batch(), "json", View(details=True)) == batch().to_json() + "\n"
