"""What a penalty says of itself for its minimum to be certified."""

from __future__ import annotations

import math

import numpy as np

from lrbench.arrays import Lanes, norm_sq
from lrbench.contract.loss_points import EPS
from lrbench.contract.outcome import BrokenContractError
from lrbench.contract.penalty_points import RATES, SHAPE, SIGNS, inside, refuse
from lrbench.penalties.base import Penalty


def check_set(penalty: Penalty, W: Lanes) -> None:
    """Check that a constraint is 0 on its set, inf outside, and that its prox projects.

    Raises
    ------
    BrokenContractError
        If it is not.
    """
    if not penalty.indicator:
        return
    P = penalty.prox(W.copy(), RATES)
    refuse(penalty.value(P) != 0.0, "the value is not 0 at a point of the set", "value", w=P[:, 0])
    again = np.abs(penalty.prox(P.copy(), RATES) - P) > 4 * EPS * np.abs(P)
    refuse(again, "the prox moves a point of the set", "prox", w=P[:, 0])
    moved = np.sqrt(norm_sq(W - P)) > 1e-9 * (1.0 + np.sqrt(norm_sq(P)))
    finite = moved & (penalty.value(W) != math.inf)
    refuse(finite, "the value is finite at a point that the prox moves", "value", w=W[:, 0])


def check_conjugate(penalty: Penalty, W: Lanes, V: Lanes) -> None:
    """Check the inequality of Fenchel and Young, and that it is an equation at a subgradient.

    Raises
    ------
    BrokenContractError
        If the conjugate is less than <w, v> - R(w) somewhere, or more at a subgradient.
    """
    at = inside(penalty, W)
    product, value = (at * V).sum(axis=0), penalty.value(at)
    scale = 1.0 + np.abs(at * V).sum(axis=0) + np.abs(value)
    what = "the conjugate is less than <w, v> - R(w), of which it is the supremum"
    low = ~(value + penalty.conjugate(V) >= product - 1e-13 * scale)
    refuse(low, what, "conjugate", w=at[:, 0], v=V[:, 0])
    # The residual of a projection is normal to the set.
    V = W - at if penalty.indicator else penalty.gradient(W)
    product = (at * V).sum(axis=0)
    scale = 1.0 + np.abs(at * V).sum(axis=0)
    high = ~(np.abs(value + penalty.conjugate(V) - product) <= 2e-13 * scale)
    what = "the conjugate is more than the supremum of <w, v> - R(w)"
    refuse(high, what, "conjugate", w=at[:, 0], v=V[:, 0])


def check_limits(penalty: Penalty) -> None:
    """Check that slopes are the domain of the conjugate, and bounds and radius those of the set.

    Raises
    ------
    BrokenContractError
        If they are not.
    """
    n = SHAPE[0]
    for side, limits in zip((-1.0, 1.0), penalty.slopes(n), strict=True):
        for j, limit in enumerate((side * limits).tolist()):
            V = np.zeros((n, 2))
            V[j] = [side * 1e9, 0.0] if limit == math.inf else [side * limit, side * (limit + 1e-9)]
            within, beyond = penalty.conjugate(V)
            wrong = not math.isfinite(within) or math.isfinite(beyond) != math.isinf(limit)
            what = (
                f"slopes gives {side * limit:.4g}, where the domain of the conjugate does not end"
            )
            refuse(wrong, what, "slopes")
    if not penalty.indicator:
        return
    lower, upper = penalty.bounds(n)
    if not np.isfinite([*lower, *upper, penalty.radius]).any():
        raise BrokenContractError(
            "a constraint has neither bounds(n) nor a radius, by which its minimum is certified.",
            "bounds",
        )
    for direction in SIGNS.T:
        corner = np.where(direction > 0, upper, lower)
        if math.isfinite(penalty.radius):
            corner = direction * penalty.radius / math.sqrt(n)
        finite = np.isfinite(corner)
        corner = np.where(finite, corner, 1e7 * direction)
        beyond = corner + np.where(finite, 1e-3 * direction, 0.0)
        expected = [0.0, math.inf if finite.any() else 0.0]
        wrong = penalty.value(np.stack([corner, beyond], axis=1)).tolist() != expected
        refuse(wrong, "bounds or radius is not where the set ends", "bounds", w=corner)


def check_distances(penalty: Penalty, W: Lanes) -> None:
    """Check that reach and diameter are not exceeded.

    Raises
    ------
    BrokenContractError
        If one is.
    """
    w = inside(penalty, W)[:, :1]
    far = np.hstack([1e9 * SIGNS, -1e9 * w])
    if not penalty.indicator:
        return
    ends = penalty.prox(far, np.ones(far.shape[1]))
    apart = float(np.linalg.norm(ends[:, :, None] - ends[:, None, :], axis=0).max())
    away = float(np.linalg.norm(ends - w, axis=0).max())
    for name, largest, claim in (
        ("reach", away, penalty.reach(w[:, 0])), ("diameter", apart, penalty.diameter(SHAPE[0])),
    ):  # fmt: skip
        what = f"{name} is {claim:.4g}, and two points of the set are {largest:.4g} apart"
        refuse(not largest <= claim * (1 + 1e-12), what, name, w=w[:, 0])
