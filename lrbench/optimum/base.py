"""What is known of a problem's minimum: the value, its certified error, the curvature."""

from __future__ import annotations

from dataclasses import dataclass

from lrbench.arrays import Vector

GIVEN = "given, not certified"
"""The method of an f_star that the user named."""

NOT_ATTAINED = "separable data: the infimum is not attained"
"""Why there is no minimiser, where no penalty holds the coefficients back."""


@dataclass(frozen=True)
class Curvature:
    """How strongly the objective bends: upper bounds are rounded up, lower bounds down."""

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


@dataclass(frozen=True)
class Optimum:
    """The minimum of an objective with its certificate.

    ``inf F >= f_star - f_star_error`` holds up to rounding whatever the quality of `w_star`.
    """

    f_star: float
    """F at the computed minimiser; where there is none, the infimum (rounded up)."""
    f_star_error: float
    """At least f_star - inf F, an allowance for rounding included."""
    method: str
    """Reference solver and certificate: ``"Newton, duality gap"``."""
    attained: bool
    """Whether a minimiser exists."""
    w_star: Vector | None
    """The computed minimiser, (n_features,); None where there is none."""
    no_minimiser: str
    """Why there is no minimiser; else empty."""
    distance_error: float | None
    """Bound on the distance between `w_star` and the minimiser; None without strong convexity."""
    curvature: Curvature
    """L, L_max, mu and mu_pl."""

    @property
    def L(self) -> float:
        """Lipschitz constant of the gradient of F; an upper bound."""
        return self.curvature.L

    @property
    def L_method(self) -> str:
        """How L was bounded."""
        return self.curvature.L_method

    @property
    def L_max(self) -> float:
        """The largest Lipschitz constant of the gradient of a single term."""
        return self.curvature.L_max

    @property
    def mu(self) -> float:
        """Strong convexity; a lower bound."""
        return self.curvature.mu

    @property
    def mu_pl(self) -> float:
        """The constant of the Polyak-Lojasiewicz inequality; a lower bound, 0 if unknown."""
        return self.curvature.mu_pl
