"""The number that an expectation is about, with an interval that contains it for certain."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from lrbench.config.targets import GOALS
from lrbench.gate.expectation import Expectation
from lrbench.results import ProblemResult, Run, Sensitivity, Status
from lrbench.results.ranking import DEFAULT_SHARE, answer_column, at_end, passes_to
from lrbench.theory.base import COLUMN, Numbers
from lrbench.verdicts.rate import fit


@dataclass(frozen=True)
class Measurement:
    """A number that lies between `low` and `high`.

    Parameters
    ----------
    value
        The measured number; None if nothing was measured.
    low, high
        The ends of the interval that contains it for certain; None if nothing is known.
    reason
        The reason why it is unknown or not exact, or how it was measured.
    """

    value: float | None
    low: float | None
    high: float | None
    reason: str = ""


def unknown(reason: str) -> Measurement:
    """Return a measurement without a number."""
    return Measurement(None, None, None, reason)


def exactly(value: float, reason: str = "") -> Measurement:
    """Return a measurement whose interval is one number."""
    return Measurement(value, value, value, reason)


def measure_quantity(
    expectation: Expectation, problem: ProblemResult, runs: Sequence[Run]
) -> Measurement:
    """Return the number that an expectation is about.

    Parameters
    ----------
    expectation
        An expectation of a number.
    problem
        The result on one problem.
    runs
        The runs of one solver and lr0, over which means are taken; for a quantity of a sweep those
        of one solver.
    """
    if expectation.quantity == "usable_decades":
        return _usable_decades(problem, runs)
    if expectation.quantity == "best_passes":
        return _best_passes(problem, runs)
    interrupted = [run for run in runs if run.status is Status.INTERRUPTED]
    if interrupted:
        return unknown(f"{len(interrupted)} of {len(runs)} runs were interrupted")
    lost = [run for run in runs if run.status.lost]
    if not lost and any(not len(run.trace.get("iteration", ())) for run in runs):
        return unknown("a run has no checkpoint")
    # Before lost runs are handled: a median of passes may be finite although a run is lost, and
    # the rate of a lost run is not inf but -inf.
    if expectation.quantity == "passes_to_target":
        return _passes_to_target(problem, runs)
    if expectation.quantity == "rate":
        return _rate(expectation, problem, runs)
    if lost:
        worst = -math.inf if expectation.quantity == "test_accuracy" else math.inf
        return exactly(worst, _ending(lost[0]))
    if expectation.quantity == "seconds":
        seconds = at_end(runs, "seconds")
        if seconds is None or math.isnan(seconds):
            return unknown("the seconds were not measured")
        return exactly(seconds)
    column = expectation.quantity
    if column == "suboptimality":
        column = _column_of(expectation, runs)
    if column == "objective":
        column = answer_column(runs).replace("suboptimality", column)
    return _mean_at(column, expectation.options.get("at"), problem, runs)


def _column_of(expectation: Expectation, runs: Sequence[Run]) -> str:
    """Return the column of F - f* at the iterate that an expectation names, or at the answer."""
    iterate = str(expectation.options.get("of", "answer"))
    return answer_column(runs) if iterate == "answer" else COLUMN["suboptimality", iterate]


def _ending(run: Run) -> str:
    """Return how a lost run ended."""
    return f"{run.status} at T = {run.status_at}" + (f" ({run.error})" if run.error else "")


def _mean_at(column: str, T: Any, problem: ProblemResult, runs: Sequence[Run]) -> Measurement:
    """Return the mean over runs of a column at iteration T; at the end if T is None."""
    numbers = []
    for run in runs:
        if column not in run.trace:
            held_out = "test_loss" in run.trace
            return unknown("it is no classification" if held_out else "nothing is held out: --test")
        iteration, values = run.trace["iteration"], run.trace[column]
        # A run that reached its target ended early on purpose and stays where it ended.
        if T is None or (iteration[-1] < T and run.status is Status.REACHED_TARGET):
            end = run.at_end(column) if T is None else values[-1]
            numbers.append(math.nan if end is None else float(end))
            continue
        rows = np.flatnonzero(iteration == T)
        if not len(rows):
            neighbours = [*iteration[iteration < T][-1:], *iteration[iteration > T][:1]]
            beside = " and ".join(f"{t:.0f}" for t in neighbours)
            return unknown(f"T = {T} is no checkpoint; beside it: {beside}")
        numbers.append(float(values[rows[0]]))
    mean = float(np.mean(numbers))
    if math.isnan(mean) and column.startswith("suboptimality") and problem.header.level == "F":
        return unknown("f* is not known: objective is F itself")
    if math.isnan(mean):
        return unknown(f"{column} was not measured there")
    if not column.startswith("suboptimality"):
        return exactly(mean)
    error = problem.header.constants.f_star_error
    if mean + error == mean:
        return exactly(mean)
    # f_star is an upper bound of F*: the true suboptimality is never smaller, only larger.
    return Measurement(mean, mean, mean + error, f"f* is known to {error:.0e} only")


def _rate(expectation: Expectation, problem: ProblemResult, runs: Sequence[Run]) -> Measurement:
    """Return minus the fitted exponent of T, with its interval."""
    lost = [run for run in runs if run.status.lost]
    if lost:
        return exactly(-math.inf, _ending(lost[0]))
    column = _column_of(expectation, runs)
    if any(np.any(np.diff(run.trace["iteration"]) <= 0) for run in runs):
        return unknown("the checkpoints are not in order")
    iteration = reduce(np.intersect1d, [run.trace["iteration"] for run in runs])
    iteration = iteration[iteration >= 1]
    metric = np.array(
        [run.trace[column][np.isin(run.trace["iteration"], iteration)] for run in runs]
    )
    level = problem.header.constants.floor
    fitted = fit(iteration, metric, level, "power")
    rate = fitted.rate
    if rate is None:
        if fitted.floor_from is not None:
            return _rate_to_floor(iteration, metric.mean(axis=0), level)
        return unknown("too few checkpoints to fit a rate")
    (low, high), (start, end) = rate.interval, rate.window
    at_floor = fitted.floor_from is not None
    floor = ", then at the floor of what f* is known to" * at_floor
    return Measurement(-rate.slope, -high, -low, f"fitted over T = {start} to {end}{floor}")


def _rate_to_floor(iteration: Numbers, mean: Numbers, level: float) -> Measurement:
    """Return a lower bound of a rate that reached the floor too soon to be fitted.

    Between the first checkpoint and the first one at the floor the mean fell by at least the factor
    mean[0] / level, which gives the bound.
    """
    first = int(np.flatnonzero(mean <= level)[0])
    if first == 0:
        return unknown(
            f"at the floor from T = {iteration[0]:g} on: f* is known to {level:.0e} only"
        )
    lower_bound = math.log(mean[0] / level) / math.log(iteration[first] / iteration[0])
    reason = f"at the floor from T = {iteration[first]:g} on"
    return Measurement(lower_bound, lower_bound, math.inf, reason)


def _passes_to_target(problem: ProblemResult, runs: Sequence[Run]) -> Measurement:
    if problem.sweep is not None and problem.sweep.arrival != "first":
        s = _sensitivity(problem, runs)
        if isinstance(s, str):
            return unknown(s)
        value = runs[0].value
        passes = s.best_passes if value is None else s.passes[list(s.values).index(value)]
        never = f"never arrived at {problem.sweep.goal} {problem.sweep.target:.3g}"
        return exactly(passes, "" if math.isfinite(passes) else never)
    target = problem.header.target if problem.sweep is None else problem.sweep.target
    if target is None:
        delta0 = problem.header.constants.delta0
        if math.isnan(delta0):
            return unknown("there is no target, and F(w_0) - f* is not known")
        target = DEFAULT_SHARE * delta0
    passes = passes_to(runs, target, problem.header.target_measure)
    if math.isnan(passes):
        return unknown("the passes were not measured")
    never = f"{GOALS[problem.header.target_measure]} {target:.3g} not reached"
    return exactly(passes, "" if math.isfinite(passes) else never)


def _sensitivity(problem: ProblemResult, runs: Sequence[Run]) -> Sensitivity | str:
    """Return the sensitivity of the solver of these runs, or the reason why there is none."""
    if problem.sweep is None:
        return "the result is of no sweep"
    try:
        sensitivity = problem.sweep.of(str(runs[0].method))
    except KeyError:
        return "the sweep of the result does not contain this solver"
    if sensitivity.missing:
        return f"{sensitivity.missing} runs are missing"
    return sensitivity


def _best_passes(problem: ProblemResult, runs: Sequence[Run]) -> Measurement:
    sensitivity = _sensitivity(problem, runs)
    if isinstance(sensitivity, str):
        return unknown(sensitivity)
    name, best = sensitivity.parameter, sensitivity.best_value
    if not sensitivity.values:
        arrived = math.isfinite(sensitivity.best_passes)
        return exactly(sensitivity.best_passes, "" if arrived else "it does not reach the target")
    if best is None:
        return exactly(sensitivity.best_passes, f"no {name} reaches the target")
    return exactly(sensitivity.best_passes, f"at {name} = {best:.3g}")


def _usable_decades(problem: ProblemResult, runs: Sequence[Run]) -> Measurement:
    sensitivity = _sensitivity(problem, runs)
    if isinstance(sensitivity, str):
        return unknown(sensitivity)
    if not sensitivity.values:
        return unknown("nothing of this solver varies")
    name, width = sensitivity.parameter, sensitivity.usable_decades
    extent = f"no {name} reaches the target"
    if sensitivity.usable is not None:
        extent = f"from {name} = {sensitivity.usable[0]:.3g} to {sensitivity.usable[1]:.3g}"
    if any(sensitivity.at_edge):
        return Measurement(width, width, math.inf, f"{extent}, at the edge of the grid")
    return exactly(width, extent)
