"""The options of `lrbench check`."""

from __future__ import annotations

from pathlib import Path

import click

from lrbench.cli.list import page_options
from lrbench.cli.options import chain

check_options = chain(
    [
        click.option(
            "--config",
            metavar="FILE",
            type=click.Path(path_type=Path),
            help="Where the [[check]] tables are.  [default: lrbench.toml]",
        ),
        click.option("--only", metavar="NAME", multiple=True, help="Only this check; repeatable."),
        click.option(
            "--expect",
            metavar="TEXT",
            multiple=True,
            help="Of a result that exists: 'bound = pass', 'rate >= 0.9', "
            "'suboptimality[at=1000] <= 1e-4'; repeatable.",
        ),
        click.option(
            "--allow-inconclusive",
            is_flag=True,
            help="Of a result that exists: let pass what cannot be judged.",
        ),
        click.option("--save-baseline", is_flag=True, help="Make the baselines that are missing."),
        click.option(
            "--update-baseline",
            metavar="NAME",
            multiple=True,
            help="Make the baseline of this check anew; repeatable.",
        ),
        click.option(
            "--junit",
            metavar="FILE.xml",
            type=click.Path(path_type=Path),
            help="Write JUnit XML, too; an existing file is replaced.",
        ),
        click.option(
            "--github",
            is_flag=True,
            help="Annotations on stderr, and a summary in $GITHUB_STEP_SUMMARY.",
        ),
        click.option("--details", is_flag=True, help="Also what passes, with its trajectory."),
        page_options,
        click.option(
            "-j",
            "--jobs",
            type=int,
            metavar="N",
            help="Worker processes.  [default: $LRBENCH_JOBS, else all processors]",
        ),
        click.option("-q", "--quiet", is_flag=True, help="No notes on stderr."),
    ]
)
