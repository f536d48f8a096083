"""Saved results: what is written is read back, and what is wrong with a file is said."""

from __future__ import annotations

import copy
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import numpy as np
import pytest
from made_header import with_header

import lrbench
from lrbench.errors import ExitCode, LrbenchError, UsageError
from lrbench.results import (
    COLUMNS,
    METERED,
    OUTPUT,
    SCHEMA,
    SUMMED,
    TESTED,
    FeatureMap,
    Result,
    Run,
    Status,
    reserve,
)
from lrbench.results.columns import state_columns
from lrbench.study import analyse


@cache
def made() -> Result:
    return lrbench.run(
        "log-spectrum", solvers=["wngrad", "sgd"], lr0=[1.0, 300.0], iterations=300, passes=None
    )


@cache
def seeds() -> Result:
    return lrbench.run(
        "log-spectrum", solvers=["wngrad"], lr0=[0.1], batch_size=4, replicates=2, passes=3
    )


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@cache
def sweep() -> Result:
    problem = lrbench.run("log-spectrum", lr0="1e-4:1e3:8", iterations=50, target=0.2).problems[0]
    return replace(made(), problems=[replace(problem, sweep=analyse(problem))])


def data() -> dict[str, Any]:
    """A saved result, to be spoilt."""
    return copy.deepcopy(made().to_dict())


@pytest.mark.parametrize("result", [made, seeds, sweep])
def test_the_pieces_are_the_json_of_the_whole(result: Callable[[], Result]) -> None:
    saved = result()
    two = replace(saved, problems=[*saved.problems, replace(saved.problems[0], runs=())])
    for each in (saved, two):
        assert "".join(each.json_pieces()) == json.dumps(each.to_dict(), indent=1)
        n_runs = sum(len(problem.runs) for problem in each.problems)
        assert len(list(each.json_pieces())) == 1 + n_runs + len(each.problems)


@pytest.mark.parametrize("result", [made, seeds, sweep])
def test_what_is_written_is_read_back(result: Callable[[], Result]) -> None:
    written = result().to_dict()
    again = Result.from_json(json.dumps(written))
    assert again.to_dict() == written
    jsonschema.validate(written, json.loads(SCHEMA.read_text()))


def test_an_order_from_before_both_laws_were_fitted() -> None:
    saved = data()
    fields = ("order_thirds", "other_order", "rss_ratio", "fitted_law", "floor_from")
    for verdict in saved["problems"][0]["verdicts"]:
        for key in fields:
            del verdict[key]
    jsonschema.validate(saved, json.loads(SCHEMA.read_text()))
    again, new = Result.from_dict(saved).problems[0], made().problems[0]
    assert any(v.order_thirds is not None for v in new.verdicts)
    for old, v in zip(again.verdicts, new.verdicts, strict=True):
        assert (old.order, old.measured_order) == (v.order, v.measured_order)
        assert old.order_verdict == v.order_verdict
        assert {getattr(old, key) for key in fields} == {None}


def test_numbers_come_back_as_they_were() -> None:
    again = Result.from_dict(made().to_dict())
    for old, new in zip(made().problems[0].runs, again.problems[0].runs, strict=True):
        assert (old.lr0, old.seed, old.status, old.status_at) == (
            new.lr0,
            new.seed,
            new.status,
            new.status_at,
        )
        assert isinstance(new.status, Status)
        assert str(old.solver) == str(new.solver)
        assert old.trace.keys() == new.trace.keys()
        for name, column in old.trace.items():
            finite = np.where(np.isfinite(column), column, np.nan)
            np.testing.assert_array_equal(new.trace[name], finite, err_msg=name)
            assert new.trace[name].dtype == np.float64


def test_every_column_of_a_trace_has_its_kind() -> None:
    """What is in none of the lists is taken for the state of a solver."""
    sgd = next(r for r in made().problems[0].runs if r.solver.name == "sgd")
    assert set(sgd.trace) == {*COLUMNS, *METERED, *SUMMED}
    assert state_columns([*sgd.trace, *OUTPUT, *TESTED, "r_bar", "b"]) == ["r_bar", "b"]


