"""Markdown as a parser renders it: the texts of the page, and no other markup."""

from __future__ import annotations

import itertools
from html.parser import HTMLParser
from io import StringIO

import pytest
from markdown_it import MarkdownIt
from shown_results import awkward, every, shown

from lrbench.reports.blocks import Drawing, Grid, Line, line
from lrbench.reports.page import result_page
from lrbench.reports.to_markdown import write_blocks
from lrbench.reports.view import View

VIEWS = {"short": View(), "all": View(details=True, timing=True)}
RESULTS = {**every(), "awkward": awkward()}
TAGS = {"p", "strong", "table", "thead", "tbody", "tr", "th", "td", "pre", "code"}


class Rendered(HTMLParser):
    """The tags of a page, and the text of every paragraph, cell and block of code."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        if tag in {"p", "th", "td", "pre"}:
            self.texts.append("")

    def handle_data(self, data: str) -> None:
        if self.texts:
            self.texts[-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag in {"tr", "table", "thead", "tbody"}:
            self.texts.append("")


def rendered(text: str) -> Rendered:
    parser = MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough")
    return Rendered(parser.render(text))


def words(texts: list[str]) -> list[str]:
    return [joined for text in texts if (joined := " ".join(text.split()))]


@pytest.mark.parametrize(("name", "view"), list(itertools.product(RESULTS, VIEWS)))
def test_the_texts_are_those_of_the_page(name: str, view: str) -> None:
    page = rendered(shown(RESULTS[name], "markdown", VIEWS[view]))
    assert page.tags <= TAGS
    expected: list[str] = []
    for block in result_page(RESULTS[name], VIEWS[view]):
        if isinstance(block, Line):
            expected.append(", ".join(block.pieces))
        elif isinstance(block, Grid):
            expected += [*block.columns, *(cell.text for row in block.rows for cell in row)]
        elif isinstance(block, Drawing):
            expected.append("\n".join(block.lines()))
    assert words(page.texts) == words(expected)


LINES = (
    "- a;+ a;* a;1. a;1) a;# a;> a;===;---;~~~;    a;a\\;"
    "&amp. b;<b>;![a](b);`a`;_a_ b;~~a~~;a | b;https://a.b;| a |"
)


@pytest.mark.parametrize("text", [*LINES.split(";"), "&lt;"])
def test_no_line_is_markup(text: str) -> None:
    out = StringIO()
    write_blocks([line(text), line("b")], out)
    page = rendered(out.getvalue())
    assert page.tags == {"p"}
    assert words(page.texts) == words([text, "b"])
