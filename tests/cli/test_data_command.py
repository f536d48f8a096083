"""`lrbench data`: list, info, fetch, verify, path."""

from __future__ import annotations

import bz2
import csv
import errno
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.shell_completion import ShellComplete
from http_server import DataServer, body, serving

from lrbench.cli.main import group
from lrbench.data.collection.catalogue import collection

TEXT = b"+1 1:0.5 3:1\n-1 2:0.25\n-1 1:1\n+1 7129:-1\n"
PLACE = "/binary/duke.val.bz2"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of sets, which is empty."""
    folder = tmp_path / "sets"
    folder.mkdir()
    monkeypatch.setenv("LRBENCH_DATA_DIR", str(folder))
    monkeypatch.delenv("LRBENCH_DATA_MIRROR", raising=False)
    return folder


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[DataServer]:
    with serving() as running:
        running.answers[PLACE] = [body(bz2.compress(TEXT))]
        for name in ("LRBENCH_OFFLINE", "CI"):
            monkeypatch.delenv(name, raising=False)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.setenv(name, "*")
        monkeypatch.setenv("LRBENCH_DATA_MIRROR", running.url)
        yield running


def rows(out: str) -> dict[str, list[str]]:
    """Return the words of a table's rows by the first."""
    lines = out.splitlines()
    start = next(k for k, line in enumerate(lines) if line.startswith("---"))
    return {words[0]: words[1:] for words in (line.split() for line in lines[start + 1 :])}


def test_list(invoke: Any, folder: Path) -> None:
    (folder / "a9a.xz").touch()
    outcome = invoke("data", "list")
    assert outcome.code == 0
    found = rows(outcome.out.partition("\nchecksum: ")[0])
    assert list(found) == list(collection())
    assert found["a9a"] == ["binary", "32561", "123", "yes", "known"]
    assert found["covtype.libsvm.binary.scale"] == ["binary", "581012", "54", "-", "remade"]
    assert found["svmguide3"] == ["binary", "1243", "-", "-", "-"]
    assert max(map(len, outcome.out.splitlines())) <= 80


def test_list_of_one_task_as_json(invoke: Any, folder: Path) -> None:
    outcome = invoke("data", "list", "--task", "regression", "--format", "json")
    said = json.loads(outcome.out)
    assert (said["format"], said["version"]) == ("lrbench-data", 1)
    assert said["folder"] == str(folder)
    assert {one["task"] for one in said["sets"]} == {"regression"}
    assert said["sets"][0] == {
        "name": "abalone",
        "task": "regression",
        "n_samples": 4177,
        "n_features": 8,
        "test_of": None,
        "file": None,
        "checksum": None,
    }


