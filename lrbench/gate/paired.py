"""Runs against their baseline, seed by seed, at the same checkpoints."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lrbench.gate.baseline import COLUMNS, Baseline, Lane, lane_of
from lrbench.gate.finding import CheckVerdict, Finding, Trajectory
from lrbench.results import ProblemResult, Run
from lrbench.verdicts.measured import ROUNDINGS

TOLERANCE = 1e-6
"""Relative: what clean code may differ by, on lanes that do not depend on the last bit."""

EXPECTATION = "baseline"

NOTHING_GATED = "every lane is unstable: nothing is gated"


@dataclass(frozen=True)
class Allowance:
    """How far apart two numbers may be.

    Parameters
    ----------
    tolerance
        Relative.
    rounding
        Absolute: what F - f* is known to.
    """

    tolerance: float
    rounding: float

    def apart(self, a: float, b: float) -> bool:
        """Return whether two numbers are further apart than that; two NaN are not."""
        if math.isnan(a) or math.isnan(b):
            return math.isnan(a) != math.isnan(b)
        if math.isinf(a) or math.isinf(b):
            return a != b
        return abs(a - b) > self.tolerance * max(abs(a), abs(b)) + self.rounding


def allowance(problem: ProblemResult, tolerance: float = TOLERANCE) -> Allowance:
    """Return the allowance on a problem."""
    constants = problem.header["constants"]
    f_star, delta0 = float(constants["f_star"]), float(constants["delta0"])
    size = abs(f_star) + abs(f_star + delta0)
    return Allowance(tolerance, ROUNDINGS * size + 2.0 * float(constants["f_star_error"] or 0.0))


def compare_with(
    entry: Baseline, plan: str, problem: ProblemResult, tolerance: float
) -> Iterator[Finding]:
    """Yield a finding for each solver and lr0 of a baseline that is gated."""
    if entry.fingerprint != problem.header["fingerprint"] or entry.plan != plan:
        was = f"its baseline is of: {entry.plan}"
        reason = "the problem or its data were changed since" if entry.plan == plan else was
        meant = f"lrbench check --update-baseline {shlex.quote(entry.check)}, if that is meant"
        yield _finding("", CheckVerdict.FAIL, "another", "the same", f"{reason}; {meant}")
        return
    gated = {(lane.solver, lane.lr0): lane for lane in entry.lanes}
    allowed = allowance(problem, tolerance)
    for (solver, lr0), runs in problem.groups.items():
        subject = f"{solver}, lr0 = {lr0:g}"
        lane = gated.pop((solver, lr0), None) or _nearest(gated, solver, lr0)
        if lane is None:
            yield _finding(subject, CheckVerdict.FAIL, "a run", "none", "it is not in the baseline")
            continue
        gated.pop((lane.solver, lane.lr0), None)
        if lane.seeds:
            yield _lane(lane, runs, subject, allowed, problem.header["n_samples"])
    for solver, lr0 in gated:
        subject = f"{solver}, lr0 = {lr0:g}"
        yield _finding(subject, CheckVerdict.FAIL, "none", "a run", "it was not run")
    if not any(lane.seeds for lane in entry.lanes):
        yield _finding("", CheckVerdict.INCONCLUSIVE, "-", "-", NOTHING_GATED)


def _nearest(lanes: Mapping[tuple[str, float], Lane], solver: str, lr0: float) -> Lane | None:
    """Return the lane of an lr0 that L, in its last digits, has moved."""
    for (name, value), lane in lanes.items():
        if name == solver and math.isclose(value, lr0, rel_tol=1e-9):
            return lane
    return None


def _lane(
    lane: Lane, runs: Sequence[Run], subject: str, allowed: Allowance, n_samples: int
) -> Finding:
    mine = [run for run in runs if run.seed in lane.seeds]
    if sorted(run.seed for run in mine) != sorted(lane.seeds):
        return _finding(subject, CheckVerdict.FAIL, "other seeds", "the same", "a seed was not run")
    mine.sort(key=lambda run: lane.seeds.index(run.seed))
    if any(not len(run.trace.get("passes", ())) for run in mine):
        return _finding(
            subject, CheckVerdict.FAIL, str(mine[0].status), lane.statuses[0], "no trace"
        )
    now = lane_of(mine, {}, n_samples)
    for k, seed in enumerate(lane.seeds):
        if now.statuses[k] != lane.statuses[k]:
            reason = f"the status of seed {seed}"
            return _finding(subject, CheckVerdict.FAIL, now.statuses[k], lane.statuses[k], reason)
    for k, seed in enumerate(lane.seeds):
        if now.gradients[k] != lane.gradients[k]:
            counts = str(now.gradients[k]), str(lane.gradients[k])
            return _finding(subject, CheckVerdict.FAIL, *counts, f"sample gradients of seed {seed}")
    if now.iteration != lane.iteration:
        counts = str(len(now.iteration)), str(len(lane.iteration))
        return _finding(subject, CheckVerdict.FAIL, *counts, "other checkpoints")
    worst = min((_difference(now, lane, name, allowed) for name in COLUMNS), key=_parts_at)
    return worst if worst.verdict is CheckVerdict.FAIL else _same(subject, now, lane, worst)


def _difference(now: Lane, lane: Lane, name: str, allowed: Allowance) -> Finding:
    """Return what came of one column: the trajectory of the mean, and the end of each seed."""
    subject = f"{lane.solver}, lr0 = {lane.lr0:g}"
    ours = dict(zip(now.iteration, now.means[name], strict=True))
    shared = lane.iteration
    before = dict(zip(lane.iteration, lane.means[name], strict=True))
    parts = [t for t in shared if allowed.apart(ours[t], before[t])]
    seeds = [
        (seed, a, b)
        for seed, a, b in zip(lane.seeds, now.ends[name], lane.ends[name], strict=True)
        if allowed.apart(a, b)
    ]
    trajectory = Trajectory(
        name,
        shared,
        [ours[t] for t in shared],
        [before[t] for t in shared],
        parts[0] if parts else None,
    )
    if not parts and not seeds:
        return _finding(subject, CheckVerdict.PASS, "", "", "", trajectory)
    if parts:
        t = parts[0]
        a, b, where = ours[t], before[t], f"{name} parts at T = {t}"
    else:
        seed, a, b = seeds[0]
        where = f"{name} of seed {seed} at its end"
    reason = f"{where}, by {_relative(a, b):.1e} relative (allowed {allowed.tolerance:g})"
    return _finding(subject, CheckVerdict.FAIL, f"{a:.8g}", f"{b:.8g}", reason, trajectory)


def _same(subject: str, now: Lane, lane: Lane, found: Finding) -> Finding:
    many = len(lane.unstable)
    left = f"; {many} unstable seed{' is' if many == 1 else 's are'} not gated" if many else ""
    ends = now.ends["last"], lane.ends["last"]
    ours, theirs = (f"{np.mean(values):.8g}" for values in ends)
    return Finding(
        EXPECTATION, subject, CheckVerdict.PASS, ours, theirs, f"the same{left}", found.trajectory
    )


def _parts_at(finding: Finding) -> float:
    """Return the first checkpoint where a finding parts; what passes comes last."""
    if finding.verdict is CheckVerdict.PASS or finding.trajectory is None:
        return math.inf
    at = finding.trajectory.parts_at
    return at if at is not None else max(finding.trajectory.iteration, default=0)


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
