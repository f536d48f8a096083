"""`lrbench theory`: the bounds that are proved for a problem before any run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from lrbench.cli.command import ProblemCommand, option
from lrbench.cli.command import command as guided
from lrbench.cli.options import (
    chain,
    method_options,
    method_values,
    problem_options,
    problem_words,
    setting_options,
)
from lrbench.cli.view_options import page_options
from lrbench.errors import ExitCode
from lrbench.plan.options import PROBLEM_OPTIONS

theory_options = chain(
    [
        option(
            "output",
            "--at",
            metavar="T[,T]",
            default="100,1000,10000",
            show_default=True,
            help="Iterations at which bounds are shown.",
        ),
        option(
            "output",
            "--all",
            "every",
            is_flag=True,
            help="Show theorems for the other setting, too.",
        ),
        option("output", "--bibtex", is_flag=True, help="Print only the papers, as BibTeX."),
        option("output", "-q", "--quiet", is_flag=True, help="No notes on stderr."),
    ]
)


@guided(
    "theory",
    (
        "what is proved for WNGrad from this learning rate",
        "lrbench theory logreg -s wngrad --lr0 100",
    ),
    ("the papers behind it, for LaTeX", "lrbench theory logreg -s wngrad --bibtex"),
    cls=ProblemCommand,
)
@problem_words
@problem_options
@method_options("1")
@setting_options
@theory_options
@page_options
def command(
    problems: tuple[str, ...],
    data: str | None,
    settings: tuple[str, ...],
    solvers: tuple[str, ...],
    at: str,
    every: bool,
    bibtex: bool,
    quiet: bool,
    form: str | None,
    color: str,
    **options: Any,
) -> int:
    """Show what is proved for a problem, solver and lr0, before any run.

    For every theorem: its hypotheses, checked, the bound after T iterations, and the first T at
    which the bound is below the value at the start. Certificates are computed from the run itself.
    """
    from lrbench.cli.main import say
    from lrbench.cli.output import show_json, show_page
    from lrbench.cli.problems import specs_from
    from lrbench.experiment.before import bounds_as_json, bounds_of_problems
    from lrbench.plan.options import DEFAULT_SOLVERS, read_iterations
    from lrbench.plan.plan import Plan
    from lrbench.reports.theory_page import theory_page

    changes = {key: options.pop(key) for key in PROBLEM_OPTIONS}
    options |= method_values(click.get_current_context())
    plan = Plan(solvers=solvers or DEFAULT_SOLVERS, **options)
    iterations = read_iterations(at)
    specs, notes = specs_from(problems, data, settings, changes)
    for note in [] if quiet else notes:
        click.echo(note, err=True)
    bounds, failures = bounds_of_problems(specs, plan, iterations, every)
    if bibtex:
        show_bibtex(bounds, every)
    elif form == "json":
        show_json(bounds_as_json(bounds))
    elif bounds:
        show_page(theory_page(bounds), form, color)
    for error in failures:
        say(error.message, error.hint)
    return ExitCode.WORLD if failures else ExitCode.OK


def show_bibtex(bounds: Iterable[dict[str, Any]], every: bool) -> None:
    """Write the papers of the solvers and of their theorems that apply, or of all theorems."""
    from lrbench.solvers import SOLVERS
    from lrbench.theory.references import bibtex

    keys: list[str] = []
    for setting in [s for problem in bounds for s in problem["settings"]]:
        keys += SOLVERS.get(setting["solver"]["name"]).papers
        keys += [key for t in setting["theorems"] if every or t["applies"] for key in t["cite"]]
    if keys:
        click.echo(bibtex(keys))
