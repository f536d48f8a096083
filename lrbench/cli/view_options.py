"""The options that say in which form a result is shown, and how much of it."""

from __future__ import annotations

import click

from lrbench.cli import names
from lrbench.cli.options import chain

view_options = chain(
    [
        click.option(
            "--format",
            "form",
            metavar="NAME",
            shell_complete=names.complete_formats,
            help="table, plain, markdown, latex, csv, json or jsonl.  [default: table on a "
            "terminal, plain in a pipe]",
        ),
        click.option(
            "--details", is_flag=True, help="Every trajectory, or in a sweep every lr0, too."
        ),
        click.option(
            "--columns",
            metavar="NAME[,NAME]",
            help="Columns of the trace, named as in JSON, for --details and --format csv.",
        ),
        click.option("--timing", is_flag=True, help="Seconds, too; JSON always has them."),
        click.option(
            "--color",
            type=click.Choice(["auto", "always", "never"]),
            default="auto",
            show_default=True,
            help="Colour in tables.",
        ),
    ]
)
"""They arrive as form, details, columns, timing and color; `view_from` reads them."""
