"""Runs, problems and checks made by hand for the gate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from made_header import made_header

from lrbench.config.solver_spec import SolverSpec
from lrbench.gate import Check, parse_expectation
from lrbench.plan.plan import Plan
from lrbench.problem_files import load_spec
from lrbench.results import ProblemResult, Run, Status, Verdict

T = (0, 1, 2, 3, 5, 7, 10, 20, 30, 50, 70, 100)

BASE = """
[[check]]
name = "a"
problem = "log-spectrum"
solver = "gd"
lr0 = "0.5/L"
iterations = 20
"""


def made_run(gap: Callable[[float], float] = lambda t: 1.0 / max(t, 1.0), **changes: Any) -> Run:
    """A run over `T` whose F - f* at T is gap(T)."""
    values = np.array([gap(float(t)) for t in T])
    passes = np.array(T, dtype=float)
    trace = {
        "iteration": passes,
        "passes": passes,
        "seconds": passes / 10.0,
        "objective": values + 2.0,
        "suboptimality": values,
        "suboptimality_average": np.concatenate([[np.nan], 2.0 * values[1:]]),
        "suboptimality_best": values / 2.0,
        "grad_norm_sq": values**2,
        "lr": np.full(len(T), 0.1),
        "stable_from": np.zeros(len(T)),
    }
    trace |= changes.pop("columns", {})
    run = Run(
        solver=SolverSpec("wngrad"),
        setting="batch",
        batch_size=8,
        sampling=None,
        lr0=0.1,
        seed=0,
        status=Status.COMPLETED,
        status_at=100,
        trace=trace,
    )
    return replace(run, **changes)


def cut_at(run: Run, end: int, status: Status) -> Run:
    """The run up to T = `end`."""
    keep = run.trace["iteration"] <= end
    trace = {name: column[keep] for name, column in run.trace.items()}
    return replace(run, trace=trace, status=status, status_at=end)


def made_problem(*runs: Run, verdicts: Sequence[Verdict] = (), **header: Any) -> ProblemResult:
    return ProblemResult("made", made_header(**header), runs, verdicts)


def made_verdict(**changes: Any) -> Verdict:
    verdict = Verdict(
        SolverSpec("wngrad"),
        0.1,
        "C1",
        "certificate",
        "x",
        "suboptimality",
        "last",
        consistency=False,
        applies=True,
        reason="",
        iteration=[1, 10, 100],
        bound=[3.0, 2.0, 1.0],
        metric=[1.0, 0.5, 0.25],
        bound_verdict="pass",
    )
    return replace(verdict, **changes)


def made_check(*expect: str, **changes: Any) -> Check:
    """A check of 20 steps of gradient descent on a diagonal quadratic."""
    names = ("name", "baseline", "tolerance", "allow_inconclusive", "spec")
    given: dict[str, Any] = {k: changes.pop(k) for k in names if k in changes}
    options: dict[str, Any] = {"solvers": "gd", "lr0": "0.5/L", "iterations": 20}
    values: dict[str, Any] = {"name": "a", "spec": load_spec("log-spectrum")}
    plan, wanted = Plan(**options | changes), [parse_expectation(text) for text in expect]
    return Check(plan=plan, expectations=wanted, **values | given)


def configured(folder: Path, text: str) -> str:
    """Write a configuration and return its path."""
    path = folder / "lrbench.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)
