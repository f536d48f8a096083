"""The progress bar on stderr of commands that take longer than a second."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PATIENCE_SECONDS = 1.0


class ProgressBar(AbstractContextManager["ProgressBar"]):
    """A progress bar that appears after a second and is erased at the end.

    Parameters
    ----------
    enabled
        Whether the bar may appear.
    """

    def __init__(self, enabled: bool) -> None:
        # A thread, because the first second may pass in one long call that reports no progress.
        self._timer = threading.Timer(PATIENCE_SECONDS, self._appear) if enabled else None
        self._lock = threading.Lock()  # the timer's thread and the command both draw the bar
        self._now = ("", 0, 0)
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __call__(self, label: str, done: int, total: int) -> None:
        """Show that `done` of `total` steps are done; a `total` of 0 stands for unknown."""
        with self._lock:
            self._now = (label, done, total)
            self._update()

    def _appear(self) -> None:
        # Imported here, so that a command of less than a second does not pay for it.
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
        """Erase the bar; it does not appear again."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()  # the bar may be about to appear: then it must be stopped below
        if self._bar is not None:
            self._bar.stop()

    def __enter__(self) -> ProgressBar:
        if self._timer is not None:
            self._timer.daemon = True  # so that no timer keeps an interrupted command alive
            self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