def test_a_failed_run_without_a_trace_comes_back() -> None:
    problem = made().problems[0]
    run = replace(problem.runs[0], trace={}, status=Status.FAILED, error="ValueError: no")
    written = replace(made(), problems=[replace(problem, runs=[run])]).to_dict()
    assert Result.from_dict(written).to_dict() == written


def test_unknown_keys_are_passed_over() -> None:
    saved = data()
    for table in (
        saved,
        saved["problems"][0],
        saved["problems"][0]["constants"],
        saved["problems"][0]["runs"][0],
        saved["problems"][0]["runs"][0]["solver"],
        saved["problems"][0]["verdicts"][0],
    ):
        table["later"] = {"a": [1]}
    assert Result.from_dict(saved).problems[0].runs[0].lr0 == 1.0


def test_unknown_keys_of_a_sweep_are_passed_over() -> None:
    saved = copy.deepcopy(sweep().to_dict())
    found = saved["problems"][0]["sweep"]
    for table in (found, found["solvers"][0], found["solvers"][0]["factors"][0]):
        table["later"] = {"a": [1]}
    assert Result.from_dict(saved).problems[0].sweep == sweep().problems[0].sweep


def refused(content: bytes | str | dict[str, Any]) -> UsageError:
    read: Any = Result.from_dict if isinstance(content, dict) else Result.from_json
    with pytest.raises(UsageError) as caught:
        read(content, "r.json")
    assert caught.value.exit_code == ExitCode.USAGE
    assert caught.value.message.startswith("r.json")
    assert caught.value.message.endswith(".")
    assert caught.value.hint.endswith(".")
    return caught.value


def test_text_that_is_not_json() -> None:
    assert "not JSON: expecting value, at line 2, column 8" in refused('{\n "a" : wrong}').message


