"""A result for a terminal, in colour and as wide as the terminal."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Literal, TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from lrbench.reports.blocks import GAP, Block, Drawing, Grid, TableCell
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

RULE = "\u2500"
"""What the line below the headings of a table is drawn with."""

LEAST_WIDTH = 40
"""The width to assume of a terminal that reports less, as it is likely to be wrong."""

ENDLESS = 1_000_000
"""Columns that rich draws on, so that it neither truncates nor folds a table that is too wide."""


def write(result: Result, out: TextIO, view: View) -> None:
    """Write the result's page to a terminal of any width."""
    fitted = replace(view, width=page_width(out), bars=can_show(BARS, out), brief=True)
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
    width, rule = page_width(out), RULE if can_show(RULE, out) else "-"
    console = Console(
        file=out,
        highlight=False,
        force_terminal=True if color else None,
        no_color=None if color is None else not color,
        color_system=_system(color),
        width=ENDLESS,
    )
    # The columns of a table are padded with blanks, of which the last are removed below.
    with console.capture() as capture:
        for block in blocks:
            console.print(_drawn(block, width, rule))
    out.write("\n".join(line.rstrip() for line in capture.get().splitlines()) + "\n")


def _system(color: bool | None) -> Literal["auto", "standard"] | None:
    """Return the name in rich of the colours to use; with None it writes no escape at all."""
    if color is None:
        # rich itself still writes bold and dim where NO_COLOR is set.
        return None if os.environ.get("NO_COLOR") else "auto"
    return "standard" if color else None


def _drawn(block: Block, width: int, rule: str) -> Text:
    if isinstance(block, Drawing):
        return Text("\n").join(_row(row) for row in block.rows)
    if isinstance(block, Grid):
        return Text("\n").join(_table(block, rule))
    text = Text("\n".join(block.wrapped(width)), STYLES[block.style])
    text.stylize(STYLES["dim"], 0, len(block.label))
    return text


def _row(cells: Iterable[TableCell]) -> Text:
    return Text.assemble(*((cell.text, STYLES[cell.style]) for cell in cells))


def _table(grid: Grid, rule: str) -> Iterator[Text]:
    """Yield the lines of a table: the headings, a rule, and the rows with those of its parts."""
    rows = [[TableCell(name, "title") for name in grid.columns], *grid.rows]
    columns = list(zip(*rows, strict=True))
    widths = [max(cell_len(t) for c in column for t in _lines(c)) for column in columns]
    for k, row in enumerate(rows):
        if heading := grid.parts.get(k - 1):
            yield Text(heading, STYLES["title"])
        height = max(len(_lines(cell)) for cell in row)
        for j in range(height):
            texts = [(_lines(cell) + [""] * height)[j] for cell in row]
            cells = [
                TableCell(_aligned(text, width, left=i in grid.left), cell.style)
                for i, (text, width, cell) in enumerate(zip(texts, widths, row, strict=True))
            ]
            yield Text(" " * GAP).join(_row([cell]) for cell in cells)
        if k == 0:
            yield Text(rule * (sum(widths) + GAP * (len(widths) - 1)))


def _lines(cell: TableCell) -> list[str]:
    return cell.text.split("\n")


def _aligned(text: str, width: int, *, left: bool) -> str:
    blanks = " " * (width - cell_len(text))
    return text + blanks if left else blanks + text
