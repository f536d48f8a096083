"""What `lrbench compare` takes of two lanes: a number for each seed that both have."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

import numpy as np

from lrbench.config.targets import GOALS
from lrbench.results import ArrivalRule, ProblemResult, Run, Status
from lrbench.results.ranking import DEFAULT_SHARE, answer_column, level_column
from lrbench.study.arrival import passes_on_arrival
from lrbench.study.sensitivity import looks_of_runs


class AnswerLevel:
    """F - f* of the answer at the last checkpoint that all runs have, or F."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.iteration: int | None = None

    def of(self, base: Sequence[Run], other: Sequence[Run]) -> tuple[list[float], list[float]]:
        """Return the numbers of each seed; NaN where one is not known."""
        columns = {level_column(base), level_column(other)}
        column = columns.pop() if len(columns) == 1 else answer_column(base)
        rows = [set(map(int, run.trace["iteration"])) for run in (*base, *other) if has_rows(run)]
        self.iteration = max(set.intersection(*rows), default=None) if rows else None
        return [self._number(r, column) for r in base], [self._number(r, column) for r in other]

    def _number(self, run: Run, column: str) -> float:
        if run.status is Status.DIVERGED:
            return math.inf
        if self.iteration is None or not has_rows(run) or column not in run.trace:
            return math.nan
        row = np.searchsorted(run.trace["iteration"], self.iteration)
        return float(run.trace[column][row])

    def average(self, numbers: Sequence[float]) -> float:
        """Return the mean over seeds."""
        return statistics.fmean(numbers)


def has_rows(run: Run) -> bool:
    """Return whether a run has rows that say what its solver does."""
    return not run.status.lost and len(run.trace.get("iteration", ())) > 0


class PassesToTarget:
    """The passes to the target of the base, by the rule of arrival that both sweeps have.

    Where they have different rules, targets or budgets, or are no sweeps, the first checkpoint at
    or below the target counts.
    """

    def __init__(self, base: ProblemResult, other: ProblemResult) -> None:
        self.iteration = None
        target = base.header.target if base.sweep is None else base.sweep.target
        self.measure = base.header.target_measure
        self.target = DEFAULT_SHARE * base.header.constants.delta0 if target is None else target
        self.rule: ArrivalRule = "first"
        self.looks: Sequence[int] | None = None
        self.budget: int | None = None
        if base.sweep is not None and other.sweep is not None:
            rules = {
                (s.arrival, s.iterations, s.target, s.target_measure)
                for s in (base.sweep, other.sweep)
            }
            if len(rules) == 1 and base.sweep.iterations is not None:
                self.rule, self.budget = base.sweep.arrival, base.sweep.iterations
                self.looks = looks_of_runs(base, self.rule, self.budget)
        self.text = f"passes to {GOALS[self.measure]} {self.target:.3g} (arrival: {self.rule})"

    def of(self, base: Sequence[Run], other: Sequence[Run]) -> tuple[list[float], list[float]]:
        """Return the passes of each seed; inf where a run never arrived, NaN if not known.

        It is not known of a run that ended before the passes in which the other one arrived.
        """
        pairs = [
            self._ended_before(a, b, self._passes(a), self._passes(b))
            for a, b in zip(base, other, strict=True)
        ]
        return [a for a, _ in pairs], [b for _, b in pairs]

    def _ended_before(self, a: Run, b: Run, cost_a: float, cost_b: float) -> tuple[float, float]:
        if math.isinf(cost_a) and a.status is not Status.DIVERGED and _spent(a) < cost_b < math.inf:
            cost_a = math.nan
        if math.isinf(cost_b) and b.status is not Status.DIVERGED and _spent(b) < cost_a < math.inf:
            cost_b = math.nan
        return cost_a, cost_b

    def _passes(self, run: Run) -> float:
        budget = self.budget or 0
        return passes_on_arrival(run, self.rule, self.target, budget, self.looks, self.measure)

    def average(self, numbers: Sequence[float]) -> float:
        """Return the median over seeds, which an infinite number does not spoil."""
        return statistics.median(numbers)


def _spent(run: Run) -> float:
    return float(max(run.trace.get("passes", ()), default=0.0))
