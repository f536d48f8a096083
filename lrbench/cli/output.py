"""Where a report goes, and in which form."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from lrbench.config.registry import did_you_mean
from lrbench.errors import UsageError, quoted
from lrbench.reports import REPORTS
from lrbench.reports.view import View

if TYPE_CHECKING:
    from lrbench.results import Result

COLOR = {"auto": None, "always": True, "never": False}

WHOLE = ("json", "jsonl")
"""Formats that always hold every column."""


def view_from(options: dict[str, Any], traced: Iterable[str] = ()) -> tuple[str | None, View]:
    """Take the options of `view_options` out of `options`; return the format and the view.

    Parameters
    ----------
    options
        With form, details, columns, timing and color, which are removed.
    traced
        Columns that may be asked for beside those of the solvers that ship.

    Raises
    ------
    UsageError
        For an unknown column.
    """
    form: str | None = options.pop("form")
    text = options.pop("columns")
    columns = None if text is None else _columns(text, form, traced)
    color = COLOR[options.pop("color")]
    return form, View(color, options.pop("details"), columns, options.pop("timing"))


def _columns(text: str, form: str | None, traced: Iterable[str]) -> tuple[str, ...]:
    """Return the columns that a text such as ``lr,b`` names, each once."""
    from lrbench.results import COLUMNS, SUMMED, TESTED
    from lrbench.solvers import SOLVERS

    if form in WHOLE:
        raise UsageError(
            f"--columns does not change the format {form}, which holds every column.",
            "leave --columns out, or give --format csv.",
        )
    known = {*COLUMNS, *TESTED, *SUMMED, *traced}
    for solver in SOLVERS:
        known.update(SOLVERS.get(solver).traced)
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    for name in names:
        if name not in known:
            raise UsageError(
                f"--columns: there is no column {quoted(name)}.", did_you_mean(name, known)
            )
    return names


def choose_report(name: str | None, view: View) -> Callable[[Result], None]:
    """Return the function that writes a result to stdout; by default as stdout can show it.

    Parameters
    ----------
    name
        Of a format; None: a table on a terminal, plain text elsewhere.
    view
        What to show of it.

    Raises
    ------
    UsageError
        For an unknown format.

    Notes
    -----
    What the encoding of stdout cannot say, such as a name in a title, is written as an escape.
    """
    if name is None:
        name = "table" if sys.stdout.isatty() else "plain"
    write = REPORTS.get(name)

    def report(result: Result) -> None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")
        write(result, sys.stdout, view)

    return report
