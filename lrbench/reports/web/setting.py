"""How the runs of a problem were made, in one sentence."""

from __future__ import annotations

from collections.abc import Iterator

from lrbench.reports.blocks import number, short_number
from lrbench.reports.groups import (
    ball_text,
    batch_text,
    grid_of,
    learning_rate_texts,
    plural,
    unvaried_text,
)
from lrbench.results import ProblemResult, Run
from lrbench.results.lanes import varied
from lrbench.results.records import Status


def setting_text(problem: ProblemResult) -> str:
    """Return the batches, the budget, the target, what varied and the number of seeds."""
    return "; ".join(_pieces(problem)).replace("F - f*", "F − f*")


def _pieces(problem: ProblemResult) -> Iterator[str]:
    runs = [run for of_lane in problem.groups.values() for run in of_lane]
    yield batch_text(runs[0])
    yield from ball_text(problem)
    yield _budget(problem, runs)
    sweep, delta0 = problem.sweep, problem.header.constants.delta0
    if sweep is not None and sweep.has_target:
        of_gap = sweep.target_measure == "suboptimality" and delta0 > 0
        share = f" ({short_number(100 * sweep.target / delta0)} % of the start)" * of_gap
        yield f"target {sweep.goal.replace('<=', '≤')} {number(sweep.target)}{share}"
    yield _values(problem, runs)
    yield from unvaried_text(runs)
    if (n_seeds := len({run.seed for run in runs})) > 1:
        yield f"{n_seeds} seeds"


def _budget(problem: ProblemResult, runs: list[Run]) -> str:
    steps = problem.sweep.iterations if problem.sweep else None
    at_most = "at most " if problem.sweep else ""
    if steps is None:
        steps = max(run.status_at for run in runs)
        at_most = "at most " if any(r.status is Status.REACHED_TARGET for r in runs) else ""
    text = f"{at_most}{steps} steps"
    if runs[0].setting == "stochastic":
        passes = steps * runs[0].batch_size / problem.header.n_samples
        text += f" ({short_number(passes)} passes)"
    return text


def _values(problem: ProblemResult, runs: list[Run]) -> str:
    name = varied(runs)
    grid = grid_of(problem.sweep.solvers) if problem.sweep else []
    grid = grid or sorted({run.value for run in runs if run.value is not None})
    if not grid:
        return "nothing varies"
    texts = learning_rate_texts(grid)
    if len(grid) == 1:
        L, relative = problem.header.constants.L, ""
        if name == "lr0" and 0.0 < L < float("inf"):
            relative = f" = {number(grid[0] * L)}/L"
        return f"{name} = {texts[grid[0]]}{relative}"
    return f"{len(grid)} {plural(name)} from {texts[grid[0]]} to {texts[grid[-1]]}"
