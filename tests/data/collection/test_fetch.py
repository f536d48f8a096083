"""Fetching from a server that answers well, badly, half or not at all."""

from __future__ import annotations

import bz2
import errno
import hashlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from http_server import PATIENCE, DataServer, body, cut, redirect, serving, stalled, status

from lrbench.data.collection.catalogue import Listed, find_listed
from lrbench.data.collection.checksum import check_file, record_path, recorded
from lrbench.data.collection.download import printable_url
from lrbench.data.collection.fetch import fetch, url_of
from lrbench.data.load import DataName, load_data
from lrbench.errors import DataError, LrbenchError, UsageError

TEXT = b"+1 1:0.5 3:1\n-1 2:0.25\n-1 1:1\n+1 7129:-1\n"
PACKED = bz2.compress(TEXT)
SHA256 = hashlib.sha256(TEXT).hexdigest()

UNCHECKED = find_listed("duke.val")  # 4 samples, bz2, no known checksum
CHECKED = replace(UNCHECKED, sha256=SHA256)
PLACE = "/binary/duke.val.bz2"


@pytest.fixture
def server() -> Iterator[DataServer]:
    with serving() as running:
        running.answers[PLACE] = [body(PACKED)]
        yield running


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, server: DataServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of sets, which is not made yet; it is fetched from the server."""
    for name in ("LRBENCH_OFFLINE", "CI"):
        monkeypatch.delenv(name, raising=False)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "*")
    folder = tmp_path / "sets"
    monkeypatch.setenv("LRBENCH_DATA_DIR", str(folder))
    monkeypatch.setenv("LRBENCH_DATA_MIRROR", server.url)
    return folder


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return what is waited between two attempts; nobody waits."""
    waits: list[float] = []
    monkeypatch.setattr("lrbench.data.collection.download.time.sleep", waits.append)
    return waits


def kept(folder: Path) -> set[str]:
    """Return the names of what lies in the folder, locks excepted."""
    if not folder.exists():
        return set()
    return {p.name for p in folder.iterdir() if not p.name.endswith(".lock")}


def assert_two_sentences(error: LrbenchError, folder: Path) -> None:
    assert error.message.endswith(".")
    assert "LRBENCH_DATA_MIRROR" in error.hint
    assert "duke.val.bz2" in error.hint
    assert str(folder) in error.hint
    assert kept(folder) <= {"duke.val.sha256"}


@pytest.mark.parametrize("entry", [UNCHECKED, CHECKED], ids=["unchecked", "checked"])
def test_good_file(
    entry: Listed, folder: Path, server: DataServer, capsys: pytest.CaptureFixture[str]
) -> None:
    path = fetch(entry)
    assert path == folder / "duke.val.bz2"
    assert path.read_bytes() == PACKED
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"fetching duke.val from {server.url}{PLACE} to {path}\n"
    assert kept(folder) == {"duke.val.bz2", "duke.val.sha256"}
    assert (folder / "duke.val.sha256").read_text() == f"{SHA256}  duke.val\n"
    assert check_file(entry, path).verdict == ("ok" if entry.sha256 else "recorded")
    assert fetch(entry) == path
    assert server.asked == [PLACE]


