"""The advice on a sweep as a line of a page."""

from __future__ import annotations

from collections.abc import Iterator

from lrbench.reports.blocks import Line, line, number, short_number
from lrbench.reports.groups import learning_rate_texts
from lrbench.results import Advice, Choice, Level, Obstacle, ProblemResult, Sweep
from lrbench.study import advise

GRID = "--lr0 0.01/L:100/L:33"
"""The grid to advise, in units of 1/L, so that it suits any problem."""


class Texts(dict[float, str]):
    """lr0 -> its text; also of an lr0 that a changed file names and the grid does not have."""

    def __missing__(self, lr0: float) -> str:
        return short_number(lr0)


def advice_line(problem: ProblemResult, sweep: Sweep) -> Line:
    """Return the advice on one problem."""
    advice = advise(problem, sweep)
    texts = Texts(learning_rate_texts([lr0 for s in sweep.solvers for lr0 in s.lr0]))
    if advice.obstacle is not None:
        reason = _reason(advice, advice.obstacle, sweep, texts)
        return line(f"Advice: none, as {reason}", style="title")
    assert advice.choice is not None
    clauses = [_choice(advice.choice, advice.best, texts)]
    clauses += _cautions(advice, advice.choice, problem.header.constants.L, texts)
    if faster := advice.faster:
        needs = f"{_lane(faster, texts)} needs {short_number(faster.passes)}"
        clauses.append(f"{needs}, but has {_width(faster)}")
    if wider := advice.wider:
        figures = f"{_width(wider)}, {_passes(wider.passes)}"
        clauses.append(f"less sensitive: {wider.solver} ({figures})")
    return line("; ".join(clauses), style="title")


def _lane(lane: Choice | Level, texts: Texts) -> str:
    return f"{lane.solver} at lr0 = {texts[lane.lr0]}"


def _passes(passes: float) -> str:
    return f"{short_number(passes)} pass{'es' * (passes != 1)}"


def _width(choice: Choice) -> str:
    return f"{'at least ' * choice.may_be_wider}{choice.usable_decades:.2f} decades"


def _choice(choice: Choice, best: Choice | None, texts: Texts) -> str:
    """Return what is advised, beside the best lr0, and the usable range."""
    (lo, hi), lr0 = choice.usable, choice.lr0
    text = f"Advice: {_lane(choice, texts)}: about {_passes(choice.passes)}"
    if best is not None:
        where = "nearer to the end" if lo <= best.lr0 <= hi else "outside"
        figures = f"{short_number(best.passes)} at lr0 = {texts[best.lr0]}"
        text += f" ({figures}, {where} of the usable ones)"
    if lo == hi == lr0:
        return f"{text}, usable at no other lr0 of the grid"
    span = f"usable from {texts[lo]} to {texts[hi]} ({_width(choice)})"
    return f"{text}, {span}" if lo <= lr0 <= hi else f"{text}, which lies outside of the lr0 {span}"


def _cautions(advice: Advice, choice: Choice, L: float, texts: Texts) -> Iterator[str]:
    """Yield what may go wrong with the choice."""
    cautions = advice.cautions
    if "lowest_lr0" in cautions:
        yield "it is the lowest of the grid: try lower ones"
    if "highest_lr0" in cautions:
        yield "it is the highest of the grid: try higher ones"
    lower, higher = cautions.get("lower_lr0_misses"), cautions.get("higher_lr0_misses")
    # That no other lr0 is usable is in the first clause already.
    if choice.usable != (choice.lr0, choice.lr0):
        if lower is not None and higher is not None:
            yield "the next lr0 on either side never gets there"
        elif higher is not None:
            yield f"the next lr0 ({texts[higher]}) never gets there"
        elif lower is not None:
            yield f"the next lower lr0 ({texts[lower]}) never gets there"
    if (lr := cautions.get("long_steps")) is not None:
        subject = texts[lr] if lr == choice.lr0 else "its last lr"
        yield f"{subject} is {number(lr * L, 2)}/L, above 2/L: descent is not guaranteed there"
    if (budget := cautions.get("scarce_budget")) is not None:
        yield f"only just within {_passes(budget)}: with more, ranges may be much wider"
    if missing := cautions.get("missing_runs"):
        yield f"{missing} of its runs {'is' if missing == 1 else 'are'} missing"


def _reason(advice: Advice, obstacle: Obstacle, sweep: Sweep, texts: Texts) -> str:
    """Return why there is no advice, and what to change."""
    if obstacle.kind == "target_below_error":
        return f"the target is below the error of f*, {number(obstacle.value)}"
    arrived = "came to" if sweep.arrival == "first" else "arrived at"
    head = f"no lr0 {arrived} F - f* <= {number(sweep.target)}"
    head += "" if advice.budget_passes is None else f" in {_passes(advice.budget_passes)}"
    if obstacle.kind == "missing_runs":
        runs_are = "1 run is" if obstacle.value == 1 else f"{obstacle.value} runs are"
        return f"{head} and {runs_are} missing: finish the sweep"
    return f"{head}: {_change(obstacle, texts)}{_lowest(obstacle.lowest, sweep, texts)}"


def _change(obstacle: Obstacle, texts: Texts) -> str:
    """Return which options to change, so that an lr0 may reach the target."""
    scale = "--scale maxabs" if obstacle.unscaled else ""
    if obstacle.kind == "all_lost":
        return "every run diverged or failed; give lower lr0"
    if obstacle.kind == "not_reached":
        text = "give more iterations or passes, a higher target or other lr0"
        if obstacle.eta:
            text += f", or a larger eta for {' and '.join(obstacle.eta)}"
        return f"{text}, or {scale}, as the features are not scaled" if scale else text
    limit = "above 2/L" if obstacle.kind == "lr0_too_high" else "far below 1/L"
    lr0_lie = f"all {len(texts)} lr0 lie" if len(texts) > 1 else "the lr0 lies"
    text = f"{lr0_lie} {limit} = {number(obstacle.value, 4)}; give {GRID}"
    return f"{text} and, as the features are not scaled, {scale}" if scale else text


def _lowest(lowest: Level | None, sweep: Sweep, texts: Texts) -> str:
    if lowest is None:
        return ""
    if lowest.suboptimality <= sweep.target:
        lane = _lane(lowest, texts)
        if not any(any(s.reached) for s in sweep.solvers):
            return f"; {lane} came there, but did not stay"
        return f"; less than half of the seeds came there, among them one of {lane}"
    # Above the target, and so above the error of f*: else there is no advice.
    text = f"; the lowest F - f* seen was {number(lowest.suboptimality)}, of {_lane(lowest, texts)}"
    if sweep.target == 0:
        return text
    return f"{text}, {short_number(lowest.suboptimality / sweep.target, 2)} times the target"
