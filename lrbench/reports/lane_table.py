"""The table of the runs of one solver at several learning rates or scales: one row a lane."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lrbench.reports.blocks import (
    Block,
    TableCell,
    folded_cells,
    scientific,
    short_gap,
    with_values,
)
from lrbench.reports.groups import has_own_answer, last_checkpoints, verdicts_of
from lrbench.reports.theorem_table import measured_name, used
from lrbench.reports.verdict_blocks import (
    VERDICT_STYLE,
    exponent_text,
    factor_text,
    main_bound,
    main_certificate,
    with_interval,
)
from lrbench.reports.view import View
from lrbench.results import ProblemResult, Run, Verdict
from lrbench.results.ranking import end_of_all, level_column
from lrbench.results.words import page_word
from lrbench.verdicts.order import STEEPENING, UNTESTED

HEADINGS = ("last", "average", "bound", "on", "at most", "used", "verdict", "falls")
"""The columns; the first one is called ``"answer"`` where a solver has its own. Of the others a
table has those that any of its lanes has a value for."""

LEFT = frozenset({"bound", "on", "verdict"})


def lane_table(
    problem: ProblemResult,
    lanes: Sequence[Sequence[Run]],
    texts: Mapping[float | None, str],
    view: View,
) -> Iterator[Block]:
    """Yield a table with a row for each lane: the measured F - f* and its main bound.

    Parameters
    ----------
    problem
        The problem that the runs are on.
    lanes
        The runs of one method: for each value those of all seeds.
    texts
        Value -> its text.
    view
        Its width limits that of the table: columns that do not fit go into another one below.
    """
    rows = [list(_row(problem, runs)) for runs in lanes]
    columns = [
        (name, list(cells)) for name, cells in zip(HEADINGS, zip(*rows, strict=True), strict=True)
    ]
    level = "answer" if any(map(has_own_answer, lanes)) else "last"
    columns = [(level, columns[0][1]), *with_values(columns[1:])]
    first = (lanes[0][0].parameter or "lr0", [TableCell(texts[runs[0].value]) for runs in lanes])
    groups = [[column] for column in columns]
    yield from folded_cells(first, groups, view.width, LEFT)


def _main(problem: ProblemResult, runs: Sequence[Run]) -> Verdict | None:
    """Return the verdict on the main bound of a lane; None where no bound applies."""
    verdicts = verdicts_of(problem, runs[0])
    return main_certificate(verdicts) or main_bound(verdicts)


def _row(problem: ProblemResult, runs: Sequence[Run]) -> Iterator[TableCell]:
    error = problem.header.constants.f_star_error
    verdicts, main = verdicts_of(problem, runs[0]), _main(problem, runs)
    yield TableCell(short_gap(end_of_all(runs, level_column(runs)), error))
    yield _average(runs, verdicts, error)
    if main is None:
        yield TableCell("none")
        yield from (TableCell("") for _ in range(4))
    else:
        yield TableCell(main.theorem)
        yield TableCell(measured_name(main))
        yield TableCell(scientific(main.bound[-1], 2))
        yield TableCell(used(main, error))
        word = page_word("bound", main.bound_verdict)
        yield TableCell(word, VERDICT_STYLE.get(main.bound_verdict, ""))
    yield TableCell(_order(verdicts))


def _order(verdicts: Sequence[Verdict]) -> str:
    """Return how fast F - f* falls, that of the last iterate if it was judged.

    A curve that bends has no single exponent: where the thirds of the window differ, ``<T^-1.4`` is
    what the shallowest of them has.
    """
    orders = [
        v
        for v in verdicts
        if v.order_thirds is not None
        and v.order_verdict != "none"
        and v.measure == "suboptimality"
        and not v.order_reason.startswith(UNTESTED)
    ]
    first = min(orders, key=lambda v: v.iterate != "last", default=None)
    if first is None or first.measured_order is None or first.order_thirds is None:
        return ""
    if first.order is None or first.order["kind"] == "linear":
        return f"{factor_text(first.measured_order)}^T"
    if first.fitted_law == "linear":
        return "linearly"
    shallowest, steepest = max(first.order_thirds), min(first.order_thirds)
    if shallowest >= 0.0:
        return "rises" if steepest < 0.0 else f"T^{exponent_text(first.measured_order)}"
    if shallowest - steepest > STEEPENING:
        return f"<T^{exponent_text(shallowest)}"
    return f"T^{exponent_text(first.measured_order)}"


def _average(runs: Sequence[Run], verdicts: Sequence[Verdict], error: float) -> TableCell:
    """Return F - f* of the average, with its interval over seeds where a verdict has one."""
    for v in verdicts:
        of_average = (v.measure, v.iterate) == ("suboptimality", "average")
        # The interval is that of the verdict's last checkpoint; the average is taken at the end.
        if of_average and v.metric_interval and last_checkpoints(runs) == {v.iteration[-1]}:
            return TableCell(with_interval(v, error))
    return TableCell(short_gap(end_of_all(runs, "suboptimality_average"), error))
