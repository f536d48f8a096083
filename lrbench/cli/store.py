"""`lrbench store`: the finished cells of sweeps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lrbench.cli.list import page_options
from lrbench.cli.view_options import view_options
from lrbench.errors import ExitCode, UsageError

FORMAT = "lrbench-store"
VERSION = 1
"""Of the JSON of `lrbench store list`."""

SETTINGS = {"help_option_names": ["-h", "--help"]}

store_file = click.argument("file", metavar="FILE.sqlite", type=click.Path(path_type=Path))


@click.group(name="store", no_args_is_help=False, context_settings=SETTINGS)
def command() -> None:
    """Look after the files of lrbench sweep --store: finished cells, one a lr0 and seed.

    A cell is used again only on the same problem, with the same setting and budget, and by the same
    code: that of the solver and of all that makes the numbers of a run, comments left out.
    """


@command.command(name="list", context_settings=SETTINGS)
@store_file
@page_options
def list_cells(file: Path, form: str | None, color: str) -> None:
    """List what is in a store, solver by solver."""
    from dataclasses import asdict

    from lrbench.cli.list import show_json, show_page
    from lrbench.experiment.store import opened, stored_cells
    from lrbench.reports.store_page import store_page

    with opened(file) as connection:
        found = [asdict(entry) for entry in stored_cells(connection)]
    if form == "json":
        show_json({"format": FORMAT, "version": VERSION, "entries": found})
    else:
        show_page(store_page(found), form, color)


@command.command(name="export", context_settings=SETTINGS)
@store_file
@view_options
def export(file: Path, **options: Any) -> int:
    """Print all finished cells as a result, in any format, as lrbench show does.

    --format json writes a file that lrbench show and lrbench check read.
    """
    from lrbench.cli.output import choose_report, view_from
    from lrbench.experiment.store import opened, result_of

    form, view = view_from(options)
    report = choose_report(form, view)
    with opened(file) as connection:
        result = result_of(connection, file)
    report(result)
    return ExitCode.OK


@command.command(name="prune", context_settings=SETTINGS)
@store_file
@click.option("--stale", is_flag=True, help="Those that were made by another lrbench than this.")
@click.option("--problem", metavar="NAME", help="Those on this problem.")
@click.option("--solver", metavar="NAME", help="Those of this solver.")
def prune(file: Path, stale: bool, problem: str | None, solver: str | None) -> None:
    """Delete cells and give the room back; options together narrow the choice."""
    from lrbench.experiment.store import opened
    from lrbench.experiment.store import prune_cells as delete

    if not stale and problem is None and solver is None:
        raise UsageError(
            "it is not said which cells to delete.",
            "give --stale, --problem or --solver; to delete all, delete the file.",
        )
    with opened(file) as connection:
        count = delete(connection, stale=stale, problem=problem, solver=solver)
    click.echo(f"{count} cells deleted")


@command.command(name="merge", context_settings=SETTINGS)
@click.argument("into", metavar="INTO.sqlite", type=click.Path(path_type=Path))
@click.argument(
    "others", metavar="FROM.sqlite...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
def merge(into: Path, others: tuple[Path, ...]) -> None:
    """Copy the cells of other stores into the first one, which is made if it is missing.

    One process per job, each with a store of its own, and one merge at the end: that is all a
    cluster needs.
    """
    from lrbench.experiment.store import merge_stores as copy
    from lrbench.experiment.store import opened

    for other in others:
        with opened(other):  # a store at all, and of this version
            pass
        if other.exists() and into.exists() and other.samefile(into):
            raise UsageError(f"{other} is the store to copy into.", "name other stores.")
    with opened(into, create=True) as connection:
        count = copy(connection, others)
    click.echo(f"{count} cells added")
