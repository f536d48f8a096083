"""The cache of parsed data: a source is read once, and mapped into memory after that."""

from __future__ import annotations

import contextlib
import hashlib
import json
import zlib
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

FORMAT = 2
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
    content hash. It is written last, with a CRC-32 of itself and of every array, which are checked
    at every look-up. What is torn, changed by a bit or not understood is parsed again; nothing is
    unpickled, and a damaged index cannot make a product read out of bounds.
    """
    found = _read(key, stamp)
    if found is not None:
        return found
    parsed = parse()
    arrays = {**arrays_of(parsed.X), "y": parsed.y}
    content = content_hash(parsed.X, y=parsed.y)
    _write(key, stamp, parsed, arrays, content)
    return _read(key, stamp) or (parsed, content)


def _entry(key: str) -> Path:
    name = key.encode(errors="surrogatepass")  # the name of a file need not be UTF-8
    return cache_dir() / "data" / f"{hashlib.sha256(name).hexdigest()[:32]}.json"


def _write(
    key: str,
    stamp: list[int | str],
    parsed: Parsed,
    arrays: Mapping[str, NDArray[Any]],
    content: str,
) -> None:
    folder = cache_dir() / "data" / content
    crc32 = {name: _crc32(array) for name, array in arrays.items()}
    entry = {
        "format": FORMAT,
        "key": key,
        "stamp": stamp,
        "content": content,
        "shape": [int(k) for k in parsed.X.shape],
        "labels": None if parsed.labels is None else list(parsed.labels),
        "crc32": crc32,
    }
    text = json.dumps({**entry, "entry_crc32": _entry_crc32(entry)}, indent=1).encode()
    written = []
    try:
        for name, array in arrays.items():
            if not _intact(folder, name, crc32[name]):
                written.append(folder / f"{name}.npy")
                write_atomically(written[-1], _saver(array))
        write_atomically(_entry(key), lambda file: _put(file, text))
    except OSError:
        _remove(written)


def _remove(written: list[Path]) -> None:
    """Remove these files, and their folder if nothing else, of another entry, is in it."""
    with contextlib.suppress(OSError):
        for path in written:
            path.unlink(missing_ok=True)
        for path in written[:1]:
            path.parent.rmdir()


def _saver(array: NDArray[Any]) -> Callable[[BinaryIO], None]:
    return lambda file: np.save(file, array, allow_pickle=False)


def _put(file: BinaryIO, text: bytes) -> None:
    file.write(text)


def _entry_crc32(entry: Mapping[str, Any]) -> int:
    return zlib.crc32(json.dumps(entry, sort_keys=True).encode())


def _crc32(array: NDArray[Any]) -> int:
    """Return the CRC-32 of an array: its dtype, shape and bytes (C order)."""
    head = zlib.crc32(f"{array.dtype.str} {array.shape}\n".encode())
    return zlib.crc32(np.ascontiguousarray(array).data, head)


def _read(key: str, stamp: list[int | str]) -> tuple[Parsed, str] | None:
    """Return the entry of `key`; None if there is none, or none that can be trusted."""
    try:
        entry = json.loads(_entry(key).read_bytes())
        _require(entry.pop("entry_crc32") == _entry_crc32(entry))
        if [entry["format"], entry["key"], entry["stamp"]] != [FORMAT, key, stamp]:
            return None
        folder = cache_dir() / "data" / Path(entry["content"]).name
        arrays = {name: _map(folder, name, crc32) for name, crc32 in entry["crc32"].items()}
        X, y = _matrix(arrays, tuple(entry["shape"])), np.array(arrays["y"])
        labels = None if entry["labels"] is None else tuple(map(str, entry["labels"]))
        _require(X.shape == tuple(entry["shape"]) and y.shape == X.shape[:1])
        _require(X.dtype == y.dtype == np.float64)
        _require(labels is None or bool(np.isin(y, np.arange(len(labels))).all()))
    except Exception:  # whatever is wrong with a cache, the source is still there
        return None
    return Parsed(X, y, labels), str(entry["content"])


def _map(folder: Path, name: str, crc32: int) -> NDArray[Any]:
    path = folder / f"{Path(name).name}.npy"
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    _require(path.stat().st_size == array.offset + array.nbytes and array.flags.c_contiguous)
    _require(_crc32(array) == crc32)
    return np.asarray(array)


def _intact(folder: Path, name: str, crc32: int) -> bool:
    """Return whether the file is there already: entries may share their arrays."""
    try:
        _map(folder, name, crc32)
    except Exception:
        return False
    return True


def _matrix(arrays: Mapping[str, NDArray[Any]], shape: tuple[int, int]) -> Matrix:
    if "X" in arrays:
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
