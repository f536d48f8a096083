"""Runs in groups of one solver and lr0, and what a page says of a group."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from lrbench.reports.blocks import Cell, number
from lrbench.results import ProblemResult, Run, Status, Verdict
from lrbench.solver_spec import SolverSpec

SEVERITY = (
    Status.COMPLETED,
    Status.REACHED_TARGET,
    Status.STALLED,
    Status.INTERRUPTED,
    Status.DIVERGED,
    Status.FAILED,
)


def by_solver(runs: Iterable[Run]) -> dict[tuple[str, float], list[Run]]:
    """Return the runs of every solver and lr0, over seeds, in the order they were run."""
    groups: dict[tuple[str, float], list[Run]] = {}
    for run in runs:
        groups.setdefault((str(run.solver), run.lr0), []).append(run)
    return dict(sorted(groups.items(), key=lambda item: _first_seen(item[0][0], groups)))


def _first_seen(solver: str, groups: dict[tuple[str, float], list[Run]]) -> int:
    return next(k for k, (name, _) in enumerate(groups) if name == solver)


def verdicts_of(problem: ProblemResult, solver: SolverSpec, lr0: float) -> list[Verdict]:
    """Return the verdicts on one solver and lr0."""
    return [v for v in problem.verdicts if v.solver == solver and v.lr0 == lr0]


def status_cell(runs: Sequence[Run]) -> Cell:
    """Return how the runs ended: of several seeds the worst, with its count."""
    worst = max(runs, key=lambda r: SEVERITY.index(r.status))
    text = str(worst.status)
    same = [r for r in runs if r.status is worst.status]
    if len(same) < len(runs):
        text = f"{len(same)}/{len(runs)} {text}"
    elif len(runs) == 1 and worst.status not in (Status.COMPLETED, Status.STALLED):
        text += f" at {worst.status_at}"
    good = worst.status in (Status.COMPLETED, Status.REACHED_TARGET)
    bad = worst.status in (Status.DIVERGED, Status.FAILED)
    return Cell(text, "" if good else "bad" if bad else "warn")


def mean_at(runs: Sequence[Run], column: str, iteration: int) -> float | None:
    """Return the mean over seeds of a column at a checkpoint; None where a run has none."""
    values = []
    for run in runs:
        at = np.flatnonzero(run.trace.get("iteration", np.empty(0)) == iteration)
        if not len(at) or column not in run.trace:
            return None
        values.append(float(run.trace[column][at[0]]))
    return float(np.mean(values))


def table_iterations(runs: Sequence[Run]) -> list[int]:
    """Return the checkpoints of the 1-2-5 series, zero and the last one."""
    seen = sorted({int(t) for r in runs for t in r.trace.get("iteration", ())})
    return [t for t in seen if str(t).rstrip("0") in ("", "1", "2", "5") or t == seen[-1]]


def share(certificate: Verdict, t: int) -> str:
    """Return measured / bound at a checkpoint."""
    if t not in certificate.iteration:
        return ""
    k = list(certificate.iteration).index(t)
    bound = certificate.bound[k]
    return f"{certificate.metric[k] / bound:.2g}" if bound and math.isfinite(bound) else "-"


def smoothness(problem: ProblemResult) -> float:
    """Return L; infinity where there is none, which is null in a saved result."""
    L = problem.header["constants"]["L"]
    return math.inf if L is None else float(L)


def timing(runs: Iterable[Run]) -> str:
    """Return how long the steps and the evaluations of one solver took, over all seeds.

    The clock is that of the bundle: all lanes of a seed share it.
    """
    steps: dict[int, float] = {}
    evaluation: dict[int, float] = {}
    for run in runs:
        seconds = max(run.trace.get("seconds", np.zeros(0)), default=0.0)
        steps[run.seed] = max(steps.get(run.seed, 0.0), float(seconds))
        evaluation[run.seed] = run.evaluation_seconds
    return (
        f"{number(sum(steps.values()))} s of steps,"
        f" {number(sum(evaluation.values()))} s of evaluation"
    )
