"""The lanes of a very large result that are judged and shown; the others are counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lrbench.results.problem import ProblemResult
from lrbench.results.ranking import LaneLabel
from lrbench.results.records import Status

MOST_LANES = 1000
"""The most lanes of a problem that are all judged and shown."""

PER_SOLVER = 40
"""The most lanes of one solver beyond that."""


def notable_lanes(problem: ProblemResult) -> list[LaneLabel]:
    """Return the lanes of a problem to judge and to show, in the order of its groups.

    They are all lanes up to `MOST_LANES`, and beyond that for each solver at most `PER_SOLVER`: the
    one that ended lowest, the smallest and the largest value, those that failed, and both sides of
    every change of the status along the values.
    """
    groups = problem.groups
    if len(groups) <= MOST_LANES:
        return list(groups)
    lanes_of: dict[str, list[LaneLabel]] = {}
    for lane in groups:
        lanes_of.setdefault(lane[0], []).append(lane)
    chosen = set[LaneLabel]()
    for lanes in lanes_of.values():
        ascending = sorted(lanes, key=lambda lane: lane[1] or 0.0)
        chosen.update(list(dict.fromkeys(_notable(ascending, problem)))[:PER_SOLVER])
    return [lane for lane in groups if lane in chosen]


def _notable(lanes: Sequence[LaneLabel], problem: ProblemResult) -> Iterator[LaneLabel]:
    """Yield the notable lanes of one solver, whose `lanes` ascend; some of them twice."""
    statuses = [{run.status for run in problem.groups[lane]} for lane in lanes]
    yield min(lanes, key=problem.final_gaps.__getitem__)
    yield from (lanes[0], lanes[-1])
    yield from (lane for lane, of in zip(lanes, statuses, strict=True) if Status.FAILED in of)
    for k in range(1, len(lanes)):
        if statuses[k] != statuses[k - 1]:
            yield from (lanes[k - 1], lanes[k])
