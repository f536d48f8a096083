"""What several seeds of one lane say together: a median, and the least and the largest seed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lrbench.results import Run, Status

ABSCISSAE = {"iterations": "iteration", "passes": "passes", "seconds": "seconds"}
"""What a curve may be drawn over, and the column of the trace that has it."""


@dataclass(frozen=True)
class Spread:
    """Numbers over seeds at several points; all of one length, (n_points,)."""

    median: tuple[float, ...]
    """Medians over the seeds that are known there; inf where most of them diverged, NaN where none
    is known."""
    low: tuple[float, ...]
    """The least of these seeds."""
    high: tuple[float, ...]
    """The largest of these seeds."""


@dataclass(frozen=True)
class Band(Spread):
    """A column of the trace along the runs of one lane."""

    iteration: tuple[int, ...]
    """T of each point, ascending."""
    x: tuple[float, ...]
    """The abscissa: T itself, or the median over seeds of the passes or seconds so far, which never
    falls."""

    def known(self) -> Band:
        """Return the band without the points at which no seed has a number."""
        at = [k for k, level in enumerate(self.median) if not math.isnan(level)]
        return Band(**{name: tuple(column[k] for k in at) for name, column in vars(self).items()})


def spread(values: ArrayLike) -> Spread:
    """Return the median, the least and the largest of each column, (n_seeds, n_points).

    NaN is not known, and counts neither way.
    """
    median, low, high = _over_seeds(np.asarray(values, dtype=np.float64))
    return Spread(tuple(median.tolist()), tuple(low.tolist()), tuple(high.tolist()))


def band(
    runs: Sequence[Run], column: str, abscissa: str = "iterations", until: float = math.inf
) -> Band:
    """Return a column of the traces of one lane, over seeds.

    Parameters
    ----------
    runs
        One a seed.
    column
        The name of the column; a run without it is not known anywhere.
    abscissa
        One of `ABSCISSAE`.
    until
        The last iteration; rows beyond it are left out.

    Notes
    -----
    The points are the checkpoints of any seed. Beyond its last row a seed that diverged is
    infinite, one that came to its target keeps the number with which it ended, and any other is
    not known, so that it counts neither way.
    """
    traced = [run for run in runs if len(run.trace.get(column, ()))]
    if not traced:
        return Band((), (), (), (), ())
    iteration = np.unique(np.concatenate([run.trace["iteration"] for run in traced]))
    iteration = iteration[iteration <= until]
    values = np.array([_along(run, column, iteration) for run in traced])
    places = np.array([_along(run, ABSCISSAE[abscissa], iteration, ends=True) for run in traced])
    x = iteration if abscissa == "iterations" else np.fmax.accumulate(_over_seeds(places)[0])
    numbers = spread(values)
    return Band(
        numbers.median,
        numbers.low,
        numbers.high,
        tuple(int(t) for t in iteration),
        tuple(x.tolist()),
    )


def _along(
    run: Run, column: str, iteration: NDArray[np.float64], *, ends: bool = False
) -> NDArray[np.float64]:
    """Return a column of one run at these iterations; with `ends` it is unknown beyond its end."""
    own, numbers = run.trace["iteration"], run.trace[column]
    beyond = np.nan
    if run.status is Status.DIVERGED and not ends:
        beyond = np.inf
    elif run.status is Status.REACHED_TARGET and not ends:
        beyond = float(numbers[-1])
    values = np.where(iteration > own[-1], beyond, np.nan)
    rows = own <= iteration[-1]
    values[np.searchsorted(iteration, own[rows])] = numbers[rows]
    return values


def _over_seeds(
    values: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the median, the least and the largest of the known seeds of each column."""
    known = ~np.isnan(values)
    count = known.sum(axis=0)
    # Sorted, NaN stands behind every number. numpy's nanmedian warns where nothing is known.
    ascending = np.sort(values, axis=0)
    at = np.arange(values.shape[1])
    lower, upper = (ascending[np.maximum(count + k, 0) // 2, at] for k in (-1, 0))
    with np.errstate(invalid="ignore", over="ignore"):
        # Half of each, whose sum cannot overflow; of infinities of one sign it is this infinity.
        median = np.where(lower == upper, lower, lower / 2.0 + upper / 2.0)
    high = ascending[np.maximum(count - 1, 0), at]
    return median, ascending[0], high
