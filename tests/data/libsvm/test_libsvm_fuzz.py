"""LIBSVM text in every form that is tolerated, and text that was damaged.

The reader written here knows the grammar from a regular expression, and no Python number but those
that match it; it must accept the same files as the one that is tested, and with the same numbers.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import math
import re
import tempfile
import tracemalloc
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lrbench.cache.content_hash import arrays_of
from lrbench.data.libsvm import ZeroBased
from lrbench.data.libsvm.read import read_libsvm
from lrbench.errors import DataError

NUMBER = rb"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
LINE = re.compile(rb"(%s)(?:\s+qid:[0-9]+)?((?:\s+[+-]?[0-9]+:%s)*)\s*" % (NUMBER, NUMBER))

Rows = list[tuple[float, dict[int, float]]]
"""Of each sample the label, and index -> value as written."""


def plain_reader(text: bytes, zero_based: ZeroBased) -> Rows | None:
    """Return the samples; None for text that must be refused."""
    out: Rows = []
    for line in text.removeprefix(b"\xef\xbb\xbf").split(b"\n"):
        if re.search(rb"\r\s*\S", line):  # a line end of other systems
            return None
        content = line.partition(b"#")[0].strip()
        if not content:
            continue
        match = LINE.fullmatch(content)
        if not match:
            return None
        label = match[1].rstrip(b"0").rstrip(b".") if b"." in match[1] else match[1]
        if re.fullmatch(rb"[+-]?[0-9]{16,4000}", label) and int(label) != float(label):
            return None
        pairs = [token.split(b":") for token in match[2].split()]
        if any(len(k) > 4000 for k, _ in pairs):
            return None
        indices, values = [int(k) for k, _ in pairs], [float(v) for _, v in pairs]
        if not all(a < b for a, b in pairwise(indices)):
            return None
        if any(k < (zero_based == "no") or k > 10**7 for k in indices):
            return None
        if not all(map(math.isfinite, values)) or not abs(float(match[1])) <= 1e150:
            return None
        out.append((float(match[1]), dict(zip(indices, values, strict=True))))
    return out if any(any(entries.values()) for _, entries in out) else None


def triplets(rows: Rows, zero_based: ZeroBased) -> tuple[tuple[int, int], list[Any]]:
    """Return the shape of X and its non-zeros, (row, column, value) in order."""
    written = [k for _, entries in rows for k in entries]
    first = 0 if zero_based == "yes" or (zero_based == "auto" and 0 in written) else 1
    nonzero = [
        (i, k - first, v) for i, (_, entries) in enumerate(rows) for k, v in entries.items() if v
    ]
    return (len(rows), max(written) + 1 - first), nonzero


def assert_same(parsed: Any, rows: Rows, zero_based: ZeroBased) -> None:
    shape, nonzero = triplets(rows, zero_based)
    X = parsed.X
    assert X.shape == shape
    assert isinstance(X, np.ndarray) == (len(nonzero) >= 0.4 * shape[0] * shape[1])
    places = X.nonzero()
    found = list(zip(*map(np.ndarray.tolist, places), X[places].tolist(), strict=True))
    assert found == nonzero
    assert parsed.y.tolist() == [label for label, _ in rows]
    if not isinstance(X, np.ndarray):
        X.check_format(full_check=True)
        assert X.indices.dtype == X.indptr.dtype == np.int32


def read(content: bytes, zero_based: ZeroBased = "auto", block: int = 1 << 22) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data"
        path.write_bytes(content)
        with patch("lrbench.data.libsvm.text_blocks.BLOCK", block):
            return read_libsvm(path, zero_based=zero_based)


FINITE = st.floats(allow_nan=False, allow_infinity=False)
LABELS = st.one_of(st.sampled_from([1.0, -1.0]), st.floats(-1e150, 1e150))
WRITE: list[Callable[[float], str]] = [repr, "{:.17g}".format, "{:+.17e}".format, "{:.17G}".format]
ZERO_BASED = st.sampled_from(["auto", "yes", "no"])
PACKS: list[Callable[[bytes], bytes]] = [bytes, bz2.compress, gzip.compress, lzma.compress]
PACK = st.sampled_from(PACKS)
BLOCKS = st.sampled_from([1, 2, 5, 17, 64, 1 << 22])


@st.composite
def texts(draw: st.DrawFn, comments: bool = True) -> bytes:
    """Write some samples in any of the tolerated forms."""
    out = io.StringIO(newline="")
    widest = draw(st.sampled_from([3, 9, 300, 10**7]))
    indices = st.integers(draw(st.integers(0, 1)), widest)
    samples = draw(st.lists(st.tuples(LABELS, st.dictionaries(indices, FINITE, max_size=6))))
    for label, entries in samples:
        write = draw(st.sampled_from(WRITE))
        blank = draw(st.sampled_from([" ", "\t", "  ", " \t", "\x0b", "\x0c "]))
        tokens = [write(label), *draw(st.sampled_from([[], ["qid:7"]]))]
        tokens += [f"{k}:{write(entries[k])}" for k in sorted(entries)]
        remark = (
            draw(st.sampled_from(["", "  ", "#", " # 1 1:1", "#\x00é # _"])) if comments else ""
        )
        out.write(draw(st.sampled_from(["", "\n", " \n", "# 3\n", "\r\n"])))
        out.write(draw(st.sampled_from(["", " "])) + blank.join(tokens) + remark)
        out.write(draw(st.sampled_from(["\n", "\r\n", " \n"])))
    text = out.getvalue().encode()
    text = text.removesuffix(b"\n") if draw(st.booleans()) else text
    return b"\xef\xbb\xbf" * draw(st.booleans()) + text


@given(texts(), ZERO_BASED, PACK, BLOCKS)
def test_good_text_is_read_exactly(
    text: bytes, zero_based: ZeroBased, pack: Callable[[bytes], bytes], block: int
) -> None:
    rows = plain_reader(text, zero_based)
    if rows is None:  # no features, or index 0 where it is refused
        with pytest.raises(DataError):
            read(pack(text), zero_based, block)
    else:
        assert_same(read(pack(text), zero_based, block), rows, zero_based)


@st.composite
def damages(draw: st.DrawFn, content: bytes) -> bytes:
    """Change, insert or remove some bytes."""
    out = bytearray(content)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(out)))
        end = place + draw(st.sampled_from([0, 0, 1, 1, 3, 10**6]))
        characters = st.sampled_from(list(b"0123456789:,-+.eE#_ \t\r\n\0\xffqidnax"))
        out[place:end] = bytes(draw(st.lists(characters, max_size=3)))
    return bytes(out)


@settings(max_examples=200)
@given(texts(comments=False).flatmap(damages), ZERO_BASED, BLOCKS)
@example(b"1_0 1:1", "auto", 64)
@example(b"1 1_0:1", "auto", 64)
@example(b"1 1:1_0", "auto", 64)
@example(b"1 qidx:1 1:1", "auto", 64)
@example(b"1 qid:x 1:1", "auto", 64)
@example(b"1 qid:1_0 1:1", "auto", 64)
@example(b"1 qid:3\0 1:1", "auto", 64)
@example(b"1 1:1\r-1 1:2\r", "auto", 64)
@example(b"1 1:1 # x\r-1 1:2\r", "auto", 64)
@example(b"1 1:1 # \0x\r-1 1:2\r", "auto", 64)
@example(b"1 1:1\r\r\n-1 1:2 \r\r\n", "auto", 64)
@example(b"1 1:1\r 2:2\n", "auto", 1)
@example(b"9007199254740993 1:1\n9007199254740992 1:2", "auto", 64)
@example(b"1 1:2\n\t-9007199254740993.00 1:1\n", "auto", 64)
@example(b"9007199254740994 1:1\n90071992547409930 1:2\n9.007199254740993e15 2:1", "auto", 64)
@example(b"1" + b"0" * 400 + b" 1:2\n", "auto", 64)
@example(b"1 0x1:1", "auto", 64)
@example(b"1 1:0x1p3", "auto", 64)
@example(b"1 \xd9\xa1:1", "auto", 64)
@example(b"1 1:\xd9\xa1", "auto", 64)
@example(b"1 1:infinity", "auto", 64)
@example(b"1 1:1 \0# 2:2", "auto", 64)
@example(b"1 1:1\x1c2:2", "auto", 64)
@example(b"1 +1:1 2:1", "auto", 64)
@example(b"1 -0:1 1:1", "auto", 64)
@example(b"1 1 :1", "auto", 64)
@example(b"1 1:1 2", "auto", 64)
@example(b"1 2147483648:1", "auto", 64)
@example(b"1 4294967297:1", "auto", 64)
@example(b"1 18446744073709551617:1", "auto", 64)
@example(b"1 10000000:1", "auto", 64)
@example(b"1 10000001:1", "yes", 64)
@example(b"1 3:1\n2 0:5", "no", 64)
@example(b"1 3:1\n2 0:0", "auto", 1)
@example(b"1 1:" + b"1" * 5000, "auto", 64)
@example(b"1 " + b"1" * 5000 + b":1", "auto", 64)
def test_damaged_text_is_read_rightly_or_refused(
    text: bytes, zero_based: ZeroBased, block: int
) -> None:
    if text.startswith((b"BZh", b"\x1f\x8b", b"\xfd7zXZ\0")):
        return
    rows = plain_reader(text, zero_based)
    try:
        parsed = read(text, zero_based, block)
    except DataError as error:
        assert rows is None, error  # noqa: PT017
    else:
        assert rows is not None
        assert_same(parsed, rows, zero_based)


TEXT = b"".join(b"%d 1:%d 3:0.%d\n" % ((-1) ** k, k, k * k % 7919) for k in range(300))


@given(PACK.flatmap(lambda pack: damages(pack(TEXT))))
def test_damaged_archives_are_read_or_refused(content: bytes) -> None:
    read(TEXT)  # what it imports is not measured below
    tracemalloc.start()
    try:
        parsed = read(content)
    except DataError as error:
        assert error.message.endswith(".")  # noqa: PT017
    else:
        assert parsed.X.shape[0] == len(parsed.y) <= 700
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 2**24


DENSE = (
    b"\r\n1 1:3 2:3 5:1 # x\n\n 2 0:1 2:4 5:2\n-1 0:3 4:1\n3 1:0 3:9 4:-0.0 5:7\n"
    b"4\n\n5 0:1 1:2 2:3 3:4 5:6"
)


@pytest.mark.parametrize("text", [TEXT[:200], DENSE], ids=["sparse", "dense"])
@pytest.mark.parametrize("piece", [1, 2, 3, 7, 1 << 20])
def test_every_split_into_blocks_gives_the_same_bits(text: bytes, piece: int) -> None:
    text = text.replace(b"3:", b"9:") if text is not DENSE else text
    whole = read(text)
    assert isinstance(whole.X, np.ndarray) == (text is DENSE)
    with patch("lrbench.data.libsvm.read.PIECE", piece):
        for block in range(1, len(text) + 2):
            parts = read(text, block=block)
            ours, theirs = ({**arrays_of(p.X), "y": p.y} for p in (parts, whole))
            assert ours.keys() == theirs.keys()
            for name, array in theirs.items():
                assert ours[name].dtype == array.dtype
                assert ours[name].tobytes() == array.tobytes()
