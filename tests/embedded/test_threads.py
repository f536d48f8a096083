"""Calls from several threads leave the state of the process as it was, and have their own."""

from __future__ import annotations

import builtins
import logging
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import pytest

import lrbench
from lrbench.config.prints import prints_to_stderr
from lrbench.config.process import blas_threads, ignored_warnings, one_torch_thread
from lrbench.experiment.jobs import processes
from lrbench.experiment.jobs.connection import quiet_loggers
from lrbench.plugins.modules import module_of_text

PATIENCE = 60.0
"""Seconds after which a thread that waits for another one makes the test fail."""


def in_thread(call: Callable[[], object]) -> Callable[[], None]:
    """Call this in another thread; return the function that waits for it and raises its error."""
    errors: list[BaseException] = []

    def guarded() -> None:
        try:
            call()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=guarded, daemon=True)
    thread.start()

    def join() -> None:
        thread.join(PATIENCE)
        assert not thread.is_alive()
        for error in errors:
            raise error

    return join


def overlapping(block: Callable[[], AbstractContextManager[Any]]) -> None:
    """Enter a block here, another one in a second thread, and leave the first one first."""
    entered, left = threading.Event(), threading.Event()

    def second() -> None:
        with block():
            entered.set()
            assert left.wait(PATIENCE)

    with block():
        join = in_thread(second)
        assert entered.wait(PATIENCE)
    left.set()
    join()


def blas() -> set[int]:
    """Return the numbers of threads of every BLAS that is loaded."""
    from threadpoolctl import threadpool_info

    return {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}


def filters() -> list[Any]:
    return list(warnings.filters)


def safe_path() -> str | None:
    return os.environ.get(processes.SAFE_PATH)


def disabled() -> list[bool]:
    return [logging.getLogger(name).disabled for name in ("distributed", "distributed.core")]


BLOCKS: dict[str, tuple[Callable[[], AbstractContextManager[Any]], Callable[[], Any]]] = {
    "stdout": (prints_to_stderr, lambda: sys.stdout),
    "BLAS threads": (lambda: blas_threads(1), blas),
    "warnings": (lambda: ignored_warnings(RuntimeWarning, message="over"), filters),
    "environment": (processes._safe_path, safe_path),
}


@pytest.fixture
def two_blas_threads() -> Iterator[None]:
    from threadpoolctl import threadpool_limits

    (before,) = blas() or {1}
    # In a thread of its own, as the one that sets a number may be the only one that can.
    in_thread(lambda: threadpool_limits(2, "blas"))()
    yield
    in_thread(lambda: threadpool_limits(before, "blas"))()


@pytest.mark.usefixtures("two_blas_threads")
@pytest.mark.parametrize("state", BLOCKS)
def test_what_a_block_changes_is_restored_by_the_last_thread(state: str) -> None:
    block, look = BLOCKS[state]
    before = look()
    overlapping(block)
    after = look()
    assert after is before if state == "stdout" else after == before
    with block():
        assert look() != before


def test_loggers_are_restored_by_the_last_thread() -> None:
    pytest.importorskip("distributed")
    before = disabled()
    overlapping(quiet_loggers)
    assert disabled() == before


def test_torch_uses_its_threads_again() -> None:
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        together = threading.Barrier(3, timeout=PATIENCE)

        def compute() -> None:
            together.wait()
            for _ in range(200):
                with one_torch_thread(torch):
                    assert torch.get_num_threads() == 1
                    torch.ones(50, 50) @ torch.ones(50, 50)
                assert torch.get_num_threads() == 2

        for join in [in_thread(compute) for _ in range(3)]:
            join()
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@pytest.mark.usefixtures("two_blas_threads")
def test_other_numbers_of_blas_threads_wait() -> None:
    order: list[str] = []
    entered, leave = threading.Event(), threading.Event()

    def first() -> None:
        with blas_threads(1):
            with blas_threads(3):  # a thread may change its own number
                assert blas() == {3}
            assert blas() == {1}
            entered.set()
            assert leave.wait(PATIENCE)
            assert blas() == {1}
            order.append("first leaves")

    def second() -> None:
        with blas_threads(3):
            order.append("second enters")
            assert blas() == {3}

    join = in_thread(first)
    assert entered.wait(PATIENCE)
    join_second = in_thread(second)
    with blas_threads(1):  # the number that is in force
        assert blas() == {1}
    leave.set()
    join()
    join_second()
    assert order == ["first leaves", "second enters"]
    assert blas() == {2}


