"""A primal-dual interior point method for losses and penalties with kinks, and for constraints."""

from __future__ import annotations

import numpy as np

from lrbench.arrays import PerSample
from lrbench.objective.linear.objective import LinearObjective
from lrbench.optimum.central_path import CentralPath, slope_room
from lrbench.optimum.fenchel import Gap, proved, sharpest
from lrbench.optimum.gram import WeightedGram
from lrbench.optimum.half_open import ENOUGH, half_open, with_room

MAX_STEPS = 150

PATIENCE = 8
"""Steps without a smaller gap after which the method ends, if the products are `SPENT`."""

SPENT = 1e-13
"""Sum of the products, relative to F, below which the gap is not expected to fall further."""

NEGLIGIBLE = 1e-30
"""A gap that is small enough even where F and its rounding are 0."""

SMALL = 1e-7
"""Size of a coefficient, relative to the largest, below which l1 may have it set to 0."""

INNER = 1e-6
"""Sum of the products, relative to F, at which slopes are kept that are well inside."""

LATE = 1e-5
"""Sum of the products, relative to F, above which the gap is not computed, to save time."""


def interior_point(objective: LinearObjective, gram: WeightedGram | None = None) -> Gap:
    r"""Return the primal and dual point with the smallest gap of all iterates.

    Every term is psi(a) = max_u u a - psi*(u) with its slope u between bounds. The method follows
    the central path

    .. math:: X^\top u / n + v + \kappa w = 0, \qquad
        \text{multiplier} \cdot \text{slack} = \mu \text{ for every bound}

    to mu = 0, with Mehrotra's predictor and corrector. Here v are the slopes of the kinks or bounds
    of the penalty, and kappa is the weight of its l2 part.

    Parameters
    ----------
    gram
        That of X; by default it is made.

    Notes
    -----
    The method ends when the duality gap no longer falls. The gap is computed from (w, u) alone, so
    that the certificate does not depend on the correctness of the iteration. A step costs one
    product X^T D X and one factorisation of it.

    References
    ----------
    Mehrotra, On the implementation of a primal-dual interior point method, SIAM J. Optim. 2(4),
    1992. Wright, Primal-dual interior-point methods, SIAM, 1997, chapter 10.
    """
    path = CentralPath(objective, gram)
    best, without_gain = path.gap(), 0
    unit = abs(best.value)  # F at the start: no level may depend on the unit of the targets
    inner, open_box = None, half_open(objective)
    for _ in range(MAX_STEPS):
        if not path.step():
            break
        size = unit + abs(best.value)
        if open_box and inner is None and path.products() <= INNER * size:
            inner = path.inner_slopes()
        if path.products() > LATE * size:
            continue
        current = path.gap()
        # At the end rounding makes the gap rise and fall: a single rise is no reason to stop.
        without_gain = 0 if current.error < best.error else without_gain + 1
        best = min(best, current, key=lambda g: g.error)
        spent = path.products() <= SPENT * (unit + abs(best.value))
        if spent and without_gain >= PATIENCE and not open_box:
            break
        if best.error <= max(NEGLIGIBLE * unit, 2 * best.rounding):
            break
    return _with_zeros(objective, best, inner, path.gap() if open_box else None)


def _with_zeros(
    objective: LinearObjective, best: Gap, inner: PerSample | None, last: Gap | None
) -> Gap:
    """Return the point with small coefficients set to 0, if the gap grows by rounding at most.

    An interior point method approaches the zeros of an l1 penalty, but it never reaches them.
    """
    u, room = best.u, slope_room(objective, best.u)
    D = np.ones_like(u) if room is None else room * room
    best = sharpest(objective, best.w, u, D, inner)
    if half_open(objective):
        best = with_room(objective, best.w, u, best)
    # The estimate of a gap is of no use where only slopes of exactly 0 are feasible.
    if last is not None and best.error > ENOUGH * abs(best.value):
        best = min(best, proved(objective, last.w, last.u, inner), key=lambda g: g.error)
        best = with_room(objective, last.w, last.u, best)
    if not objective.penalty.l1:
        return best
    w = best.w.copy()
    pen = w[: objective.n_penalised]
    pen[np.abs(pen) <= SMALL * np.abs(pen).max(initial=0.0)] = 0.0
    sparse = proved(objective, w, best.u)
    return sparse if sparse.error <= best.error + best.rounding else best
