"""Programs that make their baselines at the same time lose none, whatever their caches are."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import lrbench
from lrbench.cache.lock import locked
from lrbench.cli.check_run import judge_saved, run_checks
from lrbench.errors import LrbenchError
from lrbench.gate.baseline import Baseline, add_baselines, load_baselines, save_baselines
from lrbench.gate.config import load_config

PATIENCE = 60.0
RUN: dict[str, Any] = {"solvers": "gd", "lr0": "0.4/L", "iterations": 11}


def entry(name: str, plan: str = "p") -> Baseline:
    return Baseline(name, "a fingerprint", plan, ())


def in_threads(calls: Sequence[Any]) -> None:
    errors: list[BaseException] = []

    def guarded(call: Any) -> None:
        try:
            call()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    assert errors == []


def test_no_writer_loses_the_entries_of_another(tmp_path: Path) -> None:
    """They read, and replace the file, one after the other; through a link as well."""
    path = tmp_path / "b.jsonl"
    save_baselines(path, {"kept": entry("kept")})
    (tmp_path / "link.jsonl").symlink_to(path)
    together = threading.Barrier(6, timeout=PATIENCE)

    def write(k: int) -> None:
        together.wait()
        for n in range(5):
            name = f"{k}.{n}"
            place = tmp_path / "link.jsonl" if k % 2 else path
            add_baselines(place, {name: entry(name)})

    in_threads([lambda k=k: write(k) for k in range(6)])
    names = {f"{k}.{n}" for k in range(6) for n in range(5)}
    assert load_baselines(path).keys() == names | {"kept"}
    assert {p.name for p in tmp_path.iterdir()} == {"b.jsonl", "link.jsonl"}


def test_a_lock_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    path, order = tmp_path / "file", list[str]()
    held = threading.Event()

    def first() -> None:
        with locked(path):
            held.set()
            order.append("first")
            assert (tmp_path / ".file.lock").exists()
            order.append("first leaves")

    def second() -> None:
        assert held.wait(PATIENCE)
        with locked(path):
            order.append("second")

    in_threads([first, second])
    assert order == ["first", "first leaves", "second"]
    with pytest.raises(KeyError), locked(path):
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_a_lock_that_its_holder_removed_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the opening of the file and its lock another one may have removed it."""
    path, lock = tmp_path / "file", tmp_path / ".file.lock"
    opened: list[int] = []

    def late(*arguments: Any) -> int:
        descriptor: int = opening(*arguments)
        opened.append(descriptor)
        if len(opened) == 1:
            lock.unlink()
        if len(opened) == 2:
            lock.rename(tmp_path / "old")
            lock.write_text("")
        return descriptor

    opening = os.open
    monkeypatch.setattr("lrbench.cache.lock.os.open", late)
    with locked(path):
        assert len(opened) == 3
        assert os.path.samestat(os.fstat(opened[-1]), lock.stat())


def test_a_cache_that_cannot_be_written_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cache").write_text("a file")
    monkeypatch.setenv("LRBENCH_CACHE_DIR", str(tmp_path / "cache"))
    path = tmp_path / "b.jsonl"
    lrbench.check("log-spectrum", baseline=path, update=True, **RUN)
    assert lrbench.check("log-spectrum", baseline=path, **RUN).passed


def test_where_there_are_no_locks_the_error_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", refused)
    path = tmp_path / "b.jsonl"
    with pytest.raises(LrbenchError, match=r"b\.jsonl'? cannot be written: no locks available"):
        lrbench.check("log-spectrum", baseline=path, update=True, **RUN)
    assert not path.exists()


def test_results_that_are_judged_at_once_keep_both_baselines(tmp_path: Path) -> None:
    path = tmp_path / "b.jsonl"
    lrbench.run("log-spectrum", **RUN).save(tmp_path / "r.json")
    saves = [
        judge_saved(
            [str(tmp_path / "r.json")],
            save_baseline=True,
            expect=[],
            baseline=path,
            name=name,
            quiet=True,
        )[1]
        for name in ("one", "other")
    ]
    for save in saves:
        save()
    assert load_baselines(path).keys() == {"one", "other"}


CHECK = """
[[check]]
name = "NAME"
problem = "log-spectrum"
solver = "gd"
lr0 = "0.4/L"
iterations = 11
baseline = true
"""


def test_checks_that_run_at_once_keep_both_baselines(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text("".join(CHECK.replace("NAME", name) for name in ("one", "other")))
    config = load_config(path)
    saves = [run_checks(config, [n], True, [], 1, quiet=True)[2] for n in ("one", "other")]
    save_baselines(config.baselines, {"third": entry("third")})
    for save in saves:
        save()
    assert load_baselines(config.baselines).keys() == {"one", "other", "third"}
