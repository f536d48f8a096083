"""The objective at the iterates and at their averages, evaluated at checkpoints."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lrbench.arrays import Lanes, PerLane, norm_sq
from lrbench.engine.columns import rounded_up
from lrbench.engine.task import Task
from lrbench.objective.oracle import Iterate, Iterates

EVALUATED_LANES, EVALUATED_ELEMENTS = 128, 1 << 19
"""At most so many lanes, or numbers (features x lanes), are evaluated together."""


def evaluate(task: Task, W: Lanes) -> tuple[PerLane, PerLane]:
    """Return F and the squared norm of its gradient at `W`, or NaN if norms are not asked for."""
    objectives, norms = [], []
    for lanes in _lane_slices(task, W.shape[1]):
        W_lanes = np.ascontiguousarray(W[:, lanes])
        if task.budget.gradients:
            objective, G = task.problem.value_and_gradient(W_lanes)
            norms.append(norm_sq(G))
        else:
            objective = task.problem.value(W_lanes)
            norms.append(np.full_like(objective, np.nan))
        objectives.append(objective)
    return np.concatenate(objectives), np.concatenate(norms)


def objective_at(task: Task, W: Lanes) -> PerLane:
    """Return F at `W`, (n_lanes,)."""
    slices = _lane_slices(task, W.shape[1])
    return np.concatenate([task.problem.value(np.ascontiguousarray(W[:, s])) for s in slices])


def evaluate_average(
    task: Task, iterates: Iterates, W: Iterate, count: int, n_lanes: int
) -> tuple[PerLane, PerLane]:
    """Return F at the average of the first `count` iterates, and the average's product with r.

    `W` is the present iterate, and r the vector ``iterates.direction``.
    """
    objectives, checksums = [], []
    for lanes in _lane_slices(task, n_lanes):
        mean = iterates.mean(W, count, lanes)
        objectives.append(task.problem.value(mean))
        checksums.append(iterates.direction @ mean)
    return np.concatenate(objectives), np.concatenate(checksums)


def _lane_slices(task: Task, n_lanes: int) -> Iterator[slice]:
    """Yield the lanes that are evaluated together, about equally many each time."""
    # Slices keep the second array of an evaluation small; their widths are multiples of `pad_to`
    # because the bits of a lane may depend on any other width.
    pad_to = task.pad_to
    max_width = min(EVALUATED_LANES, EVALUATED_ELEMENTS // task.problem.n_features)
    n_slices = -(-n_lanes // max(pad_to, max_width // pad_to * pad_to))
    width = rounded_up(-(-n_lanes // n_slices), pad_to)
    return (slice(k, k + width) for k in range(0, n_lanes, width))
