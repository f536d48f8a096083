"""The numbers of figures over several problems, and over two axes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from lrbench.reports.figures.labels import solver_labels
from lrbench.reports.figures.sensitivity import Outcome, SensitivityCurve, sensitivity
from lrbench.results import ProblemResult
from lrbench.results.performance import Instance, instances


@dataclass(frozen=True)
class ShareCurve:
    """The share of instances that a solver solves within x, which rises at each of its points."""

    solver: str
    x: tuple[float, ...]
    """Ascending: passes, or passes over those of the best solver."""
    share: tuple[float, ...]
    """From x on, up to the next point; it is 0 below the first."""


@dataclass(frozen=True)
class ProfileFigure:
    """The profiles that `lrbench.results.performance.profiles` defines, at all their steps."""

    n_problems: int
    n_cases: int
    """The pairs of a problem and a value, which are the instances of the untuned profile."""
    tuned: tuple[ShareCurve, ...]
    untuned: tuple[ShareCurve, ...]
    data: tuple[ShareCurve, ...]
    """Over passes, with the best value on each problem."""


@dataclass(frozen=True)
class SensitivityMap:
    """The passes of one solver to the target over two axes; (n_values, n_seconds)."""

    solver: str
    parameter: str
    second: str
    """The parameter of the second axis."""
    values: tuple[float, ...]
    """Ascending, of all rows together."""
    seconds: tuple[float, ...]
    """The values of the second axis, ascending."""
    passes: tuple[tuple[float, ...], ...]
    """inf where most seeds did not arrive, NaN where nothing is known or was not run."""
    outcome: tuple[tuple[Outcome, ...], ...]


def profile_figure(
    problems: Sequence[ProblemResult], solvers: Collection[str] | None = None
) -> ProfileFigure:
    """Return the profiles of the sweeps on several problems.

    Parameters
    ----------
    problems
        Each with a sweep.
    solvers
        Those whose curves are returned, as the result names them; None for all. The others are
        compared with all the same.
    """
    names, tuned, untuned = instances(problems)
    labels = [solver_labels(problem) for problem in problems]
    of_name = {n: {of[n] for of in labels if n in of} for n in names}
    texts = {n: of.pop() if len(of) == 1 else n for n, of in of_name.items()}

    def curves(
        cases: Sequence[Instance], cost: Callable[[Instance, str], float]
    ) -> Iterator[ShareCurve]:
        for name in names if solvers is None else (n for n in names if n in solvers):
            yield _steps(texts[name], [cost(instance, name) for instance in cases])

    return ProfileFigure(
        n_problems=len(tuned),
        n_cases=len(untuned),
        tuned=tuple(curves(tuned, Instance.ratio_of)),
        untuned=tuple(curves(untuned, Instance.ratio_of)),
        data=tuple(curves(tuned, Instance.cost_of)),
    )


def _steps(solver: str, costs: Sequence[float]) -> ShareCurve:
    """Return the share of these costs that is at most x."""
    finite = sorted(cost for cost in costs if cost < float("inf"))
    share = {cost: (k + 1) / len(costs) for k, cost in enumerate(finite)}  # the last of equal ones
    return ShareCurve(solver, tuple(share), tuple(share.values()))


def sensitivity_maps(
    problem: ProblemResult, solvers: Sequence[str] | None = None
) -> list[SensitivityMap]:
    """Return the map of each solver with a second axis; none where the sweep has no such axis.

    Parameters
    ----------
    problem
        With a sweep.
    solvers
        Rows of the result as it names them; None for all.
    """
    assert problem.sweep is not None
    seconds = {str(s.solver): (s.solver, s.second_axis) for s in problem.sweep.solvers}
    rows: dict[tuple[str, str], list[tuple[float, SensitivityCurve]]] = defaultdict(list)
    for curve in sensitivity(problem, solvers).curves:
        spec, second_axis = seconds[curve.method]
        for second, value in second_axis.items():
            rows[str(spec.without(second)), second].append((value, curve))
    return [_map(solver, second, of_solver) for (solver, second), of_solver in rows.items()]


def _map(solver: str, second: str, rows: list[tuple[float, SensitivityCurve]]) -> SensitivityMap:
    rows = sorted(rows, key=lambda row: row[0])
    curves = [curve for _, curve in rows]
    values = sorted({value for curve in curves for value in curve.values})
    passes = [dict(zip(c.values, c.passes, strict=True)) for c in curves]
    outcome = [dict(zip(c.values, c.outcome, strict=True)) for c in curves]
    return SensitivityMap(
        solver,
        curves[0].parameter,
        second,
        tuple(values),
        tuple(value for value, _ in rows),
        tuple(tuple(of.get(value, float("nan")) for of in passes) for value in values),
        tuple(tuple(of.get(value, "unknown") for of in outcome) for value in values),
    )
