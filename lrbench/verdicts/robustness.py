"""The bounds of theorems over a scale, each value counted from the theorem's own best scale."""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Sequence
from dataclasses import replace

import numpy as np

from lrbench.results import Run, Status
from lrbench.results.robustness import Robustness, ScaleVerdict
from lrbench.solvers import SOLVERS
from lrbench.theory.base import Setting, Theorem
from lrbench.theory.robustness import best_scale, bound_at
from lrbench.verdicts.judge import judge_runs
from lrbench.verdicts.measured import measure_runs, missing, traced_column
from lrbench.verdicts.theorems import theorems_for

UNKNOWN: tuple[float, ScaleVerdict] = (math.nan, "unknown")
"""What is measured where it is not known, and the verdict there."""

SAME = 1e-12
"""The relative rounding of an lr0 that follows from a value."""


def bounds_over_scale(
    runs: Sequence[Run], setting: Setting, judged: Container[float]
) -> tuple[Robustness, ...] | None:
    """Return the a-priori bounds after the budget over the values of a scale, beside the runs.

    Parameters
    ----------
    runs
        All runs of a method over its grid, at least one.
    setting
        That of any of the runs; `horizon` is their budget.
    judged
        The values that are judged; the others are ``"unknown"``.

    Returns
    -------
    robustness
        One for each a-priori theorem whose hypotheses hold at some value of the grid; none where
        what varies is no free scale of the solver. None where it is not known which lr0 follows
        from a value of the scale.
    """
    solver, parameter, T = runs[0].solver, runs[0].parameter, setting.horizon
    theorems = [t for t in theorems_for(solver.name, solver.params) if t.kind == "a-priori"]
    if not theorems:
        return ()
    kind = SOLVERS.get(solver.name)
    if parameter not in ("lr0", kind.scale, kind.second_scale):
        return ()
    lr0_at = _lr0_at(runs)
    if lr0_at is None or T is None:
        return None
    lanes: dict[float, list[Run]] = {}
    for run in sorted(runs, key=lambda run: (run.value, run.seed)):
        lanes.setdefault(run.value, []).append(run)
    ends = {v: [_at_step(run, T) for run in lanes[v]] for v in lanes if v in judged}
    own = {v: replace(setting, lr0=r.lr0, params=r.solver.params) for v, (r, *_) in ends.items()}

    def at(scale: float) -> Setting:
        params = {} if parameter == "lr0" else {parameter: scale}
        return replace(setting, lr0=lr0_at(scale), params={**solver.params, **params})

    robustness = []
    for theorem in theorems:
        judgements = {v: _judged(ends[v], theorem, own[v]) for v in ends}
        if all(verdict == "inapplicable" for _, verdict in judgements.values()):
            continue
        bounds = {v: bound_at(theorem, own[v], T) for v in ends}
        gaps, verdicts = zip(*(judgements.get(v, UNKNOWN) for v in lanes), strict=True)
        best = best_scale(theorem, at, T)
        robustness.append(
            Robustness(
                theorem.key,
                theorem.measure,
                theorem.iterate,
                T,
                best,
                None if best is None else bound_at(theorem, at(best), T),
                () if best is None else tuple(value / best for value in lanes),
                tuple(bounds.get(value, math.nan) for value in lanes),
                gaps,
                verdicts,
            )
        )
    return tuple(robustness)


def _lr0_at(runs: Sequence[Run]) -> Callable[[float], float] | None:
    """Return the lr0 that follows from a value of what varies; None where that is not known.

    It is the same for all values, or proportional to them, as the scale of AdaGrad-Norm is; one
    value alone does not tell which.
    """
    if runs[0].parameter == "lr0":
        return lambda scale: scale
    if len({run.value for run in runs}) == 1:
        return None
    rate, ratio = runs[0].lr0, runs[0].lr0 / runs[0].value
    if all(run.lr0 == rate for run in runs):
        return lambda scale: rate
    if all(math.isclose(run.lr0, ratio * run.value, rel_tol=SAME) for run in runs):
        return lambda scale: ratio * scale
    return None


def _at_step(run: Run, T: int) -> Run:
    """Return a run with the row after T steps alone, or without a row where there is none."""
    rows = run.trace.get("iteration", np.empty(0)) == T
    trace = {name: column[rows] for name, column in run.trace.items()}
    # What diverged after T steps had not done so before.
    later = run.status is Status.DIVERGED and run.status_at > T
    return replace(run, trace=trace, status=Status.COMPLETED if later else run.status)


def _judged(runs: Sequence[Run], theorem: Theorem, setting: Setting) -> tuple[float, ScaleVerdict]:
    """Return what the theorem bounds after the only step of some runs, and the verdict on it."""
    ended = [run for run in runs if len(run.trace.get("iteration", ())) == 0]
    gap = math.nan
    if not ended and not missing(runs, theorem):
        gap = float(np.mean([run.trace[traced_column(theorem)][0] for run in runs]))
    if not all(hypothesis.holds for hypothesis in theorem.hypotheses(setting)):
        return gap, "inapplicable"
    failed = any(run.status is Status.FAILED for run in runs)
    ended_early = any(run.status is not Status.DIVERGED for run in ended)
    if failed or ended_early or missing(runs, theorem):
        return UNKNOWN
    if theorem.rests_on_L and not setting.constants.L_is_bound:
        return gap, "none"
    return gap, judge_runs(runs, measure_runs(runs, theorem, setting), theorem, setting).verdict
