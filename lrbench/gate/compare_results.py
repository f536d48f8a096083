"""Two results compared lane by lane: the ratio of their numbers, and a test paired over seeds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from lrbench.config.plain import plain
from lrbench.errors import UsageError, quoted_path
from lrbench.gate.comparison import (
    ONLY_BASE,
    ONLY_OTHER,
    Change,
    ComparedQuantity,
    Comparison,
    LaneComparison,
    ProblemComparison,
)
from lrbench.gate.lane_quantities import AnswerLevel, PassesToTarget
from lrbench.gate.paired import TOLERANCE, Allowance, allowance
from lrbench.gate.paired_test import geometric_ratio, holm, paired_test, ratio_interval
from lrbench.results import ProblemResult, Result, Run
from lrbench.results.definition import definition, instead
from lrbench.results.ranking import LaneLabel

LEVEL = 0.05
"""The default level of all tests of a comparison together."""

SAME_VALUE = 1e-9
"""Values within this relative distance are one: that of 1/L differs in its last digits."""


class Rules(NamedTuple):
    """How results are compared."""

    quantity: ComparedQuantity | None = None
    """None for passes where both are sweeps with a target, else for F - f*."""
    tolerance: float = TOLERANCE
    level: float = LEVEL


def compare(base: Result, other: Result, rules: Rules, names: tuple[str, str]) -> Comparison:
    """Return the comparison of two results.

    Parameters
    ----------
    base, other
        The results. A ratio is that of `other` to `base`.
    rules
        What is compared, and how.
    names
        What errors call them.

    Raises
    ------
    UsageError
        If they have no problem in common, or if one of a common name has other data, another loss,
        another penalty or another start.

    Notes
    -----
    Two runs of one seed see the same minibatches, so the logarithms of the ratios of all seeds are
    tested by Student's test for paired samples; the differences where a number is not positive, and
    their signs where one is infinite. In full batches runs have no random part: a difference beyond
    the tolerance is one. With a single seed of minibatches no difference can be tested.
    """
    problems, others = ({p.name: p for p in r.problems} for r in (base, other))
    common = [name for name in problems if name in others]
    if not common:
        raise UsageError(
            f"{quoted_path(names[0])} and {quoted_path(names[1])} have no problem in common:"
            f" {quoted_path(', '.join(problems))}, and {quoted_path(', '.join(others))}.",
            "give results of runs on the same problems.",
        )
    backends: dict[tuple[str, str], None] = {}
    for name in common:
        headers = problems[name].header, others[name].header
        first, second = (definition(plain(header)) for header in headers)
        if first["backend"] != second["backend"]:
            backends[first["backend"], second["backend"]] = None
        if headers[0].fingerprint != headers[1].fingerprint:
            change = instead(first, second) or "its data or its specification were changed"
            raise UsageError(
                f"the problem {quoted_path(name)} of {quoted_path(names[1])} is another than that"
                f" of {quoted_path(names[0])}: {quoted_path(change)}.",
                "run both on the same problem, or give the problems other names.",
            )
    compared = [_compare_problems(problems[name], others[name], rules) for name in common]
    changed = {
        key: (base.environment.get(key), other.environment.get(key))
        for key in {**base.environment, **other.environment}
        if base.environment.get(key) != other.environment.get(key)
    }
    if backends:
        before, after = (", ".join(dict.fromkeys(pair[k] for pair in backends)) for k in (0, 1))
        changed["backend"] = before, after
    return Comparison(
        changed,
        tuple(_adjusted(compared, rules.level)),
        tuple(name for name in problems if name not in others),
        tuple(name for name in others if name not in problems),
    )


def _compare_problems(base: ProblemResult, other: ProblemResult, rules: Rules) -> ProblemComparison:
    both_swept = base.sweep is not None and other.sweep is not None
    quantity = rules.quantity or ("passes" if both_swept and _has_target(base) else "suboptimality")
    if quantity == "passes":
        measure: AnswerLevel | PassesToTarget = PassesToTarget(base, other)
    else:
        measure = AnswerLevel(base.header.level)
    allowed = allowance(base, rules.tolerance)
    if quantity == "passes":
        allowed = replace(allowed, rounding=0.0)
    remaining = dict(other.groups)
    lanes: list[LaneComparison] = []
    for lane, runs in base.groups.items():
        match = _match(lane, remaining)
        parameter = runs[0].parameter
        if match is None:
            lanes.append(_not_comparable(lane, parameter, ONLY_BASE))
        else:
            lanes.append(_compare_lanes(runs, remaining.pop(match), measure, allowed))
    for lane, runs in remaining.items():
        lanes.append(_not_comparable(lane, runs[0].parameter, ONLY_OTHER))
    return ProblemComparison(base.name, measure.text, tuple(lanes))


def _has_target(problem: ProblemResult) -> bool:
    return problem.sweep is not None and problem.sweep.has_target


def _match(lane: LaneLabel, lanes: Mapping[LaneLabel, Sequence[Run]]) -> LaneLabel | None:
    """Return the label of the same lane, whose value may differ in its last digits."""
    if lane in lanes:
        return lane
    method, value = lane
    for name, candidate in lanes:
        if name != method or value is None or candidate is None:
            continue
        if math.isclose(value, candidate, rel_tol=SAME_VALUE):
            return name, candidate
    return None


def _not_comparable(lane: LaneLabel, parameter: str, reason: str) -> LaneComparison:
    return LaneComparison(lane[0], parameter, lane[1], Change.NOT_COMPARABLE, reason)


def _compare_lanes(
    base: Sequence[Run],
    other: Sequence[Run],
    measure: AnswerLevel | PassesToTarget,
    allowed: Allowance,
) -> LaneComparison:
    """Return the comparison of one lane, before its test is adjusted for those of others."""
    first, second = base[0], other[0]
    lane = LaneComparison(first.lane[0], first.parameter, first.lane[1], Change.NOT_COMPARABLE)
    if _setting(first) != _setting(second):
        return replace(lane, reason=f"{_setting_text(first)} and {_setting_text(second)}")
    by_seed = [{run.seed: run for run in runs} for runs in (base, other)]
    seeds = tuple(sorted(by_seed[0].keys() & by_seed[1].keys()))
    if not seeds:
        return replace(lane, reason="they have no seed in common")
    paired = [[runs[seed] for seed in seeds] for runs in by_seed]
    of_base, of_other = measure.of(paired[0], paired[1])
    known = [k for k in range(len(seeds)) if not math.isnan(of_base[k] + of_other[k])]
    if not known:
        return replace(lane, seeds=seeds, reason=_why_unknown(paired))
    a, b = [of_base[k] for k in known], [of_other[k] for k in known]
    lane = replace(
        lane,
        seeds=tuple(seeds[k] for k in known),
        iteration=measure.iteration,
        base=measure.average(a),
        other=measure.average(b),
        ratio=geometric_ratio(a, b),
        ratio_interval=ratio_interval(a, b),
        ends=_different_ends(paired),
    )
    if not any(allowed.apart(x, y) for x, y in zip(a, b, strict=True)):
        return replace(lane, change=Change.SAME)
    if first.setting == "batch":
        worse = any(y > x for x, y in zip(a, b, strict=True) if allowed.apart(x, y))
        return replace(lane, change=Change.WORSE if worse else Change.BETTER)
    if len(known) == 1:
        return replace(lane, change=Change.UNCLEAR, reason="one seed: no difference can be tested")
    test = paired_test(a, b)
    # The direction is that of the test: means of which one run was lost are infinite in both.
    return replace(lane, change=Change.WORSE if test.greater else Change.BETTER, p=test.p)


def _different_ends(paired: Sequence[Sequence[Run]]) -> tuple[int, int] | None:
    """Return the last checkpoints of two lanes; None where they are the same."""
    ends = [max(int(max(r.trace["iteration"], default=0)) for r in runs) for runs in paired]
    return None if ends[0] == ends[1] else (ends[0], ends[1])


def _setting(run: Run) -> tuple[Any, ...]:
    return run.setting, run.batch_size, run.sampling


def _setting_text(run: Run) -> str:
    if run.setting == "batch":
        return "full batches"
    how = "reshuffled" if run.sampling == "reshuffle" else "with replacement"
    return f"batches of {run.batch_size} {how}"


def _why_unknown(paired: Sequence[Sequence[Run]]) -> str:
    statuses = {str(r.status) for runs in paired for r in runs if r.status.unfinished}
    if statuses:
        return f"a run was {' and '.join(sorted(statuses))}"
    return "it is not known: the checkpoints or the budgets differ"


def _adjusted(problems: Sequence[ProblemComparison], level: float) -> Iterator[ProblemComparison]:
    """Yield the problems with the verdicts of their tests, adjusted for all of them together."""
    adjusted = holm([lane.p for p in problems for lane in p.lanes if lane.p is not None])
    for problem in problems:
        lanes = (
            lane if lane.p is None else _judged(lane, adjusted[lane.p], level)
            for lane in problem.lanes
        )
        yield replace(problem, lanes=tuple(lanes))


def _judged(lane: LaneComparison, p: float, level: float) -> LaneComparison:
    lane = replace(lane, p_adjusted=p)
    if p >= level:
        return replace(lane, change=Change.UNCLEAR, reason="the difference may be chance")
    return lane
