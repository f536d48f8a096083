"""When to stop: Ctrl-C, SIGTERM, a timeout; and how far the command has come."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import FrameType, TracebackType
from typing import Any

from lrbench.errors import Terminated

TICK_SECONDS = 0.1
"""How often the progress is shown."""


class Control(AbstractContextManager["Control"]):
    """Ask it before every step whether to stop.

    Inside its ``with`` block, once there is something to lose (`keep_results`), the first Ctrl-C or
    SIGTERM is noted, so that what is finished can still be written; a second Ctrl-C, or a signal
    before that, breaks off at once. Signals are left alone outside the main thread.

    Parameters
    ----------
    timeout
        Seconds from now; None for no limit.
    show
        Called with (label, steps done, steps in all) every tenth of a second and when the label
        changes; None for nothing to show.
    when_ready
        Called once when everything is read and certified, before the first run.
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
        self._shown = 0.0
        self._previous: dict[int, Any] = {}
        self._done = 0
        self._label = ""
        self._keeping = False
        self.total = 0
        """Steps in all, for the progress."""
        self.signal: int | None = None
        """The signal that came, if any."""
        self.timed_out = False
        self.announce: Callable[[], None] = lambda: None
        """Called when a signal stops the command: tells workers in other processes."""

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the time is up, None without a limit."""
        return None if self._deadline is None else self._deadline - time.monotonic()

    @property
    def stopped(self) -> bool:
        """Whether a signal came or the time is up."""
        return self.signal is not None or self.timed_out

    def __call__(self, t: int) -> bool:
        """Return whether to stop before step `t` of the present run."""
        if self._deadline is not None or self._show is not None:
            now = time.monotonic()
            if self._deadline is not None and now >= self._deadline:
                self.timed_out = True
            if self._show is not None and now - self._shown >= TICK_SECONDS:
                self._shown = now
                self._show(self._label, self._done + t, self.total)
        return self.stopped

    def limit(self, timeout: float | None) -> None:
        """Give what comes next its own time, in seconds from now; None for no limit."""
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self.timed_out = False

    def keep_results(self) -> None:
        """From now on a signal stops before the next step instead of at once."""
        self._keeping = True
        self._when_ready()

    def phase(self, label: str) -> None:
        """Note what is being done now."""
        self._label = label
        if self._show is not None:
            self._show(label, self._done, self.total)

    def finished(self, steps: int) -> None:
        """Note that a run of `steps` steps is over."""
        self._done += steps

    def __enter__(self) -> Control:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
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
            raise Terminated
        self.signal = number
        self.announce()
