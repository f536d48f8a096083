"""A result as Markdown, with tables in the syntax of GitHub."""

from __future__ import annotations

import re
from typing import TextIO

from lrbench.reports.blocks import Block, Drawing, Grid
from lrbench.reports.page import result_page
from lrbench.reports.tabulated import tabulated
from lrbench.reports.view import View
from lrbench.results import Result

SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~$])")


def write(result: Result, out: TextIO, view: View) -> None:
    """Write the page of the result: lines as paragraphs, drawings as blocks of code."""
    blocks = [_text(block) for block in result_page(result, view)]
    out.write("\n\n".join(text for text in blocks if text) + "\n")


def _text(block: Block) -> str:
    if isinstance(block, Grid):
        return tabulated(block, "pipe", escape)
    if isinstance(block, Drawing):
        return "\n".join(["```text", *block.lines(), "```"])
    text = escape(block.text)
    return f"**{text}**" if block.style == "title" and text else text


def escape(text: str) -> str:
    """Return `text` on one line, with a backslash before what Markdown would take for markup."""
    return SPECIAL.sub(r"\\\1", " ".join(text.split()))
