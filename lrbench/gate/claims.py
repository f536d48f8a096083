"""Constants that a problem file states, against those that are certified."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from lrbench.gate.finding import CheckVerdict, Finding
from lrbench.results import ProblemResult
from lrbench.verdicts.measured import ROUNDINGS

TOLERANCE = 1e-6
"""Relative: a stated constant may be rounded to seven digits."""

EXACT = "eigenvalues"
"""How L is computed where it is no mere bound."""

OF_L = ("L", "L_max", "kappa")

OF_F_STAR = ("f_star", "delta0")


def verify_constants(
    claims: tuple[tuple[str, float], ...], problem: ProblemResult
) -> Iterator[Finding]:
    """Yield a finding for each constant that is stated."""
    constants = problem.header["constants"]
    for name, stated in claims:
        yield _verify(name, stated, constants)


def _verify(name: str, stated: float, constants: dict[str, Any]) -> Finding:
    certified = constants.get(name)
    expectation, shown = f"constants.{name}", f"{stated:.8g}"
    if certified is None:
        reason = constants.get("no_minimiser") or "the problem has no such constant"
        return Finding(expectation, "", CheckVerdict.INCONCLUSIVE, "-", shown, reason)
    if name in OF_F_STAR and not constants.get("f_star_certified", True):
        reason = "f* was given, not certified"
        return Finding(
            expectation, "", CheckVerdict.INCONCLUSIVE, f"{certified:.8g}", shown, reason
        )
    value, error = float(certified), _error(name, constants)
    measured, allowed = f"{value:.8g}", TOLERANCE * abs(value) + error
    if abs(stated - value) <= allowed:
        return Finding(expectation, "", CheckVerdict.PASS, measured, shown)
    bound_only = name in OF_L and constants.get("L_method") != EXACT
    if bound_only and stated < value:
        reason = f"only bounded from above ({constants.get('L_method')})"
        return Finding(expectation, "", CheckVerdict.INCONCLUSIVE, measured, shown, reason)
    reason = f"the problem file states another, by {abs(stated - value):.1e}"
    return Finding(expectation, "", CheckVerdict.FAIL, measured, shown, reason)


def _error(name: str, constants: dict[str, Any]) -> float:
    """Return how far the certified constant may be from the true one."""
    if name in OF_F_STAR:
        size = abs(float(constants["f_star"])) + abs(float(constants["delta0"]))
        return float(constants["f_star_error"] or 0.0) + ROUNDINGS * size
    away = float(constants.get("distance_error") or 0.0)
    if name == "distance":
        return away
    if name == "noise_star" and constants.get("L_max") is not None:
        slope = float(constants["L_max"]) * away
        noise = math.sqrt(float(constants["noise_star"]))
        return (2.0 * noise + slope) * slope
    return 0.0
