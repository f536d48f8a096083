"""Results to draw: swept and run on small problems, and runs made by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from made_header import made_header

import lrbench
from lrbench.config.solver_spec import SolverSpec
from lrbench.results import COLUMNS, ProblemResult, Result, Run, Status, Verdict


@cache
def batch_run() -> Result:
    """Three solvers at two lr0 in full batches, one of which diverges."""
    return lrbench.run(
        "log-spectrum", solvers=["wngrad", "adagrad-norm", "gd"], lr0=[0.7, 90.0], iterations=300
    )


@cache
def minibatch_sweep() -> Result:
    """Two solvers over seven lr0 and four seeds; some diverge, and most never arrive."""
    return lrbench.sweep(
        "log-spectrum",
        solvers=["sgd", "wngrad"],
        lr0="0.003:3000:7",
        batch_size=4,
        replicates=4,
        passes=30,
        target="10%",
        jobs=1,
    )


@cache
def minibatch_run() -> Result:
    """Two solvers in a ball over three seeds, whose bounds are on the average iterate."""
    return lrbench.run(
        "logreg", solvers=["wngrad", "sgd"], batch_size=32, replicates=3, radius=10.0, passes=8
    )


@cache
def batch_sweep() -> Result:
    """Three solvers over eleven lr0 in full batches, each with its whole budget."""
    return lrbench.sweep(
        "log-spectrum",
        solvers=["wngrad", "adagrad-norm", "gd"],
        lr0="1e-3:1e4:11",
        iterations=200,
        arrival="end",
        jobs=1,
    )


@cache
def two_axes() -> Result:
    """One solver over lr0 and eta."""
    return lrbench.sweep(
        "log-spectrum",
        solvers=["adagrad-norm"],
        over=["lr0=0.01:100:5", "eta=0.03,0.4,5"],
        iterations=150,
        jobs=1,
    )


@cache
def several_problems() -> Result:
    """Two solvers on three problems."""
    return lrbench.sweep(
        ["log-spectrum", "logreg", "squared-svm"],
        solvers=["wngrad", "gd"],
        lr0="0.01/L:100/L:5",
        iterations=400,
        target="5%",
        jobs=1,
    )


def as_json(result: Result) -> Any:
    """Return a result as any program reads it."""
    return json.loads(result.to_json())


def made_run(
    levels: Mapping[int, float],
    seed: int = 0,
    status: Status = Status.COMPLETED,
    lr0: float | None = 1.0,
    solver: str = "made",
    **columns: Sequence[float],
) -> Run:
    """Return a run with these levels of F - f* by iteration, 3 + 2 seed passes a step."""
    iteration = np.array([*levels], dtype=np.float64)
    trace = {name: np.full(len(levels), np.nan) for name in COLUMNS}
    trace |= {
        "iteration": iteration,
        "passes": iteration * (3.0 + 2.0 * seed),
        "seconds": iteration * 0.01 * (seed + 1.0),
        "suboptimality": np.array([*levels.values()], dtype=np.float64),
    }
    trace |= {name: np.array(numbers, dtype=np.float64) for name, numbers in columns.items()}
    return Run(
        solver=SolverSpec(solver),
        setting="stochastic",
        batch_size=2,
        sampling="replacement",
        lr0=lr0,
        seed=seed,
        status=status,
        status_at=int(iteration[-1]) if len(iteration) else 0,
        trace=trace,
    )


def made_verdict(theorem: str, bound: Mapping[int, float], **changes: Any) -> Verdict:
    """Return a verdict on F - f* of the last iterate of `made_run`, with these bounds."""
    verdict = Verdict(
        solver=SolverSpec("made"),
        lr0=1.0,
        theorem=theorem,
        kind="a-priori",
        statement="",
        measure="suboptimality",
        iterate="last",
        consistency=False,
        applies=True,
        reason="",
        iteration=[*bound],
        bound=[*bound.values()],
        metric=[0.0] * len(bound),
    )
    return replace(verdict, **changes)


def made_result(runs: Sequence[Run], verdicts: Sequence[Verdict] = (), **header: Any) -> Result:
    """Return a result with these runs on one problem."""
    problem = ProblemResult("made", made_header(**header), tuple(runs), tuple(verdicts))
    return Result([], {}, [problem])
