"""`lrbench sweep`: the sensitivity to the initial learning rate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lrbench.cli.conduct_options import conduct_options, save_options
from lrbench.cli.job_options import job_options, store_option
from lrbench.cli.options import (
    budget_options,
    method_options,
    problem_options,
    setting_options,
)
from lrbench.cli.run_control import controlled, effective, exit_code, reserve_files, say_left_out
from lrbench.cli.view_options import view_options
from lrbench.errors import ExitCode, UsageError


@click.command(name="sweep", context_settings={"help_option_names": ["-h", "--help"]})
@problem_options
@method_options("1e-4:1e4:33")
@setting_options
@budget_options("Where a run ends.  [default: 1 % of F(w_0) - f*]")
@view_options
@save_options
@store_option
@job_options
@conduct_options
def command(
    problems: tuple[str, ...],
    data: str | None,
    settings: tuple[str, ...],
    solvers: tuple[str, ...],
    save: Path | None,
    force: bool,
    store: Path | None,
    jobs: int | None,
    executor: str,
    scheduler: str | None,
    dry_run: bool,
    progress: bool | None,
    quiet: bool,
    strict: bool,
    **options: Any,
) -> int:
    """Measure how sensitive solvers are to the initial learning rate.

    Every lr0 runs until it comes down to the target or the budget is used up. For each solver: the
    usable range of lr0, the passes that the best one needs, and what it costs to be off by a factor
    of 10 or 100. All lr0 of a solver and seed share each matrix product; seeds run on all cores.
    """
    from lrbench.cli.output import choose_report, view_from
    from lrbench.cli.problems import NAMED, specs_from
    from lrbench.experiment.jobs.choose import choose
    from lrbench.experiment.store import store_at
    from lrbench.plan.plan import DEFAULT_SOLVERS, Plan

    if dry_run and options["form"] is not None:
        raise UsageError("--dry-run has no --format.", "leave one of them out.")
    form, view = view_from(options)
    report = choose_report(form, view)
    changes = {key: options.pop(key) for key in NAMED}
    plan = Plan(solvers=solvers or DEFAULT_SOLVERS, sweep=True, **options)
    specs, notes = specs_from(problems, data, settings, changes)
    chosen = choose(jobs, executor, scheduler, default=0)
    reserve_files(save, None, force, len(specs), store)

    with controlled(plan.timeout, notes, progress, quiet=quiet) as (control, bar):
        if dry_run:
            from lrbench.cli.dry_run import show_estimates

            workers = 1 if executor == "dask" else chosen.workers
            show_estimates(plan, specs, control, workers, store)
            return ExitCode.OK
        from lrbench.experiment.conduct import run_plan

        words = effective(click.get_current_context())
        with store_at(store) as kept:
            result = run_plan(plan, specs, control, words, executor=chosen, store=kept)
        bar.close()
        for problem in [] if quiet else result.problems:
            say_left_out(problem)
        if result.problems:
            if save is not None:
                result.save(save, force=force)
            report(result)
        code = exit_code(result, control, quiet=quiet, strict=strict)
        missing = sum(p.sweep.missing for p in result.problems if p.sweep)
        if control.stopped and not quiet and (missing or not result.problems):
            again = "To go on, run the same command again."
            never = "To be able to go on, sweep with --store FILE."
            click.echo(again if store else never, err=True)
        return code
