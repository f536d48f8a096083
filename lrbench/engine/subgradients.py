"""Whether the gradients of steps are subgradients of the objective of their minibatches."""

from __future__ import annotations

import numpy as np

from lrbench.arrays import Lanes, PerLane, Vector, inner_in_order
from lrbench.objective.oracle import PROBE_STEP, MinibatchValues


def subgradient_error(
    oracle: MinibatchValues, W: Lanes, G: Lanes, slope: PerLane, w_star: Vector
) -> PerLane:
    r"""Return by how much a gradient is no subgradient at `W`, in units of the rounding.

    Parameters
    ----------
    oracle
        That of the minibatch.
    W
        The iterates at which the gradient was taken, (n_features, n_lanes).
    G
        The gradient of the step, (n_features, n_lanes).
    slope
        <g, w - w_star> as it enters the regret, (n_lanes,).
    w_star
        The point with which the regret compares, (n_features,).

    Returns
    -------
    error
        (n_lanes,): above 1 the gradient is certainly no subgradient, whatever the data. It is 0
        where nothing speaks against it, and may be NaN where values overflow.

    Notes
    -----
    A subgradient of the convex f_B satisfies, for every direction v and e > 0,

    .. math:: [f_B(w) - f_B(w - ev)]/e \le \langle g, v\rangle \le [f_B(w + ev) - f_B(w)]/e.

    It is checked for v = w - w_star, and for v = +-(\|w\| + \|w_star\|) with a fixed random sign
    for every coordinate, which sees a coordinate whatever its unit.
    """
    star = w_star[:, None]
    reach = np.abs(W) + np.abs(star)
    signs = np.random.default_rng(0).choice([-1.0, 1.0], len(W))
    directions = (W - star, signs[:, None] * reach)
    points = [W, *(W + s * PROBE_STEP * V for V in directions for s in (-1.0, 1.0))]
    values, rounding = oracle.minibatch_values(points, reach)
    slopes = (slope, inner_in_order(G, directions[1]))
    excess = np.zeros_like(slope)
    for k, product in enumerate(slopes):
        below, above = values[1 + 2 * k], values[2 + 2 * k]
        lower, upper = (values[0] - below) / PROBE_STEP, (above - values[0]) / PROBE_STEP
        excess = np.maximum(excess, np.maximum(lower - product, product - upper))
    # Two values and a product are compared, each of them known to `rounding`.
    error: PerLane = excess / ((2.0 / PROBE_STEP + 1.0) * rounding)
    return error
