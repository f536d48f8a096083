"""Problems for the tests of the optimum."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lrbench.losses.base import Loss
from lrbench.losses.logistic import Logistic
from lrbench.losses.squared import Squared
from lrbench.objective.about import About
from lrbench.objective.linear.matrix import DataMatrix
from lrbench.objective.linear.problem import LinearProblem
from lrbench.penalties.base import Penalty
from lrbench.penalties.l2 import L2
from lrbench.penalties.none import NoPenalty

Array = NDArray[np.float64]


def problem(
    X: Any,
    y: Array,
    loss: Loss,
    weight: float = 0.0,
    *,
    intercept: bool = False,
    w0: Array | None = None,
    penalty: Penalty | None = None,
) -> LinearProblem:
    """Return the problem; `X` has the column of ones already where `intercept`."""
    if penalty is None:
        penalty = L2(weight) if weight else NoPenalty()
    return LinearProblem(
        data=DataMatrix(X),
        y=y,
        loss=loss,
        penalty=penalty,
        intercept=intercept,
        name="t",
        w0=np.zeros(X.shape[1]) if w0 is None else w0,
        about=About("", "", "none", "zeros"),
    )


def regression(n: int, d: int, seed: int = 0) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d))
    return X, X @ rng.standard_normal(d) + rng.standard_normal(n)


def classes(n: int, d: int, seed: int = 0) -> tuple[Array, Array]:
    """Return overlapping classes."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d))
    z = X @ rng.standard_normal(d) + rng.logistic(size=n)
    return X, np.where(z > 0, 1.0, -1.0)


def with_ones(X: Array) -> Array:
    return np.hstack([X, np.ones((X.shape[0], 1))])


__all__ = ["Array", "Logistic", "Squared", "classes", "problem", "regression", "with_ones"]
