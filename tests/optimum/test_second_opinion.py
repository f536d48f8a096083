"""f* beside that of Clarabel, an interior point method for cones by other people."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from optimum_problems import problem
from scipy.sparse import block_diag, csc_array, csc_matrix, eye_array, hstack, vstack

from lrbench.losses.absolute import Absolute
from lrbench.losses.hinge import Hinge
from lrbench.losses.logistic import Logistic
from lrbench.losses.quantile import Quantile
from lrbench.losses.squared import Squared
from lrbench.optimum import find_optimum
from lrbench.penalties.l1 import L1
from lrbench.penalties.l2 import L2

clarabel = pytest.importorskip("clarabel")

Array = NDArray[np.float64]

ACCURACY = 1e-8
"""What Clarabel reaches with the tolerances below, relative to the objective."""


def minimum(P: Any, q: Array, A: Any, b: Array, cones: list[Any]) -> float:
    """The minimum of x'Px/2 + q'x subject to b - Ax in the cones."""
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    for name in ("tol_gap_abs", "tol_gap_rel", "tol_feas"):
        setattr(settings, name, 1e-11)
    solver = clarabel.DefaultSolver(csc_matrix(P), q, csc_matrix(A), b, cones, settings)
    return float(solver.solve().obj_val)


def quadratic(d: int, weight: float, n_other: int) -> Any:
    return block_diag([weight * eye_array(d), csc_array((n_other, n_other))])


def above(X: Array, slopes: tuple[float, float], y: Array, weight: float) -> float:
    """max(slopes[0] (x'w - y), slopes[1] (x'w - y)) on average, and weight |w|^2/2."""
    n, d = X.shape
    q = np.concatenate([np.zeros(d), np.full(n, 1 / n)])
    # t >= s (x'w - y) for both slopes.
    A = vstack([hstack([csc_array(s * X), -eye_array(n)]) for s in slopes])
    b = np.concatenate([s * y for s in slopes])
    return minimum(quadratic(d, weight, n), q, A, b, [clarabel.NonnegativeConeT(2 * n)])


def hinge(X: Array, y: Array, weight: float) -> float:
    n, d = X.shape
    q = np.concatenate([np.zeros(d), np.full(n, 1 / n)])
    A = vstack(
        [
            hstack([csc_array(-y[:, None] * X), -eye_array(n)]),
            hstack([csc_array((n, d)), -eye_array(n)]),
        ]
    )
    b = np.concatenate([-np.ones(n), np.zeros(n)])
    return minimum(quadratic(d, weight, n), q, A, b, [clarabel.NonnegativeConeT(2 * n)])


def logistic(X: Array, y: Array, weight: float) -> float:
    """log(1 + exp(-m)) <= t as exp(-m - t) + exp(-t) <= 1, with two exponential cones a sample."""
    n, d = X.shape
    zeros = csc_array((1, n))
    q = np.concatenate([np.zeros(d), np.full(n, 1 / n), np.zeros(2 * n)])
    rows, b = [], []
    for i in range(n):
        e = csc_array((np.ones(1), ([0], [i])), shape=(1, n))
        for k, x in enumerate((-y[i] * X[i], np.zeros(d))):
            u = hstack([zeros, e]) if k else hstack([e, zeros])
            # (x'w - t, 1, u) in the cone exp(first / second) <= third / second
            rows += [hstack([csc_array(-x[None]), e, zeros, zeros])]
            rows += [csc_array((1, d + 3 * n)), hstack([csc_array((1, d)), zeros, -u])]
            b += [0.0, 1.0, 0.0]
    sums = hstack([csc_array((n, d + n)), eye_array(n), eye_array(n)])
    cones = [clarabel.NonnegativeConeT(n), *[clarabel.ExponentialConeT()] * (2 * n)]
    P = quadratic(d, weight, 3 * n)
    return minimum(P, q, vstack([sums, *rows]), np.concatenate([np.ones(n), b]), cones)


def lasso(X: Array, y: Array, weight: float) -> float:
    n, d = X.shape
    P = block_diag([X.T @ X / n, csc_array((d, d))])
    q = np.concatenate([-X.T @ y / n, np.full(d, weight)])
    A = vstack([hstack([eye_array(d), -eye_array(d)]), hstack([-eye_array(d), -eye_array(d)])])
    least = minimum(P, q, A, np.zeros(2 * d), [clarabel.NonnegativeConeT(2 * d)])
    return least + 0.5 * float(np.mean(y * y))


def absolute(X: Array, y: Array, weight: float) -> float:
    return above(X, (1.0, -1.0), y, weight)


def quantile(X: Array, y: Array, weight: float) -> float:
    return above(X, (-0.3, 0.7), y, weight)


CASES: list[Any] = [
    (Absolute(), L2, absolute),
    (Quantile(0.3), L2, quantile),
    (Hinge(), L2, hinge),
    (Logistic(), L2, logistic),
    (Squared(), L1, lasso),
]


@pytest.mark.parametrize(("loss", "penalty", "other"), CASES, ids=[c[2].__name__ for c in CASES])
@pytest.mark.parametrize("agreement", [1.0, 1e-4])
def test_clarabel_finds_the_same_minimum(
    loss: Any, penalty: Any, other: Any, agreement: float
) -> None:
    rng = np.random.default_rng(11)
    for n, d in ((9, 2), (25, 4)):
        X = rng.standard_normal((n, d)) * 3.0
        X[:, 1] = X[:, 0] + agreement * X[:, 1]
        y = rng.standard_normal(n) * 2.0 + X[:, 0]
        if loss.task == "binary":
            y = np.where(y > 0.4, 1.0, -1.0)
        optimum = find_optimum(problem(X, y, loss, penalty=penalty(0.07)), cache=None)
        second = other(X, y, 0.07)
        assert abs(optimum.f_star - second) <= ACCURACY * abs(second) + optimum.f_star_error
