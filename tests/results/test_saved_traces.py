"""Results with fewer rows of their traces and without traces: every form and every reader."""

from __future__ import annotations

import copy
import io
import json
import pickle
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

import lrbench
from lrbench.errors import UsageError
from lrbench.reports import REPORTS
from lrbench.reports.view import View
from lrbench.results import SCHEMA, Result
from lrbench.results.saved_traces import MISSING, TRACES, chosen_trace

MOST = 1000
"""The most characters of a run without its trace."""


@cache
def results() -> dict[str, Result]:
    """One result of a sweep, in which lanes diverge, and one of runs."""
    options: dict[str, Any] = {"solvers": ["wngrad", "sgd", "dog"], "passes": 20, "batch_size": 7}
    return {
        "sweep": lrbench.sweep("log-spectrum", lr0=[1e-2, 0.3, 5.0, 1e6], **options),
        "run": lrbench.run("log-spectrum", lr0=[0.3, 1e6], replicates=2, **options),
    }


def written(result: Result, form: str, view: View | None = None) -> str:
    out = io.StringIO()
    REPORTS.get(form)(result, out, view or View())
    return out.getvalue()


@pytest.mark.parametrize("kind", ["sweep", "run"])
@pytest.mark.parametrize("which", TRACES)
def test_what_is_written_is_valid_and_read_back(kind: str, which: str) -> None:
    result = results()[kind]
    text = written(result, "json", View(traces=which))
    values = json.loads(text)
    jsonschema.validate(values, json.loads(SCHEMA.read_text()))
    again = Result.from_json(text)
    assert again.to_json() + "\n" == text
    assert written(again, "json", View(traces=which)) == text
    runs = [run for problem in values["problems"] for run in problem["runs"]]
    lines = [json.loads(line) for line in written(again, "jsonl").splitlines()]
    assert [line["trace"] for line in lines] == [run["trace"] for run in runs]
    if which == "none":
        assert {run["trace"] for run in runs} == {None}
        assert max(len(json.dumps(run, indent=1)) for run in runs) <= MOST
    if which == "all" or (which, kind) == ("checkpoints", "run"):
        assert text == written(result, "json")
    else:
        assert values["traces"] == which
        values["problems"] = [{**p, "runs": []} for p in values["problems"]]
        del values["traces"]
        whole = json.loads(written(result, "json"))
        assert values == whole | {"problems": [{**p, "runs": []} for p in whole["problems"]]}


def test_rows_of_tables_and_ends_are_kept_with_every_column() -> None:
    whole = results()["sweep"]
    fewer = whole.with_traces("checkpoints")
    for run, part in zip(whole.problems[0].runs, fewer.problems[0].runs, strict=True):
        rows = run.trace["iteration"].tolist()
        kept = part.trace["iteration"].tolist()
        ends = {[t for t in rows if t <= max(run.status_at, 0)][-1], rows[-1]}
        series = {m * 10**k for m in (1, 2, 5) for k in range(8)} | {0}
        assert kept == [t for t in rows if t in series or t in ends]
        assert part.trace.keys() == run.trace.keys()
        for name, column in part.trace.items():
            of_row = dict(zip(rows, run.trace[name], strict=True))
            np.testing.assert_array_equal(column, [of_row[t] for t in kept])
            np.testing.assert_equal(part.at_end(name), run.at_end(name))
    sizes = [len(written(r, "json")) for r in (whole, fewer, whole.with_traces("none"))]
    assert sizes[0] > 1.5 * sizes[1] > 1.5 * sizes[2]


@pytest.mark.parametrize("form", sorted(REPORTS))
@pytest.mark.parametrize("kind", ["sweep", "run"])
@pytest.mark.parametrize("table", ["trace", "summary", "verdicts"])
def test_every_form_has_the_same_page_or_says_what_it_lacks(
    form: str, kind: str, table: str
) -> None:
    """Never is a number that is not saved shown as missing from the run."""
    result = results()[kind]
    # What a sweep says of the solvers that have answers of their own is in traces alone.
    problem = result.problems[0]
    runs = [run for run in problem.runs if run.solver.name != "dog"]
    result = replace(result, problems=[replace(problem, runs=runs)])
    bare = Result.from_json(result.with_traces("none").to_json())
    for details in (False, True):
        view = View(table=table, details=details, traces="none")
        whole = written(result, form, view)
        text = refused = ""
        try:
            text = written(bare, form, view)
        except UsageError as error:
            refused = f"{error.message} {error.hint}"
        assert text == whole or "without traces" in refused
        assert text or form not in ("json", "jsonl")


def test_a_trace_that_is_missing_has_no_numbers() -> None:
    for ask in (len, bool, lambda t: t["lr"], lambda t: t.get("lr"), lambda t: t.items()):
        with pytest.raises(UsageError, match="without traces"):
            ask(MISSING)
    assert chosen_trace(MISSING, 3, "all") is MISSING


def test_another_word_is_refused() -> None:
    with pytest.raises(UsageError, match="'some' is no choice of traces"):
        results()["run"].with_traces("some")


def saved(folder: Path, which: str) -> str:
    file = folder / f"{which}.json"
    results()["sweep"].with_traces(which).save(file)
    return str(file)


@pytest.mark.parametrize("which", ["checkpoints", "none"])
def test_commands_that_judge_lanes_refuse_them(which: str, tmp_path: Path, invoke: Any) -> None:
    file, whole = saved(tmp_path, which), saved(tmp_path, "all")
    for command in (
        ["compare", whole, file],
        ["compare", file, whole],
        ["check", file, "--expect", "bound = pass"],
    ):
        done = invoke(*command)
        assert done.code == 2, command
        assert "was saved without" in done.err
        assert "Hint: save the result with --traces all." in done.err
        assert done.out == ""


@pytest.mark.parametrize("command", [["plot"], ["show", "--details"], ["show", "--format", "csv"]])
def test_commands_that_need_numbers_say_so_and_print_nothing(
    command: list[str], tmp_path: Path, invoke: Any
) -> None:
    done = invoke(command[0], saved(tmp_path, "none"), *command[1:])
    assert done.code == 2
    assert "without traces" in done.err
    assert done.out == ""


def test_traces_of_a_page_are_refused(invoke: Any) -> None:
    done = invoke("run", "logreg", "--iterations", "3", "--traces", "none")
    assert done.code == 2
    assert "no JSON is written" in done.err


def test_a_file_of_save_has_the_traces_that_are_asked_for(tmp_path: Path, invoke: Any) -> None:
    file = tmp_path / "r.json"
    args = ["--traces", "none", "--save", str(file), "-s", "sgd"]
    done = invoke("sweep", "logreg", "--iterations", "3", "--lr0", "0.1,1", *args)
    assert done.code == 0
    page = done.out
    assert invoke("show", str(file)).out == page
    assert [run.trace is MISSING for run in Result.load(file).problems[0].runs] == [True, True]


def test_a_missing_trace_is_one_object_in_copies_too() -> None:
    assert pickle.loads(pickle.dumps(MISSING)) is MISSING
    assert copy.deepcopy(MISSING) is MISSING
