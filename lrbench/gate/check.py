"""A check: a problem, a plan to run on it, and what is expected of the runs."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from lrbench.config.axes import AUTO, parse_axes
from lrbench.config.learning_rates import LearningRate
from lrbench.config.values import as_number
from lrbench.errors import UsageError, quoted
from lrbench.gate.command import plan_words
from lrbench.gate.expectation import Expectation
from lrbench.gate.paired import TOLERANCE
from lrbench.plan.options import OPTIONS
from lrbench.plan.plan import Plan
from lrbench.problem_files import ProblemSpec

MOST_RATES = 6
"""The largest number of initial learning rates that are listed one by one."""

LEAST_TOLERANCE = 1e-7  # baselines have eight digits, so they are rounded by up to 5e-8
"""The smallest relative tolerance of a baseline."""


@dataclass(frozen=True)
class Check:
    """What to run, and what to expect of it.

    Parameters
    ----------
    name
        Name of the check in tables and in the baseline file; one line.
    spec, plan
        The problem, and what to run on it.
    expectations
        Expectations that must hold.
    baseline
        Whether the runs are compared with a baseline, too.
    tolerance
        Relative tolerance of that comparison, from 1e-7 to below 1.
    allow_inconclusive
        Whether the check passes if it is inconclusive.
    problem_words
        The words of a command line that name the problem, ``("--problem", "logreg")``; empty where
        no command line does.

    Raises
    ------
    UsageError
        If the name is not one line, nothing is expected, or the tolerance is out of range.
    """

    name: str
    spec: ProblemSpec
    plan: Plan
    expectations: Sequence[Expectation] = ()
    baseline: bool = False
    tolerance: float = TOLERANCE
    allow_inconclusive: bool = False
    problem_words: Sequence[str] = ()

    def __post_init__(self) -> None:
        validate(self.name, self.tolerance)
        if not self.expectations and not self.baseline and not self.spec.claims:
            raise UsageError(
                f"the check {quoted(self.name)} expects nothing.",
                "give expect = ['bound = pass'] or baseline = true.",
            )

    @property
    def command(self) -> str:
        """The command line that shows the runs; empty where none does."""
        words = plan_words(self.plan) if self.problem_words else None
        if words is None:
            return ""
        command = "sweep" if self.plan.sweep else "run"
        return shlex.join(["lrbench", command, *self.problem_words, *words])

    @property
    def about(self) -> str:
        """What is run, in one line; two checks with the same line run the same."""
        plan, grid = self.plan, self.plan.learning_rates
        solvers = " ".join(str(spec) for _, spec in plan.built)
        axes = parse_axes(plan.over)
        texts = [grid_text(axis.parameter, axis.values) for axis in axes]
        has_lr0 = any(solver.has_lr0 for solver, _ in plan.built)
        if has_lr0 and "lr0" not in [axis.parameter for axis in axes]:
            texts.append(grid_text("lr0", grid))
        setting = setting_text(plan.batch_size, plan.sampling, plan.seeds)
        settings = [self.spec.name, solvers, *texts, setting]
        default = Plan()
        for name, option in OPTIONS.items():
            value = getattr(plan, name)
            if option.about and value not in (None, getattr(default, name)):
                settings.append(option.about.format(_exact(value)))
        return ", ".join(settings)


def validate(name: str, tolerance: float) -> None:
    """Raise `UsageError` for a name that is not one line, or a tolerance that is out of range."""
    if not isinstance(name, str) or not name.isprintable() or not name.strip():
        raise UsageError(f"a check cannot be called {quoted(name)}.", "give a name of one line.")
    number = as_number(tolerance)
    if number is None or not LEAST_TOLERANCE <= number < 1:
        text = quoted(tolerance) if number is None else f"{number:g}"
        raise UsageError(
            f"the tolerance of {quoted(name)} is {text}.",
            f"give a number from {LEAST_TOLERANCE:g} (baselines have eight digits) to 1.",
        )


def setting_text(batch_size: int | None, sampling: str | None, seeds: Sequence[int]) -> str:
    """Return ``"full batches"``, or the size, the sampling and the seeds of minibatches."""
    if batch_size is None:
        return "full batches"
    reshuffled = " reshuffled" if sampling == "reshuffle" else ""
    numbers = f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {seeds[0]} to {seeds[-1]}"
    return f"batches of {batch_size}{reshuffled}, {numbers}"


def grid_text(name: str, values: Sequence[LearningRate]) -> str:
    """Return the values of a parameter, one by one if they are few."""
    if len(values) > MOST_RATES:
        return f"{len(values)} {name} from {values[0]} to {values[-1]}"
    return f"{name} = {','.join(map(str, values)) or AUTO}"


def _exact(value: float) -> str:
    """Return the shortest text that stands for this number and no other."""
    return str(value).removesuffix(".0")
