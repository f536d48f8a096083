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
            "--columns",
            metavar="NAME[,NAME]",
            help="Columns of the trace, named as in JSON, for --details and --format csv.",
        ),
        option("output", "--timing", is_flag=True, help="Show seconds, too; JSON always has them."),
        color_option,
    ]
)
"""The options of commands that show a result: form, details, columns, timing and color.

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