@pytest.mark.usefixtures("two_blas_threads")
def test_a_thread_that_waits_within_a_block_lets_others_in() -> None:
    both = threading.Barrier(2, timeout=PATIENCE)

    def nested() -> None:
        with blas_threads(3):
            both.wait()
            with blas_threads(1):  # each would wait for the other one to leave its outer block
                assert blas() == {1}
            assert blas() == {3}

    join = in_thread(nested)
    nested()
    join()
    assert blas() == {2}


@pytest.mark.usefixtures("two_blas_threads")
def test_runs_in_threads(capsys: pytest.CaptureFixture[str]) -> None:
    """Each run has its numbers, and what is printed beside them stays where it is printed."""
    stepping, printed = threading.Event(), threading.Event()

    class Loud(lrbench.Solver):
        def init(self, W: Any, lr0: Any, facts: Any) -> Any:
            return lr0

        def step(self, W: Any, lr: Any, oracle: Any) -> lrbench.Step:
            print("of a step")  # noqa: T201
            stepping.set()
            assert printed.wait(PATIENCE)
            return lrbench.Step(oracle.descend(W, lr, oracle.gradient(W)), lr, lr)

    def run(steps: int, solver: Any = "gd", threads: int = 1) -> Any:
        common: dict[str, Any] = {"lr0": "0.7/L", "iterations": steps, "threads": threads}
        return lrbench.run("log-spectrum", solvers=[solver], **common)

    alone = {n: run(n).problems[0].runs[0].trace["objective"] for n in (7, 12, 31)}
    stdout = sys.stdout
    join = in_thread(lambda: run(5, Loud()))
    assert stepping.wait(PATIENCE)
    print("beside a step")  # noqa: T201
    printed.set()

    def repeat(n: int) -> None:
        for threads in (1, 2, 1):
            trace = run(n, threads=threads).problems[0].runs[0].trace
            assert trace["objective"].tobytes() == alone[n].tobytes()

    joins = [in_thread(partial(repeat, n)) for n in alone]
    for wait in (join, *joins):
        wait()
    assert blas() == {2}
    assert sys.stdout is stdout
    out, err = capsys.readouterr()
    assert out == "beside a step\n"
    assert err == "of a step\n" * 5


def test_a_stream_that_a_thread_leaves_behind_prints_to_stdout(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with prints_to_stderr():
        kept = sys.stdout
        kept.write("within\n")
    kept.write("after\n")
    before = sys.stdout
    try:
        sys.stdout = kept  # as `redirect_stdout` of another thread puts back what it has met
        with prints_to_stderr():
            print("within")  # noqa: T201
        assert sys.stdout is before
    finally:
        sys.stdout = before
    assert capsys.readouterr() == ("after\n", "within\nwithin\n")


def test_a_module_is_complete_in_every_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "STARTED.set()\nassert GO.wait(60.0)\nEND = 3\n"
    started, go = threading.Event(), threading.Event()
    seen: list[int] = []

    def load() -> None:
        seen.append(module_of_text(text, "slow.py").END)

    monkeypatch.setattr(builtins, "STARTED", started, raising=False)
    monkeypatch.setattr(builtins, "GO", go, raising=False)
    joins = [in_thread(load)]
    assert started.wait(PATIENCE)
    joins.append(in_thread(load))
    go.set()
    for join in joins:
        join()
    assert seen == [3, 3]
