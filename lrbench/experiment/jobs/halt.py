"""The signal that tells workers in other processes to stop."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

TICK_SECONDS = 0.1
"""The interval between two checks in a worker."""

_called_off: set[str] = set()
"""Of this process: the tokens of commands whose jobs shall stop."""


def call_off(token: str) -> None:
    """Stop every job in this process whose halt has this token."""
    _called_off.add(token)


@dataclass
class Halt:
    """Whether a job should stop: asked before every step, in the worker.

    It is True from the deadline on, and after the command has asked for a stop: by a file where
    workers see the command's files, or by `call_off` where it can call functions in its workers.

    Parameters
    ----------
    deadline
        Seconds since the epoch; None for no limit.
    flag
        The path of the file whose appearance stops the job; None without one.
    token
        What `call_off` is called with to stop the job; None without one.
    """

    deadline: float | None = None
    flag: str | None = None
    token: str | None = None
    _next_check: float = 0.0
    _stopped: bool = False

    def __call__(self, t: int) -> bool:
        """Return whether to stop before step `t`."""
        now = time.monotonic()
        # A short step takes tens of microseconds: the file system is not asked before every step.
        if now >= self._next_check and not self._stopped:
            self._next_check = now + TICK_SECONDS
            late = self.deadline is not None and time.time() >= self.deadline
            flagged = self.flag is not None and os.path.exists(self.flag)  # noqa: PTH110
            self._stopped = late or flagged or self.token in _called_off
        return self._stopped


def deadline_in(seconds: float | None) -> float | None:
    """Return the deadline that is so many seconds from now; None for no limit."""
    # The wall clock, because the monotonic clock of another machine counts from another moment.
    return None if seconds is None else time.time() + seconds
