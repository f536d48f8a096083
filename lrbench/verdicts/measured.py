"""A theorem's bound and the measure it speaks of, side by side at the same checkpoints."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from lrbench.results import Run
from lrbench.theory.base import COLUMN, Numbers, Setting, Theorem

ROUNDINGS = 64 * float(np.finfo(np.float64).eps)
"""Relative rounding that is allowed for in an objective or a gradient."""


@dataclass(frozen=True)
class Measured:
    """Bound and metric of all seeds at their common checkpoints with T >= 1."""

    iteration: Numbers
    """(n_checkpoints,)."""
    metric: NDArray[np.float64]
    """(n_seeds, n_checkpoints)."""
    bound: NDArray[np.float64]
    """(n_seeds, n_checkpoints); NaN where the theorem says nothing."""

    @property
    def mean_metric(self) -> Numbers:
        """The mean over seeds, (n_checkpoints,)."""
        return _mean(self.metric)

    @property
    def mean_bound(self) -> Numbers:
        """The mean over seeds, (n_checkpoints,)."""
        return _mean(self.bound)


def _mean(values: NDArray[np.float64]) -> Numbers:
    return np.asarray(values.mean(axis=0), dtype=np.float64)


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
            after = run.trace["iteration"] >= 1
            if after.any() and name == traced_column(theorem) and np.isnan(column[after]).all():
                return f"{name} was not measured"
    return ""


def measure_runs(runs: Sequence[Run], theorem: Theorem, setting: Setting) -> Measured:
    """Return bound and metric at the checkpoints that all `runs` share.

    Where the metric was not measured in any run, as that of the average at most checkpoints of a
    sweep, there is nothing to compare.
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
    there = ~np.isnan(metric).all(axis=0)
    return Measured(iteration[there], metric[:, there], bound[:, there])


def trivial(theorem: Theorem, setting: Setting) -> float:
    """Return what doing nothing achieves: F(w_0) - f_star, or |grad F(w_0)|^2."""
    constants = setting.constants
    return constants.delta0 if theorem.measure == "suboptimality" else constants.grad_norm_sq0


def slack(theorem: Theorem, setting: Setting, bound: NDArray[np.float64]) -> NDArray[np.float64]:
    r"""Return the absolute tolerance of a comparison with `bound`, shape of `bound`.

    Notes
    -----
    A suboptimality F - f_star is known to 64 eps (\|F(w_0)\| + \|F*\|); as f_star is an upper bound
    of F*, its error never makes it too large (see `unsure` for the other side). A gradient is known
    to e = 64 eps sqrt(2 L (\|F(w_0)\| + \|F*\|)) in norm, hence its square near a bound B to
    2 e sqrt(B) + e^2, which is of the order of eps^2 near a minimiser.
    """
    constants = setting.constants
    size = abs(constants.f_star + constants.delta0) + abs(constants.f_star)
    if theorem.measure == "suboptimality":
        return np.full(bound.shape, ROUNDINGS * size)
    square = 2.0 * constants.L * size
    e = ROUNDINGS * math.sqrt(square if math.isfinite(square) else constants.grad_norm_sq0)
    return np.asarray(2.0 * e * np.sqrt(bound) + e * e, dtype=np.float64)


def unsure(theorem: Theorem, setting: Setting) -> float:
    """Return by how much the measure may be larger than the metric: the error of f_star."""
    return setting.constants.f_star_error if theorem.measure == "suboptimality" else 0.0
