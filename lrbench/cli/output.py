"""The functions that write results and pages to stdout in the requested form."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from lrbench.config.registry import did_you_mean
from lrbench.errors import UsageError, quoted
from lrbench.reports import REPORTS
from lrbench.reports.view import View

if TYPE_CHECKING:
    from lrbench.reports.blocks import Block
    from lrbench.results import Result

COLOR = {"auto": None, "always": True, "never": False}
"""What `--color` means to a report; None leaves the choice to the terminal."""

COMPLETE_FORMATS = ("json", "jsonl")
"""The formats that always hold every column."""


def view_from(
    options: dict[str, Any], traced: Iterable[str] = (), *, saved: bool = False
) -> tuple[str | None, View]:
    """Take the options of `view_options` out of `options`; return the format and the view.

    Parameters
    ----------
    options
        The options by name. Those called form, details, theory, columns, table, traces, timing
        and color are removed.
    traced
        Columns that may be requested beside those of the solvers that ship.
    saved
        Whether the result is also written to a file of JSON.

    Raises
    ------
    UsageError
        For an unknown column, and a table or traces of a format that has none.
    """
    form: str | None = options.pop("form")
    text = options.pop("columns")
    columns = None if text is None else _columns(text, form, traced)
    color = COLOR[options.pop("color")]
    table = options.pop("table")
    if table is not None and form != "csv":
        raise UsageError(
            "--table chooses what --format csv holds, and the format is another one.",
            "leave --table out, or give --format csv.",
        )
    if table not in (None, "trace") and columns is not None:
        raise UsageError(
            f"--columns are those of the trace, and --table is {table}.",
            "leave one of them out.",
        )
    traces = options.pop("traces")
    if traces != "all" and form not in COMPLETE_FORMATS and not saved:
        raise UsageError(
            "--traces chooses what JSON holds of the traces, and no JSON is written.",
            "leave --traces out, or give --format json.",
        )
    details, timing, theory = (options.pop(name) for name in ("details", "timing", "theory"))
    view = View(color, details, columns, timing, theory=theory, table=table or "trace")
    return form, replace(view, traces=traces)


def _columns(text: str, form: str | None, traced: Iterable[str]) -> tuple[str, ...]:
    """Return the columns that a text such as ``lr,b`` names, without repetitions."""
    from lrbench.results import COLUMNS, METERED, NORMALISED, OUTPUT, SUMMED, TESTED
    from lrbench.solvers import SOLVERS

    if form in COMPLETE_FORMATS:
        raise UsageError(
            f"--columns does not change the format {form}, which holds every column.",
            "leave --columns out, or give --format csv.",
        )
    allowed = {*COLUMNS, *METERED, *OUTPUT, *TESTED, *NORMALISED, *SUMMED, *traced}
    for solver in SOLVERS.available().values():
        allowed.update(solver.traced)
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    for name in names:
        if name not in allowed:
            raise UsageError(
                f"--columns: there is no column {quoted(name)}.", did_you_mean(name, allowed)
            )
    return names


def choose_report(form: str | None, view: View) -> Callable[[Result], None]:
    """Return the function that writes a result to stdout.

    Parameters
    ----------
    form
        The name of a format; None for a table on a terminal and plain text elsewhere.
    view
        What to show of the result.

    Raises
    ------
    UsageError
        For an unknown format.
    """
    write = REPORTS.get(default_form() if form is None else form)

    def report(result: Result) -> None:
        _escape_unprintable()
        if result.traces is None:
            write(result, sys.stdout, view)
            return
        page = io.StringIO()  # of which nothing is shown if a part of it needs the traces
        write(result, page, view)
        sys.stdout.write(page.getvalue())

    return report


def show_json(content: dict[str, Any]) -> None:
    """Write `content` to stdout as JSON, with null for NaN and infinities."""
    import json

    from lrbench.config.plain import plain

    click.echo(json.dumps(plain(content), indent=1, allow_nan=False))


def show_page(blocks: Iterable[Block], form: str | None, color: str) -> None:
    """Write a page to stdout.

    Parameters
    ----------
    blocks
        The lines and tables of the page.
    form
        ``"table"`` or ``"plain"``; None for a table on a terminal and plain text elsewhere.
    color
        The value of ``--color``.
    """
    if (form or default_form()) == "table":
        from lrbench.reports.to_terminal import write_blocks
    else:
        from lrbench.reports.to_plain import write_blocks
    _escape_unprintable()
    write_blocks(blocks, sys.stdout, COLOR[color])


def default_form() -> str:
    """Return the name of the form of a page that is asked for in none."""
    return "table" if sys.stdout.isatty() else "plain"


def _escape_unprintable() -> None:
    """Let stdout write as an escape what its encoding lacks, such as a letter in a name."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
