"""Points at which penalties are checked, and how a wrong number is reported."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from lrbench.arrays import Lanes
from lrbench.contract.outcome import BrokenContractError
from lrbench.penalties.base import Penalty

SHAPE = (4, 3)
"""Of the points: (n_features, n_lanes)."""

RATES = np.array([1e-3, 1.0, 50.0])
"""The learning rate of the prox of each lane."""

SIGNS = np.array(list(itertools.product([-1.0, 1.0], repeat=SHAPE[0]))).T
"""The directions of all corners, (n_features, 2^n_features)."""

DRAWS = 30
"""Random pairs of points."""


def draws() -> list[tuple[Lanes, Lanes]]:
    """Return pairs of irregular points, from near the origin to far from it."""
    rng = np.random.default_rng(3)
    sizes = 10.0 ** rng.uniform(-3.0, 2.0, (DRAWS, 2))
    pairs = [(a * rng.uniform(-1, 1, SHAPE), b * rng.uniform(-1, 1, SHAPE)) for a, b in sizes]
    zeros = np.zeros(SHAPE)
    return [*pairs, (zeros, pairs[0][1]), (pairs[0][0], zeros)]


def inside(penalty: Penalty, W: Lanes) -> Lanes:
    """Return a point where the penalty is finite."""
    return penalty.prox(W.copy(), np.ones(W.shape[1])) if penalty.indicator else W


def refuse(wrong: Any, what: str, method: str, **where: Any) -> None:
    """Raise `BrokenContractError` if anything is wrong, with the arguments at which it is."""
    if np.any(wrong):
        at = ", ".join(f"{name} = {_short(value)}" for name, value in where.items())
        raise BrokenContractError(f"{what}{f' (at {at})' if at else ''}.", method)


def _short(value: Any) -> str:
    numbers = ", ".join(f"{number:.4g}" for number in np.ravel(value))
    return f"[{numbers}]" if np.ndim(value) else numbers
