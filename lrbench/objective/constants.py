"""The constants of a problem that theorems use."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Literal

from lrbench.config.plain import Key, NumberOrInf, NumberOrNaN

FLOOR = 1e-13
"""The accuracy of an objective, relative to `objective_size`: it is a sum over many samples."""

CERTIFIED = 1e-6
"""The largest error of a certified f_star, relative to `objective_size`."""

NOT_CERTIFIED = "f* is not certified"
"""The reason why no minimiser is known where the error of f_star is larger than that."""

NOT_KNOWN = "f* is not known"
"""The reason where f_star is not known by nature, as where F is not convex."""


def objective_size(f_star: float, delta0: float) -> float:
    """Return |F(w_0)| + |f_star|, relative to which all levels of F - f_star are set.

    A level that is not relative to it, such as one of max(1, |f_star|), would depend on the unit of
    the targets.
    """
    return abs(f_star + delta0) + abs(f_star)


@dataclass(frozen=True)
class Constants:
    """The constants of a problem; None for a constant that does not exist.

    `distance` and `noise_star` need a minimiser and are None where f_star is not attained.
    """

    L: NumberOrInf
    """Lipschitz constant of the gradient of the smooth part of F, rounded up.

    The smooth part is the loss and the penalty if the penalty is smooth, and the loss alone
    otherwise. L is inf where the loss is not smooth.
    """
    L_method: Annotated[str, Key(earlier="eigenvalues")]
    """How L was bounded: ``"eigenvalues"``, ``"Lanczos bound"``, …"""
    L_max: NumberOrInf
    """The largest of these constants over the single terms; inf where the loss is not smooth."""
    mu: NumberOrNaN
    """The constant of strong convexity, rounded down; 0 if there is none."""
    mu_pl: Annotated[NumberOrNaN, Key(earlier=0.0)]
    """The constant of the Polyak-Lojasiewicz inequality, >= mu; 0 if unknown."""
    G: float | None
    """Bound on the norm of every stochastic (sub)gradient within `radius` of the start, anywhere if
    there is no ball; None if there is no bound."""
    grad_norm_sq0: Annotated[NumberOrNaN, Key(earlier=math.nan)]
    """|g_0|^2 at w_0, of the subgradient that the solvers use; an indicator adds nothing to it."""
    f_star: NumberOrNaN
    """NaN where no number is known; `f_star_obstacle` says why."""
    f_star_error: NumberOrInf
    """f_star - f_star_error <= inf F <= f_star."""
    f_star_method: str
    attained: Annotated[bool, Key(earlier=True)]
    """Whether a minimiser exists and is known."""
    delta0: NumberOrNaN
    """F(w_0) - f_star."""
    distance: float | None = None
    """|w_0 - w_star|."""
    distance_error: Annotated[float | None, Key(earlier=None)] = None
    """Bound on |w_hat - w_star| for the computed minimiser; None if there is none."""
    noise_star: float | None = None
    """(1/n) sum_i |grad f_i(w_star)|^2; None where the loss is not smooth."""
    no_minimiser: Annotated[str, Key(earlier="")] = ""
    """The reason why no minimiser is known; empty where one is."""
    G_batch: Annotated[float | None, Key(earlier=None)] = None
    """Bound on the norm of the (sub)gradient of F, at most G; None where only G is known."""
    f_star_certified: Annotated[bool, Key(earlier=True)] = True
    """False where f_star was given by the user, and where there is an `f_star_obstacle`."""
    f_rounding: Annotated[float, Key(earlier=0.0)] = 0.0
    """Allowance for the rounding of F in float64, where columns far from 0 or in large units, or
    a start other than 0, make that larger than usual; else 0."""
    f_star_obstacle: Annotated[str, Key(earlier="")] = ""
    """What kept f_star from being certified: its error exceeds `CERTIFIED` times `size`, and
    nothing may rest on it; or why it is not known. Empty where it is certified, and where the user
    gave it."""

    @property
    def f_star_doubt(self) -> str:
        """That f_star is not known, or not certified, so that nothing rests on it; else empty."""
        if not self.f_star_obstacle:
            return ""
        return NOT_KNOWN if math.isnan(self.f_star) else NOT_CERTIFIED

    @property
    def size(self) -> float:
        """|F(w_0)| + |f_star|."""
        return objective_size(self.f_star, self.delta0)

    @property
    def floor(self) -> float:
        """The suboptimality below which it is only rounding or the error of f_star."""
        return max(10.0 * self.f_star_error, FLOOR * self.size, self.f_rounding)

    @property
    def kappa(self) -> float | None:
        """L / mu, None without strong convexity or smoothness."""
        return self.L / self.mu if self.mu > 0 and math.isfinite(self.L) else None

    @property
    def L_is_bound(self) -> bool:
        """Whether L is certainly an upper bound; otherwise verdicts that use L are heuristic."""
        return self.L_method != "estimate"


Sampling = Literal["replacement", "reshuffle"]
"""How minibatches are drawn: see `lrbench.objective.minibatches.Minibatches`."""
