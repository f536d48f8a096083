"""The file of baselines: made for review, read strictly, never written over another file."""

from __future__ import annotations

import contextlib
import json
import math
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gate_runs import T, cut_at, made_run
from hypothesis import given
from hypothesis import strategies as st

from lrbench.config.solver_spec import SolverSpec
from lrbench.errors import LrbenchError, UsageError
from lrbench.gate.baseline import (
    COLUMNS,
    Baseline,
    lane_of,
    load_baselines,
    rounded,
    save_baselines,
)
from lrbench.results import Status


def entry(name: str = "a", fingerprint: str = "f") -> Baseline:
    sgd = replace(made_run(), solver=SolverSpec("sgd"))
    lanes = lane_of([made_run(), made_run(seed=1)], {1: "above 1/L"}, 8), lane_of([sgd], {}, 8)
    return Baseline(name, fingerprint, "a plan", lanes)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(text) for text in path.read_text("utf-8").splitlines()]


def test_one_sorted_line_a_check_of_eight_digits(tmp_path: Path) -> None:
    path = tmp_path / "b.jsonl"
    save_baselines(path, {name: entry(name) for name in ("b", "a", "C")})
    found = lines(path)
    assert [line["check"] for line in found] == ["C", "a", "b"]
    assert [lane["solver"] for lane in found[0]["lanes"]] == ["sgd", "wngrad"]
    lane = found[0]["lanes"][1]
    assert (lane["seeds"], lane["unstable"]) == ([0], {"1": "above 1/L"})
    assert lane["iteration"] == [0, 1, 2, 5, 10, 20, 50, 100]  # the 1-2-5 series
    assert lane["means"]["last"] == [1.0, 1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01]
    assert lane["means"]["average"][:2] == [None, 2.0]
    assert lane["gradients"] == [800]  # 100 passes over 8 samples
    assert path.read_text("utf-8").isascii()


def test_other_checks_keep_their_bytes(tmp_path: Path) -> None:
    path = tmp_path / "b.jsonl"
    save_baselines(path, {name: entry(name) for name in "abc"})
    before = path.read_bytes().splitlines()
    save_baselines(path, load_baselines(path) | {"b": entry("b", "another")})
    after = path.read_bytes().splitlines()
    assert [k for k in range(3) if before[k] != after[k]] == [1]


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_eight_digits_are_kept(value: float) -> None:
    found = rounded(value)
    if not math.isfinite(value):
        assert math.isnan(found)
    else:
        assert found == float(f"{value:.8g}")
        assert abs(found - value) <= 5.0000001e-8 * abs(value) + 5e-324
        assert rounded(found) == found


def test_what_is_saved_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "b.jsonl"
    short = cut_at(made_run(seed=1), 50, Status.REACHED_TARGET)
    lane = lane_of([made_run(lambda t: math.pi / (t + 1)), short], {}, 8)
    save_baselines(path, {"a": Baseline("a", "f", "p", (lane,))})
    found = load_baselines(path)["a"].lanes[0]
    assert found.iteration == (0, 1, 2, 5, 10, 20, 50)  # those that both seeds have
    assert found.statuses == ("completed", "reached_target")
    assert found.ends["last"] == (rounded(math.pi / 101), 0.02)
    assert found.means["last"] == lane.means["last"]
    assert math.isnan(found.means["average"][0])


def test_a_missing_file_holds_nothing(tmp_path: Path) -> None:
    assert load_baselines(tmp_path / "none.jsonl") == {}


def edited(change: Any) -> bytes:
    values = {"check": "a", "fingerprint": "f", "plan": "p", "lanes": []}
    lane: dict[str, Any] = {
        "solver": "sgd",
        "lr0": 1.0,
        "seeds": [0],
        "unstable": {},
        "statuses": ["completed"],
        "gradients": [8],
        "iteration": [0, 1],
        "means": {"last": [1.0, 0.5], "average": [None, 1.0]},
        "ends": {"last": [0.5], "average": [1.0]},
    }
    change(lane)
    return json.dumps(values | {"lanes": [lane]}).encode()


FOREIGN = {
    "text": b"dear diary\n",
    "cut": edited(lambda lane: None)[:-40],
    "binary": bytes(range(256)),
    "a result": b'{"format": "lrbench-result", "version": 1}\n',
    "a list": b"[1, 2]\n",
    "a number": b"3\n",
    "a blank line": edited(lambda lane: None) + b"\n\n",
    "deep": b"[" * 100_000,
    "long number": b'{"check": 1' + b"0" * 5000 + b"}",
    "twice": edited(lambda lane: None) + b"\n" + edited(lambda lane: None) + b"\n",
    "a conflict": b"<<<<<<< HEAD\n" + edited(lambda lane: None),
    "seeds a text": edited(lambda lane: lane.update(seeds=["0"])),
    "statuses numbers": edited(lambda lane: lane.update(statuses=[1])),
    "lr0 a text": edited(lambda lane: lane.update(lr0="1")),
    "means a list": edited(lambda lane: lane.update(means=[1])),
    "no average": edited(lambda lane: lane["means"].pop("average")),
    "a text among numbers": edited(lambda lane: lane["means"].update(last=[1.0, "x"])),
    "means too short": edited(lambda lane: lane["means"].update(last=[1.0])),
    "ends too long": edited(lambda lane: lane["ends"].update(last=[1.0, 2.0])),
    "gradients missing": edited(lambda lane: lane.update(gradients=[])),
    "unstable numbers": edited(lambda lane: lane.update(unstable={"1": 2})),
}


