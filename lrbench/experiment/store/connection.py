"""The connection to a store, which says that it waits for another command."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

PATIENCE_SECONDS = 2.0
"""The time to wait for another command in silence."""

BUSY_SECONDS = 60.0
"""The time to wait for another command in all."""


class WaitingConnection(sqlite3.Connection):
    """A connection that says once that it waits for another command, and goes on waiting."""

    on_wait: Callable[[], None] | None = None
    """Called before the longer wait; None where that has begun, or nobody wants to know."""

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        """Execute a statement, a second time where the store was in use for the short wait."""
        try:
            return super().execute(*arguments)
        except sqlite3.OperationalError as error:
            if self.on_wait is None or not is_busy(error):
                raise
            on_wait, self.on_wait = self.on_wait, None
            on_wait()
            # From now on every statement waits for the longer time. One that would wait for
            # itself is refused by SQLite at once, this time as the first.
            super().execute(f"PRAGMA busy_timeout = {round(1e3 * BUSY_SECONDS)}")
            return super().execute(*arguments)


def is_busy(error: Exception) -> bool:
    """Return whether an error of SQLite is that another command uses the store."""
    return getattr(error, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
