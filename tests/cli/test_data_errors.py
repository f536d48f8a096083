"""Bad data and bad problem files: exit code, and two sentences that say where and what to do."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from lrbench.data.libsvm.read import read_libsvm
from lrbench.errors import DataError

TEXT = b"".join(b"%d 1:%d 2:%d\n" % ((-1) ** k, k, k * k % 7919) for k in range(1, 3000))

DATA = {
    "cut.bz2": (bz2.compress(TEXT)[:-100], "truncated or damaged", "fetch the file again"),
    "cut.gz": (gzip.compress(TEXT)[:-100], "truncated or damaged", "fetch the file again"),
    "cut.xz": (lzma.compress(TEXT)[:-100], "truncated or damaged", "fetch the file again"),
    "empty.gz": (gzip.compress(b""), "is empty", "LABEL INDEX:VALUE"),
    "comments.svm": (b"# nothing\n\n", "is empty", "LABEL INDEX:VALUE"),
    "labels.svm": (b"1\n-1\n", "no features", "LABEL INDEX:VALUE"),
    "table.csv": (b"a,b,c\n1,2,3\n", "line 1: 'a,b,c' is not a number", "it looks like CSV"),
    "dense.txt": (b"1 0.5 0.7\n", "line 1: '0.5' is not index:value", "LABEL INDEX:VALUE"),
    "inside.gz": (gzip.compress(b"1 1:2\n-1 2:x\n"), "line 2: '2:x'", "LABEL INDEX:VALUE"),
    "label.svm": (b"1 1:2\nnan 1:3\n", "line 2: the label 'nan' is not finite", "that line"),
    "minus.svm": (b"1 1:2\n-1 -3:1\n", "line 2: the index in '-3:1' is negative", "ascending"),
    "twice.svm": (b"1 4:2 4:3\n", "line 1: the index in '4:3' occurs twice", "ascending"),
    "falling.svm": (
        b"1 4:2\n-1 4:1 2:3\n",
        "line 2: the index in '2:3' comes after 4",
        "ascending",
    ),
    "wide.svm": (b"1 1:2\n-1 999999999:1\n", "line 2: the index in '999999999:1'", "that line"),
    "one.svm": (b"1 1:2\n1 1:3\n", "has one label only: 1", "squared"),
}


@pytest.mark.parametrize("name", DATA)
def test_bad_data(name: str, invoke: Any, tmp_path: Path) -> None:
    content, says, advice = DATA[name]
    path = tmp_path / name
    path.write_bytes(content)
    outcome = invoke("run", "-d", str(path), "--loss", "logistic", "-q")
    assert (outcome.code, outcome.out) == (3, "")
    assert_points_to(outcome.err, str(path), says, advice)


@pytest.mark.parametrize("name", ["no/such/file.svm", "nofile.svm", "~nobody-of-this-name/a.svm"])
def test_missing_file(
    name: str, invoke: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = invoke("run", "-d", name, "-q")
    assert (outcome.code, outcome.out) == (3, "")
    assert_points_to(outcome.err, name, "there is no file", "check the path")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_unreadable_file(invoke: Any, tmp_path: Path) -> None:
    path = tmp_path / "locked.svm"
    path.write_bytes(TEXT)
    path.chmod(0)
    outcome = invoke("run", "-d", str(path), "-q")
    assert (outcome.code, outcome.out) == (3, "")
    assert_points_to(outcome.err, str(path), "permission denied", "permissions")


@pytest.mark.parametrize("index", [10**9, 10**12, 10**30])
def test_absurd_index_allocates_nothing(index: int, tmp_path: Path) -> None:
    path = tmp_path / "absurd.svm"
    path.write_text(f"1 1:2\n-1 {index}:1\n")
    with pytest.raises(DataError, match="line 2"):  # what it imports is not measured below
        read_libsvm(path)
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=f"line 2: the index in '{index}:1' is above"):
            read_libsvm(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2**23


GOOD = 'loss = "logistic"\n[data]\nname = "sklearn:breast-cancer"\n'

FILES = {
    "syntax": (GOOD.replace("[data]", "[data"), "line 2", "lrbench show problem"),
    "twice": ('loss = "squared"\n' + GOOD, "line 2", "lrbench show problem"),
    "key": ("titel = 3\n" + GOOD, "no key 'titel'", "did you mean title?"),
    "data key": (GOOD + "scales = 3\n", "no key 'scales' in the table data", "scale"),
    "type": (GOOD + 'intercept = "yes"\n', "intercept is 'yes', not true or false", "true"),
    "data type": (GOOD.replace("[data]\n", "data = 3\n#"), "data is 3, not a table", "a table"),
    "no data": ('loss = "logistic"\n', "the table [data] is missing", "add [data]"),
    "empty": ("", "loss is missing", "logistic"),
    "number": (f"penalty = 1{'0' * 5000}\n" + GOOD, "is not TOML", "lrbench show problem"),
    "weight": (
        f'penalty = {{ name = "l2", weight = 1{"0" * 400} }}\n' + GOOD,
        "not a positive number",
        "1/n_samples",
    ),
    "nesting": (f"title = {'[' * 5000}\n" + GOOD, "is not TOML", "lrbench show problem"),
}


@pytest.mark.parametrize("case", FILES, ids=lambda c: c.replace(" ", "-"))
def test_bad_problem_file(case: str, invoke: Any, tmp_path: Path) -> None:
    content, says, advice = FILES[case]
    path = tmp_path / "mine.toml"
    path.write_text(content)
    outcome = invoke("run", "-p", str(path), "-q")
    assert (outcome.code, outcome.out) == (2, "")
    assert_points_to(outcome.err, str(path), says, advice)


def test_problem_file_that_is_binary_a_folder_or_missing(invoke: Any, tmp_path: Path) -> None:
    (tmp_path / "binary.toml").write_bytes(bytes(range(256)))
    (tmp_path / "zeros.toml").write_bytes(b"\0" * 64)
    (tmp_path / "folder.toml").mkdir()
    for name, says, advice in (
        ("binary.toml", "is not TOML: it is not UTF-8 text", "lrbench show problem"),
        ("zeros.toml", "is not TOML", "lrbench show problem"),
        ("folder.toml", "cannot be read: is a directory", "check the path"),
        ("absent.toml", "there is no problem file", "logreg"),
    ):
        path = str(tmp_path / name)
        outcome = invoke("run", "-p", path, "-q")
        assert (outcome.code, outcome.out) == (2, "")
        assert_points_to(outcome.err, path, says, advice)


def test_data_of_a_problem_file_are_looked_for_beside_it(invoke: Any, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD.replace("sklearn:breast-cancer", "sub/absent.svm"))
    outcome = invoke("run", "-p", str(path), "-q")
    assert outcome.code == 3
    assert_points_to(outcome.err, str(tmp_path / "sub/absent.svm"), "there is no file", "path")


def assert_points_to(err: str, place: str, says: str, advice: str) -> None:
    lines = err.splitlines()
    assert len(lines) == 2, err
    error, hint = lines
    assert error.startswith("Error: ")
    assert hint.startswith("Hint: ")
    assert place in error
    assert says in error
    assert advice in hint
    assert all(line.endswith((".", "?")) for line in lines), err
