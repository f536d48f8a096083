"""Progress on stderr, for what takes longer than a second."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PATIENCE_SECONDS = 1.0


class ProgressBar(AbstractContextManager["ProgressBar"]):
    """A bar that appears after a second and goes away at the end.

    Parameters
    ----------
    enabled
        False for never.
    """

    def __init__(self, enabled: bool) -> None:
        self._enabled = enabled
        self._since = time.monotonic()
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __call__(self, label: str, done: int, total: int) -> None:
        """Show how far the work has come; `total` 0 is unknown."""
        if not self._enabled or time.monotonic() - self._since < PATIENCE_SECONDS:
            return
        if self._bar is None or self._task is None:
            from rich.console import Console
            from rich.progress import Progress

            self._bar = Progress(console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task(label)
            self._bar.start()
        self._bar.update(self._task, description=label, completed=done, total=total or None)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
