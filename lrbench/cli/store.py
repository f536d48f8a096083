"""`lrbench store`: list, export, prune and merge the finished cells of sweeps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lrbench.cli.command import GuidedGroup, option
from lrbench.cli.view_options import page_options, view_options
from lrbench.errors import ExitCode, UsageError

FORMAT = "lrbench-store"
VERSION = 1
"""The format and its version that the JSON of `lrbench store list` declares."""

store_file = click.argument("file", metavar="FILE.sqlite", type=click.Path(path_type=Path))


@click.group(
    name="store",
    cls=GuidedGroup,
    examples=(
        ("what a store holds", "lrbench store list sweep.sqlite"),
        (
            "gather what the jobs of a cluster have stored",
            "lrbench store merge all.sqlite job*.sqlite",
        ),
    ),
)
def command() -> None:
    """List, export, prune and merge files of lrbench sweep --store.

    Such a file holds finished cells, one for each lr0 and seed. A cell is used again only on the
    same problem, with the same setting and budget, and by the same code: the file of the solver,
    and the loop, the objective, the losses and the penalties. Comments do not count.
    """


@command.command(
    name="list",
    examples=(
        ("solver by solver", "lrbench store list sweep.sqlite"),
        ("as JSON", "lrbench store list sweep.sqlite --format json"),
    ),
)
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


@command.command(
    name="export",
    examples=(
        ("as the page of the sweep", "lrbench store export sweep.sqlite"),
        (
            "as a file that lrbench show reads",
            "lrbench store export sweep.sqlite --format json > all.json",
        ),
    ),
)
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


@command.command(
    name="prune",
    examples=(
        ("cells of an earlier version", "lrbench store prune sweep.sqlite --stale"),
        (
            "those of a solver on a problem",
            "lrbench store prune sweep.sqlite --problem logreg --solver wngrad",
        ),
    ),
)
@store_file
@option("cells", "--stale", is_flag=True, help="Cells made by other code than this lrbench.")
@option("cells", "--problem", metavar="NAME", help="Cells on this problem.")
@option("cells", "--solver", metavar="NAME", help="Cells of this solver.")
@option("cells", "--damaged", is_flag=True, help="Cells that have changed since they were written.")
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


@command.command(
    name="merge",
    examples=(
        ("two stores into a new one", "lrbench store merge all.sqlite job1.sqlite job2.sqlite"),
        ("more into one that exists", "lrbench store merge all.sqlite job3.sqlite"),
    ),
)
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
