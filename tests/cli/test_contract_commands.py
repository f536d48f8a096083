"""`lrbench test` judges a class of the user, and `lrbench new` writes one that passes."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lrbench.cache import folder
from lrbench.contract import new_files
from lrbench.contract.solver import SOLVER_CONTRACTS
from lrbench.losses import LOSSES
from lrbench.penalties import PENALTIES
from lrbench.solvers import SOLVERS

KINDS = ("solver", "loss", "penalty")

HALF = '''"""Reports twice the rate of its steps."""

from lrbench import Solver, Step


class {name}(Solver):
    def init(self, W, lr0, facts):
        return lr0

    def step(self, W, state, oracle):
        return Step(oracle.descend(W, 0.5 * state, oracle.gradient(W)), state, state)
'''


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder, and forget the solvers of a test after it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(SOLVERS, "added", {})


def files() -> set[str]:
    return {path.name for path in Path().iterdir()}


@pytest.mark.parametrize("kind", KINDS)
def test_what_new_writes_keeps_all_contracts(kind: str, invoke: Any) -> None:
    file = f"own_{kind}_2.py"
    made = invoke("new", kind, file)
    assert (made.code, made.err) == (0, "")
    assert files() == {file, f"test_{file}"}
    assert f"lrbench test {file}" in made.out
    tested = invoke("test", f"{file}:Own{kind.capitalize()}2")
    assert (tested.code, tested.err) == (0, "")
    lines = tested.out.splitlines()
    assert lines[0] == f"{file}:Own{kind.capitalize()}2, the {kind} own-{kind}-2"
    assert all(line.startswith("pass  ") for line in lines[1:-1])
    assert lines[-1] == f"{len(lines) - 2} of {len(lines) - 2} contracts hold"


@pytest.mark.slow
def test_the_test_that_new_writes_passes_and_fails_with_the_rule() -> None:
    lrbench, environment = [sys.executable, "-m", "lrbench"], {**os.environ}
    environment["PYTHONPATH"] = str(Path(new_files.__file__).parents[2])

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(words, env=environment, capture_output=True, text=True, check=False)

    for kind in KINDS:
        assert run(*lrbench, "new", kind, f"my_{kind}.py").returncode == 0
    pytest_ = [sys.executable, "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = run(*pytest_)
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout
    rules = ["--select", "E,F,W,I,D,B", "--ignore", "D203,D213"]
    for tool, *options in (["check", *rules], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", tool, "--isolated", "--line-length", "100"]
        checked = run(*ruff, *options, ".")
        assert checked.returncode == 0, checked.stdout
    file = Path("my_solver.py")
    text = file.read_text()
    assert text.count("descend(W, lr, g)") == 1
    file.write_text(text.replace("descend(W, lr, g)", "descend(W, 2.0 * lr, g)"))
    done = run(*pytest_, "test_my_solver.py")
    assert done.returncode == 1
    assert "step 1 on full batches is not the one of the rate that it reports" in done.stdout
    assert "See my_solver.py, line " in done.stdout


@pytest.mark.parametrize("existing", ["my_rule.py", "test_my_rule.py"])
def test_new_replaces_nothing(existing: str, invoke: Any) -> None:
    Path(existing).write_text("precious")
    outcome = invoke("new", "solver", "my_rule.py")
    assert outcome.code == 2
    assert outcome.err == f"Error: {existing} exists.\nHint: give another path, or remove it.\n"
    assert files() == {existing}
    assert Path(existing).read_text() == "precious"


@pytest.mark.parametrize("refused", [1, 2])
def test_new_leaves_nothing_half_written(
    refused: int, monkeypatch: pytest.MonkeyPatch, invoke: Any
) -> None:
    calls = []

    def write(path: Path, fill: Any) -> None:
        calls.append(path)
        if len(calls) == refused:
            raise OSError(28, "No space left on device")
        folder.write_atomically(path, fill)

    monkeypatch.setattr(new_files, "write_atomically", write)
    outcome = invoke("new", "loss", "my_loss.py")
    assert outcome.code == 3
    assert outcome.err.startswith("Error: my_loss.py cannot be written: no space left on device.")
    assert files() == set()


@pytest.mark.parametrize(
    ("kind", "file", "message"),
    [
        ("solver", "my-rule.py", "my-rule.py is not the name of a module."),
        ("solver", "MyRule.py", "MyRule.py is not the name of a module."),
        ("solver", "my_rule", "my_rule is not the name of a module."),
        ("solver", "numpy.py", "numpy.py has the name of another module."),
        ("loss", "random.py", "random.py has the name of another module."),
        ("loss", "test_loss.py", "test_loss.py has the name of a test."),
        ("solver", "wn_grad.py", "wn_grad is a solver of lrbench."),
        ("loss", "hinge.py", "hinge is a loss of lrbench."),
        ("solver", "nowhere/my_rule.py", "there is no folder nowhere."),
    ],
)
def test_a_name_that_no_class_can_have_is_refused(
    kind: str, file: str, message: str, invoke: Any
) -> None:
    outcome = invoke("new", kind, file)
    assert outcome.code == 2
    error, hint = outcome.err.splitlines()
    assert error == f"Error: {message}"
    assert hint.startswith("Hint: ")
    assert files() == set()


@pytest.mark.parametrize(
    ("file", "meant"),
    [
        ("my_rule", "my_rule.py"),
        ("my-rule.py", "my_rule.py"),
        ("MyRule.py", "my_rule.py"),
        ("sub/my_rule.txt", "sub/my_rule.py"),
    ],
)
def test_the_name_that_is_meant_is_in_the_hint(file: str, meant: str, invoke: Any) -> None:
    Path("sub").mkdir()
    assert invoke("new", "solver", file).err.splitlines()[1] == f"Hint: did you mean {meant}?"
    assert invoke("new", "solver", meant).code == 0


def test_a_broken_contract_is_a_sentence_and_a_line(invoke: Any) -> None:
    Path("half.py").write_text(HALF.format(name="Half"))
    outcome = invoke("test", "half.py", "--format", "plain")
    assert (outcome.code, outcome.err) == (1, "")
    lines = outcome.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0] == "half.py, the solver Half"
    at = lines.index("FAIL  the rate is the one used")
    sentence = " ".join(line.strip() for line in lines[at + 1 : at + 3])
    assert sentence == (
        "step 1 on full batches is not the one of the rate that it reports (lr = 0.001, and W -"
        " 0.0005 g): return the lr that was used."
    )
    assert lines[at + 3] == "      see half.py, line 10 (step)"
    assert lines[-1] == f"{len(SOLVER_CONTRACTS) - 1} of {len(SOLVER_CONTRACTS)} contracts hold"


def test_several_classes_and_json(invoke: Any) -> None:
    Path("halves.py").write_text(HALF.format(name="Halves"))
    outcome = invoke("test", "l1", "halves.py:Halves", "hinge", "--format", "json")
    assert outcome.code == 1
    content = json.loads(outcome.out)
    assert (content["format"], content["version"]) == ("lrbench-contracts", 1)
    named = [(tested["name"], tested["kind"]) for tested in content["tested"]]
    assert named == [("l1", "penalty"), ("halves.py:Halves", "solver"), ("hinge", "loss")]
    failed = [c for t in content["tested"] for c in t["contracts"] if c["verdict"] != "pass"]
    (contract,) = failed
    assert (contract["contract"], contract["verdict"]) == ("rate", "fail")
    assert (contract["file"], contract["line"]) == ("halves.py", 10)
    assert contract["sentence"].endswith("return the lr that was used.")


def test_a_rule_that_raises_is_one_failure_and_the_rest_is_not_run(invoke: Any) -> None:
    text, last = HALF.format(name="Raising"), "        return Step"
    Path("raising.py").write_text(text.replace(last, f"        1 / 0\n{last}"))
    outcome = invoke("test", "raising.py")
    assert outcome.code == 1
    lines = outcome.out.splitlines()
    assert lines[1:4] == [
        "FAIL  takes steps",
        "      ZeroDivisionError: division by zero on full batches.",
        "      see raising.py, line 11",
    ]
    assert all(line.startswith("-     ") for line in lines[4:-1])
    assert lines[-1] == f"0 of {len(SOLVER_CONTRACTS)} contracts hold"


def test_what_a_rule_prints_is_on_stderr_and_an_exit_is_a_failure(invoke: Any) -> None:
    text, last = HALF.format(name="Exits"), "        return Step"
    Path("exits.py").write_text(
        text.replace(last, f"        print('hello')\n        exit(0)\n{last}")
    )
    outcome = invoke("test", "exits.py", "--format", "json")
    assert outcome.code == 1
    assert outcome.err == "hello\n"
    (tested,) = json.loads(outcome.out)["tested"]
    assert tested["contracts"][0]["sentence"] == "SystemExit: 0."
    assert tested["contracts"][0]["line"] == 12


def test_parameters_of_a_solver(invoke: Any) -> None:
    outcome = invoke("test", "sgd[schedule=sqrt]")
    assert outcome.code == 0
    assert outcome.out.startswith("sgd[schedule=sqrt], the solver sgd\n")


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("wngrd", "there is no solver, loss or penalty 'wngrd'.", "did you mean wngrad?"),
        ("no.py:Rule", "there is no file no.py.", "give the file of a class"),
        ("two.py", "two.py has 2 classes that are a solver, loss or penalty.",
         "name one: two.py:First or two.py:Second."),
        ("two.py:number", "number of two.py is of type int, and no solver, loss or penalty.",
         "derive a class from lrbench.Solver or lrbench.Loss or lrbench.Penalty, or put"
         " @lrbench.rate_rule before a function."),
        ("two.py:Thrid", "two.py has no 'Thrid'.", "choose from First, Second."),
        ("outside:lbfgs", "outside:lbfgs owns its loop, and contracts are those of step rules.",
         "run it: lrbench run -s outside:lbfgs"),
        ("huber[threshold=2]", "'huber[threshold=2]' has parameters, which are given to solvers",
         "give huber."),
        ("two.py:First", "two.py:First cannot be made: TypeError: Can't instantiate abstract",
         "give each parameter a default, and define each method of the base class."),
        ("two.py:Second", "Second: Second has no method step.", "see lrbench new solver"),
    ],
)  # fmt: skip
def test_what_is_no_class_to_test_is_an_error(
    name: str, message: str, hint: str, invoke: Any
) -> None:
    Path("two.py").write_text(
        "import lrbench\n\nnumber = 3\n\n\nclass First(lrbench.Loss):\n    name = 'first'\n\n\n"
        "class Second(lrbench.Solver):\n    def init(self, W, lr0, facts):\n        return lr0\n"
    )
    outcome = invoke("test", name)
    assert outcome.code == 2, outcome.out
    assert outcome.out == ""
    error, advice = outcome.err.splitlines()
    assert error.startswith(f"Error: {message}")
    assert advice.startswith(f"Hint: {hint}")


def test_a_rule_that_imports_a_file_beside_it_cannot_be_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, invoke: Any
) -> None:
    (tmp_path / "halving.py").write_text("HALF = 0.5\n")
    text = HALF.format(name="Beside").replace("0.5 * state, oracle", "HALF * state, oracle")
    Path("beside.py").write_text(text.replace("from lr", "from halving import HALF\nfrom lr"))
    monkeypatch.syspath_prepend(str(tmp_path))
    outcome = invoke("test", "beside.py")
    assert outcome.code == 1
    said = " ".join(outcome.out.split())
    assert "FAIL can be sent to a worker it cannot be made in a worker" in said
    assert "No module named 'halving'" in said


def test_how_a_new_class_is_run(invoke: Any) -> None:
    """What is printed for a solver runs; for others it names the group in which they are known."""
    last = invoke("new", "solver", "my_rule.py").out.splitlines()[-1]
    assert invoke(*shlex.split(last)[3:], "-n", "3").code == 0
    for registry, kind in ((LOSSES, "loss"), (PENALTIES, "penalty")):
        said = invoke("new", kind, f"my_{kind}.py").out
        assert f"entry point of the group {registry.group} " in said
        refused = invoke("run", "logreg", f"--{kind}", f"my_{kind}.py", "-n", "3")
        assert (refused.code, "entry point" in refused.err) == (2, True)
