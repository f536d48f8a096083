"""Figures as commands write them: to a file, or in characters to stdout."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lrbench.cli.command import option
from lrbench.errors import UsageError

if TYPE_CHECKING:
    from lrbench.reports.figures.figure import FigureOptions
    from lrbench.results import Result

TERMINAL = "-"
"""The name of a file that stands for the terminal."""

plot_option = option(
    "output",
    "--plot",
    metavar="FILE",
    help="Draw the result: .svg, .pdf or .png, or - for the terminal; see lrbench plot.",
)


def reserve_plot(plot: str | None, form: str | None, *, force: bool) -> Path | None:
    """Return the file of --plot after a check that it can be written; None where there is none.

    Raises
    ------
    UsageError
        If it is not the path of a figure, or stdout already has another use.
    LrbenchError
        If there is no matplotlib, or the folder cannot be written to.
    """
    if plot == TERMINAL and form not in (None, "table", "plain"):
        raise UsageError(
            f"--plot - draws in a page, and --format {form} is none.",
            "give --plot FILE.svg, or leave --format out.",
        )
    if plot is None or plot == TERMINAL:
        return None
    from lrbench.reports.figures.drawing import check_installed, ending
    from lrbench.results import reserve

    ending(plot)
    check_installed()
    return reserve(plot, force)


def draw_plot(result: Result, plot: str, form: str | None, color: str, *, force: bool) -> None:
    """Draw a result where --plot says."""
    from lrbench.reports.figures.figure import FigureOptions
    from lrbench.reports.figures.output import plot as plot_to

    if plot == TERMINAL:
        click.echo()  # between the page and the figure
        show_figures(result, FigureOptions(), form, color)
    else:
        plot_to(result, FigureOptions(), plot, force=force)


def show_figures(result: Result, options: FigureOptions, form: str | None, color: str) -> None:
    """Write the figures of a result to stdout: in braille on a terminal that has it, or in ASCII.

    Parameters
    ----------
    result, options
        What to draw.
    form
        ``"table"`` or ``"plain"``; None for a table on a terminal and plain text elsewhere.
    color
        The value of --color.
    """
    from lrbench.cli.output import default_form, show_page
    from lrbench.reports.blocks import WIDTH
    from lrbench.reports.figures.canvas import BLANK
    from lrbench.reports.figures.output import terminal_blocks
    from lrbench.reports.view import View

    view = View()
    if (form or default_form()) == "table":
        from lrbench.reports.to_terminal import can_show, page_width

        width = min(WIDTH, page_width(sys.stdout))
        view = replace(view, width=width, bars=can_show(BLANK, sys.stdout))
    show_page(list(terminal_blocks(result, options, view)), form, color)