@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN)
def test_any_other_file_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "b.jsonl"
    path.write_bytes(content)
    with pytest.raises(UsageError) as refused:
        load_baselines(path)
    assert str(path) in refused.value.message
    assert "baselines = " in refused.value.hint


@given(st.binary(max_size=60))
def test_no_bytes_break_the_reader(content: bytes) -> None:
    path = Path(os.environ["LRBENCH_CACHE_DIR"]) / f"fuzz-{os.getpid()}.jsonl"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    with contextlib.suppress(UsageError):
        assert load_baselines(path) == {}


def test_a_folder_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: is a directory"):
        load_baselines(tmp_path)


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(LrbenchError, match="no folder"):
        save_baselines(tmp_path / "none" / "b.jsonl", {"a": entry()})
    assert list(tmp_path.iterdir()) == []


def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real.jsonl").write_text("")
    (tmp_path / "link.jsonl").symlink_to("real.jsonl")
    save_baselines(tmp_path / "link.jsonl", {"a": entry()})
    assert (tmp_path / "link.jsonl").is_symlink()
    assert "a" in load_baselines(tmp_path / "real.jsonl")


def test_a_lane_is_made_of_the_seeds_that_are_gated() -> None:
    rng = np.random.default_rng(1)
    runs = []
    for seed in (3, 5, 8):
        columns = {name: rng.uniform(0.1, 9.0, len(T)) for name in COLUMNS.values()}
        columns["passes"] = np.arange(len(T)) * (1.0 + seed) / 8
        runs.append(made_run(columns=columns, seed=seed))
    runs[2] = cut_at(runs[2], 70, Status.STALLED)
    lane = lane_of(runs, {5: "so"}, 8)
    assert (lane.seeds, lane.unstable) == ((3, 8), {"5": "so"})
    assert lane.statuses == ("completed", "stalled")
    assert lane.gradients == (11 * 4, 10 * 9)
    # The 1-2-5 series up to the last checkpoint that both have, which is 70.
    assert lane.iteration == (0, 1, 2, 5, 10, 20, 50, 70)
    rows = [T.index(t) for t in lane.iteration]
    for name, column in COLUMNS.items():
        mean = (runs[0].trace[column][rows] + runs[2].trace[column][rows]) / 2
        assert lane.means[name] == tuple(float(f"{value:.8g}") for value in mean)
        ends = runs[0].trace[column][11], runs[2].trace[column][10]
        assert lane.ends[name] == tuple(float(f"{value:.8g}") for value in ends)


def test_lanes_stand_in_the_order_of_their_solver_and_lr0(tmp_path: Path) -> None:
    lanes = [
        lane_of([made_run(solver=SolverSpec(name), lr0=lr0)], {}, 8)
        for name, lr0 in (("b", 1.0), ("a", 3.0), ("b", 0.5), ("a", 20.0))
    ]
    save_baselines(tmp_path / "b.jsonl", {"a": Baseline("a", "f", "p", tuple(lanes))})
    (written,) = lines(tmp_path / "b.jsonl")
    order = [(lane["solver"], lane["lr0"]) for lane in written["lanes"]]
    assert order == [("a", 3.0), ("a", 20.0), ("b", 0.5), ("b", 1.0)]


def test_the_first_line_that_is_wrong_is_named(tmp_path: Path) -> None:
    path = tmp_path / "b.jsonl"
    save_baselines(path, {name: entry(name) for name in "abc"})
    good = path.read_text("utf-8").splitlines()
    for number in (1, 2, 3):
        texts = [*good[: number - 1], "{", *good[number:]]
        path.write_text("\n".join(texts), encoding="utf-8")
        with pytest.raises(UsageError, match=f"b.jsonl, line {number}: it is not JSON"):
            load_baselines(path)
    path.write_text("\n".join([*good, good[1]]), encoding="utf-8")
    with pytest.raises(UsageError, match="line 4: a second line of the check 'b'"):
        load_baselines(path)


def test_a_lane_without_lr0_is_null_in_the_file(tmp_path: Path) -> None:
    lanes = [replace(entry().lanes[0], lr0=lr0) for lr0 in (0.3, None)]
    save_baselines(tmp_path / "b.jsonl", {"a": Baseline("a", "f", "p", tuple(lanes))})
    assert '"lr0": null' in (tmp_path / "b.jsonl").read_text()
    loaded = load_baselines(tmp_path / "b.jsonl")["a"]
    assert [lane.lr0 for lane in loaded.lanes] == [None, 0.3]
