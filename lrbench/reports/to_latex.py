"""A result as LaTeX floats, for a document that uses the packages array and booktabs."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TextIO

from lrbench.reports.blocks import Block, Drawing, Grid, Line
from lrbench.reports.groups import solver_texts
from lrbench.reports.page import result_page
from lrbench.reports.typesetting import typeset, typeset_column, width_in_points
from lrbench.reports.view import View
from lrbench.results import Result
from lrbench.verdicts.method_names import named_for_pages

TEXT_WIDTH = 345.0
"""Points that a table may take: the text of an article in one column, at 10 points."""

COLUMN_GAP = 8.0
"""Points between two columns."""

SIZES = {"small": 1.0, "footnotesize": 8.0 / 9.0}
"""Sizes of type, and how wide they are relative to that of `width_in_points`."""

WIDEST_TEXT = 150.0
"""Points beyond which a column of text is broken into lines."""

HEAD = "% \\usepackage{array,booktabs}\n"


def write(result: Result, out: TextIO, view: View) -> None:
    """Write the page of the result as `write_blocks` does."""
    result = replace(result, problems=[named_for_pages(problem) for problem in result.problems])
    specs = [spec for p in result.problems for run in p.runs for spec in (run.solver, run.method)]
    names = {name for spec in specs for name in (str(spec), spec.name)}
    sweeps = [problem.sweep.solvers for problem in result.problems if problem.sweep is not None]
    names.update(text for solvers in sweeps for text in solver_texts(solvers).values())
    titles = {problem.name for problem in result.problems}
    write_blocks(result_page(result, view), out, names, titles)


def write_blocks(
    blocks: Iterable[Block], out: TextIO, names: Collection[str], titles: Collection[str]
) -> None:
    """Write each table of a page as a float with a caption and a label, and each drawing as one.

    The lines above a table are its caption. Lines that stand alone are paragraphs: those before
    the first table of a problem precede its floats, and those between or after them follow.

    Parameters
    ----------
    blocks
        The blocks of the page.
    out
        The file to write to.
    names
        The names of solvers, which are set as code.
    titles
        The names of problems, with which a caption may begin.
    """
    out.write(HEAD)
    labels: dict[str, int] = {}
    chapter = _Chapter(out, names, titles, labels)
    for section in _sections(blocks):
        lines = [block for block in section if isinstance(block, Line)]
        if lines and lines[0].style == "title" and lines[0].recurs:  # another problem begins
            chapter.close()
            chapter = _Chapter(out, names, titles, labels)
        chapter.add(section, lines)
    chapter.close()


class _Chapter:
    """The floats of one problem, and the paragraphs that follow them."""

    def __init__(
        self,
        out: TextIO,
        names: Collection[str],
        titles: Collection[str],
        labels: dict[str, int],
    ) -> None:
        self.out, self.names, self.titles = out, names, titles
        self.labels = labels
        """Name of a problem -> how many of its labels are used, over all chapters."""
        self.context: list[str] = []
        """What the captions repeat, since floats move away from their problem."""
        self.head: list[str] = []
        """The first sentence of the last caption."""
        self.pending: list[Grid] = []
        """The last table, of which more columns may follow."""
        self.caption = ""
        self.notes: list[str] = []
        self.floated = False

    def add(self, section: Sequence[Block], lines: Sequence[Line]) -> None:
        """Write a section of the page, or keep it until it is complete."""
        grids = [block for block in section if isinstance(block, Grid)]
        drawings = [block for block in section if isinstance(block, Drawing)]
        if grids and not lines and self.pending and _continues(self.pending[-1], grids[0]):
            self.pending[-1] = _joined_grids(self.pending[-1], grids[0])  # folded for a terminal
            grids = grids[1:]
        else:
            self.flush()
        notes = [block.text for block in lines if block.note]
        sentences = [block.text.rstrip(":") for block in lines if not block.note]
        if grids or drawings:
            self.head = sentences[:1] or self.head
            self.caption = self._caption(sentences or self.head)
            self.pending += grids
        elif sentences:
            self._paragraph(". ".join(map(self._capital, sentences)) + ".")
        if notes:
            self.notes.append(self._capital("; ".join(notes) + "."))
        for drawing in drawings:
            self.flush()
            body = "\n".join(drawing.lines())
            self._float(
                "figure", f"\\begin{{verbatim}}\n{body}\n\\end{{verbatim}}", "\\footnotesize\n"
            )
        self.context += [piece.rstrip(":") for block in lines for piece in block.recurs]

    def flush(self) -> None:
        """Write the tables that are complete."""
        for grid in self.pending:
            for k, part in enumerate(_parts(grid, self.names)):
                if k == 1:
                    self.caption = self.caption.removesuffix(".") + " (continued)."
                size = _size(part, self.names)
                self._float("table", _tabular(part, self.names), f"\\centering\n\\{size}\n")
        self.pending = []

    def close(self) -> None:
        """Write what is left: the last table, and the paragraphs that follow the floats."""
        self.flush()
        for note in self.notes:
            self._write_paragraph(note)

    def _paragraph(self, text: str) -> None:
        if self.floated or self.pending:
            self.notes.append(text)
        else:
            self._write_paragraph(text)

    def _write_paragraph(self, text: str) -> None:
        # Names of data sets and solvers cannot be hyphenated: sloppy lines do not stick out.
        body = typeset(text, self.names)
        self.out.write(f"\n\\begin{{sloppypar}}\n{body}\n\\end{{sloppypar}}\n")

    def _caption(self, sentences: Sequence[str]) -> str:
        context = [", ".join(self.context)] * bool(self.context)
        caption = ". ".join([*context, *map(self._capital, sentences)]) + "."
        return self._capital(
            f"Problem {caption}" if caption.startswith(tuple(self.titles)) else caption
        )

    def _capital(self, text: str) -> str:
        """Return the text with a capital letter first, unless it begins with a name or symbol."""
        word = re.match(r"[a-z]{2,}(?=[ .,;]|: |$)", text)
        named = (*self.names, *self.titles)
        if word is None or any(re.match(rf"{re.escape(name)}(?!\w)", text) for name in named):
            return text
        return text[0].upper() + text[1:]

    def _float(self, kind: str, body: str, setting: str) -> None:
        problem = re.split(r"[^\w-]", self.context[0] if self.context else "lrbench")[0]
        self.labels[problem] = self.labels.get(problem, 0) + 1
        prefix = {"table": "tab", "figure": "fig"}[kind]
        label = f"{prefix}:{re.sub(r'[^A-Za-z0-9-]+', '-', problem)}-{self.labels[problem]}"
        self.out.write(
            f"\n\\begin{{{kind}}}\n{setting}\\caption{{{typeset(self.caption, self.names)}}}\n"
            f"\\label{{{label}}}\n{body}\n\\end{{{kind}}}\n"
        )
        self.floated = True


def _sections(blocks: Iterable[Block]) -> Iterator[list[Block]]:
    """Yield the blocks between empty lines."""
    section: list[Block] = []
    for block in blocks:
        if isinstance(block, Line) and not any(block.pieces):
            if section:
                yield section
            section = []
        else:
            section.append(block)
    if section:
        yield section


def _continues(grid: Grid, other: Grid) -> bool:
    """Return whether a table has further columns of the same rows."""
    return grid.columns[0] == other.columns[0] and [row[0] for row in grid.rows] == [
        row[0] for row in other.rows
    ]


def _joined_grids(grid: Grid, other: Grid) -> Grid:
    """Return one table of two that have the same first column."""
    n = len(grid.columns)
    return Grid(
        [*grid.columns, *other.columns[1:]],
        [[*row, *more[1:]] for row, more in zip(grid.rows, other.rows, strict=True)],
        grid.left | {n + k - 1 for k in other.left if k},
        (*_starts(grid), *(n + k - 1 for k in _starts(other))),
        grid.parts,
    )


def _starts(grid: Grid) -> Sequence[int]:
    return grid.starts or range(1, len(grid.columns))


def _parts(grid: Grid, names: Collection[str]) -> Iterator[Grid]:
    """Yield the table in parts that fit the text, each with the first column."""
    widths = [_column_width(grid, k, names) + COLUMN_GAP for k in range(len(grid.columns))]
    room = TEXT_WIDTH / min(SIZES.values())
    if sum(widths) - COLUMN_GAP > room:  # in parts anyhow, which may then be larger
        room = TEXT_WIDTH
    starts = [*_starts(grid), len(grid.columns)]
    columns = [0]
    for start, end in pairwise(starts):
        group = list(range(start, end))
        width = sum(widths[k] for k in (*columns, *group)) - COLUMN_GAP
        if len(columns) > 1 and width > room:
            yield _selected(grid, columns)
            columns = [0]
        columns += group
    yield _selected(grid, columns)


def _size(grid: Grid, names: Collection[str]) -> str:
    """Return the larger size of type in which a table fits the text."""
    n_columns = len(grid.columns)
    width = sum(_column_width(grid, k, names) for k in range(n_columns))
    width += COLUMN_GAP * (n_columns - 1)
    return next((s for s, scale in SIZES.items() if width * scale <= TEXT_WIDTH), [*SIZES][-1])


def _selected(grid: Grid, columns: Sequence[int]) -> Grid:
    left = frozenset(j for j, k in enumerate(columns) if k in grid.left)
    rows = [[row[k] for k in columns] for row in grid.rows]
    return Grid([grid.columns[k] for k in columns], rows, left, parts=grid.parts)


def _column_width(grid: Grid, k: int, names: Collection[str]) -> float:
    texts = [grid.columns[k], *(row[k].text for row in grid.rows)]
    width = max(width_in_points(text, names) for text in texts)
    return min(width, WIDEST_TEXT) if k in grid.left else width


def _tabular(grid: Grid, names: Collection[str]) -> str:
    columns = []
    for k in range(len(grid.columns)):
        texts = [row[k].text for row in grid.rows]
        columns.append(
            [typeset(text, names) for text in texts]
            if k in grid.left
            else typeset_column(texts, names)
        )
    columns = [["--" if text == "-" else text for text in texts] for texts in columns]
    head = " & ".join(typeset(name, names) for name in grid.columns)
    rows = []
    for k, cells in enumerate(zip(*columns, strict=True)):
        if part := grid.parts.get(k):
            text = rf"\emph{{{typeset(part, names)}}}"
            rows.append(rf"\multicolumn{{{len(columns)}}}{{@{{}}l}}{{{text}}} \\")
        rows.append(" & ".join(cells) + r" \\")
    kinds = "".join(_kind(grid, k, names) for k in range(len(grid.columns)))
    return "\n".join(
        [
            rf"\setlength{{\tabcolsep}}{{{COLUMN_GAP / 2:g}pt}}",
            rf"\begin{{tabular}}{{@{{}}{kinds}@{{}}}}",
            r"\toprule",
            head + r" \\",
            r"\midrule",
            *rows,
            r"\bottomrule",
            r"\end{tabular}",
        ]
    )


def _kind(grid: Grid, k: int, names: Collection[str]) -> str:
    if k not in grid.left:
        return "r"
    texts = [grid.columns[k], *(row[k].text for row in grid.rows)]
    if max(width_in_points(text, names) for text in texts) <= WIDEST_TEXT:
        return "l"
    return rf">{{\raggedright\arraybackslash}}p{{{WIDEST_TEXT:g}pt}}"
