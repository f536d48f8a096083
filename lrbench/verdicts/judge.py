"""The verdict on a theorem, from all seeds of one solver and lr0."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lrbench.results import BoundKind, Run, Status, Verdict
from lrbench.theory.base import OF_SETTING, Hypothesis, Setting, Theorem
from lrbench.verdicts.bound import BoundVerdict, informative_from, judge_bound, mean_interval
from lrbench.verdicts.measured import Measured, measure_runs, missing
from lrbench.verdicts.order import OrderVerdict, judge_order
from lrbench.verdicts.pathwise import refuted
from lrbench.verdicts.rate import Rate, RateKind
from lrbench.verdicts.theorems import theorems_for

DIVERGED = "diverged"
"""The reason where a run diverged that the theorem keeps within bounds."""

OVERFLOW = "diverged: beyond the range of numbers"
"""The reason where the divergence is an overflow that the theorem does not exclude."""

OVERFLOWING = 1e150
"""A bound above this allows gradients whose squares overflow."""


def judge_theorems(runs: Sequence[Run], setting: Setting) -> Iterator[Verdict]:
    """Yield the verdict on every theorem about the solver of `runs`.

    Parameters
    ----------
    runs
        All seeds of one solver with one lr0; at least one.
    setting
        What the theorems may know of the runs.
    """
    for theorem in theorems_for(runs[0].solver.name, setting.params):
        yield judge_theorem(runs, theorem, setting)


def judge_theorem(
    runs: Sequence[Run],
    theorem: Theorem,
    setting: Setting,
    observed: Sequence[Hypothesis] = (),
) -> Verdict:
    """Return the verdict on one theorem for all seeds of one solver and lr0.

    Where a hypothesis fails, the verdict names it and has no numbers. A diverged run fails every
    theorem that applies to it, unless the theorem allows it: it holds for steps of any length, or
    its bound is so large that squares overflow below it. Interrupted and failed runs are judged by
    the checkpoints that they reached.

    Parameters
    ----------
    runs
        All seeds of one solver with one lr0; at least one.
    theorem
        The theorem.
    setting
        What the theorem may know of the runs.
    observed
        Hypotheses on the runs themselves, which were checked along them.
    """
    hypotheses = (*theorem.hypotheses(setting), *observed, *_other_steps(runs, theorem))
    reason = _failing(hypotheses) or missing(runs, theorem)
    verdict = _blank(runs[0], theorem, setting, hypotheses, reason)
    if reason:
        return verdict
    measured = measure_runs(runs, theorem, setting)
    bound = judge_runs(runs, measured, theorem, setting)
    order = OrderVerdict("none", bound.reason)
    if bound.reason not in (DIVERGED, OVERFLOW):
        order = judge_order(measured, theorem, setting, bound.verdict == "fail")
    if verdict.kind == "heuristic":
        bound, order = BoundVerdict("none", "L is only estimated"), order._replace(verdict="none")
    return _filled(verdict, measured, theorem, setting, bound, order)


def _other_steps(runs: Sequence[Run], theorem: Theorem) -> Iterator[Hypothesis]:
    """Yield what fails where a theorem on steps w - lr g meets runs with other steps.

    Only the solver knows that its steps are such, and one of a user may be mistaken. A trace of an
    earlier version does not say.
    """
    column = "first_other_step"
    firsts = [run.trace[column][-1] for run in runs if len(run.trace.get(column, ()))]
    first = np.fmin.reduce(firsts) if firsts else np.nan
    if theorem.gradient_steps and not np.isnan(first):
        yield Hypothesis("steps lr g", False, f"step {first:g} is not lr g with lr >= 0")


def _failing(hypotheses: Sequence[Hypothesis]) -> str:
    """Return what fails; if the theorem is about another setting, only that."""
    failing = [h for h in hypotheses if not h.holds]
    decisive = [h for h in failing if h.name in OF_SETTING] or failing
    # Several hypotheses may fail for one reason, such as a loss that is not smooth.
    return "; ".join(dict.fromkeys(h.detail for h in decisive))


def judge_runs(
    runs: Sequence[Run], measured: Measured, theorem: Theorem, setting: Setting
) -> BoundVerdict:
    """Return the verdict on a bound whose hypotheses hold, as if L were certain.

    Parameters
    ----------
    runs
        All seeds of one solver and lr0.
    measured
        Their metric and its bound.
    theorem, setting
        The theorem, and what it may know of the runs.
    """
    diverged = [run for run in runs if run.status is Status.DIVERGED]
    excluded = [run.status_at for run in diverged if _excludes_overflow(theorem, setting, run)]
    if not setting.batch and (fault := refuted(runs, theorem, setting)) is not None:
        failed_at, reason = fault
        return BoundVerdict("fail", reason, failed_at)
    if excluded:
        return BoundVerdict("fail", DIVERGED, min(excluded))
    if diverged:
        return BoundVerdict("none", OVERFLOW)
    return judge_bound(measured, theorem, setting)


def _excludes_overflow(theorem: Theorem, setting: Setting, run: Run) -> bool:
    """Return whether the theorem excludes that this run, which diverged, left the numbers."""
    certificate = theorem.kind == "certificate"
    if theorem.any_steps or (certificate and not math.isfinite(setting.constants.L)):
        # The bound of a certificate is computed from the same gradients, so that it overflows too.
        return False
    # A certificate is known up to the last checkpoint, and silent while steps are long.
    T = run.trace["iteration"][-1:] if certificate else np.array([max(run.status_at, 1)], float)
    last = {name: run.trace[name][-1:] for name in theorem.columns}
    return bool((theorem.bound(setting, T, last) <= OVERFLOWING).all())


def _blank(
    run: Run, theorem: Theorem, setting: Setting, hypotheses: Sequence[Hypothesis], reason: str
) -> Verdict:
    """Return the verdict without its numbers."""
    certain = setting.constants.L_is_bound or not theorem.rests_on_L
    kind: BoundKind = theorem.kind if certain else "heuristic"
    return Verdict(
        solver=run.solver,
        lr0=run.lr0,
        over=run.over,
        theorem=theorem.key,
        kind=kind,
        statement=theorem.statement,
        measure=theorem.measure,
        iterate=theorem.iterate,
        consistency=theorem.consistency,
        applies=not reason,
        reason=reason,
        hypotheses=tuple(
            {"name": h.name, "holds": h.holds, "detail": h.detail} for h in hypotheses
        ),
    )


def _filled(
    verdict: Verdict,
    measured: Measured,
    theorem: Theorem,
    setting: Setting,
    bound: BoundVerdict,
    order: OrderVerdict,
) -> Verdict:
    """Return the verdict with its numbers."""
    proved = theorem.order(setting)
    has_interval = not setting.batch and len(measured.metric) > 1
    return replace(
        verdict,
        reason=bound.reason,
        iteration=[int(T) for T in measured.iteration],
        bound=measured.mean_bound.tolist(),
        metric=measured.mean_metric.tolist(),
        metric_interval=mean_interval(measured.metric) if has_interval else None,
        bound_verdict=bound.verdict,
        failed_at=bound.failed_at,
        informative_from=informative_from(measured, theorem, setting),
        order=None if proved is None else {"kind": proved.kind, "value": proved.value},
        order_verdict=order.verdict,
        order_reason=order.reason,
        floor_from=order.floor_from,
        **({} if order.rate is None else _fitted(order.rate)),
    )


def _fitted(rate: Rate) -> dict[str, Any]:
    """Return the fields of a verdict that a fitted rate fills."""
    other: RateKind = "linear" if rate.kind == "power" else "power"
    return {
        "measured_order": rate.slope,
        "order_interval": rate.interval,
        "window": rate.window,
        "order_thirds": rate.thirds,
        "other_order": {"kind": other, "value": rate.other_slope},
        "rss_ratio": rate.rss_ratio,
        "fitted_law": rate.law,
    }
