"""The cause of a failed run, in the words of its row."""

from __future__ import annotations

import sys
from pathlib import Path

from lrbench.errors import method_of
from lrbench.plugins import is_plugin, line_in
from lrbench.solvers.base import Solver

MOST_CHARACTERS = 300
"""The most characters of the text of an exception in a row."""


def cause_of(error: BaseException, solver: Solver, iteration: int | None = None) -> str:
    """Return what an exception of a solver says, and for one of the user where it was raised.

    Parameters
    ----------
    error
        The exception.
    solver
        The solver.
    iteration
        The number of steps done; None if none was begun.
    """
    text = " ".join(str(error).split())[:MOST_CHARACTERS]
    cause = f"{type(error).__name__}: {text}".rstrip(" :.")
    if not is_plugin(type(solver)):
        return cause
    path = getattr(sys.modules.get(type(solver).__module__), "__file__", None) or ""
    line = line_in(error, path)
    if line is None and not solver.adapted:
        from lrbench.solvers.place import place_of_method

        # It was raised about what a method has returned, or could not be called: the method's line.
        place = place_of_method(type(solver), method_of(error))
        path, line = (path, None) if place is None else place[:2]
    places = [] if line is None else [f"{Path(path).name}, line {line}"]
    places += [] if iteration is None else [f"iteration {iteration}"]
    return f"{cause} ({', '.join(places)})" if places else cause
