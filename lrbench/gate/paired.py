"""Runs compared with their baseline, seed by seed at the same checkpoints."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lrbench.gate.baseline import COLUMNS, Baseline, BaselineLane, is_counted, lane_of
from lrbench.gate.finding import CheckVerdict, Finding, Trajectory
from lrbench.results import ProblemResult, Run, Status
from lrbench.results.lanes import lane_text
from lrbench.results.ranking import LaneLabel
from lrbench.verdicts.measured import ROUNDINGS

TOLERANCE = 1e-6
"""The default relative tolerance, for lanes that do not depend on the last bit of the start."""

EXPECTATION = "baseline"
"""The expectation that findings on baselines are about."""

NO_GAP = "f* is not known, and so F - f* is not"
"""The reason why runs have nothing to be compared."""

ARRIVAL = re.compile(r", arrival = (\w+)")
"""The rule of arrival in the line of a check, which for ``"first"`` does not have it."""

NOTHING_GATED = "every lane is unstable: nothing is gated"

OF_RESULT = "a result of "
"""How the line of a check begins that is one of a result, and not of runs of its own."""


@dataclass(frozen=True)
class Allowance:
    """How far apart two numbers may be.

    Parameters
    ----------
    tolerance
        Relative.
    rounding
        Absolute: the accuracy to which F - f* is known.
    """

    tolerance: float
    rounding: float

    def apart(self, a: float, b: float) -> bool:
        """Return whether two numbers are further apart than is allowed; two NaN are not."""
        if math.isnan(a) or math.isnan(b):
            return math.isnan(a) != math.isnan(b)
        if math.isinf(a) or math.isinf(b):
            return a != b
        return abs(a - b) > self.tolerance * max(abs(a), abs(b)) + self.rounding


def allowance(problem: ProblemResult, tolerance: float = TOLERANCE) -> Allowance:
    """Return the allowance on a problem."""
    constants = problem.header.constants
    # Twice the error of f*, because each of the two numbers has it.
    return Allowance(tolerance, ROUNDINGS * constants.size + 2.0 * constants.f_star_error)


def compare_with(
    entry: Baseline, plan: str, problem: ProblemResult, tolerance: float, remedy: str = ""
) -> Iterator[Finding]:
    """Yield a finding for each solver and lr0 that is gated, new or missing.

    Parameters
    ----------
    entry
        The baseline of the check.
    plan
        What was run, as the check says it in one line. Where one of the two lines is that of a
        result they are not compared, as a result knows its lanes and not the options of its runs.
    problem
        The result on the problem of the check.
    tolerance
        Relative.
    remedy
        What makes the baseline anew; empty for the command that does.
    """
    lines_differ = entry.plan != plan and not any(
        line.startswith(OF_RESULT) for line in (entry.plan, plan)
    )
    if entry.fingerprint != problem.header.fingerprint or lines_differ:
        other_plan = f"its baseline is of: {entry.plan}"
        reason = other_plan if lines_differ else "the problem or its data were changed since"
        update = remedy or f"lrbench check --update-baseline {shlex.quote(entry.check)}"
        remedy = f"{update}, if that is meant"
        if entry.plan != plan and ARRIVAL.sub("", entry.plan) == ARRIVAL.sub("", plan):
            rules = [(ARRIVAL.findall(text) or ["first"])[0] for text in (entry.plan, plan)]
            reason = f"runs arrive by the rule {rules[1]}, and in its baseline by {rules[0]}"
            remedy = f'write arrival = "{rules[0]}" in the check to keep it, or {remedy}'
        yield _finding("", CheckVerdict.FAIL, "another", "the same", f"{reason}; {remedy}")
        return
    remaining = {(lane.solver, lane.lr0): lane for lane in entry.lanes}
    allowed = allowance(problem, tolerance)
    for runs in problem.groups.values():
        solver, lr0 = str(runs[0].solver), runs[0].lr0
        subject = lane_text(solver, lr0)
        lane = remaining.pop((solver, lr0), None) or _nearest(remaining, solver, lr0)
        if lane is None:
            yield _finding(subject, CheckVerdict.FAIL, "a run", "none", "it is not in the baseline")
            continue
        remaining.pop((lane.solver, lane.lr0), None)
        if lane.seeds:
            yield _compare_lane(lane, runs, subject, allowed, problem.header.n_samples)
    for solver, lr0 in remaining:
        subject = lane_text(solver, lr0)
        yield _finding(subject, CheckVerdict.FAIL, "none", "a run", "it was not run")
    if not any(lane.seeds for lane in entry.lanes):
        yield _finding("", CheckVerdict.INCONCLUSIVE, "-", "-", NOTHING_GATED)


def _nearest(
    lanes: Mapping[LaneLabel, BaselineLane], solver: str, lr0: float | None
) -> BaselineLane | None:
    """Return the lane whose lr0, in units of 1/L, differs in its last digits because L does."""
    for (name, value), lane in lanes.items():
        if None in (value, lr0) or name != solver:
            continue
        if math.isclose(value or 0.0, lr0 or 0.0, rel_tol=1e-9):
            return lane
    return None


def _compare_lane(
    lane: BaselineLane, runs: Sequence[Run], subject: str, allowed: Allowance, n_samples: int
) -> Finding:
    """Return the first difference of the runs of a lane from its baseline, or that they agree."""
    gated = [run for run in runs if run.seed in lane.seeds]
    if sorted(run.seed for run in gated) != sorted(lane.seeds):
        return _finding(subject, CheckVerdict.FAIL, "other seeds", "the same", "a seed was not run")
    gated.sort(key=lambda run: lane.seeds.index(run.seed))
    if not all(map(is_counted, gated)):
        return _finding(
            subject, CheckVerdict.FAIL, str(gated[0].status), lane.statuses[0], "no trace"
        )
    # Rounded to eight digits as the baseline is, so that unchanged runs do not differ at all.
    current = lane_of(gated, {}, n_samples)
    for k, seed in enumerate(lane.seeds):
        if current.statuses[k] != lane.statuses[k]:
            statuses = current.statuses[k], lane.statuses[k]
            stopped = current.statuses[k] == Status.INTERRUPTED
            verdict = CheckVerdict.INCONCLUSIVE if stopped else CheckVerdict.FAIL
            return _finding(subject, verdict, *statuses, f"the status of seed {seed}")
    for k, seed in enumerate(lane.seeds):
        if current.gradients[k] != lane.gradients[k]:
            counts = str(current.gradients[k]), str(lane.gradients[k])
            return _finding(subject, CheckVerdict.FAIL, *counts, f"sample gradients of seed {seed}")
    if current.iteration != lane.iteration:
        counts = str(len(current.iteration)), str(len(lane.iteration))
        return _finding(subject, CheckVerdict.FAIL, *counts, "other checkpoints")
    # The column that differs first is reported, not the one that differs most at a later T.
    differences = (_compare_column(current, lane, name, allowed) for name in COLUMNS)
    first = min(differences, key=_first_difference)
    if first.verdict is CheckVerdict.FAIL:
        return first
    return _agreement(subject, current, lane, first.trajectory)


def _compare_column(
    current: BaselineLane, lane: BaselineLane, name: str, allowed: Allowance
) -> Finding:
    """Return the finding on one column: the trajectory of the mean, and the end of each seed."""
    subject = lane_text(lane.solver, lane.lr0)
    measured, baseline = current.means[name], lane.means[name]
    rows = [k for k in range(len(baseline)) if allowed.apart(measured[k], baseline[k])]
    # The ends are compared seed by seed: in the mean the errors of two seeds may cancel.
    ends = [
        (seed, a, b)
        for seed, a, b in zip(lane.seeds, current.ends[name], lane.ends[name], strict=True)
        if allowed.apart(a, b)
    ]
    parts_at = lane.iteration[rows[0]] if rows else None
    trajectory = Trajectory(name, lane.iteration, measured, baseline, parts_at)
    if not rows and not ends:
        return _finding(subject, CheckVerdict.PASS, "", "", "", trajectory)
    if rows:
        a, b, where = measured[rows[0]], baseline[rows[0]], f"{name} parts at T = {parts_at}"
    else:
        seed, a, b = ends[0]
        where = f"{name} of seed {seed} at its end"
    reason = f"{where}, by {_relative(a, b):.1e} relative (allowed {allowed.tolerance:g})"
    return _finding(subject, CheckVerdict.FAIL, f"{a:.8g}", f"{b:.8g}", reason, trajectory)


def _agreement(
    subject: str, current: BaselineLane, lane: BaselineLane, trajectory: Trajectory | None
) -> Finding:
    """Return the finding that the runs of a lane agree with their baseline."""
    n_unstable = len(lane.unstable)
    reason = "the same"
    if n_unstable:
        reason += f"; {n_unstable} unstable seed{' is' if n_unstable == 1 else 's are'} not gated"
    measured, baseline = (
        f"{np.mean(ends):.8g}" for ends in (current.ends["last"], lane.ends["last"])
    )
    return _finding(subject, CheckVerdict.PASS, measured, baseline, reason, trajectory)


def _first_difference(finding: Finding) -> float:
    """Return the first checkpoint that differs, the last one if only an end does; inf for PASS."""
    if finding.verdict is CheckVerdict.PASS or finding.trajectory is None:
        return math.inf
    T = finding.trajectory.parts_at
    return T if T is not None else max(finding.trajectory.iteration, default=0)


def _relative(a: float, b: float) -> float:
    size = max(abs(a), abs(b))
    if not math.isfinite(size):
        return math.inf
    return abs(a - b) / size if size else 0.0


def _finding(
    subject: str,
    verdict: CheckVerdict,
    measured: str,
    wanted: str,
    reason: str,
    trajectory: Trajectory | None = None,
) -> Finding:
    return Finding(EXPECTATION, subject, verdict, measured, wanted, reason, trajectory)
