"""L, L_max, mu and mu_pl of a linear model, from the spectrum of X."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lrbench.objective.linear.matrix import DataMatrix
from lrbench.objective.linear.objective import LinearObjective
from lrbench.optimum.base import Curvature
from lrbench.optimum.gram import feature_gram, sample_gram
from lrbench.optimum.row_space import DIRECT, Singular
from lrbench.optimum.smoothness import smooth, smooth_part

EPS = float(np.finfo(float).eps)

ROUND_UP = 1 + 1e-12
"""Factor on L and L_max. It covers the rounding of an eigenvalue solver of size `DIRECT`; that of
the Gram matrix grows with n_samples and is added where L is computed."""

NOT_SMOOTH = "not smooth"
"""The method of an L that is infinite because the loss has kinks."""

UNBOUNDED = "unbounded curvature"
"""The method of an L that is infinite although the loss is smooth."""

STEPS = 300
"""Lanczos steps: the bound is 0.3 % above the Ritz value if the smaller side of X is 1e4."""

MEMORY = 1 << 25
"""Entries of the Lanczos basis: 256 MiB."""

FAILURE = 1e-12
"""The probability, over the random start, that the Lanczos bound is too small."""


@dataclass(frozen=True)
class _Spectrum:
    """Eigenvalues of the smaller Gram matrix of X, not divided by n_samples."""

    largest: float
    """An upper bound of the largest eigenvalue."""
    method: str
    lower: NDArray[np.float64] | None = None
    """Every eigenvalue rounded down, descending; None if there are too many to compute."""
    n_nonzero: int = 0


def find_curvature(objective: LinearObjective, singular: Singular | None = None) -> Curvature:
    """Return the curvature of `objective`.

    Parameters
    ----------
    singular
        The singular values of X, if they have been computed already.

    Notes
    -----
    The penalty does not make F strongly convex if there is an intercept, which is not penalised. L
    is an upper bound for certain, up to rounding ("eigenvalues", "norm bound"), or with probability
    1 - 1e-12 ("Lanczos bound"). Where the penalty has kinks or is a constraint, L and L_max are
    those of the loss alone, which proximal methods need; mu is always that of F.
    """
    n = objective.n_samples
    smoothness, from_penalty = objective.loss.smoothness, smooth_part(objective)
    if not np.isfinite(smoothness):
        mu = 0.0 if objective.intercept else objective.penalty.curvature
        method = UNBOUNDED if objective.loss.differentiable else NOT_SMOOTH
        return Curvature(L=np.inf, L_method=method, L_max=np.inf, mu=mu, mu_pl=mu)
    spectrum = (
        _from_singular(objective, singular) if singular is not None else _from_gram(objective)
    )
    longest = float(objective.data.row_norms_sq().max())
    mu, mu_pl = _strong_convexity(objective, spectrum)
    return Curvature(
        # lr <= 1/L is a hypothesis of theorems: an L that is too small by one rounding voids them.
        L=(spectrum.largest / n * smoothness + from_penalty) * (ROUND_UP + 4 * EPS * n),
        L_method=spectrum.method,
        L_max=(longest * smoothness + from_penalty) * ROUND_UP,
        mu=mu,
        mu_pl=mu_pl,
    )


def _from_singular(objective: LinearObjective, singular: Singular) -> _Spectrum:
    s = singular.values
    # The backward error of an SVD: every singular value is off by at most about this.
    slack = EPS * max(objective.data.shape) * s[0]
    lower = np.square(np.maximum(s - slack, 0.0))
    return _Spectrum(float(s[0] ** 2), "eigenvalues", lower, singular.rank)


def _from_gram(objective: LinearObjective) -> _Spectrum:
    from scipy.linalg import eigvalsh

    data = objective.data
    n, d = data.shape
    if min(n, d) > DIRECT:
        lanczos, norm = lanczos_bound(data), norm_bound(data)
        method = "Lanczos bound" if lanczos <= norm else "norm bound"
        return _Spectrum(min(lanczos, norm), method)
    eigenvalues = eigvalsh(feature_gram(data) if d <= n else sample_gram(data))[::-1]
    slack = EPS * max(n, d) * eigenvalues[0]
    n_nonzero = int(np.count_nonzero(eigenvalues > slack))
    lower = np.maximum(eigenvalues - slack, 0.0)
    return _Spectrum(float(eigenvalues[0]), "eigenvalues", lower, n_nonzero)


def _strong_convexity(objective: LinearObjective, spectrum: _Spectrum) -> tuple[float, float]:
    """Return (mu, mu_pl)."""
    weight = objective.penalty.curvature
    from_penalty = weight if not objective.intercept else 0.0
    in_score = objective.loss.curvature
    if not in_score:
        return from_penalty, from_penalty
    n, d = objective.data.shape
    if weight and objective.intercept:
        mu = _least_eigenvalue(objective)
        return mu, mu
    if spectrum.lower is None:
        return from_penalty, from_penalty
    mu = from_penalty + (in_score * float(spectrum.lower[-1]) / n if n >= d else 0.0)
    if weight or not spectrum.n_nonzero or not smooth(objective):
        return mu, mu
    # Such a loss satisfies the PL inequality with the least eigenvalue that is not 0.
    return mu, max(mu, in_score * float(spectrum.lower[spectrum.n_nonzero - 1]) / n)


def _least_eigenvalue(objective: LinearObjective) -> float:
    """Return a lower bound of the eigenvalues of the Hessian of F beside an intercept."""
    from scipy.linalg import eigvalsh

    n, d = objective.data.shape
    if d > DIRECT:
        return 0.0
    H = objective.loss.curvature * feature_gram(objective.data) / n
    penalised = np.arange(objective.n_penalised)
    H[penalised, penalised] += objective.penalty.curvature
    eigenvalues = eigvalsh(H)
    return max(0.0, float(eigenvalues[0] - EPS * max(n, d) * eigenvalues[-1]))


def lanczos_bound(data: DataMatrix, steps: int = STEPS, seed: int = 0) -> float:
    r"""Return an upper bound on the largest eigenvalue of X^T X, valid with probability 1 - 1e-12.

    .. math:: P(\lambda_{\max} > \theta_k / (1 - \epsilon)) \le
        1.648 \sqrt{m} \, e^{-\sqrt{\epsilon} (2k - 1)}

    for the largest Ritz value theta_k after k steps from a start that is uniform on the sphere of
    dimension m = min(n_samples, n_features). It is inf if the steps are too few for any bound.

    Notes
    -----
    A Ritz value plus its residual would bound some eigenvalue, but not necessarily the largest.

    References
    ----------
    Kuczynski and Wozniakowski, Estimating the largest eigenvalue by the power and Lanczos
    algorithms with a random start, SIAM J. Matrix Anal. Appl. 13(4), 1992, Theorem 4.2 (b).
    """
    size = min(data.shape)
    steps = min(steps, size, max(2, MEMORY // size))
    root_epsilon = math.log(1.648 * math.sqrt(size) / FAILURE) / (2 * steps - 1)
    theta = _largest_ritz_value(data, steps, seed)
    return math.inf if root_epsilon >= 1 else theta / (1 - root_epsilon * root_epsilon)


def norm_bound(data: DataMatrix) -> float:
    """Return min(|X|_F^2, |X|_1 |X|_inf), both above the largest eigenvalue of X^T X."""
    X: Any = abs(data.X)
    row_sum = np.asarray(X.sum(axis=1)).max(initial=0.0)
    column_sum = np.asarray(X.sum(axis=0)).max(initial=0.0)
    return min(float(data.row_norms_sq().sum()), float(row_sum * column_sum))


def _largest_ritz_value(data: DataMatrix, steps: int, seed: int) -> float:
    from scipy.linalg import eigvalsh_tridiagonal

    X = data.X
    wide = data.shape[0] < data.shape[1]
    # A normal vector has a uniform direction, which the theorem requires of the start.
    q = np.random.default_rng(seed).standard_normal(min(data.shape))
    Q = np.empty((steps, q.size))
    alpha, beta = np.zeros(steps), np.zeros(steps)
    for k in range(steps):
        q /= np.linalg.norm(q)
        Q[k] = q
        q = X @ (X.T @ q) if wide else X.T @ (X @ q)
        alpha[k] = Q[k] @ q
        # Orthogonalised twice against all of Q: one pass leaves an error of the size of rounding
        # times the cancellation, and Lanczos' method then repeats eigenvalues.
        for _ in range(2):
            q -= Q[: k + 1].T @ (Q[: k + 1] @ q)
        beta[k] = np.linalg.norm(q)
        if beta[k] <= np.finfo(float).eps * alpha[: k + 1].max():
            steps = k + 1  # an invariant subspace: q is only rounding
            break
    return float(eigvalsh_tridiagonal(alpha[:steps], beta[: steps - 1])[-1])
