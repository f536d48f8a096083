"""Expectations against a result: PASS, FAIL or INCONCLUSIVE, with the reason and two numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from lrbench.gate.expectation import FILTERS, Expectation
from lrbench.gate.finding import CheckVerdict, Finding
from lrbench.gate.measure import Known, measure_quantity
from lrbench.results import ProblemResult, Run, Status, Verdict

MOST_REASONS = 4
"""Why theorems do not apply, where none does."""

CUT = (Status.INTERRUPTED, Status.FAILED)
"""Runs of which a theorem is judged on a part at most."""

NEAR = 1e-9
"""Relative: an lr0 that is nearer than this to the one of an expectation is meant."""


def judge_expectation(wanted: Expectation, problem: ProblemResult) -> list[Finding]:
    """Return what came of an expectation, for each solver and lr0 that it is about."""
    groups = {lane: runs for lane, runs in problem.groups.items() if _meant(wanted, runs[0])}
    if not groups:
        return [_nothing(wanted, "", _why_none(wanted, problem))]
    if wanted.needs_sweep:
        solvers: dict[str, list[Run]] = {}
        for (solver, _), runs in groups.items():
            solvers.setdefault(solver, []).extend(runs)
        return [_number(wanted, problem, runs, solver) for solver, runs in solvers.items()]
    return [
        finding
        for (solver, lr0), runs in groups.items()
        for finding in _judge_lane(wanted, problem, runs, f"{solver}, lr0 = {lr0:g}")
    ]


def _judge_lane(
    wanted: Expectation, problem: ProblemResult, runs: Sequence[Run], subject: str
) -> Iterator[Finding]:
    if wanted.quantity == "status":
        yield _status(wanted, runs, subject)
    elif wanted.quantity in ("bound", "order"):
        lane = (str(runs[0].solver), runs[0].lr0)
        found = _theorems(wanted, problem.judged.get(lane, ()), subject)
        yield from (_of_all(finding, runs) for finding in found)
    else:
        yield _number(wanted, problem, runs, subject)


def _meant(wanted: Expectation, run: Run) -> bool:
    solver, lr0 = wanted.options.get("solver"), wanted.options.get("lr0")
    if solver is not None and solver not in (str(run.solver), run.solver.name):
        return False
    return lr0 is None or math.isclose(float(lr0), run.lr0, rel_tol=NEAR)


def _why_none(wanted: Expectation, problem: ProblemResult) -> str:
    if not problem.groups:
        return "no run was begun"
    given = ", ".join(f"{key} = {wanted.options[key]}" for key in FILTERS if key in wanted.options)
    return f"there is no run with {given}"


def _of_all(finding: Finding, runs: Sequence[Run]) -> Finding:
    """Return the finding; where runs are missing from what was judged, it cannot have passed."""
    cut = [run for run in runs if run.status in CUT]
    if finding.verdict is not CheckVerdict.PASS or not cut:
        return finding
    reason = f"{len(cut)} of {len(runs)} runs {cut[0].status}"
    return replace(finding, verdict=CheckVerdict.INCONCLUSIVE, reason=reason)


def _number(
    wanted: Expectation, problem: ProblemResult, runs: Sequence[Run], subject: str
) -> Finding:
    known = measure_quantity(wanted, problem, runs)
    assert isinstance(wanted.value, float)
    verdict = compare(known, wanted.operator, wanted.value)
    shown = "-" if known.value is None else f"{known.value:.6g}"
    limit = _limit(wanted)
    said = (
        known.low == known.high or verdict is CheckVerdict.INCONCLUSIVE or wanted.quantity == "rate"
    )
    reason = known.reason if said else ""
    return Finding(wanted.text, subject, verdict, shown, limit, reason)


def _limit(wanted: Expectation) -> str:
    value = wanted.value if isinstance(wanted.value, str) else f"{wanted.value:g}"
    return f"{wanted.operator} {value}"


def compare(known: Known, operator: str, value: float) -> CheckVerdict:
    """Return whether a number that is known between two others is on the right side of a value."""
    if known.low is None or known.high is None or math.isnan(known.low) or math.isnan(known.high):
        return CheckVerdict.INCONCLUSIVE
    if operator == "<=":
        certain, possible = known.high <= value, known.low <= value
    else:
        certain, possible = known.low >= value, known.high >= value
    if certain:
        return CheckVerdict.PASS
    return CheckVerdict.INCONCLUSIVE if possible else CheckVerdict.FAIL


def _status(wanted: Expectation, runs: Sequence[Run], subject: str) -> Finding:
    same = wanted.operator == "="
    wrong = [run for run in runs if (str(run.status) == wanted.value) is not same]
    shown = ", ".join(sorted({str(run.status) for run in runs}))
    verdict = CheckVerdict.FAIL if wrong else CheckVerdict.PASS
    reason = ""
    if wrong:
        first = wrong[0]
        reason = f"seed {first.seed}: {first.status} at T = {first.status_at}"
        reason += f" ({first.error})" if first.error else ""
    return Finding(
        wanted.text, subject, verdict, shown, f"{wanted.operator} {wanted.value}", reason
    )


def _theorems(wanted: Expectation, verdicts: Sequence[Verdict], subject: str) -> Iterator[Finding]:
    """Yield a finding for each theorem that applies, or say that none does."""
    named = wanted.options.get("theorem")
    mine = [v for v in verdicts if named is None or v.theorem == named]
    applying = [v for v in mine if v.applies and (wanted.quantity == "bound" or v.order)]
    if named is None:  # a certificate that has nothing to say of this run is no part of all
        applying = [v for v in applying if not len(v.bound) or np.isfinite(v.bound).any()]
    if not applying:
        form = "{0}: {1}" if named is None else "{1}"
        said = [form.format(v.theorem, v.reason) for v in mine if v.reason]
        reasons = "; ".join(_shortened(said))
        which = "no theorem applies" if named is None else f"{named} does not apply"
        yield _nothing(wanted, subject, f"{which}{': ' * bool(reasons)}{reasons}")
    for v in applying:
        yield (_bound if wanted.quantity == "bound" else _order)(wanted, v, subject)


def _shortened(reasons: Sequence[str]) -> list[str]:
    few = list(dict.fromkeys(reasons))
    return few if len(few) <= MOST_REASONS else [*few[:MOST_REASONS], "..."]


BOUND: Mapping[str, CheckVerdict] = {"pass": CheckVerdict.PASS, "fail": CheckVerdict.FAIL}


def _bound(wanted: Expectation, v: Verdict, subject: str) -> Finding:
    verdict = BOUND.get(v.bound_verdict, CheckVerdict.INCONCLUSIVE)
    k = -1
    if v.failed_at is not None and v.failed_at in v.iteration:
        k = list(v.iteration).index(v.failed_at)
    reason = v.reason
    if v.bound_verdict == "fail":
        reason = f"violated at T = {v.failed_at}" if v.failed_at is not None else reason
    elif v.bound_verdict == "vacuous":
        since = v.informative_from
        reason = "vacuous: it promises less than doing nothing" + (
            f"; it informs from T = {since} on" if since is not None else ""
        )
    measured, bound = (f"{s[k]:.4g}" if len(s) else "-" for s in (v.metric, v.bound))
    return Finding(wanted.text, f"{subject}, {v.theorem}", verdict, measured, f"<= {bound}", reason)


def _order(wanted: Expectation, v: Verdict, subject: str) -> Finding:
    assert v.order is not None
    verdict = CheckVerdict.PASS if v.order_verdict == "pass" else CheckVerdict.INCONCLUSIVE
    measured = "-" if v.measured_order is None else f"{v.measured_order:.3g}"
    limit = f"<= {float(v.order['value']):.3g}"
    return Finding(wanted.text, f"{subject}, {v.theorem}", verdict, measured, limit, v.order_reason)


def _nothing(wanted: Expectation, subject: str, reason: str) -> Finding:
    return Finding(
        wanted.text,
        subject,
        CheckVerdict.INCONCLUSIVE,
        "-",
        _limit(wanted),
        reason,
    )
