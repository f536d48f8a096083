"""The iterates of a loop in a file: a .npy array, or numbers in text."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lrbench.cache.read_whole import read_whole
from lrbench.config.texts import text_of
from lrbench.errors import DataError, UsageError, quoted_path

MAGIC = b"\x93NUMPY"

FORM = (
    "give a .npy file of the shape (n_iterates, n_features), w_0 first, or text with an iterate on"
    " each line, its numbers separated by commas or blanks."
)


def read_iterates(path: Path, n_features: int | None = None, problem: str = "") -> NDArray[Any]:
    """Return the iterates in a file, (n_iterates, n_features); an .npy file is mapped, not read.

    Parameters
    ----------
    path
        A file that ``numpy.save`` wrote, or text in UTF-8 with one iterate on each line, or a pipe
        that has either. In text ``#`` begins a comment, and there is no header.
    n_features, problem
        The columns that the iterates must have, and what errors call the problem; None for any.

    Raises
    ------
    DataError
        If there is no such file, it cannot be read, is neither of these, or holds no iterate.
    UsageError
        If it has another number of columns.
    """
    name = quoted_path(path)
    try:
        if path.is_file() and _is_array(path):
            values: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
        else:  # a pipe, too, which is read once
            content = read_whole(path)
            if content.startswith(MAGIC):
                values = np.load(io.BytesIO(content), allow_pickle=False)
            else:
                values = _read_text(content, name)
    except FileNotFoundError as error:
        raise DataError(f"there is no file {name}.", "check the path.") from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DataError(f"{name} cannot be read: {reason}.", "check the path.") from error
    except UsageError as error:
        raise DataError(error.message, error.hint) from error
    except (ValueError, EOFError) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        # NumPy counts rows and columns from 0, as the iterates are counted.
        raise DataError(f"{name} holds no iterates: {reason}.", FORM) from error
    if values.ndim != 2 or not values.size:
        raise DataError(f"{name} has the shape {values.shape}, not that of iterates.", FORM)
    if n_features not in (None, values.shape[1]):
        transposed = values.shape[0] == n_features
        raise UsageError(
            f"{name} has the shape {values.shape}, and {problem} has {n_features} features.",
            "transpose it: an iterate is a row."
            if transposed
            else f"give iterates of the shape (n_iterates, {n_features}), w_0 first.",
        )
    return values


def _is_array(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def _read_text(content: bytes, name: str) -> NDArray[Any]:
    """Return the numbers in text; raise `ValueError` or `UsageError` for anything else."""
    text = text_of(content, f"{name} holds no iterates", FORM)
    if not any(line.partition("#")[0].strip() for line in text.splitlines()):
        raise ValueError("it is empty")
    delimiter = "," if "," in text else None
    return np.loadtxt(io.StringIO(text), delimiter=delimiter, ndmin=2)
