"""Gradient descent on a normalised problem beside WNGrad on the sphere."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lrbench.reports.blocks import Block, CellColumn, TableCell, folded_cells, line, number
from lrbench.reports.groups import learning_rate_texts
from lrbench.results import ProblemResult, Run
from lrbench.verdicts.method_names import FULL_BATCH_NAMES

DIGITS = 9
"""The digits of the two numbers that are compared."""


def sphere_blocks(problem: ProblemResult, width: int) -> Iterator[Block]:
    """Yield the table of |v|^2/lr0 of gradient descent beside b of WNGrad on the sphere.

    The two are equal by a theorem on gradient descent alone: runs of other solvers, such as those
    with momentum, have no row.
    """
    on_sphere = {_lane(run): run for run in problem.runs if _on_sphere(run)}
    pairs = [
        (run, on_sphere[_lane(run)])
        for run in problem.runs
        if _is_gradient_descent(run) and _lane(run) in on_sphere
    ]
    if not pairs:
        return
    texts = learning_rate_texts(gd.lr0 for gd, _ in pairs)
    rows = [_row(gd, other) for gd, other in pairs]
    seeds = len({gd.seed for gd, _ in pairs}) > 1
    columns: list[CellColumn] = [
        ("seed", [TableCell(str(gd.seed)) for gd, _ in pairs]),
        ("T", [TableCell(str(T)) for T, *_ in rows]),
        ("|v|^2/lr0", [TableCell(number(x, DIGITS)) for _, x, *_ in rows]),
        ("b", [TableCell(number(b, DIGITS)) for _, _, b, _ in rows]),
        ("differ by", [TableCell(number(error, 1)) for *_, error in rows]),
    ]
    yield line("")
    (gd, other), *_ = pairs
    yield line(f"|v_T|^2/lr0 of {gd.method} beside b_T of {other.method}", style="title")
    yield line("differ by: the largest relative difference at any checkpoint up to T")
    first = ("lr0", [TableCell(texts[gd.lr0]) for gd, _ in pairs])
    yield from folded_cells(first, [columns[not seeds :]], width)


def _lane(run: Run) -> tuple[object, ...]:
    return run.lr0, run.seed, str(run.over)


def _is_gradient_descent(run: Run) -> bool:
    """Return whether the run is gradient descent with one rate, on a normalised problem."""
    named = run.solver.name in ("sgd", FULL_BATCH_NAMES["sgd"])
    return named and run.solver.params.get("schedule") == "constant" and "v_norm_sq" in run.trace


def _on_sphere(run: Run) -> bool:
    """Return whether the run is WNGrad on the sphere."""
    on_sphere = run.solver.name == "wngrad" and run.solver.params.get("sphere") == "true"
    return on_sphere and "b" in run.trace


def _row(gd: Run, other: Run) -> tuple[int, float, float, float]:
    """Return the last common T, both numbers there, and their largest relative difference."""
    T, at, of = np.intersect1d(gd.trace["iteration"], other.trace["iteration"], return_indices=True)
    x, b = gd.trace["v_norm_sq"][at] / (gd.lr0 or np.nan), other.trace["b"][of]
    return int(T[-1]), float(x[-1]), float(b[-1]), float(np.max(np.abs(x / b - 1.0)))
