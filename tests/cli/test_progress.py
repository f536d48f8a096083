from __future__ import annotations

import threading
from typing import Any

import pytest

from lrbench.cli import progress
from lrbench.cli.progress import ProgressBar


class ByHand:
    """A timer whose time is up when the test says so."""

    made: list[ByHand]

    def __init__(self, seconds: float, function: Any) -> None:
        assert seconds == progress.PATIENCE_SECONDS
        self.function, self.daemon, self.running = function, False, False
        ByHand.made.append(self)

    def start(self) -> None:
        self.running = True

    def cancel(self) -> None:
        self.running = False

    def join(self) -> None:
        assert not self.running


@pytest.fixture
def timers(monkeypatch: pytest.MonkeyPatch) -> list[ByHand]:
    ByHand.made = []
    monkeypatch.setattr(threading, "Timer", ByHand)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")
    return ByHand.made


def test_nothing_is_shown_before_a_second(
    timers: list[ByHand], capsys: pytest.CaptureFixture[str]
) -> None:
    with ProgressBar(enabled=True) as bar:
        bar("reading", 0, 0)
        assert [t.running for t in timers] == [True]
    assert [t.running for t in timers] == [False]
    assert capsys.readouterr().err == ""


def test_what_is_being_done_appears_after_it(
    timers: list[ByHand], capsys: pytest.CaptureFixture[str]
) -> None:
    with ProgressBar(enabled=True) as bar:
        bar("certifying the optimum of logreg", 0, 0)
        timers[0].function()
        bar("logreg: sgd, seed 0", 5, 10)
    out, err = capsys.readouterr()
    assert out == ""
    assert "certifying" in err
    assert "logreg: sgd" in err
    assert "50%" in err


def test_disabled(timers: list[ByHand]) -> None:
    with ProgressBar(enabled=False) as bar:
        bar("reading", 0, 0)
    assert timers == []
