"""`lrbench cache`: show or clear the folder of parsed data and certified optima."""

from __future__ import annotations

import click

from lrbench.cli.command import GuidedGroup


@click.group(
    name="cache",
    cls=GuidedGroup,
    examples=(
        ("where it is", "lrbench cache dir"),
        ("make room; what is needed is made again", "lrbench cache clear"),
    ),
)
def command() -> None:
    """Show or clear the folder of parsed data and certified optima.

    It is $LRBENCH_CACHE_DIR if that is set, else the user's cache. Its contents are made again
    when they are needed. Fetched sets are not touched: see `lrbench data path`.
    """


@command.command(
    name="dir",
    examples=(
        ("where it is", "lrbench cache dir"),
        ("how large it is", "du -sh $(lrbench cache dir)"),
    ),
)
def show_dir() -> None:
    """Print the path of the folder."""
    from lrbench.cache.folder import cache_dir

    click.echo(cache_dir())


@command.command(
    name="clear",
    examples=(
        ("everything that was derived", "lrbench cache clear"),
        ("of a folder of its own", "LRBENCH_CACHE_DIR=cache lrbench cache clear"),
    ),
)
def clear() -> None:
    """Delete all derived files from the folder.

    These are parsed data, certified optima, hashes of code, and results that failed a check in
    Python. Fetched sets, whose folder
    `lrbench data path` prints, are kept.
    """
    import shutil

    from lrbench.cache.folder import cache_dir
    from lrbench.errors import LrbenchError

    # Not the folder itself: it may hold fetched sets, or files of the user.
    for subfolder in ("data", "optimum", "source", "failed"):
        folder = cache_dir() / subfolder
        try:
            if folder.exists():
                shutil.rmtree(folder)
        except OSError as error:
            raise LrbenchError(
                f"{folder} cannot be deleted: {error.strerror}.", "delete it by hand."
            ) from error
