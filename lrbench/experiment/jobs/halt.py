"""How a worker in another process hears that it should stop."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

TICK_SECONDS = 0.1
"""How often a worker looks."""

_called_off: set[str] = set()


def call_off(word: str) -> None:
    """Stop, in this process, every job whose halt has this word."""
    _called_off.add(word)


@dataclass
class Halt:
    """Asked before every step; True from the deadline on, or once the command says so.

    Parameters
    ----------
    deadline
        Seconds since the epoch; None for no limit.
    flag
        A file whose appearance says so, where workers see the command's files.
    word
        What `call_off` says so with, where the command can call functions in its workers.
    """

    deadline: float | None = None
    flag: str | None = None
    word: str | None = None
    _look_at: float = 0.0
    _stopped: bool = False

    def __call__(self, t: int) -> bool:
        """Return whether to stop before step `t`."""
        now = time.monotonic()
        if now >= self._look_at and not self._stopped:
            self._look_at = now + TICK_SECONDS
            late = self.deadline is not None and time.time() >= self.deadline
            flagged = self.flag is not None and os.path.exists(self.flag)  # noqa: PTH110
            self._stopped = late or flagged or self.word in _called_off
        return self._stopped


def deadline_in(seconds: float | None) -> float | None:
    """Return the deadline that is so many seconds from now."""
    return None if seconds is None else time.time() + seconds
