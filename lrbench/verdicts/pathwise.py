"""What a single path of minibatches refutes: no expectation, and hence no statistics.

The proof of a regret bound has three parts, each of which holds for every path: the recursion of
the solver bounds the regret sum <g_t, x_t - x*>, the gradients are subgradients of the objectives
of their minibatches, and the average is that of the iterates. Only then is an expectation taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from lrbench.arrays import Mask
from lrbench.results import Run
from lrbench.theory.base import Numbers, Setting, Theorem

RELATIVE = 1e-10
"""Relative tolerance of every comparison with a bound."""

NO_SUBGRADIENTS = "the steps' gradients are no subgradients of the minibatch objective"
ANOTHER_AVERAGE = "the average is not that of the iterates"
REGRET_ABOVE = "the regret is above T times the bound"


def refuted(runs: Sequence[Run], theorem: Theorem, setting: Setting) -> tuple[int, str] | None:
    """Return the first T at which a seed refutes a theorem on minibatches, and how; else None.

    Every seed is judged alone, at all its own checkpoints.

    Parameters
    ----------
    runs
        All seeds of one solver with one lr0.
    theorem
        The theorem, whose hypotheses hold.
    setting
        What the theorem may know of the runs; not full batches.
    """
    faults = [
        (int(run.trace["iteration"][np.argmax(above)]), f"{reason} (seed {run.seed})")
        for run in runs
        for reason, above in _faults(run, theorem, setting)
        if above.any()
    ]
    return min(faults, default=None)


def _faults(run: Run, theorem: Theorem, setting: Setting) -> Iterator[tuple[str, Mask]]:
    """Yield each fault that a proof excludes, and at which checkpoints it is seen."""
    trace = run.trace
    # A trace from elsewhere may lack the columns: nothing is known of it then.
    missing = np.full(len(trace.get("iteration", ())), np.nan)
    yield NO_SUBGRADIENTS, trace.get("subgradient_error", missing) > 1.0
    if theorem.iterate == "average":
        yield ANOTHER_AVERAGE, trace.get("average_error", missing) > 1.0
    if theorem.pathwise and "regret_error" in trace:
        yield REGRET_ABOVE, _above(run, theorem, setting)


def _above(run: Run, theorem: Theorem, setting: Setting) -> Mask:
    """Return at which checkpoints the regret of a seed is above T times the bound."""
    trace = run.trace
    T: Numbers = trace["iteration"]
    # The columns of a diverging run hold infinities, and its bounds may be inf / inf.
    with np.errstate(all="ignore"):
        bound = theorem.bound(setting, T, trace)
        rounding = RELATIVE + 4.0 * np.finfo(np.float64).eps * T
        allowed = T * (bound + rounding * np.abs(bound)) + trace["regret_error"]
        # A computed x* may be outside the ball by rounding. The proof then holds for the nearest
        # point of the ball, and each <g_t, x_t - x*> differs by at most |g_t| times that distance.
        outside = max((setting.constants.distance or 0.0) - (setting.radius or np.inf), 0.0)
        allowed += outside * np.sqrt(T * trace["sum_grad_norm_sq"])
        above: Mask = trace["regret"] > allowed
    return above
