"""A result as LaTeX tables, for a document that uses the package booktabs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

from lrbench.reports.blocks import Block, Drawing, Grid, Line, TableCell
from lrbench.reports.latex_text import typeset
from lrbench.reports.page import result_page
from lrbench.reports.view import View
from lrbench.results import Result


def write(result: Result, out: TextIO, view: View) -> None:
    """Write each table of the result's page as a float, with its lines in the caption.

    Lines that explain a table or belong to none are paragraphs, drawings verbatim.
    """
    names = {str(run.solver) for problem in result.problems for run in problem.runs}
    titles = {problem.name for problem in result.problems}
    out.write("% \\usepackage{booktabs}\n")
    context: list[str] = []
    head: list[str] = []
    for section in _sections(result_page(result, view)):
        lines = [block for block in section if isinstance(block, Line)]
        if lines and lines[0].style == "title" and lines[0].recurs:
            context = []  # another problem
        notes = [", ".join(block.pieces) for block in lines if block.note]
        said = [", ".join(block.pieces).rstrip(":") for block in lines if not block.note]
        head = said[:1] or head
        said = said or [*head, "Continued"]
        if notes:
            out.write("\n" + typeset("; ".join(notes) + ".", names) + "\n")
        grids = [block for block in section if isinstance(block, Grid)]
        for grid in grids:
            caption = _sentences(context, [_capital(said[0], names | titles), *said[1:]])
            begin = f"Problem {caption}" if caption.startswith(tuple(titles)) else caption
            out.write("\n" + _table(grid, _capital(begin, names), names))
        if not grids:
            out.write("\n" + typeset(_sentences(context, said), names) + "\n")
        for block in section:
            if isinstance(block, Drawing):
                body = "\n".join(block.lines())
                out.write(f"\n\\begin{{verbatim}}\n{body}\n\\end{{verbatim}}\n")
        context += [piece.rstrip(":") for block in lines for piece in block.recurs]


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


def _sentences(context: Sequence[str], said: Sequence[str]) -> str:
    return ". ".join([", ".join(context), *said] if context else said) + "."


def _capital(text: str, names: Iterable[str]) -> str:
    """Return the text with a capital first, unless it begins with a name or a symbol."""
    word = re.match(r"[a-z]{2,}(?=[ .,:;]|$)", text)
    return text if word is None or text.startswith(tuple(names)) else text[0].upper() + text[1:]


def _table(grid: Grid, caption: str, names: Iterable[str]) -> str:
    columns = "".join("l" if k in grid.left else "r" for k in range(len(grid.columns)))
    rows = [_row(map(TableCell, grid.columns), names), r"\midrule"]
    rows += [_row(row, names) for row in grid.rows]
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{typeset(caption, names)}}}",
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            *rows,
            r"\bottomrule",
            r"\end{tabular}",
            "\\end{table}\n",
        ]
    )


def _row(cells: Iterable[TableCell], names: Iterable[str]) -> str:
    return " & ".join(typeset(cell.text, names) for cell in cells) + r" \\"
