"""What the sweeps of several problems show together: advice, usable ranges and profiles."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from lrbench.reports.blocks import (
    Block,
    CellColumn,
    Grid,
    TableCell,
    folded_cells,
    line,
    short_number,
)
from lrbench.reports.groups import learning_rate_texts
from lrbench.reports.sweep_table import decades_text
from lrbench.reports.view import View
from lrbench.results import (
    TAU,
    Advice,
    ProblemResult,
    Profile,
    Profiles,
    Result,
    Sensitivity,
    Sweep,
)
from lrbench.results.common_setting import CommonSetting, CommonSettings
from lrbench.results.lanes import varied
from lrbench.study import advise


def comparison_blocks(
    result: Result, problems: Sequence[ProblemResult], view: View
) -> Iterator[Block]:
    """Yield the advice on each problem, and the performance profiles of all solvers."""
    distinct = bool(result.compared)
    head = f"all {len(problems)} {'problems' if distinct else 'sweeps'}"
    yield line(head, style="title", recurs=(head,))
    yield line("")
    name = varied([p.sweep for p in problems if p.sweep])
    yield line(
        f"the solver and the {name} advised, the passes to the target there, and its usable {name}:"
    )
    yield from _advised(problems, name, view)
    yield line("")
    yield line(f"how many decades of {name} are usable, and the passes at the best one (never: -):")
    yield from _decades(problems, view)
    yield line("")
    if distinct:
        yield line(
            f"one {name} for all problems, or one multiple of 1/L: the share that it solves,"
            f" and its passes over those of the best {name} of each problem (the median, the"
            " worst):"
        )
        yield from _common(result.common_settings, name, view)
        yield line("")
    if not distinct:
        yield line("no performance profiles, as some of these sweeps are of the same problem")
        return
    if (both := result.profiles) is None:
        missing = sum(p.sweep.missing for p in problems if p.sweep is not None)
        runs_are = "1 run is" if missing == 1 else f"{missing} runs are"
        yield line(f"no performance profiles, as {runs_are} missing", style="warn")
        return
    yield from _profile(
        both.tuned,
        "tuned: performance profiles (Dolan and More, 2002), the share of the problems that a"
        f" solver with its best {name} solves in at most tau times the fewest passes of all"
        " solvers",
        "problem",
    )
    yield line("")
    yield from _profile(
        both.untuned,
        f"untuned: the same with every problem and {name} of its grid as a case of its own; passes"
        f" at that {name} against the fewest of all solvers on that problem at their best one",
        "case",
    )
    yield line("")
    yield line(
        "score, untuned: AlgoPerf's score, the area under the tuned and the untuned profile from"
        f" tau = 1 to 4, over 3; then the share of the problems solved with the best {name} within"
        " so many passes (data profile):"
    )
    yield from _scores(both, view)


def _advised(problems: Sequence[ProblemResult], name: str, view: View) -> Iterator[Block]:
    """Yield a row for each problem."""
    rows = [list(_advised_row(advise(p, p.sweep), p.sweep)) for p in problems if p.sweep]
    headings = ("solver", name, "passes", "decades")
    columns: list[list[CellColumn]] = [
        [(name, list(cells))] for name, cells in zip(headings, zip(*rows, strict=True), strict=True)
    ]
    first = ("problem", [TableCell(p.name) for p in problems])
    yield from folded_cells(first, columns, view.width, frozenset({"problem", "solver"}))


def _advised_row(advice: Advice, sweep: Sweep) -> Iterator[TableCell]:
    choice = advice.choice
    if choice is None:
        below_error = advice.obstacle and advice.obstacle.kind == "target_below_error"
        arrival = "?" if sweep.missing or below_error else "never"
        yield from (TableCell(text) for text in ("-", "-", arrival, "-"))
        return
    grid = [value for s in sweep.solvers if s.solver == choice.solver for value in s.values]
    yield TableCell(str(choice.solver))
    yield TableCell(learning_rate_texts([*grid, choice.value])[choice.value])
    yield TableCell(short_number(choice.passes))
    yield TableCell(decades_text(choice))


def _decades(problems: Sequence[ProblemResult], view: View) -> Iterator[Block]:
    """Yield a row for each solver and a column for each problem."""
    swept = [(p.name, p.sweep) for p in problems if p.sweep is not None]
    names = list(dict.fromkeys(str(s.solver) for _, sweep in swept for s in sweep.solvers))
    columns: list[list[CellColumn]] = []
    for problem, sweep in swept:
        solvers = {str(s.solver): s for s in sweep.solvers}
        columns.append([(problem, [_usable(solvers.get(name)) for name in names])])
    first = ("solver", [TableCell(name) for name in names])
    yield from folded_cells(first, columns, view.width, frozenset({"solver"}))


def _common(solvers: Sequence[CommonSettings], name: str, view: View) -> Iterator[Block]:
    """Yield a row for each solver, with its common value and its common multiple of 1/L."""
    groups: list[list[CellColumn]] = []
    for heading, settings in (
        (name, [s.absolute for s in solvers]),
        ("lr0 L", [s.relative for s in solvers]),
    ):
        rows = [list(_common_row(setting)) for setting in settings]
        headings = (heading, "solved", "median", "worst")
        columns = zip(headings, zip(*rows, strict=True), strict=True)
        groups.append([(text, list(cells)) for text, cells in columns])
    first = ("solver", [TableCell(str(s.solver)) for s in solvers])
    yield from folded_cells(first, groups, view.width, frozenset({"solver"}))


def _common_row(setting: CommonSetting | None) -> Iterator[TableCell]:
    if setting is None:
        yield from (TableCell("-") for _ in range(4))
        return
    yield TableCell(short_number(setting.value))
    yield TableCell(f"{setting.solved:.2f}")
    for factor in (setting.median_factor, setting.worst_factor):
        finite = math.isfinite(factor)
        yield TableCell(short_number(factor, 2)) if finite else TableCell("never", "warn")


def _usable(s: Sensitivity | None) -> TableCell:
    if s is None or math.isinf(s.best_passes):
        return TableCell("-")
    return TableCell(f"{decades_text(s)} ({short_number(s.best_passes)})")


def _scores(both: Profiles, view: View) -> Iterator[Block]:
    """Yield AlgoPerf's scores and the data profile of each solver."""
    tuned, untuned = both.tuned, both.untuned
    groups: list[list[CellColumn]] = [
        [
            ("score", [TableCell(f"{score:.2f}") for score in tuned.score.values()]),
            ("untuned", [TableCell(f"{untuned.score[name]:.2f}") for name in tuned.score]),
        ]
    ]
    points = list(zip(both.passes, zip(*tuned.data.values(), strict=True), strict=True))
    # The points at which no solver has arrived yet, or none arrives any more, say nothing.
    last = next(k for k, (_, at) in enumerate(points) if at == points[-1][1])
    for passes, at in (point for point in points[: last + 1] if any(point[1])):
        groups.append([(short_number(passes), [TableCell(f"{share:.2f}") for share in at])])
    names = ("solver", [TableCell(name) for name in tuned.score])
    yield from folded_cells(names, groups, view.width, frozenset({"solver"}))


def _profile(profile: Profile, about: str, instance: str) -> Iterator[Block]:
    pieces = [about, f"{profile.n_instances} {instance}s"]
    if profile.unsolved:
        pieces.append(f"{profile.unsolved} of them unsolved by all and counted as such")
    yield line(*pieces[:-1], pieces[-1] + ":")
    heads = [f"tau = {tau:g}" if math.isfinite(tau) else "ever" for tau in (*TAU, math.inf)]
    rows = [
        [TableCell(name), *(TableCell(f"{share:.2f}") for share in (*shares, profile.solved[name]))]
        for name, shares in profile.shares.items()
    ]
    yield Grid(("solver", *heads), rows, frozenset({0}))
