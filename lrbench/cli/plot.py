"""`lrbench plot`: draw a saved result as a figure, or in the terminal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from lrbench.cli.command import command as guided
from lrbench.cli.command import option
from lrbench.cli.figure_options import figure_options, figure_options_from
from lrbench.cli.figures import TERMINAL, show_figures
from lrbench.cli.view_options import color_option
from lrbench.errors import ExitCode, UsageError

PATH = click.Path(path_type=Path)


@guided(
    "plot",
    ("in the terminal", "lrbench plot result.json"),
    ("for a paper", "lrbench plot result.json -o convergence.pdf"),
)
@click.argument("file", metavar="RESULT.json | STORE.sqlite")
@option(
    "output",
    "-o",
    "--output",
    metavar="FILE",
    help="The figure: .svg, .pdf or .png.  [default: terminal]",
)
@figure_options
@option("output", "--style", metavar="FILE", type=PATH, help="A style file of matplotlib.")
@option(
    "output",
    "--script",
    metavar="FILE.py",
    type=PATH,
    help="Write the script of matplotlib that draws it.",
)
@option("output", "--force", is_flag=True, help="Overwrite the files of --output and --script.")
@color_option
def command(
    file: str,
    output: str | None,
    style: Path | None,
    script: Path | None,
    force: bool,
    color: str,
    **options: Any,
) -> int:
    """Draw a saved result or a store: a figure for a paper, or in the terminal.

    convergence: F - f* along runs, beside the least bound proved before the run (dashed) and the
    least computed from it (dotted); an area is from the least to the largest seed. sensitivity:
    final F - f*, passes to the target and usable ranges over lr0, or over what else varies; runs
    that diverged stand at the top edge. rates: the learning rate and b along runs, beside 1/L and
    L. profiles: solvers over several problems. map: passes over two axes.

    RESULT.json was written by --save or --format json, and STORE.sqlite by --store; - is JSON on
    stdin.
    """
    from lrbench.cli.progress import ProgressBar
    from lrbench.cli.saved import saved_result
    from lrbench.reports.figures.output import plot

    chosen = figure_options_from(options)
    target = None if output == TERMINAL else output
    to_file = target is not None or script is not None
    for name, value in {"--style": style, "--force": force}.items():
        if value and not to_file:
            raise UsageError(f"{name} does not change what a terminal draws.", "give -o FILE.")
    with ProgressBar(sys.stderr.isatty()) as bar:
        bar("drawing", 0, 0)
        result = saved_result(file)
        if to_file:
            plot(result, chosen, target, script, style, force=force)
    if not to_file:
        show_figures(result, chosen, None, color)
    return ExitCode.OK
