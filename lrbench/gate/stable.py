"""Which runs a baseline can hold to: those that do not depend on the last bit of the start."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lrbench.gate.baseline import COLUMNS, lane_of
from lrbench.gate.paired import Allowance
from lrbench.plan.prepare import Prepared
from lrbench.results import Run, Status

MARGIN = 10.0
"""How many times less than the tolerance the last bit of the start may change."""

LOST = (Status.DIVERGED, Status.FAILED, Status.INTERRUPTED)


def nudged(p: Prepared) -> Prepared:
    """Return the problem with its start moved by its last bit.

    Notes
    -----
    A start of zeros has no last bit to speak of: there it is that of a number of the size of the
    way to go, the distance to the minimiser over the root of the dimension.
    """
    w0 = p.problem.w0
    distance = p.constants.distance
    size = 1.0 if distance is None else distance / math.sqrt(len(w0))
    signs = np.random.default_rng(0).choice([-1.0, 1.0], len(w0))
    moved = w0 + signs * np.finfo(np.float64).eps * np.maximum(np.abs(w0), size)
    return replace(p, problem=replace(p.problem, w0=moved))


def unstable(
    runs: Sequence[Run], moved: Sequence[Run], smooth: bool, allowed: Allowance
) -> dict[int, str]:
    """Return the seeds of one solver and lr0 that are not to be gated, and why.

    Parameters
    ----------
    runs, moved
        From the start as it is, and from the start moved by its last bit: over all seeds.
    smooth
        Whether there is an L, and so a step 1/L that is known to be stable.
    allowed
        What a comparison with the baseline will allow.
    """
    strict = replace(allowed, tolerance=allowed.tolerance / MARGIN)
    beside = {run.seed: run for run in moved}
    found = {}
    for run in runs:
        why = _why(run, beside[run.seed], smooth, strict)
        if why:
            found[run.seed] = why
    return found


def _why(run: Run, moved: Run, smooth: bool, allowed: Allowance) -> str:
    if run.status in LOST:
        return f"the run {run.status}" if run.status is not Status.INTERRUPTED else "interrupted"
    if smooth and math.isnan(run.trace["stable_from"][-1]):
        return f"the last lr, {run.trace['lr'][-1]:.3g}, is above 1/L"
    if (run.status, run.status_at) != (moved.status, moved.status_at):
        return "the last bit of the start changes how it ends"
    a, b = lane_of([run], {}, 1), lane_of([moved], {}, 1)
    for name in COLUMNS:
        for x, y in zip(a.means[name], b.means[name], strict=True):
            if allowed.apart(x, y):
                return f"the last bit of the start changes it by {abs(x - y):.1e}"
    return ""
