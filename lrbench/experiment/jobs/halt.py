"""The signal that tells workers in other processes to stop."""

from __future__ import annotations

import os
import time

TICK_SECONDS = 0.1
"""The interval between two checks in a worker."""

_called_off: set[str] = set()
"""Of this process: the tokens of commands whose jobs shall stop."""


def call_off(token: str) -> None:
    """Stop every job in this process whose halt has this token."""
    _called_off.add(token)


class Halt:
    """Whether a job should stop: asked before every step, in the worker.

    It is True when the time is up, and after the command has asked for a stop: by a file where
    workers see the command's files, or by `call_off` where it can call functions in its workers.

    Parameters
    ----------
    seconds
        The time that is left; None for no limit.
    flag
        The path of the file whose appearance stops the job; None without one.
    token
        What `call_off` is called with to stop the job; None without one.
    """

    def __init__(
        self, seconds: float | None, flag: str | None = None, token: str | None = None
    ) -> None:
        self._deadline = None if seconds is None else time.monotonic() + seconds
        self._flag = flag
        self._token = token
        self._next_check = 0.0
        self._stopped = False

    def __call__(self, t: int) -> bool:
        """Return whether to stop before step `t`."""
        now = time.monotonic()
        # A short step takes tens of microseconds: the file system is not asked before every step.
        if now >= self._next_check and not self._stopped:
            self._next_check = now + TICK_SECONDS
            late = self._deadline is not None and now >= self._deadline
            flagged = self._flag is not None and os.path.exists(self._flag)  # noqa: PTH110
            self._stopped = late or flagged or self._token in _called_off
        return self._stopped

    # The clocks of two machines differ, and so do the moments from which monotonic ones count: what
    # travels is the time that is left.
    def __reduce__(self) -> tuple[type[Halt], tuple[float | None, str | None, str | None]]:
        left = None if self._deadline is None else self._deadline - time.monotonic()
        return Halt, (left, self._flag, self._token)
