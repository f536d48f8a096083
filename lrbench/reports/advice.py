"""One line of advice: which solver, which lr0, and how many passes that takes."""

from __future__ import annotations

import math

from lrbench.reports.blocks import Line, gap, line, number, short
from lrbench.reports.groups import f_star_error, rates
from lrbench.reports.sweep_table import decades
from lrbench.results import ProblemResult, Sensitivity, Sweep
from lrbench.results.ranking import lowest

ALIKE = 1.25
"""Passes within this factor are a tie: two neighbouring checkpoints are that far apart."""

WIDER = 1.0
"""Decades by which another usable range must be wider to be worth a word."""


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
    return min(alike, key=lambda s: (-round(s.usable_decades, 9), s.best_passes))


def advice(problem: ProblemResult, sweep: Sweep) -> Line:
    """Return the advice on one problem; no time is in it, only passes."""
    taken = advised(sweep)
    if taken is None:
        return line(*_nothing(problem, sweep), style="title")
    texts = rates([lr0 for s in sweep.solvers for lr0 in s.lr0])
    pieces = [f"Advice: {_at(taken, texts)}: {_count(taken.best_passes)}", _usable(taken, texts)]
    fewest = min(sweep.solvers, key=lambda s: s.best_passes)
    if fewest.best_passes < taken.best_passes:
        pieces[-1] += f"; {_at(fewest, texts)} needs {short(fewest.best_passes)}"
        pieces += [f"but has {_width(fewest)}"]
    widest = max(sweep.solvers, key=lambda s: s.usable_decades)
    if widest.usable_decades >= taken.usable_decades + WIDER:
        pieces[-1] += f"; less sensitive: {widest.solver} ({_width(widest)}"
        pieces += [f"{short(widest.best_passes)} passes)"]
    if edge := _edge(taken):
        pieces[-1] += f"; {edge}"
    return line(*pieces, style="title")


def _at(s: Sensitivity, texts: dict[float, str]) -> str:
    assert s.best_lr0 is not None
    return f"{s.solver} at lr0 = {texts[s.best_lr0]}"


def _count(passes: float) -> str:
    return f"about {short(passes)} pass{'es' * (passes != 1)}"


def _usable(s: Sensitivity, texts: dict[float, str]) -> str:
    assert s.usable is not None
    assert s.best_lr0 is not None
    lo, hi = s.usable
    if lo == hi == s.best_lr0:
        return "usable at no other lr0 of the grid"
    wide = f"usable from {texts[lo]} to {texts[hi]} ({_width(s)})"
    return wide if lo <= s.best_lr0 <= hi else f"which lies outside of the lr0 {wide}"


def _width(s: Sensitivity) -> str:
    return decades(s).replace(">=", "at least") + " decades"


def _edge(s: Sensitivity) -> str:
    """Return a warning where the best lr0 is an end of the grid."""
    if len(s.lr0) > 1 and s.best_lr0 == s.lr0[0]:
        return "it is the lowest of the grid: try lower ones"
    if len(s.lr0) > 1 and s.best_lr0 == s.lr0[-1]:
        return "it is the highest of the grid: try higher ones"
    return ""


def _nothing(problem: ProblemResult, sweep: Sweep) -> list[str]:
    """Return what to change where nothing came to the target."""
    head = f"Advice: none, as no lr0 came to F - f* <= {number(sweep.target)}"
    if sweep.missing:
        many = "1 run is" if sweep.missing == 1 else f"{sweep.missing} runs are"
        return [f"{head} and {many} missing: finish the sweep"]
    lane, level = lowest(problem.groups)
    if lane is None:
        return [f"{head} and every run diverged or failed: give lower lr0"]
    texts = rates([lr0 for _, lr0 in problem.groups])
    error = f_star_error(problem)
    at = gap(level, error) if level < error else number(level)
    return [
        f"{head}: give more iterations or passes",
        f"a higher target or other lr0; the nearest was {lane[0]} at lr0 = {texts[lane[1]]}",
        f"which ended at {at}",
    ]
