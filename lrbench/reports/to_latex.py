"""A result as LaTeX tables, for a document that uses the package booktabs."""

from __future__ import annotations

import re
from typing import TextIO

from lrbench.reports.blocks import WIDTH, Block, Grid
from lrbench.reports.run_page import page
from lrbench.reports.tabulated import tabulated
from lrbench.reports.view import View
from lrbench.results import Result

TYPESET = {
    r"|g|\^{}2": r"$\|g\|^2$",
    "F - f*": "$F - f^*$",
    "+-": r"$\pm$",
    "|": r"\textbar{}",
}
"""What tabulate leaves as it is, or escapes where mathematics reads better."""

PATTERN = re.compile("|".join(map(re.escape, TYPESET)))


def write(result: Result, out: TextIO, view: View) -> None:
    """Write the tables of the result's page, with its lines as comments above them."""
    out.write(r"% \usepackage{booktabs}" + "\n")
    for block in page(result, view):
        out.write(_text(block) + "\n")


def _text(block: Block) -> str:
    if isinstance(block, Grid):
        text = tabulated(block, "latex_booktabs")
        return PATTERN.sub(lambda match: TYPESET[match[0]], text)
    if not any(block.pieces):
        return ""
    return "\n".join(f"% {text}".rstrip() for text in block.wrapped(WIDTH - 2))
