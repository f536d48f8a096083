"""The objective at the iterates, at their averages and at a solver's own answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from lrbench.arrays import Index, Lanes, PerLane, lanes_of, norm_sq, take
from lrbench.config.targets import TargetMeasure
from lrbench.engine.columns import Columns, rounded_up
from lrbench.engine.job import Job
from lrbench.objective.meter import Stopwatch
from lrbench.objective.oracle import Iterate, Iterates
from lrbench.objective.problem import Problem


def level(
    measure: TargetMeasure, answer: PerLane, f_star: float, held_out: Mapping[str, PerLane]
) -> PerLane:
    """Return what is compared with a target: F - f*, F, or the share of held-out samples wrong.

    Parameters
    ----------
    measure
        Which of them.
    answer
        F at the solver's answers, (n_lanes,).
    f_star
        The minimum.
    held_out
        What the problem measures at the answers.
    """
    if measure == "test_error":
        return 1.0 - held_out["test_accuracy"]
    return answer if measure == "loss" else answer - f_star


EVALUATED_LANES, EVALUATED_ELEMENTS = 128, 1 << 19
"""At most so many lanes, or numbers (features x lanes), are evaluated together."""


class Evaluation(NamedTuple):
    """What a checkpoint measures; every array but the last is (n_lanes,)."""

    objective: PerLane
    grad_norm_sq: PerLane
    """NaN where it is not asked for."""
    of_average: PerLane
    """F at the average; NaN where it is not evaluated."""
    checksum: PerLane
    """The product of the average with the fixed vector ``iterates.direction``."""
    of_output: PerLane | None
    """F at the solver's own answer; None where it has none."""
    gradient: Lanes | None
    """The gradient of F at the iterates, where the next step asks for it."""

    @property
    def answer(self) -> PerLane:
        """F at the solver's answer: its own, or the iterate."""
        return self.objective if self.of_output is None else self.of_output


class Evaluator:
    """Evaluates all lanes, a few at a time, and keeps the best iterates.

    Parameters
    ----------
    job
        What is run, of which the budget, the padding and `keep_iterates` are used.
    problem
        The objective.
    columns
        Those of the lanes.
    """

    def __init__(self, job: Job, problem: Problem, columns: Columns) -> None:
        self._budget, self._columns = job.budget, columns
        n_lanes = columns.n_lanes
        self._problem = problem
        self._keeps = job.keep_iterates
        self.best_objective: PerLane = np.full(n_lanes, np.inf)
        # No rows where iterates are not kept: `take` works on the empty array all the same.
        kept = problem.w0[: problem.n_features * job.keep_iterates, None]
        self.best: Lanes = np.repeat(kept, n_lanes, axis=1)

    def evaluate(
        self,
        t: int,
        W: Iterate,
        iterates: Iterates,
        output: Lanes | None,
        gradients: Stopwatch | None,
        *,
        summed: bool = True,
    ) -> Evaluation:
        """Evaluate all lanes after `t` steps.

        Parameters
        ----------
        t
            The number of steps done.
        W, iterates
            The present iterate, and the running sum of the earlier ones.
        output
            The solver's own answer, (n_features, n_lanes); None where it has none.
        gradients
            The stopwatch of the gradient if the next step asks for that of F at `W`; else None.
        summed
            Whether the running sum is that of the earlier iterates: not within a step.
        """
        dense, budget = iterates.dense(W), self._budget
        G: Lanes | None = None
        if gradients is not None:
            gradients.start()
            objective, G = self._problem.value_and_gradient(dense, gradients)
            gradients.stop()
            grad_norm_sq = norm_sq(G)
        else:
            objective, grad_norm_sq = self._at(dense)
        of_average, checksum = np.full((2, len(objective)), np.nan)
        if t > 0 and summed and (budget.averages is None or t in budget.averages):
            of_average, checksum = self._average(W, iterates, t)
        of_output = None
        self._note(dense, objective)
        if output is not None:
            of_output = np.concatenate(
                [self._problem.value(lanes_of(output, s)) for s in self._slices()]
            )
            self._note(output, of_output)
        return Evaluation(objective, grad_norm_sq, of_average, checksum, of_output, G)

    def keep(self, lanes: Index, columns: Columns) -> None:
        """Drop all lanes but these, whose columns are given."""
        self._columns = columns
        self.best, self.best_objective = take(self.best, lanes), take(self.best_objective, lanes)

    def _note(self, W: Lanes, objective: PerLane) -> None:
        """Keep the points with the least objective so far."""
        better = objective < self.best_objective
        if self._keeps:
            np.copyto(self.best, W, where=better)
        self.best_objective = np.where(better, objective, self.best_objective)

    def _at(self, W: Lanes) -> tuple[PerLane, PerLane]:
        """Return F and the squared norm of its gradient, or NaN if norms are not asked for."""
        objectives, norms = [], []
        for lanes in self._slices():
            W_lanes = lanes_of(W, lanes)
            if self._budget.gradients:
                objective, G = self._problem.value_and_gradient(W_lanes)
                norms.append(norm_sq(G))
            else:
                objective = self._problem.value(W_lanes)
                norms.append(np.full_like(objective, np.nan))
            objectives.append(objective)
        return np.concatenate(objectives), np.concatenate(norms)

    def measures(self, W: Lanes) -> dict[str, PerLane]:
        """Return what the problem measures beside F at the columns of `W`."""
        parts = [self._problem.measures(lanes_of(W, lanes)) for lanes in self._slices()]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _average(self, W: Iterate, iterates: Iterates, count: int) -> tuple[PerLane, PerLane]:
        """Return F at the average of `count` iterates, and the average's product with r."""
        objectives, checksums = [], []
        for lanes in self._slices():
            mean = iterates.mean(W, count, lanes)
            objectives.append(self._problem.value(mean))
            checksums.append(iterates.direction @ mean)
        return np.concatenate(objectives), np.concatenate(checksums)

    def _slices(self) -> Iterator[slice]:
        """Yield the lanes that are evaluated together, about equally many each time."""
        # Slices keep the second array of an evaluation small; their widths are multiples of
        # `pad_to` because the bits of a lane may depend on any other width.
        pad_to = self._columns.pad_to
        max_width = min(EVALUATED_LANES, EVALUATED_ELEMENTS // self._problem.n_features)
        for lanes in self._columns.alike:
            n_lanes = lanes.stop - lanes.start
            n_slices = -(-n_lanes // max(pad_to, max_width // pad_to * pad_to))
            width = rounded_up(-(-n_lanes // n_slices), pad_to)
            for start in range(lanes.start, lanes.stop, width):
                yield slice(start, min(start + width, lanes.stop))
