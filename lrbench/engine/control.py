"""When to stop, on Ctrl-C, SIGTERM or a timeout; and the progress of the command."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType, TracebackType
from typing import Any

from lrbench.errors import Terminated

TICK_SECONDS = 0.1
"""The least time between two reports of progress."""

STOPPING = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
"""The signals that stop a command: from the keyboard, from a manager of jobs, from a terminal that
is closed."""


LEAST_SECONDS = 1.0
"""The time that certification has at least: without an optimum a command has nothing to show."""

AGAIN_SECONDS = 5.0
"""The interval at which it is said again that the time is up, which a finaliser may have ignored.
"""

SOON_SECONDS = 1e-6
"""The time after which the timer of a caller rings whose time was up within a block."""

LONGEST_SECONDS = 1e9
"""The longest time for which a timer of the system is set, in all versions of which this fits."""


class TimeIsUp(BaseException):
    """The time was up where nothing asks for it; this is no `Exception`, as `KeyboardInterrupt`."""


class Control(AbstractContextManager["Control"]):
    """The command's stop signals, its time limit and its progress.

    It is called before every step and returns whether to stop. Inside its ``with`` block, and after
    `keep_results`, the first Ctrl-C or SIGTERM only sets `signal`, so that finished runs can still
    be written. A second Ctrl-C, or any signal before `keep_results`, stops the command at once.
    SIGHUP is handled as SIGTERM is. One of these two that is ignored, as under ``nohup``, stays so.
    Outside the main thread no signal handler is installed.

    Parameters
    ----------
    timeout
        Seconds from now; None for no limit.
    show
        Called with (label, steps done, steps in all) every tenth of a second and when the label
        changes; None for no progress.
    when_ready
        Called once before the first run, when all problems are read and certified.
    """

    def __init__(
        self,
        timeout: float | None = None,
        show: Callable[[str, int, int], None] | None = None,
        when_ready: Callable[[], None] = lambda: None,
    ) -> None:
        self._when_ready = when_ready
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self._show = show
        self._last_shown = 0.0
        self._previous: dict[int, Any] = {}
        self._done = 0
        self._label = ""
        self._keeping = False
        self.total = 0
        """Steps in all, for the progress."""
        self.signal: int | None = None
        """The signal that came, if any."""
        self.timed_out = False
        self._stopped_at = 0.0
        self.announce: Callable[[], None] = lambda: None
        """Called when a signal stops the command, to stop workers in other processes."""

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the time is up, None without a limit."""
        return None if self._deadline is None else self._deadline - time.monotonic()

    @property
    def stopped(self) -> bool:
        """Whether a signal came or the time is up."""
        return self.signal is not None or self.timed_out

    @property
    def overtime(self) -> float:
        """Seconds since the command was stopped; 0 if it was not."""
        return time.monotonic() - self._stopped_at if self.stopped else 0.0

    def __call__(self, t: int) -> bool:
        """Return whether to stop before step `t` of the present run."""
        if self._deadline is not None or self._show is not None:
            now = time.monotonic()
            if self._deadline is not None and now >= self._deadline and not self.timed_out:
                self.timed_out, self._stopped_at = True, now
            if self._show is not None and now - self._last_shown >= TICK_SECONDS:
                self._last_shown = now
                self._show(self._label, self._done + t, self.total)
        return self.stopped

    def limit(self, timeout: float | None) -> None:
        """Set a new time limit, in seconds from now; None for no limit."""
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self.timed_out = False

    @contextmanager
    def time_limited(self) -> Iterator[None]:
        """Raise `TimeIsUp` in the block when the time is up, wherever the block is.

        A block that asks this object needs no such limit; the certification of an optimum is no
        loop that could ask. Outside the main thread there is no limit, nor where the system has no
        timers. The process has one timer: where the caller has set it, as plugins of pytest do, it
        goes on after the block, and there is no limit if its time is up first.
        """
        left = self.seconds_left
        in_main_thread = threading.current_thread() is threading.main_thread()
        if left is None or not in_main_thread or not hasattr(signal, "setitimer"):
            yield
            return
        seconds = min(max(left, LEAST_SECONDS), LONGEST_SECONDS)
        others, interval = signal.getitimer(signal.ITIMER_REAL)
        # A handler that is None was not installed by Python, which therefore cannot restore it.
        if 0.0 < others <= seconds or signal.getsignal(signal.SIGALRM) is None:
            yield
            return

        def ring(number: int, frame: FrameType | None) -> None:
            self.timed_out, self._stopped_at = True, time.monotonic()
            raise TimeIsUp

        began = time.monotonic()
        before = signal.signal(signal.SIGALRM, ring)
        try:
            try:
                signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN_SECONDS)
                yield
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0.0)
        finally:  # also where the time is up just before the timer is stopped
            signal.signal(signal.SIGALRM, before)
            if others:
                rest = others - (time.monotonic() - began)
                signal.setitimer(signal.ITIMER_REAL, max(rest, SOON_SECONDS), interval)

    def keep_results(self) -> None:
        """Let a signal from now on stop the command before the next step instead of at once."""
        self._keeping = True
        self._when_ready()

    def phase(self, label: str) -> None:
        """Set the label of the progress."""
        self._label = label
        if self._show is not None:
            self._show(label, self._done, self.total)

    def finished(self, steps: int) -> None:
        """Add the steps of a run that is over to the progress."""
        self._done += steps

    def __enter__(self) -> Control:
        # Python allows signal handlers in the main thread only.
        if threading.current_thread() is threading.main_thread():
            for number in STOPPING:
                if number != signal.SIGINT and signal.getsignal(number) is signal.SIG_IGN:
                    continue  # `nohup` ignores SIGHUP
                self._previous[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous.clear()

    def _note(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and (self.signal is not None or not self._keeping):
            raise KeyboardInterrupt
        if not self._keeping:
            raise Terminated(number)
        self.signal, self._stopped_at = number, time.monotonic()
        self.announce()
