"""`lrbench plot` and --plot of run and sweep: files whole, terminals, and what is refused."""

from __future__ import annotations

import io
import json
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest

from lrbench.reports.figures import drawing

RUN = ("run", "-p", "log-spectrum", "-s", "wngrad", "-s", "gd", "--lr0", "0.1,80", "-n", "60")
SWEEP = ("sweep", "-p", "log-spectrum", "-s", "gd", "--lr0", "0.01:100:5", "-n", "60", "-j", "1")
QUICK = {".svg": b"<?xml", ".pdf": b"%PDF", ".png": b"\x89PNG"}


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def saved(invoke: Any) -> str:
    assert invoke(*RUN, "--save", "run.json").code == 0
    return "run.json"


@pytest.fixture
def swept(invoke: Any) -> str:
    assert invoke(*SWEEP, "--save", "sweep.json", "--store", "cells.sqlite").code == 0
    return "sweep.json"


def test_without_a_file_it_draws_in_the_terminal(saved: str, invoke: Any) -> None:
    outcome = invoke("plot", saved)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("log-spectrum: F - f* over the iteration T\n")
    assert outcome.out.isascii()
    assert max(map(len, outcome.out.splitlines())) <= 80
    assert invoke("plot", saved, "-o", "-").out == outcome.out


def test_a_sweep_is_drawn_as_both_figures(swept: str, invoke: Any) -> None:
    out = invoke("plot", swept).out
    assert "F - f* over the iteration T" in out
    assert "final F - f* over lr0" in out


@pytest.mark.parametrize("ending", QUICK)
def test_it_writes_each_kind_of_file(ending: str, saved: str, invoke: Any) -> None:
    pytest.importorskip("matplotlib")
    outcome = invoke("plot", saved, "-o", f"figure{ending}")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")
    assert Path(f"figure{ending}").read_bytes().startswith(QUICK[ending])


def test_a_store_is_drawn_as_the_sweep_is(swept: str, invoke: Any) -> None:
    pytest.importorskip("matplotlib")
    assert invoke("plot", "cells.sqlite", "-o", "store.svg").code == 0
    assert invoke("plot", swept, "-o", "result.svg").code == 0
    assert Path("store.svg").read_bytes() == Path("result.svg").read_bytes()


def test_stdin_is_read(saved: str, invoke: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(Path(saved).read_bytes()))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert invoke("plot", "-").out == invoke("plot", saved).out


def test_options_change_the_figure(saved: str, invoke: Any) -> None:
    out = invoke(
        "plot", saved, "-s", "gd", "--value", "0.1", "--x", "passes", "--title", "mine"
    ).out
    assert out.startswith("mine: F - f* over passes\n")
    assert "A gd" in out
    assert "wngrad" not in out
    assert invoke("plot", saved, "--title", "5 $").out.startswith("5 $: F")
    assert invoke("plot", saved, "--log-linear").out != invoke("plot", saved).out


def test_a_script_is_written_alone_or_beside_the_figure(saved: str, invoke: Any) -> None:
    pytest.importorskip("matplotlib")
    assert invoke("plot", saved, "--script", "alone.py").code == 0
    assert invoke("plot", saved, "--script", "beside.py", "-o", "figure.svg").code == 0
    assert Path("alone.py").read_bytes() == Path("beside.py").read_bytes()
    compile(Path("alone.py").read_text(), "alone.py", "exec")


def test_run_and_sweep_draw_what_they_show(invoke: Any) -> None:
    pytest.importorskip("matplotlib")
    plain = invoke(*RUN).out
    outcome = invoke(*RUN, "--plot", "run.svg", "--save", "run.json")
    assert (outcome.code, outcome.out) == (0, plain)
    assert invoke("plot", "run.json", "-o", "again.svg").code == 0
    assert Path("run.svg").read_bytes() == Path("again.svg").read_bytes()
    with_drawing = invoke(*SWEEP, "--plot", "-").out
    assert with_drawing.startswith(f"{invoke(*SWEEP).out}\n")
    assert "final F - f* over lr0" in with_drawing
    assert invoke(*SWEEP, "--plot", "sweep.pdf").code == 0
    assert Path("sweep.pdf").exists()


