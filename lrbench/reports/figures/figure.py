"""The figures of a result by kind: from what is asked for to a sheet."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, TypeVar

from lrbench.config.learning_rates import LearningRate, resolve_learning_rates
from lrbench.config.registry import did_you_mean
from lrbench.errors import LrbenchError, UsageError, quoted
from lrbench.reports.figures.axes import blank_part, legend_lines
from lrbench.reports.figures.comparison import profile_figure, sensitivity_maps
from lrbench.reports.figures.curves import (
    Convergence,
    DrawnIterate,
    Rates,
    chosen_lanes,
    convergence,
    rates,
)
from lrbench.reports.figures.draw_comparison import map_part, profile_part
from lrbench.reports.figures.draw_runs import convergence_part, rates_part
from lrbench.reports.figures.draw_sweep import sensitivity_part
from lrbench.reports.figures.labels import common_value, solver_labels
from lrbench.reports.figures.sensitivity import sensitivity
from lrbench.reports.figures.sheet import Part, Sheet
from lrbench.results import ProblemResult, Result, comparable
from lrbench.results.ranking import LaneLabel

Kind: TypeAlias = Literal["convergence", "sensitivity", "rates", "profiles", "map"]

Along = TypeVar("Along", Convergence, Rates)

NEAR = 5e-3
"""Values within this relative distance are the same, as one is typed in three digits."""

LINE = 0.135
"""The height of a line of the legend in inches."""

AXIS = 0.35
"""The height of the labels of the horizontal axis."""


@dataclass(frozen=True)
class FigureOptions:
    """What is asked of a figure.

    Parameters
    ----------
    kind
        None for the sensitivity of a sweep, and for the convergence of runs.
    abscissa
        What convergence and rates are drawn over: ``"iterations"``, ``"passes"`` or ``"seconds"``.
    linear
        Whether that axis is linear and not logarithmic.
    iterate
        Whose level convergence shows; None for that on which bounds say anything.
    problems
        The names of those to draw; none for all.
    solvers
        The names of those to draw, with or without parameters; none for all.
    values
        Those of what varies, of which convergence and rates draw the lanes; none for a choice.
        Values in units of 1/L are those of each problem.
    title
        What stands above the figure; None for the problem, and empty for nothing.
    """

    kind: Kind | None = None
    abscissa: str = "iterations"
    linear: bool = False
    iterate: DrawnIterate | None = None
    problems: tuple[str, ...] = ()
    solvers: tuple[str, ...] = ()
    values: tuple[LearningRate, ...] = ()
    title: str | None = None


def nothing() -> LrbenchError:
    """Return the error of a result without a number."""
    return LrbenchError(
        "there is no number to draw.",
        "run it again with more time, more steps, a lower target or a lower learning rate.",
    )


MOST_VALUES = 8
"""The most values that a hint lists."""


def no_average() -> UsageError:
    """Return the error of a figure of averages that no run has."""
    return UsageError(
        "the runs have no F - f* at the average of their iterates.",
        "leave --iterate out, which draws the iterates themselves.",
    )


def sheet_of(result: Result, options: FigureOptions) -> Sheet:
    """Return the figure of a result.

    Raises
    ------
    UsageError
        If a problem, solver or value is not in the result, or the result has not what the kind
        shows.
    LrbenchError
        If there is no number to draw.
    """
    problems = chosen_problems(result, options)
    kind = options.kind or default_kind(problems)
    parts_of, unit = KINDS[kind]
    parts = tuple(parts_of(problems, options))
    if not parts:
        raise UsageError("no solver was swept over two axes.", "sweep with --over given twice.")
    if all(part.blank for part in parts):
        raise no_average() if options.iterate == "average" else nothing()
    lines = max(map(legend_lines, parts))
    title = f"{kind}: {', '.join(dict.fromkeys(p.name for p in problems))}"
    panels = max(sum(panel.height for panel in part.panels) for part in parts)
    return Sheet(parts, AXIS + unit * panels + LINE * lines, title)


def default_kind(problems: Sequence[ProblemResult]) -> Kind:
    """Return the kind of figure that shows most of these problems."""
    return "convergence" if any(p.sweep is None for p in problems) else "sensitivity"


def chosen_problems(result: Result, options: FigureOptions) -> list[ProblemResult]:
    """Return the problems of the result to draw, all of which have runs."""
    names = [p.name for p in result.problems]
    for name in options.problems:
        if name not in names:
            raise UsageError(
                f"the result has no problem {quoted(name)}.", did_you_mean(name, names)
            )
    chosen = [p for p in result.problems if not options.problems or p.name in options.problems]
    started = [p for p in chosen if p.groups]
    if not started:
        raise nothing()
    return started


def chosen_methods(problem: ProblemResult, names: Sequence[str]) -> list[str]:
    """Return the methods of a problem with these names, with or without parameters."""
    labels = solver_labels(problem)
    if not names:
        return list(labels)
    short = {str(run.method): run.solver.name for run in problem.runs}
    known = {method: {method, label, short.get(method, "")} for method, label in labels.items()}
    every = {name for of in known.values() for name in of} - {""}
    for name in names:
        if name not in every:
            raise UsageError(
                f"the result has no solver {quoted(name)} on {problem.name}.",
                did_you_mean(name, every),
            )
    return [method for method, of in known.items() if of & set(names)]


def lanes_to_draw(problem: ProblemResult, options: FigureOptions) -> list[LaneLabel]:
    """Return the lanes of a figure along runs."""
    methods = set(chosen_methods(problem, options.solvers))
    lanes = [lane for lane in problem.groups if lane[0] in methods]
    if not options.values:
        return chosen_lanes(problem, lanes)
    values = resolve_learning_rates(options.values, problem.header.constants.L)
    for value in values:
        if not any(_is_near(lane, value) for lane in lanes):
            raise UsageError(
                f"no run of {problem.name} has the value {value:g}.",
                _values_hint(sorted({v for _, v in lanes if v is not None})),
            )
    return [lane for lane in lanes if any(_is_near(lane, value) for value in values)]


def _values_hint(values: Sequence[float]) -> str:
    """Return which values there are."""
    if not values:
        return "nothing varies over the runs: leave --value out."
    if len(values) > MOST_VALUES:
        return f"give some of the {len(values)} values from {values[0]:g} to {values[-1]:g}."
    texts = ", ".join(f"{value:g}" for value in values)
    return f"the value{'s are' * (len(values) > 1) or ' is'} {texts}."


def _is_near(lane: LaneLabel, value: float) -> bool:
    return lane[1] is None or math.isclose(lane[1], value, rel_tol=NEAR)


def title_of(
    problem: ProblemResult, options: FigureOptions, lanes: Sequence[LaneLabel] = ()
) -> str:
    """Return what stands above the panels of a problem."""
    if options.title is not None:
        return options.title
    return ", ".join([problem.name, *common_value(problem, lanes)])


def has_numbers(levels: Iterable[float]) -> bool:
    """Return whether any of these levels has a place on a logarithmic axis."""
    return any(0.0 < level < math.inf for level in levels)


def _convergence(problems: Sequence[ProblemResult], options: FigureOptions) -> Iterator[Part]:
    for problem in problems:
        lanes = lanes_to_draw(problem, options)
        title = title_of(problem, options, lanes)
        figure = convergence_of(problem, lanes, options)
        drawn = figure.has_points or figure.lost
        yield convergence_part(figure, title, options.linear) if drawn else blank_part(title)


def _rates(problems: Sequence[ProblemResult], options: FigureOptions) -> Iterator[Part]:
    for problem in problems:
        lanes = lanes_to_draw(problem, options)
        title = title_of(problem, options, lanes)
        figure = named(rates(problem, options.abscissa, lanes), problem, lanes)
        drawn = len(figure.curves) > 0
        yield rates_part(figure, title, options.linear) if drawn else blank_part(title)


def convergence_of(
    problem: ProblemResult, lanes: Sequence[LaneLabel], options: FigureOptions
) -> Convergence:
    """Return the curves of these lanes as the options ask for them."""
    figure = convergence(problem, options.abscissa, lanes, options.iterate)
    return named(figure, problem, lanes)


def named(figure: Along, problem: ProblemResult, lanes: Sequence[LaneLabel]) -> Along:
    """Return a figure whose labels leave out a value that all lanes share."""
    if not common_value(problem, lanes):
        return figure
    curves = tuple(replace(c, label=c.solver) for c in figure.curves)
    return replace(figure, curves=curves)


def _sensitivity(problems: Sequence[ProblemResult], options: FigureOptions) -> Iterator[Part]:
    for problem in _swept(problems, "sensitivity"):
        figure = sensitivity(problem, chosen_methods(problem, options.solvers))
        title = title_of(problem, options)
        levels = (y for c in figure.curves for y in (*c.gap.median, *c.passes))
        drawn = has_numbers(levels) or figure.lost
        yield sensitivity_part(figure, title) if drawn else blank_part(title)


def _profiles(problems: Sequence[ProblemResult], options: FigureOptions) -> Iterator[Part]:
    swept = _swept(problems, "profiles")
    if not comparable(swept):
        raise UsageError(
            "profiles compare sweeps on several problems, each of them once.",
            "sweep with -p given several times.",
        )
    if missing := sum(p.sweep.missing for p in swept if p.sweep is not None):
        runs_are = "1 run is" if missing == 1 else f"{missing} runs are"
        raise UsageError(
            f"{runs_are} missing, so that there are no profiles.", "finish the sweep first."
        )
    chosen = {m for p in swept for m in chosen_methods(p, options.solvers)}
    title = f"{len(swept)} problems" if options.title is None else options.title
    yield profile_part(profile_figure(swept, chosen), title)


def _map(problems: Sequence[ProblemResult], options: FigureOptions) -> Iterator[Part]:
    for problem in _swept(problems, "map"):
        L = problem.header.constants.L
        for figure in sensitivity_maps(problem, chosen_methods(problem, options.solvers)):
            over_rates = figure.parameter == "lr0" and 0.0 < L < math.inf
            title = f"{problem.name}, {figure.solver}" if options.title is None else options.title
            yield map_part(figure, 1.0 / L if over_rates else math.nan, title)


def _swept(problems: Sequence[ProblemResult], kind: Kind) -> list[ProblemResult]:
    """Return the problems with a sweep."""
    swept = [p for p in problems if p.sweep is not None]
    if not swept:
        raise UsageError(
            f"figures of the kind {kind} are of sweeps, and the result has none.",
            "lrbench sweep makes one; the kind convergence draws any runs.",
        )
    return swept


Parts: TypeAlias = Callable[[Sequence[ProblemResult], FigureOptions], Iterator[Part]]
"""Yields the part of each problem, or of each solver of it."""

KINDS: Mapping[Kind, tuple[Parts, float]] = {
    "convergence": (_convergence, 1.85),
    "sensitivity": (_sensitivity, 1.2),
    "rates": (_rates, 1.4),
    "profiles": (_profiles, 1.4),
    "map": (_map, 2.05),
}
"""What draws each kind of figure, and the height of a panel of it in inches."""
