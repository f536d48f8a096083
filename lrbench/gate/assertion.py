"""The function `lrbench.check`, which raises an AssertionError if a check does not pass."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Unpack

from lrbench.engine.control import Control
from lrbench.errors import UsageError
from lrbench.experiment.jobs import choose
from lrbench.gate.baseline import load_baselines, save_baselines
from lrbench.gate.check import Check
from lrbench.gate.expectation import parse_expectation
from lrbench.gate.finding import CheckOutcome
from lrbench.gate.judge import judge_result
from lrbench.gate.paired import TOLERANCE
from lrbench.gate.run_checks import Gate, NoBaselineError
from lrbench.plan.options import PlanOptions, check_keywords, takes_options
from lrbench.plan.plan import Plan
from lrbench.problem_files import ProblemSpec, load_specs
from lrbench.results import ArrivalRule, Result, files

REMEDY = "look at the figures of {}, then run this once with update=True."
"""The hint if a check has no baseline."""


class CheckFailedError(AssertionError):
    """A check failed or could not be judged; the message has the reasons."""

    def __init__(self, outcomes: Sequence[CheckOutcome]) -> None:
        self.outcomes = tuple(outcomes)
        super().__init__("\n".join(line for o in outcomes if not o.passed for line in _lines(o)))


def _lines(outcome: CheckOutcome) -> list[str]:
    lines = [f"{outcome.verdict} {outcome.name}: {outcome.about}"]
    if outcome.error:
        lines.append(f"  {outcome.error} {outcome.hint}")
    return lines + [f"  {f}" for f in outcome.findings if f.verdict != "PASS"]


@takes_options
def check(
    problem: str | Path | ProblemSpec | Result,
    *,
    expect: str | Sequence[str] = (),
    baseline: str | Path | None = None,
    name: str = "",
    tolerance: float = TOLERANCE,
    allow_inconclusive: bool = False,
    update: bool = False,
    jobs: int | None = None,
    sweep: bool = False,
    at: str | Sequence[int] | None = None,
    arrival: ArrivalRule | None = None,
    **options: Unpack[PlanOptions],
) -> CheckOutcome:
    """Check convergence inside a test: return the outcome, or raise `CheckFailedError`.

    Parameters
    ----------
    problem
        One problem to run, as for `run`; or a result. All problems of a result are judged, and the
        outcome of the first one is returned.
    expect
        Expectations that must hold: ``"bound = pass"``, ``"rate >= 0.9"``,
        ``"suboptimality[at=1000] <= 1e-4"``.
    baseline
        A file of baselines to compare with; None for no comparison. `update` makes it.
    name
        Name of the check in messages and in the baseline file; empty for the name of the problem.
    tolerance
        Relative tolerance of the comparison with the baseline.
    allow_inconclusive
        Whether the check passes if it cannot be judged.
    update
        Whether the baseline is made anew.
    jobs
        Worker processes, as for `run`.
    sweep
        Whether each run ends at the target, as in `sweep`; so it is where `expect` needs a sweep.
    at
        The iterations T that every lane of a sweep comes to, as in `sweep`; None lets runs end
        where they arrive.
    arrival
        When a run of a sweep has arrived at the target, as in `sweep`; None for ``"confirmed"``.
    options
        Those of `run`.

    Raises
    ------
    CheckFailedError
        If the check fails or cannot be judged. It is an `AssertionError`, whose message has the
        reasons.
    UsageError, DataError, OptimumError
        If an argument is wrong, or the check cannot be run.

    Examples
    --------
    >>> import lrbench
    >>> lrbench.check("log-spectrum", solvers="gd", lr0="1/L", expect="bound = pass").passed
    True
    """
    check_keywords("check", options)
    texts = [expect] if isinstance(expect, str) else expect
    if "solvers" in options:  # one of the user may have theorems, which expectations name
        Plan(solvers=options["solvers"])
    expectations = [parse_expectation(text) for text in texts]
    if isinstance(problem, Result):
        if baseline is not None or sweep or at is not None or arrival or options:
            raise UsageError(
                "a result that exists is judged by expect alone.",
                "leave out the baseline and the options of a run.",
            )
        return _passed(judge_result(problem, expectations, allow_inconclusive=allow_inconclusive))
    specs = load_specs(problem)
    if len(specs) != 1:
        raise UsageError("a check runs a single problem.", "call check once for each problem.")
    if update and baseline is None:
        raise UsageError("there is no baseline to update.", "give the file: baseline=PATH.")
    (spec,) = specs
    if not isinstance(spec, ProblemSpec):
        raise UsageError(
            f"a check runs a problem by its name or file, which {spec.name} does not have.",
            "call lrbench.run, and judge its result: check(result, expect=...).",
        )
    sweep = sweep or any(e.needs_sweep for e in expectations)
    single_check = Check(
        name or spec.name,
        spec,
        Plan(sweep=sweep, at=at, arrival=arrival, **options),
        expectations,
        baseline=baseline is not None,
        tolerance=tolerance,
        allow_inconclusive=allow_inconclusive,
    )
    path = None if baseline is None else Path(baseline)
    entries = {} if path is None else load_baselines(path)
    save = frozenset({single_check.name} if update else ())
    if update and path is not None:
        files.reserve(path, force=True)  # before the runs, which would be lost if it fails
    gate = Gate(Control(), choose(jobs), entries, save, REMEDY.format)
    (outcome,) = gate.run([single_check])
    # A missing baseline fails the test; any other cause is an error of whoever wrote the test.
    if outcome.cause is not None and not isinstance(outcome.cause, NoBaselineError):
        raise outcome.cause
    if update and path is not None:
        save_baselines(path, gate.baselines)
    return _passed([outcome])


def _passed(outcomes: Sequence[CheckOutcome]) -> CheckOutcome:
    """Return the first outcome; raise `CheckFailedError` if any of them does not pass."""
    if not all(outcome.passed for outcome in outcomes):
        raise CheckFailedError(outcomes)
    return outcomes[0]
