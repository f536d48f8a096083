"""The page of `lrbench test`: a line for each contract, and a sentence for each broken one."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lrbench.reports.blocks import WIDTH, Block, Style, line

if TYPE_CHECKING:
    from lrbench.contract import ContractOutcome

WORDS: dict[str, tuple[str, Style]] = {
    "pass": ("pass", "good"),
    "fail": ("FAIL", "bad"),
    "not run": ("-", "dim"),
}
"""Verdict -> the word of the page and its style."""

INDENT = " " * 6


def contract_page(
    given_name: str, own_name: str, kind: str, outcomes: Sequence[ContractOutcome]
) -> Iterator[Block]:
    """Yield the blocks of the page of one class.

    Parameters
    ----------
    given_name, own_name
        What named the class, as in ``my_rule.py``, and what it is called in tables.
    kind
        What it is: ``"solver"``.
    outcomes
        The outcome of each contract.
    """
    what = f"a {kind}" if own_name in ("", given_name) else f"the {kind} {own_name}"
    yield line(f"{given_name}, {what}", style="title")
    for outcome in outcomes:
        word, style = WORDS[outcome.verdict]
        yield line(f"{word:4}  {outcome.contract.title}", style=style)
        for text in _wrapped(outcome.sentence.replace("…", "...")):
            yield line(text)
        if outcome.place is not None:
            yield line(f"{INDENT}see {outcome.place}", style="dim")
    kept = sum(outcome.verdict == "pass" for outcome in outcomes)
    yield line(f"{kept} of {len(outcomes)} contracts hold", style="title" if kept == len(outcomes)
               else "bad")  # fmt: skip


def _wrapped(sentence: str) -> list[str]:
    return textwrap.wrap(
        sentence, WIDTH, initial_indent=INDENT, subsequent_indent=INDENT, break_on_hyphens=False
    )
