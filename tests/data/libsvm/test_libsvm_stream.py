"""Loading LIBSVM text through the cache: in blocks, into files, whatever interrupts it."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from disk import room_per_file
from scipy.sparse import csr_array
from sklearn.datasets import load_svmlight_file

from lrbench.cache.content_hash import content_hash
from lrbench.cache.folder import STALE_SECONDS
from lrbench.data.libsvm import ZeroBased, text_blocks
from lrbench.data.libsvm.read import cached_libsvm, read_libsvm
from lrbench.errors import DataError

SPARSE = "".join(f"{(-1) ** k} {k}:{k / 7!r} {2 * k + 1}:1\n" for k in range(1, 40))
DENSE = "".join(f"{k} 1:{k} 2:{k * k} 3:0.5\n" for k in range(1, 40))


@pytest.fixture(params=[SPARSE, DENSE], ids=["sparse", "dense"])
def path(request: pytest.FixtureRequest, tmp_path: Path, own_cache: Path) -> Path:
    assert not own_cache.exists()
    file = tmp_path / "data.svm"
    file.write_text(request.param)
    return file


def as_array(X: Any) -> Any:
    return X if isinstance(X, np.ndarray) else X.toarray()


def assert_truth(path: Path, **options: Any) -> None:
    parsed, content = cached_libsvm(path, **options)
    X, y = load_svmlight_file(path, n_features=options.get("n_features"))
    np.testing.assert_array_equal(as_array(parsed.X), X.toarray())
    np.testing.assert_array_equal(parsed.y, y)
    assert content == content_hash(parsed.X, y=parsed.y)


def shared_arrays(cache: Path) -> set[str]:
    return {path.name for path in (cache / "data").glob("*/*")}


@pytest.mark.parametrize("block", [1, 100, 1 << 22])
def test_parsed_in_blocks_and_then_mapped(
    path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(text_blocks, "BLOCK", block)
    assert_truth(path)
    dense = isinstance(cached_libsvm(path)[0].X, np.ndarray)
    kept = {"X.npy", "y.npy"} if dense else {"data.npy", "indices.npy", "indptr.npy", "y.npy"}
    assert shared_arrays(own_cache) == kept
    monkeypatch.setattr(text_blocks, "open_bytes", None)
    assert_truth(path)


@pytest.mark.parametrize("n_features", [1, 79, 80, 500])
def test_width_from_elsewhere(path: Path, own_cache: Path, n_features: int) -> None:
    highest = cached_libsvm(path)[0].X.shape[1]
    parsed, content = cached_libsvm(path, n_features=n_features)
    assert parsed.X.shape[1] == max(highest, n_features)
    if n_features > highest:
        assert_truth(path, n_features=n_features)
        written = path.with_name("written.svm")
        text = path.read_text().replace("\n", f" {n_features}:0\n", 1)
        written.write_text(text)
        expected, same = cached_libsvm(written)
        assert content == same
        assert type(parsed.X) is type(expected.X)
    assert len(list((own_cache / "data").glob("*.json"))) == 1 + (n_features > highest)


def test_wide_sparse_data_share_their_arrays(tmp_path: Path, own_cache: Path) -> None:
    file = tmp_path / "data.svm"
    file.write_text(SPARSE)
    wide = cached_libsvm(file, n_features=10**6)[0].X
    assert isinstance(wide, csr_array)
    assert not wide.data.flags.owndata
    assert not wide.data.flags.writeable


def test_absurd_width_makes_dense_data_sparse(tmp_path: Path, own_cache: Path) -> None:
    file = tmp_path / "data.svm"
    file.write_text(DENSE)
    X = cached_libsvm(file, n_features=10**7)[0].X
    assert isinstance(X, csr_array)
    assert X.shape == (39, 10**7)
    assert X.indices.dtype == X.indptr.dtype == np.int32
    X.check_format(full_check=True)
    assert X.has_canonical_format


@pytest.mark.parametrize(
    ("text", "zero_based", "columns"),
    [
        ("1 1:5 2:6\n2 1:7\n", "auto", [[5, 6], [7, 0]]),
        ("1 1:5 2:6\n2 1:7\n", "no", [[5, 6], [7, 0]]),
        ("1 1:5 2:6\n2 1:7\n", "yes", [[0, 5, 6], [0, 7, 0]]),
        ("1 0:5\n2 1:7\n", "auto", [[5, 0], [0, 7]]),
        ("1 1:5\n2 0:0 1:7\n", "auto", [[0, 5], [0, 7]]),
        ("1 1:5\n2 0:7\n", "yes", [[0, 5], [7, 0]]),
    ],
)
@pytest.mark.parametrize("block", [1, 1 << 22])
def test_where_indices_begin(
    tmp_path: Path,
    own_cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    zero_based: ZeroBased,
    columns: list[list[float]],
    block: int,
) -> None:
    monkeypatch.setattr(text_blocks, "BLOCK", block)
    file = tmp_path / "data.svm"
    file.write_text(text)
    others: list[ZeroBased] = ["auto", "yes"]
    for other in others:  # entries of their own
        cached_libsvm(file, zero_based=other)
    parsed, _ = cached_libsvm(file, zero_based=zero_based)
    np.testing.assert_array_equal(as_array(parsed.X), columns)


@pytest.mark.parametrize("block", [1, 1 << 22])
def test_index_0_is_refused_where_indices_begin_at_1(
    tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(text_blocks, "BLOCK", block)
    file = tmp_path / "data.svm"
    file.write_text("# two samples\n1 1:5\n\n2 0:7 1:3\n")
    with pytest.raises(DataError, match="line 4: the index in '0:7' is 0, but") as caught:
        cached_libsvm(file, zero_based="no")
    assert "give --zero-based yes" in caught.value.hint
    assert list((own_cache / "data").iterdir()) == []


def test_line_much_longer_than_a_block(
    tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_blocks, "BLOCK", 1 << 10)
    values = np.random.default_rng(0).standard_normal(20_000)
    line = " ".join(f"{k}:{v!r}" for k, v in enumerate(values.tolist(), start=1))
    file = tmp_path / "data.svm"
    file.write_text(f"1 1:1\n2 {line}\n3 2:1\n")
    parsed, _ = cached_libsvm(file)
    np.testing.assert_array_equal(as_array(parsed.X)[1], values)
    np.testing.assert_array_equal(parsed.y, [1, 2, 3])


@pytest.mark.slow
def test_line_of_fifty_megabytes(tmp_path: Path, own_cache: Path) -> None:
    n = 3_500_000
    file = tmp_path / "data.svm"
    file.write_text("1 1:1\n2 " + " ".join(f"{k}:0.{k}" for k in range(1, n + 1)) + "\n3\n")
    assert file.stat().st_size > 50e6
    X = as_array(cached_libsvm(file)[0].X)
    assert X.shape == (3, n)
    assert X[1, 41] == 0.42
    assert X[1, -1] == 0.35
    assert np.count_nonzero(X) == n + 1


def test_line_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_blocks, "BLOCK", 1 << 10)
    monkeypatch.setattr(text_blocks, "MAX_LINE", 1 << 20)
    file = tmp_path / "bomb.gz"
    file.write_bytes(gzip.compress(b"1 1:1\n1 1:" + b"1" * 2**21))
    with pytest.raises(DataError, match="line 2 is longer than 1 MiB"):
        read_libsvm(file)


@pytest.mark.parametrize("room", [0, 100, 129, 250, 300, 400, 440])
def test_full_disk_costs_time_alone(path: Path, own_cache: Path, room: int) -> None:
    with room_per_file(room):
        assert_truth(path)
    assert list((own_cache / "data").iterdir()) == []
    assert_truth(path)


def test_cache_that_is_no_folder(path: Path, own_cache: Path) -> None:
    own_cache.write_text("a file where the folder should be")
    assert_truth(path)
    assert own_cache.read_text().startswith("a file")


def run(script: str, *args: object) -> str:
    """Run Python code in a process of its own; return what it prints."""
    command = [sys.executable, "-c", textwrap.dedent(script), *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


KILLED = """
    import os, signal, sys, shutil
    from pathlib import Path
    import numpy as np
    from lrbench.data.parsed import shelf
    from lrbench.data.libsvm import text_blocks
    from lrbench.data.libsvm.read import cached_libsvm, read_libsvm

    path, root = map(Path, sys.argv[1:])
    text_blocks.BLOCK = 500  # some blocks in each file
    truth = read_libsvm(path)

    def audited(function):
        def replacement(*args):
            sys.audit("test.call", str(root))
            return function(*args)
        return replacement

    def kill_at(moment):
        '''Let the process die at its n-th action on the cache.'''
        count = 0
        def hook(event, args):
            nonlocal count
            if any(str(root) in os.fsdecode(a) for a in args if isinstance(a, str | bytes | Path)):
                count += 1
                if count == moment:
                    os.kill(os.getpid(), signal.SIGKILL)
        sys.addaudithook(hook)
        os.fsync = audited(os.fsync)
        shelf.NpyWriter.append = audited(shelf.NpyWriter.append)
        shelf.NpyWriter.finish = audited(shelf.NpyWriter.finish)

    def in_a_child(function):
        pid = os.fork()
        if pid == 0:
            try:
                function()
                os._exit(0)
            finally:
                os._exit(1)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def dense(X):
        return X if isinstance(X, np.ndarray) else X.toarray()

    def load():
        parsed, _ = cached_libsvm(path)
        assert type(parsed.X) is type(truth.X)
        assert (dense(parsed.X) == dense(truth.X)).all() and (parsed.y == truth.y).all()

    def die(moment):
        kill_at(moment)
        load()

    moment, code = 0, -signal.SIGKILL
    while code == -signal.SIGKILL:
        moment += 1
        os.environ["LRBENCH_CACHE_DIR"] = str(root / str(moment))
        code = in_a_child(lambda: die(moment))
        for _ in range(2):
            assert in_a_child(load) == 0, moment
    assert code == 0
    print(moment)
