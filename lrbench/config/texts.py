"""Texts as other systems write them: with a byte-order mark, in UTF-16, or inside an archive."""

from __future__ import annotations

from typing import NamedTuple

from lrbench.errors import UsageError

BOM = b"\xef\xbb\xbf"
"""The byte-order mark with which some editors begin a text in UTF-8."""

MARKS = {  # those of UTF-32 first, of which those of UTF-16 are the beginning
    b"\xff\xfe\0\0": "UTF-32",
    b"\0\0\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}

ARCHIVES = {
    b"PK\x03\x04": ("a zip archive", "unzip"),
    b"PK\x05\x06": ("a zip archive", "unzip"),
    b"7z\xbc\xaf\x27\x1c": ("a 7-Zip archive", "7z x"),
    b"\x28\xb5\x2f\xfd": ("compressed by zstd", "unzstd"),
    b"\x1f\x8b": ("compressed by gzip", "gunzip"),
    b"\xfd7zXZ\0": ("compressed by xz", "unxz"),
    b"BZh": ("compressed by bzip2", "bunzip2"),
}
"""The first bytes of an archive, what it is, and the command that unpacks it."""

TAR = slice(257, 262)
"""Where a tar archive has the letters ustar."""

SAMPLE = 64
"""The bytes from which UTF-16 or UTF-32 without a mark is recognised."""

FEWEST = 4
"""The fewest letters of such a text: a few bytes with a zero among them may be anything."""


class Foreign(NamedTuple):
    """What a file is instead of a text in UTF-8, and how to convert it."""

    what: str
    hint: str


def foreign(start: bytes) -> Foreign | None:
    """Return what a file is whose first bytes show that it is no text in UTF-8; None for others.

    Parameters
    ----------
    start
        The first bytes of the file, at least 262 of a longer one.
    """
    for magic, (what, command) in ARCHIVES.items():
        if start.startswith(magic):
            return Foreign(what, f"unpack it first ({command} FILE), and give the file in it.")
    if start[TAR] == b"ustar":
        return Foreign("a tar archive", "unpack it first (tar -xf FILE), and give the file in it.")
    encoding = next((name for mark, name in MARKS.items() if start.startswith(mark)), None)
    encoding = encoding or _without_mark(start[:SAMPLE])
    if encoding is None:
        return None
    return Foreign(
        f"{encoding[:6]} text, not UTF-8",
        f"convert it to UTF-8, as by iconv -f {encoding} -t UTF-8 FILE > NEW"
        " (older PowerShells write UTF-16 with >).",
    )


def _without_mark(start: bytes) -> str | None:
    """Return the encoding of a text whose first letters are ASCII in two or four bytes each."""
    for encoding, width, place in (
        ("UTF-32LE", 4, 0),
        ("UTF-32BE", 4, 3),
        ("UTF-16LE", 2, 0),
        ("UTF-16BE", 2, 1),
    ):
        if len(start) < SAMPLE and len(start) % width:  # the whole file, which ends in a letter
            continue
        letters = start[place::width]
        rest = start[: len(start) // width * width]
        empty = rest.count(0) == len(rest) - len(rest) // width
        if len(letters) >= FEWEST and empty and letters.isascii() and 0 not in letters:
            return encoding
    return None


def text_of(content: bytes, complaint: str, hint: str) -> str:
    r"""Return a text in UTF-8, without its byte-order mark and with ``\n`` at the ends of lines.

    Parameters
    ----------
    content
        The bytes of the file.
    complaint
        The beginning of the error: ``"a.toml is not TOML"``.
    hint
        The hint of the error for bytes that are not recognised.

    Raises
    ------
    UsageError
        For what is not UTF-8 text.
    """
    if kind := foreign(content):
        raise UsageError(f"{complaint}: it is {kind.what}.", kind.hint)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{complaint}: it is not UTF-8 text.", hint) from error
    if "\0" in text:
        raise UsageError(f"{complaint}: it holds binary data.", hint)
    return text.replace("\r\n", "\n").replace("\r", "\n")
