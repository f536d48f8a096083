"""`lrbench show`: print a saved result in any format, or the file of a shipped problem."""

from __future__ import annotations

from typing import Any

import click

from lrbench.cli.command import command as guided
from lrbench.cli.view_options import view_options
from lrbench.errors import ExitCode, UsageError, quoted


@guided(
    "show",
    ("a saved result as a LaTeX table", "lrbench show result.json --format latex"),
    (
        "the file of a problem, as a beginning of your own",
        "lrbench show problem logreg > mine.toml",
    ),
)
@click.argument(
    "operands", nargs=-1, required=True, metavar="FILE.json | FILE.sqlite | problem NAME"
)
@view_options
def command(operands: tuple[str, ...], **options: Any) -> int:
    """Print a saved result or a store in any format, or the file of a problem that ships.

    FILE.json was written by --save or --format json, FILE.sqlite by --store; - is JSON on stdin.
    Copy a problem to change it: lrbench show problem logreg > mine.toml
    """
    if operands[0] == "problem":
        _refuse_views(options)
        _show_problem(operands[1:])
        return ExitCode.OK
    if len(operands) > 1:
        raise UsageError(f"{len(operands)} results are given to show.", "show one at a time.")
    from lrbench.cli.output import choose_report, view_from
    from lrbench.cli.saved import saved_result
    from lrbench.results import trace_columns

    result = saved_result(operands[0])
    # A solver from outside lrbench may have traced columns that only its result names.
    form, view = view_from(options, trace_columns(result.problems))
    choose_report(form, view)(result)
    return ExitCode.OK


def _refuse_views(options: dict[str, Any]) -> None:
    """Raise `UsageError` if an option of the view of a result is used."""
    used = [name for name, value in options.items() if value not in (None, False, "auto", "all")]
    if used:
        name = "format" if used[0] == "form" else used[0]
        raise UsageError(
            f"--{name} does not change the file of a problem, which is shown as it is.",
            f"leave --{name} out.",
        )


def _show_problem(names: tuple[str, ...]) -> None:
    """Write the file of a shipped problem byte for byte."""
    from lrbench.config.registry import did_you_mean, listed
    from lrbench.problem_files import shipped, shipped_folder

    if len(names) != 1:
        subject = "no problem is" if not names else f"{len(names)} problems are"
        raise UsageError(f"{subject} given to show.", f"choose from {listed(shipped())}.")
    if names[0] not in shipped():
        raise UsageError(
            f"there is no problem {quoted(names[0])}.", did_you_mean(names[0], shipped())
        )
    file = shipped_folder() / f"{names[0]}.toml"
    click.echo(file.read_bytes(), nl=False)
