"""Constants that a problem file states, compared with the certified ones."""

from __future__ import annotations

import math
from collections.abc import Iterator

from lrbench.gate.finding import CheckVerdict, Finding
from lrbench.objective.constants import Constants
from lrbench.results import ProblemResult
from lrbench.verdicts.measured import ROUNDINGS

TOLERANCE = 1e-6  # a problem file may state a constant to seven digits
"""Relative tolerance of the comparison."""

EXACT = "eigenvalues"
"""The method that computes L itself; every other method gives an upper bound."""

OF_L = ("L", "L_max", "kappa")
"""Constants that are only bounded from above if L is."""

OF_F_STAR = ("f_star", "delta0")
"""Constants that are certified only if f_star is."""


def verify_constants(
    claims: tuple[tuple[str, float], ...], problem: ProblemResult
) -> Iterator[Finding]:
    """Yield a finding for each pair of a name and a stated constant in `claims`."""
    constants = problem.header.constants
    for name, stated in claims:
        verdict, measured, reason = _verify(name, stated, constants)
        yield Finding(f"constants.{name}", "", verdict, measured, f"{stated:.8g}", reason)


def _verify(name: str, stated: float, constants: Constants) -> tuple[CheckVerdict, str, str]:
    """Return the verdict on a stated constant, the certified one as a text, and the reason."""
    certified: float | None = getattr(constants, name)
    if certified is None or math.isnan(certified):
        reason = constants.no_minimiser or "the problem has no such constant"
        return CheckVerdict.INCONCLUSIVE, "-", reason
    measured = f"{certified:.8g}"
    if name in OF_F_STAR and not constants.f_star_certified:
        return CheckVerdict.INCONCLUSIVE, measured, "f* was given, not certified"
    difference = abs(stated - certified)
    if difference <= TOLERANCE * abs(certified) + _error(name, constants):
        return CheckVerdict.PASS, measured, ""
    # L itself may be anything below an upper bound of it, but nothing above.
    if name in OF_L and constants.L_method != EXACT and stated < certified:
        reason = f"only bounded from above ({constants.L_method})"
        return CheckVerdict.INCONCLUSIVE, measured, reason
    return CheckVerdict.FAIL, measured, f"the problem file states another, by {difference:.1e}"


def _error(name: str, constants: Constants) -> float:
    """Return how far the certified constant may be from the true one."""
    if name in OF_F_STAR:
        return constants.f_star_error + ROUNDINGS * constants.size
    if name == "distance":
        return constants.distance_error or 0.0
    if name == "noise_star" and constants.noise_star is not None and math.isfinite(constants.L_max):
        # The terms are convex and L_max-smooth: their gradients at w_star differ from those at the
        # true minimiser by at most 2 L_max e = change^2 in the mean square.
        e = constants.f_star_error + constants.f_rounding
        change = math.sqrt(2.0 * constants.L_max * e)
        noise = math.sqrt(constants.noise_star)
        return (2.0 * noise + change) * change
    return 0.0
