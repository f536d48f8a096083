"""Runs made by hand from the passes to the target for each seed and lr0."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from made_header import made_header

from lrbench.config.solver_spec import SolverSpec
from lrbench.results import COLUMNS, ProblemResult, Run, Status

TARGET = 0.01


def made_run(
    solver: SolverSpec, lr0: float | None, seed: int, passes: float, status: Status | None = None
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
    return Run(
        solver=solver,
        setting="stochastic",
        batch_size=10,
        sampling="replacement",
        lr0=lr0,
        seed=seed,
        status=ended,
        status_at=status_at,
        trace=trace,
    )


def made_problem(
    lr0: Sequence[float],
    passes: Mapping[str, Sequence[Sequence[float]]],
    name: str = "made",
    L: float = 2.0,
    without_lr0: Mapping[str, Sequence[float]] | None = None,
) -> ProblemResult:
    """Return a problem with the runs of each solver: `passes` has a row for each seed.

    `without_lr0` has the passes of methods of which nothing varies, for each seed.
    """
    runs = [
        made_run(SolverSpec(solver), rate, seed, cost)
        for solver, rows in passes.items()
        for seed, row in enumerate(rows)
        for rate, cost in zip(lr0, row, strict=True)
    ]
    runs += [
        made_run(SolverSpec(solver), None, seed, cost)
        for solver, costs in (without_lr0 or {}).items()
        for seed, cost in enumerate(costs)
    ]
    header = made_header(
        fingerprint=name,
        n_samples=1000,
        nnz=3000,
        target=TARGET,
        L=L,
        L_method="eigenvalues" if math.isfinite(L) else "not smooth",
        L_max=L,
        mu=0.0,
        mu_pl=0.0,
        noise_star=0.0,
        f_star=0.0,
        f_star_error=1e-12,
    )
    return ProblemResult(name, header, tuple(runs), ())
