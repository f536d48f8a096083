"""A call with a time limit leaves the timer of the program that calls it as it was."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

import lrbench
from lrbench.engine import control
from lrbench.engine.control import Control, TimeIsUp

LONG = 1000.0
"""A time in seconds that no test comes to."""


@pytest.fixture
def rung() -> Iterator[list[int]]:
    """Return the list of signals that the handler of the program has got."""
    signals: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, frame: signals.append(number))
    yield signals
    signal.setitimer(signal.ITIMER_REAL, 0.0)
    signal.signal(signal.SIGALRM, before)


def until(rung: list[int]) -> None:
    """Wait in Python code, in which the handlers of signals are called."""
    while not rung:
        pass


def call(timeout: float) -> None:
    lrbench.run("log-spectrum", solvers="gd", lr0="0.3/L", iterations=7, timeout=timeout)


@pytest.mark.parametrize("timeout", [LONG / 2, 2 * LONG])
def test_a_timer_goes_on_after_a_call(timeout: float, rung: list[int]) -> None:
    handler = signal.getsignal(signal.SIGALRM)
    signal.setitimer(signal.ITIMER_REAL, LONG, 3.0)
    call(timeout)
    left, interval = signal.getitimer(signal.ITIMER_REAL)
    assert 0.0 < left < LONG
    assert interval == 3.0
    assert signal.getsignal(signal.SIGALRM) is handler
    assert not rung


def test_the_time_of_a_block_counts(monkeypatch: pytest.MonkeyPatch, rung: list[int]) -> None:
    limit = Control(LONG / 2)
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    signal.setitimer(signal.ITIMER_REAL, LONG)
    limit.limit(LONG / 2)
    with limit.time_limited():
        now[0] = 300.0
    assert LONG - 301.0 < signal.getitimer(signal.ITIMER_REAL)[0] <= LONG - 300.0


def test_a_timer_whose_time_was_up_within_a_block_rings_after_it(
    monkeypatch: pytest.MonkeyPatch, rung: list[int]
) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    signal.setitimer(signal.ITIMER_REAL, LONG)
    with Control(LONG / 2).time_limited():
        now[0] = 2 * LONG
    until(rung)


def test_a_timer_that_comes_first_rings(rung: list[int]) -> None:
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    with Control(LONG).time_limited():
        until(rung)
    assert rung == [signal.SIGALRM]


def test_the_limit_holds_beside_a_later_timer(
    monkeypatch: pytest.MonkeyPatch, rung: list[int]
) -> None:
    monkeypatch.setattr(control, "LEAST_SECONDS", 0.01)
    signal.setitimer(signal.ITIMER_REAL, LONG)
    with pytest.raises(TimeIsUp), Control(0.01).time_limited():
        until([])
    assert signal.getitimer(signal.ITIMER_REAL)[0] > LONG / 2
    assert not rung


def test_where_the_system_has_no_timers_there_is_no_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("setitimer", "getitimer", "SIGALRM", "ITIMER_REAL"):
        monkeypatch.delattr(signal, name)
    call(LONG)
