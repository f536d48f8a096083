"""Coordinate descent beside an l1 penalty, where nearly as many coefficients as samples move."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrbench.arrays import Vector
from lrbench.config.process import ignored_warnings
from lrbench.objective.linear.objective import LinearObjective

TOLERANCE = 1e-5
"""The duality gap, relative to that of w = 0, at which Newton's method goes on."""

PASSES = 10_000
"""Passes over all coefficients, at most."""


def by_coordinates(objective: LinearObjective, start: Vector) -> Vector:
    """Return a point near the minimiser of a quadratic loss beside an l1 penalty, (n_features,).

    Parameters
    ----------
    objective
        F, with a quadratic loss, and with l1 or the elastic net.
    start
        Where to begin, (n_features,).

    Notes
    -----
    With more columns than samples Newton's equation is singular, and the signs that it assumes are
    wrong many times over. Coordinate descent needs no equation.

    References
    ----------
    Friedman, Hastie and Tibshirani, Regularization paths for generalized linear models via
    coordinate descent, J. Stat. Softw. 33(1), 2010.
    """
    from sklearn.linear_model import ElasticNet

    p, penalty = objective.n_penalised, objective.penalty
    X: Any = objective.data.X
    if objective.data.sparse:
        X = X.tocsc()
        # scikit-learn takes no indices of 64 bits.
        X.indices, X.indptr = X.indices.astype(np.int32), X.indptr.astype(np.int32)
    c, n = objective.loss.curvature, objective.n_samples
    targets = objective.loss.derivative(np.zeros(n), objective.y) / -c
    weight = (penalty.l1 + penalty.curvature) / c
    estimator = ElasticNet(
        alpha=weight,
        l1_ratio=penalty.l1 / c / weight,
        fit_intercept=objective.intercept,
        warm_start=True,
        tol=TOLERANCE,
        max_iter=PASSES,
    )
    estimator.coef_ = start[:p].copy()
    with ignored_warnings():  # where it does not converge the certificate says so
        estimator.fit(X[:, :p], targets)
    w = np.zeros_like(start)
    w[:p], w[p:] = estimator.coef_, estimator.intercept_
    return w
