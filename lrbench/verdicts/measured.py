"""The bound of a theorem and the metric that it bounds, at the same checkpoints."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lrbench.results import Run
from lrbench.theory.base import COLUMN, Numbers, Setting, Theorem
from lrbench.theory.quantities import ROUNDINGS as ROUNDINGS


class Measured(NamedTuple):
    """Bound and metric of all seeds, at their common checkpoints with T >= 1."""

    iteration: Numbers
    """T, (n_checkpoints,)."""
    metric: NDArray[np.float64]
    """The measured numbers, (n_seeds, n_checkpoints)."""
    bound: NDArray[np.float64]
    """(n_seeds, n_checkpoints); NaN where the theorem gives no bound."""

    @property
    def mean_metric(self) -> Numbers:
        """The mean metric over seeds, (n_checkpoints,)."""
        return np.asarray(self.metric.mean(axis=0), dtype=np.float64)

    @property
    def mean_bound(self) -> Numbers:
        """The mean bound over seeds, (n_checkpoints,)."""
        return np.asarray(self.bound.mean(axis=0), dtype=np.float64)


def traced_column(theorem: Theorem) -> str:
    """Return the column of the trace that the theorem bounds."""
    return COLUMN[theorem.measure, theorem.iterate]


def missing(runs: Sequence[Run], theorem: Theorem) -> str:
    """Return why the traces cannot be compared with the theorem; empty if they can."""
    for name in (traced_column(theorem), *theorem.columns):
        for run in runs:
            column = run.trace.get(name)
            if column is None:
                return f"the trace has no column {name}"
            stepped = run.trace["iteration"] >= 1
            # A certificate's own columns may be NaN: its bound is then NaN, which is no failure.
            if stepped.any() and name == traced_column(theorem) and np.isnan(column[stepped]).all():
                return f"{name} was not measured"
    return ""


def measure_runs(runs: Sequence[Run], theorem: Theorem, setting: Setting) -> Measured:
    """Return bound and metric at the checkpoints that all `runs` have in common.

    Checkpoints at which no run measured the metric are left out: a sweep measures the average
    iterate at few of its checkpoints.
    """
    iteration = reduce(np.intersect1d, [r.trace["iteration"] for r in runs])
    iteration = iteration[iteration >= 1]
    metric = np.empty((len(runs), len(iteration)))
    bound = np.empty_like(metric)
    for seed, run in enumerate(runs):
        rows = np.searchsorted(run.trace["iteration"], iteration)
        metric[seed] = run.trace[traced_column(theorem)][rows]
        trace = {name: run.trace[name][rows] for name in theorem.columns}
        # The columns of a diverging run hold infinities, and its bounds may be inf / inf.
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            bound[seed] = theorem.bound(setting, iteration, trace)
    with_metric = ~np.isnan(metric).all(axis=0)
    return Measured(iteration[with_metric], metric[:, with_metric], bound[:, with_metric])


def trivial(theorem: Theorem, setting: Setting) -> float:
    """Return the measure at the start: F(w_0) - f_star, or |grad F(w_0)|^2."""
    constants = setting.constants
    return constants.delta0 if theorem.measure == "suboptimality" else constants.grad_norm_sq0


def slack(theorem: Theorem, setting: Setting, bound: NDArray[np.float64]) -> NDArray[np.float64]:
    r"""Return the absolute tolerance of a comparison with `bound`, shape of `bound`.

    Notes
    -----
    The rounding error of a suboptimality F - f_star is at most 64 eps (\|F(w_0)\| + \|F*\|). The
    error of f_star needs no tolerance on this side, because f_star is an upper bound of F* (see
    `f_star_uncertainty` for the other side). The norm of a gradient is known to
    e = 64 eps sqrt(2 L (\|F(w_0)\| + \|F*\|)), hence its square near a bound B to
    2 e sqrt(B) + e^2, which is of the order of eps^2 near a minimiser.

    Where the distance from the computed x* to a minimiser is not known, the gradient there may have
    the square 2 L e, with e the error of f_star. This costs 4 sqrt(e B) near a bound B.
    """
    constants = setting.constants
    size = constants.size
    if theorem.measure == "suboptimality":
        known_to = ROUNDINGS * size + constants.f_rounding
        if constants.distance_error is None and constants.f_star_error > 0.0:
            # D_0 is the distance to the computed x* (see the notes).
            # Two roots, because the product of a large bound and a large error overflows.
            root = math.sqrt(constants.f_star_error)
            return known_to + 4.0 * root * np.sqrt(np.maximum(bound, 0.0))
        return np.full(bound.shape, known_to)
    square = 2.0 * constants.L * size
    # Without L, the gradient at the start is the only known scale of a gradient.
    e = ROUNDINGS * math.sqrt(square if math.isfinite(square) else constants.grad_norm_sq0)
    if constants.f_rounding and math.isfinite(square):
        # |grad F|^2 <= 2 L (F - inf F), differentiated: the rounding of F in that of the gradient.
        e += constants.f_rounding * math.sqrt(constants.L / (2.0 * size))
    return np.asarray(2.0 * e * np.sqrt(bound) + e * e, dtype=np.float64)


def resolution(theorem: Theorem, setting: Setting) -> float:
    """Return the part of `slack` that does not shrink with the bound: none below it is compared."""
    return float(slack(theorem, setting, np.zeros(1))[0])


def f_star_uncertainty(theorem: Theorem, setting: Setting) -> float:
    """Return by how much the true measure may exceed the metric: the error of f_star, or 0."""
    return setting.constants.f_star_error if theorem.measure == "suboptimality" else 0.0
