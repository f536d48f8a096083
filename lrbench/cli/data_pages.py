"""What `lrbench data` shows of sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from lrbench.cli.list import show_json, show_page
from lrbench.data.collection.catalogue import Listed, find_listed
from lrbench.data.collection.checksum import check_file, record_path
from lrbench.data.collection.download import shown_url
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

Row: TypeAlias = Mapping[str, Any]


def here(entry: Listed) -> Path:
    """Return the file of a set; raise `DataError` where it is not here."""
    path = in_data_dir(entry.name)
    if path is None:
        raise DataError(
            f"the set {entry.name} is not in {quoted_path(data_dir())}.",
            f"say lrbench data fetch {entry.name}, or put {entry.file} there by hand.",
        )
    return path


def facts(entry: Listed) -> Row:
    """Return the size of a set, where it is and how it can be checked; None for what is not."""
    path = in_data_dir(entry.name)
    kinds = {
        "known": entry.sha256 is not None,
        "remade": entry.remade_sha256 is not None,
        "recorded": is_file(record_path(entry.name)),
    }
    return {
        "name": entry.name,
        "task": entry.task,
        "n_samples": entry.n_samples,
        "n_features": entry.n_features,
        "test_of": entry.test_of,
        "file": None if path is None else str(path),
        "checksum": next((kind for kind, there in kinds.items() if there), None),
    }


def set_details(entry: Listed) -> Row:
    """Return all that is known of a set.

    Raises
    ------
    UsageError
        Where the mirror is not an address.
    """
    return {
        **facts(entry),
        "sha256": entry.sha256,
        "remade_sha256": entry.remade_sha256,
        "text_bytes": entry.text_bytes,
        "url": shown_url(url_of(entry)),
        "page": entry.page,
    }


def check_row(name: str, path: Path) -> Row:
    """Return what came of checking the file of a set."""
    return {"name": name, "file": str(path), **check_file(find_listed(name), path)._asdict()}


def show(
    rows: Sequence[Row],
    page: Callable[[Sequence[Row]], Iterator[Block]],
    form: str | None,
    color: str,
) -> None:
    """Write the sets as JSON, or as `page` makes them."""
    if form == "json":
        head = {"format": FORMAT, "version": VERSION, "folder": str(data_dir())}
        show_json({**head, "sets": list(rows)})
    else:
        show_page(page(rows), form, color)


def list_page(rows: Sequence[Row]) -> Iterator[Block]:
    """Yield the table of sets, from what `facts` returns."""
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


def info_page(rows: Sequence[Row]) -> Iterator[Block]:
    """Yield a line for each thing that is known, from what `set_details` returns."""
    for row in rows:
        yield line(row["name"], style="title")
        unrecorded = "recorded by the first fetch" if row["file"] is None else "none"
        unknown = {"file": "not here", "checksum": unrecorded}
        for key, value in list(row.items())[1:]:
            if value is not None or key in unknown:
                yield line(f"{key}: {unknown[key] if value is None else quoted_path(value)}")


def verify_page(rows: Sequence[Row]) -> Iterator[Block]:
    """Yield the table of verdicts, from what `check_row` returns."""
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
