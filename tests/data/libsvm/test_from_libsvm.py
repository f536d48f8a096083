import bz2
import gzip
import lzma
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array

from lrbench.data.libsvm.fault import find_fault
from lrbench.data.libsvm.read import read_libsvm
from lrbench.errors import DataError

SPARSE = b"# a comment\n+1 2:0.5 9:-2\n\n-1 qid:3 1:1e-3  # more\r\n1 9:4 10:0\n"
DENSE = b"3 1:1 2:2\n4.5 2:1\n"


def file(tmp_path: Path, content: bytes, name: str = "data.svm") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def by_hand(text: bytes) -> tuple[list[float], dict[tuple[int, int], float]]:
    """Read LIBSVM text the plain way: the labels, and (row, column from 1) -> value."""
    y: list[float] = []
    entries: dict[tuple[int, int], float] = {}
    for line in text.decode().splitlines():
        parts = line.partition("#")[0].split()
        if parts:
            for token in parts[1:]:
                if not token.startswith("qid"):
                    entries[len(y), int(token.split(":")[0])] = float(token.split(":")[1])
            y.append(float(parts[0]))
    return y, entries


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("a.svm", bytes),
        ("a.bz2", bz2.compress),
        ("a.gz", gzip.compress),
        ("a.xz", lzma.compress),
        ("misnamed.txt", bz2.compress),
    ],
)
def test_sparse_text_plain_and_compressed(
    tmp_path: Path, name: str, pack: Callable[[bytes], bytes]
) -> None:
    parsed = read_libsvm(file(tmp_path, pack(SPARSE), name))
    y, entries = by_hand(SPARSE)
    expected = np.zeros((3, 10))
    for (row, column), value in entries.items():
        expected[row, column - 1] = value
    assert isinstance(parsed.X, csr_array)
    np.testing.assert_array_equal(parsed.X.toarray(), expected)
    np.testing.assert_array_equal(parsed.y, y)
    assert parsed.X.indices.dtype == parsed.X.indptr.dtype == np.int32
    assert parsed.X.nnz == 4  # the written 0 is not stored, its column counts
    parsed.X.check_format(full_check=True)


@pytest.mark.parametrize("pack", [bytes, bz2.compress, gzip.compress, lzma.compress])
def test_byte_order_mark_is_skipped(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    plain = read_libsvm(file(tmp_path, DENSE))
    marked = read_libsvm(file(tmp_path, pack(b"\xef\xbb\xbf" + DENSE), "marked"))
    np.testing.assert_array_equal(marked.X, plain.X)
    np.testing.assert_array_equal(marked.y, plain.y)
    bad = file(tmp_path, pack(b"\xef\xbb\xbf1 1:1\n2 x\n"), "bad")
    with pytest.raises(DataError, match="line 2: 'x' is not index:value"):
        read_libsvm(bad)


def test_dense_text_is_a_c_ordered_array(tmp_path: Path) -> None:
    parsed = read_libsvm(file(tmp_path, DENSE))
    assert isinstance(parsed.X, np.ndarray)
    assert parsed.X.flags.c_contiguous
    np.testing.assert_array_equal(parsed.X, [[1, 2], [0, 1]])
    np.testing.assert_array_equal(parsed.y, [3, 4.5])


@pytest.mark.parametrize(("filled", "dense"), [(39, False), (40, True)])
def test_dense_from_forty_per_cent(tmp_path: Path, filled: int, dense: bool) -> None:
    first = " ".join(f"{j}:1" for j in [*range(1, filled), 100])
    parsed = read_libsvm(file(tmp_path, f"1 {first}\n".encode()))
    assert isinstance(parsed.X, np.ndarray) == dense


def test_indices_from_zero_are_recognised(tmp_path: Path) -> None:
    parsed = read_libsvm(file(tmp_path, b"1 0:5 1:6\n-1 1:7\n"))
    assert isinstance(parsed.X, np.ndarray)
    np.testing.assert_array_equal(parsed.X, [[5, 6], [0, 7]])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"\n# only a comment\n", "is empty"),
        (b"1\n-1\n", "no features"),
        (b"1 1:0\n", "no features"),
        (b"1 1:2\none 1:3\n", "line 2: 'one' is not a number"),
        (b"1,2,3\n", "line 1: '1,2,3' is not a number"),
        (b"1 1:1\n1,2 1:1\n", "line 2: '1,2' is more than one label"),
        (b"1,a 1:1\n", "line 1: '1,a' is not a number"),
        (b"1 1:2\n-1e151 1:1\n", "line 2: the label '-1e151' is too large"),
        (b"1 1:2\n1 10000001:1\n", "line 2: the index in '10000001:1' is above 10000000"),
        (b"%s 1:1\n" % (b"x" * 5000), "line 1: '" + "x" * 60 + "…' is not a number"),
        (b"1 2 3\n", "line 1: '2' is not index:value"),
        (b"1 1:2\n\n1 1:2 2:x\n", "line 3: '2:x' is not index:value"),
        (b"1 1:2 a:3\n", "line 1: 'a:3' is not index:value"),
        (b"1 1:\n", "line 1: '1:' is not index:value"),
        (b"1 3:1 3:2\n", "line 1: the index in '3:2' occurs twice"),
        (b"1 3:1 2:2\n", "line 1: the index in '2:2' comes after 3"),
        (b"1 -1:2\n", "line 1: the index in '-1:2' is negative"),
        (b"1 1:2\n1 1:nan\n", "line 2: the value in '1:nan' is not finite"),
        (b"1 1:2\n1 1:1 2:-inf\n", "line 2: the value in '2:-inf' is not finite"),
        (b"1 1:1e999\n", "line 1: the value in '1:1e999' is not finite"),
        (b"nan 1:2\n", "line 1: the label 'nan' is not finite"),
        (b"1 1:2\n1 1:1 1000000000000:1\n", "line 2: the index in '1000000000000:1' is above"),
        (b"1 1:2\n1 1:1 200000000:1\n", "line 2: the index in '200000000:1' is above"),
        (b"1 1:2\n\x00\x01\x02\xff\n", "line 2 holds binary data"),
        (b"\xff\xfe1\x00 \x001\x00", "it is UTF-16 text"),
        (bytes(range(256)) * 10, "holds binary data"),
    ],
)
def test_bad_content_says_file_and_line(tmp_path: Path, content: bytes, says: str) -> None:
    path = file(tmp_path, content)
    with pytest.raises(DataError) as caught:
        read_libsvm(path)
    assert str(path) in caught.value.message
    assert says in caught.value.message
    assert caught.value.message.endswith(".")
    assert caught.value.hint.endswith(".")
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("content", "is_csv"),
    [
        (b"age,height,class\n39,1.8,0\n", True),
        (b"\xef\xbb\xbf39, 1.8, 0\r\n", True),
        (b"1,a 1:1\n", False),
        (b"1 1:1\n39,1.8,0\n", False),
    ],
)
def test_csv_is_recognised(tmp_path: Path, content: bytes, is_csv: bool) -> None:
    with pytest.raises(DataError) as caught:
        read_libsvm(file(tmp_path, content))
    assert ("it looks like CSV" in caught.value.hint) == is_csv


