"""The number that an expectation is about, and how well it is known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from lrbench.gate.expectation import Expectation
from lrbench.results import ProblemResult, Run, Sensitivity, Status
from lrbench.results.ranking import DEFAULT_SHARE, passes_to
from lrbench.theory.base import COLUMN, Numbers
from lrbench.verdicts.order import fit

LOST = (Status.DIVERGED, Status.FAILED)


@dataclass(frozen=True)
class Known:
    """A number that lies between `low` and `high`.

    Parameters
    ----------
    value
        What was measured; None where nothing was.
    low, high
        Between these it is for certain; both None where it is not known at all.
    reason
        Why it is not known, or not exactly.
    """

    value: float | None
    low: float | None
    high: float | None
    reason: str = ""


def unknown(reason: str) -> Known:
    """Return that there is no number."""
    return Known(None, None, None, reason)


def exactly(value: float, reason: str = "") -> Known:
    """Return a number that is known exactly."""
    return Known(value, value, value, reason)


def measure_quantity(wanted: Expectation, problem: ProblemResult, runs: Sequence[Run]) -> Known:
    """Return the number that `wanted` is about, from the runs of one solver and lr0.

    For what only a sweep can tell the runs are of all lr0 of the solver. Means are over seeds.
    """
    if wanted.quantity == "usable_decades":
        return _usable_decades(problem, runs)
    if wanted.quantity == "best_passes":
        return _best_passes(problem, runs)
    cut = [run for run in runs if run.status is Status.INTERRUPTED]
    if cut:
        return unknown(f"{len(cut)} of {len(runs)} runs were interrupted")
    lost = [run for run in runs if run.status in LOST]
    if not lost and any(not len(run.trace.get("iteration", ())) for run in runs):
        return unknown("a run has no checkpoint")
    if wanted.quantity == "passes_to_target":
        return _passes_to_target(problem, runs)
    if wanted.quantity == "rate":
        return _rate(wanted, problem, runs)
    if lost:
        worst = -math.inf if wanted.quantity == "test_accuracy" else math.inf
        return exactly(worst, _how(lost[0]))
    if wanted.quantity == "seconds":
        seconds = float(np.mean([run.trace["seconds"][-1] for run in runs]))
        return unknown("the seconds were not measured") if math.isnan(seconds) else exactly(seconds)
    column = wanted.quantity
    if column == "suboptimality":
        column = COLUMN["suboptimality", str(wanted.options.get("of", "last"))]
    return _at(column, wanted.options.get("at"), problem, runs)


def _how(run: Run) -> str:
    """Return how a run was lost."""
    return f"{run.status} at T = {run.status_at}" + (f" ({run.error})" if run.error else "")


def _at(column: str, at: Any, problem: ProblemResult, runs: Sequence[Run]) -> Known:
    """Return the mean of a column at T = `at`, or at the end."""
    values = []
    for run in runs:
        if column not in run.trace:
            held_out = "test_loss" in run.trace
            return unknown("it is no classification" if held_out else "nothing is held out: --test")
        iteration, numbers = run.trace["iteration"], run.trace[column]
        if at is None or (at > iteration[-1] and run.status is Status.REACHED_TARGET):
            values.append(float(numbers[-1]))
            continue
        there = np.flatnonzero(iteration == at)
        if not len(there):
            below, above = iteration[iteration < at], iteration[iteration > at]
            near = [*below[-1:], *above[:1]]
            beside = " and ".join(f"{t:.0f}" for t in near)
            return unknown(f"T = {at} is no checkpoint; beside it: {beside}")
        values.append(float(numbers[there[0]]))
    mean = float(np.mean(values))
    if math.isnan(mean):
        return unknown(f"{column} was not measured there")
    if not column.startswith("suboptimality"):
        return exactly(mean)
    error = float(problem.header["constants"]["f_star_error"] or 0.0)
    if mean + error == mean:
        return exactly(mean)
    return Known(mean, mean, mean + error, f"f* is known to {error:.0e} only")


def _rate(wanted: Expectation, problem: ProblemResult, runs: Sequence[Run]) -> Known:
    """Return minus the exponent of T, with its interval."""
    lost = [run for run in runs if run.status in LOST]
    if lost:
        return exactly(-math.inf, _how(lost[0]))
    column = COLUMN["suboptimality", str(wanted.options.get("of", "last"))]
    if any(np.any(np.diff(run.trace["iteration"]) <= 0) for run in runs):
        return unknown("the checkpoints are not in order")
    iteration = reduce(np.intersect1d, [run.trace["iteration"] for run in runs])
    iteration = iteration[iteration >= 1]
    metric = np.array(
        [run.trace[column][np.isin(run.trace["iteration"], iteration)] for run in runs]
    )
    constants = problem.header["constants"]
    error, f_star = float(constants["f_star_error"] or 0.0), float(constants["f_star"])
    level = max(10.0 * error, 1e-13 * max(1.0, abs(f_star)))
    found = fit(iteration, metric, level, "power")
    if found.slope is None or found.interval is None or found.window is None:
        if found.at_floor:
            return _fallen(iteration, metric.mean(axis=0), level)
        return unknown("too few checkpoints to fit a rate")
    (low, high), (start, end) = found.interval, found.window
    low, high = min(low, found.slope), max(high, found.slope)
    floor = ", then at the floor of what f* is known to" if found.at_floor else ""
    return Known(-found.slope, -high, -low, f"fitted over T = {start} to {end}{floor}")


def _fallen(iteration: Numbers, mean: Numbers, level: float) -> Known:
    """Return what is known of a rate that came to the floor too soon to be fitted.

    Between the first checkpoint and the one at the floor it is at least the mean exponent.
    """
    below = int(np.flatnonzero(mean <= level)[0])
    if below == 0:
        return unknown(
            f"at the floor from T = {iteration[0]:g} on: f* is known to {level:.0e} only"
        )
    least = math.log(mean[0] / level) / math.log(iteration[below] / iteration[0])
    return Known(least, least, math.inf, f"at the floor from T = {iteration[below]:g} on")


def _passes_to_target(problem: ProblemResult, runs: Sequence[Run]) -> Known:
    target = problem.header.get("target")
    if target is None:
        delta0 = problem.header["constants"]["delta0"]
        if delta0 is None:
            return unknown("there is no target, and F(w_0) - f* is not known")
        target = DEFAULT_SHARE * float(delta0)
    passes = passes_to(runs, target)
    if math.isnan(passes):
        return unknown("the passes were not measured")
    return exactly(passes, "" if math.isfinite(passes) else f"F - f* <= {target:.3g} not reached")


def _sensitivity(problem: ProblemResult, runs: Sequence[Run]) -> Sensitivity | str:
    """Return what a sweep found of the solver of these runs, or why it found nothing."""
    if problem.sweep is None:
        return "the result is of no sweep"
    try:
        found = problem.sweep.of(str(runs[0].solver))
    except KeyError:
        return "the result says nothing of it"
    return f"{found.missing} runs are missing" if found.missing else found


def _best_passes(problem: ProblemResult, runs: Sequence[Run]) -> Known:
    found = _sensitivity(problem, runs)
    if isinstance(found, str):
        return unknown(found)
    if found.best_lr0 is None:
        return exactly(found.best_passes, "no lr0 reaches the target")
    return exactly(found.best_passes, f"at lr0 = {found.best_lr0:.3g}")


def _usable_decades(problem: ProblemResult, runs: Sequence[Run]) -> Known:
    found = _sensitivity(problem, runs)
    if isinstance(found, str):
        return unknown(found)
    width, where = found.usable_decades, "no lr0 reaches the target"
    if found.usable is not None:
        where = f"from lr0 = {found.usable[0]:.3g} to {found.usable[1]:.3g}"
    if any(found.at_edge):
        return Known(width, width, math.inf, f"{where}, at the edge of the grid")
    return exactly(width, where)
