"""The files of the cache of parsed data: ``.npy`` arrays, and an entry for each source."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import PerSample
from lrbench.cache.content_hash import combined_hash, digest, matrix_of
from lrbench.cache.folder import cache_dir, write_atomically
from lrbench.data.parsed.shelf import mapped, npy_path

if TYPE_CHECKING:
    from lrbench.objective.linear.matrix import Matrix

SETTLED_NS = 10 * 10**9
"""How far the times of cached files are set back, nanoseconds."""


@dataclass(frozen=True, eq=False)
class Stored:
    """What a source holds, and the digest of each array by name.

    Parameters
    ----------
    X, y, labels, zero_based
        As in `Parsed`.
    digests
        Of the arrays of X, and of ``y``.
    """

    X: Matrix
    y: PerSample
    labels: tuple[str, ...] | None
    digests: Mapping[str, str]
    zero_based: bool | None = None

    @property
    def content(self) -> str:
        """The content hash."""
        return combined_hash(self.X.shape, self.digests)


def entries_folder() -> Path:
    """Return the folder of the cache; it need not exist."""
    return cache_dir() / "data"


def read_entry(key: str, stamp: list[int | str]) -> Stored | None:
    """Return what is stored for `key`; None if there is nothing, or nothing to be trusted."""
    try:
        entry = json.loads(_path(key).read_bytes())
        _require(entry.pop("crc32") == _crc32(entry))
        if [entry["key"], entry["stamp"]] != [key, stamp]:
            return None
        folder = entries_folder() / Path(entry["content"]).name
        paths = {name: npy_path(folder, name) for name in entry["digests"]}
        stamps = {name: _stamp(path) for name, path in paths.items()}
        _require(all(stamps[name][0] == size for name, (size, _) in entry["files"].items()))
        known = stamps == entry["files"]
        arrays = {name: mapped(path) for name, path in paths.items()}
        X, y = matrix_of(arrays, tuple(entry["shape"])), arrays["y"]
        labels = None if entry["labels"] is None else tuple(map(str, entry["labels"]))
        found = Stored(X, y, labels, entry["digests"], entry["zero_based"])
        _require(found.content == entry["content"])
        _require(X.dtype == y.dtype == np.float64 and y.shape == X.shape[:1])
        _require(labels is None or bool(np.isin(y, np.arange(len(labels))).all()))
        if not known:
            _check(arrays, found)
    except Exception:  # whatever is wrong with a cache, the source is still there
        return None
    if not known:
        with contextlib.suppress(OSError):
            _write_entry(key, stamp, found)
    return found


def publish(key: str, stamp: list[int | str], fresh: Stored, scratch: Path) -> None:
    """Move the arrays from the folder `scratch` to their place and write the entry of `key`.

    Where the disk refuses, nothing new is left.
    """
    folder = entries_folder() / fresh.content
    moved = []
    try:
        folder.mkdir(exist_ok=True)
        for name, expected in fresh.digests.items():
            if not _holds(npy_path(folder, name), expected):
                moved.append(npy_path(folder, name))
                _settle(npy_path(scratch, name)).replace(moved[-1])
        _write_entry(key, stamp, fresh)
    except OSError:
        _remove(moved)


def _path(key: str) -> Path:
    name = key.encode(errors="surrogatepass")  # the name of a file need not be UTF-8
    return entries_folder() / f"{hashlib.sha256(name).hexdigest()[:32]}.json"


def _settle(path: Path) -> Path:
    """Bring a file to the disk, and set its time back: any later change then has another one.

    Two changes within one tick of the clock would have the same.
    """
    with path.open("rb") as file:
        os.fsync(file.fileno())
    past = time.time_ns() - SETTLED_NS
    os.utime(path, ns=(past, past))
    return path


def _remove(moved: list[Path]) -> None:
    """Remove these files, and their folder if nothing else, of another entry, is in it."""
    with contextlib.suppress(OSError):
        for path in moved:
            path.unlink(missing_ok=True)
        for path in moved[:1]:
            path.parent.rmdir()


def _write_entry(key: str, stamp: list[int | str], fresh: Stored) -> None:
    folder = entries_folder() / fresh.content
    entry = {
        "key": key,
        "stamp": stamp,
        "content": fresh.content,
        "shape": [int(k) for k in fresh.X.shape],
        "labels": None if fresh.labels is None else list(fresh.labels),
        "zero_based": fresh.zero_based,
        "digests": dict(fresh.digests),
        "files": {name: _stamp(npy_path(folder, name)) for name in fresh.digests},
    }
    text = json.dumps({**entry, "crc32": _crc32(entry)}, indent=1).encode()
    write_atomically(_path(key), lambda file: _write(file, text))


def _write(file: BinaryIO, text: bytes) -> None:
    file.write(text)


def _crc32(entry: Mapping[str, Any]) -> int:
    return zlib.crc32(json.dumps(entry, sort_keys=True).encode())


def _stamp(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


def _holds(path: Path, expected: str) -> bool:
    """Return whether the file is there already: entries may share their arrays."""
    try:
        return digest(mapped(path)) == expected
    except (OSError, ValueError):
        return False


def _check(arrays: Mapping[str, NDArray[Any]], found: Stored) -> None:
    """Read all arrays: they must be those of the digests, and make up a sound matrix."""
    for name, array in arrays.items():
        _require(digest(array) == found.digests[name])
    if not isinstance(found.X, np.ndarray):
        found.X.check_format(full_check=True)


def _require(condition: bool) -> None:
    if not condition:
        raise ValueError("a cached data set that cannot be trusted")
