"""How a metric falls in T: like a power of T, exponentially, or like neither."""

from __future__ import annotations

import itertools
import math
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lrbench.theory.base import Numbers

RateKind: TypeAlias = Literal["power", "linear"]
"""log(metric) is a line in log T (``"power"``) or in T (``"linear"``)."""

LEAST_POINTS = 6
"""Checkpoints below which no rate is fitted."""
DECISIVE_RATIO = 4.0
"""The ratio of two residual sums of squares from which on the smaller one decides."""
DECISIVE_BIC = 18.0
"""The difference n log(ratio) of the two criteria of Schwarz that decides, too; it matters where n
is small, and only the ratio where neighbouring checkpoints say the same."""
RESOLUTION = 1e-9
"""The mean squared residual below which a fit is exact: metrics have ten digits at best."""
STEADY = 1.6
"""The largest ratio of the linear rates of the thirds of an exponential."""
CONFIDENCE = 0.99
"""The level of the one-sided intervals over seeds."""


class Rate(NamedTuple):
    """A rate fitted over the last decade of T above the floor.

    Slopes are those of log(metric) against log T for ``kind="power"`` and against T for
    ``kind="linear"``.
    """

    kind: RateKind
    window: tuple[int, int]
    """The first and the last T of the window."""
    slope: float
    """The slope of the mean over seeds."""
    interval: tuple[float, float]
    """95 % t-interval of the slopes of the seeds, or for one seed the range of `thirds`; it
    contains `slope`."""
    thirds: tuple[float, float, float]
    """The slopes of the mean in the three thirds of the window."""
    last_half: float
    """The slope of the mean in the second half of the window."""
    other_slope: float
    """The slope of the mean of the other kind."""
    rss_ratio: float
    """The residual sum of squares of the power over that of the exponential."""
    law: Literal["power", "linear", "neither"]
    """The kind that fits decisively better."""
    rise: float
    """The largest rise within the window: a factor, for several seeds its lower end."""
    local: NDArray[np.float64]
    """The slopes in the thirds, (n_seeds, 3)."""

    def at_least(self, weights: tuple[float, float, float]) -> float:
        """Return a combination of the local slopes: for several seeds its one-sided lower end."""
        return _lower_end(self.local @ np.asarray(weights))


class Fit(NamedTuple):
    """The rate of a metric, and where it reached its floor."""

    rate: Rate | None
    """None if there are too few checkpoints above the floor."""
    floor_from: int | None
    """The first checkpoint from which on the mean is at the floor; None if the last is above it."""


def fit(iteration: Numbers, metric: NDArray[np.float64], level: float, kind: RateKind) -> Fit:
    """Fit both laws to the mean over seeds, over the last decade of T above the floor.

    Parameters
    ----------
    iteration
        T >= 1 of the checkpoints, (n_checkpoints,), ascending.
    metric
        (n_seeds, n_checkpoints). Checkpoints at which it is NaN for a seed are left out, and an
        infinite mean is a rise.
    level
        The floor: only means above it are fitted.
    kind
        The law of which the slopes are returned.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        mean = metric.mean(axis=0)
    infinite, finite = iteration[np.isposinf(mean)].max(initial=0.0), np.isfinite(mean)
    iteration, metric, mean = iteration[finite], metric[:, finite], mean[finite]
    above = mean > level
    below = iteration[iteration > iteration[above].max(initial=0.0)]
    floor_from = int(below[0]) if len(below) else None
    window = above & (iteration >= iteration[above].max(initial=0.0) / 10.0)
    if np.count_nonzero(window) < LEAST_POINTS:
        return Fit(None, floor_from)
    # The logarithm needs a positive number: the floor may be 0, and seeds may be below it.
    lowest = max(level, float(np.finfo(np.float64).tiny))
    seeds = np.log(np.maximum(metric[:, window], lowest))
    rate = _rate(iteration[window], seeds, np.log(mean[window]), kind)
    overflows = infinite > rate.window[0]
    return Fit(rate._replace(rise=math.inf) if overflows else rate, floor_from)


def _rate(T: Numbers, seeds: NDArray[np.float64], y: Numbers, kind: RateKind) -> Rate:
    """Return the rate from the logarithms of the metric of all seeds and of their mean, `y`."""
    x: dict[RateKind, Numbers] = {"power": np.log(T), "linear": T}
    edges = np.rint(np.linspace(0, len(T) - 1, 4)).astype(int)
    # Neighbouring thirds share a checkpoint, so that six checkpoints are enough.
    parts = [slice(a, b + 1) for a, b in itertools.pairwise(edges)]

    def thirds_of(kind: RateKind, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.stack([_slopes(x[kind][part], values[..., part]) for part in parts], axis=-1)

    slope, thirds = float(_slopes(x[kind], y)), thirds_of(kind, y)
    low, high = _interval(_slopes(x[kind], seeds)) if len(seeds) > 1 else (min(thirds), max(thirds))
    half = slice(len(T) // 2, None)
    return Rate(
        kind=kind,
        window=(int(T[0]), int(T[-1])),
        slope=slope,
        interval=(float(min(low, slope)), float(max(high, slope))),
        thirds=(float(thirds[0]), float(thirds[1]), float(thirds[2])),
        last_half=float(_slopes(x[kind][half], y[half])),
        other_slope=float(_slopes(x["linear" if kind == "power" else "power"], y)),
        rss_ratio=_rss_ratio(T, y),
        law=_law(T, y, thirds_of("linear", y)),
        rise=_rise(seeds, y),
        local=thirds_of(kind, seeds),
    )


def _slopes(x: Numbers, y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the least-squares slopes of `y` along its last axis."""
    x = x - x.mean()
    return np.asarray(y @ x / (x @ x), dtype=np.float64)


