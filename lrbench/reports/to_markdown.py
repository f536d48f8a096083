"""A result as Markdown, with tables in the syntax of GitHub."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TextIO

from lrbench.reports.blocks import Block, Drawing, Grid
from lrbench.reports.page import result_page
from lrbench.reports.tabulated import tabulated
from lrbench.reports.view import View
from lrbench.results import Result

SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~$&])")
FIRST = re.compile(r"^(\d*)([-+=.)])(?=\s|$|[-=])")
"""What at the start of a line would be a list, a rule or a heading."""


def write(result: Result, out: TextIO, view: View) -> None:
    """Write the page of the result: lines as paragraphs, drawings as blocks of code."""
    write_blocks(result_page(result, view), out)


def write_blocks(blocks: Iterable[Block], out: TextIO, color: bool | None = None) -> None:
    """Write the blocks of any page as Markdown; `color` changes nothing."""
    texts = map(_text, blocks)
    out.write("\n\n".join(text for text in texts if text) + "\n")


def _text(block: Block) -> str:
    if isinstance(block, Grid):
        return tabulated(block, "pipe", escape)
    if isinstance(block, Drawing):
        return "\n".join(["```text", *block.lines(), "```"])
    text = FIRST.sub(r"\1\\\2", escape(", ".join(block.pieces)))
    return f"**{text}**" if block.style == "title" and text else text


def escape(text: str) -> str:
    """Return `text` on one line, with a backslash before what Markdown would take for markup."""
    return SPECIAL.sub(r"\\\1", " ".join(text.split()))
