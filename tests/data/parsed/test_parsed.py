import json
import os
import shutil
import subprocess
import sys
import textwrap
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from disk import room_per_file
from scipy.sparse import csr_array

from lrbench.cache import file_state
from lrbench.cache.content_hash import arrays_of, content_hash
from lrbench.data.load import DataName, load_data
from lrbench.data.parsed.entries import read_entry
from lrbench.data.parsed.parsed import Parsed, cached
from lrbench.data.parsed.shelf import NpyWriter


def sample(sparse: bool) -> Parsed:
    rng = np.random.default_rng(0)
    X = csr_array(np.where(rng.random((30, 12)) < 0.2, rng.random((30, 12)), 0.0))
    y = rng.integers(0, 2, 30).astype(np.float64)
    return Parsed(X if sparse else X.toarray(), y, ("no", "yes"))


class Source:
    """A source that counts how often it is parsed."""

    def __init__(self, parsed: Parsed, key: str = "key") -> None:
        self.parsed = parsed
        self.key = key
        self.calls = 0
        self.stamp: list[int | str] = [1]

    def get(self) -> tuple[Parsed, str]:
        return cached(self.key, self.stamp, self.parse)

    def parse(self) -> Parsed:
        self.calls += 1
        return self.parsed


def dense(X: Any) -> np.ndarray[Any, Any]:
    return np.asarray(X if isinstance(X, np.ndarray) else X.toarray())


@pytest.fixture(params=[False, True], ids=["dense", "sparse"])
def source(request: pytest.FixtureRequest, own_cache: Path) -> Source:
    assert not own_cache.exists()
    return Source(sample(request.param))


def assert_same(source: Source) -> None:
    """Get the data, and compare with what was parsed, products with W included."""
    parsed, content = source.get()
    assert type(parsed.X) is type(source.parsed.X)
    np.testing.assert_array_equal(dense(parsed.X), dense(source.parsed.X))
    np.testing.assert_array_equal(parsed.y, source.parsed.y)
    assert parsed.labels == source.parsed.labels
    assert content == content_hash(source.parsed.X, y=source.parsed.y)
    W = np.random.default_rng(1).standard_normal((12, 3))
    np.testing.assert_array_equal(parsed.X @ W, source.parsed.X @ W)
    rows = np.array([3, 3, 0])
    np.testing.assert_array_equal(dense(parsed.X[rows]), dense(source.parsed.X)[rows])


def test_parsed_once(source: Source) -> None:
    for _ in range(3):
        assert_same(source)
    assert source.calls == 1


def test_maps_are_read_only(source: Source) -> None:
    X = source.get()[0].X
    for array in arrays_of(X).values():
        assert not array.flags.writeable


def test_maps_are_shared(source: Source) -> None:
    parsed, content = source.get()
    maps = [x for x in Path("/proc/self/maps").read_text().splitlines() if content in x]
    assert len(maps) == len(arrays_of(parsed.X)) + 1
    assert {line.split()[1] for line in maps} == {"r--s"}


def fail(*_: object) -> str:
    raise AssertionError("the array is read")


