"""`lrbench run`: convergence beside theory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lrbench.cli.conduct_options import conduct_options, save_options, save_weights_option
from lrbench.cli.job_options import job_options
from lrbench.cli.options import (
    budget_options,
    method_options,
    problem_options,
    setting_options,
)
from lrbench.cli.run_control import controlled, effective, exit_code, reserve_files, say_left_out
from lrbench.cli.view_options import view_options
from lrbench.errors import ExitCode, UsageError


@click.command(name="run", context_settings={"help_option_names": ["-h", "--help"]})
@problem_options
@method_options("1")
@setting_options
@budget_options("End a run at this suboptimality.")
@view_options
@save_options
@save_weights_option
@job_options
@conduct_options
def command(
    problems: tuple[str, ...],
    data: str | None,
    settings: tuple[str, ...],
    solvers: tuple[str, ...],
    save: Path | None,
    save_weights: Path | None,
    force: bool,
    dry_run: bool,
    progress: bool | None,
    quiet: bool,
    strict: bool,
    jobs: int | None,
    executor: str,
    scheduler: str | None,
    **options: Any,
) -> int:
    """Run solvers on a problem and show convergence beside theory.

    Every initial learning rate is a lane of one run. The optimum is certified by a solver of
    another kind; each measurement stands beside its certificate and the theorem's bound.
    """
    from lrbench.cli.output import choose_report, view_from
    from lrbench.cli.problems import NAMED, specs_from
    from lrbench.experiment.jobs.choose import choose
    from lrbench.plan.plan import DEFAULT_SOLVERS, Plan

    if dry_run and options["form"] is not None:
        raise UsageError("--dry-run has no --format.", "leave one of them out.")
    form, view = view_from(options)
    report = choose_report(form, view)
    changes = {key: options.pop(key) for key in NAMED}
    plan = Plan(solvers=solvers or DEFAULT_SOLVERS, **options)
    specs, notes = specs_from(problems, data, settings, changes)
    chosen = choose(jobs, executor, scheduler)
    reserve_files(save, save_weights, force, len(specs))

    with controlled(plan.timeout, notes, progress, quiet=quiet) as (control, bar):
        if dry_run:
            from lrbench.cli.dry_run import show_estimates

            show_estimates(plan, specs, control, 1 if executor == "dask" else chosen.workers)
            return ExitCode.OK
        from lrbench.experiment.conduct import run_plan

        words = effective(click.get_current_context())
        result = run_plan(plan, specs, control, words, executor=chosen)
        bar.close()
        for problem in [] if quiet else result.problems:
            say_left_out(problem)
        if result.problems:
            if save is not None:
                result.save(save, force=force)
            if save_weights is not None:
                best = result.save_weights(save_weights, force=force)
                if not quiet:
                    who = f"{best.solver}, lr0 = {best.lr0:g}, seed {best.seed}"
                    click.echo(f"Note: {save_weights} holds the weights of {who}.", err=True)
            report(result)
        return exit_code(result, control, quiet=quiet, strict=strict)
