"""The constants of a problem that theorems speak of."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Constants:
    """The numbers that the theorems need; None where there is no such number.

    `distance` and `noise_star` need a minimiser and are None where f_star is not attained.
    """

    L: float
    """Lipschitz constant of the gradient of the smooth part of F, rounded up.

    The smooth part is the loss with a smooth penalty, and the loss alone with any other; inf where
    the loss is not smooth.
    """
    L_method: str
    """How L was bounded: ``"eigenvalues"``, ``"Lanczos bound"``, …"""
    L_max: float
    """The same for a single term, the largest of them; inf where the loss is not smooth."""
    mu: float
    """Strong convexity, rounded down; 0 if there is none."""
    mu_pl: float
    """The constant of the Polyak-Lojasiewicz inequality, >= mu; 0 if unknown."""
    G: float | None
    """Bound on the norm of every stochastic (sub)gradient within `radius` of the start; None if
    there is none."""
    grad_norm_sq0: float
    """|g_0|^2 at w_0, of the subgradient that the solvers use; without an indicator's part."""
    f_star: float
    f_star_error: float
    """f_star - f_star_error <= inf F <= f_star."""
    f_star_method: str
    attained: bool
    """Whether a minimiser exists and is known."""
    delta0: float
    """F(w_0) - f_star."""
    distance: float | None = None
    """|w_0 - w_star|."""
    distance_error: float | None = None
    """Bound on |w_hat - w_star| for the computed minimiser; None if there is none."""
    noise_star: float | None = None
    """(1/n) sum_i |grad f_i(w_star)|^2; None where the loss is not smooth."""
    no_minimiser: str = ""
    """Why there is no minimiser to compare with; empty where there is one."""
    G_batch: float | None = None
    """Bound on the norm of the whole (sub)gradient, at most G; None where only G is known."""
    f_star_certified: bool = True
    """False where f_star was given by the user."""

    @property
    def kappa(self) -> float | None:
        """L / mu, None without strong convexity or smoothness."""
        return self.L / self.mu if self.mu > 0 and math.isfinite(self.L) else None

    @property
    def L_is_bound(self) -> bool:
        """Whether L is an upper bound for certain; else verdicts that rest on it are heuristic."""
        return self.L_method != "estimate"


Sampling = Literal["replacement", "reshuffle"]
