"""A check of a result that exists: nothing is run for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lrbench.config.learning_rates import LearningRate
from lrbench.errors import UsageError, quoted
from lrbench.gate.check import grid_text, setting_text, validate
from lrbench.gate.expectation import Expectation
from lrbench.gate.paired import OF_RESULT, TOLERANCE
from lrbench.results import ProblemResult, Result


@dataclass(frozen=True)
class ResultCheck:
    """What is expected of the runs of a result on one problem.

    Parameters
    ----------
    name, expectations, baseline, tolerance, allow_inconclusive
        As for `lrbench.gate.check.Check`.
    problem
        The runs.
    command
        The command line that shows them; empty where none does.
    """

    name: str
    problem: ProblemResult
    expectations: Sequence[Expectation] = ()
    baseline: bool = False
    tolerance: float = TOLERANCE
    allow_inconclusive: bool = False
    command: str = ""

    def __post_init__(self) -> None:
        validate(self.name, self.tolerance)
        if self.baseline and not self.problem.header.fingerprint:
            raise UsageError(
                f"{self.problem.name} has no fingerprint, by which a baseline knows a problem.",
                "give its facts() a fingerprint, or leave the baseline out.",
            )

    @property
    def about(self) -> str:
        """The problem, the solvers and the setting of the runs, in one line."""
        problem = self.problem
        runs = [run for lane in problem.groups.values() for run in lane]
        if not runs:
            return f"{OF_RESULT}{problem.name}"
        methods = " ".join(dict.fromkeys(str(run.method) for run in runs))
        values: dict[str, set[float]] = {}
        for run in runs:
            if run.value is not None:  # a method without lr0 has nothing that varies
                values.setdefault(run.parameter, set()).add(run.value)
        varied = [grid_text(name, [*map(LearningRate, sorted(v))]) for name, v in values.items()]
        stochastic = runs[0].setting == "stochastic"
        seeds = sorted({run.seed for run in runs})
        size = runs[0].batch_size if stochastic else None
        setting = setting_text(size, runs[0].sampling, seeds)
        return ", ".join([f"{OF_RESULT}{problem.name}", methods, *varied, setting])


def result_checks(
    result: Result,
    expectations: Sequence[Expectation],
    *,
    name: str = "",
    baseline: bool = False,
    tolerance: float = TOLERANCE,
    allow_inconclusive: bool = False,
    command: str = "",
) -> list[ResultCheck]:
    """Return a check of each problem of a result.

    Parameters
    ----------
    name
        The name of the check; empty for the names of the problems.
    expectations, baseline, tolerance, allow_inconclusive, command
        Those of each check.

    Raises
    ------
    UsageError
        If nothing is expected, or if one name is given to several problems.
    """
    if not expectations and not baseline:
        raise UsageError(
            "nothing is expected of the result.",
            "give an expectation, as in 'bound = pass', or a file of baselines.",
        )
    if name and len(result.problems) > 1:
        raise UsageError(
            f"the name {quoted(name)} is given to {len(result.problems)} problems.",
            "leave it out: each check then has the name of its problem.",
        )
    return [
        ResultCheck(
            name or problem.name,
            problem,
            expectations,
            baseline,
            tolerance,
            allow_inconclusive,
            command,
        )
        for problem in result.problems
    ]


def distinct(checks: Sequence[ResultCheck]) -> None:
    """Raise `UsageError` if two checks with a baseline have one name."""
    names = [check.name for check in checks if check.baseline]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(
                f"two results are of {quoted(name)}, and a baseline is known by its name.",
                "check them one by one, each with a name of its own.",
            )