"""


@pytest.mark.slow
def test_killed_at_any_moment_nothing_is_trusted_that_should_not_be(
    path: Path, tmp_path: Path
) -> None:
    moments = int(run(KILLED, path, tmp_path / "caches"))
    assert moments > 50
    lefts = list((tmp_path / "caches").glob("*/data/.scratch.*.part"))
    assert len(lefts) > 20


def test_what_a_killed_process_left_is_swept(path: Path, own_cache: Path) -> None:
    folder = own_cache / "data"
    old = time.time() - STALE_SECONDS - 10
    for name, age in (("dead", old), ("alive", time.time()), ("long", old)):
        left = folder / f".scratch.{name}.part"
        left.mkdir(parents=True)
        for inner in (left / "data.npy", left):
            inner.touch()
            os.utime(inner, (age, age))
    (folder / ".scratch.long.part" / "y.npy").touch()  # it is still being written to
    assert_truth(path)
    assert {p.name for p in folder.glob(".*")} == {".scratch.alive.part", ".scratch.long.part"}


LIMITED = """
    import resource, sys
    from pathlib import Path
    from lrbench.data.libsvm import text_blocks
    from lrbench.cache.content_hash import arrays_of
    from lrbench.data.libsvm.read import cached_libsvm, read_libsvm

    text_blocks.BLOCK = 1 << 20
    path, small, room = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    read_libsvm(small)  # what it imports is not limited
    status = Path("/proc/self/status").read_text().split()
    used = int(status[status.index("VmData:") + 1]) * 1024
    resource.setrlimit(resource.RLIMIT_DATA, (used + room, used + room))
    try:
        read_libsvm(path)
    except MemoryError:
        print("too large for memory")
    for _ in range(2):
        parsed, _ = cached_libsvm(path)
    print(sum(array.nbytes for array in arrays_of(parsed.X).values()))
    print(float(parsed.X.sum()), float(parsed.y.sum()))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_DATA counts all memory on Linux alone")
@pytest.mark.parametrize("width", [20, 100])
def test_file_larger_than_memory(tmp_path: Path, own_cache: Path, width: int) -> None:
    lines = 300_000
    entries = [f"{j}:{j}" for j in range(width - 19, width + 1)]
    large, small = tmp_path / "large.svm", tmp_path / "small.svm"
    small.write_text(SPARSE)
    with large.open("w") as file:
        for _ in range(lines // 1000):
            file.write(f"1 {' '.join(entries)}\n" * 1000)
    room = 40 << 20
    said, nbytes, *sums = run(LIMITED, large, small, room).splitlines()
    assert said == "too large for memory"
    assert int(nbytes) > room
    total = lines * sum(range(width - 19, width + 1))
    assert sums == [f"{float(total)} {float(lines)}"]
