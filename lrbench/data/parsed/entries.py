"""The files of the cache of parsed data: ``.npy`` arrays and one entry for each source."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lrbench.arrays import PerSample
from lrbench.cache.content_hash import combined_hash, digest, matrix_of
from lrbench.cache.file_state import Record, crc32, renewed, sha256
from lrbench.cache.folder import cache_dir, write_atomically
from lrbench.data.parsed.shelf import mapped, npy_path

if TYPE_CHECKING:
    from lrbench.arrays import Matrix


class Stored(NamedTuple):
    """The contents of a source, and the digest of each array by name.

    Parameters
    ----------
    X, y, labels, zero_based
        As in `Parsed`.
    digests
        The digests of the arrays of X and of ``y``.
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


def read_entry(key: str, stamp: list[int | str], source: Path | None = None) -> Stored | None:
    """Return the data stored for `key`, or None if there are none or they cannot be trusted."""
    try:
        entry = json.loads(_path(key).read_bytes())
        _require(entry.pop("crc32") == _crc32(entry))
        if [entry["key"], entry["stamp"]] != [key, stamp]:
            return None
        records = {"source": entry["source"], "files": {}}
        if source is not None:
            records["source"] = renewed(source, entry["source"], sha256)
            if records["source"] is None:
                return None
        folder = entries_folder() / Path(entry["content"]).name  # never outside the cache
        paths = {name: npy_path(folder, name) for name in entry["digests"]}
        for name, path in paths.items():
            records["files"][name] = renewed(path, entry["files"][name], crc32)
            _require(records["files"][name] is not None)
        arrays = {name: mapped(path) for name, path in paths.items()}
        X, y = matrix_of(arrays, tuple(entry["shape"])), arrays["y"]
        labels = None if entry["labels"] is None else tuple(map(str, entry["labels"]))
        stored = Stored(X, y, labels, entry["digests"], entry["zero_based"])
        _require(stored.content == entry["content"])
        _require(X.dtype == y.dtype == np.float64 and y.shape == X.shape[:1])
        _require(labels is None or bool(np.isin(y, np.arange(len(labels))).all()))
    except Exception:  # whatever is wrong with the entry, the source can be parsed again
        return None
    if any(entry[field] != new for field, new in records.items()):
        with contextlib.suppress(OSError):
            _write_entry(key, {**entry, **records})  # so that the next look-up is fast
    return stored


def publish(
    key: str, stamp: list[int | str], source: Record | None, fresh: Stored, scratch: Path
) -> None:
    """Move the arrays from the folder `scratch` into the cache and write the entry of `key`.

    If this fails because of an `OSError`, no new file remains.
    """
    folder = entries_folder() / fresh.content
    moved = []
    try:
        folder.mkdir(exist_ok=True)
        for name, expected in fresh.digests.items():
            if not _holds(npy_path(folder, name), expected):  # entries may share arrays
                moved.append(npy_path(folder, name))
                _settle(npy_path(scratch, name)).replace(moved[-1])
        entry = {
            "key": key,
            "stamp": stamp,
            "source": source,
            "content": fresh.content,
            "shape": [int(k) for k in fresh.X.shape],
            "labels": None if fresh.labels is None else list(fresh.labels),
            "zero_based": fresh.zero_based,
            "digests": dict(fresh.digests),
            "files": {n: [crc32(npy_path(folder, n)), None] for n in fresh.digests},
        }
        _write_entry(key, entry)
    except OSError:
        _remove(moved)


def _path(key: str) -> Path:
    name = key.encode(errors="surrogatepass")  # the name of a file may not be valid UTF-8
    return entries_folder() / f"{hashlib.sha256(name).hexdigest()[:32]}.json"


def _settle(path: Path) -> Path:
    """Write a file to the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return path


def _remove(moved: list[Path]) -> None:
    """Remove these files, and their folder unless it contains files of another entry."""
    with contextlib.suppress(OSError):
        for path in moved:
            path.unlink(missing_ok=True)
        for path in moved[:1]:
            path.parent.rmdir()


def _write_entry(key: str, entry: Mapping[str, Any]) -> None:
    text = json.dumps({**entry, "crc32": _crc32(entry)}, indent=1).encode()
    write_atomically(_path(key), lambda file: file.write(text))


def _crc32(entry: Mapping[str, Any]) -> int:
    return zlib.crc32(json.dumps(entry, sort_keys=True).encode())


def _holds(path: Path, expected: str) -> bool:
    """Return whether the file exists and holds the array with this digest."""
    try:
        return digest(mapped(path)) == expected
    except Exception:  # of a damaged file anything may come: an empty one gives EOFError
        return False


def _require(condition: bool) -> None:
    if not condition:
        raise ValueError("this cached data set cannot be trusted")
