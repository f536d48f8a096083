"""Results to show: made by a run, and made by hand to be awkward."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import cache

import numpy as np
from made_header import with_header

import lrbench
from lrbench.reports import REPORTS
from lrbench.reports.view import View
from lrbench.results import Result, Run, Status


@cache
def batch() -> Result:
    """Two solvers at two initial learning rates, one of them far too high."""
    return lrbench.run("log-spectrum", solvers=["wngrad", "sgd"], lr0=[1.0, 100.0], iterations=200)


@cache
def one_lr0() -> Result:
    """Three solvers at one initial learning rate."""
    return lrbench.run("logreg", lr0=[100.0], iterations=50)


@cache
def stochastic() -> Result:
    """Three seeds."""
    return lrbench.run(
        "log-spectrum", solvers=["wngrad"], lr0=[0.01], batch_size=4, replicates=3, passes=5
    )


def every() -> dict[str, Result]:
    return {"batch": batch(), "one-lr0": one_lr0(), "stochastic": stochastic()}


def awkward() -> Result:
    """Names with every character that means something to LaTeX, Markdown or CSV; no numbers."""
    result = one_lr0()
    problem = result.problems[0]
    bad = r'50%_a&b #1 {x} ~ ^ \ $ <i> | "q", *it*'
    wngrad = problem.runs[0]
    failed = replace(
        wngrad,
        solver=replace(wngrad.solver, params={"order": "a_b&c|%#"}),
        status=Status.FAILED,
        status_at=0,
        trace={},
        error=f"ValueError: {bad}",
    )
    problem = with_header(problem, title=bad, labels={"+1": "a|b", "-1": "c_d"})
    return replace(result, problems=[replace(problem, runs=[wngrad, failed], verdicts=())])


def last_lost(run: Run) -> Run:
    """The run with no number in the last row of its gap."""
    gap = run.trace["suboptimality"].copy()
    gap[-1] = np.nan
    return replace(run, trace=run.trace | {"suboptimality": gap})


def shown(result: Result, form: str, view: View | None = None) -> str:
    out = io.StringIO()
    REPORTS.get(form)(result, out, view or View())
    return out.getvalue()
