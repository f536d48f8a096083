"""The advice on a sweep: a solver, a value and what may go wrong with it, or why there is none."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from lrbench.results import (
    METERED,
    Advice,
    Caution,
    Choice,
    Level,
    Obstacle,
    ObstacleKind,
    ProblemResult,
    Sensitivity,
    Status,
    Sweep,
)
from lrbench.results.ranking import levels_of
from lrbench.study.safest import ALIKE, safest

WIDER = 1.0
"""Decades by which the usable range of another solver must be wider for it to be mentioned."""

FAR_BELOW = 0.01
"""In units of 1/L: if a grid ends below it, no constant step gets far in a usual budget."""

NARROW = 0.8
"""The ratio of passes to the budget above which an arrival is only just in time."""

GENERATED = "generated:"
"""The prefix of data that are badly scaled on purpose: scaling is no advice for them."""


def advise(problem: ProblemResult, sweep: Sweep) -> Advice:
    """Return the advice of a sweep; it is computed where the sweep has none yet.

    Notes
    -----
    It depends on passes alone, not on times. Below the error of f_star nothing is advised, because
    it is not known who arrived.
    """
    if sweep.advice is not None:
        return sweep.advice
    budget = _budget_passes(problem, sweep)
    of_gap, error = sweep.target_measure == "suboptimality", problem.header.constants.f_star_error
    if of_gap and sweep.target < error:
        levels = _lowest_levels(problem)
        obstacle = Obstacle("target_below_error", error, lowest_of=levels)
        return Advice(obstacle=obstacle, budget_passes=budget)
    choice = _chosen(sweep)
    if choice is None:
        return Advice(obstacle=_obstacle(problem, sweep), budget_passes=budget)
    s = next(s for s in sweep.solvers if s.solver == choice.solver)
    cautions = dict(_cautions(problem, s, choice.value))
    spent = _passes_of_budget(problem, sweep, choice)
    if spent is not None and choice.passes > NARROW * spent:
        cautions["scarce_budget"] = spent
    if s.missing:
        cautions["missing_runs"] = s.missing
    fewest = min(sweep.solvers, key=lambda other: other.best_passes)
    widest = max(sweep.solvers, key=_width)
    return Advice(
        choice,
        cautions,
        best=_choice(s, s.best_value) if s.best_passes < choice.passes else None,
        faster=_choice(fewest, fewest.best_value) if fewest.best_passes < s.best_passes else None,
        wider=_choice(widest, widest.best_value)
        if math.isfinite(_width(s)) and _width(widest) >= _width(s) + WIDER
        else None,
        budget_passes=budget,
    )


def _chosen(sweep: Sweep) -> Choice | None:
    """Return the solver to take, at its safest value; None if no solver reached the target.

    Notes
    -----
    The candidates are the solvers that need at most 1.25 times the fewest passes, each at its best
    value. The one with the widest usable range is taken; ties go to the fewest passes. A solver of
    which nothing varies counts as the widest, as there is no value that could be wrong.
    """
    least = min((s.best_passes for s in sweep.solvers), default=math.inf)
    if not math.isfinite(least):
        return None
    # Checkpoints are too far apart to tell solvers within this factor from each other.
    alike = [s for s in sweep.solvers if s.best_passes <= ALIKE * least]
    s = min(alike, key=lambda s: (-_width(s), s.best_passes))
    return _choice(s, safest(s))


def _width(s: Sensitivity) -> float:
    """Return the width of the usable range in decades; inf where nothing varies and it arrives."""
    return s.usable_decades if s.values or math.isinf(s.best_passes) else math.inf


def _choice(s: Sensitivity, value: float | None) -> Choice | None:
    """Return a solver at a value of its grid; None where it has none, as no value is usable.

    Where nothing varies it is the solver itself.
    """
    if not s.values:
        return Choice(s.solver, s.lr0[0], s.best_passes, None, 0.0, False)
    if value is None or s.usable is None:
        return None
    k, over = list(s.values).index(value), {s.parameter: value, **s.second_axis}
    return Choice(s.solver, s.lr0[k], s.passes[k], s.usable, s.usable_decades, s.may_be_wider, over)


def _cautions(
    problem: ProblemResult, s: Sensitivity, value: float | None
) -> Iterator[tuple[Caution, float]]:
    """Yield what may go wrong with this value, or with one near it."""
    if value is not None:
        yield from _neighbours(s, value)
    L = problem.header.constants.L
    runs = [r for r in problem.runs if r.lane == (str(s.solver), value)]
    last = [lr for r in runs if (lr := r.at_end("lr")) is not None]
    full_batches = all(r.setting == "batch" for r in runs)
    # The tolerance lets a step of exactly 2/L pass whatever the rounding.
    if last and full_batches and math.isfinite(L) and last[0] * L > 2.0 * (1.0 + 1e-9):
        yield "long_steps", last[0]


def _neighbours(s: Sensitivity, value: float) -> Iterator[tuple[Caution, float]]:
    """Yield what is known of the values beside this one in the grid."""
    if len(s.values) > 1 and value == s.values[0]:
        yield "lowest_lr0", value
    if len(s.values) > 1 and value == s.values[-1]:
        yield "highest_lr0", value
    k = list(s.values).index(value)
    neighbours: tuple[tuple[Caution, int], ...] = (
        ("lower_lr0_misses", k - 1),
        ("higher_lr0_misses", k + 1),
    )
    for caution, j in neighbours:
        if 0 <= j < len(s.values) and s.finished[j] > 0 and math.isinf(s.passes[j]):
            yield caution, s.values[j]


def _budget_passes(problem: ProblemResult, sweep: Sweep) -> float | None:
    if sweep.iterations is None or not problem.runs:
        return None
    run = problem.runs[0]
    if run.setting == "batch":
        return sweep.iterations
    return float(sweep.iterations * run.batch_size / problem.header.n_samples)


def _passes_of_budget(problem: ProblemResult, sweep: Sweep, choice: Choice) -> float | None:
    """Return the passes that the budget comes to at the rate at which the choice spends them.

    A step of some methods, as of armijo and svrg, takes more than the one gradient of the others.
    """
    budget, steps, rates = _budget_passes(problem, sweep), sweep.iterations, []
    for run in problem.runs:
        # Earlier versions, which metered nothing, had no method that spends more.
        if run.lane != (str(choice.solver), choice.value) or METERED[0] not in run.trace:
            continue
        iteration, passes = run.trace["iteration"], run.trace["passes"]
        within = (iteration > 0) & (iteration <= (steps or 0))
        rates += (passes[within] / iteration[within])[-1:].tolist()
    if budget is None or steps is None or not rates:
        return budget
    return float(np.median(rates)) * steps


def _obstacle(problem: ProblemResult, sweep: Sweep) -> Obstacle:
    """Return why no value reached the target, and what may help."""
    # A run that is missing might have reached it: there is nothing to change yet.
    if not problem.runs or any(0 in s.finished for s in sweep.solvers):
        return Obstacle("missing_runs", sweep.missing, lowest_of=_lowest_levels(problem))
    kind, value = _cause(problem)
    unscaled = problem.header.scale == "none" and not problem.header.data.startswith(GENERATED)
    # Their lr is eta/b, and b grows: no lr0 makes up for an eta that is too small.
    lowest = _lowest_levels(problem)
    scaled = dict.fromkeys(r.solver.name for r in problem.runs if "eta" in r.method.params)
    return Obstacle(
        kind,
        value,
        unscaled=unscaled and kind != "all_lost",
        eta=tuple(scaled) if kind == "not_reached" else (),
        lowest=min(lowest, key=_suboptimality, default=None),
        lowest_of=lowest,
    )


def _cause(problem: ProblemResult) -> tuple[ObstacleKind, float | None]:
    L = problem.header.constants.L
    rates = [run.lr0 for run in problem.runs if run.lr0 is not None]
    if not rates or any(run.parameter not in ("lr0", "") for run in problem.runs):
        return ("all_lost" if all(run.status.lost for run in problem.runs) else "not_reached"), None
    if math.isfinite(L) and min(rates) * L > 2.0:
        return "lr0_too_high", 2 / L
    if math.isfinite(L) and max(rates) * L < FAR_BELOW:
        return "lr0_too_low", 1 / L
    if all(run.status.lost for run in problem.runs):
        return "all_lost", None
    return "not_reached", None


def _lowest_levels(problem: ProblemResult) -> Sequence[Level]:
    """Return the lowest level of each method at any checkpoint of a run that did not fail."""
    measure = problem.header.target_measure
    lowest: dict[str, Level] = {}
    for run in problem.runs:
        finite = [float(v) for v in levels_of(run, measure) if math.isfinite(v)]
        if run.status is Status.FAILED or not finite:
            continue
        level, name = Level(run.method, run.lr0, min(finite), run.over), str(run.method)
        lowest[name] = min(lowest.get(name, level), level, key=_suboptimality)
    return tuple(lowest.values())


def _suboptimality(level: Level) -> float:
    return level.suboptimality
