"""Figures of results where they are wanted: an object, a file, a script, a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, get_args

from lrbench.config.learning_rates import learning_rates
from lrbench.config.registry import did_you_mean
from lrbench.errors import UsageError, quoted, quoted_path
from lrbench.reports.blocks import Block, line
from lrbench.reports.figures.curves import DrawnIterate
from lrbench.reports.figures.drawing import draw, ending, file_bytes, settings
from lrbench.reports.figures.figure import (
    KINDS,
    FigureOptions,
    chosen_methods,
    chosen_problems,
    convergence_of,
    has_numbers,
    lanes_to_draw,
    no_average,
    nothing,
    sheet_of,
    title_of,
)
from lrbench.reports.figures.script import script_text
from lrbench.reports.figures.seeds import ABSCISSAE
from lrbench.reports.figures.sensitivity import sensitivity
from lrbench.reports.figures.terminal import convergence_blocks, sensitivity_blocks
from lrbench.reports.view import View
from lrbench.results import Result, reserve
from lrbench.results.files import write_result

IN_TERMINAL = (None, "convergence", "sensitivity")
"""The kinds that a terminal draws; None is both of the others."""


def figure_options(
    kind: str | None,
    abscissa: str,
    linear: bool,
    iterate: str | None,
    values: float | str | Iterable[float | str],
    problems: str | Iterable[str],
    solvers: str | Iterable[str],
    title: str | None,
) -> FigureOptions:
    """Return what `lrbench.Result.plot` is asked for, after a check of its words.

    Raises
    ------
    UsageError
        If there is no such kind, abscissa or iterate, or a value is no positive number.
    """
    iterates = get_args(DrawnIterate)
    for word, words in ((kind, KINDS), (abscissa, ABSCISSAE), (iterate, iterates)):
        if word is not None and word not in words:
            raise UsageError(f"plot knows no {quoted(word)}.", did_you_mean(word, words))
    of_problems, of_solvers = (
        (names,) if isinstance(names, str) else tuple(names) for names in (problems, solvers)
    )
    return FigureOptions(
        kind=kind,  # type: ignore[arg-type]  # it is one of KINDS
        abscissa=abscissa,
        linear=linear,
        iterate=iterate,  # type: ignore[arg-type]
        problems=of_problems,
        solvers=of_solvers,
        values=tuple(learning_rates(values, "values")),
        title=title,
    )


def plot(
    result: Result,
    options: FigureOptions,
    path: str | Path | None = None,
    script: str | Path | None = None,
    style: str | Path | None = None,
    *,
    force: bool = False,
) -> Any:
    """Return a figure of a result as a ``matplotlib.figure.Figure``, and write its files.

    Parameters
    ----------
    result
        The result.
    options
        What to draw.
    path
        A file for the figure, whose ending says the kind; None for none.
    script
        A file for the script that draws it; None for none.
    style
        A style file of matplotlib.
    force
        Whether existing files may be replaced.

    Raises
    ------
    UsageError
        If an option does not fit the result, or a path is not that of a file to write.
    LrbenchError
        If there is no matplotlib, nothing to draw, or a file cannot be written.
    """
    kind = None if path is None else ending(path)
    targets = [reserve(file, force) for file in (path, script) if file is not None]
    if len(set(targets)) < len(targets):
        raise UsageError("the figure and its script are the same file.", "name two files.")
    if script is not None and Path(script).suffix.lower() != ".py":
        raise UsageError(
            f"{quoted_path(script)} does not end in .py.", "give a name such as figure.py."
        )
    look = settings(None if style is None else Path(style))
    sheet = sheet_of(result, options)
    figure = draw(sheet, look)
    if path is not None and kind is not None:
        _write(path, file_bytes(figure, kind, look), force)
    if script is not None:
        _write(script, script_text(sheet, look).encode(), force)
    return figure


def _write(path: str | Path, content: bytes, force: bool) -> None:
    def fill(file: BinaryIO) -> None:
        file.write(content)

    write_result(path, force, fill)


def terminal_blocks(result: Result, options: FigureOptions, view: View) -> Iterator[Block]:
    """Yield the figures of a result in characters: convergence, and of a sweep its sensitivity.

    Raises
    ------
    UsageError
        If an option does not fit the result, or the kind is not one of `IN_TERMINAL`.
    LrbenchError
        If there is nothing to draw.
    """
    if options.kind not in IN_TERMINAL:
        raise UsageError(
            f"a terminal draws convergence and sensitivity, and no {options.kind}.",
            "give -o FILE.svg, or another --kind.",
        )
    problems = chosen_problems(result, options)
    if options.kind == "sensitivity" and all(p.sweep is None for p in problems):
        sheet_of(result, options)  # raises the error of this kind
    for k, problem in enumerate(problems):
        if k:
            yield line("")
        if options.kind != "sensitivity":
            lanes = lanes_to_draw(problem, options)
            figure = convergence_of(problem, lanes, options)
            title = title_of(problem, options, lanes)
            if not figure.has_points and not figure.lost:
                raise no_average() if options.iterate == "average" else nothing()
            yield from convergence_blocks(figure, title, view, linear=options.linear)
        if options.kind != "convergence" and problem.sweep is not None:
            if options.kind is None:
                yield line("")
            chosen = sensitivity(problem, chosen_methods(problem, options.solvers))
            levels = (y for c in chosen.curves for y in c.gap.median)
            if not has_numbers(levels) and not chosen.lost:
                raise nothing()
            yield from sensitivity_blocks(chosen, title_of(problem, options), view)
