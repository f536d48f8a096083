"""The options that say what is saved and how a command behaves while it runs."""

from __future__ import annotations

from pathlib import Path

import click

from lrbench.cli.options import chain

save_weights_option = click.option(
    "--save-weights",
    metavar="FILE.npz",
    type=click.Path(path_type=Path),
    help="Save the weights of the best run, for numpy.load.",
)

save_options = chain(
    [
        click.option(
            "--save",
            metavar="FILE.json",
            type=click.Path(path_type=Path),
            help="Save the result; lrbench show prints it in any format.",
        ),
        click.option("--force", is_flag=True, help="Overwrite the files of --save."),
    ]
)

conduct_options = chain(
    [
        click.option(
            "--dry-run",
            is_flag=True,
            help="Only say what it would cost: cells, passes, memory, time.",
        ),
        click.option(
            "--progress/--no-progress",
            default=None,
            help="Show progress on stderr.  [default: on a terminal]",
        ),
        click.option("-q", "--quiet", is_flag=True, help="No notes on stderr."),
        click.option("--strict", is_flag=True, help="Exit with 1 if a bound is violated."),
    ]
)
