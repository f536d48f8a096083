"""The last line of a page: who came first to the target, and by what factor."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from lrbench.config.targets import GOALS
from lrbench.reports.blocks import Line, gap, line, number, short_number
from lrbench.reports.groups import digits_of
from lrbench.results import ProblemResult
from lrbench.results.ranking import (
    DEFAULT_SHARE,
    LaneLabel,
    all_lost,
    costs_to,
    first_to,
    levels_of,
    lowest,
)

MOST_NAMED = 3
"""The solvers that never came there which are named; more are counted."""


def closing_line(problem: ProblemResult) -> Line | None:
    """Return which lane reached the target in the fewest passes, or None if nothing was run.

    Passes are those of the first checkpoint at or below the target, as the median over seeds, where
    a seed that never reached it counts as infinity. If another lane ended lowest, it is named, too.
    """
    if not problem.groups:
        return None
    text, *rest = _First(problem).pieces()
    if not all(run.started for run in problem.runs):
        text = f"Of what ran: {text[0].lower()}{text[1:]}"
    return line(text, *rest, style="title")


class _First:
    """Who came first in the runs on one problem."""

    def __init__(self, problem: ProblemResult) -> None:
        self.groups, self.final_gaps = problem.groups, problem.final_gaps
        self._remedy = problem.remedy
        self.constants = problem.header.constants
        self.target, self.measure = problem.header.target, problem.header.target_measure
        values = {value for _, value in problem.groups} - {None}
        self._several, self._digits = len(values) > 1, digits_of(values)

    def name(self, lane: LaneLabel) -> str:
        """Return the solver, with the value of what varies where there are several."""
        run, value = self.groups[lane][0], lane[1]
        if value is None or not self._several:
            return lane[0]
        return f"{lane[0]} at {run.parameter} = {short_number(value, self._digits)}"

    def pieces(self) -> list[str]:
        """Return the pieces of the line."""
        if lost := all_lost(run for runs in self.groups.values() for run in runs):
            return ["; ".join(filter(None, (lost[:1].upper() + lost[1:], self._remedy)))]
        best, level = lowest(self.final_gaps)
        if self.measure != "suboptimality" and self.target is not None:
            place = f"{GOALS[self.measure]} {number(self.target)}"
            costs = costs_to(self.groups, self.target, self.measure)
            arrived, passes = first_to(self.groups, self.target, costs, self.measure)
            if arrived:
                return [
                    f"First to {place}: {self.name(arrived[0])}",
                    f"after {number(passes)} pass{'es' * (passes != 1)}",
                ]
            return [f"None came to {place}"]
        if math.isnan(self.constants.f_star):
            if best is None:
                return ["None ended with a finite F"]
            return [f"Lowest at the end: {self.name(best)}", f"at F = {number(level)}"]
        delta0, error = self.constants.delta0, self.constants.f_star_error
        target = DEFAULT_SHARE * delta0 if self.target is None else self.target
        place = f"F - f* <= {number(target)}"
        if self.target is None:
            place = f"{short_number(100 * DEFAULT_SHARE)} % of the start"
        level_text = f"at {gap(level, error) if level < error else number(level)}"
        costs = costs_to(self.groups, target)
        first, passes = first_to(self.groups, target, costs)
        if first:
            return list(self._arrivals(place, costs, first, passes, best, level_text))
        if best is None or not level < delta0:
            return [self._above_start()]
        return [f"None came to {place}; the nearest is {self.name(best)}", level_text]

    def _above_start(self) -> str:
        """Return the line where no lane ended below its start; some may have been there before."""
        levels = {
            lane: float(
                np.nanmin([math.inf, *(x for r in runs for x in levels_of(r, self.measure))])
            )
            for lane, runs in self.groups.items()
        }
        lane = min(levels, key=lambda lane: levels[lane])
        if not levels[lane] < self.constants.delta0:
            return "None came below F(w_0) - f*"
        of = f", of {self.name(lane)}" * (len(levels) > 1)
        return f"None ended below F(w_0) - f*; the lowest on the way was {number(levels[lane])}{of}"

    def _arrivals(
        self,
        place: str,
        costs: Mapping[LaneLabel, float],
        first: list[LaneLabel],
        passes: float,
        best: LaneLabel | None,
        level_text: str,
    ) -> Iterator[str]:
        yield f"First to {place}: {self.name(first[0])}"
        clauses = [f"after {number(passes)} pass{'es' * (passes != 1)}"]
        if others := len(first) - 1:
            clauses.append(f"as did {others} other{'s' * (others > 1)}")
        clauses += self._next(first, passes, costs)
        if absent := self._never(costs):
            clauses[-1] += f"; never: {absent[0]}"
            clauses += absent[1:]
        if best is not None and best != first[0]:
            clauses[-1] += f"; lowest at the end: {self.name(best)}"
            clauses.append(level_text)
        yield from clauses

    def _next(
        self, first: list[LaneLabel], passes: float, costs: Mapping[LaneLabel, float]
    ) -> Iterator[str]:
        """Yield by what factor the first was faster than the next one."""
        equal = set(first)
        later = {lane: c for lane, c in costs.items() if lane not in equal and math.isfinite(c)}
        if later and passes > 0:
            lane = min(later, key=lambda key: later[key])
            yield f"{number(later[lane] / passes, 2)} times as fast as {self.name(lane)}"

    def _never(self, costs: Mapping[LaneLabel, float]) -> list[str]:
        """Return the lanes that finished without coming there: their names, or their number."""
        lanes = [
            lane
            for lane, cost in costs.items()
            if math.isinf(cost) and not any(r.status.unfinished for r in self.groups[lane])
        ]
        if len(lanes) > MOST_NAMED or (self._several and lanes):
            return [f"{len(lanes)} of {len(costs)}"]
        return [self.name(lane) for lane in lanes]
