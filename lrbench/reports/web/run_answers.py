"""The answers of runs: which came first, which ended lowest, and whether the theorems held."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from lrbench.config.targets import GOALS
from lrbench.reports.blocks import gap, number, printable
from lrbench.reports.figures.labels import solver_labels
from lrbench.reports.groups import learning_rate_texts
from lrbench.reports.web.answers import Answer, Answers, passes_text
from lrbench.reports.web.lane_rows import percent
from lrbench.results import ProblemResult
from lrbench.results.lanes import varied
from lrbench.results.ranking import (
    DEFAULT_SHARE,
    LaneLabel,
    costs_to,
    first_to,
    lowest,
)

Named = Callable[[LaneLabel], str]
"""A lane -> what a reader calls it."""


def run_answers(problem: ProblemResult) -> Answers:
    """Return which lane came first to 1 % of the start, which ended lowest, and what held."""
    runs = [run for lane in problem.groups.values() for run in lane]
    texts, parameter = learning_rate_texts({v for _, v in problem.groups}), varied(runs)
    labels, several = solver_labels(problem), len(texts.keys() - {None}) > 1

    def named(lane: LaneLabel) -> str:
        method, value = lane
        with_value = f"{labels[method]}, {parameter} = {texts[value]}"
        return printable(with_value if value is not None and several else labels[method])

    header = problem.header
    of_gap = 0 < header.constants.delta0 < math.inf and header.target_measure == "suboptimality"
    of_level = header.target is not None and header.target_measure != "suboptimality"
    answers = [_first(problem, named)] if of_gap or of_level else []
    return Answers([*answers, _lowest(problem, named), _held(problem)])


def _first(problem: ProblemResult, named: Named) -> Answer:
    """Return which lane came first to the target, or to 1 % of the start, and by what factor."""
    delta0, measure = problem.header.constants.delta0, problem.header.target_measure
    target, question = DEFAULT_SHARE * delta0, f"First to {DEFAULT_SHARE:.0%} of the start?"
    if problem.header.target is not None:  # where runs ended, so that they came no further
        target = problem.header.target
        goal = GOALS[measure].replace("-", "−" if measure == "suboptimality" else "-")
        question = f"First to {goal.replace('<=', '≤')} {number(target)}?"
    costs = costs_to(problem.groups, target, measure)
    first, passes = first_to(problem.groups, target, costs, measure)
    if not first:
        start = f"of F(w₀) − f* = {number(delta0)}" if measure == "suboptimality" else ""
        return Answer(question, "none", start, "warn")
    sentence = f"after {passes_text(passes)}{_factor(first[0], costs, named)}"
    return Answer(question, named(first[0]), sentence, "good")


def _factor(first: LaneLabel, cost: Mapping[LaneLabel, float], named: Named) -> str:
    """Return by what factor the first came before the lanes of all other solvers."""
    others = {lane: passes for lane, passes in cost.items() if lane[0] != first[0]}
    if not others:
        return ""
    lane = min(others, key=lambda key: others[key])
    if math.isinf(others[lane]):
        return "; no other solver came there"
    if not cost[first] or others[lane] == cost[first]:
        return f"; so did {named(lane)}"
    return f", {others[lane] / cost[first]:.2g} times as fast as {named(lane)}"


def _lowest(problem: ProblemResult, named: Named) -> Answer:
    """Return which lane ended lowest, and how low."""
    question, constants = "Lowest at the end?", problem.header.constants
    best, level = lowest(problem.final_gaps)
    if best is None:
        return Answer(question, "none", "every run diverged or failed", "bad")
    text = f"{problem.header.level.replace('-', '−')} = {gap(level, constants.f_star_error)}"
    if 0 < constants.delta0 < math.inf:
        text += f", {percent(level / constants.delta0)} % of the start"
    return Answer(question, named(best), text)


def _held(problem: ProblemResult) -> Answer:
    """Return how many bounds of theorems held."""
    verdicts = [v.bound_verdict for v in problem.verdicts]
    held, weak, failed = (verdicts.count(word) for word in ("pass", "vacuous", "fail"))
    question = "Did it do what is proved?"
    if failed:
        lanes = (v for v in problem.verdicts if v.bound_verdict == "fail")
        labels = solver_labels(problem)
        names = dict.fromkeys(f"{v.theorem} of {labels.get(v.lane[0], v.lane[0])}" for v in lanes)
        return Answer(question, f"{failed} VIOLATED", printable(", ".join(names)), "bad")
    more = f"{weak} more are weak: they promise less than doing nothing" if weak else ""
    if not held:
        return Answer(question, "not tested", more or "no theorem applies")
    bounds = f"{held} bound{'s' * (held > 1)} held, none violated"
    return Answer(question, bounds, more, "good")
