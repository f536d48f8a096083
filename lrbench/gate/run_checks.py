"""Running checks and making their baselines from the runs that are stable."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from lrbench.cache.folder import cache_dir
from lrbench.config.prints import prints_to_stderr
from lrbench.config.process import blas_threads
from lrbench.engine.control import Control
from lrbench.errors import LrbenchError, RefutedError
from lrbench.experiment.jobs import Executor, Serial
from lrbench.experiment.run_plan import measured
from lrbench.experiment.work import Work
from lrbench.gate.baseline import COLUMNS, Baseline, is_counted, lane_of
from lrbench.gate.check import Check
from lrbench.gate.claims import verify_constants
from lrbench.gate.finding import CheckOutcome, CheckVerdict, Finding
from lrbench.gate.judge import judge_expectation
from lrbench.gate.paired import (
    EXPECTATION,
    NO_GAP,
    NOTHING_GATED,
    OF_RESULT,
    Allowance,
    allowance,
    compare_with,
)
from lrbench.gate.result_check import ResultCheck
from lrbench.objective.problem import AnyStart
from lrbench.optimum import discard_optimum
from lrbench.plan.needs import check_needs
from lrbench.plan.prepare import Prepared, prepare
from lrbench.results import ProblemResult, Run, Status
from lrbench.results.lanes import lane_text

MARGIN = 10.0  # the moved start is a single sample of what rounding may do elsewhere
"""The factor by which the effect of the last bit must be smaller than the tolerance."""

NOT_REPEATED = "a result is not run again: whether rounding changes its runs was not tested"
"""The note on a baseline that was made of a result."""


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
        Returns, for the name of a check, what makes its baseline.
    """

    control: Control
    executor: Executor = field(default_factory=Serial)
    baselines: dict[str, Baseline] = field(default_factory=dict)
    save: frozenset[str] = frozenset()
    remedy: Callable[[str], str] = "lrbench check --update-baseline {}".format

    def run(self, checks: Sequence[Check | ResultCheck]) -> Iterator[CheckOutcome]:
        """Yield the outcome of each check; a signal ends this before the check that it stopped."""
        for check in checks:
            start = time.perf_counter()
            try:
                with prints_to_stderr():
                    outcome = self._run(check)
            except LrbenchError as error:
                outcome = CheckOutcome(check.name, check.about, (), cause=error)
            # After the check, not before it: the runs of this one may have been cut short.
            if self.control.signal is not None:
                return
            seconds = time.perf_counter() - start
            bad = not outcome.passed and outcome.cause is None
            yield replace(outcome, seconds=seconds, command=check.command if bad else "")

    def _run(self, check: Check | ResultCheck) -> CheckOutcome:
        saving = check.baseline and check.name in self.save
        if check.baseline and not saving and check.name not in self.baselines:
            raise NoBaselineError(
                f"the check {check.name} has no baseline.",
                f"make it, and review it: {self.remedy(check.name)}.",
            )
        if isinstance(check, ResultCheck):
            return self._judge(check, check.problem, None, [])
        self.control.limit(check.plan.timeout)
        with blas_threads(check.plan.threads):
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
        claims = list(verify_constants(check.spec.claims, problem))
        return self._judge(check, problem, moved_runs, claims)

    def _judge(
        self,
        check: Check | ResultCheck,
        problem: ProblemResult,
        moved_runs: Sequence[Run] | None,
        findings: list[Finding],
    ) -> CheckOutcome:
        """Return the outcome of a check, with these findings before those on its runs.

        `moved_runs` are None for a result, which is not run again from a moved start.
        """
        for expectation in check.expectations:
            findings += judge_expectation(expectation, problem)
        if not check.baseline:
            return CheckOutcome(check.name, check.about, findings, (), check.allow_inconclusive)
        if math.isnan(problem.header.constants.f_star):
            verdict = CheckVerdict.INCONCLUSIVE
            findings.append(Finding(EXPECTATION, "", verdict, "-", "-", NO_GAP))
            return CheckOutcome(check.name, check.about, findings, (), check.allow_inconclusive)
        if check.name in self.save:
            entry = make_baseline(check, problem, moved_runs)
            self.baselines[check.name] = entry
            gated = any(lane.seeds for lane in entry.lanes)
            verdict = CheckVerdict.PASS if gated else CheckVerdict.INCONCLUSIVE
            reason = "" if gated else NOTHING_GATED
            findings.append(Finding(EXPECTATION, "", verdict, "saved", "-", reason))
        else:
            entry = self.baselines[check.name]
            remedy = self.remedy(check.name)
            findings += compare_with(entry, check.about, problem, check.tolerance, remedy)
        notes = list(_notes(entry))
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


