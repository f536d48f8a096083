"""Where the arrays of a data set are put while they are made: files in a folder, or memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import DTypeLike, NDArray


class NpyWriter:
    """Writes an array to a ``.npy`` file by pieces; how many rows it has is known at the end.

    Parameters
    ----------
    file
        Written from its beginning.
    dtype
        Of the array.
    row
        The shape of one row; nothing for a vector.
    """

    def __init__(self, file: BinaryIO, dtype: DTypeLike, row: tuple[int, ...]) -> None:
        self.rows = 0
        self.dtype = np.dtype(dtype)
        self._file = file
        self._row = row
        file.write(self._header())

    def append(self, values: NDArray[Any]) -> None:
        """Write more rows, (n, *row)."""
        self._file.write(np.ascontiguousarray(values, dtype=self.dtype).data)
        self.rows += len(values)

    def finish(self) -> None:
        """Write how many rows there are."""
        self._file.seek(0)
        self._file.write(self._header())

    def _header(self) -> bytes:
        """Return the header, which NumPy pads so that its length is the same for any `rows`."""
        out = BytesIO()
        fields = {
            "descr": np.lib.format.dtype_to_descr(self.dtype),
            "fortran_order": False,
            "shape": (self.rows, *self._row),
        }
        np.lib.format.write_array_header_1_0(out, fields)
        return out.getvalue()


class Shelf(ABC):
    """Holds arrays by name."""

    @contextmanager
    def write(self, name: str, dtype: DTypeLike, row: tuple[int, ...] = ()) -> Iterator[NpyWriter]:
        """Make a new array of the rows that are written within the block."""
        with self._open(name) as file:
            writer = NpyWriter(file, dtype, row)
            yield writer
            writer.finish()

    @abstractmethod
    def array(self, name: str) -> NDArray[Any]:
        """Return an array, read-only."""

    @abstractmethod
    def drop(self, name: str) -> None:
        """Forget an array."""

    @abstractmethod
    def _open(self, name: str) -> AbstractContextManager[BinaryIO]:
        """Return an empty file of this name."""


class FolderShelf(Shelf):
    """Holds arrays as ``.npy`` files and returns maps of them; raises `OSError`.

    Parameters
    ----------
    folder
        An empty folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def array(self, name: str) -> NDArray[Any]:
        """Return a shared map of the file."""
        return mapped(npy_path(self.folder, name))

    def drop(self, name: str) -> None:
        """Remove the file; a map of it stays."""
        npy_path(self.folder, name).unlink()

    def _open(self, name: str) -> BinaryIO:
        return npy_path(self.folder, name).open("xb")


class MemoryShelf(Shelf):
    """Holds arrays in memory, in the same form."""

    def __init__(self) -> None:
        self._files: dict[str, BytesIO] = {}

    def array(self, name: str) -> NDArray[Any]:
        """Return an array that shares the memory."""
        file = self._files[name]
        file.seek(0)
        np.lib.format.read_magic(file)
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
        return np.frombuffer(file.getbuffer().toreadonly(), dtype, offset=file.tell()).reshape(
            shape
        )

    def drop(self, name: str) -> None:
        """Free the memory."""
        del self._files[name]

    def _open(self, name: str) -> AbstractContextManager[BinaryIO]:
        self._files[name] = BytesIO()
        return nullcontext(self._files[name])


def npy_path(folder: Path, name: str) -> Path:
    """Return where an array is in a folder."""
    return folder / f"{Path(name).name}.npy"


def mapped(path: Path) -> NDArray[Any]:
    """Return the array in a ``.npy`` file as a read-only map; nothing is unpickled."""
    return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
