"""Running checks and making their baselines from the runs that are stable."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
from threadpoolctl import threadpool_limits

from lrbench.cache.folder import cache_dir
from lrbench.engine.control import Control
from lrbench.errors import LrbenchError, RefutedError
from lrbench.experiment.jobs import Executor, Serial
from lrbench.experiment.run_plan import Work, measured
from lrbench.gate.baseline import COLUMNS, Baseline, BaselineLane, lane_of
from lrbench.gate.check import Check
from lrbench.gate.claims import verify_constants
from lrbench.gate.finding import CheckOutcome, CheckVerdict, Finding
from lrbench.gate.judge import judge_expectation
from lrbench.gate.paired import EXPECTATION, NOTHING_GATED, Allowance, allowance, compare_with
from lrbench.optimum import discard_optimum
from lrbench.plan.needs import check_needs
from lrbench.plan.prepare import Prepared, prepare
from lrbench.results import ProblemResult, Run, Status
from lrbench.results.lanes import lane_text

MARGIN = 10.0  # the moved start is a single sample of what rounding may do elsewhere
"""The factor by which the effect of the last bit must be smaller than the tolerance."""


class NoBaselineError(LrbenchError):
    """A check has no baseline to be compared with."""


class OutOfTimeError(LrbenchError):
    """A check was stopped before it could be judged."""


@dataclass
class Gate:
    """Runs checks one after the other.

    Parameters
    ----------
    control, executor
        The same as for `lrbench.experiment.run_plan.run_plan`.
    baselines
        The existing baselines by the name of their check; new ones are added.
    save
        The names of the checks whose baseline is made anew.
    remedy
        Returns, for the name of a check without a baseline, the hint how to make it.
    """

    control: Control
    executor: Executor = field(default_factory=Serial)
    baselines: dict[str, Baseline] = field(default_factory=dict)
    save: frozenset[str] = frozenset()
    remedy: Callable[[str], str] = "make the baseline of {} first.".format

    def run(self, checks: Sequence[Check]) -> Iterator[CheckOutcome]:
        """Yield the outcome of each check; a signal ends this before the check that it stopped."""
        for check in checks:
            try:
                outcome = self._run(check)
            except LrbenchError as error:
                outcome = CheckOutcome(check.name, check.about, (), cause=error)
            # After the check, not before it: the runs of this one may have been cut short.
            if self.control.signal is not None:
                return
            yield outcome

    def _run(self, check: Check) -> CheckOutcome:
        saving = check.baseline and check.name in self.save
        if check.baseline and not saving and check.name not in self.baselines:
            raise NoBaselineError(
                f"the check {check.name} has no baseline.", self.remedy(check.name)
            )
        self.control.limit(check.plan.timeout)
        with threadpool_limits(check.plan.threads, "blas"):
            p = prepare(check.spec, check.plan, cache_dir(), self.control)
            check_needs(check.plan, [p])
            self.control.keep_results()
            problem, moved_runs = self._measure(check, p, saving)
        # Before anything is judged or saved: no baseline is made of runs that were cut short.
        if self.control.stopped:
            raise OutOfTimeError(
                f"the check {check.name} was stopped before it was done.",
                "give it more time, or a smaller budget.",
            )
        findings = list(verify_constants(check.spec.claims, problem))
        for expectation in check.expectations:
            findings += judge_expectation(expectation, problem)
        if not check.baseline:
            return CheckOutcome(check.name, check.about, findings, (), check.allow_inconclusive)
        if saving:
            entry = make_baseline(check, problem, moved_runs)
            self.baselines[check.name] = entry
            gated = any(lane.seeds for lane in entry.lanes)
            verdict = CheckVerdict.PASS if gated else CheckVerdict.INCONCLUSIVE
            reason = "" if gated else NOTHING_GATED
            findings.append(Finding(EXPECTATION, "", verdict, "saved", "-", reason))
        else:
            entry = self.baselines[check.name]
            findings += compare_with(entry, check.about, problem, check.tolerance)
        notes = list(_notes(entry.lanes))
        return CheckOutcome(check.name, check.about, findings, notes, check.allow_inconclusive)

    def _measure(
        self, check: Check, p: Prepared, saving: bool
    ) -> tuple[ProblemResult, Sequence[Run]]:
        """Run a check, and to save its baseline also from a start moved by its last bit."""
        work = Work(check.plan, [p, with_moved_start(p)] if saving else [p])
        work.go(self.executor, self.control)
        for error in work.errors.values():
            # A run below a certified minimum shows that the cached optimum is wrong.
            if isinstance(error, RefutedError) and p.constants.f_star_certified:
                discard_optimum(p.problem, cache_dir())
            raise error
        return measured(p, check.plan, work.runs(0), self.control), work.runs(1) if saving else ()


def make_baseline(check: Check, problem: ProblemResult, moved_runs: Sequence[Run]) -> Baseline:
    """Return the baseline of a check, from its runs and those from the moved start."""
    allowed = allowance(problem, check.tolerance)
    smooth = math.isfinite(problem.header.constants.L)
    moved_groups = replace(problem, runs=tuple(moved_runs)).groups
    lanes = []
    for lane, runs in problem.groups.items():
        unstable = unstable_seeds(runs, moved_groups.get(lane, ()), smooth, allowed)
        lanes.append(lane_of(runs, unstable, problem.header.n_samples))
    return Baseline(check.name, problem.header.fingerprint, check.about, tuple(lanes))


def _notes(lanes: Sequence[BaselineLane]) -> Iterator[str]:
    """Yield a note on each lane with seeds that are not gated, with the reason of the first."""
    for lane in lanes:
        if lane.unstable:
            n_seeds = len(lane.unstable)
            seeds = f", {n_seeds} seed{'s' * (n_seeds > 1)}" if n_seeds > 1 or lane.seeds else ""
            reason = next(iter(lane.unstable.values()))
            yield f"not gated: {lane_text(lane.solver, lane.lr0)}{seeds}: {reason}"


def with_moved_start(p: Prepared) -> Prepared:
    """Return the problem with its start moved by its last bit.

    Notes
    -----
    A start of zeros has no last bit. Every coordinate is therefore moved by at least the last bit
    of |w_0 - w*| / sqrt(n_features).
    """
    w0 = p.problem.w0
    distance = p.constants.distance
    size = 1.0 if distance is None else distance / math.sqrt(len(w0))
    # Random signs, but the same ones each time: a baseline that is made anew gates the same seeds.
    signs = np.random.default_rng(0).choice([-1.0, 1.0], len(w0))
    moved = w0 + signs * np.finfo(np.float64).eps * np.maximum(np.abs(w0), size)
    # The problems of checks come from files, and are dataclasses.
    return replace(p, problem=replace(cast("Any", p.problem), w0=moved))


def unstable_seeds(
    runs: Sequence[Run], moved_runs: Sequence[Run], smooth: bool, allowed: Allowance
) -> dict[int, str]:
    """Return the seeds of one solver and lr0 that are not to be gated, with the reasons.

    Parameters
    ----------
    runs, moved_runs
        The runs of all seeds from the start as it is, and from the start moved by its last bit.
    smooth
        Whether there is an L, and so a step 1/L that is known to be stable.
    allowed
        The allowance of a later comparison with the baseline.
    """
    strict = replace(allowed, tolerance=allowed.tolerance / MARGIN)
    moved = {run.seed: run for run in moved_runs}
    reasons = {run.seed: _instability(run, moved[run.seed], smooth, strict) for run in runs}
    return {seed: reason for seed, reason in reasons.items() if reason}


def _instability(run: Run, moved: Run, smooth: bool, allowed: Allowance) -> str:
    """Return the reason why a run is not stable; empty if it is."""
    if run.status is Status.INTERRUPTED:
        return "interrupted"
    if run.status.lost:
        return f"the run {run.status}"
    # Even if the moved start changes nothing: above 1/L a run may oscillate between directions that
    # rounding chooses, and the moved start is one sample only.
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
