"""The cache of parsed data: a source is parsed once and afterwards mapped into memory."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lrbench.arrays import PerSample
from lrbench.cache.content_hash import arrays_of, digest, matrix_of
from lrbench.cache.file_state import Record, file_state
from lrbench.cache.folder import scratch_folder
from lrbench.data.parsed.entries import Stored, entries_folder, publish, read_entry
from lrbench.data.parsed.shelf import FolderShelf, MemoryShelf, Shelf

if TYPE_CHECKING:
    from lrbench.arrays import Matrix


class Parsed(NamedTuple):
    """The contents of a source: X, (n_samples, n_features), y, (n_samples,), and class names."""

    X: Matrix
    y: PerSample
    labels: tuple[str, ...] | None = None
    zero_based: bool | None = None
    """Whether the indices of LIBSVM text count from 0; None for other data."""
    source_hash: str | None = None
    """The SHA-256 of the file that was read, of its bytes as they were read; None without one."""


def cached(key: str, stamp: list[int | str], parse: Callable[[], Parsed]) -> tuple[Parsed, str]:
    """Return the result of `parse`, from the cache if possible, and its content hash.

    Parameters
    ----------
    key, stamp
        As for `stored`.
    parse
        Reads the source into memory; its exceptions are passed on.
    """
    parse_once = functools.cache(parse)  # `stored` parses again if the cache cannot be written
    entry = stored(key, stamp, lambda shelf: _put(parse_once(), shelf))
    return Parsed(entry.X, entry.y, entry.labels), entry.content


def stored(
    key: str, stamp: list[int | str], parse: Callable[[Shelf], Parsed], source: Path | None = None
) -> Stored:
    """Return the result of `parse`, from the cache if possible.

    Parameters
    ----------
    key
        Identifies the source; there is one entry for each key.
    stamp
        Values that change with the parser or with a source that is no file: a version, the hash of
        the parser's code.
    parse
        Reads the source and leaves exactly the arrays that it returns on the shelf. Its exceptions
        are passed on, except for an `OSError` of the shelf.
    source
        The file that is parsed, if it is one. An entry counts only for its content, which is
        compared by `lrbench.cache.file_state`.

    Returns
    -------
    Stored
        Its arrays are read-only maps of the cached files, or in memory if the cache cannot be
        written.

    Notes
    -----
    An entry is a small JSON file, found by `key`, that names a folder of ``.npy`` files by content
    hash. It is written last, with a CRC-32 of itself and of every array. Source and arrays are read
    and compared at every look-up if they are small, and large ones at least once after a boot. An
    entry that is incomplete, changed or not understood is replaced. Nothing is unpickled, and a
    damaged index cannot make a product read out of bounds.
    """
    entry = read_entry(key, stamp, source)
    if entry is not None:
        return entry
    # Before it is read: if the source changes meanwhile, it is compared and parsed again.
    state = None if source is None else file_state(source)
    try:
        with scratch_folder(entries_folder()) as scratch:
            parsed = parse(FolderShelf(scratch))
            fresh = _with_digests(parsed)
            origin: Record | None = None if source is None else [parsed.source_hash, state]
            publish(key, stamp, origin, fresh, scratch)
            # Maps of the files at their final place; those of the scratch folder work as well,
            # because a map outlives its file.
            return read_entry(key, stamp) or fresh
    except OSError:
        return _with_digests(parse(MemoryShelf()))


def _with_digests(parsed: Parsed) -> Stored:
    arrays = {**arrays_of(parsed.X), "y": parsed.y}
    digests = {name: digest(array) for name, array in arrays.items()}
    return Stored(parsed.X, parsed.y, parsed.labels, digests, parsed.zero_based)


def _put(parsed: Parsed, shelf: Shelf) -> Parsed:
    """Return the same data with their arrays on the shelf."""
    for name, array in {**arrays_of(parsed.X), "y": parsed.y}.items():
        with shelf.write(name, array.dtype, array.shape[1:]) as writer:
            writer.append(array)
    X = matrix_of({name: shelf.array(name) for name in arrays_of(parsed.X)}, parsed.X.shape)
    return Parsed(X, shelf.array("y"), parsed.labels)
