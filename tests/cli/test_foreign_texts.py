"""Every text that a command reads: byte-order marks are passed over, other encodings are named."""

from __future__ import annotations

import gzip
import io
import json
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PROBLEM = 'loss = "squared"\n[data]\nname = "generated:log-spectrum"\nn_features = 7\n'
DATA = "-1 1:0.5 3:2\n1 2:7 3:-1\n1 1:3 2:0.25\n-1 3:9\n"
GATE = (
    '[[check]]\nname = "a"\nproblem = "log-spectrum"\nsolver = "sgd"\nlr0 = 0.5\n'
    "iterations = 3\nbaseline = true\n"
)

RUN = ["-s", "sgd", "-n", "2", "-q", "--format", "csv"]


def with_problem(invoke: Any, content: bytes) -> Any:
    Path("p.toml").write_bytes(content)
    return invoke("run", "-p", "./p.toml", *RUN)


def with_data(invoke: Any, content: bytes) -> Any:
    Path("a.svm").write_bytes(content)
    return invoke("run", "-d", "./a.svm", *RUN)


def with_test_data(invoke: Any, content: bytes) -> Any:
    Path("b.svm").write_text(DATA + "1 1:4\n")
    Path("a.svm").write_bytes(content)
    return invoke("run", "-d", "./b.svm", "--test", "./a.svm", *RUN)


def with_gate(invoke: Any, content: bytes) -> Any:
    Path("lrbench.toml").write_bytes(content)
    return invoke("check", "-j", "1", "-q", "--format", "json")


def with_baselines(invoke: Any, content: bytes) -> Any:
    Path("lrbench.toml").write_text(GATE)
    Path("lrbench-baselines.jsonl").write_bytes(content)
    return invoke("check", "-j", "1", "-q", "--format", "json")


def with_result(invoke: Any, content: bytes) -> Any:
    Path("r.json").write_bytes(content)
    return invoke("show", "r.json", "--format", "csv")


def with_result_on_stdin(invoke: Any, content: bytes) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        return invoke("show", "-", "--format", "csv")


def with_result_of_the_gate(invoke: Any, content: bytes) -> Any:
    Path("r.json").write_bytes(content)
    return invoke("check", "r.json", "--expect", "suboptimality <= 9", "-q")


READERS: dict[str, tuple[Callable[[Any, bytes], Any], int]] = {
    "problem file": (with_problem, 2),
    "lrbench.toml": (with_gate, 2),
    "baselines": (with_baselines, 2),
    "result": (with_result, 2),
    "result on stdin": (with_result_on_stdin, 2),
    "result of the gate": (with_result_of_the_gate, 2),
    "data": (with_data, 3),
    "test data": (with_test_data, 3),
}
"""How each text is read, and the exit code where it cannot be."""


@pytest.fixture
def texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, invoke: Any) -> dict[str, str]:
    """Return a good text for every reader; the working directory is empty."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LRBENCH_JOBS", "1")
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    run = ["run", "-p", "log-spectrum", "-s", "sgd", "--lr0", "0.5", "-n", "3", "-q"]
    result = invoke(*run, "--format", "json").out
    Path("lrbench.toml").write_text(GATE)
    assert invoke("check", "-q", "--save-baseline").code == 0
    baselines = Path("lrbench-baselines.jsonl").read_text()
    return {
        "problem file": PROBLEM,
        "lrbench.toml": GATE.replace("baseline = true", 'expect = ["suboptimality <= 9"]'),
        "baselines": baselines,
        "result": result,
        "result on stdin": result,
        "result of the gate": result,
        "data": DATA,
        "test data": DATA,
    }


def same(a: str, b: str) -> bool:
    """Return whether two outputs are equal but for times."""
    if not a.startswith("{"):
        return [x.split(",")[:6] for x in a.splitlines()] == [
            x.split(",")[:6] for x in b.splitlines()
        ]
    verdicts = [[c["verdict"] for c in json.loads(text)["checks"]] for text in (a, b)]
    return verdicts[0] == verdicts[1]


def zipped(text: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("a", text)
    return out.getvalue()


FOREIGN: dict[str, tuple[Callable[[str], bytes], str]] = {
    "UTF-16": (lambda text: text.encode("utf-16"), "UTF-16"),
    "UTF-16 without a mark": (lambda text: text.encode("utf-16-le"), "UTF-16"),
    "UTF-16, the other order": (lambda text: b"\xfe\xff" + text.encode("utf-16-be"), "UTF-16"),
    "UTF-32": (lambda text: text.encode("utf-32"), "UTF-32"),
    "zip": (zipped, "zip archive"),
    "zip inside gzip": (lambda text: gzip.compress(zipped(text)), "zip archive"),
}


@pytest.mark.parametrize("reader", READERS)
def test_readers(reader: str, texts: dict[str, str], invoke: Any) -> None:
    read, code = READERS[reader]
    text = texts[reader]
    plain = read(invoke, text.encode())
    assert plain.code == 0, plain.err
    marked = read(invoke, b"\xef\xbb\xbf" + text.encode())
    assert marked.code == 0, marked.err
    assert same(marked.out, plain.out)
    windows = read(invoke, b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert windows.code == 0, windows.err
    assert same(windows.out, plain.out)
    mac = read(invoke, text.replace("\n", "\r").encode())
    if code == 2:
        assert mac.code == 0, mac.err
        assert same(mac.out, plain.out)
    else:
        assert mac.code == 3
        assert "carriage return" in mac.err
        assert "line ends" in mac.err
    for encode, what in FOREIGN.values():
        refused = read(invoke, encode(text))
        assert (refused.code, refused.out) == (code, ""), what
        first, second = refused.err.splitlines()
        assert first.startswith("Error: ")
        assert second.startswith("Hint: ")
        assert what in first or "gzip" in first
        assert "iconv" in second or "unzip" in second or "gunzip" in second


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_data_are_recognised_inside_an_archive_too(
    pack: Callable[[bytes], bytes], invoke: Any, tmp_path: Path
) -> None:
    for name, (encode, what) in FOREIGN.items():
        (tmp_path / "a.svm").write_bytes(pack(encode(DATA)))
        outcome = invoke("run", "-d", str(tmp_path / "a.svm"))
        assert outcome.code == 3, name
        assert what in outcome.err or name == "zip inside gzip"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("1 1:2 # of Monday\r-1 1:3\r", 1),
        ("1 1:2\n-1 1:3 # a remark\r1 1:4\r", 2),
        ("1 1:2\r\n-1 1:3\r\n1 1:4 \r \t-1 2:1\r\n", 3),
    ],
)
def test_no_line_is_lost_where_line_ends_are_mixed(
    text: str, line: int, invoke: Any, tmp_path: Path
) -> None:
    path = tmp_path / "a.svm"
    path.write_bytes(text.encode())
    outcome = invoke("run", "-d", str(path))
    assert outcome.code == 3
    assert f"the line end after line {line} is a carriage return" in outcome.err


def test_a_return_before_a_line_feed_or_the_end_is_no_fault(invoke: Any, tmp_path: Path) -> None:
    (tmp_path / "a.svm").write_bytes(b"1 1:2\r\r\n-1 1:3 \r\n\r\n1 2:4\r")
    assert invoke("run", "-d", str(tmp_path / "a.svm"), "-n", "1", "-q").code == 0
