"""The collection is consistent with itself and with the files that were counted."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from lrbench.data.collection.catalogue import collection, find_listed, unknown_set
from lrbench.data.libsvm.compressed import SUFFIXES
from lrbench.data.load import DataName, load_data
from lrbench.errors import UsageError

SETS = collection()


def test_there_are_the_sets_of_two_pages() -> None:
    tasks = [entry.task for entry in SETS.values()]
    assert {task: tasks.count(task) for task in dict.fromkeys(tasks)} == {
        "binary": 99,
        "regression": 27,
        "multiclass": 2,
    }


@pytest.mark.parametrize("name", SETS)
def test_an_entry_is_whole(name: str) -> None:
    entry = SETS[name]
    assert entry.file in {name + suffix for suffix in SUFFIXES}
    assert entry.n_samples is None or entry.n_samples > 0
    for checksum in (entry.sha256, entry.remade_sha256):
        assert checksum is None or (len(checksum) == 64 and int(checksum, 16) >= 0)
    assert not (entry.sha256 and entry.remade_sha256)
    assert (entry.text_bytes is None) == (entry.sha256 is None)
    if entry.test_of is not None:
        training = SETS[entry.test_of]
        assert (training.task, training.n_features) == (entry.task, entry.n_features)
    assert (entry.n_features or 1) <= 10**7  # more is not read


def test_no_two_entries_are_the_same_file() -> None:
    assert len({entry.place for entry in SETS.values()}) == len(SETS)
    checksums = [e.sha256 or e.remade_sha256 for e in SETS.values() if e.sha256 or e.remade_sha256]
    assert len(set(checksums)) == len(checksums)


@pytest.mark.parametrize(
    ("whole", "parts"),
    [(f"a{k}a", (f"a{k}a", f"a{k}a.t")) for k in range(1, 9)]
    + [(f"w{k}a", (f"w{k}a", f"w{k}a.t")) for k in range(1, 8)]
    + [(name, (f"{name}.tr", f"{name}.val")) for name in ("ijcnn1", "avazu-app")],
)
def test_parts_add_up(whole: str, parts: tuple[str, str]) -> None:
    """UCI's adult has 32,561 training samples, the web pages of w8a are 49,749."""
    if whole[0] == "a" and whole[1].isdigit():
        whole = "a9a"
    elif whole[0] == "w":
        whole = "w8a"
    assert sum(SETS[part].n_samples or 0 for part in parts) == SETS[whole].n_samples


def test_addresses() -> None:
    entry = find_listed("duke.val")
    assert entry.place == "binary/duke.val.bz2"
    assert entry.page.endswith("/datasets/binary.html#duke%20breast-cancer")
    assert find_listed("a9a.t").page.endswith("#a9a")


def test_unknown_name() -> None:
    with pytest.raises(UsageError, match="no LIBSVM set 'a9b'") as caught:
        find_listed("a9b")
    assert caught.value.hint == "did you mean a9a?"
    assert unknown_set("qqqqqq") == "see lrbench data list."


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("covtype", "covtype.libsvm.binary or covtype.libsvm.binary.scale"),
        ("rcv1", "rcv1_train.binary"),
        ("higgs", "HIGGS"),
        ("breast_cancer", "breast-cancer"),
        ("avazu", "avazu-app"),  # too many to list them all
    ],
)
def test_part_of_a_name(name: str, hint: str) -> None:
    assert unknown_set(name) == f"did you mean {hint}?"


def counted(libsvm_dir: Path) -> list[dict[str, str]]:
    with (libsvm_dir / "MANIFEST.tsv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_figures_are_those_counted_in_the_files(libsvm_dir: Path) -> None:
    for row in counted(libsvm_dir):
        entry = find_listed(row["name"])
        own = row["matches_libsvm_page"].startswith("yes")
        assert entry.task == row["task"]
        assert entry.n_samples == int(row["n_samples"])
        assert entry.n_features == int(row["n_features"])
        assert (entry.sha256 if own else entry.remade_sha256) == row["text_sha256"]
        assert entry.text_bytes == (int(row["text_bytes"]) if own else None)


QUICK_BYTES = 1_200_000


def assert_loads(rows: list[dict[str, str]]) -> None:
    for row in rows:
        X = load_data(DataName(row["name"])).X
        assert X.shape == (int(row["n_samples"]), int(row["n_features"])), row["name"]


def test_sets_load_by_name(libsvm_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LRBENCH_DATA_DIR", str(libsvm_dir))
    rows = [row for row in counted(libsvm_dir) if int(row["text_bytes"]) < QUICK_BYTES]
    assert {"a1a", "a9a.t"} < {row["name"] for row in rows}  # narrower than their names say
    assert_loads(rows)


@pytest.mark.slow
def test_large_sets_load_by_name(libsvm_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LRBENCH_DATA_DIR", str(libsvm_dir))
    rows = [row for row in counted(libsvm_dir) if int(row["text_bytes"]) >= QUICK_BYTES]
    assert len(rows) > 5
    assert_loads(rows)