def test_record_is_what_sha256sum_reads(folder: Path) -> None:
    (folder / "duke.val").write_bytes(bz2.decompress(fetch(UNCHECKED).read_bytes()))
    command = ["sha256sum", "--check", "--strict", "duke.val.sha256"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def test_the_record_holds_for_a_later_fetch(folder: Path, server: DataServer) -> None:
    fetch(UNCHECKED).unlink()
    other = bz2.compress(TEXT.replace(b"0.25", b"0.26"))
    server.answers[PLACE] = [body(other)]
    with pytest.raises(DataError, match=f"not {SHA256[:12]}") as caught:
        fetch(UNCHECKED)
    assert_two_sentences(caught.value, folder)
    assert f"delete {folder}/duke.val.sha256" in caught.value.hint
    record_path("duke.val").unlink()
    assert fetch(UNCHECKED).read_bytes() == other


def test_damaged_record_is_said(folder: Path) -> None:
    fetch(UNCHECKED)
    (folder / "duke.val.sha256").write_text("what?\n")
    with pytest.raises(DataError, match="is not a record"):
        recorded("duke.val")
    with pytest.raises(DataError, match="is not a record"):
        fetch(UNCHECKED)


def test_wrong_checksum(folder: Path, server: DataServer, waits: list[float]) -> None:
    other = TEXT.replace(b"0.25", b"0.26")
    server.answers[PLACE] = [body(bz2.compress(other))]
    with pytest.raises(DataError, match=r"is not the set duke\.val") as caught:
        fetch(CHECKED)
    assert f"its sha256 is {hashlib.sha256(other).hexdigest()[:12]}…" in caught.value.message
    assert f"not {SHA256[:12]}…" in caught.value.message
    assert_two_sentences(caught.value, folder)
    assert len(server.asked) == 1
    assert waits == []


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"<!DOCTYPE html>\n<p>Please log in.</p>\n", "it is a web page"),
        (b"\n <html>\n" * 4, "it is a web page"),
        (b"Please\nlog\nin,\ndear guest\n", "it is not LIBSVM text"),
        (TEXT[:-15], "it has 3 lines, not 4"),
        (TEXT + b"1 1:1", "it has 5 lines, not 4"),
        (b"", "it is not LIBSVM text"),
        (PACKED[:-10], "is truncated or damaged"),
    ],
)
def test_what_cannot_be_the_set(
    content: bytes, says: str, folder: Path, server: DataServer
) -> None:
    server.answers[PLACE] = [redirect("/portal")]
    server.answers["/portal"] = [body(content)]
    with pytest.raises(DataError, match=says) as caught:
        fetch(UNCHECKED)
    assert_two_sentences(caught.value, folder)


def test_a_web_page_is_called_so_where_the_checksum_is_known(server: DataServer) -> None:
    server.answers[PLACE] = [body(b"<html></html>")]
    with pytest.raises(DataError, match="it is a web page"):
        fetch(CHECKED)


@pytest.mark.parametrize("code", [404, 403])
def test_no_is_not_asked_again(
    code: int, folder: Path, server: DataServer, waits: list[float]
) -> None:
    server.answers[PLACE] = [status(code)]
    with pytest.raises(DataError, match=f"the server answers {code}") as caught:
        fetch(UNCHECKED)
    assert_two_sentences(caught.value, folder)
    assert (len(server.asked), waits) == (1, [])


def test_redirects_in_a_circle(folder: Path, server: DataServer, waits: list[float]) -> None:
    server.answers[PLACE] = [redirect(PLACE)]
    with pytest.raises(DataError, match="redirected in a circle") as caught:
        fetch(UNCHECKED)
    assert_two_sentences(caught.value, folder)
    assert waits == []