def test_cut_json() -> None:
    text = made().to_json()
    for end in (len(text) - 1, len(text) // 2, 10, 1):
        assert "is cut off: its JSON ends at line" in refused(text[:end]).message


TOKENS = '{"format": "a\\u00e9\\n", "b": [null, true,\n false, -1.5e-10, 1E+5, 0.5], "c": {}}'


@pytest.mark.parametrize("end", range(1, len(TOKENS)))
def test_json_cut_anywhere(end: int) -> None:
    assert "is cut off" in refused(TOKENS[:end]).message
    assert "is not a saved result" in refused(TOKENS).message


@pytest.mark.parametrize("text", ["{'format': 1}", '{"a": nothing}', "hello", '{"a": 1}}', '{"a'])
def test_json_that_is_wrong_is_not_called_cut(text: str) -> None:
    assert ("is not JSON" in refused(text).message) == (text != '{"a')


def test_nothing() -> None:
    assert "is empty" in refused(b" \n").message


def test_bytes_that_are_no_text() -> None:
    assert "not UTF-8" in refused(b"\xff\xfe{}").message


def test_nan_is_not_json() -> None:
    assert "JSON has no number NaN" in refused('{"a": NaN}').message


def test_json_too_deep() -> None:
    assert "nested too deeply" in refused("[" * 100_000 + "]" * 100_000).message


def test_foreign_json() -> None:
    for text in ("[]", "3", '{"a": 1}', '{"format": 1}'):
        assert "is not a saved result" in refused(text).message
    assert "'lrbench-theory'" in refused('{"format": "lrbench-theory"}').message


def test_newer_version() -> None:
    error = refused(data() | {"version": 2})
    assert "version 2" in error.message
    assert "newer" in error.hint


def spoilt(where: str, value: Any, saved: Any = None) -> dict[str, Any]:
    """Return a saved result with something else at a place; `...` for nothing at all."""
    saved = data() if saved is None else copy.deepcopy(saved)
    inner = saved
    *path, last = [int(k) if k.isdigit() else k for k in where.split(".")]
    for key in path:
        inner = inner[key]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return dict(saved)


RUN = "problems.0.runs.1."
VERDICT = "problems.0.verdicts.0."


@pytest.mark.parametrize(
    ("where", "value", "message"),
    [
        ("version", ..., "version is missing"),
        ("version", "1", "version is not an integer"),
        ("version", 0, "version is too small"),
        ("command", "run", "command is not a list"),
        ("command", [1], "command[0] is not a text"),
        ("environment", [], "environment is not an object"),
        ("problems", ..., "problems is missing"),
        ("problems", [3], "problems[0] is not an object"),
        ("problems", [], "holds no problem"),
        ("problems.0.name", ..., "problems[0].name is missing"),
        ("problems.0.n_samples", 2.5, "problems[0].n_samples is not an integer"),
        ("problems.0.n_samples", 0, "problems[0].n_samples is too small"),
        ("problems.0.radius", "1", "problems[0].radius is not a number or null"),
        ("problems.0.target", "x", "problems[0].target is not a number or null"),
        ("problems.0.intercept", 1, "problems[0].intercept is not true or false"),
        ("problems.0.penalty", None, "problems[0].penalty is not an object"),
        ("problems.0.labels", {"+1": 1}, "problems[0].labels.+1 is not a text"),
        ("problems.0.constants.mu", "0", "problems[0].constants.mu is not a number or null"),
        ("problems.0.constants.L", ..., "problems[0].constants.L is missing"),
        (RUN + "lr0", "1", "problems[0].runs[1].lr0 is not a number"),
        (RUN + "lr0", True, "problems[0].runs[1].lr0 is not a number"),
        (RUN + "lr0", 0, "problems[0].runs[1].lr0 is not positive"),
        (RUN + "seed", 2**64, "problems[0].runs[1].seed is not an integer"),
        (RUN + "status", "fine", "problems[0].runs[1].status cannot be 'fine'"),
        (RUN + "sampling", 3, "problems[0].runs[1].sampling is not a text or null"),
        (RUN + "solver.params", {"a": []}, "solver.params.a is neither a number nor a text"),
        (RUN + "trace", ..., "problems[0].runs[1].trace is missing"),
        (RUN + "trace.lr", ..., "problems[0].runs[1].trace.lr is missing"),
        (RUN + "trace.lr", [1.0], "problems[0].runs[1].trace.lr has 1 numbers, not"),
        (RUN + "trace.lr.3", "x", "problems[0].runs[1].trace.lr[3] is not a number or null"),
        (RUN + "trace.iteration.0", None, "trace.iteration[0] is not an integer"),
        (VERDICT + "kind", "sure", "problems[0].verdicts[0].kind cannot be 'sure'"),
        (VERDICT + "bound", [1.0], "problems[0].verdicts[0].bound has 1 items, not"),
        (VERDICT + "metric_interval", [[1]], "metric_interval[0] is not a pair of numbers"),
        (VERDICT + "window", [1], "window is not a pair of integers"),
        (VERDICT + "order", {"kind": "cubic"}, "order.kind cannot be 'cubic'"),
        (VERDICT + "order", ..., "order is missing"),
        (VERDICT + "order_thirds", [1.0, 2.0], "order_thirds is not three numbers"),
        (VERDICT + "order_thirds", [1.0, None, 2.0], "order_thirds[1] is not a number"),
        (VERDICT + "other_order", {"kind": "power"}, "other_order.value is missing"),
        (VERDICT + "rss_ratio", "4", "rss_ratio is not a number or null"),
        (VERDICT + "fitted_law", "cubic", "fitted_law cannot be 'cubic'"),
        (VERDICT + "floor_from", 1.5, "floor_from is not an integer or null"),
        (VERDICT + "hypotheses", [1], "hypotheses[0] is not an object"),
    ],
)
def test_wrong_keys_are_named(where: str, value: Any, message: str) -> None:
    assert message in refused(spoilt(where, value)).message


SOLVER = "solvers.0."


@pytest.mark.parametrize(
    ("where", "value", "message"),
    [
        ("target", "x", "target is not a number"),
        ("iterations", 1.5, "iterations is not an integer or null"),
        ("solvers", {}, "solvers is not a list"),
        (SOLVER + "solver.name", ..., "solvers[0].solver.name is missing"),
        (SOLVER + "lr0.1", 1e-9, "solvers[0].lr0 is not positive and ascending"),
        (SOLVER + "lr0.0", 0, "solvers[0].lr0 is not positive and ascending"),
        (SOLVER + "passes", [1.0], "solvers[0].passes has 1 items, not 8"),
        (SOLVER + "passes.2", "x", "solvers[0].passes[2] is not a number or null"),
        (SOLVER + "reached", [], "solvers[0].reached has 0 items, not 8"),
        (SOLVER + "best_lr0", -1.0, "solvers[0].best_lr0 is not positive"),
        (SOLVER + "usable", [1.0], "solvers[0].usable is not a pair of numbers"),
        (SOLVER + "usable", [1.0, None], "solvers[0].usable[1] is not a number"),
        (SOLVER + "usable_decades", None, "solvers[0].usable_decades is not a number"),
        (SOLVER + "usable_interval", 3, "solvers[0].usable_interval is not a list or null"),
        (SOLVER + "at_edge", [True], "solvers[0].at_edge is not a pair"),
        (SOLVER + "at_edge.0", 1, "solvers[0].at_edge[0] is not true or false"),
        (SOLVER + "factors.0.on_grid", ..., "solvers[0].factors[0].on_grid is missing"),
        (SOLVER + "statuses.stalled", "no", "solvers[0].statuses.stalled is not an integer"),
        (SOLVER + "missing", None, "solvers[0].missing is not an integer"),
    ],
)
def test_wrong_keys_of_a_sweep_are_named(where: str, value: Any, message: str) -> None:
    saved = sweep().to_dict()
    assert saved["problems"][0]["sweep"]["solvers"][0]["factors"]
    error = refused(spoilt(f"problems.0.sweep.{where}", value, saved))
    assert f"problems[0].sweep.{message}" in error.message


def test_a_sweep_that_is_null_is_wrong() -> None:
    assert "sweep is not an object" in refused(spoilt("problems.0.sweep", None)).message


WRONG: Sequence[Any] = (None, "x", 2.5, True, [], {"a": []}, 2**64)


def places(value: Any, *path: str | int) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of every key and item, but of the first two and the last items of a list."""
    if isinstance(value, dict):
        inner: Any = value.items()
    else:
        inner = enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        if not isinstance(key, int) or key < 2 or key == len(value) - 1:
            yield (*path, key)
            yield from places(item, *path, key)


def test_whatever_stands_anywhere_is_read_or_refused_by_its_place() -> None:
    saved = json.loads(sweep().to_json())
    for problem in saved["problems"]:
        problem["runs"] = problem["runs"][2:4]
        problem["verdicts"] = [v for v in problem["verdicts"] if v["other_order"]][:1]
    refusals = []
    for path in list(places(saved)):
        *outer, last = path
        inner = saved
        for key in outer:
            inner = inner[key]
        place = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in outer)
        value = inner[last]
        for inner[last] in WRONG:
            try:
                again = Result.from_dict(saved, "r.json").to_dict()
            except UsageError as error:
                refusals.append((f"r.json.*{re.escape(place[1:])}", error.message))
            else:
                assert Result.from_dict(json.loads(json.dumps(again))).to_dict() == again
        inner[last] = value
    assert len(refusals) > 1000
    assert [message for place, message in refusals if not re.match(place, message)] == []


def test_saved_and_loaded(tmp_path: Path) -> None:
    made().save(tmp_path / "r.json")
    assert (tmp_path / "r.json").read_text() == made().to_json() + "\n"
    assert Result.load(tmp_path / "r.json").to_dict() == made().to_dict()
    assert names(tmp_path) == ["r.json"]


def test_an_existing_file_is_kept_without_force(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text("mine")
    for attempt in (reserve, made().save, made().save_weights):
        with pytest.raises(UsageError, match="exists") as caught:
            attempt(path)
        assert "--force" in caught.value.hint
    assert path.read_text() == "mine"
    made().save(path, force=True)
    assert path.read_text() == made().to_json() + "\n"


def test_reserve_leaves_nothing_behind(tmp_path: Path) -> None:
    reserve(tmp_path / "r.json")
    assert names(tmp_path) == []
    (tmp_path / "r.json").write_text("mine")
    reserve(tmp_path / "r.json", force=True)
    assert (tmp_path / "r.json").read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "message", "code"),
    [
        ("nowhere/r.json", "there is no folder", ExitCode.USAGE),
        ("folder", "is a folder", ExitCode.USAGE),
        ("pipe", "is not a regular file", ExitCode.USAGE),
        ("x" * 250, "cannot be written: file name too long", ExitCode.WORLD),
    ],
)
def test_reserve_refuses(name: str, message: str, code: int, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(LrbenchError, match=message) as caught:
        reserve(tmp_path / name, force=True)
    assert caught.value.exit_code == code
    assert names(tmp_path) == ["folder", "pipe"]


def test_a_folder_that_cannot_be_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(LrbenchError, match="cannot be written: permission denied") as caught:
        reserve(tmp_path / "r.json")
    assert caught.value.exit_code == ExitCode.WORLD


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("r.json")
    made().save(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "r.json").read_text() == made().to_json() + "\n"


def test_an_empty_path_is_said_to_be_empty() -> None:
    with pytest.raises(UsageError, match="path of the file is empty"):
        Result.load("")


@pytest.mark.parametrize("name", ["nothing.json", ""])
def test_a_file_that_cannot_be_read(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no file|cannot be read"):
        Result.load(tmp_path / name)


def test_weights_are_the_best_iterate_and_need_no_lrbench(tmp_path: Path) -> None:
    made().save_weights(tmp_path / "w.npz")
    code = (
        "import sys, numpy\n"
        "f = numpy.load(sys.argv[1], allow_pickle=False)\n"
        "print(str(f['problem']), str(f['solver']), float(f['lr0']), int(f['seed']))\n"
        "print(repr(float(f['objective'])))\n"
        "print(f['W'].tolist())\n"
        "assert not any(name.startswith('lrbench') for name in sys.modules)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "w.npz")]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    runs = [r for r in made().problems[0].runs if r.status is not Status.DIVERGED]
    assert len(runs) < 4  # sgd with lr0 = 300 is not among them
    best = min(runs, key=lambda r: r.trace["suboptimality"][-1])
    assert out[0] == f"log-spectrum {best.solver} {best.lr0} 0"
    assert json.loads(out[2]) == best.iterates["best"].tolist()
    # F(w) = (1/2) sum_i lambda_i (w_i - w*_i)^2 is worked out by the problem, not by the trace.
    from lrbench.problem_files import build_problem, load_spec

    problem = build_problem(load_spec("log-spectrum"))
    value = problem.value(np.array(json.loads(out[2]))[:, None])[0]
    assert float(out[1]) == pytest.approx(value, rel=1e-12, abs=1e-15)


def test_weights_of_what_did_not_end_by_itself_are_not_saved(tmp_path: Path) -> None:
    problem = made().problems[0]

    def ended(status: Status) -> Result:
        runs: list[Run] = [replace(r, status=status) for r in problem.runs]
        return replace(made(), problems=[replace(problem, runs=runs)])

    for status in (Status.DIVERGED, Status.FAILED):
        with pytest.raises(LrbenchError, match="no run ended"):
            ended(status).save_weights(tmp_path / "w.npz")
    assert names(tmp_path) == []
    for status in (Status.STALLED, Status.INTERRUPTED):
        ended(status).save_weights(tmp_path / "w.npz", force=True)


def test_weights_of_two_problems_or_of_a_loaded_result_are_refused(tmp_path: Path) -> None:
    two = replace(made(), problems=[*made().problems, *seeds().problems])
    with pytest.raises(UsageError, match="2 problems"):
        two.save_weights(tmp_path / "w.npz")
    with pytest.raises(UsageError, match="no weights"):
        Result.from_dict(made().to_dict()).save_weights(tmp_path / "w.npz")
    assert names(tmp_path) == []


def three_seeds() -> Result:
    """One lr0 has the best single seed, the other the better mean."""
    problem = made().problems[0]
    base = problem.runs[0]

    def ended(lr0: float, seed: int, gap: float, status: Status = Status.COMPLETED) -> Run:
        column = np.array([1.0, gap])
        trace = {name: np.array([0.0, 1.0]) for name in base.trace}
        trace |= {"suboptimality": column, "objective": column + 5.0}
        best = np.full(2, 10 * lr0 + seed)
        return replace(
            base, lr0=lr0, seed=seed, status=status, trace=trace, iterates={"best": best}
        )

    runs = [
        *(ended(1.0, seed, gap) for seed, gap in enumerate([1e-9, 0.5, 0.5])),
        *(ended(2.0, seed, gap) for seed, gap in enumerate([0.2, 0.1, 0.3])),
        ended(3.0, 0, 1e-12),
        ended(3.0, 1, 1e-12, Status.DIVERGED),
    ]
    return replace(made(), problems=[replace(problem, runs=runs, verdicts=())])


def test_weights_are_of_the_best_mean_and_then_of_its_best_seed(tmp_path: Path) -> None:
    run = three_seeds().save_weights(tmp_path / "w.npz")
    saved = np.load(tmp_path / "w.npz")
    assert (run.lr0, run.seed) == (2.0, 1)
    assert (float(saved["lr0"]), int(saved["seed"])) == (2.0, 1)
    assert saved["W"].tolist() == [21.0, 21.0]
    assert float(saved["objective"]) == 5.1
    assert "lowest wngrad, lr0 = 2, at F - f* = 2.00e-01" in repr(three_seeds())


def test_a_result_is_shown_in_a_line_a_problem() -> None:
    lines = repr(made()).splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("  log-spectrum: 4 runs, lowest ")
    assert max(len(repr(r)) for r in made().problems[0].runs) < 400
    assert len(repr(made().problems[0])) < 100


@pytest.mark.parametrize("intercept", [False, True])
def test_weights_for_the_file_as_it_is(intercept: bool, tmp_path: Path) -> None:
    """The scores on scaled columns and on raw ones are the same numbers."""
    rng = np.random.default_rng(0)
    raw, centre, divisor = rng.standard_normal((7, 2)), rng.standard_normal(2), np.array([2.0, 0.1])
    w = rng.standard_normal(2 + intercept)
    result = three_seeds()
    problem = result.problems[0]
    labels = {"+1": "sick", "-1": "well"}
    problem = with_header(problem, intercept=intercept, scale="standard", labels=labels)
    runs = [replace(r, iterates={"best": w}) for r in problem.runs]
    for known in (FeatureMap(centre, divisor), FeatureMap(None, divisor), FeatureMap(), None):
        mine = replace(problem, runs=runs, features=known)
        replace(result, problems=[mine]).save_weights(tmp_path / "w.npz", force=True)
        saved = np.load(tmp_path / "w.npz")
        if known is None:
            assert "coef" not in saved
            continue
        scaled = (raw - (0 if known.centre is None else centre)) / (
            1 if known.divisor is None else divisor
        )
        X = np.column_stack([scaled, np.ones(len(raw))]) if intercept else scaled
        np.testing.assert_allclose(
            raw @ saved["coef"] + float(saved["intercept"]), X @ w, rtol=1e-12, atol=1e-12
        )
        assert [str(saved[k]) for k in ("positive", "negative", "scale", "loss")] == [
            "sick",
            "well",
            "standard",
            "squared",
        ]


def test_data_frame_has_a_row_for_each_checkpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    class Frame:
        def __init__(self, rows: list[Any], columns: list[str]) -> None:
            self.rows, self.columns = rows, columns

        def astype(self, kinds: dict[str, str]) -> Frame:
            self.kinds = kinds
            return self

    monkeypatch.setitem(sys.modules, "pandas", SimpleNamespace(DataFrame=Frame))
    frame = made().to_dataframe()
    runs = made().problems[0].runs
    assert len(frame.rows) == sum(len(r.trace["iteration"]) for r in runs)
    assert frame.columns[:6] == ["problem", "solver", "params", "lr0", "seed", "status"]
    columns = set().union(*(r.trace for r in runs))
    assert set(frame.columns[6:]) == columns == {*frame.kinds} - {"lr0"}
    at = frame.columns.index("objective")
    assert [row[at] for row in frame.rows] == [v for r in runs for v in r.trace["objective"]]


def test_data_frame_of_pandas() -> None:
    pandas = pytest.importorskip("pandas")
    frame = made().to_dataframe()
    assert isinstance(frame, pandas.DataFrame)
    assert frame["b"].isna().any()
    assert frame["objective"].dtype == np.float64


def test_a_data_frame_without_pandas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(LrbenchError, match="needs pandas") as caught:
        made().to_dataframe()
    assert "install pandas" in caught.value.hint
