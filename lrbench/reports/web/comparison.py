"""The tables over all problems of a result: one value for all, and performance profiles."""

from __future__ import annotations

import math
from collections.abc import Iterator

from lrbench.reports.blocks import short_number
from lrbench.reports.web.tables import Column, SortableCell, SortableTable
from lrbench.results import TAU, Profiles, Result
from lrbench.results.common_setting import CommonSetting, CommonSettings
from lrbench.results.lanes import varied


def comparison_tables(result: Result) -> Iterator[tuple[str, SortableTable]]:
    """Yield tables over the sweeps of several problems, each with a heading; none unless several.

    Profiles are left out where runs are missing, as they would compare what did not run.
    """
    if not result.compared:
        return
    name = varied([p.sweep for p in result.compared if p.sweep is not None])
    yield f"One {name} for all problems", _common(result, name)
    if (both := result.profiles) is not None:
        yield "How often each solver is nearly the fastest", _profiles(both, name)


def _common(result: Result, name: str) -> SortableTable:
    columns = [Column("solver", text=True)]
    for heading, about in ((name, f"the same {name}"), ("lr0·L", "the same multiple of 1/L")):
        columns += [
            Column(heading, f"{about} on all problems, the one that solves the most"),
            Column("solved", "the share of the problems on which it arrives"),
            Column("median", f"its passes over those of the best {name} of each problem"),
            Column("worst", "the largest of these factors"),
        ]
    rows = [list(_common_row(settings)) for settings in result.common_settings]
    return SortableTable("one value for all problems", columns, rows)


def _common_row(settings: CommonSettings) -> Iterator[SortableCell]:
    yield SortableCell(str(settings.solver))
    for setting in (settings.absolute, settings.relative):
        yield from _setting(setting)


def _setting(setting: CommonSetting | None) -> Iterator[SortableCell]:
    if setting is None:
        yield from [SortableCell("-")] * 4
        return
    yield SortableCell(short_number(setting.value), key=setting.value)
    yield SortableCell(f"{setting.solved:.0%}", key=setting.solved)
    for factor in (setting.median_factor, setting.worst_factor):
        never = math.isinf(factor)
        yield SortableCell("never" if never else short_number(factor, 2), "bad" if never else "")


def _profiles(both: Profiles, name: str) -> SortableTable:
    """Return the tuned performance profiles, and the scores of both kinds."""
    columns = [
        Column("solver", text=True),
        Column("score", f"the area under its profile from 1 to 4, over 3, at its best {name}"),
        Column("untuned", f"the same with every {name} of the grid as a case of its own"),
    ]
    columns += [
        Column(
            f"within {tau:g} ×" if tau > 1 else "fastest",
            f"the share of the problems that it solves within {tau:g} times the fewest passes",
        )
        for tau in TAU
    ]
    columns.append(Column("ever", "the share of the problems that it solves at all"))
    tuned, rows = both.tuned, []
    for solver, shares in tuned.shares.items():
        scores = [f"{profile.score[solver]:.2f}" for profile in (tuned, both.untuned)]
        solved = [f"{share:.0%}" for share in (*shares, tuned.solved[solver])]
        rows.append([SortableCell(text) for text in (solver, *scores, *solved)])
    return SortableTable("performance profiles", columns, rows)
