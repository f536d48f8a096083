"""How a result shows itself in Python: as a figure, and as HTML in a notebook."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lrbench.config.keywords import names_keywords


class Views:
    """The methods of a result that draw it."""

    @names_keywords()
    def plot(
        self,
        path: str | Path | None = None,
        *,
        kind: str | None = None,
        x: str = "iterations",
        log_linear: bool = False,
        iterate: str | None = None,
        values: float | str | Iterable[float | str] = (),
        problems: str | Iterable[str] = (),
        solvers: str | Iterable[str] = (),
        title: str | None = None,
        style: str | Path | None = None,
        script: str | Path | None = None,
        force: bool = False,
    ) -> Any:
        """Draw the result by matplotlib, and write the figure to a file if one is given.

        Parameters
        ----------
        path
            The file, whose ending is .svg, .pdf or .png; None for none.
        kind
            ``"convergence"``, ``"sensitivity"``, ``"rates"``, ``"profiles"`` or ``"map"``; None for
            the sensitivity of a sweep, and for the convergence of other runs.
        x
            What runs are drawn over: ``"iterations"``, ``"passes"`` or ``"seconds"``.
        log_linear
            Whether that axis is linear.
        iterate
            Whose level convergence shows: ``"last"``, or the solver's own answer, or ``"average"``;
            None for that on which bounds say anything.
        values
            The runs to draw, by lr0 or by what else varies: numbers, or texts as of ``--lr0``.
        problems, solvers
            The names of those to draw; all without any.
        title
            What stands above; None for the name of the problem, and empty for nothing.
        style
            A style file of matplotlib, over the style of lrbench.
        script
            A file for a script of matplotlib that draws the figure; None for none.
        force
            Whether existing files may be replaced.

        Returns
        -------
        matplotlib.figure.Figure
            The figure, which can be changed and saved further.

        Raises
        ------
        UsageError
            If an option does not fit the result, or a file may not be written.
        LrbenchError
            If there is no matplotlib, nothing to draw, or a file cannot be written.
        """
        figures = _report("lrbench.reports.figures.output")
        options = figures.figure_options(
            kind, x, log_linear, iterate, values, problems, solvers, title
        )
        return figures.plot(self, options, path, script, style, force=force)

    def _repr_html_(self) -> str:
        """Return the page of the result for a notebook."""
        html: str = _report("lrbench.reports.notebook").result_html(self)
        return html


def _report(module: str) -> Any:
    """Return a module of the reports, which are made of results and not the other way round."""
    return importlib.import_module(module)
