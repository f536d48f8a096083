"""The advice on a sweep: a solver, an lr0, and the number of passes they take to the target."""

from __future__ import annotations

import math
from collections.abc import Iterator

from lrbench.reports.blocks import Line, line, number, short_number
from lrbench.reports.groups import learning_rate_texts
from lrbench.reports.sweep_table import decades_text
from lrbench.results import ProblemResult, Run, Sensitivity, Status, Sweep
from lrbench.results.ranking import answer_column
from lrbench.study import ALIKE, safest

WIDER = 1.0
"""Decades by which the usable range of another solver must be wider for it to be mentioned."""

FAR_BELOW = 0.01
"""In units of 1/L: if a grid ends below it, no constant step gets far in a usual budget."""

NARROW = 0.8
"""The ratio of passes to the budget above which an arrival is only just in time."""

GENERATED = "generated:"
"""The prefix of data that are badly scaled on purpose: --scale is no advice for them."""

GRID = "--lr0 0.01/L:100/L:33"
"""The grid to advise, in units of 1/L, so that it suits any problem."""


def advised(sweep: Sweep) -> Sensitivity | None:
    """Return the solver to recommend, or None if no solver reached the target.

    Notes
    -----
    The candidates are the solvers that need at most 1.25 times the fewest passes, each at its best
    lr0. The one with the widest usable range is taken; ties go to the fewest passes.
    """
    least = min((s.best_passes for s in sweep.solvers), default=math.inf)
    if not math.isfinite(least):
        return None
    # Checkpoints are too far apart to tell solvers within this factor from each other.
    alike = [s for s in sweep.solvers if s.best_passes <= ALIKE * least]
    return min(alike, key=lambda s: (-s.usable_decades, s.best_passes))


def passes_of_grid(s: Sensitivity, lr0: float) -> float:
    """Return the passes to the target at `lr0`, which is in the grid of this solver."""
    return s.passes[list(s.lr0).index(lr0)]


def advice(problem: ProblemResult, sweep: Sweep) -> Line:
    """Return the advice on one problem; it depends on passes alone, not on times."""
    if sweep.target < (error := problem.header.constants.f_star_error):
        reason = f"the target is below the error of f*, {number(error)}"
        return line(f"Advice: none, as {reason}", style="title")
    s = advised(sweep)
    lr0 = None if s is None else safest(s)
    if s is None or lr0 is None:
        reason = f"no lr0 came to {_no_arrival(problem, sweep)}"
        return line(f"Advice: none, as {reason}", style="title")
    texts = learning_rate_texts([v for solver in sweep.solvers for v in solver.lr0])
    passes = passes_of_grid(s, lr0)
    first = f"Advice: {_lane_text(s, lr0, texts)}: about {_passes(passes)}"
    if passes > s.best_passes and s.best_lr0 is not None:
        best = f"{short_number(s.best_passes)} at lr0 = {texts[s.best_lr0]}"
        first += f" ({best}, {_disadvantage(s)})"
    clauses = [f"{first}, {_usable(s, lr0, texts)}"]
    clauses += _warnings(problem, s, lr0, texts)
    clauses += _only_just(problem, sweep, passes)
    if s.missing:
        clauses.append(f"{s.missing} of its runs {'is' if s.missing == 1 else 'are'} missing")
    clauses += _alternatives(sweep, s, texts)
    return line("; ".join(clauses), style="title")


def _alternatives(sweep: Sweep, s: Sensitivity, texts: dict[float, str]) -> Iterator[str]:
    """Yield the solver with fewer passes, and the one with a much wider range, if there are any."""
    fewest = min(sweep.solvers, key=lambda other: other.best_passes)
    if fewest.best_passes < s.best_passes and fewest.best_lr0 is not None:
        needs = f"{_lane_text(fewest, fewest.best_lr0, texts)} needs"
        yield f"{needs} {short_number(fewest.best_passes)}, but has {_width(fewest)}"
    widest = max(sweep.solvers, key=lambda other: other.usable_decades)
    if widest.usable_decades >= s.usable_decades + WIDER:
        figures = f"{_width(widest)}, {_passes(widest.best_passes)}"
        yield f"less sensitive: {widest.solver} ({figures})"


def _lane_text(s: Sensitivity, lr0: float, texts: dict[float, str]) -> str:
    return f"{s.solver} at lr0 = {texts[lr0]}"


def _passes(passes: float) -> str:
    return f"{short_number(passes)} pass{'es' * (passes != 1)}"


def _disadvantage(s: Sensitivity) -> str:
    """Return why the best lr0 is not recommended."""
    assert s.usable is not None
    assert s.best_lr0 is not None
    inside = s.usable[0] <= s.best_lr0 <= s.usable[1]
    return "nearer to the end of the usable ones" if inside else "outside of the usable ones"


def _usable(s: Sensitivity, lr0: float, texts: dict[float, str]) -> str:
    assert s.usable is not None
    lo, hi = s.usable
    if lo == hi == lr0:
        return "usable at no other lr0 of the grid"
    span = f"usable from {texts[lo]} to {texts[hi]} ({_width(s)})"
    return span if lo <= lr0 <= hi else f"which lies outside of the lr0 {span}"


def _width(s: Sensitivity) -> str:
    return decades_text(s).replace(">=", "at least") + " decades"


def _warnings(
    problem: ProblemResult, s: Sensitivity, lr0: float, texts: dict[float, str]
) -> Iterator[str]:
    """Yield what may go wrong with this lr0, or with one near it."""
    if len(s.lr0) > 1 and lr0 == s.lr0[0]:
        yield "it is the lowest of the grid: try lower ones"
    if len(s.lr0) > 1 and lr0 == s.lr0[-1]:
        yield "it is the highest of the grid: try higher ones"
    yield from _cliff(s, lr0, texts)
    yield from _above_two_over_L(problem, s, lr0, texts)


