from __future__ import annotations

import signal

import pytest

from lrbench.engine import control
from lrbench.engine.control import Control, TimeIsUp
from lrbench.errors import Terminated


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_before_the_next_step(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with Control() as c:
        c.keep_results()
        assert not c(0)
        signal.raise_signal(number)
        assert c(1)
        assert c.signal == number
        assert c.stopped
    assert signal.getsignal(number) is before


def test_a_second_ctrl_c_breaks_off() -> None:
    with Control() as c:
        c.keep_results()
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize(
    ("number", "raised"),
    [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated), (signal.SIGHUP, Terminated)],
)
def test_before_there_is_a_result_a_signal_breaks_off(
    number: signal.Signals, raised: type[BaseException]
) -> None:
    with Control(), pytest.raises(raised):
        signal.raise_signal(number)


def test_a_signal_that_the_caller_ignores_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        with Control() as c:
            signal.raise_signal(signal.SIGHUP)
            assert c.signal is None
    finally:
        signal.signal(signal.SIGHUP, before)


def test_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    c = Control(timeout=5.0)
    assert not c(0)
    now[0] = 104.9
    assert not c(1)
    now[0] = 105.0
    assert c(2)
    assert c.timed_out
    assert c.signal is None


def test_progress_is_shown_with_the_steps_of_finished_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    now, shown = [0.0], []
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    c = Control(show=lambda *args: shown.append(args))
    c.total = 20
    c.phase("first")
    now[0] = 1.0
    c(3)
    c(4)  # within a tenth of a second of the last: not shown
    c.finished(10)
    now[0] = 2.0
    c(5)
    assert shown == [("first", 0, 20), ("first", 3, 20), ("first", 15, 20)]


def endless() -> None:
    while True:
        pass


def test_the_time_is_up_where_nothing_asks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "LEAST_SECONDS", 0.01)
    before = signal.getsignal(signal.SIGALRM)
    c = Control(timeout=0.01)
    with pytest.raises(TimeIsUp), c.time_limited():
        endless()
    assert c.timed_out
    assert c.stopped
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_time_that_is_up_as_the_timer_is_stopped_leaves_no_handler(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before, arm = signal.getsignal(signal.SIGALRM), signal.setitimer

    def late(timer: int, seconds: float) -> None:
        if not seconds:
            signal.raise_signal(signal.SIGALRM)
        arm(timer, seconds)

    monkeypatch.setattr(signal, "setitimer", late)
    try:
        with pytest.raises(TimeIsUp), Control(100.0).time_limited():
            pass
        assert signal.getsignal(signal.SIGALRM) is before
    finally:
        arm(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def test_without_a_limit_no_alarm_is_set() -> None:
    with Control().time_limited():
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_overtime_counts_from_the_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    c = Control(timeout=5.0)
    now[0] = 106.0
    assert c.overtime == 0.0
    c(0)
    now[0] = 108.0
    c(1)
    assert c.overtime == 2.0
