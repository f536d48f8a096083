"""A check: a problem, a plan to run on it, and what is expected of the runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lrbench.config.axes import AUTO, parse_axes
from lrbench.config.learning_rates import LearningRate
from lrbench.errors import UsageError, quoted
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
        Whether the check passes if it cannot be judged.

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

    def __post_init__(self) -> None:
        if not self.name.isprintable() or not self.name.strip():
            raise UsageError(
                f"a check cannot be called {quoted(self.name)}.", "give a name of one line."
            )
        if not self.expectations and not self.baseline and not self.spec.claims:
            raise UsageError(
                f"the check {quoted(self.name)} expects nothing.",
                "give expect = ['bound = pass'] or baseline = true.",
            )
        if not LEAST_TOLERANCE <= self.tolerance < 1:
            raise UsageError(
                f"the tolerance of {quoted(self.name)} is {self.tolerance:g}.",
                f"give a number from {LEAST_TOLERANCE:g} (baselines have eight digits) to 1.",
            )

    @property
    def about(self) -> str:
        """What is run, in one line; two checks with the same line run the same."""
        plan, grid = self.plan, self.plan.learning_rates
        solvers = " ".join(str(spec) for _, spec in plan.built)
        axes = parse_axes(plan.over)
        texts = [_grid(axis.parameter, axis.values) for axis in axes]
        has_lr0 = any(solver.has_lr0 for solver, _ in plan.built)
        if has_lr0 and "lr0" not in [axis.parameter for axis in axes]:
            texts.append(_grid("lr0", grid))
        settings = [self.spec.name, solvers, *texts, *self._setting()]
        default = Plan()
        for name, option in OPTIONS.items():
            value = getattr(plan, name)
            if option.about and value not in (None, getattr(default, name)):
                settings.append(option.about.format(_exact(value)))
        return ", ".join(settings)

    def _setting(self) -> list[str]:
        plan = self.plan
        if plan.batch_size is None:
            return ["full batches"]
        first, last = plan.seeds[0], plan.seeds[-1]
        sampling = "" if plan.sampling == "replacement" else " reshuffled"
        seeds = f"seed {first}" if len(plan.seeds) == 1 else f"seeds {first} to {last}"
        return [f"batches of {plan.batch_size}{sampling}", seeds]


def _grid(name: str, values: Sequence[LearningRate]) -> str:
    """Return the values of a parameter, one by one if they are few."""
    if len(values) > MOST_RATES:
        return f"{len(values)} {name} from {values[0]} to {values[-1]}"
    return f"{name} = {','.join(map(str, values)) or AUTO}"


def _exact(value: float) -> str:
    """Return the shortest text that stands for this number and no other."""
    return str(value).removesuffix(".0")
