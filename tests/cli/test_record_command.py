"""`lrbench record`: iterates of a loop in any language, from a file to a page and a result."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lrbench

STEPS = 120


@pytest.fixture(scope="module")
def iterates() -> Any:
    """Return gradient descent on logreg with the rate 1/L, (STEPS + 1, 30)."""
    pb = lrbench.load_problem("logreg")
    w, lr = pb.w0, 1.0 / pb.constants.L
    rows = [w]
    for _ in range(STEPS):
        w = w - lr * pb.gradient(w)
        rows.append(w)
    return np.array(rows)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, iterates: Any) -> Path:
    """Return a folder, the current one, with the iterates as an array and as text."""
    monkeypatch.chdir(tmp_path)
    np.save("w.npy", iterates)
    np.savetxt("w.csv", iterates, delimiter=",", fmt="%.17g")
    np.savetxt("some.txt", iterates[::10])
    return tmp_path


@pytest.mark.parametrize("file", ["w.npy", "w.csv"])
def test_the_result_is_that_of_the_recorder(
    folder: Path, invoke: Any, iterates: Any, file: str
) -> None:
    words = ("record", "--problem", "logreg", "--iterates", file, "-s", "julia", "--lr", "1/L")
    outcome = invoke(*words, "-o", "r.json")
    assert (outcome.code, outcome.err) == (0, "")
    recorder = lrbench.record("logreg", solver="julia", lr="1/L")
    for w in iterates:
        recorder(w)
    (expected,) = recorder.result().to_dict()["problems"]
    content = json.loads(Path("r.json").read_text())
    (problem,) = content["problems"]
    for run in (problem["runs"][0], expected["runs"][0]):
        run.pop("evaluation_seconds")
        run["trace"].pop("seconds")
    assert problem == expected
    assert content["command"][0] == "record"
    assert {"--iterates=" + file, "--lr=1/L"} <= set(content["command"])
    assert "GD-mu" in outcome.out
    own = invoke("run", "-p", "logreg", "-s", "gd", "--lr0", "1/L", "-n", str(STEPS)).out
    table = [line.split()[:2] for line in outcome.out.splitlines() if line[:5].strip().isdigit()]
    assert [row for row in table if row in [line.split()[:2] for line in own.splitlines()]] == table


def test_other_commands_take_the_file(folder: Path, invoke: Any) -> None:
    invoke("record", "-p", "logreg", "--iterates", "w.npy", "-s", "julia", "-o", "r.json")
    shown = invoke("show", "r.json").out
    assert "C2'" in shown
    assert "do not apply: C6, C6', C7 (the rate of the steps is not known)" in shown
    for form in ("csv", "markdown", "latex", "jsonl"):
        assert "julia" in invoke("show", "r.json", "--format", form).out
    check = ("check", "r.json", "--expect")
    assert invoke(*check, "bound = pass").code == 0
    assert invoke(*check, "suboptimality <= 1e-9").code == 1
    assert "steps not timed" in invoke("show", "r.json", "--timing").out


def test_it_is_drawn_as_a_run_is(folder: Path, invoke: Any) -> None:
    words = ("record", "-p", "logreg", "--iterates", "w.npy", "--lr", "1/L")
    plain = invoke(*words, "-o", "a.json").out
    drawn = invoke(*words, "--plot", "-").out
    assert drawn == f"{plain}\n{invoke('plot', 'a.json').out}"
    refused = invoke(*words, "--plot", "w.npy")
    assert (refused.code, refused.out) == (2, "")
    pytest.importorskip("matplotlib")
    assert invoke(*words, "--plot", "w.svg").out == plain
    assert invoke("plot", "a.json", "-o", "again.svg").code == 0
    assert Path("w.svg").read_bytes() == Path("again.svg").read_bytes()


def test_some_of_the_iterates_have_rows_alone(folder: Path, invoke: Any) -> None:
    outcome = invoke("record", "-p", "logreg", "--iterates", "some.txt", "--every", "10")
    assert outcome.code == 0
    assert "no theorem applies: C2' (one iterate in 10 is recorded)" in outcome.out
    assert [line.split()[0] for line in outcome.out.splitlines() if line[:3].strip().isdigit()] == [
        *("0", "10", "20", "50", "100", "120")
    ]


def test_minibatches_have_their_passes(folder: Path, invoke: Any) -> None:
    words = ("record", "-p", "logreg", "--iterates", "w.npy", "--batch-size", "57")
    out = invoke(*words, "--format", "csv", "--columns", "passes").out
    assert float(out.splitlines()[-1].split(",")[-1]) == pytest.approx(STEPS * 57 / 569)
    page = invoke(*words).out
    assert "batches of 57" in page
    assert "C2' (how samples are drawn is not known; the" in page


def test_an_own_problem_has_its_data_given(folder: Path, invoke: Any) -> None:
    lines = [f"{(-1) ** k} 1:{k % 7} 2:{k % 3}\n" for k in range(40)]
    (folder / "own.svm").write_text("".join(lines))
    (folder / "own.txt").write_text("0 0\n0.1 -0.1\n")
    outcome = invoke("record", "-d", "./own.svm", "--scale", "maxabs", "--iterates", "own.txt")
    assert outcome.code == 0, outcome.err
    assert "40 x 2" in outcome.out


def test_a_loop_that_left_the_numbers_has_diverged(folder: Path, invoke: Any) -> None:
    Path("nan.csv").write_text("\n".join([",".join(["0"] * 30), ",".join(["nan"] * 30)]))
    outcome = invoke("record", "-p", "logreg", "--iterates", "nan.csv")
    assert outcome.code == 0
    assert "recorded  DIVERGED at 1" in outcome.out


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ("-p logreg", 2, "missing option '--iterates'"),
        ("--iterates w.npy", 2, "no problem is given"),
        ("-p logreg --iterates no.npy", 3, "there is no file no.npy"),
        ("-p logreg --iterates .", 3, "cannot be read"),
        (
            "-p log-spectrum --iterates w.npy",
            2,
            r"w.npy has the shape (121, 30), and log-spectrum has 60",
        ),
        ("-p logreg -p lad --iterates w.npy", 2, "2 problems are given to record"),
        ("-p logreg --iterates w.npy -s wngrad", 2, "'wngrad' is a solver that lrbench runs"),
        ("-p logreg --iterates w.npy --every 0", 2, "--every 0 is not a whole number"),
        ("-p logreg --iterates w.npy --lr 1,2", 2, "2 rates are given"),
        ("-p logreg --iterates w.npy --lr x", 2, "--lr 'x': 'x' is not a number"),
        ("-p logreg --iterates w.npy --passes-per-step -1", 2, "-1.0, not a positive number"),
        ("-p logreg --iterates w.npy --batch-size 570", 2, "more than the 569 samples"),
        ("-p logreg --iterates w.npy --radius 1", 2, "leaves out the minimiser"),
        ("-p logreg --iterates late.npy", 2, "the first iterate is not w_0 of logreg"),
        ("-p logreg --iterates complex.npy", 2, "complex.npy: w has the type complex128"),
        ("-p logreg --iterates turned.npy", 2, "Hint: transpose it: an iterate is a row."),
        ("-p logreg --iterates w.npy -o no/r.json", 2, "there is no folder"),
        ("-p logreg --iterates w.npy --f-star 0.5", 3, "below --f-star 0.5"),
        ("-p logreg --iterates w.npy --format nothing", 2, "no format 'nothing'"),
    ],
)
def test_what_is_wrong_is_an_error_and_a_hint(
    folder: Path, invoke: Any, iterates: Any, words: str, code: int, message: str
) -> None:
    np.save("late.npy", iterates[1:])
    np.save("complex.npy", iterates[:1] + 0j)
    np.save("turned.npy", iterates.T)
    outcome = invoke("record", *words.split())
    assert outcome.code == code, outcome.err
    assert message in outcome.err
    assert outcome.err.count("Error: ") == outcome.err.count("Hint: ") == 1
    assert outcome.err.count("\n") == 2
    assert outcome.out == ""
