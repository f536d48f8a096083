"""The page of `lrbench run`: convergence beside theory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from lrbench.reports.blocks import Block, Cell, Grid, Line, line, number, scientific
from lrbench.reports.verdict_blocks import (
    VERDICT_STYLE,
    main_bound,
    main_certificate,
    refused,
    verdict_grid,
    with_interval,
)
from lrbench.results import ProblemResult, Result, Run, Status, Verdict

if TYPE_CHECKING:
    from lrbench.solvers.base import SolverSpec

SEVERITY = (
    Status.COMPLETED,
    Status.REACHED_TARGET,
    Status.STALLED,
    Status.INTERRUPTED,
    Status.DIVERGED,
    Status.FAILED,
)

T = TypeVar("T")


def page(result: Result) -> Iterator[Block]:
    """Yield the blocks of the page, problem by problem."""
    for k, problem in enumerate(result.problems):
        if k:
            yield line("")
        yield from problem_lines(problem)
        if len({run.lr0 for run in problem.runs}) == 1:
            yield from _one_lr0(problem)
        else:
            yield from _many_lr0(problem)


def problem_lines(problem: ProblemResult) -> Iterator[Line]:
    """Yield what is known of the problem before any run."""
    h: Any = problem.header
    yield line(f"{problem.name}: {h['title']}" if h["title"] else problem.name, style="title")
    yield line(*_data(h))
    yield line(*_model(h), *_optimum(h["constants"]))
    if not h["constants"]["attained"]:
        yield line("f* is not attained: what needs a minimiser w* stays empty", style="warn")


def _data(h: Any) -> Iterator[str]:
    yield h["data"]
    yield h["scale"] if h["scale"] != "none" else "not scaled"
    yield f"n = {h['n_samples']}"
    yield f"d = {h['n_features']}" + (" (with intercept)" if h["intercept"] else "")
    density = h["nnz"] / (h["n_samples"] * h["n_features"])
    if density < 0.5:
        yield f"{100 * density:.3g} % non-zeros"
    if h["labels"]:
        yield ", ".join(f"{sign} = {name}" for sign, name in h["labels"].items())


def _model(h: Any) -> Iterator[str]:
    L, c = h["constants"]["L"], h["constants"]
    yield f"{h['loss']} loss"
    if h["penalty"]["weight"]:
        yield f"{h['penalty']['name']} penalty {number(h['penalty']['weight'])}"
    if L is not None and np.isfinite(L):
        how = "" if c["L_method"] == "eigenvalues" else f" ({c['L_method']})"
        yield f"L = {number(L, 4)}{how}"
        yield f"1/L = {number(1 / L, 4)}"
        yield f"2/L = {number(2 / L, 4)}"
    if c["mu"]:
        yield f"mu = {number(c['mu'])}"


def _optimum(c: Any) -> Iterator[str]:
    yield f"f* = {c['f_star']:.7g} +- {c['f_star_error']:.1g} ({c['f_star_method']})"
    yield f"F(w_0) - f* = {number(c['delta0'])}"
    if c["distance"] is not None:
        yield f"|w_0 - w*| = {number(c['distance'])}"


def _setting(problem: ProblemResult) -> Iterator[str]:
    run = problem.runs[0]
    if run.setting == "batch":
        yield "full batches"
    else:
        how = "with replacement" if run.sampling == "replacement" else "reshuffled"
        yield f"batches of {run.batch_size} {how}"
    lr0s = sorted({r.lr0 for r in problem.runs})
    seeds = sorted({r.seed for r in problem.runs})
    if len(lr0s) == 1:
        yield f"lr0 = {lr0s[0]:g}"
    if problem.header["radius"] is not None:
        yield f"ball of radius {problem.header['radius']:g} around w_0"
    if len(seeds) > 1:
        yield f"means over {len(seeds)} seeds"


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
        if not len(at):
            return None
        values.append(float(run.trace[column][at[0]]))
    return float(np.mean(values))


def _one_lr0(problem: ProblemResult) -> Iterator[Block]:
    groups = by_solver(problem.runs)
    certificates = {
        key: main_certificate(verdicts_of(problem, runs[0].solver, runs[0].lr0))
        for key, runs in groups.items()
    }
    yield line(*_setting(problem), "F(w_T) - f* after T iterations and measured / certificate:")
    columns = ["T"]
    for key in groups:
        certificate = certificates[key]
        columns += [key[0]] + ([f"/ {certificate.theorem}"] if certificate else [])
    rows = []
    for t in _table_iterations(problem.runs):
        row = [Cell(str(t))]
        for key, runs in groups.items():
            row.append(Cell(scientific(mean_at(runs, "suboptimality", t))))
            certificate = certificates[key]
            if certificate:
                row.append(Cell(_share(certificate, t)))
        rows.append(row)
    yield Grid(columns, rows)
    for runs in groups.values():
        yield from _solver_blocks(problem, runs)


def _share(certificate: Verdict, t: int) -> str:
    """Return measured / bound at a checkpoint."""
    if t not in certificate.iteration:
        return ""
    k = list(certificate.iteration).index(t)
    bound = certificate.bound[k]
    return f"{certificate.metric[k] / bound:.2g}" if bound else "-"


def _table_iterations(runs: Sequence[Run]) -> list[int]:
    """Return the checkpoints of the 1-2-5 series, zero and the last one."""
    seen = sorted({int(t) for r in runs for t in r.trace.get("iteration", ())})
    return [t for t in seen if str(t).rstrip("0") in ("", "1", "2", "5") or t == seen[-1]]


def _solver_blocks(problem: ProblemResult, runs: Sequence[Run]) -> Iterator[Block]:
    status, L = status_cell(runs), problem.header["constants"]["L"]
    verdicts = verdicts_of(problem, runs[0].solver, runs[0].lr0)
    final = runs[0].trace.get("lr", np.empty(0))
    words = f"{runs[0].solver}: {status.text}"
    if len(final) > 1 and np.isfinite(L):
        words += f"; last lr {number(final[-1])} = {number(final[-1] * L)}/L"
    yield line("")
    yield line(words, style=status.style or "title")
    if runs[0].error:
        yield line(runs[0].error, style="bad")
    yield from verdict_grid(verdicts)
    yield from refused(verdicts)


def _many_lr0(problem: ProblemResult) -> Iterator[Block]:
    groups = by_solver(problem.runs)
    last = max(_table_iterations(problem.runs), default=0)
    of = f"F - f* after T = {last} iterations, of the last iterate and of the average:"
    yield line(*_setting(problem), of)
    for solver in dict.fromkeys(name for name, _ in groups):
        lanes = [runs for (name, _), runs in groups.items() if name == solver]
        yield line("")
        yield line(solver, style="title")
        rows = [list(_lane_row(problem, runs, last)) for runs in lanes]
        columns = ["lr0", "status", "last", "average", "bound", "verdict", "order", "lr L"]
        if not any(row[6].text for row in rows):
            columns, rows = without(columns, 6), [without(row, 6) for row in rows]
        yield Grid(columns, rows, frozenset({1, 4, 5}))
        yield from refused([v for v in problem.verdicts if str(v.solver) == solver])


def without(items: Sequence[T], position: int) -> list[T]:
    """Return the items but for one."""
    return [item for k, item in enumerate(items) if k != position]


def _lane_row(problem: ProblemResult, runs: Sequence[Run], last: int) -> Iterator[Cell]:
    run, L = runs[0], problem.header["constants"]["L"]
    verdicts = verdicts_of(problem, run.solver, run.lr0)
    shown = main_certificate(verdicts) or main_bound(verdicts)
    yield Cell(f"{run.lr0:g}")
    yield status_cell(runs)
    yield Cell(scientific(mean_at(runs, "suboptimality", last)))
    yield _average(runs, verdicts, last)
    if shown is None:
        yield Cell("none")
        yield Cell("")
    else:
        yield Cell(f"{shown.theorem} {scientific(shown.bound[-1])}")
        yield Cell(shown.bound_verdict, VERDICT_STYLE.get(shown.bound_verdict, ""))
    orders = [v for v in verdicts if v.measured_order is not None and v.measure == "suboptimality"]
    first = min(orders, key=lambda v: v.iterate != "last", default=None)
    order = None if first is None else first.measured_order
    yield Cell("" if order is None else number(order, 2))
    lr = mean_at(runs, "lr", last)
    yield Cell(number(lr * L, 2) if lr is not None else "-")


def _average(runs: Sequence[Run], verdicts: Sequence[Verdict], last: int) -> Cell:
    """Return F - f* of the average, with its interval over seeds where a verdict has one."""
    mean = mean_at(runs, "suboptimality_average", last)
    for v in verdicts:
        if (v.measure, v.iterate) == ("suboptimality", "average") and v.metric_interval:
            return Cell(with_interval(v))
    return Cell(scientific(mean))
