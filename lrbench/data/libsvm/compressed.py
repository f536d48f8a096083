"""Opening a file that may be compressed, and reading all of its streams."""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

CHUNK = 1 << 16
"""The number of compressed bytes that are read at a time."""

SUFFIXES = ("", ".bz2", ".gz", ".xz")


class DamagedError(Exception):
    """A compressed file is truncated or damaged; the message is the reason, a clause."""


class _Stream(Protocol):
    """The decompressor of one stream."""

    @property
    def eof(self) -> bool:
        """Whether the stream has ended, with a correct checksum."""
        ...

    @property
    def needs_input(self) -> bool:
        """Whether there is no output without further input."""
        ...

    @property
    def unused_data(self) -> bytes:
        """What follows the end of the stream."""
        ...

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Return the next bytes of the text, `max_length` at most."""
        ...


class _GzipStream:
    """A member of a gzip file, with the methods of `bz2.BZ2Decompressor`."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)  # with header and checksum

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def needs_input(self) -> bool:
        return not self._zlib.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)


class _Format(NamedTuple):
    name: str
    magic: bytes
    stream: Callable[[], _Stream]
    padding: int
    """The zeros after a stream come in multiples of this; 0 if there may be none."""


FORMATS = (
    _Format("bzip2", b"BZh", bz2.BZ2Decompressor, 0),
    _Format("gzip", b"\x1f\x8b", _GzipStream, 1),
    _Format("xz", b"\xfd7zXZ\x00", lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ), 4),
)
"""The first bytes of a file decide how it is compressed; its suffix does not."""


def open_bytes(path: Path, observe: Callable[[memoryview], object] = len) -> io.BufferedReader:
    """Open `path` for reading its bytes, decompressed where it is bzip2, gzip or xz data.

    Parameters
    ----------
    path
        The file.
    observe
        Called with the bytes of the file itself, piece by piece, as they are read.

    Returns
    -------
    BufferedReader
        Its methods raise `DamagedError` for a file that cannot be decompressed to its end.
    """
    file = path.open("rb", buffering=0)
    try:
        start = file.read(max(len(form.magic) for form in FORMATS))
        file.seek(0)
    except BaseException:
        file.close()
        raise
    raw: io.RawIOBase = _Observed(file, observe)
    form = next((form for form in FORMATS if start.startswith(form.magic)), None)
    if form is not None:
        raw = _Streams(raw, form)
    return io.BufferedReader(raw, CHUNK)


class _Observed(io.RawIOBase):
    """The bytes of a file, each piece of which is shown to `observe`."""

    def __init__(self, file: io.FileIO, observe: Callable[[memoryview], object]) -> None:
        self._file = file
        self._observe = observe

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        count = self._file.readinto(buffer)
        self._observe(memoryview(buffer)[:count])
        return count

    def close(self) -> None:
        self._file.close()
        super().close()


class _Streams(io.RawIOBase):
    """The text of a compressed file, of all its streams.

    The readers of the standard library take a damaged stream after the first one for the end of the
    file, or refuse the padding that the format of xz allows.
    """

    def __init__(self, raw: io.RawIOBase, form: _Format) -> None:
        self._raw = raw
        self._format = form
        self._number = 1
        self._stream = form.stream()
        self._pending = b""
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        size = 0
        # Filled to its end where there is as much text, so that a first look sees a whole start.
        while size < len(buffer) and (not self._stream.eof or self._next_stream()):
            chunk = self._input() if self._stream.needs_input else b""
            try:
                text = self._stream.decompress(chunk, len(buffer) - size)
            except (OSError, ValueError, lzma.LZMAError, zlib.error) as error:
                reason = str(error).rpartition(": ")[2].lower()
                raise DamagedError(f"{self._name()} cannot be decompressed ({reason})") from error
            buffer[size : size + len(text)] = text
            size += len(text)
            if not (text or chunk or self._stream.eof) and self._stream.needs_input:
                raise DamagedError(f"the file ends inside {self._name()}")
        return size

    def close(self) -> None:
        self._raw.close()
        super().close()

    def _input(self) -> bytes:
        """Return further compressed bytes; none at the end of the file."""
        chunk, self._pending = self._pending or self._raw.read(CHUNK) or b"", b""
        return chunk

    def _next_stream(self) -> bool:
        """Go to the stream after the one that has ended; return False if there is none."""
        if self._ended:
            return False
        rest, n_zeros = self._stream.unused_data, 0
        while (chunk := rest or self._input()) and not (rest := chunk.lstrip(b"\0")):
            n_zeros += len(chunk)
        n_zeros += len(chunk) - len(rest)
        padding, magic = self._format.padding, self._format.magic
        if n_zeros and (not padding or n_zeros % padding):
            raise DamagedError(f"{n_zeros} zeros follow {self._name()}")
        if not rest:
            self._ended = True
            return False
        while len(rest) < len(magic) and (chunk := self._input()):
            rest += chunk
        if not rest.startswith(magic):
            raise DamagedError(f"what follows {self._name()} is no other stream")
        self._number += 1
        self._stream, self._pending = self._format.stream(), rest
        return True

    def _name(self) -> str:
        return f"its {self._format.name} stream {self._number}"


def compressed_beside(path: Path) -> Path | None:
    """Return the file whose name is `path` and a suffix of compression, or None if none exists."""
    candidates = (Path(f"{path}{suffix}") for suffix in SUFFIXES[1:])
    return next((candidate for candidate in candidates if is_file(candidate)), None)


def is_file(path: Path) -> bool:
    """Return whether `path` is a file; False also for a name that is too long."""
    try:
        return path.is_file()
    except OSError:
        return False
