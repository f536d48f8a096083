"""Tests and intervals for numbers of two results that are paired over seeds."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

CONFIDENCE = 0.95
"""That of the intervals of ratios."""


def _logarithms(a: Sequence[float], b: Sequence[float]) -> list[float]:
    """Return log(b / a) for each seed; empty unless all numbers are positive and finite."""
    if not all(0 < x < math.inf for x in (*a, *b)):
        return []
    return [math.log(y) - math.log(x) for x, y in zip(a, b, strict=True)]


def geometric_ratio(a: Sequence[float], b: Sequence[float]) -> float:
    """Return the geometric mean of b / a; NaN where a number is not positive and finite."""
    logarithms = _logarithms(a, b)
    return math.exp(statistics.fmean(logarithms)) if logarithms else math.nan


def ratio_interval(a: Sequence[float], b: Sequence[float]) -> tuple[float, float] | None:
    """Return Student's interval of the geometric mean of b / a; None where there is none."""
    from scipy.special import stdtrit

    logarithms = _logarithms(a, b)
    n = len(logarithms)
    if n < 2:
        return None
    half = float(stdtrit(n - 1, (1.0 + CONFIDENCE) / 2.0))
    half *= statistics.stdev(logarithms) / math.sqrt(n)
    centre = statistics.fmean(logarithms)
    return math.exp(centre - half), math.exp(centre + half)


class PairedTest(NamedTuple):
    """The outcome of a test of no difference."""

    p: float
    """Two-sided."""
    greater: bool
    """Whether the second numbers are the greater ones, by the statistic of the test."""


def paired_test(a: Sequence[float], b: Sequence[float]) -> PairedTest:
    """Return the test of no difference between numbers that are paired.

    Parameters
    ----------
    a, b
        A number for each seed, at least two; they may be infinite.

    Notes
    -----
    Student's test of the logarithms of the ratios, or of the differences where a number is not
    positive; where one is infinite, or no seed differs from the others, the sign test of the
    differences, without the seeds that have none.
    """
    from scipy.special import bdtr, stdtr

    pairs = list(zip(a, b, strict=True))
    changes = _logarithms(a, b)
    if not changes and all(math.isfinite(x) for pair in pairs for x in pair):
        changes = [y - x for x, y in pairs]
    if changes and (spread := statistics.stdev(changes)) > 0:
        t = statistics.fmean(changes) / (spread / math.sqrt(len(changes)))
        return PairedTest(float(2.0 * stdtr(len(changes) - 1, -abs(t))), t > 0)
    different = [(x, y) for x, y in pairs if x != y]
    greater = sum(y > x for x, y in different)
    smaller = len(different) - greater
    p = 2.0 * float(bdtr(min(greater, smaller), len(different), 0.5))
    return PairedTest(min(1.0, p), greater > smaller)


def holm(p_values: Sequence[float]) -> dict[float, float]:
    """Return p -> p adjusted for all of these tests together (Holm, 1979).

    The least of m is multiplied by m, the next one by m - 1, and so on; none is below one before.
    """
    adjusted: dict[float, float] = {}
    largest = 0.0
    for k, p in enumerate(sorted(p_values)):
        largest = max(largest, min(1.0, p * (len(p_values) - k)))
        adjusted.setdefault(p, largest)
    return adjusted