def _cliff(s: Sensitivity, lr0: float, texts: dict[float, str]) -> Iterator[str]:
    """Yield which neighbours in the grid never reach the target."""
    if s.usable == (lr0, lr0):
        return  # that no other lr0 is usable is in the advice already
    k = list(s.lr0).index(lr0)
    below, above = (
        0 <= j < len(s.lr0) and s.finished[j] > 0 and math.isinf(s.passes[j])
        for j in (k - 1, k + 1)
    )
    if below and above:
        yield "the next lr0 on either side never gets there"
    elif above:
        yield f"the next lr0 ({texts[s.lr0[k + 1]]}) never gets there"
    elif below:
        yield f"the next lower lr0 ({texts[s.lr0[k - 1]]}) never gets there"


def _only_just(problem: ProblemResult, sweep: Sweep, passes: float) -> Iterator[str]:
    """Yield a warning where a slightly smaller budget would not have been enough."""
    allowed = _allowed(problem, sweep)
    if allowed is not None and passes > NARROW * allowed:
        yield f"only just within {_passes(allowed)}: with more, ranges may be much wider"


def _above_two_over_L(
    problem: ProblemResult, s: Sensitivity, lr0: float, texts: dict[float, str]
) -> Iterator[str]:
    """Yield a warning where the last steps of full gradients are longer than 2/L."""
    L = problem.header.constants.L
    runs = [r for r in problem.runs if str(r.solver) == str(s.solver) and r.lr0 == lr0]
    last = [float(r.trace["lr"][-1]) for r in runs if len(r.trace.get("lr", ()))]
    if not last or any(r.setting != "batch" for r in runs):
        return
    # The tolerance lets a step of exactly 2/L pass whatever the rounding.
    if math.isfinite(L) and last[0] * L > 2.0 * (1.0 + 1e-9):
        subject = texts[lr0] if last[0] == lr0 else "its last lr"
        yield f"{subject} is {number(last[0] * L, 2)}/L, above 2/L: descent is not guaranteed there"


def _no_arrival(problem: ProblemResult, sweep: Sweep) -> str:
    """Return the target that no solver reached, and what to change."""
    allowed = _allowed(problem, sweep)
    head = f"F - f* <= {number(sweep.target)}"
    head += "" if allowed is None else f" in {_passes(allowed)}"
    if any(s.unknown for s in sweep.solvers):
        # A run that is missing might have reached it: there is nothing to change yet.
        runs_are = "1 run is" if sweep.missing == 1 else f"{sweep.missing} runs are"
        return f"{head} and {runs_are} missing: finish the sweep"
    return f"{head}: {_change(problem)}{_lowest(problem, sweep)}"


def _allowed(problem: ProblemResult, sweep: Sweep) -> float | None:
    """Return the budget in passes, or None if it is not known."""
    if sweep.iterations is None or not problem.runs:
        return None
    run = problem.runs[0]
    if run.setting == "batch":
        return sweep.iterations
    return float(sweep.iterations * run.batch_size / problem.header.n_samples)


def _change(problem: ProblemResult) -> str:
    """Return which options to change, so that an lr0 may reach the target."""
    L = problem.header.constants.L
    grid = sorted({run.lr0 for run in problem.runs})
    above = math.isfinite(L) and grid[0] * L > 2.0
    below = math.isfinite(L) and grid[-1] * L < FAR_BELOW
    unscaled = problem.header.scale == "none"
    scale = unscaled and not problem.header.data.startswith(GENERATED)
    if above or below:
        limit = (
            f"above 2/L = {number(2 / L, 4)}" if above else f"far below 1/L = {number(1 / L, 4)}"
        )
        lr0_lie = f"all {len(grid)} lr0 lie" if len(grid) > 1 else "the lr0 lies"
        text = f"{lr0_lie} {limit}; give {GRID}"
        return f"{text} and, as the features are not scaled, --scale maxabs" if scale else text
    if all(run.status.lost for run in problem.runs):
        return "every run diverged or failed; give lower lr0"
    text = "give more iterations or passes, a higher target or other lr0"
    # Their lr is eta/b, and b grows: no lr0 makes up for an eta that is too small.
    if scaled := dict.fromkeys(r.solver.name for r in problem.runs if "eta" in r.solver.params):
        text += f", or a larger eta for {' and '.join(scaled)}"
    return f"{text}, or --scale maxabs, as the features are not scaled" if scale else text


def _lowest(problem: ProblemResult, sweep: Sweep) -> str:
    """Return the lowest F - f* at any checkpoint of a run that did not fail, and its lane."""
    levels = [(level, run) for run in problem.runs for level in _levels(run)]
    if not levels:
        return ""
    level, run = min(levels, key=lambda pair: pair[0])
    texts = learning_rate_texts([r.lr0 for r in problem.runs])
    lane = f"{run.solver} at lr0 = {texts[run.lr0]}"
    if level <= sweep.target:
        return f"; less than half of the seeds came there, among them one of {lane}"
    # Above the target, and so above the error of f*: else there is no advice.
    lowest = f"; the lowest F - f* seen was {number(level)}, of {lane}"
    if sweep.target == 0:
        return lowest
    return f"{lowest}, {short_number(level / sweep.target, 2)} times the target"


def _levels(run: Run) -> Iterator[float]:
    """Yield F - f* at the lowest checkpoint of a run, if it has any."""
    if run.status is Status.FAILED:
        return
    levels = [float(v) for v in run.trace.get(answer_column([run]), ()) if math.isfinite(v)]
    if levels:
        yield min(levels)
