"""Storage for arrays that are written in pieces: files in a folder, or memory."""

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
    """Writes an array in pieces to a ``.npy`` file; its number of rows is known only at the end.

    Parameters
    ----------
    file
        The file, open for writing and empty.
    dtype
        The dtype of the array.
    row
        The shape of one row; () for a vector.
    """

    def __init__(self, file: BinaryIO, dtype: DTypeLike, row: tuple[int, ...]) -> None:
        self.rows = 0
        self.dtype = np.dtype(dtype)
        self._file = file
        self._row = row
        file.write(self._header())

    def append(self, values: NDArray[Any]) -> None:
        """Write further rows, (n, *row)."""
        self._file.write(np.ascontiguousarray(values, dtype=self.dtype).data)
        self.rows += len(values)

    def finish(self) -> None:
        """Write the number of rows into the header."""
        self._file.seek(0)
        self._file.write(self._header())

    def _header(self) -> bytes:
        """Return the header, which NumPy pads to the same length for any number of rows."""
        header = BytesIO()
        fields = {
            "descr": np.lib.format.dtype_to_descr(self.dtype),
            "fortran_order": False,
            "shape": (self.rows, *self._row),
        }
        np.lib.format.write_array_header_1_0(header, fields)
        return header.getvalue()


class Shelf(ABC):
    """Holds arrays by name."""

    @contextmanager
    def write(self, name: str, dtype: DTypeLike, row: tuple[int, ...] = ()) -> Iterator[NpyWriter]:
        """Create an array from the rows that are written within the block."""
        with self._open(name) as file:
            writer = NpyWriter(file, dtype, row)
            yield writer
            writer.finish()

    @abstractmethod
    def array(self, name: str) -> NDArray[Any]:
        """Return an array, read-only."""

    @abstractmethod
    def drop(self, name: str) -> None:
        """Remove an array."""

    @abstractmethod
    def _open(self, name: str) -> AbstractContextManager[BinaryIO]:
        """Return a new empty file for the array `name`."""


class FolderShelf(Shelf):
    """Holds arrays as ``.npy`` files and returns maps of them; its methods raise `OSError`.

    Parameters
    ----------
    folder
        An empty folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def array(self, name: str) -> NDArray[Any]:
        """Return a read-only map of the file."""
        try:
            return mapped(npy_path(self.folder, name))
        except Exception as error:  # of a damaged file anything may come
            raise OSError(f"{name} was damaged after it was written") from error

    def drop(self, name: str) -> None:
        """Remove the file; maps of it remain valid."""
        npy_path(self.folder, name).unlink()

    def _open(self, name: str) -> BinaryIO:
        return npy_path(self.folder, name).open("xb")


class MemoryShelf(Shelf):
    """Holds arrays in memory, in the format of ``.npy`` files."""

    def __init__(self) -> None:
        self._files: dict[str, BytesIO] = {}

    def array(self, name: str) -> NDArray[Any]:
        """Return a read-only array that shares the memory of the shelf."""
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
    """Return the file of an array in a folder."""
    return folder / f"{Path(name).name}.npy"  # a name with slashes must not leave the folder


def mapped(path: Path) -> NDArray[Any]:
    """Return a read-only map of the array in a ``.npy`` file; nothing is unpickled."""
    return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
