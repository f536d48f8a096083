"""The advice on a sweep: which solver, which lr0, and how many passes that takes."""

from __future__ import annotations

import math
from collections.abc import Iterator

from lrbench.reports.blocks import Line, gap, line, number, short_number
from lrbench.reports.groups import f_star_error, learning_rate_texts, smoothness
from lrbench.reports.sweep_table import decades_text
from lrbench.results import ProblemResult, Run, Sensitivity, Status, Sweep
from lrbench.results.ranking import LOST
from lrbench.study import ALIKE, safest

WIDER = 1.0
"""Decades by which another usable range must be wider to be worth a word."""

FAR_BELOW = 0.01
"""In units of 1/L: with a grid that ends below it no constant step gets far in a usual budget."""

NARROW = 0.8
"""Of the passes allowed: who needs more than this might need more than all of them next time."""

GENERATED = "generated:"
"""What the name of data begins with that are as bad as they are on purpose."""

GRID = "--lr0 0.01/L:100/L:33"


def advised(sweep: Sweep) -> Sensitivity | None:
    """Return the solver to take, None where none came to the target.

    Notes
    -----
    Of the solvers that need at most 1.25 times the fewest passes at their best lr0 it is the one
    with the widest usable range, then that with the fewest passes.
    """
    least = min((s.best_passes for s in sweep.solvers), default=math.inf)
    if not math.isfinite(least):
        return None
    alike = [s for s in sweep.solvers if s.best_passes <= ALIKE * least]
    return min(alike, key=lambda s: (-s.usable_decades, s.best_passes))


def passes_of_grid(s: Sensitivity, lr0: float) -> float:
    """Return the passes to the target at an lr0 of the grid."""
    return s.passes[list(s.lr0).index(lr0)]


def advice(problem: ProblemResult, sweep: Sweep) -> Line:
    """Return the advice on one problem; no time is in it, only passes."""
    if sweep.target < (error := f_star_error(problem)):
        why = f"the target is below the error of f*, {number(error)}"
        return line(f"Advice: none, as {why}", style="title")
    taken = advised(sweep)
    lr0 = None if taken is None else safest(taken)
    if taken is None or lr0 is None:
        return line("Advice: none, as no lr0 came to " + _nothing(problem, sweep), style="title")
    texts = learning_rate_texts([v for s in sweep.solvers for v in s.lr0])
    passes = passes_of_grid(taken, lr0)
    said = f"Advice: {_at(taken, lr0, texts)}: {_count(passes)}"
    if passes > taken.best_passes and taken.best_lr0 is not None:
        fewer = f"{short_number(taken.best_passes)} at lr0 = {texts[taken.best_lr0]}"
        said += f" ({fewer}, {_why_not(taken)})"
    said += f", {_usable(taken, lr0, texts)}"
    said = "; ".join(
        [said, *_warnings(problem, taken, lr0, texts), *_narrow(problem, sweep, passes)]
    )
    if taken.missing:
        said += f"; {taken.missing} of its runs {'is' if taken.missing == 1 else 'are'} missing"
    fewest = min(sweep.solvers, key=lambda s: s.best_passes)
    if fewest.best_passes < taken.best_passes and fewest.best_lr0 is not None:
        said += f"; {_at(fewest, fewest.best_lr0, texts)} needs {short_number(fewest.best_passes)}"
        said += f", but has {_width(fewest)}"
    widest = max(sweep.solvers, key=lambda s: s.usable_decades)
    if widest.usable_decades >= taken.usable_decades + WIDER:
        said += f"; less sensitive: {widest.solver} ({_width(widest)}"
        said += f", {_passes(widest.best_passes)})"
    return line(said, style="title")


def _at(s: Sensitivity, lr0: float, texts: dict[float, str]) -> str:
    return f"{s.solver} at lr0 = {texts[lr0]}"


def _passes(passes: float) -> str:
    return f"{short_number(passes)} pass{'es' * (passes != 1)}"


def _count(passes: float) -> str:
    return f"about {_passes(passes)}"


def _why_not(s: Sensitivity) -> str:
    """Return why the best lr0 is not the one to take."""
    assert s.usable is not None
    assert s.best_lr0 is not None
    inside = s.usable[0] <= s.best_lr0 <= s.usable[1]
    return "nearer to the end of the usable ones" if inside else "outside of the usable ones"


def _usable(s: Sensitivity, lr0: float, texts: dict[float, str]) -> str:
    assert s.usable is not None
    lo, hi = s.usable
    if lo == hi == lr0:
        return "usable at no other lr0 of the grid"
    wide = f"usable from {texts[lo]} to {texts[hi]} ({_width(s)})"
    return wide if lo <= lr0 <= hi else f"which lies outside of the lr0 {wide}"


def _width(s: Sensitivity) -> str:
    return decades_text(s).replace(">=", "at least") + " decades"


def _warnings(
    problem: ProblemResult, s: Sensitivity, lr0: float, texts: dict[float, str]
) -> Iterator[str]:
    """Yield what may go wrong with an lr0 that is only slightly another."""
    if len(s.lr0) > 1 and lr0 == s.lr0[0]:
        yield "it is the lowest of the grid: try lower ones"
    if len(s.lr0) > 1 and lr0 == s.lr0[-1]:
        yield "it is the highest of the grid: try higher ones"
    yield from _cliff(s, lr0, texts)
    yield from _above(problem, s, lr0, texts)


