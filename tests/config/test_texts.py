"""Texts of other systems are named, and byte-order marks passed over."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile

import pytest

from lrbench.config.texts import foreign, text_of
from lrbench.errors import UsageError

TEXT = 'loss = "logistic"\r\n# é\n'


def zipped(text: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("a.toml", text)
    return out.getvalue()


def tarred(text: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as file:
        entry = tarfile.TarInfo("a.toml")
        entry.size = len(text)
        file.addfile(entry, io.BytesIO(text))
    return out.getvalue()


OTHERS: dict[str, tuple[bytes, str, str]] = {
    "UTF-16": (TEXT.encode("utf-16"), "UTF-16 text", "iconv -f UTF-16 -t"),
    "UTF-16LE with a mark": (b"\xff\xfe" + TEXT.encode("utf-16-le"), "UTF-16 text", "-f UTF-16 -t"),
    "UTF-16BE with a mark": (b"\xfe\xff" + TEXT.encode("utf-16-be"), "UTF-16 text", "-f UTF-16 -t"),
    "UTF-16LE": (TEXT.encode("utf-16-le")[:34], "UTF-16 text", "-f UTF-16LE -t"),
    "UTF-16BE": (TEXT.encode("utf-16-be")[:34], "UTF-16 text", "-f UTF-16BE -t"),
    "UTF-32": (TEXT.encode("utf-32"), "UTF-32 text", "-f UTF-32 -t"),
    "UTF-32BE with a mark": (
        b"\0\0\xfe\xff" + TEXT.encode("utf-32-be"),
        "UTF-32 text",
        "-f UTF-32 -t",
    ),
    "UTF-32LE": (TEXT.encode("utf-32-le")[:60], "UTF-32 text", "-f UTF-32LE -t"),
    "UTF-32BE": (TEXT.encode("utf-32-be")[:60], "UTF-32 text", "-f UTF-32BE -t"),
    "zip": (zipped(TEXT.encode()), "a zip archive", "unzip FILE"),
    "empty zip": (b"PK\x05\x06" + bytes(18), "a zip archive", "unzip FILE"),
    "tar": (tarred(TEXT.encode()), "a tar archive", "tar -xf FILE"),
    "gzip": (gzip.compress(TEXT.encode()), "compressed by gzip", "gunzip FILE"),
    "bzip2": (bz2.compress(TEXT.encode()), "compressed by bzip2", "bunzip2 FILE"),
    "xz": (lzma.compress(TEXT.encode()), "compressed by xz", "unxz FILE"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_each_is_named_with_a_way_out(name: str) -> None:
    content, what, hint = OTHERS[name]
    with pytest.raises(UsageError) as caught:
        text_of(content, "a.toml is not TOML", "see …")
    assert caught.value.message.startswith(f"a.toml is not TOML: it is {what}")
    assert hint in caught.value.hint
    assert caught.value.hint.endswith(".")


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_marks_and_line_ends_do_not_count(mark: bytes, end: str) -> None:
    lines = ['a = "é"', "", "b = 1", ""]
    assert text_of(mark + end.join(lines).encode(), "a", "b") == "\n".join(lines)


@pytest.mark.parametrize("content", [b"x\0y", b"a\0b\0", b"\0a\0b\0", b"1 2\0", b"a\0b\0c\0d\0e"])
def test_a_zero_among_letters_is_binary(content: bytes) -> None:
    with pytest.raises(UsageError, match="a: it holds binary data") as caught:
        text_of(content, "a", "the hint.")
    assert caught.value.hint == "the hint."


def test_bytes_of_another_encoding_are_not_guessed() -> None:
    with pytest.raises(UsageError, match="a: it is not UTF-8 text") as caught:
        text_of("loss = 'é'".encode("latin-1"), "a", "the hint.")
    assert caught.value.hint == "the hint."


@pytest.mark.parametrize(
    "start", [b"", b"1", b"\0", b"1\0", b"\0\0\0\0", b"-1 1:2\n", b"PK", b"\xff"]
)
def test_other_beginnings_are_not_taken_for_any_of_these(start: bytes) -> None:
    assert foreign(start) is None
