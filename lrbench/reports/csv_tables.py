"""The tables of a result in long form: verdicts with their bounds, and summaries."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from lrbench.reports.groups import verdicts_of, worst_status
from lrbench.results import ProblemResult, Run, Sensitivity, Status, Sweep, Verdict
from lrbench.results.measures import RATIOS
from lrbench.results.ranking import DEFAULT_SHARE, at_end, level_column, passes_to
from lrbench.study import POWERS

Row = dict[str, Any]
"""Column -> the value; None for no number."""

COUNTED = ("pass", "vacuous", "fail", "none")
"""The verdicts that are counted, in the words of JSON."""

LABELS = ("problem", "solver", "params")

NUMBERS = ("iteration", "bound", "metric", "metric_low", "metric_high")
"""What a theorem has at each checkpoint."""

VERDICTS = (
    *(*LABELS, "lr0", "theorem", "kind", "measure", "iterate", "applies", "reason"),
    *("bound_verdict", "failed_at", "informative_from"),
    *("order_kind", "order", "measured_order", "order_verdict", "order_reason", *NUMBERS),
)
"""The columns of the verdicts."""

ENDS = (
    *(*LABELS, "lr0", "seeds", "status", "objective", "suboptimality", "of_start", "lr", "lr_L"),
    *("target", "passes_to_target", "test_loss", "test_accuracy"),
    *(f"bounds_{verdict}" for verdict in COUNTED),
)
"""The columns of the summary of runs."""


def _factor(power: int) -> str:
    return f"factor_x{10.0**power:g}"


SENSITIVITIES = (
    *(*LABELS, "parameter", "target", "seeds", "best_value", "best_lr0", "best_passes"),
    *("usable_low", "usable_high", "usable_decades", "draws"),
    *(f"price_x{ratio}" for ratio in RATIOS),
    *(_factor(power) for power in POWERS),
    *(*map(str, Status), "missing", "lr_L", "lr_sensitivity"),
)
"""The columns of the summary of sweeps."""


def summary_columns(problems: Sequence[ProblemResult]) -> tuple[str, ...]:
    """Return the columns of the summary."""
    return SENSITIVITIES if any(problem.sweep is not None for problem in problems) else ENDS


def verdict_rows(problems: Sequence[ProblemResult]) -> Iterator[Row]:
    """Yield a row for each checkpoint of each theorem, solver and value of what varies.

    A theorem that does not apply has one row, without numbers.
    """
    for problem in problems:
        for v in problem.verdicts:
            fixed = {**_lane(problem, v), **_about(v)}
            for k in range(len(v.iteration)):
                low, high = v.metric_interval[k] if v.metric_interval else (None, None)
                numbers = (v.iteration[k], v.bound[k], v.metric[k], low, high)
                yield fixed | dict(zip(NUMBERS, numbers, strict=True))
            if not v.iteration:
                yield fixed


def _lane(problem: ProblemResult, record: Run | Verdict) -> Row:
    params = ";".join(f"{key}={value}" for key, value in record.solver.params.items())
    return {
        "problem": problem.name,
        "solver": record.solver.name,
        "params": params,
        "lr0": record.lr0,
    }


def _about(v: Verdict) -> Row:
    """Return what is the same at every checkpoint."""
    law = v.order or {"kind": None, "value": None}
    return {
        "theorem": v.theorem,
        "kind": v.kind,
        "measure": v.measure,
        "iterate": v.iterate,
        "applies": v.applies,
        "reason": v.reason,
        "bound_verdict": v.bound_verdict,
        "failed_at": v.failed_at,
        "informative_from": v.informative_from,
        "order_kind": law["kind"],
        "order": law["value"],
        "measured_order": v.measured_order,
        "order_verdict": v.order_verdict,
        "order_reason": v.order_reason,
    }


def summary_rows(problems: Sequence[ProblemResult]) -> Iterator[Row]:
    """Yield a row for each solver and value of what varies; of a sweep a row for each solver."""
    for problem in problems:
        if problem.sweep is None:
            for runs in problem.groups.values():
                yield {**_lane(problem, runs[0]), **_end(problem, runs)}
        else:
            for sweep in problem.sweeps or (problem.sweep,):
                for s in sweep.solvers:
                    yield _sensitivity(problem, sweep, s)


def _end(problem: ProblemResult, runs: Sequence[Run]) -> Row:
    """Return how the runs of a lane ended, as means over seeds."""
    constants = problem.header.constants
    level, lr = at_end(runs, level_column(runs)), at_end(runs, "lr")
    known = not math.isnan(constants.f_star)
    target, measure = problem.header.target, problem.header.target_measure
    if target is None:
        target = DEFAULT_SHARE * constants.delta0
    of = [str(v.bound_verdict) for v in verdicts_of(problem, runs[0]) if v.applies]
    return {
        "seeds": len(runs),
        "status": str(worst_status(runs)),
        "objective": at_end(runs, "objective"),
        "suboptimality": level if known else None,
        "of_start": level / constants.delta0 if known and level and constants.delta0 else None,
        "lr": lr,
        "lr_L": None if lr is None else lr * constants.L,
        "target": None if math.isnan(target) else target,
        "passes_to_target": None if math.isnan(target) else passes_to(runs, target, measure),
        "test_loss": at_end(runs, "test_loss"),
        "test_accuracy": at_end(runs, "test_accuracy"),
        **{f"bounds_{verdict}": of.count(verdict) for verdict in COUNTED},
    }


def _sensitivity(problem: ProblemResult, sweep: Sweep, s: Sensitivity) -> Row:
    """Return the measures of a solver in a sweep."""
    low, high = s.usable or (None, None)
    factors = {f.power: f.factor for f in s.factors}
    return {
        "problem": problem.name,
        "solver": s.solver.name,
        "params": ";".join(f"{key}={value}" for key, value in s.solver.params.items()),
        "parameter": s.parameter,
        "target": sweep.target,
        "seeds": s.n_seeds,
        "best_value": s.best_value,
        "best_lr0": s.best_lr0,
        "best_passes": s.best_passes,
        "usable_low": low,
        "usable_high": high,
        "usable_decades": s.usable_decades,
        "draws": s.measures.draws,
        **{f"price_x{ratio}": s.measures.price.get(f"{ratio}") for ratio in RATIOS},
        **{_factor(power): factors.get(power) for power in POWERS},
        **{status: s.statuses.get(status, 0) for status in map(str, Status)},
        "missing": s.missing,
        "lr_L": s.final_lr_L,
        "lr_sensitivity": s.measures.lr_sensitivity,
    }
