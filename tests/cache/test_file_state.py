"""A file is read at every look-up if it is small, and a large one at least once after a boot."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from lrbench.cache import file_state as module
from lrbench.cache.file_state import Record, crc32, file_state, renewed, sha256

CONTENT = b"-1 1:2\n1 2:3\n"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a file that counts as large and as unchanged for long."""
    path = tmp_path / "a.svm"
    path.write_bytes(CONTENT)
    monkeypatch.setattr(module, "LARGE", len(CONTENT))
    monkeypatch.setattr(module, "RECENT_NS", -(10**12))
    monkeypatch.setattr(module, "boot", lambda: "boot 1")
    return path


def never(path: Path) -> str:
    raise AssertionError(f"{path} is read")


def as_recorded(path: Path) -> Record:
    record = renewed(path, [sha256(path), None], sha256)
    assert record is not None
    return record


def test_a_large_file_that_is_unchanged_is_not_read(file: Path) -> None:
    record = as_recorded(file)
    assert record[1] is not None
    assert renewed(file, record, never) == record


def same_size_and_time(path: Path, content: bytes) -> None:
    before = path.stat()
    while path.stat().st_ctime_ns == before.st_ctime_ns:  # within a tick of the clock it may be
        path.write_bytes(content)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def moved_over(path: Path, content: bytes) -> None:
    new = path.with_name("new")
    new.write_bytes(content)
    os.utime(new, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    new.replace(path)


@pytest.mark.parametrize("change", [same_size_and_time, moved_over, Path.write_bytes])
@pytest.mark.parametrize("large", [False, True])
def test_other_content_of_the_same_size_is_seen(
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Path, bytes], object],
    large: bool,
) -> None:
    if not large:
        monkeypatch.setattr(module, "LARGE", len(CONTENT) + 1)
    record = as_recorded(file)
    assert (record[1] is not None) == large
    change(file, CONTENT.replace(b"3", b"4"))
    assert renewed(file, record, sha256) is None
    change(file, CONTENT)  # as it was: it is read once, and trusted again
    again = renewed(file, record, sha256)
    assert again is not None
    assert again[0] == record[0]


def test_a_large_file_is_read_again_after_a_boot(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = as_recorded(file)
    monkeypatch.setattr(module, "boot", lambda: "boot 2")
    with pytest.raises(AssertionError, match="is read"):
        renewed(file, record, never)


def test_a_process_reads_a_small_file_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGE", len(CONTENT) + 1)
    calls = []

    def counted(path: Path) -> str:
        calls.append(path)
        return sha256(path)

    record: Record = [sha256(file), None]
    for _ in range(3):
        assert renewed(file, record, counted) == record
    assert renewed(file, ["another", None], counted) is None
    assert renewed(file, record, counted) == record
    assert len(calls) == 2
    same_size_and_time(file, CONTENT.replace(b"3", b"4"))
    for n in (3, 4):
        assert renewed(file, record, counted) is None
        assert len(calls) == n


@pytest.mark.parametrize(("name", "value"), [("RECENT_NS", 10**12), ("boot", lambda: None)])
def test_a_large_file_is_always_read_where_its_times_may_hide_a_change(
    file: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: object
) -> None:
    monkeypatch.setattr(module, name, value)
    assert file_state(file) is None
    with pytest.raises(AssertionError, match="is read"):
        renewed(file, as_recorded(file), never)


@pytest.mark.parametrize("old", [[], [1], [1, 2, 3], None, "ab", {"a": 1}, 3])
def test_a_record_of_another_form_is_not_trusted(file: Path, old: Record) -> None:
    with contextlib.suppress(TypeError, ValueError):
        assert renewed(file, old, sha256) is None


def test_every_bit_counts_in_both_checksums(file: Path) -> None:
    sums = {(sha256(file), crc32(file))}
    for bit in range(8 * len(CONTENT)):
        flipped = bytearray(CONTENT)
        flipped[bit // 8] ^= 1 << bit % 8
        file.write_bytes(flipped)
        sums.add((sha256(file), crc32(file)))
    assert len({a for a, _ in sums}) == len({b for _, b in sums}) == 1 + 8 * len(CONTENT)
