"""The function `lrbench.check`, which raises an AssertionError if a check does not pass."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack

from lrbench.cache.folder import cache_dir
from lrbench.config.keywords import names_keywords
from lrbench.config.values import checked_flag, checked_path
from lrbench.engine.control import Control
from lrbench.errors import LrbenchError, UsageError, quoted
from lrbench.experiment.jobs import choose
from lrbench.gate.baseline import add_baselines, load_baselines
from lrbench.gate.check import Check
from lrbench.gate.expectation import parse_expectation
from lrbench.gate.finding import CheckOutcome
from lrbench.gate.paired import TOLERANCE
from lrbench.gate.result_check import ResultCheck, distinct, result_checks
from lrbench.gate.run_checks import Gate, NoBaselineError
from lrbench.plan.options import PlanOptions, takes_options
from lrbench.plan.plan import Plan
from lrbench.problem_files import ProblemSpec, load_spec, load_specs, shipped
from lrbench.results import ArrivalRule, Result, files

REMEDY = "run this once with update=True, or with the fixture: pytest --lrbench-update"
"""What makes the baseline of a check."""

OF_FILES = ("--save=", "--save-weights=", "--store=", "--force", "--quiet")
"""The options of a recorded command that are not for its page."""

NO_COMMAND = (
    'no command repeats these runs: save their result, result.save("FILE.json"), and see it with'
    " lrbench show FILE.json"
)
"""What shows the runs of a check that has no command line."""


OTHER_FILE = "restore it, or give another file: baseline=PATH."
"""The hint for a damaged file of baselines."""


def saved_for_show(result: Result, path: Path) -> str:
    """Save a result that fails, and return the command that shows it; empty if it is not saved."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        result.save(path, force=True)
    except (LrbenchError, OSError):  # of a folder that cannot be written to
        return ""
    return shlex.join(["lrbench", "show", str(path)])


def _in_cache(result: Result) -> str:
    name = re.sub(r"[^\w.-]+", "-", result.problems[0].name)
    return saved_for_show(result, cache_dir() / "failed" / f"{name}.json")


SAVING: ContextVar[Callable[[Result], str]] = ContextVar("SAVING", default=_in_cache)
"""What saves a result that fails a check and has no command line, and returns the command that
shows it. The fixture has another one, for each test."""


class CheckFailedError(AssertionError):
    """A check failed or is inconclusive; the message has the reasons."""

    def __init__(self, outcomes: Sequence[CheckOutcome]) -> None:
        self.outcomes = tuple(outcomes)
        super().__init__("\n".join(line for o in outcomes if not o.passed for line in _lines(o)))


def _lines(outcome: CheckOutcome) -> list[str]:
    lines = [f"{outcome.verdict} {outcome.name}: {outcome.about}"]
    if outcome.error:
        lines.append(f"  {outcome.error} {outcome.hint}")
        return lines
    lines += [f"  {f}" for f in outcome.findings if f.verdict != "PASS"]
    return [*lines, f"  {outcome.see_runs or NO_COMMAND}"]


