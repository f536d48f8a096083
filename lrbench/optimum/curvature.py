"""L, L_max, mu and mu_pl of a linear model, from the spectrum of X."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lrbench.objective.linear.objective import LinearObjective
from lrbench.optimum.base import Curvature
from lrbench.optimum.eigenvalue_bounds import CLOSE, lanczos_bound, norm_bound, weighted_norm_bound
from lrbench.optimum.gram import WeightedGram, feature_gram, sample_gram
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


@dataclass(frozen=True, eq=False)
class _Spectrum:
    """Eigenvalues of the smaller Gram matrix of X, not divided by n_samples."""

    largest: float
    """An upper bound of the largest eigenvalue."""
    method: str
    lower: NDArray[np.float64] | None = None
    """Every eigenvalue rounded down, descending; None if there are too many to compute."""
    n_nonzero: int = 0


def find_curvature(
    objective: LinearObjective,
    singular: Singular | None = None,
    gram: WeightedGram | None = None,
) -> Curvature:
    """Return the curvature of `objective`.

    Parameters
    ----------
    singular
        The singular values of X, if they have been computed already.
    gram
        That of X, which may have made the products of its entries already.

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
    if singular is not None:
        spectrum = _from_singular(objective, singular)
    else:
        spectrum = _from_gram(objective, gram)
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


def _from_gram(objective: LinearObjective, gram: WeightedGram | None) -> _Spectrum:
    from scipy.linalg import eigvalsh

    data = objective.data
    n, d = data.shape
    if min(n, d) > DIRECT:
        norm, lower = weighted_norm_bound(data)
        if norm <= CLOSE * lower:
            return _Spectrum(norm, "norm bound")
        lanczos, norm = lanczos_bound(data), min(norm, norm_bound(data))
        method = "Lanczos bound" if lanczos <= norm else "norm bound"
        return _Spectrum(min(lanczos, norm), method)
    if d > n:
        G = sample_gram(data)
    else:
        G = gram(np.ones(n)) if gram is not None and gram.kept else feature_gram(data)
    eigenvalues = eigvalsh(G)[::-1]
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
