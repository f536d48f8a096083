"""`lrbench explain`: what a word of a page means, in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from lrbench.cli.command import command as guided
from lrbench.cli.view_options import page_options
from lrbench.reports.blocks import line

if TYPE_CHECKING:
    from lrbench.cli.explain_words import Explanation
    from lrbench.reports.blocks import Block

FORMAT = "lrbench-explain"
VERSION = 1


def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete a word that is known."""
    from lrbench.cli.explain_words import every_explanation

    words = [name for e in every_explanation() for name in (e.word, *e.also) if " " not in name]
    return [CompletionItem(name) for name in dict.fromkeys(words) if name.startswith(incomplete)]


@guided(
    "explain",
    ("a theorem: its formula, what it needs, where it is proved", "lrbench explain W3"),
    ("several words", "lrbench explain weak inconclusive usable range"),
)
@click.argument("words", nargs=-1, metavar="[WORD]...", shell_complete=complete)
@page_options
def command(words: tuple[str, ...], form: str | None, color: str) -> None:
    """Explain words of the pages and of JSON: verdicts, headings, measures, theorems, constants.

    Without a WORD all words are listed.
    """
    from lrbench.cli.explain_words import explain, groups
    from lrbench.cli.output import show_json, show_page

    head = {"format": FORMAT, "version": VERSION}
    if words:
        explanations = explain(words)
        if form == "json":
            show_json({**head, "words": [asdict(e) for e in explanations]})
        else:
            show_page(_page(explanations), form, color)
    elif form == "json":
        show_json({**head, "groups": groups()})
    else:
        show_page(_list(groups()), form, color)


def _page(explanations: Sequence[Explanation]) -> Iterator[Block]:
    for k, e in enumerate(explanations):
        if k:
            yield line("")
        yield line(f"{e.word} ({e.group})", style="title")
        yield line(e.meaning)
        if e.formula:
            yield line(f"  {e.formula}")
        if e.hypotheses:
            yield line("It needs:")
            yield from (line(f"- {hypothesis}") for hypothesis in e.hypotheses)
        if e.json:
            yield line(f"in JSON: {e.json}")
        if e.source:
            yield line(f"source: {e.source}")
        yield from (line(f"see: {command}") for command in e.see)


def _list(words: Mapping[str, Sequence[str]]) -> Iterator[Block]:
    for group, names in words.items():
        yield line(f"{group}:", style="title")
        yield line(f"  {', '.join(names)}")
    yield line("")
    yield line("what one of them means: lrbench explain WORD")
