"""L, L_max, mu and mu_pl of a linear model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lrbench.losses.poisson import Poisson
from lrbench.losses.squared import Squared
from lrbench.objective.linear.objective import LinearObjective
from lrbench.optimum.base import Curvature
from lrbench.optimum.gram import feature_gram, sample_gram
from lrbench.optimum.lanczos import lanczos_bound, norm_bound
from lrbench.optimum.pieces import kinked
from lrbench.optimum.row_space import DIRECT, Singular

EPS = float(np.finfo(float).eps)

ROUND_UP = 1 + 1e-12
"""For the eigenvalue solver; forming the Gram matrix adds some EPS times n_samples."""
"""Covers the rounding of an eigenvalue solver of size `DIRECT`."""


NOT_SMOOTH = "not smooth"
"""The method of an L that is infinite because the loss has kinks."""

UNBOUNDED = "unbounded curvature"
"""The method of an L that is infinite although the loss is smooth."""


@dataclass(frozen=True)
class _Spectrum:
    """Eigenvalues of the smaller Gram matrix of X, not divided by n_samples."""

    largest: float
    """An upper bound."""
    method: str
    lower: NDArray[np.float64] | None = None
    """Every eigenvalue rounded down, descending; None where they are too many."""
    n_nonzero: int = 0


def curvature(objective: LinearObjective, singular: Singular | None = None) -> Curvature:
    """Return the curvature of `objective`.

    Parameters
    ----------
    singular
        The singular values of X, if they are known already.

    Notes
    -----
    The intercept is not penalised and takes the penalty's strong convexity away. L is an upper
    bound for certain, up to rounding ("eigenvalues", "norm bound"), or with probability 1 - 1e-12
    ("Lanczos bound"). Where the penalty has kinks or is a constraint, L and L_max are those of the
    loss alone, which is what proximal methods need; mu is always that of F.
    """
    n = objective.n_samples
    top, extra = objective.loss.smoothness, smooth_part(objective)
    if not np.isfinite(top):
        mu = 0.0 if objective.intercept else objective.penalty.curvature
        method = UNBOUNDED if isinstance(objective.loss, Poisson) else NOT_SMOOTH
        return Curvature(L=np.inf, L_method=method, L_max=np.inf, mu=mu, mu_pl=mu)
    spectrum = (
        _from_singular(objective, singular) if singular is not None else _from_gram(objective)
    )
    longest = float(objective.data.row_norms_sq().max())
    mu, mu_pl = _strong_convexity(objective, spectrum)
    return Curvature(
        L=(spectrum.largest / n * top + extra) * (ROUND_UP + 4 * EPS * n),
        L_method=spectrum.method,
        L_max=(longest * top + extra) * ROUND_UP,
        mu=mu,
        mu_pl=mu_pl,
    )


def smooth(objective: LinearObjective) -> bool:
    """Return whether F has a gradient that is continuous everywhere (not: bounded curvature)."""
    penalty = objective.penalty
    return not kinked(objective) and np.isfinite(penalty.smoothness) and not penalty.indicator


def smooth_part(objective: LinearObjective) -> float:
    """Return the curvature of the penalty where it is smooth, else 0: it is left to the prox."""
    smoothness = objective.penalty.smoothness
    return smoothness if np.isfinite(smoothness) else 0.0


def _from_singular(objective: LinearObjective, singular: Singular) -> _Spectrum:
    s = singular.values
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
    values = eigvalsh(feature_gram(data) if d <= n else sample_gram(data))[::-1]
    slack = EPS * max(n, d) * values[0]
    n_nonzero = int(np.count_nonzero(values > slack))
    return _Spectrum(float(values[0]), "eigenvalues", np.maximum(values - slack, 0.0), n_nonzero)


def _strong_convexity(objective: LinearObjective, spectrum: _Spectrum) -> tuple[float, float]:
    """Return (mu, mu_pl)."""
    extra = objective.penalty.curvature
    whole = extra if not objective.intercept else 0.0
    if not isinstance(objective.loss, Squared):
        return whole, whole
    n, d = objective.data.shape
    if extra and objective.intercept:
        mu = _least_eigenvalue(objective)
        return mu, mu
    if spectrum.lower is None:
        return whole, whole
    mu = whole + (float(spectrum.lower[-1]) / n if n >= d else 0.0)
    if extra or not spectrum.n_nonzero or not smooth(objective):
        return mu, mu
    return mu, max(mu, float(spectrum.lower[spectrum.n_nonzero - 1]) / n)


def _least_eigenvalue(objective: LinearObjective) -> float:
    """Return the least eigenvalue of the Hessian of penalised least squares with an intercept."""
    from scipy.linalg import eigvalsh

    n, d = objective.data.shape
    if d > DIRECT:
        return 0.0
    H = feature_gram(objective.data) / n
    penalised = np.arange(objective.n_penalised)
    H[penalised, penalised] += objective.penalty.curvature
    values = eigvalsh(H)
    return max(0.0, float(values[0] - EPS * max(n, d) * values[-1]))
