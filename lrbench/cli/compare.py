"""`lrbench compare`: what changed from one result to others, lane by lane."""

from __future__ import annotations

import csv
import sys
from typing import TYPE_CHECKING

import click

from lrbench.cli.command import command as guided
from lrbench.cli.command import option
from lrbench.cli.option_values import LEVEL, SHARE
from lrbench.cli.view_options import color_option
from lrbench.errors import ExitCode, UsageError, quoted_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lrbench.gate.comparison import ComparedQuantity, Comparison

FORMATS = ("table", "plain", "markdown", "latex", "csv", "json", "jsonl")


@guided(
    "compare",
    ("what changed", "lrbench compare old.json new.json"),
    (
        "for CI: fail where a lane became worse",
        "lrbench compare old.json new.json --only-changed --fail-on worse",
    ),
)
@click.argument("files", nargs=-1, required=True, metavar="BASE OTHER...")
@option(
    "comparison",
    "--by",
    type=click.Choice(["suboptimality", "passes"]),
    help="What is compared: F - f* at the last checkpoint that both have, or the passes to the "
    "target of BASE.  [default: passes for sweeps, else suboptimality]",
)
@option("comparison", "--only-changed", is_flag=True, help="Leave out what is the same.")
@option(
    "comparison",
    "--tolerance",
    type=SHARE,
    metavar="X",
    default=1e-6,
    show_default=True,
    help="The relative difference up to which two runs are the same.",
)
@option(
    "comparison",
    "--level",
    type=LEVEL,
    metavar="P",
    default=0.05,
    show_default=True,
    help="That of the tests over seeds, all of them together.",
)
@option(
    "comparison",
    "--fail-on",
    type=click.Choice(["worse"]),
    help="Exit with 1 where a lane of BASE became worse, is missing or cannot be compared.",
)
@option(
    "output",
    "--format",
    "form",
    type=click.Choice(FORMATS),
    help="[default: table on a terminal, plain in a pipe]",
)
@color_option
def command(
    files: tuple[str, ...],
    by: ComparedQuantity | None,
    only_changed: bool,
    tolerance: float,
    level: float,
    fail_on: str | None,
    form: str | None,
    color: str,
) -> int:
    """Compare results with the first one: a row for each solver and lr0.

    Each is a file of --save or --format json, or a store; one of them may be -, JSON on stdin. A
    row has both numbers, their ratio, and a test that is paired over the seeds that both have. In
    full batches, where runs have no random part, any difference beyond --tolerance is a change.

    Exit code 1: with --fail-on worse, a lane of BASE became worse, or is missing in OTHER or cannot
    be compared there. Exit code 2: there is no lane that can be compared.
    """
    from lrbench.cli.output import show_json
    from lrbench.cli.saved import traced_result
    from lrbench.gate.compare_results import Rules, compare
    from lrbench.gate.comparison import Change
    from lrbench.reports.compare_page import with_page_names
    from lrbench.reports.to_json import comparison_as_json

    if len(files) < 2:
        raise UsageError(
            "one result is given to compare.", "give two or more: lrbench compare OLD NEW."
        )
    if files.count("-") > 1:
        raise UsageError("stdin is given twice.", "save one of the results to a file.")
    base, *others = (traced_result(file) for file in files)
    rules = Rules(by, tolerance, level)
    comparisons = [
        (name, compare(base, other, rules, (files[0], name)))
        for name, other in zip(files[1:], others, strict=True)
    ]
    _check_comparable(files[0], comparisons)
    selected = [(name, c.changed() if only_changed else c) for name, c in comparisons]
    if form == "json":
        show_json(comparison_as_json(files[0], selected))
    elif form in ("csv", "jsonl"):
        _show_rows(selected, form)
    else:
        pages = [
            (name, with_page_names(comparison, (base, other)))
            for (name, comparison), other in zip(comparisons, others, strict=True)
        ]
        _show_page(files[0], pages, level, only_changed, form, color)
    if not fail_on:
        return ExitCode.OK
    lost = [_say_lost(files[0], name, comparison) for name, comparison in comparisons]
    worse = any(comparison.count(Change.WORSE) for _, comparison in comparisons)
    return ExitCode.FAILED if worse or any(lost) else ExitCode.OK


def _say_lost(base: str, other: str, comparison: Comparison) -> bool:
    """Write to stderr what of the base is not compared; return whether there is anything."""
    from lrbench.cli.main import say

    lost = comparison.lost()
    if lost:
        more = f" (and {len(lost) - 1} more)" if len(lost) > 1 else ""
        say(
            f"{quoted_path(other)} cannot be compared in all that {quoted_path(base)} has: not in"
            f" {quoted_path(lost[0])}{more}.",
            "run it again with the solvers and values of the base, or save a new base.",
        )
    return len(lost) > 0


def _check_comparable(base: str, comparisons: Sequence[tuple[str, Comparison]]) -> None:
    """Raise `UsageError` if no lane of any result can be compared, with the first reason."""
    from lrbench.gate.comparison import Change

    lanes = [lane for _, c in comparisons for problem in c.problems for lane in problem.lanes]
    if all(lane.change is Change.NOT_COMPARABLE for lane in lanes):
        others = " and ".join(quoted_path(name) for name, _ in comparisons)
        reason = f": {lanes[0].solver}: {quoted_path(lanes[0].reason)}" if lanes else ""
        raise UsageError(
            f"nothing of {others} can be compared with {quoted_path(base)}{reason}.",
            "give results of the same solvers, values and batches.",
        )


def _show_rows(comparisons: Sequence[tuple[str, Comparison]], form: str) -> None:
    """Write a row for each lane."""
    import json

    from lrbench.config.plain import plain

    rows = [
        {"result": name, "problem": problem.name, "quantity": problem.quantity, **plain(lane)}
        for name, comparison in comparisons
        for problem in comparison.problems
        for lane in problem.lanes
    ]
    if form == "jsonl":
        sys.stdout.writelines(json.dumps(row, allow_nan=False) + "\n" for row in rows)
        return
    for row in rows:
        row["seeds"] = " ".join(map(str, row["seeds"]))
        low, high = row.pop("ratio_interval") or (None, None)
        row |= {"ratio_low": low, "ratio_high": high}
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(rows[0] if rows else ())
    writer.writerows(row.values() for row in rows)


def _show_page(
    base: str,
    comparisons: Sequence[tuple[str, Comparison]],
    level: float,
    only_changed: bool,
    form: str | None,
    color: str,
) -> None:
    """Write the page in a form for people."""
    from lrbench.cli.output import show_page
    from lrbench.reports import to_latex, to_markdown
    from lrbench.reports.blocks import WIDTH
    from lrbench.reports.compare_page import compare_page
    from lrbench.reports.to_terminal import page_width

    on_terminal = form == "table" or (form is None and sys.stdout.isatty())
    width = page_width(sys.stdout) if on_terminal else WIDTH
    blocks = compare_page(base, comparisons, level, only_changed, width)
    if form == "markdown":
        to_markdown.write_blocks(blocks, sys.stdout)
    elif form == "latex":
        problems = [problem for _, comparison in comparisons for problem in comparison.problems]
        solvers = {lane.solver for problem in problems for lane in problem.lanes}
        to_latex.write_blocks(blocks, sys.stdout, solvers, {p.name for p in problems})
    else:
        show_page(blocks, form, color)
