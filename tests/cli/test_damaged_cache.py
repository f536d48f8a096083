"""Whatever happens to a file of the cache, a command ends as with an empty one."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from cached_run import TEXTS, constants
from damage import DAMAGES, Damage, a_folder


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("damage", [*dict.fromkeys(DAMAGES), a_folder])
def test_every_kind_of_file(
    name: str,
    damage: Damage,
    own_cache: Path,
    tmp_path: Path,
    invoke: Any,
) -> None:
    data, rng = tmp_path / name, random.Random(f"{name} {damage.__name__}")
    data.write_text(TEXTS[name])
    right = constants(invoke, data)
    assert {p.suffix for p in own_cache.rglob("*") if p.is_file()} == {".npy", ".json", ".npz"}
    whole = tmp_path / "whole"
    shutil.copytree(own_cache, whole)
    for path in sorted(p for p in own_cache.rglob("*") if p.is_file()):
        for _ in range(DAMAGES.count(damage) or 1):
            times = path.stat().st_atime_ns, path.stat().st_mtime_ns
            damage(path, rng)
            if path.exists():
                os.utime(path, ns=times)
            assert constants(invoke, data) == right, path
            shutil.rmtree(own_cache)
            shutil.copytree(whole, own_cache)


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("how", ["written", "moved", "copied"])
def test_a_changed_data_file_of_the_same_size_and_time_is_read(
    how: str,
    large: bool,
    own_cache: Path,
    tmp_path: Path,
    invoke: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if large:
        monkeypatch.setattr("lrbench.cache.file_state.LARGE", 0)
        monkeypatch.setattr("lrbench.cache.file_state.RECENT_NS", -(10**12))
    data, new = tmp_path / "a.svm", tmp_path / "new.svm"
    data.write_text(TEXTS["dense.svm"])
    os.utime(data, (1577836800, 1577836800))
    old = [constants(invoke, data) for _ in range(2)]
    new.write_text(TEXTS["dense.svm"].replace(" 1:7 ", " 1:9 "))
    os.utime(new, (1577836800, 1577836800))
    right = constants(invoke, new)
    if how == "written":
        data.write_bytes(new.read_bytes())
        os.utime(data, (1577836800, 1577836800))
    elif how == "moved":
        new.replace(data)
    else:
        shutil.copy2(new, data)
    assert data.stat().st_size == len(TEXTS["dense.svm"])
    changed = constants(invoke, data)
    assert old[0] == old[1]
    assert changed == right != old[0]
