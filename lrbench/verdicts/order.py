"""Whether the measured rate is at least as steep as the theorem's."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from lrbench.theory.base import Order, Setting, Theorem
from lrbench.verdicts.measured import Measured, trivial
from lrbench.verdicts.rate import Fit, Rate, fit

POWER_TOLERANCE = 0.1
"""By how much a measured exponent may be shallower than the proved one."""
LINEAR_TOLERANCE = 0.1
"""By how much a measured linear rate may be shallower, relative to the proved one."""
LEAST_FALL = 3.0
"""A linear rate is tested where the theorem's factor over the window is at most e^-LEAST_FALL."""
RISE = 1.25
"""The factor by which a metric may rise within the window."""
STEEPENING = 0.5
"""The difference between the exponents of the last and the first third of a curve that bends."""

UNTESTED = "not testable"
"""The first words of the reason where the window is too short for a linear rate."""

AT_FLOOR = "reached the floor"
"""The first words of the reason where the metric fell to its floor, and no law is left to fit."""

Judgement: TypeAlias = tuple[Literal["pass", "inconclusive"], str]
"""The verdict and its reason."""


class OrderVerdict(NamedTuple):
    """The verdict on an order, and the fit that it rests on."""

    verdict: Literal["pass", "inconclusive", "none"]
    reason: str = ""
    rate: Rate | None = None
    floor_from: int | None = None
    """The first checkpoint from which on the metric is at its floor; None if the last is not."""


def floor(theorem: Theorem, setting: Setting) -> float:
    """Return the level below which a metric is only rounding or the error of f_star."""
    constants = setting.constants
    level = constants.floor
    # |grad F|^2 <= 2 L (F - inf F): a gradient is at its floor where the suboptimality is.
    smooth = theorem.measure == "grad_norm_sq" and np.isfinite(constants.L)
    return 2.0 * constants.L * level if smooth else level


def judge_order(
    measured: Measured, theorem: Theorem, setting: Setting, violated: bool
) -> OrderVerdict:
    """Fit the rate over the last decade of T above the floor, and compare it with the theorem's.

    Only a rate that is too shallow counts against a run, and never as a failure: a run often
    satisfies a sublinear theorem without having reached its asymptotic rate. Beside a bound that is
    nowhere below the value at the start there is no verdict.

    Parameters
    ----------
    measured
        Metric and bound of `theorem`.
    theorem
        The theorem.
    setting
        What the theorem may know of the runs.
    violated
        Whether the bound failed.
    """
    proved = theorem.order(setting)
    if proved is None:
        return OrderVerdict("none")
    fitted = fit(measured.iteration, measured.metric, floor(theorem, setting), proved.kind)
    if not violated and not (measured.mean_bound < trivial(theorem, setting)).any():
        reason = "the bound promises less than doing nothing"
        return OrderVerdict("none", reason, fitted.rate, fitted.floor_from)
    verdict, reason = judge_rate(fitted, proved)
    if verdict != "pass" and violated:
        reason = "the bound is violated"
    return OrderVerdict(verdict, reason, fitted.rate, fitted.floor_from)


def judge_rate(fitted: Fit, proved: Order) -> Judgement:
    """Return the verdict on a fitted rate, whatever the bound is."""
    rate = fitted.rate
    judgement: Judgement = ("inconclusive", "too few points")
    if rate is not None:
        judge = _judge_linear if proved.kind == "linear" else _judge_power
        judgement = judge(rate, proved.value)
    if judgement[0] == "pass" or fitted.floor_from is None:
        return judgement
    # A metric that falls to the floor ends below every law: none can be told from it.
    return "inconclusive", f"{AT_FLOOR} at T = {fitted.floor_from}"


def _judge_linear(rate: Rate, proved: float) -> Judgement:
    """Compare with a linear rate, which the window must be long enough to tell from a power."""
    fall = -proved * (rate.window[1] - rate.window[0])
    if fall < LEAST_FALL:
        text = f"the theorem predicts a fall by e^{fall:.2g}"
        return "inconclusive", f"{UNTESTED} at this T ({text})"
    if rate.rise > RISE:
        return "inconclusive", f"rises by {rate.rise:.2g}"
    if rate.law == "power":
        return "inconclusive", "a power of T fits better"
    if rate.law == "neither":
        return "inconclusive", "neither law fits better"
    allowed = proved * (1.0 - LINEAR_TOLERANCE)
    slowest = max(rate.interval[1], rate.last_half)
    if slowest > allowed:
        return "inconclusive", f"down to {slowest / proved:.2g} of the proved rate"
    if _slackens(rate, allowed):
        return "inconclusive", "still slackening"
    return "pass", f"{rate.slope / proved:.2g} times the proved rate"


def _judge_power(rate: Rate, proved: float) -> Judgement:
    """Compare with an exponent, in every third of the window."""
    if rate.rise > RISE:
        return "inconclusive", f"rises by {rate.rise:.2g}"
    allowed = proved + POWER_TOLERANCE
    # An exponential is shallow where it begins.
    at_end = max(rate.thirds[1:] if len(rate.local) == 1 else (*rate.thirds[1:], rate.interval[1]))
    if rate.law == "linear" and at_end <= allowed:
        return "pass", "linear: faster than any power"
    shallowest, steepest = max(rate.thirds), min(rate.thirds)
    bends = rate.thirds[2] < rate.thirds[0] - STEEPENING
    steepens = bends and rate.at_least((1.0, 0.0, -1.0)) > 0.0
    third = max(rate.at_least(weights) for weights in ((1, 0, 0), (0, 1, 0), (0, 0, 1)))
    if max(rate.interval[1], third) <= allowed and not _slackens(rate, allowed):
        return "pass", f"at least {_power(shallowest)}, still steepening" if steepens else ""
    if steepens:
        return "inconclusive", f"still steepening (from {_power(shallowest)} to {_power(steepest)})"
    if rate.slope > allowed:
        return "inconclusive", f"only {_power(rate.slope)}"
    if third > allowed:
        return "inconclusive", f"only {_power(shallowest)} in one third"
    if rate.interval[1] > allowed:
        return "inconclusive", f"interval up to {_power(rate.interval[1])}"
    return "inconclusive", "still slackening"


def _power(exponent: float) -> str:
    """Return T^-0.83; an exponent that is only rounding is 0."""
    return str(Order("power", round(exponent, 2) + 0.0))


def _slackens(rate: Rate, allowed: float) -> bool:
    """Return whether the last third, continued by its trend, is certainly too shallow."""
    return rate.at_least((0.0, -1.0, 2.0)) > allowed