def _cliff(s: Sensitivity, lr0: float, texts: dict[float, str]) -> Iterator[str]:
    """Yield which neighbours in the grid never get to the target."""
    at = list(s.lr0).index(lr0)
    below, above = (
        0 <= k < len(s.lr0) and s.finished[k] > 0 and math.isinf(s.passes[k])
        for k in (at - 1, at + 1)
    )
    if s.usable == (lr0, lr0):
        return  # usable at no other lr0 of the grid
    if below and above:
        yield "the next lr0 on either side never gets there"
    elif above:
        yield f"the next lr0 ({texts[s.lr0[at + 1]]}) never gets there"
    elif below:
        yield f"the next lower lr0 ({texts[s.lr0[at - 1]]}) never gets there"


def _narrow(problem: ProblemResult, sweep: Sweep, passes: float) -> Iterator[str]:
    """Yield a warning where a slightly smaller budget would not have been enough."""
    allowed = _allowed(problem, sweep)
    if allowed is not None and passes > NARROW * allowed:
        yield f"only just within {_passes(allowed)}: with more, ranges may be much wider"


def _above(
    problem: ProblemResult, s: Sensitivity, lr0: float, texts: dict[float, str]
) -> Iterator[str]:
    """Yield a warning where full gradients are followed by more than 2/L in the end."""
    L = smoothness(problem)
    runs = [r for r in problem.runs if str(r.solver) == str(s.solver) and r.lr0 == lr0]
    last = [float(r.trace["lr"][-1]) for r in runs if len(r.trace.get("lr", ()))]
    if not last or any(r.setting != "batch" for r in runs):
        return
    if math.isfinite(L) and last[0] * L > 2.0 * (1.0 + 1e-9):
        what = texts[lr0] if last[0] == lr0 else "its last lr"
        yield f"{what} is {number(last[0] * L, 2)}/L, above 2/L: descent is not guaranteed there"


def _nothing(problem: ProblemResult, sweep: Sweep) -> str:
    """Return what was asked for where nothing came to the target, and what to change."""
    allowed = _allowed(problem, sweep)
    head = f"F - f* <= {number(sweep.target)}"
    head += "" if allowed is None else f" in {_passes(allowed)}"
    if any(s.unknown for s in sweep.solvers):
        many = "1 run is" if sweep.missing == 1 else f"{sweep.missing} runs are"
        return f"{head} and {many} missing: finish the sweep"
    return f"{head}: {_change(problem)}{_lowest(problem, sweep)}"


def _allowed(problem: ProblemResult, sweep: Sweep) -> float | None:
    """Return how many passes were allowed; None where that is not known."""
    if sweep.iterations is None or not problem.runs:
        return None
    run = problem.runs[0]
    if run.setting == "batch":
        return sweep.iterations
    return float(sweep.iterations * run.batch_size / problem.header["n_samples"])


def _change(problem: ProblemResult) -> str:
    """Return what to give instead."""
    L = smoothness(problem)
    grid = sorted({run.lr0 for run in problem.runs})
    above = math.isfinite(L) and grid[0] * L > 2.0
    below = math.isfinite(L) and grid[-1] * L < FAR_BELOW
    unscaled = problem.header["scale"] == "none"
    scale = unscaled and not str(problem.header["data"]).startswith(GENERATED)
    if above or below:
        where = (
            f"above 2/L = {number(2 / L, 4)}" if above else f"far below 1/L = {number(1 / L, 4)}"
        )
        which = f"all {len(grid)} lr0 lie" if len(grid) > 1 else "the lr0 lies"
        said = f"{which} {where}; give {GRID}"
        return f"{said} and, as the features are not scaled, --scale maxabs" if scale else said
    if all(run.status in LOST for run in problem.runs):
        return "every run diverged or failed; give lower lr0"
    said = "give more iterations or passes, a higher target or other lr0"
    if scaled := dict.fromkeys(r.solver.name for r in problem.runs if "eta" in r.solver.params):
        said += f", or a larger eta for {' and '.join(scaled)}"
    return f"{said}, or --scale maxabs, as the features are not scaled" if scale else said


def _lowest(problem: ProblemResult, sweep: Sweep) -> str:
    """Return the lowest F - f* of any checkpoint of what did not fail, and where that was."""
    seen = [(level, run) for run in problem.runs for level in _levels(run)]
    if not seen:
        return ""
    level, run = min(seen, key=lambda pair: pair[0])
    texts = learning_rate_texts([r.lr0 for r in problem.runs])
    where = f"{run.solver} at lr0 = {texts[run.lr0]}"
    if level <= sweep.target:
        return f"; less than half of the seeds came there, among them one of {where}"
    error = f_star_error(problem)
    shown = gap(level, error) if level < error else number(level)
    times = (
        f", {short_number(level / sweep.target, 2)} times the target" if sweep.target > 0 else ""
    )
    return f"; the lowest F - f* seen was {shown}, of {where}{times}"


def _levels(run: Run) -> Iterator[float]:
    """Yield F - f* at the lowest checkpoint of a run, if it has any."""
    if run.status is Status.FAILED:
        return
    found = [float(v) for v in run.trace.get("suboptimality", ()) if math.isfinite(v)]
    if found:
        yield min(found)
