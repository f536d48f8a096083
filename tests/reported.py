"""Results for HTML reports, some of them hostile, and what stands in the page of one."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from made_header import with_header

import lrbench
from lrbench.reports.web.document import html_report
from lrbench.results import Result

SOLVERS = ["wngrad", "adagrad-norm", "sgd"]
GRID = "0.003:300:8"

HOSTILE = "<script>window.attacked = 1</script></title></td>"
"""A title that would run if it were taken for HTML."""

FOREIGN = "\u202eright to left\u202c \u6f22\u5b57\uff21 \u05e2\u05d1\u05e8\u05d9\u05ea"
"""Wide letters, Hebrew, and an override of the direction of writing."""


@cache
def swept() -> Result:
    """Three solvers at eight lr0, some of which arrive, and others diverge or never get there."""
    result = lrbench.sweep("logreg", solvers=SOLVERS, lr0=GRID, iterations=400)
    words = ["--problem=logreg", *(f"--solver={s}" for s in SOLVERS), f"--lr0={GRID}"]
    return replace(result, command=("sweep", *words, "--iterations=400", "--force"))


@cache
def seeds() -> Result:
    """Minibatches: five seeds of two solvers at three lr0, so that curves have bands."""
    return lrbench.run(
        "log-spectrum",
        solvers=["wngrad", "sgd"],
        lr0=[0.01, 0.2, 1.5],
        batch_size=4,
        replicates=5,
        passes=7,
    )


@cache
def one_run() -> Result:
    """One run of three solvers at a rate that is far too high."""
    return lrbench.run("logreg", solvers=SOLVERS, lr0=[100.0], iterations=50)


@cache
def far_above() -> Result:
    """A run that is farther above its start than a figure has room for, and comes back."""
    (problem,) = one_run().problems
    run = next(run for run in problem.runs if run.solver.name == "sgd")
    levels = run.trace["suboptimality"].copy()
    levels[3:6] = [1234.0, 7e5, 2e3]
    runs = [replace(run, trace={**run.trace, "suboptimality": levels})]
    return replace(one_run(), problems=[replace(problem, runs=runs, verdicts=())])


@cache
def all_lost() -> Result:
    """A sweep of one solver in which every run diverges in its first step."""
    return lrbench.sweep("logreg", solvers=["sgd"], lr0=[1e299, 3e301], iterations=9)


@cache
def two_axes() -> Result:
    """One solver over lr0 and eta; some pairs arrive."""
    return lrbench.sweep(
        "log-spectrum",
        solvers=["adagrad-norm"],
        over=["lr0=0.01:100:5", "eta=0.03,0.4,5"],
        iterations=150,
        jobs=1,
    )


def hostile() -> Result:
    """The sweep with HTML, a line separator and foreign letters wherever a file may have text."""
    result = swept()
    problem = with_header(
        result.problems[0],
        title=HOSTILE,
        data=f"</script><img src=x onerror='window.attacked = 2'>{FOREIGN}",
        labels={"+1": f"</td></table>{FOREIGN}", "-1": "a\u2028b\x1b[31m"},
    )
    runs = [
        replace(run, error="<b onmouseover='window.attacked = 3'>" if k == 0 else None)
        for k, run in enumerate(problem.runs)
    ]
    problem = replace(problem, name=f"'{HOSTILE}", runs=runs)
    return replace(result, problems=[problem], environment={HOSTILE: "</dd><script>x</script>"})


def without_numbers() -> Result:
    """The one run, with NaN in every column of every trace."""
    result = one_run()
    problem = result.problems[0]
    runs = [
        replace(
            r,
            trace={
                k: v if k == "iteration" else np.full(len(v), np.nan) for k, v in r.trace.items()
            },
        )
        for r in problem.runs
    ]
    return replace(result, problems=[replace(problem, runs=runs)])


def report_of(result: Result, name: str = "result.json") -> str:
    return html_report([(name, result)])


def charts_of(page: str) -> dict[str, Any]:
    """Return what the script of a page draws, by section."""
    (text,) = re.findall(
        r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL
    )
    charts: dict[str, Any] = json.loads(text)
    return charts
