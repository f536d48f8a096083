"""Which build of the compiled steps is loaded, and what happens where none is."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import lrbench
from lrbench.errors import Note, UsageError
from lrbench.kernels import library as module
from lrbench.kernels import parts
from lrbench.kernels.codes import FIRST_ASCENT, OBJECTIVE, PRODUCT, StepPart
from lrbench.kernels.library import SWITCH, library
from lrbench.objective.linear.scaled import LARGEST_SCALE, SMALLEST_SCALE
from lrbench.plan.plan import Plan

built = pytest.mark.skipif(library() is None, reason="no compiled steps were built")


def test_zero_turns_compiled_steps_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, "0")
    assert library() is None
    assert not Plan(batch_size=3).compiled
    with pytest.raises(UsageError, match="LRBENCH_COMPILED=0 turns them off"):
        Plan(runner="compiled")
    assert lrbench.run("log-spectrum", iterations=3).environment["runner"] == "numpy"


def test_a_build_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, "sse9")
    with pytest.raises(UsageError, match="sse9 is not known"):
        library()


@built
def test_the_command_chooses() -> None:
    ours = lrbench.run("logreg", solvers="wngrad", batch_size=7, iterations=90, runner="compiled")
    reference = lrbench.run("logreg", solvers="wngrad", batch_size=7, iterations=90, runner="numpy")
    assert ours.environment["runner"].startswith("compiled (")
    assert reference.environment["runner"] == "numpy"
    ends = [r.problems[0].runs[0].trace["objective"][-1] for r in (ours, reference)]
    assert ends[0] == pytest.approx(ends[1], rel=1e-12)


def folder_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Let the builds be copies in another folder; return their files."""
    for file in module.FOLDER.iterdir():
        if file.is_file():
            shutil.copy(file, tmp_path)
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    found = [module._file(stem) for stem in module.BUILDS.values()]
    return [file for file in found if file is not None]


@built
def test_a_damaged_build_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in folder_with(tmp_path, monkeypatch):
        file.write_bytes(b"no library")
    with pytest.warns(Note, match=r"the compiled steps cannot be loaded \("):
        assert module._load.__wrapped__("") is None


@built
@pytest.mark.parametrize("kept", [0, 10, 60, 100, 5000, 20_000])
def test_a_build_that_is_cut_off_ends_no_process(
    kept: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a process of its own, which a library without its end would end with a bus error."""
    for file in folder_with(tmp_path, monkeypatch):
        file.write_bytes(file.read_bytes()[:kept])
    code = (
        "import sys; from pathlib import Path; from lrbench.kernels import library;"
        "library.FOLDER = Path(sys.argv[1]); print(library.library())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        env={**os.environ, SWITCH: ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "None\n")
    assert done.stderr.count("the compiled steps cannot be loaded (") == 1


@built
def test_a_build_of_another_source_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder_with(tmp_path, monkeypatch)
    monkeypatch.setattr(module, "source_digest", lambda: "0" * 16)
    with pytest.warns(Note, match="is of another source"):
        assert module._load.__wrapped__("") is None


@built
@pytest.mark.parametrize("quiet", [False, True])
def test_a_command_notes_it_once(
    quiet: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in folder_with(tmp_path, monkeypatch):
        file.write_bytes(b"no library")
    code = (
        "import sys; from pathlib import Path; from lrbench.kernels import library;"
        "library.FOLDER = Path(sys.argv.pop(1)); from lrbench.cli.main import main; main()"
    )
    words = ["run", "-p", "logreg", "-s", "wngrad", "--batch-size", "7", "-n", "9"]
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), *words, *["-q"] * quiet],
        env={**os.environ, SWITCH: ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    notes = done.stderr.splitlines()
    assert len(notes) == (not quiet)
    assert all("the compiled steps cannot be loaded" in note for note in notes)
    assert "wngrad" in done.stdout


@built
@pytest.mark.parametrize(
    ("solver", "batch_size", "runner"),
    [
        *(("wngrad", size, "compiled") for size in (7, None)),
        *(("adgd", size, "numpy") for size in (7, None)),
        *(("polyak", size, "compiled") for size in (7, None)),
    ],
)
def test_the_environment_says_what_made_the_steps(
    solver: str, batch_size: int | None, runner: str
) -> None:
    ended = lrbench.run(
        "logreg", solvers=solver, batch_size=batch_size, iterations=3, lr0=[0.1, 0.02]
    )
    assert ended.environment["runner"].split()[0] == runner


def test_nothing_built_is_no_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(SWITCH, raising=False)
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    assert module._load.__wrapped__("") is None
    assert module.absence() == "they were not built when lrbench was installed"
    assert capsys.readouterr().err == ""


def test_scales_have_the_same_range_in_both_languages() -> None:
    header = Path(module.__file__).with_name("shrunk.h").read_text("utf-8")
    assert "size < 0x1p-5 || size > 0x1p5" in header
    assert (SMALLEST_SCALE, LARGEST_SCALE) == (2.0**-5, 2.0**5)


def test_the_parts_of_a_step_have_the_same_numbers_in_both_languages() -> None:
    folder = Path(module.__file__).parent
    header = (folder / "parts.h").read_text("utf-8")
    numbers = dict(re.findall(r"^    ([A-Z_]+) = (\d+),? ", header, flags=re.MULTILINE))
    assert {name: int(number) for name, number in numbers.items()} == {
        part.name: part.value for part in StepPart
    }
    assert "enum { OBJECTIVE = PARAMETER, PRODUCT, FIRST_ASCENT };" in header
    assert (PRODUCT, FIRST_ASCENT) == (OBJECTIVE + 1, OBJECTIVE + 2)
    assert f"enum {{ ROWS = {parts.ROWS} }};" in (folder / "gradient.h").read_text("utf-8")
