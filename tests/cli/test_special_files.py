"""Devices, sockets, folders and pipes where a command reads a file."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lrbench import load_problem
from lrbench.cache import read_whole

RUN = ["-s", "sgd", "--lr0", "0.5", "-n", "2", "-q"]
CHECK = ["check", "-j", "1", "-q"]

READERS: dict[str, tuple[str, list[str], int]] = {
    "problem file": ("p.toml", ["run", "-p", "./p.toml", *RUN], 2),
    "lrbench.toml": ("lrbench.toml", CHECK, 2),
    "baselines": ("lrbench-baselines.jsonl", CHECK, 2),
    "result": ("r.json", ["show", "r.json"], 2),
    "result of the gate": ("r.json", ["check", "r.json", "--expect", "suboptimality <= 9"], 2),
    "result on stdin": ("r.json", ["show", "-"], 2),
    "store": ("s.sqlite", ["store", "list", "s.sqlite"], 2),
    "store of a sweep": ("s.sqlite", ["sweep", "-p", "log-spectrum", "--store", "s.sqlite"], 2),
    "data": ("a.svm", ["run", "-d", "./a.svm", *RUN], 3),
    "test data": ("a.svm", ["run", "-d", "./b.svm", "--test", "./a.svm", *RUN], 3),
    "iterates": ("w.txt", ["record", "-p", "./p.toml", "--iterates", "w.txt", "-q"], 3),
    "array of iterates": ("w.npy", ["record", "-p", "./p.toml", "--iterates", "w.npy", "-q"], 3),
    "rule": ("rule.py", ["run", "-p", "./p.toml", "-s", "rule.py", *RUN[2:]], 2),
    "record of a set": ("a1a.sha256", ["run", "-d", "a1a", *RUN], 3),
}
"""The file that each reader reads, its command, and the exit code where the file is refused."""

TEXTS = (
    *("problem file", "lrbench.toml", "baselines", "iterates", "array of iterates"),
    *(r for r in READERS if "result" in r),
)
"""The readers that also read pipes: what a shell writes as ``<(...)`` is one."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, invoke: Any) -> Path:
    """Return the working directory, with a good file for every reader."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LRBENCH_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    data = "-1 1:0.5 3:2\n1 2:7 3:-1\n1 1:3 2:0.25\n-1 3:9\n"
    for name in ("a.svm", "b.svm", "a1a"):
        Path(name).write_text(data + f"1 1:{len(name)}\n")
    Path("a1a.sha256").write_text(f"{'0' * 64}  a1a\n")
    Path("p.toml").write_text('loss = "squared"\n[data]\nname = "generated:log-spectrum"\n')
    Path("lrbench.toml").write_text(
        '[[check]]\nname = "a"\nproblem = "./p.toml"\nsolver = "sgd"\nlr0 = 0.5\n'
        "iterations = 3\nbaseline = true\n"
    )
    Path("rule.py").write_text(
        "import lrbench\n@lrbench.rate_rule\ndef rule(lr, grad_norm_sq):\n    return lr, lr\n"
    )
    iterates = np.outer(1.0 - np.arange(3) / 5, load_problem("./p.toml").w0)
    np.savetxt("w.txt", iterates)
    np.save("w.npy", iterates)
    assert invoke(*CHECK, "--save-baseline").code == 0
    assert invoke("run", "-p", "p.toml", *RUN, "--save", "r.json").code == 0
    return tmp_path


def device(name: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(name)


def listening(path: Path) -> None:
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as end:
        end.bind(path.name)  # relative: the address of a socket is short


ENDLESS = ("/dev/zero", "/dev/full", "/dev/urandom")

KINDS: dict[str, Callable[[Path], None]] = {
    **{name: device(name) for name in (*ENDLESS, "/dev/null")},
    "folder": Path.mkdir,
    "socket": listening,
}


def written_to(path: Path, pieces: Any) -> threading.Thread:
    """Make a pipe, and return the started thread that writes to it until nobody reads."""

    def write() -> None:
        with contextlib.suppress(BrokenPipeError), path.open("wb", buffering=0) as out:
            for piece in pieces:
                out.write(piece)

    os.mkfifo(path)
    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    return writer


def outcome_of(reader: str, invoke: Any) -> Any:
    """Return the outcome of the command of a reader, whose file is opened first for stdin."""
    name, words, _ = READERS[reader]
    if reader != "result on stdin":
        return invoke(*words)
    with pytest.MonkeyPatch.context() as patch, Path(name).open(encoding="utf-8") as stdin:
        patch.setattr(sys, "stdin", stdin)
        return invoke(*words)


@pytest.mark.parametrize("reader", READERS)
def test_what_is_no_file_is_refused(reader: str, folder: Path, invoke: Any) -> None:
    name, _, code = READERS[reader]
    for kind, make in KINDS.items():
        if reader == "result on stdin" and kind in ("folder", "socket"):
            continue  # no shell can open them
        if reader == "baselines" and kind == "/dev/null":
            continue  # an empty file of baselines is a good one
        Path(name).unlink(missing_ok=True)
        make(Path(name))
        refused = outcome_of(reader, invoke)
        assert (refused.code, refused.out) == (code, ""), (kind, refused)
        first, second = refused.err.splitlines()
        assert first.startswith("Error: "), kind
        assert second.startswith("Hint: "), kind
        if kind in ENDLESS and reader in (*TEXTS, "record of a set"):
            assert "cannot be read: it is a device, not a file" in first
        if kind == "folder":
            Path(name).rmdir()


@pytest.mark.parametrize("reader", TEXTS)
def test_a_pipe_is_read_to_its_end(
    reader: str, folder: Path, invoke: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, _, code = READERS[reader]
    path, good = Path(name), Path(name).read_bytes()
    plain = outcome_of(reader, invoke)
    assert plain.code == 0
    path.unlink()
    writer = written_to(path, [good[:7], good[7:]])
    assert outcome_of(reader, invoke) == plain
    writer.join()
    path.unlink()
    monkeypatch.setattr(read_whole, "MOST_BYTES", 5 * len(good))
    writer = written_to(path, itertools.repeat(good))
    refused = outcome_of(reader, invoke)
    writer.join()
    assert (refused.code, refused.out) == (code, "")
    assert "cannot be read: it is a pipe with more than" in refused.err
    assert len(refused.err.splitlines()) == 2


@pytest.mark.parametrize("reader", ["store", "store of a sweep", "data", "test data", "rule"])
def test_a_pipe_that_would_be_read_twice_is_refused(reader: str, folder: Path, invoke: Any) -> None:
    name, _, code = READERS[reader]
    Path(name).unlink(missing_ok=True)
    os.mkfifo(name)  # without a writer: it must not be opened
    refused = outcome_of(reader, invoke)
    assert (refused.code, refused.out) == (code, "")
    assert "is not a regular file" in refused.err.splitlines()[0]
