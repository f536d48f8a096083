"""Mistakes: two sentences on stderr, nothing on stdout, the right exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

USAGE: dict[str, tuple[tuple[str, ...], str]] = {
    "unknown problem": (("-p", "logrge"), "logreg"),
    "no problem": ((), "--problem"),
    "unknown solver": (("-p", "logreg", "-s", "wngrd"), "wngrad"),
    "unknown parameter": (("-p", "logreg", "-s", "wngrad[oder=lagged]"), "order"),
    "bad choice": (("-p", "logreg", "-s", "wngrad[order=lagging]"), "lagged"),
    "parameter not a number": (("-p", "logreg", "-s", "adagrad-norm[eta=big]"), "number"),
    "parameter out of range": (("-p", "logreg", "-s", "adagrad-norm[eta=-1]"), "eta"),
    "open bracket": (("-p", "logreg", "-s", "wngrad[order=lagged"), "]"),
    "lr0 zero": (("-p", "logreg", "--lr0", "0"), "--lr0"),
    "lr0 negative": (("-p", "logreg", "--lr0=-1"), "--lr0"),
    "lr0 nan": (("-p", "logreg", "--lr0", "nan"), "--lr0"),
    "lr0 infinite": (("-p", "logreg", "--lr0", "inf"), "--lr0"),
    "lr0 too small": (("-p", "logreg", "--lr0", "1e-320"), "--lr0"),
    "lr0 text": (("-p", "logreg", "--lr0", "high"), "--lr0"),
    "lr0 empty": (("-p", "logreg", "--lr0", ""), "--lr0"),
    "lr0 range reversed": (("-p", "logreg", "--lr0", "10:1:3"), "--lr0"),
    "lr0 range from 0": (("-p", "logreg", "--lr0", "0:1:3"), "--lr0"),
    "lr0 count 0": (("-p", "logreg", "--lr0", "1:10:0"), "--lr0"),
    "lr0 two pieces": (("-p", "logreg", "--lr0", "1:10"), "--lr0"),
    "batch size 0": (("-p", "logreg", "--batch-size", "0"), "--batch-size"),
    "batch size over n": (("-p", "logreg", "--batch-size", "570"), "569"),
    "batch size text": (("-p", "logreg", "--batch-size", "some"), "full"),
    "no iterations": (("-p", "logreg", "-n", "0"), "--iterations"),
    "negative passes": (("-p", "logreg", "--passes", "-1"), "--passes"),
    "two budgets": (("-p", "logreg", "-n", "5", "--passes", "1"), "one of"),
    "replicates of nothing random": (("-p", "logreg", "-r", "3"), "--batch-size"),
    "negative seed": (("-p", "logreg", "--seed", "-1"), "--seed"),
    "timeout text": (("-p", "logreg", "--timeout", "soon"), "10m"),
    "unknown format": (("-p", "logreg", "--format", "jsn"), "json"),
    "unknown option": (("-p", "logreg", "--lr", "1"), "--lr0"),
    "unknown command": (("--help-me",), "--help"),
    "ball without the minimiser": (("-p", "logreg", "--radius", "1"), "--radius 8.93"),
    "radius 0": (("-p", "logreg", "--radius", "0"), "--radius"),
    "target 0": (("-p", "logreg", "--target", "0"), "--target"),
    "positive label that is not there": (("-p", "logreg", "--positive", "bad"), "malignant"),
    "unknown scale": (("-p", "logreg", "--scale", "max"), "maxabs"),
    "data given twice": (("-d", "a.svm", "-d", "b.svm"), "only one"),
    "dry run in a format": (("-p", "logreg", "--dry-run", "--format", "json"), "--dry-run"),
    "too many checkpoints": (
        ("-p", "logreg", "--checkpoints-per-decade", "1000000000"),
        "--checkpoints-per-decade",
    ),
    "budget beyond all numbers": (("-p", "logreg", "-n", "1" + "0" * 400), "--iterations"),
    "passes beyond all numbers": (
        ("-p", "logreg", "--passes", "1e308", "--batch-size", "1"),
        "--passes",
    ),
    "seed beyond all numbers": (("-p", "logreg", "--seed", "1" + "0" * 30), "--seed"),
    "a superscript count": (("-p", "logreg", "--lr0", "1:10:²"), "--lr0"),
    "radius that a prox makes wrong": (
        ("-p", "lasso", "-s", "ista", "--radius", "500", "--start", "normal[scale=0.1]"),
        "wngrad",
    ),
    "unknown loss": (("-p", "logreg", "--loss", "logistik"), "logistic"),
    "unknown penalty": (("-p", "logreg", "--penalty", "l3"), "l2"),
}


@pytest.mark.parametrize("case", USAGE, ids=lambda c: c.replace(" ", "-"))
def test_usage(case: str, invoke: Any) -> None:
    args, mentions = USAGE[case]
    outcome = invoke("run", *args)
    assert outcome.code == 2
    assert outcome.out == ""
    assert_two_sentences(outcome.err, mentions)


WORLD = {
    "missing": (None, "missing.svm"),
    "empty": (b"", "empty.svm"),
    "binary": (bytes(range(256)) * 4, "binary.svm"),
    "not LIBSVM": (b"1 1:2\n-1 oops\n", "oops"),
    "nan": (b"1 1:2\n-1 1:nan\n", "nan"),
    "infinite": (b"1 1:2\n-1 1:inf\n", "inf"),
    "absurd index": (b"1 1:2\n-1 1000000000000:1\n", "1000000000000"),
    "one class": (b"1 1:2\n1 1:3\n", "label"),
    "ten classes": (b"".join(b"%d 1:%d\n" % (k, k) for k in range(10)), "--positive"),
    "truncated bz2": (b"BZh91AY&SY", "cut.svm.bz2"),
    "overflowing": (b"1 1:1e200\n-1 1:-1e200\n", "--scale"),
}


@pytest.mark.parametrize("case", WORLD, ids=lambda c: c.replace(" ", "-"))
def test_world(case: str, invoke: Any, tmp_path: Path) -> None:
    content, mentions = WORLD[case]
    name = "cut.svm.bz2" if "bz2" in case else f"{case.split()[0]}.svm"
    if content is not None:
        (tmp_path / name).write_bytes(content)
    outcome = invoke("run", "-d", str(tmp_path / name), "--loss", "logistic", "-q")
    assert outcome.code == 3
    assert outcome.out == ""
    assert_two_sentences(outcome.err, mentions)


def test_folder_is_no_data(invoke: Any, tmp_path: Path) -> None:
    outcome = invoke("run", "-d", str(tmp_path), "-q")
    assert outcome.code == 3
    assert_two_sentences(outcome.err, str(tmp_path))


def test_sparse_data_are_never_centred(invoke: Any, tmp_path: Path) -> None:
    file = tmp_path / "sparse.svm"
    file.write_text("".join(f"{(-1) ** k} {k + 1}:1\n" for k in range(10)))
    outcome = invoke("run", "-d", str(file), "--scale", "standard", "-q")
    assert outcome.code == 2
    assert_two_sentences(outcome.err, "maxabs")


def test_toml_with_a_syntax_error_names_the_line(invoke: Any, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('loss = "logistic"\npenalty = \n')
    outcome = invoke("run", "-p", str(file))
    assert outcome.code == 2
    assert_two_sentences(outcome.err, "line 2")


def assert_two_sentences(err: str, mentions: str) -> None:
    lines = err.splitlines()
    assert len(lines) == 2, err
    assert lines[0].startswith("Error: ")
    assert lines[1].startswith("Hint: ")
    assert all(line.endswith((".", "?", ")")) for line in lines), err
    assert mentions in err
    assert "Traceback" not in err


def test_data_below_all_numbers_are_refused(invoke: Any, tmp_path: Path) -> None:
    file = tmp_path / "vanishing.svm"
    file.write_text("1 1:1e-160\n-1 1:-1e-160 2:1e-161\n")
    outcome = invoke("run", "-d", str(file), "--penalty", "none", "-q")
    assert outcome.code == 3
    assert outcome.out == ""
    assert_two_sentences(outcome.err, "1/L")


def test_a_start_beyond_all_numbers_is_refused(invoke: Any) -> None:
    outcome = invoke("run", "-p", "logreg", "--start", "normal[scale=1e160]")
    assert outcome.code == 3
    assert outcome.out == ""
    assert_two_sentences(outcome.err, "F(w_0)")


def test_a_radius_beyond_all_numbers_makes_no_bound(invoke: Any) -> None:
    outcome = invoke("run", "-p", "logreg", "--radius", "1e200", "-n", "5")
    assert outcome.code == 0
    assert outcome.err == ""
    assert "inf" not in outcome.out