def count_as_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every file count as large and as unchanged for long."""
    monkeypatch.setattr(file_state, "LARGE", 0)
    monkeypatch.setattr(file_state, "RECENT_NS", -(10**12))
    monkeypatch.setattr(file_state, "boot", lambda: "a boot")


def test_second_look_up_of_large_data_reads_no_array(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    count_as_large(monkeypatch)
    source.get()
    for name in ("digest", "crc32", "sha256"):
        monkeypatch.setattr(f"lrbench.data.parsed.entries.{name}", fail)
    monkeypatch.setattr(csr_array, "check_format", lambda _, full_check: full_check and fail())
    assert_same(source)
    assert source.calls == 1


def test_copied_cache_is_read_once_and_then_trusted(
    source: Source, own_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count_as_large(monkeypatch)
    _, content = source.get()
    copy = tmp_path / "copy"
    shutil.copytree(own_cache, copy, copy_function=shutil.copyfile)  # the times are not kept
    monkeypatch.setenv("LRBENCH_CACHE_DIR", str(copy))
    with monkeypatch.context() as patch:
        patch.setattr("lrbench.data.parsed.entries.write_atomically", no_room)
        assert_same(source)  # a copy that cannot be written is good all the same
    assert_same(source)
    with monkeypatch.context() as patch:
        patch.setattr("lrbench.data.parsed.entries.crc32", fail)
        assert_same(source)
    assert source.calls == 1
    path = copy / "data" / content / "y.npy"
    before, whole = path.stat().st_ctime_ns, path.read_bytes()
    while path.stat().st_ctime_ns == before:  # a tick of the clock later
        path.write_bytes(whole)
        flip_last(path)
    assert_same(source)
    assert source.calls == 2


def no_room(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_parsed_again_when_the_stamp_changes(source: Source) -> None:
    source.get()
    source.stamp = [2]
    assert_same(source)
    assert source.calls == 2


def shorten(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-8])


def lengthen(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"12345678")


def clear(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def flip(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def flip_last(path: Path) -> None:
    flip(path, -1)


def flip_first_number(path: Path) -> None:
    flip(path, 128)  # after the header of an .npy file


def empty(path: Path) -> None:
    path.write_bytes(b"")


def pickled(path: Path) -> None:
    np.save(path, np.array([print], dtype=object), allow_pickle=True)


def of_other_numbers(path: Path) -> None:
    np.save(path, np.load(path).astype(np.int16))


def zipped(path: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, y=np.ones(30))


def in_a_header_of_python_2(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b", 'fortran", b"L,'fortran"))


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGES: list[Callable[[Path], None]] = [
    *(shorten, lengthen, clear, flip_last, flip_first_number, Path.unlink),
    *(empty, pickled, of_other_numbers, zipped, in_a_header_of_python_2),
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_arrays_are_made_again(source: Source, damage: Callable[[Path], None]) -> None:
    _, content = source.get()
    for n, name in enumerate([*arrays_of(source.parsed.X), "y"], start=2):
        path = Path(os.environ["LRBENCH_CACHE_DIR"]) / "data" / content / f"{name}.npy"
        times = path.stat().st_atime_ns, path.stat().st_mtime_ns
        damage(path)
        if path.exists():
            os.utime(path, ns=times)
        assert_same(source)
        assert source.calls == n
    assert_same(source)
    assert source.calls == n


def test_a_folder_in_the_place_of_an_array_costs_time_alone(source: Source) -> None:
    _, content = source.get()
    a_folder(Path(os.environ["LRBENCH_CACHE_DIR"]) / "data" / content / "y.npy")
    for n in (2, 3):
        assert_same(source)
        assert source.calls == n


def test_an_array_that_is_damaged_while_data_are_parsed(
    own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Source(sample(sparse=True))
    finish = NpyWriter.finish

    def torn(writer: NpyWriter) -> None:
        finish(writer)
        for path in own_cache.glob("data/.scratch.*/*.npy"):
            os.truncate(path, 0)

    monkeypatch.setattr(NpyWriter, "finish", torn)
    assert_same(source)


@pytest.mark.parametrize(
    "change",
    [
        {"content": "../../etc"},
        {"shape": [30, 11]},
        {"shape": [29, 12]},
        {"shape": "no"},
        {"digests": {}},
        {"digests": None},
        {"files": None},
        {"files": {"y": [1, 2]}},
        {"files": {}},
        {"source": 3, "digests": {"y": 1}},
        {"labels": 3},
        {"labels": ["only one"]},
        {"stamp": [7]},
    ],
)
def test_damaged_entries_are_made_again(
    source: Source, own_cache: Path, change: dict[str, Any]
) -> None:
    source.get()
    (entry,) = (own_cache / "data").glob("*.json")
    changed = json.loads(entry.read_text()) | change
    del changed["crc32"]  # so that it is not what tells
    crc32 = zlib.crc32(json.dumps(changed, sort_keys=True).encode())
    entry.write_text(json.dumps(changed | {"crc32": crc32}))
    assert_same(source)
    assert source.calls == 2


def test_no_flipped_bit_of_an_entry_is_trusted(source: Source, own_cache: Path) -> None:
    source.get()
    (entry,) = (own_cache / "data").glob("*.json")
    whole = entry.read_bytes()
    for place in range(len(whole)):
        flip(entry, place)
        assert read_entry(source.key, source.stamp) is None, place
        flip(entry, place)
    assert read_entry(source.key, source.stamp) is not None
    flip(entry, len(whole) // 2)
    assert_same(source)
    assert source.calls == 2


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000, "\0"])
def test_entries_that_are_not_json_are_made_again(
    source: Source, own_cache: Path, text: str
) -> None:
    source.get()
    (entry,) = (own_cache / "data").glob("*.json")
    entry.write_text(text)
    assert_same(source)
    assert source.calls == 2


def test_tampered_indices_never_leave_the_matrix(own_cache: Path) -> None:
    source = Source(sample(sparse=True))
    _, content = source.get()
    path = own_cache / "data" / content / "indices.npy"
    indices = np.load(path)
    indices[0] = 10**6
    np.save(path, indices)
    assert_same(source)
    assert source.calls == 2


def test_pickles_are_not_loaded(own_cache: Path) -> None:
    source = Source(sample(sparse=False))
    _, content = source.get()
    path = own_cache / "data" / content / "y.npy"
    np.save(path, np.array([print], dtype=object), allow_pickle=True)
    assert_same(source)
    assert source.calls == 2


def test_cache_that_cannot_be_written_is_no_error(source: Source, own_cache: Path) -> None:
    own_cache.write_text("a file where the folder should be")
    for n in (1, 2):
        assert_same(source)
        assert source.calls == n


@pytest.mark.parametrize("room", [0, 64, 127, 128, 129, 200, 400, 704])
def test_full_disk_leaves_no_half_entry(source: Source, own_cache: Path, room: int) -> None:
    with room_per_file(room):
        assert_same(source)
    assert list((own_cache / "data").iterdir()) == []
    assert_same(source)
    assert_same(source)
    assert source.calls == 2


@pytest.mark.parametrize("damaged", [False, True])
def test_full_disk_leaves_the_arrays_of_another_entry(
    source: Source, monkeypatch: pytest.MonkeyPatch, damaged: bool
) -> None:
    _, content = source.get()
    folder = Path(os.environ["LRBENCH_CACHE_DIR"]) / "data" / content
    if damaged:
        flip_last(folder / "y.npy")
    there = set(folder.iterdir())

    other = Source(source.parsed, "another key")
    with monkeypatch.context() as patch:
        patch.setattr("lrbench.data.parsed.entries.write_atomically", no_room)
        assert_same(other)
    assert there - set(folder.iterdir()) == ({folder / "y.npy"} if damaged else set())
    assert_same(source)
    assert source.calls == 1 + damaged


def test_key_that_is_not_utf_8(source: Source) -> None:
    source.key = "file:/b\udcffd"
    assert_same(source)
    assert_same(source)
    assert source.calls == 1


def test_warm_load_imports_no_sklearn_and_for_dense_data_no_scipy(
    own_cache: Path, tmp_path: Path
) -> None:
    sparse = tmp_path / "sparse.svm"
    sparse.write_text("1 1:1 9:2\n-1 3:2\n")
    for name in ("sklearn:breast-cancer", str(sparse)):
        load_data(DataName(name))
    script = textwrap.dedent(
        f"""
        import sys
        from lrbench.data.load import DataName, load_data
        from lrbench.data.labels import binary_targets
        from lrbench.data.scaling import scaled, with_intercept
        data = load_data(DataName("sklearn:breast-cancer"))
        binary_targets(data, ["malignant"])
        with_intercept(scaled(data.X, "maxabs"))
        load_data(DataName("generated:log-spectrum"))
        print("sklearn" in sys.modules, "scipy" in sys.modules)
        load_data(DataName({str(sparse)!r}))
        print("sklearn" in sys.modules, "scipy" in sys.modules)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "False", "False", "True"]
