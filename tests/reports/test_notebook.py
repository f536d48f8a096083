"""The page of a result as HTML: the tables of the page, with every text inert."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from shown_results import awkward, batch, every, stochastic

from lrbench.reports.blocks import Drawing, Grid, Line
from lrbench.reports.notebook import WIDTH
from lrbench.reports.page import result_page
from lrbench.reports.view import View

RESULTS = {**every(), "awkward": awkward()}

TAGS = {"div", "br", "table", "thead", "tbody", "tr", "th", "td", "pre", "span"}


class Reader(HTMLParser):
    """Collects the cells of tables and the text of drawings, and checks that tags are closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.cells: list[str] = []
        self.drawings: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS, tag
        assert {name for name, _ in attrs} <= {"style", "colspan"}
        if tag != "br":
            self.open.append(tag)
        for kind, texts in (({"th", "td"}, self.cells), ({"pre"}, self.drawings)):
            if tag in kind:
                texts.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if {"th", "td"} & set(self.open):
            self.cells[-1] += data
        elif "pre" in self.open:
            self.drawings[-1] += data


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


@pytest.mark.parametrize("name", RESULTS)
def test_it_has_the_cells_of_the_page(name: str) -> None:
    reader = read(RESULTS[name]._repr_html_())
    blocks = list(result_page(RESULTS[name], View(width=WIDTH, bars=True)))
    grids = [block for block in blocks if isinstance(block, Grid)]
    expected: list[str] = []
    for g in grids:
        expected += g.columns
        for k, row in enumerate(g.rows):
            expected += [*([g.parts[k]] if k in g.parts else []), *(c.text for c in row)]
    assert reader.cells == expected
    for block in blocks:
        if isinstance(block, Line) and block.label:
            assert f"{block.label}: {block.pieces[0]}" in reader.text
    drawn = ["\n".join(b.lines()) for b in blocks if isinstance(b, Drawing)]
    assert ["\n".join(t.rstrip() for t in d.split("\n")) for d in reader.drawings] == drawn


def test_texts_of_files_are_inert() -> None:
    html = awkward()._repr_html_()
    assert "<i>" not in html
    assert "&lt;i&gt;" in html
    assert '"q"' not in html
    assert '<i> | "q"' in read(html).text


def test_colours_are_those_of_statuses() -> None:
    assert "color:red" in batch()._repr_html_()
    assert "color:red" not in stochastic()._repr_html_()