BROKEN = {
    "busy": (status(503), "the server answers 503"),
    "short": (body(PACKED[:30], len(PACKED)), f"cut after 30 of {len(PACKED)} bytes"),
    "cut": (cut(PACKED), "the connection was cut"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_breaks_off_every_time(
    case: str, folder: Path, server: DataServer, waits: list[float]
) -> None:
    answer, says = BROKEN[case]
    server.answers[PLACE] = [answer]
    with pytest.raises(DataError, match=says) as caught:
        fetch(UNCHECKED)
    assert_two_sentences(caught.value, folder)
    assert (len(server.asked), waits) == (3, [1, 2])


@pytest.mark.parametrize("case", BROKEN)
def test_what_breaks_off_once(case: str, server: DataServer, waits: list[float]) -> None:
    server.answers[PLACE] = [BROKEN[case][0], body(PACKED)]
    assert fetch(UNCHECKED).read_bytes() == PACKED
    assert waits == [1]


def test_refused_connection(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:  # bound, but nobody listens
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        monkeypatch.setenv("LRBENCH_DATA_MIRROR", f"http://127.0.0.1:{port}/")
        with pytest.raises(DataError, match="the connection was refused") as caught:
            fetch(UNCHECKED)
    assert_two_sentences(caught.value, folder)


def test_unknown_host(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*args: object, **options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    monkeypatch.setenv("LRBENCH_DATA_MIRROR", "https://mirror.invalid")
    with pytest.raises(DataError, match="the host is unknown") as caught:
        fetch(UNCHECKED)
    assert_two_sentences(caught.value, folder)


def test_server_that_is_silent(
    folder: Path, server: DataServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lrbench.data.collection.download.TIMEOUT_SECONDS", (10.0, 0.05))
    server.answers[PLACE] = [stalled(PACKED)]
    with pytest.raises(DataError, match="there was no answer in time") as caught:
        fetch(UNCHECKED)
    assert_two_sentences(caught.value, folder)


def test_mirror_that_is_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LRBENCH_DATA_MIRROR", "mirror.example/libsvm")
    with pytest.raises(UsageError, match="LRBENCH_DATA_MIRROR is 'mirror"):
        fetch(UNCHECKED)


def test_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LRBENCH_DATA_MIRROR", "https://mirror.example/libsvm/")
    assert url_of(UNCHECKED) == "https://mirror.example/libsvm/binary/duke.val.bz2"
    monkeypatch.setenv("LRBENCH_DATA_MIRROR", "")
    site = "https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets"
    assert url_of(UNCHECKED) == f"{site}/binary/duke.val.bz2"


@pytest.mark.parametrize("host", ["h" * 64 + ".invalid", "é..é", "[::1", "a b", "127.0.0.1:x"])
def test_host_that_cannot_be_one(
    host: str, folder: Path, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LRBENCH_DATA_MIRROR", f"http://{host}")
    with pytest.raises(DataError, match="that is not an address") as caught:
        fetch(UNCHECKED)
    assert_two_sentences(caught.value, folder)
    assert waits == []


def test_proxy_that_is_away(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name)
    with socket.socket() as unused:  # bound, but nobody listens
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{unused.getsockname()[1]}")
        monkeypatch.setenv("LRBENCH_DATA_MIRROR", "http://mirror.invalid")
        with pytest.raises(DataError, match="the proxy of the environment") as caught:
            fetch(UNCHECKED)
    assert_two_sentences(caught.value, folder)


def test_a_password_is_used_and_not_shown(
    server: DataServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = server.url.replace("//", "//me:secret@")
    monkeypatch.setenv("LRBENCH_DATA_MIRROR", secret)
    found: list[str | None] = []

    def allowed(handler: Any) -> None:
        found.append(handler.headers["Authorization"])
        body(PACKED)(handler)

    server.answers[PLACE] = [status(404), body(b"<html>"), body(PACKED[:-9]), allowed]
    said = []
    for _ in range(3):
        with pytest.raises(DataError) as caught:
            fetch(UNCHECKED)
        said += [caught.value.message, caught.value.hint]
    fetch(UNCHECKED)
    assert found == ["Basic bWU6c2VjcmV0"]  # me:secret
    monkeypatch.setenv("LRBENCH_DATA_MIRROR", "ftp://me:secret@mirror.example")
    with pytest.raises(UsageError, match=r"is 'ftp://mirror\.example', which") as usage:
        url_of(UNCHECKED)
    said += [usage.value.message, *capsys.readouterr()]
    assert f"{server.url}{PLACE}" in said[0]
    assert "secret" not in "".join(said)


def test_an_address_is_shown_in_one_line() -> None:
    assert printable_url("http://a:b@c:1/x@y\nz") == "http://c:1/x@y\\nz"


def test_full_disk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("pooch.HTTPDownloader.__call__", full)
    with pytest.raises(DataError, match="no space left on device") as caught:
        fetch(UNCHECKED)
    assert str(folder) in caught.value.message
    assert "LRBENCH_DATA_DIR" in caught.value.hint
    assert kept(folder) == set()


def test_folder_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("LRBENCH_DATA_DIR", str(tmp_path / "file" / "sets"))
    with pytest.raises(DataError, match=r"nothing can be written into .*: not a directory"):
        fetch(UNCHECKED)


def test_folder_that_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("LRBENCH_DATA_DIR", str(tmp_path / "file"))
    with pytest.raises(DataError, match=r"nothing can be written into .*: it is not a folder"):
        fetch(UNCHECKED)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_read_only_folder(folder: Path) -> None:
    folder.mkdir(mode=0o500)
    with pytest.raises(DataError, match=r"nothing can be written into .*: permission denied"):
        fetch(UNCHECKED)


@pytest.mark.parametrize("name", ["duke.val", "duke.val.bz2", "duke.val.gz"])
def test_a_set_that_is_here_is_checked_and_not_fetched(
    name: str, folder: Path, server: DataServer
) -> None:
    folder.mkdir()
    (folder / name).write_bytes(PACKED if name.endswith("bz2") else TEXT)
    assert fetch(CHECKED) == folder / name
    (folder / name).write_bytes(TEXT[:-1])
    with pytest.raises(DataError, match="its sha256 is") as caught:
        fetch(CHECKED)
    assert caught.value.hint.startswith(f"move {folder / name} away")
    assert server.asked == []


@pytest.mark.parametrize("value", ["1", "yes"])
def test_offline(value: str, server: DataServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LRBENCH_OFFLINE", value)
    for ask in (lambda: fetch(UNCHECKED), lambda: load_data(DataName("duke.val"))):
        with pytest.raises(DataError, match="LRBENCH_OFFLINE forbids") as caught:
            ask()
        assert "lrbench data fetch duke.val" in caught.value.hint
    assert server.asked == []


@pytest.mark.parametrize("value", ["", "0"])
def test_not_offline(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LRBENCH_OFFLINE", value)
    assert fetch(UNCHECKED).is_file()


@pytest.mark.parametrize("value", ["true", "1"])
def test_under_ci_only_the_command_fetches(
    value: str, server: DataServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", value)
    with pytest.raises(DataError, match="under CI a run does not fetch sets") as caught:
        load_data(DataName("duke.val"))
    assert "lrbench data fetch duke.val" in caught.value.hint
    assert server.asked == []
    fetch(UNCHECKED)
    assert load_data(DataName("duke.val")).X.shape == (4, 7129)


def test_first_use_fetches(server: DataServer, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        assert load_data(DataName("duke.val")).X.shape == (4, 7129)
    assert server.asked == [PLACE]
    assert capsys.readouterr().err.startswith("fetching duke.val from http://127.0.0.1")


def test_what_was_fetched_is_checked_when_it_is_parsed(folder: Path, own_cache: Path) -> None:
    path = fetch(UNCHECKED)
    path.write_bytes(bz2.compress(b"\xef\xbb\xbf" + TEXT.replace(b"0.25", b"0.26")))
    for _ in range(2):
        with pytest.raises(DataError, match=r"duke\.val\.bz2 is not what was fetched") as caught:
            load_data(DataName("duke.val"))
    assert f"not {SHA256[:12]}…" in caught.value.message
    assert caught.value.hint.startswith("move it away")
    assert list((own_cache / "data").iterdir()) == []
    assert load_data(DataName(str(path))).X[1, 1] == 0.26  # a path is any file
    with pytest.raises(DataError, match="is not what was fetched"):
        load_data(DataName("duke.val"))
    path.unlink()
    assert load_data(DataName("duke.val")).X[1, 1] == 0.25


def test_a_text_with_a_byte_order_mark_stays_what_was_fetched(server: DataServer) -> None:
    server.answers[PLACE] = [body(bz2.compress(b"\xef\xbb\xbf" + TEXT))]
    known = replace(UNCHECKED, sha256=hashlib.sha256(b"\xef\xbb\xbf" + TEXT).hexdigest())
    fetch(known)
    assert load_data(DataName("duke.val")).X.shape == (4, 7129)


def test_a_file_put_there_by_hand_has_no_record(folder: Path, server: DataServer) -> None:
    folder.mkdir()
    (folder / "duke.val").write_bytes(TEXT[:-15])
    assert load_data(DataName("duke.val")).X.shape == (3, 7129)
    assert check_file(UNCHECKED, folder / "duke.val").verdict == "BAD"
    assert server.asked == []


def start_fetch() -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "lrbench", "data", "fetch", "duke.val"]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    )


def test_two_processes_fetch_once(folder: Path, server: DataServer) -> None:
    server.answers[PLACE] = [stalled(PACKED)]
    with start_fetch() as first:
        assert server.reached.wait(PATIENCE)
        with start_fetch() as second:
            assert second.stderr is not None
            assert second.stderr.readline() == (
                "waiting for another process that fetches duke.val\n"
            )
            assert kept(folder) == {".duke.val.part"}
            server.go_on.set()
            outputs = [process.communicate(timeout=PATIENCE)[0] for process in (first, second)]
    assert outputs == [f"{folder}/duke.val.bz2\n"] * 2
    assert (first.returncode, second.returncode) == (0, 0)
    assert server.asked == [PLACE]
    assert kept(folder) == {"duke.val.bz2", "duke.val.sha256"}


def test_killed_process_leaves_nothing_that_is_trusted(folder: Path, server: DataServer) -> None:
    server.answers[PLACE] = [stalled(PACKED), body(PACKED)]
    with start_fetch() as process:
        assert server.reached.wait(PATIENCE)
        process.kill()
        process.communicate(timeout=PATIENCE)
    assert kept(folder) == {".duke.val.part"}
    assert fetch(UNCHECKED).read_bytes() == PACKED
    assert kept(folder) == {"duke.val.bz2", "duke.val.sha256"}


def test_bar_on_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    assert fetch(UNCHECKED).read_bytes() == PACKED
    err = capsys.readouterr().err
    assert f"{len(PACKED)}/{len(PACKED)} bytes" in err