@pytest.mark.parametrize("pack", [bz2.compress, gzip.compress, lzma.compress])
@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_damaged_archives(tmp_path: Path, pack: Callable[[bytes], bytes], damage: str) -> None:
    numbers = np.random.default_rng(0).standard_normal(2000)
    packed = bytearray(pack(b"".join(b"1 1:%r\n" % float(x) for x in numbers)))
    if damage == "cut":
        del packed[len(packed) // 2 :]
    else:
        packed[len(packed) // 2] ^= 0xFF
    with pytest.raises(DataError, match=r"truncated or damaged|not LIBSVM text"):
        read_libsvm(file(tmp_path, bytes(packed)))


def test_missing_folder_pipe_and_odd_names(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no file"):
        read_libsvm(tmp_path / "absent")
    with pytest.raises(DataError, match="is a folder"):
        read_libsvm(tmp_path)
    with pytest.raises(DataError, match="cannot be read"):
        read_libsvm(tmp_path / ("x" * 5000))
    with pytest.raises(DataError, match="is not a path"):
        read_libsvm(tmp_path / "a\0b")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="not a regular file"):
        read_libsvm(tmp_path / "pipe")


@pytest.mark.parametrize(
    ("start", "token"), [(b"1 1:1 ", b"1 "), (b"1 1:1 ", b"1:1 "), (b"1 1:1", b"#"), (b"1", b",1")]
)
def test_a_long_line_is_not_split_into_tokens_at_once(start: bytes, token: bytes) -> None:
    """A compressed file of some kilobytes may hold one of many megabytes."""
    line = start + token * 10**6 + b" 1:1"
    tracemalloc.start()
    try:
        fault = find_fault([(1, line)])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (fault is None) == (token == b"#")
    assert peak < 4 * len(line)


def test_good_text_has_no_fault() -> None:
    lines = list(enumerate(SPARSE.splitlines(keepends=True), start=1))
    assert find_fault(lines) is None


def test_real_files_have_the_published_size(libsvm_dir: Path) -> None:
    expected = {
        "a9a.bz2": (32561, 123, 451592),
        "mushrooms.bz2": (8124, 112, 170604),
        "heart_scale": (270, 13, 3378),
        "splice.bz2": (1000, 60, 60000),
    }
    for name, (n, d, nnz) in expected.items():
        parsed = read_libsvm(libsvm_dir / name)
        assert parsed.X.shape == (n, d)
        found = np.count_nonzero(parsed.X) if isinstance(parsed.X, np.ndarray) else parsed.X.nnz
        assert found == nnz
