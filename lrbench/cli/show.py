"""`lrbench show`: a saved result in any format, or a problem that ships."""

from __future__ import annotations

import sys
from importlib import resources
from typing import TYPE_CHECKING, Any

import click

from lrbench.cli.view_options import view_options
from lrbench.errors import ExitCode, UsageError, quoted

if TYPE_CHECKING:
    from lrbench.results import Result


@click.command(name="show", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("what", nargs=-1, required=True, metavar="FILE.json | FILE.sqlite | problem NAME")
@view_options
def command(what: tuple[str, ...], **options: Any) -> int:
    """Print a saved result or a store in any format, or the file of a problem that ships.

    FILE.json is what --save or --format json wrote, FILE.sqlite what --store keeps, - is stdin.
    Copy a problem to change it: lrbench show problem logreg > mine.toml
    """
    if what[0] == "problem":
        _refuse_views(options)
        _show_problem(what[1:])
        return ExitCode.OK
    if len(what) > 1:
        raise UsageError(f"{len(what)} results are given to show.", "show one at a time.")
    from lrbench.cli.output import choose_report, view_from
    from lrbench.results import trace_columns

    result = _load(what[0])
    form, view = view_from(options, trace_columns(result.problems))
    choose_report(form, view)(result)
    return ExitCode.OK


def _load(name: str) -> Result:
    """Return the result in a file or a store, or in what stdin has to say."""
    from lrbench.cli.saved import saved_result
    from lrbench.results import Result

    if name == "-":
        return Result.from_json(sys.stdin.buffer.read(), "stdin")
    return saved_result(name)


def _refuse_views(options: dict[str, Any]) -> None:
    """Raise `UsageError` for an option that says how to show a result."""
    given = [name for name, value in options.items() if value not in (None, False, "auto")]
    if given:
        name = "format" if given[0] == "form" else given[0]
        raise UsageError(
            f"--{name} does not change the file of a problem, which is shown as it is.",
            f"leave --{name} out.",
        )


def _show_problem(names: tuple[str, ...]) -> None:
    """Write a shipped problem's file as it is, byte for byte."""
    from lrbench.config.registry import did_you_mean
    from lrbench.problem_files import shipped

    if len(names) != 1:
        what = "no problem is" if not names else f"{len(names)} problems are"
        raise UsageError(f"{what} given to show.", f"choose from {', '.join(shipped())}.")
    if names[0] not in shipped():
        raise UsageError(
            f"there is no problem {quoted(names[0])}.", did_you_mean(names[0], shipped())
        )
    file = resources.files("lrbench.problems") / f"{names[0]}.toml"
    click.echo(file.read_bytes(), nl=False)
