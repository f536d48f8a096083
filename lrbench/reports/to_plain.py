"""A result as plain text of 80 columns, for pipes, files and diffs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from lrbench.reports.blocks import WIDTH, Block, Drawing, Grid
from lrbench.reports.page import result_page
from lrbench.reports.tabulated import tabulated
from lrbench.reports.view import View
from lrbench.results import Result


def write(result: Result, out: TextIO, view: View) -> None:
    """Write the page of the result, never in colour and without blanks at the ends of lines."""
    write_blocks(result_page(result, view), out)


def write_blocks(blocks: Iterable[Block], out: TextIO, color: bool | None = None) -> None:
    """Write the blocks of any page as plain text; `color` changes nothing."""
    for block in blocks:
        if isinstance(block, Grid):
            text = tabulated(block, "simple")
        elif isinstance(block, Drawing):
            text = "\n".join(block.lines())
        else:
            text = "\n".join(block.wrapped(WIDTH))
        out.write(text + "\n")
