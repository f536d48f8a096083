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
    pairs = [(gd, other) for gd in problem.runs for other in problem.runs if _paired(gd, other)]
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


def _paired(gd: Run, other: Run) -> bool:
    """Return whether one is gradient descent and the other WNGrad on the sphere, in one lane."""
    named = gd.solver.name in ("sgd", FULL_BATCH_NAMES["sgd"])
    plain = named and gd.solver.params.get("schedule") == "constant"
    on_sphere = other.solver.name == "wngrad" and other.solver.params.get("sphere") == "true"
    same = (gd.lr0, gd.seed, gd.over) == (other.lr0, other.seed, other.over)
    return plain and on_sphere and same and "v_norm_sq" in gd.trace and "b" in other.trace


def _row(gd: Run, other: Run) -> tuple[int, float, float, float]:
    """Return the last common T, both numbers there, and their largest relative difference."""
    T, at, of = np.intersect1d(gd.trace["iteration"], other.trace["iteration"], return_indices=True)
    x, b = gd.trace["v_norm_sq"][at] / (gd.lr0 or np.nan), other.trace["b"][of]
    return int(T[-1]), float(x[-1]), float(b[-1]), float(np.max(np.abs(x / b - 1.0)))
