"""The certified minimum of an objective, and its curvature."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lrbench.arrays import PerSample, Vector

UNCERTIFIED = "given, not certified"
"""The method of an f_star that the user gave."""

NOT_ATTAINED = "separable data: the infimum is not attained"
"""The reason why there is no minimiser where no penalty bounds the coefficients."""

COLLINEAR = "nearly collinear columns"
"""No basis of the columns can be computed, so that what rounding leaves of X^T u is not bounded."""

LAST_DIGITS = "nearly collinear columns: the minimum depends on the last digits of the data"
"""Rounding the entries of X in another way, each by a unit in its last place, moves the minimum."""

OUTSIDE = "the dual point lies outside its domain"

UNDETERMINED = "the slopes of the losses are undetermined: the classes are nearly separable"
"""The dual point does not prove that no direction separates the classes."""

NOT_CONVERGED = "the reference solver did not converge"


@dataclass(frozen=True)
class Curvature:
    """Smoothness and convexity constants: upper bounds are rounded up, lower bounds down."""

    L: float
    """Lipschitz constant of the gradient of F (of the loss alone where the penalty has kinks or is
    a constraint); an upper bound, inf where there is none."""
    L_method: str
    """How L was bounded: ``"eigenvalues"``, ``"Lanczos bound"``, ``"norm bound"``; ``"not smooth"``
    or ``"unbounded curvature"`` where it is inf."""
    L_max: float
    """The largest Lipschitz constant of the gradient of a single term."""
    mu: float
    """Strong convexity; a lower bound, 0 if there is none."""
    mu_pl: float
    """The constant of the Polyak-Lojasiewicz inequality, >= mu; 0 if unknown."""


@dataclass(frozen=True, eq=False)
class Optimum:
    """The minimum of an objective with its certificate.

    ``inf F >= f_star - f_star_error`` holds up to rounding, however inaccurate `w_star` is.
    """

    f_star: float
    """F at the computed minimiser; if there is no minimiser, the infimum, rounded up."""
    f_star_error: float
    """An upper bound of f_star - inf F, with an allowance for rounding."""
    method: str
    """Reference solver and certificate: ``"Newton, duality gap"``."""
    attained: bool
    """Whether a minimiser exists and is known."""
    w_star: Vector | None
    """The computed minimiser, (n_features,); None if there is none."""
    no_minimiser: str
    """The reason why there is no minimiser; empty if there is one."""
    distance_error: float | None
    """Bound on the distance between `w_star` and the minimiser; None without strong convexity."""
    curvature: Curvature
    """L, L_max, mu and mu_pl."""
    dual: PerSample | None = None
    """Slopes of the losses, (n_samples,), by which an optimum that was read back is verified."""
    rounding: float = 0.0
    """Allowance for the rounding of F at `w_star` in float64, where the size of the columns makes
    that larger than usual; else 0."""
    obstacle: str = ""
    """What keeps `f_star_error` from being small, in words: ``"nearly collinear columns"``; empty
    where the error is small, or where the cause is not known."""


def without_minimiser(optimum: Optimum, reason: str) -> Optimum:
    """Return `optimum` without its minimiser, and the reason for that."""
    return replace(optimum, attained=False, w_star=None, no_minimiser=reason, distance_error=None)


def not_attained(
    curvature: Curvature,
    f_star: float,
    error: float,
    method: str,
    no_minimiser: str = NOT_ATTAINED,
    dual: PerSample | None = None,
) -> Optimum:
    """Return the optimum with a known infimum that no known minimiser attains."""
    return Optimum(
        f_star=f_star,
        f_star_error=error,
        method=method,
        attained=False,
        w_star=None,
        no_minimiser=no_minimiser,
        distance_error=None,
        curvature=curvature,
        dual=dual,
    )
