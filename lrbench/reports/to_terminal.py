"""A result for a terminal, in colour and as wide as the terminal."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from typing import Literal, TextIO

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lrbench.reports.blocks import Block, Drawing, Grid
from lrbench.reports.curve import BARS
from lrbench.reports.page import result_page
from lrbench.reports.view import View
from lrbench.results import Result

STYLES = {
    "": "",
    "title": "bold",
    "dim": "dim",
    "good": "green",
    "bad": "bold red",
    "warn": "yellow",
}

LEAST_WIDTH = 40
"""The width to assume of a terminal that reports less, as it is likely to be wrong."""

ENDLESS = 1_000_000
"""Columns that rich draws on, so that it neither truncates nor folds a table that is too wide."""


def write(result: Result, out: TextIO, view: View) -> None:
    """Write the result's page to a terminal of any width."""
    fitted = replace(view, width=page_width(out), bars=can_show(BARS, out))
    write_blocks(result_page(result, fitted), out, view.color)


def can_show(text: str, out: TextIO) -> bool:
    """Whether the encoding of `out` has these characters; an unknown one is taken for UTF-8."""
    try:
        text.encode(getattr(out, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def page_width(out: TextIO) -> int:
    """Return the columns of the terminal that `out` is, and at least `LEAST_WIDTH`."""
    return max(Console(file=out).width, LEAST_WIDTH)


def write_blocks(blocks: Iterable[Block], out: TextIO, color: bool | None = None) -> None:
    """Write the blocks of any page to a terminal.

    Parameters
    ----------
    blocks
        The blocks of a page.
    out
        The stream to write to.
    color
        Whether to write in colour; None leaves it to the terminal, NO_COLOR and TERM.
    """
    width = page_width(out)
    console = Console(
        file=out,
        highlight=False,
        force_terminal=True if color else None,
        no_color=None if color is None else not color,
        color_system=_system(color),
        width=ENDLESS,
    )
    # rich pads the lines of a table with blanks, which are removed below.
    with console.capture() as capture:
        for block in blocks:
            console.print(_drawn(block, width))
    out.write("\n".join(line.rstrip() for line in capture.get().splitlines()) + "\n")


def _system(color: bool | None) -> Literal["auto", "standard"] | None:
    """Return the name in rich of the colours to use; with None it writes no escape at all."""
    if color is None:
        # rich itself still writes bold and dim where NO_COLOR is set.
        return None if os.environ.get("NO_COLOR") else "auto"
    return "standard" if color else None


def _drawn(block: Block, width: int) -> Table | Text:
    if isinstance(block, Drawing):
        rows = [Text.assemble(*((c.text, STYLES[c.style]) for c in row)) for row in block.rows]
        return Text("\n").join(rows)
    if not isinstance(block, Grid):
        return Text("\n".join(block.wrapped(width)), STYLES[block.style])
    table = Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1),
        collapse_padding=True,
        show_edge=False,
    )
    for k, name in enumerate(block.columns):
        table.add_column(Text(name), justify="left" if k in block.left else "right", no_wrap=True)
    for row in block.rows:
        table.add_row(*(Text(cell.text, STYLES[cell.style]) for cell in row))
    return table
