"""Whatever write of a saved file fails: it is there whole or not at all, and the exit code is 3."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import numpy as np
import pytest
from check_config import set_up
from conftest import Invoke
from disk import room_per_file
from faults import failing, nth

from lrbench.gate.baseline import load_baselines
from lrbench.results import Result

RUN = ("run", "-p", "log-spectrum", "-s", "gd", "-n", "4", "-q")


def valid(path: Path) -> bool:
    """Return whether the file is whole."""
    if path.suffix == ".json":
        return len(Result.load(path).problems[0].runs) == 1
    if path.suffix == ".npz":
        with np.load(path) as weights:
            return "coef" in weights
    return list(load_baselines(path)) == ["first"]


@pytest.mark.parametrize("existing", [False, True], ids=["new", "replaced"])
@pytest.mark.parametrize(
    ("file", "args"),
    [
        ("out.json", (*RUN, "--save", "out.json", "--force")),
        ("out.npz", (*RUN, "--save-weights", "out.npz", "--force")),
        ("lrbench-baselines.jsonl", ("check", "--save-baseline", "-q", "--only", "first")),
    ],
)
def test_a_write_that_fails_leaves_the_old_file_or_none(
    file: str,
    args: tuple[str, ...],
    existing: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    invoke: Invoke,
) -> None:
    set_up(tmp_path, monkeypatch)
    path = tmp_path / file
    invoke(*args)  # whatever it caches is cached from here on
    assert valid(path)
    # A check reads its baselines: those are of other numbers.
    old = path.read_bytes().replace(b'"plan"', b'"plan" ') if "check" in args else b"old"
    args = ("check", "--update-baseline", "first", "-q") if existing and "check" in args else args
    for number in count(1):
        path.unlink(missing_ok=True)
        if existing:
            path.write_bytes(old)
        with failing(nth(number)) as faults:
            outcome = invoke(*args)
        assert {p.name for p in tmp_path.iterdir()} <= {"lrbench.toml", file}
        if not faults.failed:
            break
        assert outcome.code == 3, (number, outcome.err)
        assert outcome.err.startswith("Error: ")
        assert outcome.err.count("\nHint: ") == 1
        assert path.exists() is existing
        if existing:
            assert path.read_bytes() == old
    assert number > 4  # made to see whether it can be; opened, written, flushed, synced, renamed
    assert outcome.code == 0
    assert valid(path)
    assert path.read_bytes() != old


def test_a_disk_with_room_for_a_part_of_the_file_leaves_none(
    tmp_path: Path, invoke: Invoke
) -> None:
    path = tmp_path / "out.json"
    for size in range(0, 1 << 20, 700):
        with room_per_file(size):
            outcome = invoke(*RUN, "--save", str(path))
        if outcome.code == 0:
            break
        assert outcome.code == 3
        assert list(tmp_path.iterdir()) == []
    assert size > 2000
    assert valid(path)
