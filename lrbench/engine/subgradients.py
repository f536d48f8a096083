"""Whether the gradients of steps are subgradients of the objective of their minibatches."""

from __future__ import annotations

from collections.abc import Callable, Generator

import numpy as np

from lrbench.arrays import Index, Lanes, PerLane, Vector, inner_in_order, row_slices
from lrbench.objective.oracle import PROBE_STEP, MinibatchValues


def subgradient_error(
    oracle: MinibatchValues,
    W: Lanes,
    G: Lanes,
    slope: PerLane,
    w_star: Vector,
    stop: Callable[[], bool],
) -> PerLane | None:
    """Return by how much a gradient is no subgradient at `W`; None where it is to stop before.

    The parameters are those of `error_in_parts`. `stop` is asked before every part.
    """
    parts = error_in_parts(oracle, W, G, slope, w_star)
    while not stop():
        try:
            next(parts)
        except StopIteration as ended:
            error: PerLane = ended.value
            return error
    return None


def error_in_parts(
    oracle: MinibatchValues, W: Lanes, G: Lanes, slope: PerLane, w_star: Vector
) -> Generator[None, None, PerLane]:
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

    Yields
    ------
    None
        Between two parts, because a large minibatch takes seconds.

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
    signs = np.random.default_rng(0).choice([-1.0, 1.0], len(W))

    def points(coordinates: Index | slice, lanes: slice) -> tuple[list[Lanes], Lanes]:
        # A copy: the bits of the sums of some lanes are those of these lanes alone.
        at, star = np.ascontiguousarray(W[coordinates, lanes]), w_star[coordinates, None]
        reach = np.abs(at) + np.abs(star)
        directions = (at - star, signs[coordinates, None] * reach)
        near = (at + s * PROBE_STEP * V for V in directions for s in (-1.0, 1.0))
        return [at, *near], reach

    product = np.zeros_like(slope)
    for rows in row_slices(len(W)):
        reach = np.abs(W[rows]) + np.abs(w_star[rows, None])
        product += inner_in_order(G[rows], signs[rows, None] * reach)
        yield
    values, rounding = yield from oracle.minibatch_values(points, len(slope))
    excess = np.zeros_like(slope)
    for k, of_gradient in enumerate((slope, product)):
        below, above = values[1 + 2 * k], values[2 + 2 * k]
        lower, upper = (values[0] - below) / PROBE_STEP, (above - values[0]) / PROBE_STEP
        excess = np.maximum(excess, np.maximum(lower - of_gradient, of_gradient - upper))
    # Two values and a product are compared, each of them known to `rounding`.
    error: PerLane = excess / ((2.0 / PROBE_STEP + 1.0) * rounding)
    return error
