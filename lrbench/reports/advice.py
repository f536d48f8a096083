"""The advice on a sweep as a line of a page."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence

from lrbench.config.solver_spec import SolverSpec
from lrbench.plan.auto_grid import PER_DECADE
from lrbench.reports.blocks import Line, line, number, short_number
from lrbench.reports.groups import grid_of, solver_texts, value_texts
from lrbench.results import Advice, Choice, Level, Obstacle, ProblemResult, Sensitivity, Sweep
from lrbench.results.ranking import all_lost
from lrbench.study import advise

GRID = "--lr0 0.01/L:100/L:33"
"""The grid to advise, in units of 1/L, so that it suits any problem."""


class Texts(dict[float | None, str]):
    """Value -> its text; also of one that a changed file names and the grid does not have."""

    def __init__(self, solvers: Sequence[Sensitivity]) -> None:
        super().__init__(value_texts(solvers))
        self._solvers = solver_texts(solvers)

    def solver(self, spec: SolverSpec) -> str:
        """Return the text of a solver."""
        return self._solvers.get(str(spec), str(spec))

    def __missing__(self, value: float | None) -> str:
        assert value is not None
        return short_number(value)


def advice_line(problem: ProblemResult, sweep: Sweep) -> Line:
    """Return the advice on one problem."""
    advice = advise(problem, sweep)
    texts = Texts(sweep.solvers)
    if advice.obstacle is not None:
        reason = _reason(problem, advice, sweep, texts)
        return line(f"Advice: none, as {reason}", style="title")
    assert advice.choice is not None
    clauses = [_choice(advice.choice, advice.best, texts, sweep.parameter)]
    clauses += _cautions(
        advice, advice.choice, problem.header.constants.L, wider_grid(sweep), texts
    )
    if faster := advice.faster:
        needs = f"{_lane(faster, texts)} needs {short_number(faster.passes)}"
        clauses.append(f"{needs}, but has {_width(faster, sweep.parameter)}")
    if wider := advice.wider:
        figures = f"{_width(wider, sweep.parameter)}, {_passes(wider.passes)}"
        clauses.append(f"less sensitive: {texts.solver(wider.solver)} ({figures})")
    return line("; ".join(clauses), style="title")


def _lane(lane: Choice | Level, texts: Texts) -> str:
    if lane.value is None:
        return texts.solver(lane.solver)
    # A plain run of the solver needs the lr0 that follows from another parameter, too.
    rate = f", lr0 = {short_number(lane.lr0)}" if lane.lr0 and lane.parameter != "lr0" else ""
    return f"{texts.solver(lane.solver)} at {lane.parameter} = {texts[lane.value]}{rate}"


def _passes(passes: float) -> str:
    return f"{short_number(passes)} pass{'es' * (passes != 1)}"


def _width(choice: Choice, name: str) -> str:
    if choice.usable is None:
        return f"no {name} to choose"
    return f"{'at least ' * choice.may_be_wider}{choice.usable_decades:.2f} decades"


def _choice(choice: Choice, best: Choice | None, texts: Texts, name: str) -> str:
    """Return what is advised, beside the best value, and the usable range."""
    value, parameter = choice.value, choice.parameter
    text = f"Advice: {_lane(choice, texts)}: about {_passes(choice.passes)}"
    if choice.usable is None or value is None:
        return f"{text}, with {_width(choice, name)}"
    lo, hi = choice.usable
    if best is not None and best.value is not None:
        where = "nearer to the end" if lo <= best.value <= hi else "outside"
        figures = f"{short_number(best.passes)} at {parameter} = {texts[best.value]}"
        text += f" ({figures}, {where} of the usable ones)"
    if lo == hi == value:
        return f"{text}, usable at no other {parameter} of the grid"
    span = f"usable from {texts[lo]} to {texts[hi]} ({_width(choice, name)})"
    outside = f"{text}, which lies outside of the {parameter} {span}"
    return f"{text}, {span}" if lo <= value <= hi else outside


def wider_grid(sweep: Sweep) -> str:
    """Return the option that makes the grids of a sweep so wide that they contain their best.

    With two axes, of which none finds its ends, it adds two decades to the first one wherever a
    best value ends it, at the same distance of the points.
    """
    if not any(s.second_axis for s in sweep.solvers):
        return "--lr0 auto" if sweep.parameter == "lr0" else f"--over {sweep.parameter}=auto"
    grid, best = grid_of(sweep.solvers), {s.best_value for s in sweep.solvers}
    low = min(s.values[0] for s in sweep.solvers)
    high = max(s.values[-1] for s in sweep.solvers)
    # The quotient of the ends of a wide grid may overflow, and the ends that are added as well.
    width = math.log10(high) - math.log10(low)
    per_decade = (len(grid) - 1) / width if width else PER_DECADE
    low = max(low / 100 ** (low in best), 10.0**sys.float_info.min_10_exp)
    high = min(high * 100 ** (high in best), 10.0**sys.float_info.max_10_exp)
    points = round(per_decade * (math.log10(high) - math.log10(low))) + 1
    return f"--over {sweep.parameter}={short_number(low)}:{short_number(high)}:{points}"


def _cautions(advice: Advice, choice: Choice, L: float, wider: str, texts: Texts) -> Iterator[str]:
    """Yield what may go wrong with the choice; `wider` is the option for a wider grid."""
    cautions, parameter = advice.cautions, choice.parameter
    if "lowest_lr0" in cautions:
        yield f"it is the lowest of the grid: go on with {wider}"
    if "highest_lr0" in cautions:
        yield f"it is the highest of the grid: go on with {wider}"
    lower, higher = cautions.get("lower_lr0_misses"), cautions.get("higher_lr0_misses")
    # That no other value is usable is in the first clause already.
    if choice.usable != (choice.value, choice.value):
        if lower is not None and higher is not None:
            yield f"the next {parameter} on either side never gets there"
        elif higher is not None:
            yield f"the next {parameter} ({texts[higher]}) never gets there"
        elif lower is not None:
            yield f"the next lower {parameter} ({texts[lower]}) never gets there"
    if (lr := cautions.get("long_steps")) is not None:
        subject = texts[lr] if lr == choice.lr0 and parameter == "lr0" else "its last lr"
        yield f"{subject} is {number(lr * L, 2)}/L, above 2/L: descent is not guaranteed there"
    if (budget := cautions.get("scarce_budget")) is not None:
        yield f"only just within {_passes(budget)}: with more, ranges may be much wider"
    if missing := cautions.get("missing_runs"):
        yield f"{missing} of its runs {'is' if missing == 1 else 'are'} missing"


def _reason(problem: ProblemResult, advice: Advice, sweep: Sweep, texts: Texts) -> str:
    """Return why there is no advice, and what to change."""
    obstacle = advice.obstacle
    assert obstacle is not None
    if obstacle.kind == "target_below_error":
        return f"the target is below the error of f*, {number(obstacle.value)}"
    arrived = "came to" if sweep.arrival == "first" else "arrived at"
    head = f"no {sweep.parameter if texts else 'run'} {arrived} {sweep.goal} {number(sweep.target)}"
    head += "" if advice.budget_passes is None else f" in {_passes(advice.budget_passes)}"
    if obstacle.kind == "missing_runs":
        runs_are = "1 run is" if obstacle.value == 1 else f"{obstacle.value} runs are"
        return f"{head} and {runs_are} missing: finish the sweep"
    change = _change(obstacle, sweep.parameter, texts)
    if lost := all_lost(problem.runs):  # whose lowest level may be that at w_0
        text = f"{head}: {change if obstacle.kind == 'all_lost' else f'{lost}, as {change}'}"
        return f"{text}; {problem.remedy}" if problem.remedy else text
    constants = problem.header.constants
    starts = {"suboptimality": constants.delta0, "loss": constants.delta0 + constants.f_star}
    start = starts.get(sweep.target_measure, math.nan)  # the accuracy at w_0 is not kept
    return f"{head}: {change}{_lowest(obstacle.lowest, start, sweep, texts)}"


def _change(obstacle: Obstacle, parameter: str, texts: Texts) -> str:
    """Return which options to change, so that a value of the parameter may reach the target."""
    scale = "--scale maxabs" if obstacle.unscaled else ""
    if obstacle.kind == "all_lost":
        return "every run diverged or failed" + f"; give lower {parameter}" * bool(texts)
    if obstacle.kind == "not_reached":
        text = "give more iterations or passes, "
        text += f"a higher target or other {parameter}" if texts else "or a higher target"
        if obstacle.eta:
            text += f", or a larger eta for {' and '.join(obstacle.eta)}"
        return f"{text}, or {scale}, as the features are not scaled" if scale else text
    limit = "above 2/L" if obstacle.kind == "lr0_too_high" else "far below 1/L"
    lr0_lie = f"all {len(texts)} lr0 lie" if len(texts) > 1 else "the lr0 lies"
    text = f"{lr0_lie} {limit} = {number(obstacle.value, 4)}; give {GRID}"
    return f"{text} and, as the features are not scaled, {scale}" if scale else text


def _lowest(lowest: Level | None, start: float, sweep: Sweep, texts: Texts) -> str:
    if lowest is None:
        return ""
    if lowest.suboptimality >= start:
        return "; no run came below its start"
    if lowest.suboptimality <= sweep.target:
        lane = _lane(lowest, texts)
        if not any(any(s.reached) for s in sweep.solvers):
            return f"; {lane} came there, but did not stay"
        return f"; less than half of the seeds came there, among them one of {lane}"
    # Above the target, and so above the error of f*: else there is no advice.
    what = sweep.goal.removesuffix(" <=")
    text = f"; the lowest {what} seen was {number(lowest.suboptimality)}, of {_lane(lowest, texts)}"
    if sweep.target <= 0 or lowest.suboptimality <= 0:  # of F, which may be negative
        return text
    return f"{text}, {short_number(lowest.suboptimality / sweep.target, 2)} times the target"
