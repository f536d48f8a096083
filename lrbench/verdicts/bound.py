"""Whether a bound held."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lrbench.theory.base import Numbers, Setting, Theorem
from lrbench.verdicts.measured import Measured, slack, trivial, unsure

RELATIVE = 1e-10
"""Relative tolerance of every comparison."""

SEEDS_TO_FAIL = 10
"""A t-interval of fewer seeds is no ground for FAIL: where a rare sample matters and none of them
has met it, they nearly agree above the bound (5 % false alarms on Poisson counts with 4 seeds)."""

AGREEMENT = 1e-9
"""Seeds whose excesses differ by less than this share agree but for rounding."""

LEVEL = 0.01
"""Chance of a false FAIL over all checkpoints of a stochastic run."""


@dataclass(frozen=True)
class BoundVerdict:
    """What follows for the bound."""

    verdict: Literal["pass", "fail", "vacuous", "none"]
    reason: str = ""
    failed_at: int | None = None


def judge_bound(measured: Measured, theorem: Theorem, setting: Setting) -> BoundVerdict:
    """Compare metric and bound at every checkpoint.

    Full batches: FAIL where a metric exceeds its bound beyond rounding. Minibatches: metric and
    bound are paired by seed, and the bound FAILs where the one-sided 99 % t-interval of the mean
    excess over ten seeds or more is above 0, with Bonferroni's correction over checkpoints; it
    passes where the mean metric is below the mean bound throughout. A bound that is violated fails
    even if it is vacuous; a vacuous one never passes, nor does one that holds only by less than the
    error of f_star.
    """
    excess = _excess(measured, theorem, setting)
    said = ~np.isnan(excess).any(axis=0)
    if not said.any():
        return BoundVerdict("none", theorem.silent)
    excess, at = excess[:, said], measured.iteration[said]
    above = excess.max(axis=0) if setting.batch else _significant(excess)
    if (above > 0).any():
        T = int(at[np.argmax(above > 0)])
        if not setting.batch and len(excess) < SEEDS_TO_FAIL:
            return BoundVerdict("none", f"above the bound at T = {T}: needs -r {SEEDS_TO_FAIL}")
        return BoundVerdict("fail", failed_at=T)
    if not measured.mean_bound[said][-1] < trivial(theorem, setting):
        return BoundVerdict("vacuous")
    error = unsure(theorem, setting)
    if (excess.mean(axis=0) + error > 0).any() and (excess.mean(axis=0) <= 0).all():
        return BoundVerdict("none", f"f* is known to {error:.0e} only")
    if setting.batch:
        return BoundVerdict("pass")
    if len(excess) < 2:
        return BoundVerdict("none", "one seed: needs -r 2 or more")
    mean = excess.mean(axis=0)
    if (mean > 0).any():
        T = int(at[np.argmax(mean > 0)])
        return BoundVerdict("none", f"mean above the bound at T = {T}: not significant")
    return BoundVerdict("pass")


def _excess(measured: Measured, theorem: Theorem, setting: Setting) -> NDArray[np.float64]:
    """Return metric - bound less the tolerances; NaN where either says nothing."""
    bound = measured.bound
    with np.errstate(invalid="ignore"):  # an infinite metric beside an infinite bound: NaN
        return measured.metric - bound * (1.0 + RELATIVE) - slack(theorem, setting, bound)


def _significant(excess: NDArray[np.float64]) -> Numbers:
    """Return the lower end of the one-sided interval of the mean over seeds, per checkpoint."""
    n_seeds, n_checkpoints = excess.shape
    if n_seeds < 2:
        return np.full(n_checkpoints, -np.inf)
    mean, half = _mean_and_half(excess, 1.0 - LEVEL / n_checkpoints)
    # Where no seed has met the rare sample that matters, all agree, and that decides nothing.
    return np.where(half > AGREEMENT * np.abs(mean), mean - half, -np.inf)


def mean_interval(metric: NDArray[np.float64]) -> list[tuple[float, float]]:
    """Return the two-sided 95 % t-interval of the mean over seeds, per checkpoint."""
    mean, half = _mean_and_half(metric, 0.975)
    return list(zip((mean - half).tolist(), (mean + half).tolist(), strict=True))


def _mean_and_half(values: NDArray[np.float64], quantile: float) -> tuple[Numbers, Numbers]:
    """Return the mean over seeds, and the half-width of its interval at this t-quantile."""
    from scipy.special import stdtrit

    n_seeds = len(values)
    with np.errstate(invalid="ignore", over="ignore"):
        mean = values.mean(axis=0)
        error = values.std(axis=0, ddof=1) / math.sqrt(n_seeds)
    error = np.where(np.isfinite(mean), error, 0.0)
    return mean, float(stdtrit(n_seeds - 1, quantile)) * error
