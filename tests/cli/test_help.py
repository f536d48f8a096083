"""The help of every command: examples that work, options in groups, 80 columns."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pytest
from conftest import Invoke
from every_command import COMMANDS, IDS

from lrbench.cli.command import GROUPS, GroupedOption, GuidedHelp
from lrbench.cli.main import COMMANDS as SUMMARIES
from lrbench.config.decimals import decimal
from lrbench.plan.options import OPTIONS

PATHS = list(COMMANDS)

EXAMPLES = [
    (words, example.command)
    for words, command in COMMANDS.items()
    if isinstance(command, GuidedHelp)
    for example in command.examples
]


@pytest.mark.parametrize("words", PATHS, ids=IDS)
def test_help_begins_with_examples_and_fits(words: tuple[str, ...], invoke: Invoke) -> None:
    command = COMMANDS[words]
    outcome = invoke(*words, "--help")
    assert (outcome.code, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert "-h, --help" in outcome.out
    assert isinstance(command, GuidedHelp)
    assert len(command.examples) >= 2
    # Above whatever else there is, but for a sentence.
    assert lines.index("Examples:") <= 6
    for about, text in command.examples:
        assert lines.index(f"  # {about}") + 1 == lines.index(f"  {text}")


@pytest.mark.parametrize("words", PATHS, ids=IDS)
def test_the_command_help_says_the_same(words: tuple[str, ...], invoke: Invoke) -> None:
    outcome = invoke("help", *words)
    assert outcome.code == 0
    assert outcome.out == invoke(*words, "--help").out


@pytest.mark.parametrize(
    "words", [words for words in PATHS if isinstance(COMMANDS[words], click.Group)]
)
def test_a_group_alone_prints_its_help(words: tuple[str, ...], invoke: Invoke) -> None:
    outcome = invoke(*words)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == invoke(*words, "-h").out


@pytest.mark.parametrize("words", PATHS, ids=IDS)
def test_every_option_has_a_group(words: tuple[str, ...]) -> None:
    for option in COMMANDS[words].params:
        if isinstance(option, click.Option) and option.name != "version":
            assert isinstance(option, GroupedOption), option.opts
            field = OPTIONS.get((option.name or "").replace("-", "_"))
            # Of these commands an option may have the name of one of a plan, and be something else.
            if field is not None and words not in (("record",), ("plot",)):
                is_own = words == ("theory",) and option.name == "at"
                assert option.group == field.group or is_own, option.opts


def test_groups_stand_in_their_order_and_in_one_column(invoke: Invoke) -> None:
    out = invoke("sweep", "--help").out
    titles = re.findall(r"^(\w+):$", out, re.MULTILINE)
    assert titles == ["Examples", *(group.capitalize() for group in GROUPS), "Other"]
    columns = {len(m[0]) for m in re.finditer(r"^  -.*?  +(?=\S)", out, re.MULTILINE)}
    assert columns == {34}


def test_every_command_is_in_the_list(invoke: Invoke) -> None:
    out = invoke().out
    assert all(re.search(rf"^  {name} ", out, re.MULTILINE) for name in SUMMARIES)


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (("bogus",), "lrbench has no command 'bogus'.", "see lrbench --help."),
        (("rum",), "lrbench has no command 'rum'.", "did you mean lrbench run?"),
        (("data", "lst"), "lrbench data has no command 'lst'.", "did you mean lrbench data list?"),
        (("run", "x"), "lrbench run has no commands, and no 'x'.", "see lrbench help run."),
    ],
)
def test_help_of_what_is_no_command(
    words: tuple[str, ...], message: str, hint: str, invoke: Invoke
) -> None:
    outcome = invoke("help", *words)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == f"Error: {message}\nHint: {hint}\n"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with every file that an example reads."""
    folder = tmp_path_factory.mktemp("files")
    lrbench = [sys.executable, "-m", "lrbench"]

    def run(*words: str) -> None:
        subprocess.run([*lrbench, *words, "-q"], cwd=folder, check=True, capture_output=True)

    for name, lr0 in (("old.json", "1"), ("new.json", "1"), ("saved.json", "0.5")):
        run("run", "logreg", "-s", "wngrad", "--lr0", lr0, "-n", "1000", "-o", name)
    for name, lr0 in (("sweep", "1,3"), ("job1", "5"), ("job2", "7"), ("job3", "9")):
        run("sweep", "logreg", "-s", "wngrad", "--lr0", lr0, "-j", "1", "--store", f"{name}.sqlite")
    subprocess.run([*lrbench, "new", "solver", "my_rule.py"], cwd=folder, check=True)
    rng = np.random.default_rng(0)
    rows = (f"{'+-'[k % 3 == 0]}1 1:{rng.random():.3f} 3:{rng.random():.3f}" for k in range(40))
    (folder / "people.svm").write_text("\n".join(rows) + "\n")
    np.save(
        folder / "iterates.npy", np.cumsum([np.zeros(30), *rng.normal(0, 0.01, (5, 30))], axis=0)
    )
    (folder / "lrbench.toml").write_text(
        '[[check]]\nname = "logreg"\nproblem = "logreg"\nsolver = "wngrad"\niterations = 20\n'
        'expect = ["status = completed"]\n'
    )
    return folder


SHELL = re.compile(r"[>&$*]|^[A-Z_]+=")
"""What only a shell understands."""


@pytest.mark.slow
@pytest.mark.parametrize(("words", "text"), EXAMPLES, ids=[text for _, text in EXAMPLES])
def test_examples_work(
    words: tuple[str, ...],
    text: str,
    files: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    invoke: Invoke,
) -> None:
    assert f"lrbench {' '.join(words)}".strip() in text
    folder = tmp_path / "here"
    shutil.copytree(files, folder)
    (folder / "sets").mkdir()
    (folder / "saved.json").rename(folder / "result.json")
    for file in folder.glob(
        "*.py" if words == ("new",) else "result.json" if words == ("run",) else "no file"
    ):
        file.unlink()
    if text.endswith(".pdf"):
        pytest.importorskip("matplotlib")
    monkeypatch.setenv("LRBENCH_JOBS", "1")
    monkeypatch.setenv("LRBENCH_DATA_DIR", str(folder / "sets"))
    if "a9a" in shlex.split(text):
        monkeypatch.setenv("LRBENCH_DATA_DIR", str(request.getfixturevalue("libsvm_dir")))
    if "clear" in text:
        monkeypatch.setenv("LRBENCH_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(folder)
    if SHELL.search(text):
        code, err = run_in_shell(text, tmp_path)
    else:
        outcome = invoke(*shlex.split(text)[1:])
        code, err = outcome.code, outcome.err
    assert code == 0, err
    assert "Error" not in err


def run_in_shell(text: str, folder: Path) -> tuple[int, str]:
    """Return the exit code and stderr of a line of a shell that finds lrbench in its path."""
    program = folder / "lrbench"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m lrbench "$@"\n')
    program.chmod(0o755)
    root = Path(__file__).parents[2]
    env = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "PYTHONPATH": str(root)}
    done = subprocess.run(
        ["/bin/sh", "-c", text], env=env, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr


def test_numbers_may_have_an_exponent(invoke: Invoke) -> None:
    for option in ("-n", "--iterations"):
        outcome = invoke("run", "logreg", "-s", "gd", option, "1e1", "--format", "jsonl")
        assert outcome.code == 0
    for text in ("1.5", "1e400", "1e17", "e3"):
        assert invoke("run", "logreg", "-n", text).code == 2
    assert decimal("1e1") == 10
