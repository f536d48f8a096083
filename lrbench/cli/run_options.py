"""The options of `lrbench run` and `lrbench sweep` on files, workers and conduct."""

from __future__ import annotations

from pathlib import Path

import click

from lrbench.cli.options import INTEGER, chain

save_options = chain(
    [
        click.option(
            "-o",
            "--save",
            metavar="FILE.json",
            type=click.Path(path_type=Path),
            help="Save the result; lrbench show prints it in any format.",
        ),
        click.option("--force", is_flag=True, help="Overwrite the files of --save."),
    ]
)

save_weights_option = click.option(
    "--save-weights",
    metavar="FILE.npz",
    type=click.Path(path_type=Path),
    help="Save the weights of the best run, for numpy.load.",
)

store_option = click.option(
    "--store",
    metavar="FILE.sqlite",
    type=click.Path(path_type=Path),
    help="Store finished cells in this file, and do not run stored cells again.",
)

job_options = chain(
    [
        click.option(
            "-j",
            "--jobs",
            type=INTEGER,
            metavar="N",
            help="Worker processes.  [default: $LRBENCH_JOBS, else one for run, all processors "
            "for sweep]",
        ),
        click.option(
            "--executor",
            type=click.Choice(["loky", "dask"]),
            default="loky",
            show_default=True,
            help="Processes of this machine, or a Dask cluster.",
        ),
        click.option(
            "--scheduler",
            metavar="ADDRESS",
            help="Address of the Dask cluster, such as tcp://127.0.0.1:8786.",
        ),
    ]
)

conduct_options = chain(
    [
        click.option(
            "--dry-run",
            is_flag=True,
            help="Only print the estimated cost: cells, passes, memory, time.",
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
