"""Lagged WNGrad on the unit sphere."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lrbench.arrays import PerLane, norm_sq
from lrbench.objective.oracle import Iterate, Oracle
from lrbench.solvers.base import Step


class SphereState(NamedTuple):
    """The state of WNGrad on the sphere; every array is (n_lanes,)."""

    b: PerLane
    """The denominator."""
    growth: PerLane
    """b - b_0, summed on its own."""
    lr0: PerLane
    """The rate of the coordinates that are not on the sphere."""
    n_invariant: int
    """The number of first coordinates, which are on the sphere."""


def sphere_step(W: Iterate, state: SphereState, oracle: Oracle) -> Step:
    """Take one step: v along the sphere with the rate 1/b, the other coordinates with lr0."""
    G = oracle.gradient(W).dense()
    v, g, lr = W[: state.n_invariant], G[: state.n_invariant], 1.0 / state.b
    increment = norm_sq(g) / state.b
    D = G * state.lr0
    moved = v - lr * g
    moved /= np.sqrt(norm_sq(moved))
    D[: state.n_invariant] = v - moved
    after = state._replace(b=state.b + increment, growth=state.growth + increment)
    return Step(oracle.move(W, D), lr, after)
