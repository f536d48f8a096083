"""Which executor the options ask for, and which options make no sense."""

from __future__ import annotations

import importlib.util
import sys

import pytest

from lrbench.errors import UsageError
from lrbench.experiment.jobs import choose
from lrbench.experiment.jobs.base import Serial, first_line
from lrbench.experiment.jobs.processes import Processes


def test_the_number_of_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LRBENCH_JOBS", raising=False)
    assert isinstance(choose(None), Serial)
    assert isinstance(choose(1, default=0), Serial)
    chosen = choose(3)
    assert isinstance(chosen, Processes)
    assert chosen.workers == 3
    monkeypatch.setenv("LRBENCH_JOBS", "5")
    assert choose(None).workers == 5
    assert choose(2).workers == 2


def test_a_system_without_worker_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LRBENCH_JOBS", raising=False)
    monkeypatch.setattr(sys.modules[choose.__module__], "POSIX", False)
    for name in ("processes", "scratch"):
        monkeypatch.delitem(sys.modules, f"lrbench.experiment.jobs.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "fcntl", None)  # as on Windows, which has no such module
    assert isinstance(choose(None, default=0), Serial)
    assert isinstance(choose(1), Serial)
    for jobs, variable in ((3, ""), (None, "3")):
        monkeypatch.setenv("LRBENCH_JOBS", variable)
        with pytest.raises(UsageError, match=r"^3 worker processes need a POSIX system") as caught:
            choose(jobs, default=0)
        assert caught.value.hint == "give --jobs 1."


@pytest.mark.parametrize("text", ["0", "-1", "two", "1e3", "99999999999", "1.5", "²"])
def test_a_wrong_environment_is_said(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LRBENCH_JOBS", text)
    with pytest.raises(UsageError, match="LRBENCH_JOBS"):
        choose(None)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((0,), "--jobs 0"),
        ((-3,), "--jobs -3"),
        ((10**9,), "--jobs 1000000000"),
        ((None, "dask"), "address of a scheduler"),
        ((2, "dask", "tcp://127.0.0.1:1"), "--jobs has no meaning"),
        ((None, "loky", "tcp://127.0.0.1:1"), "--scheduler has no meaning"),
        ((None, "slurm"), "'slurm' is not known"),
        ((None, "dask", "foo://x"), "'foo://x' is not the address"),
        ((None, "dask", "127.0.0.1"), "is not the address"),
    ],
)
def test_options_that_make_no_sense(options: tuple[object, ...], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        choose(*options)  # type: ignore[arg-type]


def test_dask_that_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="Dask, which is not installed") as caught:
        choose(None, "dask", "tcp://127.0.0.1:1")
    assert "dask[distributed]" in caught.value.hint


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("one\ntwo"), "one"),
        (MemoryError(), "MemoryError"),
        (OSError("\n "), "OSError"),
        ("lost", "lost"),
    ],
)
def test_an_error_is_said_in_one_line_even_if_it_says_nothing(error: object, line: str) -> None:
    assert first_line(error) == line
