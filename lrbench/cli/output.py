"""Where a report goes, and in which form."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from lrbench.reports import REPORTS

if TYPE_CHECKING:
    from lrbench.results import Result

COLOR = {"auto": None, "always": True, "never": False}


def choose_report(name: str | None, color: str) -> Callable[[Result], None]:
    """Return the function that writes a result to stdout; by default as stdout can show it.

    Parameters
    ----------
    name
        Of a format; None: a table on a terminal, plain text elsewhere.
    color
        ``"auto"`` (NO_COLOR and TERM decide), ``"always"`` or ``"never"``.
    """
    if name is None:
        name = "table" if sys.stdout.isatty() else "plain"
    write = REPORTS.get(name)
    return lambda result: write(result, sys.stdout, COLOR[color])