def test_info(invoke: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = invoke("data", "info", "a9a.t")
    assert outcome.code == 0
    site = "https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets"
    for line in (
        "n_samples: 16281",
        "test_of: a9a",
        "file: not here",
        f"url: {site}/binary/a9a.t",
        f"page: {site}/binary.html#a9a",
    ):
        assert line in outcome.out.splitlines()
    monkeypatch.setenv("LRBENCH_DATA_MIRROR", "https://mirror.example/")
    (one,) = json.loads(invoke("data", "info", "a9a.t", "--format", "json").out)["sets"]
    assert one["url"] == "https://mirror.example/binary/a9a.t"
    assert len(one["sha256"]) == 64


def test_info_of_what_cannot_be_checked(
    invoke: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LRBENCH_DATA_MIRROR", "https://me:secret@mirror.example")
    lines = invoke("data", "info", "duke.val").out.splitlines()
    assert "checksum: recorded by the first fetch" in lines
    assert "url: https://mirror.example/binary/duke.val.bz2" in lines
    (folder / "duke.val").write_bytes(TEXT)
    assert "checksum: none" in invoke("data", "info", "duke.val").out.splitlines()


def test_a_folder_that_cannot_be_looked_into_has_no_sets(
    invoke: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*args: object, **options: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "stat", denied)
    outcome = invoke("data", "list", "--task", "multiclass")
    assert (outcome.code, outcome.err) == (0, "")
    assert rows(outcome.out)["news20"][-2:] == ["-", "known"]


@pytest.mark.parametrize("command", ["info", "fetch", "verify", "path"])
def test_unknown_set(command: str, invoke: Any) -> None:
    outcome = invoke("data", command, "a9b")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == "Error: there is no LIBSVM set 'a9b'.\nHint: did you mean a9a?\n"


def test_fetch_then_run_then_cache_clear(invoke: Any, folder: Path, server: DataServer) -> None:
    path = folder / "duke.val.bz2"
    outcome = invoke("data", "fetch", "duke.val")
    assert (outcome.code, outcome.out) == (0, f"{path}\n")
    assert outcome.err == f"fetching duke.val from {server.url}{PLACE} to {path}\n"
    assert invoke("data", "path", "duke.val").out == f"{path}\n"
    run = invoke("run", "-d", "duke.val", "-n", "3", "-q")
    assert run.code == 0, run.err
    assert "4 x 7129" in run.out
    assert invoke("cache", "clear").code == 0
    assert path.exists()
    assert server.asked == [PLACE]


def test_first_use_in_a_run(invoke: Any, server: DataServer) -> None:
    outcome = invoke("run", "-d", "duke.val", "-n", "3", "-q")
    assert outcome.code == 0
    assert outcome.err.startswith(f"fetching duke.val from {server.url}")
    assert server.asked == [PLACE]


def test_the_sets_lie_in_the_cache_by_default(
    invoke: Any, own_cache: Path, server: DataServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LRBENCH_DATA_DIR")
    assert invoke("data", "path").out == f"{own_cache}/libsvm\n"
    assert invoke("data", "fetch", "duke.val").out == f"{own_cache}/libsvm/duke.val.bz2\n"
    assert invoke("cache", "clear").code == 0
    assert invoke("data", "path", "duke.val").code == 0


def test_fetch_goes_on_after_a_failure(invoke: Any, folder: Path, server: DataServer) -> None:
    outcome = invoke("data", "fetch", "a9a", "duke.val")
    assert outcome.code == 3
    assert outcome.out == f"{folder}/duke.val.bz2\n"
    assert "binary/a9a cannot be fetched: the server answers 404" in outcome.err
    assert server.asked == ["/binary/a9a", PLACE]


def test_path(invoke: Any, folder: Path) -> None:
    assert invoke("data", "path").out == f"{folder}\n"
    outcome = invoke("data", "path", "duke.val")
    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.err == (
        f"Error: the set duke.val is not in {folder}.\n"
        "Hint: run lrbench data fetch duke.val, or put duke.val.bz2 there by hand.\n"
    )


def test_verify_without_a_folder(
    invoke: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LRBENCH_DATA_DIR", str(tmp_path / "none"))
    outcome = invoke("data", "verify")
    assert outcome.code == 3
    assert "is not a folder" in outcome.err


def test_verify(invoke: Any, folder: Path, server: DataServer) -> None:
    assert invoke("data", "verify").out == f"no set is in {folder}\n"
    assert invoke("data", "fetch", "duke.val").code == 0
    (folder / "svmguide3.t").write_bytes(b"1 1:1\n" * 41)
    (folder / "my-own").write_bytes(TEXT)
    outcome = invoke("data", "verify")
    assert (outcome.code, outcome.err) == (0, "")
    verdicts = {name: words[0] for name, words in rows(outcome.out).items()}
    assert verdicts == {"duke.val": "recorded", "svmguide3.t": "unrecorded"}
    (folder / "duke.val.bz2").write_bytes(bz2.compress(TEXT + b"\n"))
    (folder / "a9a").write_bytes(TEXT)
    (folder / "w8a.bz2").write_bytes(bz2.compress(TEXT)[:-9])
    (folder / "svmguide3.t").write_bytes(b"1 1:1\n" * 40)
    outcome = invoke("data", "verify")
    assert outcome.code == 3
    assert {name: words[0] for name, words in rows(outcome.out).items()} == dict.fromkeys(
        ("a9a", "duke.val", "svmguide3.t", "w8a"), "BAD"
    )
    for says in (
        "a9a is not the set a9a: its sha256 is",
        "duke.val.bz2 is not the set duke.val: its sha256 is",
        "svmguide3.t is not the set svmguide3.t: it has 40 lines, not 41",
        "w8a.bz2 is truncated or damaged",
    ):
        assert says in outcome.err
    assert outcome.err.count("Hint: move it away and run lrbench data fetch") == 4
    assert invoke("data", "verify", "svmguide1").code == 3


def expected(libsvm_dir: Path, largest: int) -> dict[str, tuple[str, str]]:
    """Return verdict and checksum of the files that were counted, by name."""
    with (libsvm_dir / "MANIFEST.tsv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return {
        row["name"]: (
            "ok" if row["matches_libsvm_page"].startswith("yes") else "remade",
            row["text_sha256"],
        )
        for row in rows
        if int(row["text_bytes"]) <= largest
    }


def verdicts(outcome: Any) -> dict[str, tuple[str, str]]:
    assert (outcome.code, outcome.err) == (0, "")
    sets = json.loads(outcome.out)["sets"]
    return {one["name"]: (one["verdict"], one["sha256"]) for one in sets}


def test_real_files_are_verified(
    invoke: Any, libsvm_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LRBENCH_DATA_DIR", str(libsvm_dir))
    known = expected(libsvm_dir, 1_200_000)
    assert len(known) > 10
    assert verdicts(invoke("data", "verify", *known, "--format", "json")) == known


@pytest.mark.slow
def test_a_whole_folder_is_verified(
    invoke: Any, libsvm_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LRBENCH_DATA_DIR", str(libsvm_dir))
    known = expected(libsvm_dir, 10**9)
    assert len(known) == 22
    assert verdicts(invoke("data", "verify", "--format", "json")) == known


@pytest.mark.parametrize(
    ("words", "incomplete", "offered"),
    [
        (["data", "fetch"], "w8", ["w8a", "w8a.t"]),
        (["data", "verify", "a9a"], "w8", ["w8a", "w8a.t"]),
        (["data", "path"], "mus", ["mushrooms"]),
        (["data"], "ver", ["verify"]),
        (["run", "-d"], "mus", ["mushrooms"]),
    ],
)
def test_completion(words: list[str], incomplete: str, offered: list[str]) -> None:
    shell = ShellComplete(group, {}, "lrbench", "_LRBENCH_COMPLETE")
    found = shell.get_completions(words, incomplete)
    assert [item.value for item in found] == offered


def test_the_list_says_what_each_kind_of_checksum_is(invoke: Any) -> None:
    page = invoke("data", "list", "--format", "plain").out
    table, _, legend = page.partition("checksum: ")
    legend = " ".join(legend.split())
    for kind in {row.split()[-1] for row in table.splitlines()[2:]} | {"recorded"}:
        assert kind in legend
        assert kind == "-" or "LIBSVM set" in invoke("explain", kind).out
