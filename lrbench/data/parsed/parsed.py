"""The cache of parsed data: a source is read once, and mapped into memory after that."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lrbench.arrays import PerSample
from lrbench.cache.content_hash import arrays_of, digest, matrix_of
from lrbench.cache.folder import scratch_folder
from lrbench.data.parsed.entries import Stored, entries_folder, publish, read_entry
from lrbench.data.parsed.shelf import FolderShelf, MemoryShelf, Shelf

if TYPE_CHECKING:
    from lrbench.objective.linear.matrix import Matrix


@dataclass(frozen=True, eq=False)
class Parsed:
    """What a source holds: X, (n_samples, n_features), y, (n_samples,), and names of classes."""

    X: Matrix
    y: PerSample
    labels: tuple[str, ...] | None = None
    zero_based: bool | None = None
    """Whether the indices of a text count from 0; None where there are no indices."""


def cached(key: str, stamp: list[int | str], parse: Callable[[], Parsed]) -> tuple[Parsed, str]:
    """Return what `parse` returns, from the cache where it has it, and its content hash.

    Parameters
    ----------
    key, stamp
        As for `stored`.
    parse
        Reads the source itself, into memory; what it raises comes through.
    """
    once = functools.cache(parse)
    found = stored(key, stamp, lambda shelf: _put(once(), shelf))
    return Parsed(found.X, found.y, found.labels), found.content


def stored(key: str, stamp: list[int | str], parse: Callable[[Shelf], Parsed]) -> Stored:
    """Return what `parse` returns, from the cache where it has it.

    Parameters
    ----------
    key
        Which source: one entry a key.
    stamp
        What changes when the source or its parser does (size and time of a file, a version, the
        hash of the parser's code), taken before this call: what changes under the parser is then
        parsed again next time.
    parse
        Reads the source itself and leaves the arrays that it returns, and no others, on the shelf;
        what it raises comes through, but for an `OSError` of the shelf.

    Returns
    -------
    Stored
        Its arrays are read-only maps of the cached files, or are in memory where the cache cannot
        be written.

    Notes
    -----
    An entry is a small JSON file, looked up by `key`, that names a folder of ``.npy`` files by
    content hash. It is written last, with a CRC-32 of itself and the size, the time and the digest
    of every array. A file of another size or time, as in a cache that was copied, is read and
    compared; else it is trusted, and a look-up costs the same however large the data are. What is
    torn, changed or not understood is parsed again; nothing is unpickled, and a damaged index
    cannot make a product read out of bounds.
    """
    found = read_entry(key, stamp)
    if found is not None:
        return found
    try:
        with scratch_folder(entries_folder()) as scratch:
            fresh = _with_digests(parse(FolderShelf(scratch)))
            publish(key, stamp, fresh, scratch)
            return read_entry(key, stamp) or fresh  # maps outlive their files
    except OSError:
        return _with_digests(parse(MemoryShelf()))


def _with_digests(parsed: Parsed) -> Stored:
    arrays = {**arrays_of(parsed.X), "y": parsed.y}
    digests = {name: digest(array) for name, array in arrays.items()}
    return Stored(parsed.X, parsed.y, parsed.labels, digests, parsed.zero_based)


def _put(parsed: Parsed, shelf: Shelf) -> Parsed:
    """Return the same data with their arrays on a shelf."""
    for name, array in {**arrays_of(parsed.X), "y": parsed.y}.items():
        with shelf.write(name, array.dtype, array.shape[1:]) as writer:
            writer.append(array)
    X = matrix_of({name: shelf.array(name) for name in arrays_of(parsed.X)}, parsed.X.shape)
    return Parsed(X, shelf.array("y"), parsed.labels)
