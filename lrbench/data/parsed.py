"""The cache of parsed data: a source is read once, and mapped into memory after that."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import PerSample
from lrbench.cachedir import cache_dir, write_atomically
from lrbench.data.dataset import arrays_of, content_hash

if TYPE_CHECKING:
    from lrbench.matrix import Matrix

FORMAT = 1
"""Raised when the parsers or the layout change: older entries are then made again."""


@dataclass(frozen=True, eq=False)
class Parsed:
    """What a source holds: X, (n_samples, n_features), y, (n_samples,), and names of classes."""

    X: Matrix
    y: PerSample
    labels: tuple[str, ...] | None = None


def cached(key: str, stamp: list[int | str], parse: Callable[[], Parsed]) -> tuple[Parsed, str]:
    """Return what `parse` returns, from the cache where it has it, and its content hash.

    Parameters
    ----------
    key
        Which source: one entry a key.
    stamp
        What changes when the source does (size and time of a file, a version), taken before this
        call: what changes under the parser is then parsed again next time.
    parse
        Reads the source itself; what it raises comes through.

    Returns
    -------
    parsed
        Its arrays are read-only maps of the cached files, or the parsed arrays where the cache
        cannot be written.
    content
        The content hash.

    Notes
    -----
    An entry is a small JSON file, looked up by `key`, that names a folder of ``.npy`` files by
    content hash. It is written last. What is torn, of another length or not understood is parsed
    again; nothing is unpickled, and a damaged index cannot make a product read out of bounds.
    """
    found = _read(key, stamp)
    if found is not None:
        return found
    parsed = parse()
    arrays = {**arrays_of(parsed.X), "y": parsed.y}
    content = content_hash(**arrays)
    _write(key, stamp, parsed, arrays, content)
    return _read(key, stamp) or (parsed, content)


def _entry(key: str) -> Path:
    return cache_dir() / "data" / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"


def _write(
    key: str,
    stamp: list[int | str],
    parsed: Parsed,
    arrays: Mapping[str, NDArray[Any]],
    content: str,
) -> None:
    folder = cache_dir() / "data" / content
    try:
        for name, array in arrays.items():
            write_atomically(folder / f"{name}.npy", _saver(array))
        entry = {
            "format": FORMAT,
            "key": key,
            "stamp": stamp,
            "content": content,
            "shape": [int(k) for k in parsed.X.shape],
            "labels": parsed.labels,
            "bytes": {name: (folder / f"{name}.npy").stat().st_size for name in arrays},
        }
        text = json.dumps(entry, indent=1).encode()
        write_atomically(_entry(key), lambda file: _put(file, text))
    except OSError:
        with contextlib.suppress(OSError):
            shutil.rmtree(folder)


def _saver(array: NDArray[Any]) -> Callable[[BinaryIO], None]:
    return lambda file: np.save(file, array, allow_pickle=False)


def _put(file: BinaryIO, text: bytes) -> None:
    file.write(text)


def _read(key: str, stamp: list[int | str]) -> tuple[Parsed, str] | None:
    """Return the entry of `key`; None if there is none, or none that can be trusted."""
    try:
        entry = json.loads(_entry(key).read_bytes())
        if [entry["format"], entry["key"], entry["stamp"]] != [FORMAT, key, stamp]:
            return None
        folder = cache_dir() / "data" / Path(entry["content"]).name
        arrays = {name: _map(folder, name, size) for name, size in entry["bytes"].items()}
        X, y = _matrix(arrays, tuple(entry["shape"])), np.array(arrays["y"])
        labels = None if entry["labels"] is None else tuple(map(str, entry["labels"]))
        _require(X.shape == tuple(entry["shape"]) and y.shape == X.shape[:1])
        _require(X.dtype == y.dtype == np.float64)
    except Exception:  # whatever is wrong with a cache, the source is still there
        return None
    return Parsed(X, y, labels), str(entry["content"])


def _map(folder: Path, name: str, size: int) -> NDArray[Any]:
    path = folder / f"{Path(name).name}.npy"
    _require(path.stat().st_size == size)
    return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))


def _matrix(arrays: Mapping[str, NDArray[Any]], shape: tuple[int, int]) -> Matrix:
    if "X" in arrays:
        _require(arrays["X"].flags.c_contiguous)
        return arrays["X"]
    from scipy.sparse import csr_array

    indptr, indices = arrays["indptr"], arrays["indices"]
    X = csr_array((arrays["data"], indices, indptr), shape=shape)
    X.check_format(full_check=True)
    X.has_canonical_format = True
    return X


def _require(condition: bool) -> None:
    if not condition:
        raise ValueError("a cached data set that cannot be trusted")
