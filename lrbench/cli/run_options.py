"""The options of `lrbench run` and `lrbench sweep` on files, workers and conduct."""

from __future__ import annotations

from pathlib import Path

import click

from lrbench.cli.command import option
from lrbench.cli.option_values import INTEGER
from lrbench.cli.options import (
    chain,
)

save_options = chain(
    [
        option(
            "output",
            "-o",
            "--save",
            metavar="FILE.json",
            type=click.Path(path_type=Path),
            help="Save the result; lrbench show prints it in any format.",
        ),
        option("output", "--force", is_flag=True, help="Overwrite the files of --save."),
    ]
)

save_weights_option = option(
    "output",
    "--save-weights",
    metavar="FILE.npz",
    type=click.Path(path_type=Path),
    help="Save the weights of the best run, for numpy.load.",
)

store_option = option(
    "execution",
    "--store",
    metavar="FILE.sqlite",
    type=click.Path(path_type=Path),
    help="Store finished cells in this file, and do not run stored cells again.",
)

job_options = chain(
    [
        option(
            "execution",
            "-j",
            "--jobs",
            type=INTEGER,
            metavar="N",
            help="Worker processes.  [default: $LRBENCH_JOBS, else one for run, all processors "
            "for sweep]",
        ),
        option(
            "execution",
            "--executor",
            type=click.Choice(["loky", "dask"]),
            default="loky",
            show_default=True,
            help="Processes of this machine, or a Dask cluster.",
        ),
        option(
            "execution",
            "--scheduler",
            metavar="ADDRESS",
            help="Address of the Dask cluster, such as tcp://127.0.0.1:8786.",
        ),
    ]
)

conduct_options = chain(
    [
        option(
            "execution",
            "--dry-run",
            is_flag=True,
            help="Only print the estimated cost: cells, passes, memory, time.",
        ),
        option(
            "output",
            "--progress/--no-progress",
            default=None,
            help="Show progress on stderr.  [default: on a terminal]",
        ),
        option("output", "-q", "--quiet", is_flag=True, help="No notes on stderr."),
        option("output", "--strict", is_flag=True, help="Exit with 1 if a bound is violated."),
    ]
)
