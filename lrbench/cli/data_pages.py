"""The facts about sets that `lrbench data` shows, and the pages that it makes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from lrbench.cli.output import show_json, show_page
from lrbench.data.collection.catalogue import Listed, find_listed
from lrbench.data.collection.checksum import check_file, record_path
from lrbench.data.collection.download import printable_url
from lrbench.data.collection.fetch import url_of
from lrbench.data.collection.folder import data_dir, in_data_dir
from lrbench.data.libsvm.compressed import is_file
from lrbench.errors import DataError, quoted_path
from lrbench.reports.blocks import Grid, TableCell, line

if TYPE_CHECKING:
    from lrbench.reports.blocks import Block, Style

FORMAT = "lrbench-data"
VERSION = 1

STYLES: dict[str, Style] = {"ok": "good", "unrecorded": "warn", "BAD": "bad"}
"""The style of a verdict; a verdict that is not in the table has none."""

Row: TypeAlias = Mapping[str, Any]
"""The facts about one set, by their keys in JSON."""


def file_of(entry: Listed) -> Path:
    """Return the file of a set; raise `DataError` if it is not on this machine."""
    path = in_data_dir(entry.name)
    if path is None:
        raise DataError(
            f"the set {entry.name} is not in {quoted_path(data_dir())}.",
            f"run lrbench data fetch {entry.name}, or put {entry.file} there by hand.",
        )
    return path


def facts(entry: Listed) -> Row:
    """Return the size of a set, its file and its kind of checksum; None for what is missing."""
    path = in_data_dir(entry.name)
    checksum = "recorded" if is_file(record_path(entry.name)) else None
    # As in `check_file`, a record counts only for a set without a checksum in the collection.
    if entry.sha256 is not None:
        checksum = "known"
    elif entry.remade_sha256 is not None:
        checksum = "remade"
    return {
        "name": entry.name,
        "task": entry.task,
        "n_samples": entry.n_samples,
        "n_features": entry.n_features,
        "test_of": entry.test_of,
        "file": None if path is None else str(path),
        "checksum": checksum,
    }


def set_details(entry: Listed) -> Row:
    """Return all that is known of a set.

    Raises
    ------
    UsageError
        If the mirror is not an address.
    """
    return {
        **facts(entry),
        "sha256": entry.sha256,
        "remade_sha256": entry.remade_sha256,
        "text_bytes": entry.text_bytes,
        "url": printable_url(url_of(entry)),
        "page": entry.page,
    }


def check_row(name: str, path: Path) -> Row:
    """Check the file of a set; return its verdict and checksum, and why it is BAD."""
    verdict, sha256, reason = check_file(find_listed(name), path)
    return {
        "name": name,
        "file": str(path),
        "verdict": verdict,
        "sha256": sha256,
        "why": reason,
    }


def show(
    rows: Sequence[Row],
    page: Callable[[Sequence[Row]], Iterator[Block]],
    form: str | None,
    color: str,
) -> None:
    """Write the rows as JSON, or as the page that `page` makes of them."""
    if form == "json":
        head = {"format": FORMAT, "version": VERSION, "folder": str(data_dir())}
        show_json({**head, "sets": list(rows)})
    else:
        show_page(page(rows), form, color)


def list_page(rows: Sequence[Row]) -> Iterator[Block]:
    """Yield the table of sets; each row is one of `facts`."""
    sizes = ("n_samples", "n_features")
    cells = [
        [
            TableCell(row["name"]),
            TableCell(row["task"]),
            *(TableCell("-" if row[size] is None else str(row[size])) for size in sizes),
            TableCell("-" if row["file"] is None else "yes"),
            TableCell(row["checksum"] or "-"),
        ]
        for row in rows
    ]
    yield Grid(["name", "task", "n", "d", "here", "checksum"], cells, frozenset({0, 1, 4, 5}))
    legend = ("remade from the origin of the data", "recorded by the first fetch", "or none (-)")
    yield line("checksum: known from the site", *legend, note=True, style="dim")


def info_page(rows: Sequence[Row]) -> Iterator[Block]:
    """Yield a line for each known fact; each row is one of `set_details`."""
    for row in rows:
        yield line(row["name"], style="title")
        no_checksum = "recorded by the first fetch" if row["file"] is None else "none"
        if_missing = {"file": "not here", "checksum": no_checksum}
        for key, fact in list(row.items())[1:]:
            if fact is not None or key in if_missing:
                yield line(f"{key}: {if_missing[key] if fact is None else quoted_path(fact)}")


def verify_page(rows: Sequence[Row]) -> Iterator[Block]:
    """Yield the table of verdicts; each row is one of `check_row`."""
    yield line(f"{'in' if rows else 'no set is in'} {quoted_path(data_dir())}", style="dim")
    if not rows:
        return
    cells = [
        [
            TableCell(row["name"]),
            TableCell(row["verdict"], STYLES.get(row["verdict"], "")),
            TableCell((row["sha256"] or "-")[:12]),
        ]
        for row in rows
    ]
    yield Grid(["name", "verdict", "sha256"], cells, frozenset({0, 1, 2}))
