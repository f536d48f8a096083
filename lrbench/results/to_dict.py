"""Records as plain values: objects of JSON, and the rows of one table."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from lrbench.config.solver_spec import SolverSpec
from lrbench.results.performance import TAU, Profile, Profiles
from lrbench.results.records import COLUMNS, SUMMED, TESTED, ProblemResult, Run, Verdict
from lrbench.results.sweep import Sensitivity, Sweep

LABELS = ("problem", "solver", "params", "lr0", "seed", "status")
"""The columns of the table before those of the trace."""


def problem_dict(p: ProblemResult) -> dict[str, Any]:
    """Return one problem with its runs, verdicts and sensitivities."""
    values = {
        "name": p.name,
        **plain(p.header),
        "runs": [run_dict(r) for r in p.runs],
        "verdicts": [_verdict(v) for v in p.verdicts],
    }
    return values if p.sweep is None else values | {"sweep": _sweep(p.sweep)}


def _solver(s: SolverSpec) -> dict[str, Any]:
    return {"name": s.name, "params": dict(s.params), "shown": list(s.label_fields)}


def run_dict(r: Run) -> dict[str, Any]:
    """Return one run with its trace; the columns that every trace has come first."""
    trace = {name: plain(r.trace.get(name, [])) for name in {**dict.fromkeys(COLUMNS), **r.trace}}
    return {
        "solver": _solver(r.solver),
        "setting": r.setting,
        "batch_size": r.batch_size,
        "sampling": r.sampling,
        "lr0": r.lr0,
        "seed": r.seed,
        "status": str(r.status),
        "status_at": r.status_at,
        "error": r.error,
        "evaluation_seconds": r.evaluation_seconds,
        "trace": trace | {"iteration": [int(t) for t in trace["iteration"]]},
    }


def _verdict(v: Verdict) -> dict[str, Any]:
    values = {key: plain(getattr(v, key)) for key in v.__dataclass_fields__ if key != "solver"}
    return {"solver": _solver(v.solver), **values}


def _sweep(s: Sweep) -> dict[str, Any]:
    return {
        "target": plain(s.target),
        "iterations": s.iterations,
        "solvers": [_sensitivity(sensitivity) for sensitivity in s.solvers],
    }


def _sensitivity(s: Sensitivity) -> dict[str, Any]:
    values = {key: plain(getattr(s, key)) for key in s.__dataclass_fields__ if key != "factors"}
    factors = [
        {"power": f.power, "factor": plain(f.factor), "on_grid": f.on_grid} for f in s.factors
    ]
    return values | {"solver": _solver(s.solver), "factors": factors}


def profiles_dict(p: Profiles) -> dict[str, Any]:
    """Return the performance profiles over several problems."""
    return {"tau": list(TAU), "tuned": _profile(p.tuned), "untuned": _profile(p.untuned)}


def _profile(p: Profile) -> dict[str, Any]:
    return {
        "n_instances": p.n_instances,
        "unsolved": p.unsolved,
        "shares": {solver: list(rho) for solver, rho in p.shares.items()},
        "solved": dict(p.solved),
    }


def plain(value: Any) -> Any:
    """Return `value` in JSON's own types; NaN and infinities become null."""
    if isinstance(value, np.ndarray):
        numbers = value.tolist()
        if value.dtype == np.float64 and value.ndim == 1:
            # A sum is finite only if all its terms are.
            finite = math.isfinite(sum(numbers))
            return numbers if finite else [v if math.isfinite(v) else None for v in numbers]
        value = numbers
    if isinstance(value, np.generic):  # np.float64 is a float, but np.int64 is no int
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return value


def trace_columns(problems: Sequence[ProblemResult]) -> tuple[str, ...]:
    """Return the columns of all traces: common ones, of held-out samples, solver states, sums."""
    # A dict, and not a set: states of solvers keep the order in which they first occur.
    names = {name: None for p in problems for r in p.runs for name in r.trace}
    tested = [name for name in TESTED if name in names]
    states = [name for name in names if name not in COLUMNS + TESTED + SUMMED]
    sums = [name for name in SUMMED if name in names]
    return (*COLUMNS, *tested, *states, *sums)


def rows(problems: Sequence[ProblemResult], columns: Sequence[str]) -> Iterator[list[Any]]:
    """Yield the values of `LABELS` and `columns` for each checkpoint, None for no number.

    A run without a checkpoint makes a row without numbers.
    """
    for problem in problems:
        for run in problem.runs:
            params = ";".join(f"{key}={value}" for key, value in run.solver.params.items())
            labels = [problem.name, run.solver.name, params, run.lr0, run.seed, str(run.status)]
            trace = run_dict(run)["trace"]
            n_checkpoints = len(trace["iteration"])
            for k in range(n_checkpoints):
                yield labels + [trace[c][k] if trace.get(c) else None for c in columns]
            if not n_checkpoints:
                yield labels + [None] * len(columns)
