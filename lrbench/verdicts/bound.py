"""Whether a bound held, and from which T on it is below the value at the start."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import distinct
from lrbench.theory.base import Setting, Theorem
from lrbench.verdicts.measured import (
    Measured,
    f_star_uncertainty,
    resolution,
    slack,
    trivial,
)
from lrbench.verdicts.pathwise import RELATIVE

SUM_ROUNDING = 2.0 * float(np.finfo(np.float64).eps)
"""Relative tolerance for each step: a sum of T terms is known to T roundings."""

POWERS = np.exp2(np.arange(51.0))
"""1, 2, 4, ... up to about 1e15: the T at which an a-priori bound is evaluated first."""

POINTS = 64
"""Points of one round of the search between two powers of 2."""


COARSE = 1e-3
"""The largest rounding of a measure, relative to its value at the start, beside which a bound is
said to hold: with a larger one almost no progress could be told from none."""


class BoundVerdict(NamedTuple):
    """The verdict on a bound."""

    verdict: Literal["pass", "fail", "vacuous", "none"]
    reason: str = ""
    failed_at: int | None = None


def judge_bound(measured: Measured, theorem: Theorem, setting: Setting) -> BoundVerdict:
    """Compare metric and bound at every checkpoint.

    Notes
    -----
    With full batches the bound fails where a metric exceeds it beyond rounding. With minibatches it
    is about the expectation of the metric, of which some seeds prove nothing: it passes where the
    mean metric is nowhere above the mean bound, and it fails only by what a single path refutes
    (`lrbench.verdicts.pathwise`). A vacuous bound fails if it is violated, but it never passes. Nor
    does a bound that holds by less than the error of f_star, or any bound where the rounding of the
    metric is more than `COARSE` of its value at the start.
    """
    excess = _excess(measured, theorem, setting)
    comparable = ~np.isnan(excess).any(axis=0)
    if not comparable.any():
        return BoundVerdict("none", theorem.silent)
    excess, iteration = excess[:, comparable], measured.iteration[comparable]
    mean = excess.mean(axis=0)
    if setting.batch and (excess > 0).any():
        return BoundVerdict("fail", failed_at=int(iteration[np.argmax((excess > 0).any(axis=0))]))
    if not measured.mean_bound[comparable][-1] < trivial(theorem, setting):
        return BoundVerdict("vacuous")
    # A bound far below the rounding would hold beside any measured number.
    rounding = resolution(theorem, setting)
    if rounding > COARSE * trivial(theorem, setting):
        what = "F" if theorem.measure == "suboptimality" else "|grad F|^2"
        return BoundVerdict("none", f"{what} is known to {rounding:.0e} only")
    error = f_star_uncertainty(theorem, setting)
    # inf F may be as low as f_star - error: then the true suboptimality is larger by `error`.
    if (mean + error > 0).any() and (mean <= 0).all():
        return BoundVerdict("none", f"f* is known to {error:.0e} only")
    if setting.batch:
        return BoundVerdict("pass")
    if len(excess) < 2:
        return BoundVerdict("none", "one seed: needs -r 2 or more")
    if (mean > 0).any():
        T = int(iteration[np.argmax(mean > 0)])
        return BoundVerdict("none", f"mean above the bound at T = {T}: no proof")
    return BoundVerdict("pass")


def _excess(measured: Measured, theorem: Theorem, setting: Setting) -> NDArray[np.float64]:
    """Return metric - bound less the tolerances; NaN where either is missing."""
    bound = measured.bound
    with np.errstate(invalid="ignore"):  # an infinite metric beside an infinite bound: NaN
        allowed = RELATIVE + SUM_ROUNDING * measured.iteration
        return measured.metric - bound * (1.0 + allowed) - slack(theorem, setting, bound)


def mean_interval(metric: NDArray[np.float64]) -> list[tuple[float, float]]:
    """Return the two-sided 95 % t-interval of the mean over seeds, per checkpoint."""
    from scipy.special import stdtrit

    n_seeds = len(metric)
    with np.errstate(invalid="ignore", over="ignore"):
        mean = metric.mean(axis=0)
        error = metric.std(axis=0, ddof=1) / math.sqrt(n_seeds)
    # inf - inf is NaN: the interval of an infinite mean is that mean alone.
    half = float(stdtrit(n_seeds - 1, 0.975)) * np.where(np.isfinite(mean), error, 0.0)
    return list(zip((mean - half).tolist(), (mean + half).tolist(), strict=True))


def informative_from(measured: Measured, theorem: Theorem, setting: Setting) -> int | None:
    """Return the least T at which the bound is below the value at the start; None if there is none.

    For a certificate it is the first such checkpoint, for an a-priori bound any T.
    """
    if theorem.kind == "a-priori":
        return least_informative(theorem, setting)
    informative = measured.mean_bound < trivial(theorem, setting)
    return int(measured.iteration[np.argmax(informative)]) if informative.any() else None


def least_informative(theorem: Theorem, setting: Setting) -> int | None:
    """Return the least T <= 1e15 at which an a-priori bound is below the value at the start.

    The bound is evaluated at every power of 2. Between the first that is informative and the power
    before, the bound is assumed to decrease.
    """
    level = trivial(theorem, setting)
    informative = theorem.bound(setting, POWERS) < level
    if not informative.any():
        return None
    first = int(np.argmax(informative))
    if first == 0:
        return 1
    low, high = POWERS[first - 1], POWERS[first]
    while high - low > 1:
        T = distinct(np.rint(np.linspace(low, high, POINTS + 2)))
        k = int(np.argmax(theorem.bound(setting, T) < level))
        low, high = T[k - 1], T[k]
    return int(high)
