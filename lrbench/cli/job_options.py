"""The options that say where the work is done, and where it is kept."""

from __future__ import annotations

from pathlib import Path

import click

from lrbench.cli.options import chain

job_options = chain(
    [
        click.option(
            "-j",
            "--jobs",
            type=int,
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
            "--scheduler", metavar="ADDRESS", help="Of the Dask cluster: tcp://127.0.0.1:8786."
        ),
    ]
)

store_option = click.option(
    "--store",
    metavar="FILE.sqlite",
    type=click.Path(path_type=Path),
    help="Keep each finished cell here; what is here is not run again.",
)
