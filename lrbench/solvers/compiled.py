"""How a solver says the steps that compiled code makes in its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from lrbench.arrays import Lanes, PerLane
from lrbench.kernels.codes import RuleCode

NOTHING: Lanes = np.empty((0, 0))
"""The part of a compiled state that a method does not have."""


class CompiledState(NamedTuple):
    """What the state of a solver consists of where compiled steps make its steps."""

    b: PerLane
    """The number from which the rates follow."""
    growth: PerLane = np.zeros(1)
    """The sum to which the growth of b is added."""
    mean: Lanes = NOTHING
    """The mean of the gradients, (n_features, n_lanes), or one row for all; empty where none is
    kept."""
    square: Lanes = NOTHING
    """Likewise of their squares, or their sum."""


class CompiledRule(NamedTuple):
    """The next steps of a solver as the compiled steps make them."""

    code: RuleCode
    state: CompiledState
    after: Callable[[CompiledState, int], Any]
    """Returns the solver's state after so many steps. Of the arrays with a row for each feature it
    may get those of the state before, with other numbers."""
    n_steps: int
    """For so many steps this holds, at least one."""
    parameters: tuple[PerLane | float, ...] = ()
    """What the code takes, at most `N_PARAMETERS`, for all lanes or for each."""
    factors: Lanes | None = None
    """Two numbers for each step, (2, n_steps), or (2, n_steps, n_lanes); None where the code has
    none, or all are 1."""


def bias_corrections(steps: PerLane, n_steps: int, *betas: PerLane | float) -> Lanes:
    """Return 1 - beta^t for the steps that follow, as `CompiledRule.factors`.

    Parameters
    ----------
    steps
        The number of steps done, (n_lanes,), the same for all lanes.
    n_steps
        The number of steps that follow.
    betas
        Two decays, each for all lanes or for each.
    """
    t = steps[0] + np.arange(1.0, n_steps + 1.0)
    if any(np.ndim(beta) for beta in betas):
        t = t[:, None]
    return np.stack(np.broadcast_arrays(*(1.0 - beta**t for beta in betas)))
