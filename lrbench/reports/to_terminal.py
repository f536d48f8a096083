"""A result on a terminal, in colour."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lrbench.reports.blocks import Block, Grid
from lrbench.reports.run_page import page
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


def write(result: Result, out: TextIO, view: View) -> None:
    """Write the result's page to a terminal of any width."""
    write_blocks(page(result, view), out, view.color)


def write_blocks(blocks: Iterable[Block], out: TextIO, color: bool | None = None) -> None:
    """Write the blocks of any page to a terminal.

    Parameters
    ----------
    blocks
        What to show.
    out
        Where.
    color
        None: as the terminal, NO_COLOR and TERM say.
    """
    console = Console(
        file=out,
        highlight=False,
        force_terminal=True if color else None,
        no_color=None if color is None else not color,
        color_system="standard" if color else "auto" if color is None else None,
    )
    with console.capture() as capture:
        for block in blocks:
            console.print(_drawn(block, console.width))
    out.write("\n".join(line.rstrip() for line in capture.get().splitlines()) + "\n")


def _drawn(block: Block, width: int) -> Table | Text:
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
        table.add_column(Text(name), justify="left" if k in block.left else "right")
    for row in block.rows:
        table.add_row(*(Text(cell.text, STYLES[cell.style]) for cell in row))
    return table
