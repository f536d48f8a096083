"""Running checks, judging them, and making their baselines."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from threadpoolctl import threadpool_limits

from lrbench.cache.folder import cache_dir
from lrbench.engine.control import Control
from lrbench.errors import LrbenchError, RefutedError, UsageError
from lrbench.experiment.conduct import Work, measured
from lrbench.experiment.jobs import Executor
from lrbench.experiment.jobs.here import Here
from lrbench.gate.baseline import Baseline, Lane, lane_of
from lrbench.gate.check import Check
from lrbench.gate.claims import verify_constants
from lrbench.gate.expectation import Expectation
from lrbench.gate.finding import CheckVerdict, Finding, Outcome
from lrbench.gate.judge import judge_expectation
from lrbench.gate.paired import EXPECTATION, NOTHING_GATED, allowance, compare_with
from lrbench.gate.stable import nudged, unstable
from lrbench.optimum import discard_optimum
from lrbench.plan.prepare import Prepared, prepare
from lrbench.results import ProblemResult, Result, Run


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
        As of a plan that is carried out.
    baselines
        What there is, by the name of its check; what is saved is added.
    save
        The names of the checks whose baseline is made anew.
    remedy
        From the name of a check to the hint where its baseline is missing.
    """

    control: Control
    executor: Executor = field(default_factory=Here)
    baselines: dict[str, Baseline] = field(default_factory=dict)
    save: frozenset[str] = frozenset()
    remedy: Callable[[str], str] = "make the baseline of {} first.".format

    def run(self, checks: Sequence[Check]) -> Iterator[Outcome]:
        """Yield what came of each check; after a signal no more, nor of the one that it cut."""
        for check in checks:
            try:
                outcome = self._run(check)
            except LrbenchError as error:
                outcome = Outcome(check.name, check.about, (), cause=error)
            if self.control.signal is not None:
                return
            yield outcome

    def _run(self, check: Check) -> Outcome:
        saving = check.baseline and check.name in self.save
        if check.baseline and not saving and check.name not in self.baselines:
            raise NoBaselineError(
                f"the check {check.name} has no baseline.", self.remedy(check.name)
            )
        self.control.limit(check.plan.timeout)
        with threadpool_limits(check.plan.threads, "blas"):
            p = prepare(check.spec, check.plan, cache_dir(), self.control)
            self.control.keep_results()
            problem, beside = self._measure(check, p, saving)
        if self.control.stopped:
            raise OutOfTimeError(
                f"the check {check.name} was stopped before it was done.",
                "give it more time, or a smaller budget.",
            )
        findings = list(verify_constants(check.spec.claims, problem))
        for wanted in check.expectations:
            findings += judge_expectation(wanted, problem)
        notes: list[str] = []
        if saving:
            entry = entry_of(check, problem, beside)
            self.baselines[check.name] = entry
            gated = any(lane.seeds for lane in entry.lanes)
            verdict = CheckVerdict.PASS if gated else CheckVerdict.INCONCLUSIVE
            reason = "" if gated else NOTHING_GATED
            findings.append(Finding(EXPECTATION, "", verdict, "saved", "-", reason))
            notes = list(_said(entry.lanes))
        elif check.baseline:
            entry = self.baselines[check.name]
            findings += compare_with(entry, check.about, problem, check.tolerance)
            notes = list(_said(entry.lanes))
        return Outcome(check.name, check.about, findings, notes, check.allow_inconclusive)

    def _measure(
        self, check: Check, p: Prepared, saving: bool
    ) -> tuple[ProblemResult, Sequence[Run]]:
        """Run a check; to save its baseline also from a start moved by its last bit."""
        ready = [p, nudged(p)] if saving else [p]
        work = Work(check.plan, ready)
        work.go(self.executor, self.control)
        for why in work.errors.values():
            if isinstance(why, RefutedError) and p.constants.f_star_certified:
                discard_optimum(p.problem, cache_dir())
            raise why
        return measured(p, check.plan, work.runs(0)), work.runs(1) if saving else ()


def judge_result(
    result: Result, expectations: Sequence[Expectation], *, allow_inconclusive: bool = False
) -> list[Outcome]:
    """Return what comes of expectations on a result that exists, problem by problem."""
    if not expectations:
        raise UsageError(
            "nothing is expected of the result.", "give an expectation, as in 'bound = pass'."
        )
    return [
        Outcome(
            problem.name,
            problem.header.get("title") or "a result that exists",
            [finding for wanted in expectations for finding in judge_expectation(wanted, problem)],
            allow_inconclusive=allow_inconclusive,
        )
        for problem in result.problems
    ]


def entry_of(check: Check, problem: ProblemResult, moved: Sequence[Run]) -> Baseline:
    """Return the baseline of a check, from its runs and those from the moved start."""
    allowed = allowance(problem, check.tolerance)
    L = problem.header["constants"]["L"]
    smooth = L is not None and math.isfinite(L)
    beside = replace(problem, runs=tuple(moved)).groups
    lanes = []
    for lane, runs in problem.groups.items():
        left_out = unstable(runs, beside.get(lane, ()), smooth, allowed)
        lanes.append(lane_of(runs, left_out, problem.header["n_samples"]))
    return Baseline(check.name, problem.header["fingerprint"], check.about, tuple(lanes))


def _said(lanes: Sequence[Lane]) -> Iterator[str]:
    """Yield what is not gated, and why."""
    for lane in lanes:
        if lane.unstable:
            which = "" if len(lane.unstable) == 1 and not lane.seeds else _seeds(lane.unstable)
            why = next(iter(lane.unstable.values()))
            yield f"not gated: {lane.solver}, lr0 = {lane.lr0:g}{which}: {why}"


def _seeds(unstable: Mapping[str, str]) -> str:
    return f", {len(unstable)} seed{'s' * (len(unstable) > 1)}"
