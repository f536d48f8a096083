"""Expectations judged on a result: PASS, FAIL or INCONCLUSIVE, with two numbers and a reason."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from lrbench.gate.expectation import FILTERS, Expectation
from lrbench.gate.finding import CheckVerdict, Finding
from lrbench.gate.measure import Measurement, measure_quantity
from lrbench.results import ProblemResult, Run, Verdict
from lrbench.results.lanes import lane_text
from lrbench.results.words import page_word

MOST_REASONS = 4
"""The largest number of reasons that are listed if no theorem applies."""

NEAR = 1e-9  # an lr0 in units of 1/L differs in its last digits from one that is typed
"""Relative difference below which the lr0 of a run is that of an expectation."""

BOUND: Mapping[str, CheckVerdict] = {"pass": CheckVerdict.PASS, "fail": CheckVerdict.FAIL}
"""Verdict on a bound -> verdict on the expectation; any other one is inconclusive."""


def judge_expectation(expectation: Expectation, problem: ProblemResult) -> list[Finding]:
    """Return the findings on an expectation, one or more for each solver and lr0 it is about."""
    groups = {
        lane: runs for lane, runs in problem.groups.items() if _is_about(expectation, runs[0])
    }
    if not groups:
        # Never PASS: a misspelt solver or lr0 would make every expectation hold.
        return [_inconclusive(expectation, "", _reason_no_runs(expectation, problem))]
    if expectation.needs_sweep:
        solvers: dict[str, list[Run]] = {}
        for (solver, _), runs in groups.items():
            solvers.setdefault(solver, []).extend(runs)
        return [_number(expectation, problem, runs, solver) for solver, runs in solvers.items()]
    return [
        finding
        for lane, runs in groups.items()
        for finding in _judge_lane(expectation, problem, runs, lane_text(*lane, runs[0].parameter))
    ]


def _judge_lane(
    expectation: Expectation, problem: ProblemResult, runs: Sequence[Run], subject: str
) -> Iterator[Finding]:
    if expectation.quantity == "status":
        yield _status(expectation, runs, subject)
    elif expectation.quantity in ("bound", "order"):
        for finding in _theorems(expectation, problem.judged.get(runs[0].lane, ()), subject):
            yield _if_complete(finding, runs)
    else:
        yield _number(expectation, problem, runs, subject)


def _is_about(expectation: Expectation, run: Run) -> bool:
    solver, lr0 = expectation.options.get("solver"), expectation.options.get("lr0")
    if solver is not None and solver not in (str(run.method), str(run.solver), run.solver.name):
        return False
    if lr0 is None or run.lr0 is None:
        return lr0 is None
    return math.isclose(float(lr0), run.lr0, rel_tol=NEAR)


def _reason_no_runs(expectation: Expectation, problem: ProblemResult) -> str:
    if not problem.groups:
        return "no run was begun"
    options = expectation.options
    filters = ", ".join(f"{key} = {options[key]}" for key in FILTERS if key in options)
    return f"there is no run with {filters}"


def _if_complete(finding: Finding, runs: Sequence[Run]) -> Finding:
    """Return the finding on a theorem, inconclusive instead of PASS if runs are unfinished."""
    unfinished = [run for run in runs if run.status.unfinished]
    if finding.verdict is not CheckVerdict.PASS or not unfinished:
        return finding
    reason = f"{len(unfinished)} of {len(runs)} runs {unfinished[0].status}"
    return replace(finding, verdict=CheckVerdict.INCONCLUSIVE, reason=reason)


def _number(
    expectation: Expectation, problem: ProblemResult, runs: Sequence[Run], subject: str
) -> Finding:
    measurement = measure_quantity(expectation, problem, runs)
    assert isinstance(expectation.value, float)
    verdict = compare(measurement, expectation.operator, expectation.value)
    number = "-" if measurement.value is None else f"{measurement.value:.6g}"
    relevant = (
        measurement.low == measurement.high
        or verdict is CheckVerdict.INCONCLUSIVE
        or expectation.quantity == "rate"
    )
    reason = measurement.reason if relevant else ""
    return Finding(expectation.text, subject, verdict, number, _limit(expectation), reason)


def _limit(expectation: Expectation) -> str:
    value = expectation.value
    return f"{expectation.operator} {value if isinstance(value, str) else f'{value:g}'}"


def compare(measurement: Measurement, operator: str, value: float) -> CheckVerdict:
    """Return PASS or FAIL if a measurement is certainly on one side of `value`."""
    low, high = measurement.low, measurement.high
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return CheckVerdict.INCONCLUSIVE
    if operator == "<=":
        certain, possible = high <= value, low <= value
    else:
        certain, possible = low >= value, high >= value
    if certain:
        return CheckVerdict.PASS
    return CheckVerdict.INCONCLUSIVE if possible else CheckVerdict.FAIL


def _status(expectation: Expectation, runs: Sequence[Run], subject: str) -> Finding:
    same = expectation.operator == "="
    wrong = [run for run in runs if (str(run.status) == expectation.value) is not same]
    statuses = ", ".join(sorted({str(run.status) for run in runs}))
    verdict = CheckVerdict.FAIL if wrong else CheckVerdict.PASS
    reason = ""
    if wrong:
        first = wrong[0]
        reason = f"seed {first.seed}: {first.status} at T = {first.status_at}"
        reason += f" ({first.error})" if first.error else ""
    return Finding(expectation.text, subject, verdict, statuses, _limit(expectation), reason)


def _theorems(
    expectation: Expectation, verdicts: Sequence[Verdict], subject: str
) -> Iterator[Finding]:
    """Yield a finding for each theorem that applies, or an inconclusive one if none does."""
    name = expectation.options.get("theorem")
    named = [v for v in verdicts if name is None or v.theorem == name]
    applying = [v for v in named if v.applies and (expectation.quantity == "bound" or v.order)]
    if name is None:
        # A certificate whose bound is NaN throughout says nothing of this run: it counts if named.
        applying = [v for v in applying if not len(v.bound) or np.isfinite(v.bound).any()]
    if not applying:
        form = "{0}: {1}" if name is None else "{1}"
        reasons = list(dict.fromkeys(form.format(v.theorem, v.reason) for v in named if v.reason))
        if len(reasons) > MOST_REASONS:
            reasons[MOST_REASONS:] = ["..."]
        reason = "no theorem applies" if name is None else f"{name} does not apply"
        reason += f": {'; '.join(reasons)}" if reasons else ""
        yield _inconclusive(expectation, subject, reason)
    for v in applying:
        yield (_bound if expectation.quantity == "bound" else _order)(expectation, v, subject)


def _bound(expectation: Expectation, v: Verdict, subject: str) -> Finding:
    verdict = BOUND.get(v.bound_verdict, CheckVerdict.INCONCLUSIVE)
    k = -1
    if v.failed_at is not None and v.failed_at in v.iteration:
        k = list(v.iteration).index(v.failed_at)
    reason = v.reason
    if v.bound_verdict == "fail":
        at = "" if v.failed_at is None else f"violated at T = {v.failed_at}"
        reason = ": ".join(filter(None, (at, reason)))
    elif v.bound_verdict == "vacuous":
        reason = f"{page_word('bound', 'vacuous')}: it promises no more than doing nothing"
        if v.informative_from is not None:
            reason += f"; it informs from T = {v.informative_from} on"
    measured, bound = (f"{s[k]:.4g}" if len(s) else "-" for s in (v.metric, v.bound))
    theorem = f"{subject}, {v.theorem}"
    return Finding(expectation.text, theorem, verdict, measured, f"<= {bound}", reason)


def _order(expectation: Expectation, v: Verdict, subject: str) -> Finding:
    assert v.order is not None
    # Never FAIL: the order of a sublinear theorem is a statement about a limit.
    verdict = CheckVerdict.PASS if v.order_verdict == "pass" else CheckVerdict.INCONCLUSIVE
    measured = "-" if v.measured_order is None else f"{v.measured_order:.3g}"
    limit = f"<= {float(v.order['value']):.3g}"
    theorem = f"{subject}, {v.theorem}"
    return Finding(expectation.text, theorem, verdict, measured, limit, v.order_reason)


def _inconclusive(expectation: Expectation, subject: str, reason: str) -> Finding:
    verdict = CheckVerdict.INCONCLUSIVE
    return Finding(expectation.text, subject, verdict, "-", _limit(expectation), reason)
