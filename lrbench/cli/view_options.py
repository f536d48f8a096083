"""The options for the form in which a result or a page is shown, and for its detail."""

from __future__ import annotations

import click

from lrbench.cli import names
from lrbench.cli.command import option
from lrbench.cli.options import chain

color_option = option(
    "output",
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Colour in tables.",
)

view_options = chain(
    [
        option(
            "output",
            "--format",
            "form",
            metavar="NAME",
            shell_complete=names.complete_formats,
            help="table, plain, markdown, latex, csv, json or jsonl.  [default: table on a "
            "terminal, plain in a pipe]",
        ),
        option(
            "output",
            "--details",
            is_flag=True,
            help="Show every trajectory, too, or in a sweep every lr0.",
        ),
        option(
            "output",
            "--theory/--no-theory",
            default=None,
            help="Show each theorem beside what was measured, or in a sweep the bounds over what "
            "varies.  [default: for run, but not on a terminal]",
        ),
        option(
            "output",
            "--columns",
            metavar="NAME[,NAME]",
            help="Columns of the trace, named as in JSON, for --details and --format csv.",
        ),
        option(
            "output",
            "--table",
            type=click.Choice(["trace", "verdicts", "summary"]),
            help="What --format csv has a row for: each checkpoint of each run, each checkpoint of "
            "each theorem, or each solver and lr0 (in a sweep each solver).  [default: trace]",
        ),
        option(
            "output",
            "--traces",
            type=click.Choice(["all", "checkpoints", "none"]),
            default="all",
            show_default=True,
            help="What JSON holds of each trace: every row, the rows of tables (0, 1, 2, 5, 10, … "
            "and the end), or nothing.",
        ),
        option("output", "--timing", is_flag=True, help="Show seconds, too; JSON always has them."),
        color_option,
    ]
)
"""The options of commands that show a result: form, details, theory, columns, table, traces, timing
and color.

`lrbench.cli.output.view_from` reads them.
"""

page_options = chain(
    [
        option(
            "output",
            "--format",
            "form",
            type=click.Choice(["table", "plain", "json"]),
            help="[default: table on a terminal, plain in a pipe]",
        ),
        color_option,
    ]
)
"""The options of commands that show anything else than a result: form and color.

`lrbench.cli.output.show_page` and `show_json` take them.
"""
