"""A result as LaTeX tables, for a document that uses the package booktabs."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TextIO

from lrbench.reports.blocks import Block, Drawing, Grid, Line, TableCell
from lrbench.reports.groups import solver_texts
from lrbench.reports.page import result_page
from lrbench.reports.view import View
from lrbench.results import Result

FORMULAS = {
    "min |g|^2": r"$\min\|g\|^2$",
    "|g|^2": r"$\|g\|^2$",
    "|w_0 - w*|": r"$\|w_0 - w^*\|$",
    "F(w_0) - f*": r"$F(w_0) - f^*$",
    "F(w_T) - f*": r"$F(w_T) - f^*$",
    "F - f*": r"$F - f^*$",
    "F": "$F$",
    "f*": "$f^*$",
    "w*": "$w^*$",
    "w_0": "$w_0$",
    "b_0": "$b_0$",
    "b_1": "$b_1$",
    "s_0": "$s_0$",
    "L_max": r"$L_{\max}$",
    "L_B": "$L_B$",
    "1/L": "$1/L$",
    "2/L": "$2/L$",
    "<=": r"$\le$",
    ">=": r"$\ge$",
    "<": "$<$",
    ">": "$>$",
    "+-": r"$\pm$",
    "tau": r"$\tau$",
}
"""Formulas as pages write them in ASCII, and in LaTeX; a longer one precedes its parts."""

TEXTS = {
    "Dolan and More, 2002": r"Dolan and Mor\'e, 2002",
    "95 % interval": r"95\,\% interval",
}
"""Words with a letter that ASCII lacks, or with a number that is not set in maths mode."""

SPECIAL = {
    "--": "-{}-",  # else LaTeX joins them to a dash
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "|": r"\textbar{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    '"': r"\textquotedbl{}",
    **{character: f"\\{character}" for character in "_&%$#"},
}
"""Characters that LaTeX would take for markup, and how they are written."""

NUMBER = r"(?<![\w.])(?:(?<![-])[-+](?=\d))?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?![\w]|\.\d)"
"""A number with its sign, unless it is part of a word such as ``a9a`` or of a version."""

NUMBER_PARTS = re.compile(r"([-+]?)(\d+(?:\.\d+)?)(?:e([-+]?\d+))?")

ADJACENT = re.compile(r"(?<!\\)\$\$")
"""The end of one formula and the beginning of the next, which become one."""

EQUALS = re.compile(r"(?<![\d}\\])\$ = \$")
"""An equals sign between a formula, not a number, and a number: both become one formula."""


def write(result: Result, out: TextIO, view: View) -> None:
    """Write the page of the result as `write_blocks` does."""
    specs = [spec for p in result.problems for run in p.runs for spec in (run.solver, run.method)]
    names = {name for spec in specs for name in (str(spec), spec.name)}
    sweeps = [problem.sweep.solvers for problem in result.problems if problem.sweep is not None]
    names.update(text for solvers in sweeps for text in solver_texts(solvers).values())
    titles = {problem.name for problem in result.problems}
    write_blocks(result_page(result, view), out, names, titles)


def write_blocks(
    blocks: Iterable[Block], out: TextIO, names: Collection[str], titles: Collection[str]
) -> None:
    """Write each table of a page as a float, with the lines above it as its caption.

    Lines that explain a table, or that have none below them, are paragraphs; drawings are verbatim.

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
    out.write("% \\usepackage{booktabs}\n")
    context: list[str] = []
    head: list[str] = []
    for section in _sections(blocks):
        lines = [block for block in section if isinstance(block, Line)]
        if lines and lines[0].style == "title" and lines[0].recurs:
            context = []  # another problem begins
        notes = [", ".join(block.pieces) for block in lines if block.note]
        sentences = [", ".join(block.pieces).rstrip(":") for block in lines if not block.note]
        head = sentences[:1] or head
        # A section without lines is the rest of a table that was folded.
        sentences = sentences or [*head, "Continued"]
        if notes:
            out.write("\n" + typeset("; ".join(notes) + ".", names) + "\n")
        grids = [block for block in section if isinstance(block, Grid)]
        for grid in grids:
            capitalised = [_capital(sentences[0], {*names, *titles}), *sentences[1:]]
            caption = _joined(context, capitalised)
            if caption.startswith(tuple(titles)):
                caption = f"Problem {caption}"
            out.write("\n" + _table(grid, _capital(caption, names), names))
        if not grids and len(notes) < len(lines):
            out.write("\n" + typeset(_joined(context, sentences), names) + "\n")
        for block in section:
            if isinstance(block, Drawing):
                body = "\n".join(block.lines())
                out.write(f"\n\\begin{{verbatim}}\n{body}\n\\end{{verbatim}}\n")
        # Floats move away from their problem, so captions repeat it and its setting.
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


def _joined(context: Sequence[str], sentences: Sequence[str]) -> str:
    return ". ".join([", ".join(context), *sentences] if context else sentences) + "."


def _capital(text: str, names: Iterable[str]) -> str:
    """Return the text with a capital letter first, unless it begins with a name or a symbol."""
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


def typeset(text: str, names: Iterable[str]) -> str:
    """Return `text` for LaTeX: numbers and formulas in maths mode, `names` as code.

    Parameters
    ----------
    text
        A text of a page.
    names
        The names of solvers.
    """
    code = sorted(names, key=len, reverse=True)  # sgd[x=1] is to be tried before sgd
    formulas = [_standalone(formula) for formula in (*TEXTS, *FORMULAS)]
    alternatives = [*(rf"(?P<c{k}>{_standalone(name)})" for k, name in enumerate(code)), *formulas]
    # Names first, as they may contain numbers; single characters last, so that nothing is skipped.
    pattern = re.compile("|".join([*alternatives, f"(?P<number>{NUMBER})", "--", "."]), re.DOTALL)
    latex = "".join(_latex_of(match) for match in pattern.finditer(" ".join(text.split())))
    return EQUALS.sub(" = ", ADJACENT.sub("", latex))


def _standalone(text: str) -> str:
    """Return a pattern of `text` that does not match inside a longer word."""
    before = r"(?<![\w])" if text[:1].isalnum() else ""
    after = r"(?![\w])" if text[-1:].isalnum() else ""
    return before + re.escape(text) + after


def _latex_of(match: re.Match[str]) -> str:
    text = match[0]
    if match["number"]:
        return _number(text)
    if not match.lastgroup and text in (TEXTS | FORMULAS):
        return (TEXTS | FORMULAS)[text]
    escaped = SPECIAL.get(text) or "".join(SPECIAL.get(character, character) for character in text)
    return rf"\texttt{{{escaped}}}" if match.lastgroup else escaped


def _number(text: str) -> str:
    r"""Return $1.57\cdot10^{-2}$ for ``1.57e-02``."""
    match = NUMBER_PARTS.fullmatch(text)
    assert match is not None
    sign, mantissa, exponent = match.groups()
    power = "" if exponent is None else rf"\cdot10^{{{int(exponent)}}}"
    return f"${sign}{mantissa}{power}$"
