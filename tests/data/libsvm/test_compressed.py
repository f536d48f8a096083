"""Compressed files of several streams: all are read, or the file is refused with a reason."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lrbench.data.collection.checksum import read_text
from lrbench.data.libsvm import compressed
from lrbench.data.libsvm.compressed import DamagedError, open_bytes
from lrbench.data.libsvm.read import read_libsvm
from lrbench.errors import DataError

FIRST, SECOND = b"-1 1:0.5 3:2\n1 2:7 3:-1\n", b"1 1:3 2:0.25\n-1 3:9\n-1 1:4\n"

Pack = Callable[[bytes], bytes]


def gzipped(text: bytes) -> bytes:
    """Return a member with all the optional fields of a header."""
    out = io.BytesIO()
    with gzip.GzipFile("a name", "wb", fileobj=out, mtime=1) as file:
        file.write(text)
    return out.getvalue()


def bzipped(text: bytes) -> bytes:
    return bz2.compress(text, 1)  # with little memory, which takes time to clear


PACKS: dict[str, Pack] = {"bz2": bzipped, "gz": gzipped, "xz": lzma.compress}
MAGIC = {"bz2": b"BZh", "gz": b"\x1f\x8b", "xz": b"\xfd7zXZ\0"}
EVERY = pytest.mark.parametrize("name", PACKS)


def text_of(path: Path, content: bytes) -> bytes:
    path.write_bytes(content)
    with open_bytes(path) as file:
        return file.read()


@EVERY
@pytest.mark.parametrize("chunk", [1, 2, 7, 1 << 16])
def test_streams_one_after_the_other(
    name: str, chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compressed, "CHUNK", chunk)
    pack, path = PACKS[name], tmp_path / "a"
    for parts in ([FIRST], [FIRST, SECOND], [b"", FIRST, b"", SECOND, b""], [FIRST] * 9):
        assert text_of(path, b"".join(map(pack, parts))) == b"".join(parts)


@EVERY
@pytest.mark.parametrize("n_zeros", [1, 2, 3, 4, 5, 8, 512, 70000])
@pytest.mark.parametrize("chunk", [3, 1 << 16])
@pytest.mark.parametrize("followed", [False, True])
def test_padding_is_that_of_the_format(
    name: str,
    n_zeros: int,
    chunk: int,
    followed: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # xz: four bytes and multiples of that; gzip: any number; bzip2: none.
    monkeypatch.setattr(compressed, "CHUNK", chunk)
    content = PACKS[name](FIRST) + bytes(n_zeros) + PACKS[name](SECOND) * followed
    if {"xz": n_zeros % 4 == 0, "gz": True, "bz2": False}[name]:
        assert text_of(tmp_path / "a", content) == FIRST + SECOND * followed
    else:
        with pytest.raises(DamagedError, match=f"{n_zeros} zeros follow its .* stream 1"):
            text_of(tmp_path / "a", content)


@EVERY
@pytest.mark.parametrize("rest", [b"1 1:2\n", b"\n", b"B", b"BZ", b"\x1f", b"\xfd7zX", b"\xff" * 9])
@pytest.mark.parametrize("zeros", [b"", bytes(4)])
def test_what_follows_a_stream_is_never_left_out(
    name: str, rest: bytes, zeros: bytes, tmp_path: Path
) -> None:
    with pytest.raises(DamagedError):
        text_of(tmp_path / "a", PACKS[name](FIRST) + zeros + rest)


@EVERY
def test_every_beginning_of_a_file_is_whole_or_an_error(name: str, tmp_path: Path) -> None:
    first = PACKS[name](FIRST)
    content = first + PACKS[name](SECOND)
    for size in range(7, len(content)):
        if size == len(first):
            assert text_of(tmp_path / "a", content[:size]) == FIRST
            continue
        inside = 1 + (size >= len(first) + len(MAGIC[name]))  # with less, nothing has begun
        with pytest.raises(DamagedError, match=f"stream {inside}|follows its .* stream {inside}"):
            text_of(tmp_path / "a", content[:size])


@EVERY
def test_every_changed_byte_gives_the_same_rows_or_an_error(name: str, tmp_path: Path) -> None:
    path, rng = tmp_path / "a", random.Random(3)
    content = PACKS[name](FIRST) + PACKS[name](SECOND)
    path.write_bytes(content)
    rows, refused = rows_of(path), 0
    for place in range(len(content)):
        value = content[place] ^ 1 << rng.randrange(8)
        path.write_bytes(content[:place] + bytes([value]) + content[place + 1 :])
        try:
            read = rows_of(path)
        except DataError as error:
            refused += 1
            assert str(path) in error.message  # noqa: PT017
        else:
            assert read == rows, place
    assert refused > len(content) // 2


def rows_of(path: Path) -> tuple[Any, Any]:
    parsed = read_libsvm(path)
    X: Any = parsed.X
    return (X if hasattr(X, "tobytes") else X.toarray()).tolist(), parsed.y.tolist()


@EVERY
def test_the_reason_is_named(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"data.{name}"
    second = bytearray(PACKS[name](SECOND))
    second[-9] ^= 4
    path.write_bytes(PACKS[name](FIRST) + second)
    for read in (read_libsvm, read_text):
        with pytest.raises(DataError) as caught:
            read(path)
        assert caught.value.message.startswith(f"{path} is truncated or damaged: its ")
        assert "stream 2 cannot be decompressed (" in caught.value.message
        assert "fetch" in caught.value.hint


@EVERY
def test_pieces_of_a_long_text_are_put_together(name: str, tmp_path: Path) -> None:
    rng = random.Random(11)
    parts = [
        b"".join(b"%d %d:%r\n" % (k, 1 + k % 7, rng.random()) for k in range(n))
        for n in (3000, 1, 0, 4000)
    ]
    path = tmp_path / "a"
    path.write_bytes(b"".join(map(PACKS[name], parts)))
    out = b""
    with open_bytes(path) as file:
        while piece := file.read(rng.choice([1, 10, 1000, 100_000])):
            out += piece
    assert out == b"".join(parts)
