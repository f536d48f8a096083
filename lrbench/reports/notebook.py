"""The page of a result as HTML, for notebooks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from lrbench.reports.blocks import Block, Drawing, Grid, Style, TableCell
from lrbench.reports.page import result_page
from lrbench.reports.view import View
from lrbench.results import Result

WIDTH = 110
"""The columns of text that a notebook has room for."""

LOOKS: dict[Style, str] = {
    "": "",
    "title": "font-weight:bold",
    "dim": "opacity:0.6",
    "good": "color:green",
    "bad": "color:red;font-weight:bold",
    "warn": "color:darkorange",
}
"""The look of each style, on light and on dark pages."""


def result_html(result: Result) -> str:
    """Return the page of a result: its tables as tables, and every text escaped."""
    blocks = result_page(result, View(width=WIDTH, bars=True))
    return "<div>\n" + "\n".join(map(_html, blocks)) + "\n</div>\n"


def _html(block: Block) -> str:
    if isinstance(block, Grid):
        head = _row("th", [TableCell(name) for name in block.columns], block.left)
        rows = "\n".join(_rows(block))
        return f"<table>\n<thead>\n{head}\n</thead>\n<tbody>\n{rows}\n</tbody>\n</table>"
    if isinstance(block, Drawing):
        rows = "\n".join("".join(map(_span, row)) for row in block.rows)
        return f'<pre style="line-height:1.2">{rows}</pre>'
    text = TableCell(block.text, block.style)
    return f"<div>{_span(text)}</div>" if text.text else "<br>"


def _rows(grid: Grid) -> Iterator[str]:
    """Yield the rows of a table, and before each part of it a row with its heading."""
    for k, row in enumerate(grid.rows):
        if k in grid.parts:
            heading = escape(grid.parts[k])
            span = f'colspan="{len(grid.columns)}" style="text-align:left"'
            yield f"<tr><th {span}>{heading}</th></tr>"
        yield _row("td", row, grid.left)


def _row(tag: str, cells: Sequence[TableCell], left: frozenset[int]) -> str:
    sides = ("left" if k in left else "right" for k in range(len(cells)))
    texts = zip(sides, map(_span, cells), strict=True)
    return (
        "<tr>" + "".join(f'<{tag} style="text-align:{s}">{t}</{tag}>' for s, t in texts) + "</tr>"
    )


def _span(cell: TableCell) -> str:
    text, look = escape(cell.text), LOOKS[cell.style]
    return f'<span style="{look}">{text}</span>' if look else text