REFUSED = {
    "no ending": (("-o", "figure"), "figure does not end"),
    "an ending alone": (("-o", ".png"), "as in figure.png"),
    "a script without its ending": (("--script", "a.txt"), "a.txt does not end in .py"),
    "an iterate that a kind has not": (("--kind", "rates", "--iterate", "last"), "--iterate"),
    "an unknown ending": (("-o", "figure.jpeg"), ".svg, .pdf, .png"),
    "a folder": (("-o", "folder.svg"), "is a folder"),
    "no such folder": (("-o", "no/figure.svg"), "no folder"),
    "an existing file": (("-o", "there.svg"), "--force"),
    "an existing script": (("--script", "there.svg"), "--force"),
    "the same file": (("-o", "a.svg", "--script", "a.svg"), "same file"),
    "an unknown problem": (("-p", "log-spectrums"), "did you mean log-spectrum?"),
    "an unknown solver": (("-s", "gdd"), "did you mean gd?"),
    "no number": (("--value", "much"), "'much' is not a number"),
    "no such value": (("--value", "7"), "no run of"),
    "an unknown kind": (("--kind", "pie"), "pie"),
    "a kind of sweeps": (("--kind", "sensitivity"), "are of sweeps"),
    "rates in a terminal": (("--kind", "rates"), "a terminal draws"),
    "an axis that a kind has not": (("--kind", "map", "--x", "passes", "-o", "a.svg"), "--x"),
    "values that a kind has not": (("--kind", "profiles", "--value", "1"), "--value"),
    "force for a terminal": (("--force",), "--force does not change"),
    "style for a terminal": (("--style", "a.mplstyle"), "--style does not change"),
    "no such style": (("--style", "a.mplstyle", "-o", "a.svg"), "a.mplstyle"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_wrong_is_said_in_two_sentences(case: str, saved: str, invoke: Any) -> None:
    Path("folder.svg").mkdir()
    Path("there.svg").write_text("mine")
    before = sorted(path.name for path in Path().iterdir())
    options, message = REFUSED[case]
    outcome = invoke("plot", saved, *options)
    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err
    error, hint = outcome.err.splitlines()
    assert error.startswith("Error: ")
    assert hint.startswith("Hint: ")
    assert sorted(path.name for path in Path().iterdir()) == before
    assert Path("there.svg").read_text() == "mine"


@pytest.mark.parametrize("command", [RUN, SWEEP], ids=["run", "sweep"])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--plot", "figure.txt"), "figure.txt does not end"),
        (("--plot", "there.svg"), "--force"),
        (("--plot", "no/figure.svg"), "no folder"),
        (("--plot", "-", "--format", "json"), "--plot - draws in a page"),
        (("--plot", "a.svg", "--save", "./a.svg"), "--save and --plot name the same file"),
    ],
)
def test_plot_is_refused_before_the_first_step(
    command: tuple[str, ...], options: tuple[str, ...], message: str, invoke: Any
) -> None:
    Path("there.svg").write_text("mine")
    outcome = invoke(*command, *options)
    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err


@pytest.mark.parametrize(
    "words",
    [
        ("plot", "run.json", "-o", "a.svg"),
        ("plot", "run.json", "--script", "a.py"),
        (*RUN, "--plot", "a.svg"),
    ],
)
def test_without_matplotlib_the_line_that_installs_it_is_said(
    words: tuple[str, ...], saved: str, invoke: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "find_spec", lambda name: None)
    outcome = invoke(*words)
    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.err == (
        "Error: a figure needs matplotlib, which is not installed.\nHint: pip install matplotlib.\n"
    )
    assert invoke("plot", saved).code == 0  # the terminal needs none


def test_a_result_of_a_newer_version_is_refused(saved: str, invoke: Any) -> None:
    values = json.loads(Path(saved).read_text())
    Path("newer.json").write_text(json.dumps(values | {"version": 2}))
    outcome = invoke("plot", "newer.json")
    assert (outcome.code, outcome.out) == (2, "")
    assert "install a newer lrbench" in outcome.err


def test_a_store_in_use_is_drawn_as_far_as_it_has_come(swept: str, invoke: Any) -> None:
    with sqlite3.connect("cells.sqlite") as writer:
        writer.execute("BEGIN IMMEDIATE")
        outcome = invoke("plot", "cells.sqlite")
        writer.rollback()
    assert outcome.code == 0
    assert outcome.out == invoke("plot", "cells.sqlite").out


def test_a_result_without_runs_has_nothing_to_draw(saved: str, invoke: Any) -> None:
    values = json.loads(Path(saved).read_text())
    values["problems"][0] |= {"runs": [], "verdicts": []}
    Path("empty.json").write_text(json.dumps(values))
    for options in ((), ("-o", "a.svg"), ("--kind", "rates", "-o", "a.svg")):
        outcome = invoke("plot", "empty.json", *options)
        assert (outcome.code, outcome.out) == (3, "")
        assert outcome.err.startswith("Error: there is no number to draw.\nHint: ")
    assert not Path("a.svg").exists()
