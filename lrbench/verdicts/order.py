"""Whether the measured rate is at least as steep as the theorem's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lrbench.theory.base import Numbers, Order, Setting, Theorem
from lrbench.verdicts.measured import Measured

LEAST_POINTS = 4
"""Checkpoints below which no rate is fitted."""
POWER_TOLERANCE = 0.1
"""By how much a measured exponent may be shallower than the proved one."""
LINEAR_TOLERANCE = 0.1
"""By how much a measured linear rate may be shallower, relative to the proved one."""
RESAMPLES = 1000
"""Bootstrap samples of the seeds."""


@dataclass(frozen=True)
class OrderVerdict:
    """The verdict on an order."""

    verdict: Literal["pass", "inconclusive", "none"]
    reason: str = ""
    measured: float | None = None
    interval: tuple[float, float] | None = None
    window: tuple[int, int] | None = None


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
    satisfies a sublinear theorem without having reached its asymptotic rate.

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
    rate = fit(measured.iteration, measured.metric, floor(theorem, setting), proved.kind)
    if rate.slope is None:
        if rate.at_floor and not violated:
            return OrderVerdict("pass", "at floor")
        return OrderVerdict("inconclusive", "too few points")
    verdict, reason = _compare(rate.slope, proved, rate.at_floor, violated)
    return OrderVerdict(verdict, reason, rate.slope, rate.interval, rate.window)


@dataclass(frozen=True)
class Fit:
    """A rate that was measured over the last decade of T above the floor."""

    at_floor: bool
    """Whether the last checkpoint is below the floor."""
    slope: float | None = None
    """The slope of log(metric) against log T or T; None if there are too few points."""
    interval: tuple[float, float] | None = None
    window: tuple[int, int] | None = None


def fit(
    iteration: Numbers, metric: NDArray[np.float64], level: float, kind: Literal["power", "linear"]
) -> Fit:
    """Fit the rate of the mean over seeds.

    Parameters
    ----------
    iteration
        T >= 1 of the checkpoints, (n_checkpoints,).
    metric
        (n_seeds, n_checkpoints).
    level
        The floor: only means above it are fitted.
    kind
        log(metric) is fitted against log T (``"power"``) or against T (``"linear"``).
    """
    mean = metric.mean(axis=0)
    above = mean > level  # a NaN is not above
    end = iteration[above].max(initial=0.0)
    window = above & (iteration >= end / 10.0)
    at_floor = len(above) > 0 and not above[-1] and not np.isnan(mean[-1])
    if np.count_nonzero(window) < LEAST_POINTS:
        return Fit(bool(at_floor))
    T, metric = iteration[window], metric[:, window]
    slope = float(_slopes(kind, T, metric.mean(axis=0)))
    return Fit(bool(at_floor), slope, _interval(kind, T, metric, level), (int(T[0]), int(T[-1])))


def _compare(
    slope: float, proved: Order, at_floor: bool, violated: bool
) -> tuple[Literal["pass", "inconclusive"], str]:
    if at_floor and not violated:
        return "pass", "at floor"
    power = proved.kind == "power"
    allowed = proved.value + POWER_TOLERANCE if power else proved.value * (1.0 - LINEAR_TOLERANCE)
    if slope <= allowed:
        return "pass", ""
    if violated:
        return "inconclusive", "the bound is violated"
    return "inconclusive", f"pre-asymptotic: {slope:.3g} against {proved.value:.3g}"


def _slopes(kind: str, T: Numbers, metric: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the least-squares slope of log(metric) along its last axis."""
    x = np.log(T) if kind == "power" else T
    x = x - x.mean()
    return np.asarray(np.log(metric) @ x / (x @ x), dtype=np.float64)


def _interval(
    kind: str, T: Numbers, metric: NDArray[np.float64], level: float
) -> tuple[float, float]:
    """Return the 95 % bootstrap interval over seeds; for one seed, that of the half-windows."""
    if len(metric) > 1:
        # A fixed seed: the same runs give the same report.
        draw = np.random.default_rng(0).integers(len(metric), size=(RESAMPLES, len(metric)))
        weights = np.apply_along_axis(np.bincount, 1, draw, minlength=len(metric))
        # All seeds of a resample may be at the floor, although the mean over all seeds is not.
        slopes = _slopes(kind, T, np.maximum(weights @ metric / len(metric), level))
        low, high = np.quantile(slopes, [0.025, 0.975])
    else:
        half, mean = len(T) // 2, metric[0]
        ends = (
            float(_slopes(kind, T[:half], mean[:half])),
            float(_slopes(kind, T[half:], mean[half:])),
        )
        low, high = min(ends), max(ends)
    return float(low), float(high)
