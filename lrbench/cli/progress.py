"""Progress on stderr, for what takes longer than a second."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PATIENCE_SECONDS = 1.0


class ProgressBar(AbstractContextManager["ProgressBar"]):
    """A bar that appears after a second, whatever is being done then, and goes away at the end.

    Parameters
    ----------
    enabled
        False for never.
    """

    def __init__(self, enabled: bool) -> None:
        self._timer = threading.Timer(PATIENCE_SECONDS, self._appear) if enabled else None
        self._lock = threading.Lock()
        self._now = ("", 0, 0)
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __call__(self, label: str, done: int, total: int) -> None:
        """Show how far the work has come; `total` 0 is unknown."""
        with self._lock:
            self._now = (label, done, total)
            self._update()

    def _appear(self) -> None:
        from rich.console import Console
        from rich.progress import Progress

        with self._lock:
            self._bar = Progress(console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task("")
            self._update()
            self._bar.start()

    def _update(self) -> None:
        if self._bar is not None and self._task is not None:
            label, done, total = self._now
            self._bar.update(self._task, description=label, completed=done, total=total or None)

    def close(self) -> None:
        """Take the bar away, for good."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()
        if self._bar is not None:
            self._bar.stop()

    def __enter__(self) -> ProgressBar:
        if self._timer is not None:
            self._timer.daemon = True
            self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