@names_keywords()
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
        One problem to run, as for `run`; or a result, also one that was read from a file, or of a
        solver that lrbench does not know. All problems of a result are judged, and the outcome of
        the first one is returned.
    expect
        Expectations that must hold: ``"bound = pass"``, ``"rate >= 0.9"``,
        ``"suboptimality[at=1000] <= 1e-4"``.
    baseline
        A file of baselines to compare with; None for no comparison. `update` makes it. The runs of
        a result are compared as they are: they are not run again from a moved start, so that
        whether rounding changes them is not tested.
    name
        Name of the check in messages and in the baseline file; empty for the name of the problem.
        A result of several problems has no other names.
    tolerance
        Relative tolerance of the comparison with the baseline.
    allow_inconclusive
        Whether the check passes if it is inconclusive.
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
        If the check fails or is inconclusive. It is an `AssertionError`, whose message has the
        reasons.
    UsageError, DataError, OptimumError
        If an argument is wrong, or the check cannot be run.

    Examples
    --------
    >>> import lrbench
    >>> lrbench.check("log-spectrum", solvers="gd", lr0="1/L", expect="bound = pass").passed
    True
    """
    __tracebackhide__ = True  # pytest shows the line of the test, and the message
    if "solvers" in options:  # one of the user may have theorems, which expectations name
        Plan(solvers=options["solvers"])
    flags = {"update": update, "sweep": sweep, "allow_inconclusive": allow_inconclusive}
    for flag, value in flags.items():
        checked_flag(value, flag)
    one = isinstance(expect, str | bytes) or not isinstance(expect, Iterable)
    texts: Any = [expect] if one else expect
    expectations = [parse_expectation(text) for text in texts]
    if not isinstance(name, str):
        raise UsageError(f"the name {quoted(name)} is no text.", "leave it out, or give a text.")
    if update and baseline is None:
        raise UsageError("there is no baseline to update.", "give the file: baseline=PATH.")
    path = None if baseline is None else checked_path(baseline, "baseline")
    checks: Sequence[Check | ResultCheck]
    if isinstance(problem, Result):
        if sweep or options or any(option is not None for option in (jobs, at, arrival)):
            raise UsageError(
                "a result that exists is not run again, so that options of a run have no effect.",
                "leave them out, or give the problem in place of the result.",
            )
        checks = result_checks(
            problem,
            expectations,
            name=name,
            baseline=path is not None,
            tolerance=tolerance,
            allow_inconclusive=allow_inconclusive,
            command=_repeated(problem.command),
        )
        distinct(checks)
    else:
        spec, words = _spec_and_words(problem)
        sweep = sweep or any(e.needs_sweep for e in expectations)
        plan = Plan(sweep=sweep, at=at, arrival=arrival, **options)
        checks = [
            Check(
                name or spec.name,
                spec,
                plan,
                expectations,
                baseline=path is not None,
                tolerance=tolerance,
                allow_inconclusive=allow_inconclusive,
                problem_words=words,
            )
        ]
    save = frozenset(each.name for each in checks) if update else frozenset()
    entries = {} if path is None else load_baselines(path, OTHER_FILE)
    if update and path is not None:
        files.reserve(path, force=True)  # before the runs, which would be lost if it fails
    gate = Gate(Control(), choose(jobs), entries, save, REMEDY.format)
    outcomes = list(gate.run(checks))
    for outcome in outcomes:
        # A missing baseline fails the test; any other cause is an error of whoever wrote the test.
        if outcome.cause is not None and not isinstance(outcome.cause, NoBaselineError):
            raise outcome.cause
    made = {n: gate.baselines[n] for n in save if n in gate.baselines}
    if path is not None and made:
        add_baselines(path, made)
    if not all(outcome.passed for outcome in outcomes):
        if isinstance(problem, Result) and not all(outcome.command for outcome in outcomes):
            command = SAVING.get()(problem)
            outcomes = [replace(o, command=o.command or command) for o in outcomes]
        raise CheckFailedError(outcomes)
    return outcomes[0]


def _spec_and_words(problem: str | Path | ProblemSpec) -> tuple[ProblemSpec, Sequence[str]]:
    """Return the specification of one problem, and the words of a command line that name it."""
    specs = load_specs(problem)
    if len(specs) != 1:
        raise UsageError("a check runs a single problem.", "call check once for each problem.")
    (spec,) = specs
    if not isinstance(spec, ProblemSpec):
        raise UsageError(
            f"a check runs a problem by its name or file, which {spec.name} does not have.",
            "call lrbench.run, and judge its result: check(result, expect=...).",
        )
    if isinstance(problem, str | Path):
        return spec, ("--problem", str(problem))
    is_shipped = spec.name in shipped() and load_spec(spec.name) == spec
    return spec, ("--problem", spec.name) if is_shipped else ()


def _repeated(command: Sequence[str]) -> str:
    """Return the command line that a result records, without the files that it wrote."""
    words = [word for word in command if not word.startswith(OF_FILES)]
    return shlex.join(["lrbench", *words]) if words else ""
