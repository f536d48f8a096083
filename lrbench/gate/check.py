"""A check: a plan on a problem, and what is expected of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lrbench.errors import UsageError, quoted
from lrbench.gate.expectation import Expectation
from lrbench.gate.paired import TOLERANCE
from lrbench.plan.plan import Plan
from lrbench.problem_files import ProblemSpec

MOST_RATES = 6
"""Initial learning rates that are listed one by one."""

LEAST_TOLERANCE = 1e-7
"""Baselines have eight digits."""


@dataclass(frozen=True)
class Check:
    """What to run, and what to expect of it.

    Parameters
    ----------
    name
        In every table and in the baseline file.
    spec, plan
        The problem, and what to run on it.
    expectations
        What must hold.
    baseline
        Whether it is compared with a baseline, too.
    tolerance
        Relative, for the baseline.
    allow_inconclusive
        Whether what cannot be judged lets pass.

    Raises
    ------
    UsageError
        If nothing is expected, or the tolerance makes no sense.
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
        """What is run, in one line that two checks share only if they run the same."""
        plan, grid = self.plan, self.plan.learning_rates
        solvers = " ".join(str(spec) for _, spec in plan.built)
        rates = f"lr0 = {','.join(map(str, grid))}"
        if len(grid) > MOST_RATES:
            rates = f"{len(grid)} lr0 from {grid[0]} to {grid[-1]}"
        parts = [self.spec.name, solvers, rates, *self._setting()]
        budget = ("iterations", plan.iterations), ("passes", plan.passes)
        parts += [f"{name} = {_exact(value)}" for name, value in budget if value is not None]
        for name in ("radius", "target", "f_star"):
            value = getattr(plan, name)
            if value is not None:
                parts.append(f"{name} = {_exact(value)}")
        if plan.sweep:
            parts.append("sweep")
        if plan.checkpoints_per_decade != Plan.checkpoints_per_decade:
            parts.append(f"{plan.checkpoints_per_decade} checkpoints a decade")
        return ", ".join(parts)

    def _setting(self) -> list[str]:
        plan = self.plan
        if plan.batch_size is None:
            return ["full batches"]
        seeds = plan.seeds
        how = "" if plan.sampling == "replacement" else " reshuffled"
        which = f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {seeds[0]} to {seeds[-1]}"
        return [f"batches of {plan.batch_size}{how}", which]


def _exact(value: float) -> str:
    """Return the shortest text that is this number and no other."""
    return str(value).removesuffix(".0")
