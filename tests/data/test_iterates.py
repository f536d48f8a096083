"""Files of iterates: arrays and text, whole and damaged."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lrbench.data.iterates import read_iterates
from lrbench.errors import DataError

W = np.array([[0.0, -0.0, 0.5], [1e-300, 3.25, -7.0], [np.nan, np.inf, -np.inf]])


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int64])
def test_arrays_are_read_bit_by_bit(tmp_path: Path, order: Any, kind: Any) -> None:
    with np.errstate(invalid="ignore"):
        values = np.asarray(W[: 2 if kind is np.int64 else 3].astype(kind), order=order)
    np.save(tmp_path / "w.npy", values)
    out = read_iterates(tmp_path / "w.npy")
    assert out.dtype == values.dtype
    np.testing.assert_array_equal(out, values)


@pytest.mark.parametrize(
    "text",
    [
        "0,-0,0.5\n1e-300,3.25,-7\nnan,inf,-inf\n",
        "0 -0 .5\n1e-300\t3.25 -7\n\nNaN Inf -Infinity",
        "# of a loop in Julia\n0, -0, 0.5\r\n1e-300, 3.25, -7\r\nnan,inf,-inf\r\n",
        "\ufeff0,-0,0.5\n1e-300,3.25,-7\nnan,inf,-inf\n",
    ],
)
def test_text_is_read_with_commas_or_blanks(tmp_path: Path, text: str) -> None:
    (tmp_path / "w.txt").write_text(text, encoding="utf-8")
    np.testing.assert_array_equal(read_iterates(tmp_path / "w.txt"), W)


def test_one_iterate_is_a_row(tmp_path: Path) -> None:
    (tmp_path / "w.txt").write_text("1,2\n")
    assert read_iterates(tmp_path / "w.txt").shape == (1, 2)


def array_bytes(values: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values)
    return buffer.getvalue()


DAMAGED = {
    "empty": (b"", "it is empty"),
    "blank": (b"\n# nothing\n", "it is empty"),
    "cut": (array_bytes(W)[:-5], "holds no iterates"),
    "header": (array_bytes(W)[:40], "holds no iterates"),
    "letters": (b"w1,w2\n1,2\n", "could not convert string 'w1'"),
    "ragged": (b"1,2\n1,2,3\n", "number of columns changed"),
    "zip": (b"PK\x03\x04rest", "it is a zip archive"),
    "utf-16": ("1 2".encode("utf-16"), "UTF-16 text"),
    "binary": (b"\x80\xff\x00", "not UTF-8 text"),
    "vector": (array_bytes(np.zeros(3)), r"has the shape \(3,\)"),
    "cube": (array_bytes(np.zeros((2, 2, 2))), r"has the shape \(2, 2, 2\)"),
    "none": (array_bytes(np.zeros((0, 3))), r"has the shape \(0, 3\)"),
    "objects": (array_bytes(np.array([[None, 1]], dtype=object)), "holds no iterates"),
}
"""Name -> the bytes of a file, and what is said of it."""


@pytest.mark.parametrize("name", sorted(DAMAGED))
def test_a_damaged_file_is_an_error_of_its_own(tmp_path: Path, name: str) -> None:
    content, message = DAMAGED[name]
    path = tmp_path / "w.dat"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message) as refused:
        read_iterates(path)
    assert "w.dat" in refused.value.message
    assert "\n" not in refused.value.message


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no file"):
        read_iterates(tmp_path / "w.npy")
    with pytest.raises(DataError, match="cannot be read: is a directory"):
        read_iterates(tmp_path)
