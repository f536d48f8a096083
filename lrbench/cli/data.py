"""`lrbench data`: list, fetch and verify the sets of the LIBSVM collection by name."""

from __future__ import annotations

import click

from lrbench.cli import names
from lrbench.cli.command import GuidedGroup, option
from lrbench.cli.view_options import page_options
from lrbench.errors import DataError, ExitCode

TASKS = ("binary", "regression", "multiclass")


@click.group(
    name="data",
    cls=GuidedGroup,
    examples=(
        ("the sets for two classes, and which of them are here", "lrbench data list --task binary"),
        ("fetch one, and run on it", "lrbench data fetch a9a && lrbench run -d a9a"),
    ),
)
def command() -> None:
    """List, fetch and verify sets of the LIBSVM collection by name, as in lrbench run -d a9a.

    The files, plain or compressed, are kept in $LRBENCH_DATA_DIR if that is set, else in the
    user's cache.
    """


@command.command(
    name="list",
    examples=(
        ("all sets", "lrbench data list"),
        ("for regression, as JSON", "lrbench data list --task regression --format json"),
    ),
)
@option("output", "--task", type=click.Choice(TASKS), help="Only those for this task.")
@page_options
def list_sets(task: str | None, form: str | None, color: str) -> None:
    """List the sets, and say which of them are on this machine.

    n is the number of samples, d the number of features. The checksum is known, or that of a text
    remade from the origin of the data, or recorded by the first fetch.
    """
    from lrbench.cli.data_pages import facts, list_page, show
    from lrbench.data.collection.catalogue import collection

    rows = [facts(entry) for entry in collection().values() if task in (None, entry.task)]
    show(rows, list_page, form, color)


@command.command(
    name="info",
    examples=(
        ("all that is known of a set", "lrbench data info a9a"),
        ("as JSON", "lrbench data info a9a --format json"),
    ),
)
@click.argument("name", shell_complete=names.complete_libsvm_sets)
@page_options
def info(name: str, form: str | None, color: str) -> None:
    """Print all that is known of a set."""
    from lrbench.cli.data_pages import info_page, set_details, show
    from lrbench.data.collection.catalogue import find_listed

    show([set_details(find_listed(name))], info_page, form, color)


@command.command(
    name="fetch",
    examples=(
        ("one set", "lrbench data fetch a9a"),
        ("a set with its test set", "lrbench data fetch a9a a9a.t"),
    ),
)
@click.argument(
    "sets", metavar="NAME...", nargs=-1, required=True, shell_complete=names.complete_libsvm_sets
)
def fetch_sets(sets: tuple[str, ...]) -> int:
    """Fetch sets, check them and print the paths of their files.

    A set that is on this machine already is only checked. $LRBENCH_DATA_MIRROR is a mirror to fetch
    from; $LRBENCH_OFFLINE forbids fetching.
    """
    from lrbench.cli.main import say
    from lrbench.data.collection.catalogue import find_listed
    from lrbench.data.collection.fetch import fetch

    code = ExitCode.OK
    # All names are looked up first: an unknown one is an error before anything is fetched.
    for entry in [find_listed(name) for name in sets]:
        try:
            click.echo(fetch(entry))
        except DataError as error:
            say(error.message, error.hint)
            code = ExitCode.WORLD
    return code


@command.command(
    name="verify",
    examples=(
        ("all that are here", "lrbench data verify"),
        ("one of them", "lrbench data verify a9a"),
    ),
)
@click.argument("sets", metavar="[NAME]...", nargs=-1, shell_complete=names.complete_libsvm_sets)
@page_options
def verify(sets: tuple[str, ...], form: str | None, color: str) -> int:
    """Check the named sets, or all that are on this machine.

    ok: the text of the site. remade: the same data, written anew from their origin. recorded: the
    text as it was fetched. unrecorded: there is no checksum to compare with. A set that is BAD
    makes the exit code 3.
    """
    from lrbench.cli.data_pages import check_row, file_of, show, verify_page
    from lrbench.cli.main import say
    from lrbench.data.collection.catalogue import collection, find_listed
    from lrbench.data.collection.folder import check_data_dir, in_data_dir

    if sets:
        files = {name: file_of(find_listed(name)) for name in sets}
    else:
        check_data_dir()
        files = {name: path for name in collection() if (path := in_data_dir(name))}
    rows = [check_row(name, path) for name, path in files.items()]
    show(rows, verify_page, form, color)
    bad = [row for row in rows if row["verdict"] == "BAD"]
    for row in bad:
        say(row["why"], f"move it away and run lrbench data fetch {row['name']}.")
    return ExitCode.WORLD if bad else ExitCode.OK


@command.command(
    name="path",
    examples=(
        ("the folder of the sets", "lrbench data path"),
        ("the file of one", "lrbench data path a9a"),
    ),
)
@click.argument("name", required=False, metavar="[NAME]", shell_complete=names.complete_libsvm_sets)
def show_path(name: str | None) -> None:
    """Print the path of a set's file, or of the folder."""
    from lrbench.cli.data_pages import file_of
    from lrbench.data.collection.catalogue import find_listed
    from lrbench.data.collection.folder import data_dir

    click.echo(data_dir() if name is None else file_of(find_listed(name)))