def make_baseline(
    check: Check | ResultCheck, problem: ProblemResult, moved_runs: Sequence[Run] | None
) -> Baseline:
    """Return the baseline of a check, from its runs and those from the moved start, if any."""
    allowed = allowance(problem, check.tolerance)
    smooth = math.isfinite(problem.header.constants.L)
    moved_groups = replace(problem, runs=tuple(moved_runs or ())).groups
    lanes = []
    for lane, runs in problem.groups.items():
        moved = None if moved_runs is None else moved_groups.get(lane, ())
        unstable = unstable_seeds(runs, moved, smooth, allowed)
        lanes.append(lane_of(runs, unstable, problem.header.n_samples))
    return Baseline(check.name, problem.header.fingerprint, check.about, tuple(lanes))


def _notes(entry: Baseline) -> Iterator[str]:
    """Yield a note on each lane with seeds that are not gated, with the reason of the first."""
    if entry.plan.startswith(OF_RESULT):
        yield NOT_REPEATED
    for lane in entry.lanes:
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
    assert isinstance(p.problem, AnyStart)  # the problems of checks come from files
    return replace(p, problem=p.problem.started_at(moved))


def unstable_seeds(
    runs: Sequence[Run], moved_runs: Sequence[Run] | None, smooth: bool, allowed: Allowance
) -> dict[int, str]:
    """Return the seeds of one solver and lr0 that are not to be gated, with the reasons.

    Parameters
    ----------
    runs, moved_runs
        The runs of all seeds from the start as it is, and from the start moved by its last bit;
        None for the latter where they cannot be run.
    smooth
        Whether there is an L, and so a step 1/L that is known to be stable.
    allowed
        The allowance of a later comparison with the baseline.
    """
    strict = replace(allowed, tolerance=allowed.tolerance / MARGIN)
    moved = None if moved_runs is None else {run.seed: run for run in moved_runs}
    reasons = {
        run.seed: _instability(run, None if moved is None else moved[run.seed], smooth, strict)
        for run in runs
    }
    return {seed: reason for seed, reason in reasons.items() if reason}


def _instability(run: Run, moved: Run | None, smooth: bool, allowed: Allowance) -> str:
    """Return the reason why a run is not stable; empty if it is, or nothing is known of it."""
    if run.status is Status.INTERRUPTED:
        return "interrupted"
    if run.status.lost:
        return f"the run {run.status}"
    if not is_counted(run):
        return "its passes are not known"
    # Even if the moved start changes nothing: above 1/L a run may oscillate between directions that
    # rounding chooses, and the moved start is one sample only.
    lr = run.trace["lr"][-1]  # NaN where it is not known
    if smooth and math.isnan(run.trace.get("stable_from", [0.0])[-1]) and not math.isnan(lr):
        return f"the last lr, {lr:.3g}, is above 1/L"
    if moved is None:
        return ""
    if (run.status, run.status_at) != (moved.status, moved.status_at):
        return "the last bit of the start changes how it ends"
    a, b = lane_of([run], {}, 1), lane_of([moved], {}, 1)
    for name in COLUMNS:
        for x, y in zip(a.means[name], b.means[name], strict=True):
            if allowed.apart(x, y):
                return f"the last bit of the start changes it by {abs(x - y):.1e}"
    return ""
