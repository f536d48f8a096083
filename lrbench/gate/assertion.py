"""`lrbench.check`: a check inside a test, where what does not pass is an AssertionError."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lrbench.engine.control import Control
from lrbench.errors import UsageError
from lrbench.experiment.jobs import choose
from lrbench.gate import baseline as baselines
from lrbench.gate.check import Check
from lrbench.gate.conduct import Gate, NoBaselineError, judge_result
from lrbench.gate.expectation import parse_expectation
from lrbench.gate.finding import Outcome
from lrbench.gate.paired import TOLERANCE
from lrbench.plan.plan import DEFAULT_SWEEP, Plan
from lrbench.problem_files import ProblemSpec, load_specs
from lrbench.results import Result, files

REMEDY = "look at the figures of {}, then run this once with update=True."
"""What to do where there is no baseline."""


class CheckFailedError(AssertionError):
    """A check failed, or could not be judged."""

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        self.outcomes = tuple(outcomes)
        super().__init__("\n".join(line for o in outcomes if not o.passed for line in _said(o)))


def _said(outcome: Outcome) -> list[str]:
    lines = [f"{outcome.verdict} {outcome.name}: {outcome.about}"]
    if outcome.error:
        lines.append(f"  {outcome.error} {outcome.hint}")
    return lines + [f"  {f}" for f in outcome.findings if f.verdict != "PASS"]


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
    **options: Any,
) -> Outcome:
    """Check convergence inside a test: return what came of it, or raise `CheckFailedError`.

    Parameters
    ----------
    problem
        What to run, one problem as of `run`; or a result that exists, of which every problem is
        judged and the first outcome returned.
    expect
        What must hold: ``"bound = pass"``, ``"rate >= 0.9"``, ``"suboptimality[at=1000] <= 1e-4"``.
    baseline
        A file of baselines to compare with; None for none. It is made with `update`.
    name
        Of the check, in messages and in the baseline file; empty for the name of the problem.
    tolerance
        Relative, for the baseline.
    allow_inconclusive
        Whether what cannot be judged lets pass.
    update
        Whether the baseline is made anew.
    jobs
        Worker processes, as of `run`.
    options
        As of `run`, and ``sweep=True``.

    Raises
    ------
    CheckFailedError
        An `AssertionError`: the check fails, or cannot be judged. It says why.
    UsageError, DataError, OptimumError
        If the check makes no sense or cannot be run.

    Examples
    --------
    >>> import lrbench
    >>> lrbench.check("log-spectrum", solvers="gd", lr0="1/L", expect="bound = pass").passed
    True
    """
    wanted = [parse_expectation(text) for text in ([expect] if isinstance(expect, str) else expect)]
    if isinstance(problem, Result):
        if baseline is not None or options:
            raise UsageError(
                "a result that exists is judged by expect alone.",
                "leave out the baseline and what is to be run.",
            )
        outcomes = judge_result(problem, wanted, allow_inconclusive=allow_inconclusive)
        return _passed(outcomes)
    specs = load_specs(problem)
    if len(specs) != 1:
        raise UsageError("a check is of one problem.", "check them one by one.")
    if update and baseline is None:
        raise UsageError("there is no baseline to update.", "give the file: baseline=PATH.")
    (spec,) = specs
    sweep = options.pop("sweep", False) or any(e.needs_sweep for e in wanted)
    given = {"lr0": DEFAULT_SWEEP} if sweep else {}
    the = Check(
        name or spec.name,
        spec,
        Plan(sweep=sweep, **given | options),
        wanted,
        baseline=baseline is not None,
        tolerance=tolerance,
        allow_inconclusive=allow_inconclusive,
    )
    file = None if baseline is None else Path(baseline)
    known = {} if file is None else baselines.load_baselines(file)
    save = frozenset({the.name} if update else ())
    if update and file is not None:
        files.reserve(file, force=True)
    gate = Gate(Control(), choose(jobs), known, save, REMEDY.format)
    (outcome,) = gate.run([the])
    if outcome.cause is not None and not isinstance(outcome.cause, NoBaselineError):
        raise outcome.cause
    if update and file is not None:
        baselines.save_baselines(file, gate.baselines)
    return _passed([outcome])


def _passed(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the first outcome, or raise `CheckFailedError` where one does not pass."""
    if not all(outcome.passed for outcome in outcomes):
        raise CheckFailedError(outcomes)
    return outcomes[0]
