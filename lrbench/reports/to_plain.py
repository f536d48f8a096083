"""A result as plain text of 80 columns: for pipes, files and diffs."""

from __future__ import annotations

from typing import TextIO

import tabulate

from lrbench.reports.blocks import Grid
from lrbench.reports.run_page import page
from lrbench.results import Result

WIDTH = 80

tabulate.MIN_PADDING = 0  # else headings alone push tables beyond 80 columns


def write(result: Result, out: TextIO, color: bool | None = None) -> None:
    """Write the result's page, never in colour and without trailing blanks."""
    for block in page(result):
        if isinstance(block, Grid):
            text = tabulate.tabulate(
                [[cell.text for cell in row] for row in block.rows],
                headers=block.columns,
                tablefmt="simple",
                colalign=[
                    "left" if k in block.left else "right" for k in range(len(block.columns))
                ],
                disable_numparse=True,
            )
            text = "\n".join(line.rstrip() for line in text.splitlines())
        else:
            text = "\n".join(block.wrapped(WIDTH))
        out.write(text + "\n")