def _rss_ratio(T: Numbers, y: Numbers) -> float:
    """Return the residual sum of squares of a line in log T over that of a line in T."""
    rss = []
    for x in (np.log(T), T):
        rest = y - y.mean() - _slopes(x, y) * (x - x.mean())
        rss.append(max(float(rest @ rest), RESOLUTION * len(T)))
    return rss[0] / rss[1]


def _law(
    T: Numbers, y: Numbers, rates: NDArray[np.float64]
) -> Literal["power", "linear", "neither"]:
    """Return the better law, from the curve and the linear rates of its thirds.

    Notes
    -----
    Over the whole window, a curve that bends down once, from one power to a steeper one, may be
    nearer to a line in T than to one in log T. An exponential is told from it by its second half,
    which is then no power, and by its one rate.
    """
    ratio, n = _rss_ratio(T, y), len(T)
    if _decisive(1.0 / ratio, n):
        return "power"
    slowest, fastest = float(min(-rates)), float(max(-rates))
    steady = 0.0 < fastest <= STEADY * slowest
    end = slice(n // 2, None)
    at_end = _decisive(_rss_ratio(T[end], y[end]), n - n // 2)
    return "linear" if steady and at_end and _decisive(ratio, n) else "neither"


def _decisive(ratio: float, n: int) -> bool:
    return ratio > DECISIVE_RATIO and n * math.log(ratio) > DECISIVE_BIC


def _interval(slopes: NDArray[np.float64]) -> tuple[float, float]:
    """Return the two-sided 95 % t-interval of the mean over seeds."""
    half = _half_width(slopes, 0.975)
    return float(slopes.mean() - half), float(slopes.mean() + half)


def _lower_end(values: NDArray[np.float64]) -> float:
    """Return the lower end of the one-sided t-interval over seeds; of one seed its own value."""
    return float(values.mean() - (_half_width(values, CONFIDENCE) if len(values) > 1 else 0.0))


def _half_width(values: NDArray[np.float64], quantile: float) -> float:
    from scipy.special import stdtrit

    n_seeds = len(values)
    return float(stdtrit(n_seeds - 1, quantile) * values.std(ddof=1) / math.sqrt(n_seeds))


def _rise(seeds: NDArray[np.float64], y: Numbers) -> float:
    """Return the largest rise of the mean: a factor, for several seeds its lower end."""
    lowest = np.minimum.accumulate(y)
    top = int(np.argmax(y - lowest))
    bottom = int(np.argmin(y[: top + 1]))
    return math.exp(_lower_end(seeds[:, top] - seeds[:, bottom]))
