"""Runs made by hand from the passes to the target for each seed and lr0."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from lrbench.config.solver_spec import SolverSpec
from lrbench.results import COLUMNS, ProblemResult, Run, Status

TARGET = 0.01


def made_run(
    solver: SolverSpec, lr0: float, seed: int, passes: float, status: Status | None = None
) -> Run:
    """Return a run that reaches the target after these passes, or never if they are inf."""
    reached = math.isfinite(passes)
    gap = [1.0, 0.5, TARGET / 2] if reached else [1.0, 0.5, 0.4]
    cost = [0.0, passes / 2, passes] if reached else [0.0, 5.0, 10.0]
    trace = {name: np.full(3, np.nan) for name in COLUMNS}
    trace |= {
        "iteration": np.array([0.0, 500.0, 1000.0]),
        "passes": np.array(cost),
        "suboptimality": np.array(gap),
        "lr": np.array([np.nan, 1.0, 0.25]),
    }
    ended = status or (Status.REACHED_TARGET if reached else Status.STALLED)
    if ended is Status.INTERRUPTED:
        trace = {}
    status_at = 0 if ended is Status.INTERRUPTED else 1000
    return Run(solver, lr0, "stochastic", 10, "replacement", seed, ended, status_at, trace)


def made_problem(
    lr0: Sequence[float],
    passes: Mapping[str, Sequence[Sequence[float]]],
    name: str = "made",
    L: float | None = 2.0,
) -> ProblemResult:
    """Return a problem with the runs of each solver: `passes` has a row for each seed."""
    runs = [
        made_run(SolverSpec(solver), rate, seed, cost)
        for solver, rows in passes.items()
        for seed, row in enumerate(rows)
        for rate, cost in zip(lr0, row, strict=True)
    ]
    header = {
        "title": "",
        "fingerprint": name,
        "data": "made",
        "n_samples": 1000,
        "n_features": 3,
        "nnz": 3000,
        "loss": "logistic",
        "penalty": {"name": "none", "weight": 0.0},
        "scale": "none",
        "intercept": False,
        "test": None,
        "labels": None,
        "start": "zeros",
        "radius": None,
        "target": TARGET,
        "constants": {
            "L": L,
            "L_method": "eigenvalues" if L else "not smooth",
            "L_max": L,
            "mu": 0.0,
            "kappa": None,
            "G": None,
            "distance": 1.0,
            "delta0": 1.0,
            "noise_star": 0.0,
            "f_star": 0.0,
            "f_star_error": 1e-12,
            "f_star_method": "made",
            "attained": True,
            "no_minimiser": "",
            "f_star_certified": True,
            "f_star_obstacle": "",
        },
    }
    return ProblemResult(name, header, tuple(runs), ())
