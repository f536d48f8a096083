"""`lrbench record`: a result from the iterates of a loop in any language."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from lrbench.cli.command import command as guided
from lrbench.cli.command import option
from lrbench.cli.figures import draw_plot, plot_option, reserve_plot
from lrbench.cli.option_values import INTEGER, REAL, batch_size
from lrbench.cli.options import (
    chain,
    plan_option,
    problem_options,
)
from lrbench.cli.run_options import save_options
from lrbench.cli.view_options import view_options
from lrbench.config.values import located
from lrbench.errors import ExitCode, UsageError, quoted_path
from lrbench.plan.options import PROBLEM_OPTIONS

record_options = chain(
    [
        option(
            "loop",
            "--iterates",
            metavar="FILE",
            required=True,
            type=click.Path(path_type=Path),
            help="The iterates, w_0 first: a .npy file of the shape (n_iterates, n_features), or "
            "text with an iterate on each line.",
        ),
        option(
            "loop",
            "-s",
            "--solver",
            metavar="NAME",
            default="recorded",
            show_default=True,
            help="What tables call the loop; not a solver of lrbench.",
        ),
        option(
            "loop",
            "--lr0",
            metavar="VALUE",
            help="The initial learning rate, as a label: 0.1 or 1/L.  [default: --lr]",
        ),
        option(
            "loop",
            "--lr",
            metavar="VALUE",
            help="The rate of every step, for the theorems on steps along the gradient: 0.1 or "
            "1/L.",
        ),
        plan_option(
            "batch_size",
            type=None,
            callback=batch_size,
            default="full",
            metavar="N|full",
            show_default=True,
        ),
        option(
            "loop",
            "--passes-per-step",
            type=REAL,
            metavar="P",
            help="What a step costs, in passes over the data.  [default: one gradient]",
        ),
        option(
            "loop",
            "--every",
            type=INTEGER,
            default=1,
            show_default=True,
            metavar="K",
            help="Steps from one iterate of the file to the next.",
        ),
        plan_option("radius", metavar="R", help="The ball around w_0 that the loop projects on."),
        plan_option("f_star", metavar="VALUE"),
        plan_option("target", metavar="GAP"),
        plan_option("seed", help="The seed of the loop, as a label."),
        plan_option("checkpoints_per_decade", metavar="N"),
        option("output", "-q", "--quiet", is_flag=True, help="No notes on stderr."),
    ]
)


@guided(
    "record",
    (
        "iterates of gradient descent with steps of 1/L, from any program",
        "lrbench record -p logreg --iterates iterates.npy --lr 1/L",
    ),
    (
        "of a stochastic loop that the tables call mine",
        "lrbench record -p logreg --iterates iterates.npy -s mine --batch-size 32",
    ),
)
@problem_options
@record_options
@view_options
@save_options
@plot_option
def command(
    problems: tuple[str, ...],
    data: str | None,
    settings: tuple[str, ...],
    iterates: Path,
    save: Path | None,
    force: bool,
    plot: str | None,
    quiet: bool,
    **options: Any,
) -> int:
    """Judge the iterates of a loop in any language: convergence beside theory, as of lrbench run.

    Nothing is assumed of the loop: a theorem is judged only if the iterates show what it needs.
    """
    from lrbench.cli.output import choose_report, view_from
    from lrbench.cli.problems import specs_from
    from lrbench.cli.run_control import effective, reserve_files, write
    from lrbench.data.iterates import read_iterates
    from lrbench.experiment.record import record

    color = options["color"]
    form, view = view_from(options, saved=save is not None)
    report = choose_report(form, view)
    changes = {key: options.pop(key) for key in PROBLEM_OPTIONS}
    specs, notes = specs_from(problems, data, settings, changes)
    if len(specs) != 1:
        raise UsageError(
            f"{len(specs)} problems are given to record.", "record the iterates on one problem."
        )
    figure = reserve_plot(plot, form, force=force)
    reserve_files(save, None, force, 1, plot=figure)
    for note in [] if quiet else notes:
        click.echo(note, err=True)
    recorder = record(specs[0], timed=False, **options)
    rows = read_iterates(iterates, recorder.problem.n_features, recorder.problem.name)
    with located(quoted_path(iterates)):
        for w in rows:
            recorder(w)
    result = replace(recorder.result(), command=effective(click.get_current_context()))
    draw = None if plot is None else partial(draw_plot, result, plot, form, color, force=force)
    write(result, report, save, view.traces, None, draw, force=force, quiet=quiet)
    return ExitCode.OK
