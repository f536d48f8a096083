"""What a loss says of itself for its minimum to be certified."""

from __future__ import annotations

import math

import numpy as np

from lrbench.arrays import PerSample
from lrbench.contract.loss_points import differs, explodes, target, targets_of
from lrbench.contract.outcome import BrokenContractError
from lrbench.losses.base import Loss

DRAWS = 40
"""Random sets of scores that are checked against a bound."""


def check_conjugate(loss: Loss, z: PerSample, other: PerSample, y: PerSample) -> None:
    """Check the inequality of Fenchel and Young, and that it is an equation at a derivative.

    Parameters
    ----------
    z
        The scores.
    other
        Scores whose derivatives are the slopes u.

    Raises
    ------
    BrokenContractError
        If u z > phi(z) + phi*(u) somewhere, or phi*(u) is more than u z - phi(z) at its score.
    """
    if explodes(loss):
        z = np.clip(z, -20.0, 20.0)
    u = loss.derivative(other, y)
    at_z, at_other, conjugate = loss.value(z, y), loss.value(other, y), loss.conjugate(u, y)
    rounding = 1e-12 * (1 + np.abs(u * z) + np.abs(at_z) + np.abs(at_other))
    below = np.maximum(u * z - at_z - conjugate, 0.0)
    what = "the conjugate is less than u z - phi(z), of which it is the supremum"
    differs(below, rounding, what, "conjugate", z=z, u=u, y=y)
    equal = at_other + conjugate
    allowed = 1e-12 * (1 + np.abs(u * other) + np.abs(equal))
    what = "the conjugate is more than the supremum of u z - phi(z)"
    differs(equal - u * other, allowed, what, "conjugate", z=other, u=u, y=y)


def check_slopes(loss: Loss) -> None:
    """Check that slopes are the limits of the derivative, and the domain of the conjugate.

    Raises
    ------
    BrokenContractError
        If they are not.
    """
    ends = np.array([-700.0, 700.0] if explodes(loss) else [-1e6, 1e6])
    for number in targets_of(loss):
        y = np.array([number])
        limits = [float(limit[0]) for limit in loss.slopes(y)]
        reached = loss.derivative(ends, np.full(2, number))
        for limit, slope, outwards in zip(limits, reached.tolist(), (-1.0, 1.0), strict=True):
            if math.isinf(limit):
                right = outwards * slope > 1e5
                right &= bool(np.isfinite(loss.conjugate(np.array([slope]), y))[0])
            else:
                both = np.array([limit, limit + outwards * 1e-9])
                inside, outside = loss.conjugate(both, np.full(2, number)).tolist()
                right = abs(slope - limit) <= 1e-9 and math.isfinite(inside) and outside == math.inf
            if not right:
                raise BrokenContractError(
                    f"slopes gives {limit:.4g} for y = {number:g}, which is not the limit"
                    f" {slope:.4g} of the derivative, or the conjugate is not infinite beyond it:"
                    " define slopes(y), or lipschitz.",
                    "slopes",
                )


def check_pieces(loss: Loss) -> None:
    """Check that the pieces add up to the value, but for a constant.

    Raises
    ------
    BrokenContractError
        If they do not, or a loss whose derivative jumps has none.
    """
    y = np.array(targets_of(loss))
    parts = loss.pieces(y)
    if parts is None:
        if not loss.differentiable:
            raise BrokenContractError(
                "the loss is not differentiable and has no pieces, by which its minimum is"
                " certified: define pieces(y), or differentiable = True.",
                "pieces",
            )
        return
    if np.any(np.diff(parts.kink, axis=0) <= 0.0):
        raise BrokenContractError("the kinks of pieces do not ascend along axis 0.", "pieces")
    Z = np.array([-9.0, -2.3, -0.9, 0.4, 1.7, 5.0])
    for i, number in enumerate(y.tolist()):
        total = np.zeros(len(Z))
        for t, low, high in zip(parts.kink[:, i], parts.least[:, i], parts.most[:, i], strict=True):
            u = np.linspace(max(low, -12.0), min(high, 12.0), 160_001)
            lines = u * (Z[:, None] - t) - parts.dual_curvature * u * u / 2
            total += lines.max(axis=1)
        values = loss.value(Z, np.full_like(Z, number))
        apart = (values - values[0]) - (total - total[0])
        what = "the pieces do not add up to the value"
        differs(apart, 1e-7 * (1.0 + np.abs(total)), what, "pieces", z=Z, y=np.full_like(Z, number))


def check_bounds(loss: Loss) -> None:
    """Check the magnitude of the value, and the bounds on scores of a small excess.

    Raises
    ------
    BrokenContractError
        If a bound is exceeded.
    """
    for seed in range(DRAWS):
        rng = np.random.default_rng(seed)
        y = np.array([target(loss, v) for v in 2.0 * rng.standard_normal(9)])
        z, other = (rng.standard_normal(9) * 10.0 ** rng.uniform(-2, 1.5, 9) for _ in range(2))
        check_bounds_at(loss, z, other, y)


def check_bounds_at(loss: Loss, z: PerSample, other: PerSample, y: PerSample) -> None:
    """Check the bounds on these scores z, with slopes at the scores `other`.

    Raises
    ------
    BrokenContractError
        If a bound is exceeded.
    """
    if explodes(loss):
        z, other = np.clip(z, -20.0, 20.0), np.clip(other, -20.0, 20.0)
    value, size = loss.value_and_magnitude(z, y)
    what = "value_and_magnitude is not the value, and a size of at least its absolute value"
    differs(value - loss.value(z, y), 0.0, what, "value_and_magnitude", z=z, y=y)
    low = np.maximum(np.abs(value) - size, 0.0)
    differs(low, 0.0, what, "value_and_magnitude", z=z, y=y)
    u, zeros = loss.derivative(other, y), np.zeros(len(y))
    excess = float((value + loss.conjugate(zeros, y)).sum())
    if not math.isfinite(excess):  # without an infimum nothing is bounded
        return
    products = float(np.maximum(u * z, 0.0).sum())
    for name, number, bound in (
        ("score_norm", float(np.linalg.norm(z)), loss.score_norm(y, excess)),
        ("product_bound", products, loss.product_bound(u, y, excess)),
        ("conjugate", products, Loss.product_bound(loss, u, y, excess)),
    ):
        if not number <= bound * (1 + 1e-12) + 1e-12:
            raise BrokenContractError(
                f"the bound that follows from {name} is {bound:.4g}, and a number that it bounds is"
                f" {number:.4g}.",
                name,
            )
