"""`lrbench store`: list, export, prune and merge the finished cells of sweeps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lrbench.cli.view_options import page_options, view_options
from lrbench.errors import ExitCode, UsageError

FORMAT = "lrbench-store"
VERSION = 1
"""The format and its version that the JSON of `lrbench store list` declares."""

SETTINGS = {"help_option_names": ["-h", "--help"]}

store_file = click.argument("file", metavar="FILE.sqlite", type=click.Path(path_type=Path))


@click.group(name="store", no_args_is_help=False, context_settings=SETTINGS)
def command() -> None:
    """List, export, prune and merge files of lrbench sweep --store.

    Such a file holds finished cells, one for each lr0 and seed. A cell is used again only on the
    same problem, with the same setting and budget, and by the same code: the file of the solver,
    and the loop, the objective, the losses and the penalties. Comments do not count.
    """


@command.command(name="list", context_settings=SETTINGS)
@store_file
@page_options
def list_cells(file: Path, form: str | None, color: str) -> None:
    """List the contents of a store, solver by solver."""
    from dataclasses import asdict

    from lrbench.cli.output import show_json, show_page
    from lrbench.experiment.store import opened, stored_cells
    from lrbench.reports.store_page import store_page

    with opened(file) as connection:
        entries = [asdict(entry) for entry in stored_cells(connection)]
    if form == "json":
        show_json({"format": FORMAT, "version": VERSION, "entries": entries})
    else:
        show_page(store_page(entries), form, color)


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
@click.option("--stale", is_flag=True, help="Cells made by other code than this lrbench.")
@click.option("--problem", metavar="NAME", help="Cells on this problem.")
@click.option("--solver", metavar="NAME", help="Cells of this solver.")
@click.option("--damaged", is_flag=True, help="Cells that have changed since they were written.")
def prune(file: Path, stale: bool, problem: str | None, solver: str | None, damaged: bool) -> None:
    """Delete the cells to which all options apply.

    The file shrinks by the space that they took. --damaged stands alone; lost cells are no longer
    missed after it.
    """
    from lrbench.experiment.store import opened, prune_cells, prune_damaged

    others = stale or problem is not None or solver is not None
    if damaged and others:
        raise UsageError(
            "--damaged has no other option.", "delete damaged cells first, and then the others."
        )
    if not damaged and not others:
        raise UsageError(
            "no option says which cells to delete.",
            "give --stale, --problem, --solver or --damaged; to delete all, delete the file.",
        )
    with opened(file) as connection:
        if damaged:
            count = prune_damaged(connection)
        else:
            count = prune_cells(connection, stale=stale, problem=problem, solver=solver)
    click.echo(f"{count} cells deleted")


@command.command(name="merge", context_settings=SETTINGS)
@click.argument("into", metavar="INTO.sqlite", type=click.Path(path_type=Path))
@click.argument(
    "others", metavar="FROM.sqlite...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
def merge(into: Path, others: tuple[Path, ...]) -> None:
    """Copy the cells of other stores into the first one, which is made if it is missing.

    On a cluster let each job write a store of its own, and merge them at the end.
    """
    from lrbench.experiment.store import check_cells, merge_stores, opened

    for other in others:
        # A file that is no store, of another version or damaged is an error before INTO is made.
        with opened(other) as connection:
            check_cells(connection, other)
        if other.exists() and into.exists() and other.samefile(into):
            raise UsageError(f"{other} is the store to copy into.", "name other stores.")
    with opened(into, create=True) as connection:
        count = merge_stores(connection, others)
    click.echo(f"{count} cells added")
