"""Scores and targets at which losses are checked, and how a difference is reported."""

from __future__ import annotations

import math

import numpy as np

from lrbench.arrays import PerSample
from lrbench.contract.outcome import BrokenContractError
from lrbench.losses.base import Loss

EPS = float(np.finfo(np.float64).eps)

NUMBERS = (-2.3, -1.0, 0.2, 1.0, 3.4)
"""Real numbers, from which targets of each kind are made."""


def target(loss: Loss, number: float) -> float:
    """Return the target of the loss's kind that is nearest to a number, or of its sign."""
    if loss.task == "binary":
        return math.copysign(1.0, number)
    return float(round(abs(number))) if loss.task == "count" else number


def targets_of(loss: Loss) -> list[float]:
    """Return different targets of the loss's kind, 0 among the counts."""
    return sorted({target(loss, number) for number in NUMBERS})


def explodes(loss: Loss) -> bool:
    """Return whether the loss has neither bound: it may then grow faster than any parabola."""
    return math.isinf(loss.smoothness) and math.isinf(loss.lipschitz)


def points(loss: Loss) -> tuple[PerSample, PerSample]:
    """Return irregular scores and targets, (n,) each; some scores lie at and near the targets."""
    rng = np.random.default_rng(1)
    scores, numbers = [], []
    for y in targets_of(loss):
        z = np.concatenate(
            [rng.uniform(-30.0, 30.0, 40), rng.uniform(-4.0, 4.0, 60), [0.0, y, y - 1e-3, y + 0.5]]
        )
        scores.append(z)
        numbers.append(np.full_like(z, y))
    return np.concatenate(scores), np.concatenate(numbers)


def pairs(loss: Loss) -> tuple[PerSample, PerSample, PerSample, PerSample]:
    """Return two scores, a target and a share between 0 and 1, (n,) each."""
    z, y = points(loss)
    rng = np.random.default_rng(2)
    wide = 20.0 if explodes(loss) else 700.0
    v = np.where(rng.random(len(z)) < 0.5, rng.permutation(z), rng.uniform(-wide, wide, len(z)))
    return z, np.clip(v, -wide, wide), y, rng.random(len(z))


def differs(
    difference: PerSample,
    allowed: PerSample | float,
    what: str,
    method: str,
    **where: PerSample,
) -> None:
    """Raise `BrokenContractError` if a difference is more than allowed, or NaN.

    Parameters
    ----------
    difference, allowed
        (n,) each, or a number.
    what, method
        The sentence, and the method to look at.
    where
        The arguments at which the differences are; the first place that is wrong is reported.
    """
    wrong = np.flatnonzero(~(np.abs(difference) <= allowed))
    if wrong.size:
        place = ", ".join(f"{name} = {values[wrong[0]]:.4g}" for name, values in where.items())
        raise BrokenContractError(f"{what} (at {place}).", method)
