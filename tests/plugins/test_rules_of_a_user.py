"""Step rules in a file, in an installed module, and made in Python."""

from __future__ import annotations

import codecs
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Invoke
from rules import FAILING, POWER_NORM, ROOT_GROWTH, WRITING, written

import lrbench
from lrbench.engine.control import Control
from lrbench.errors import UsageError
from lrbench.experiment.jobs.base import solver_obstacle
from lrbench.experiment.jobs.processes import Processes
from lrbench.experiment.run_plan import run_plan
from lrbench.plan.plan import Plan
from lrbench.plugins import origin_of, packed
from lrbench.plugins.modules import module_of_text, source_hash
from lrbench.problem_files import load_spec
from lrbench.solvers import SOLVERS
from lrbench.solvers.adagrad_norm import AdaGradNorm
from lrbench.solvers.base import Solver
from lrbench.solvers.build import solver_class
from lrbench.solvers.plugin import complete
from lrbench.solvers.wngrad import WNGrad

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the present folder, which has three files with rules."""
    written(tmp_path, power=POWER_NORM, growth=ROOT_GROWTH, failing=FAILING)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def runs_of(outcome: Any, solver: str) -> list[dict[str, Any]]:
    (problem,) = json.loads(outcome.out)["problems"]
    return [run for run in problem["runs"] if run["solver"]["name"] == solver]


SETTING = ("-p", "log-spectrum", "--lr0", "0.3,7,190", "-n", "60", "--format", "json")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("setting", [(), ("--batch-size", "5"), ("--radius", "2")])
@pytest.mark.parametrize(
    ("own", "name", "built_in"),
    [
        ("power.py:PowerNorm[eta=1.7]", "PowerNorm", "adagrad-norm[eta=1.7]"),
        ("growth.py:root_growth[c=0.4]", "root_growth", "wngrad[c=0.4]"),
    ],
)
def test_a_rule_in_a_file_is_the_same_as_the_built_in_one(
    own: str, name: str, built_in: str, setting: tuple[str, ...], invoke: Invoke
) -> None:
    outcome = invoke("run", *SETTING, *setting, "-s", own, "-s", built_in)
    assert outcome.code == 0, outcome.err
    mine, theirs = runs_of(outcome, name), runs_of(outcome, built_in.partition("[")[0])
    assert len(mine) == len(theirs) == 3
    for a, b in zip(mine, theirs, strict=True):
        assert (a["lr0"], a["status"]) == (b["lr0"], b["status"])
        for column in ("objective", "lr", "sum_lr_grad_norm_sq", "distance"):
            own_values, values = (np.array(r["trace"][column], dtype=float) for r in (a, b))
            np.testing.assert_allclose(own_values, values, rtol=1e-9)


@pytest.mark.usefixtures("folder")
def test_a_file_is_named_by_its_only_class_alone(invoke: Invoke) -> None:
    outcome = invoke("run", *SETTING, "-s", "growth.py[c=0.4]")
    assert len(runs_of(outcome, "root_growth")) == 3


@pytest.mark.usefixtures("folder")
def test_its_parameters_are_swept(invoke: Invoke) -> None:
    words = ("sweep", "-p", "log-spectrum", "-n", "40", "--format", "json", "-j", "1")
    outcome = invoke(*words, "-s", "power.py", "-s", "growth.py", "--over", "scale=0.1:10:5")
    assert outcome.code == 0, outcome.err
    (problem,) = json.loads(outcome.out)["problems"]
    assert [run["over"] for run in problem["runs"][:2]] == [
        {"eta": 0.1},
        {"eta": pytest.approx(10**-0.5)},
    ]
    outcome = invoke(*words, "-s", "growth.py", "--over", "c=0.1:10:5")
    assert len(runs_of(outcome, "root_growth")) == 5


@pytest.mark.usefixtures("folder")
def test_a_rule_that_raises_is_a_failed_row_and_the_others_are_kept(invoke: Invoke) -> None:
    outcome = invoke("run", *SETTING, "-s", "failing.py", "-s", "sgd")
    assert outcome.code == 3
    failed = runs_of(outcome, "Failing")
    assert {(run["status"], run["status_at"]) for run in failed} == {("failed", 7)}
    assert "ZeroDivisionError" in failed[0]["error"]
    assert "(failing.py, line 15, iteration 7)" in failed[0]["error"]
    assert all(run["error"] is None for run in runs_of(outcome, "sgd"))
    assert "step 6" in outcome.err  # what it prints is not part of the result


def test_what_a_rule_writes_to_the_descriptor_of_stdout_is_on_stderr(tmp_path: Path) -> None:
    """Also what compiled code has in its buffer until the process ends."""
    written(tmp_path, writing=WRITING)
    words = ("run", "-p", "log-spectrum", "-n", "3", "-s", "writing.py", "--format", "json")
    command = [sys.executable, "-m", "lrbench", *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["format"] == "lrbench-result"
    lines = done.stderr.splitlines()
    counts = {line: lines.count(line) for line in lines if line.endswith((" file", " step"))}
    assert counts == {
        "descriptor of the file": 1,
        "descriptor of a step": 3,
        "print of a step": 3,
        "printf of a step": 3,
    }


class TestInPython:
    def test_objects_and_classes_are_solvers(self) -> None:
        def objectives(solvers: Any) -> list[list[float]]:
            result = lrbench.run("log-spectrum", solvers=solvers, lr0=[0.2, 9.0], iterations=25)
            return [list(run.trace["objective"]) for run in result.problems[0].runs]

        assert objectives([WNGrad(order="lagged"), AdaGradNorm]) == objectives(
            ["wngrad[order=lagged]", "adagrad-norm"]
        )
        assert objectives(WNGrad()) == objectives("wngrad")

    @pytest.mark.parametrize("wrong", [3, [None], [len], object, [Solver], [lambda w: w]])
    def test_anything_else_is_refused(self, wrong: Any) -> None:
        with pytest.raises(UsageError):
            Plan(solvers=wrong)

    def test_two_classes_of_one_name_are_refused(self, folder: Path) -> None:
        written(folder, other=POWER_NORM.replace("1.0", "3.0"))
        with pytest.raises(UsageError, match="two solvers are called PowerNorm"):
            Plan(solvers=["power.py", "other.py"])

    def test_a_rule_that_is_derived_from_another_has_none_of_its_theorems(self) -> None:
        class Halved(WNGrad):
            """WNGrad, and no longer WNGrad."""

        (built,) = Plan(solvers=Halved).built
        assert (built[0].theorems, built[0].papers, built[0].name) == ((), (), "Halved")
        assert WNGrad.theorems == "wngrad"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("here")
    written(folder, power=POWER_NORM, growth=ROOT_GROWTH, failing=FAILING)
    return folder


def rows(plan: Plan, executor: Processes | None = None) -> dict[Any, tuple[Any, list[float]]]:
    specs = [load_spec("log-spectrum")]
    (problem,) = run_plan(plan, specs, Control(), executor=executor).problems
    return {
        (str(run.solver), run.value, run.seed): (run.error, list(run.trace.get("objective", ())))
        for run in problem.runs
    }


@pytest.mark.slow
def test_worker_processes_get_the_text_and_not_the_path(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(here)
    names = ("power.py", "growth.py", "failing.py")
    plan = Plan(
        solvers=names, lr0="0.1:10:9", batch_size=4, passes=1, replicates=3, sweep=True, target=1e-9
    )
    alone = rows(plan)
    for name in names:
        (here / name).unlink()
    try:
        assert rows(plan, Processes(2, patience=0.0)) == alone
    finally:
        written(here, power=POWER_NORM, growth=ROOT_GROWTH, failing=FAILING)
    assert {error is None for error, _ in alone.values()} == {True, False}


@pytest.mark.slow
def test_a_rule_that_cannot_be_imported_in_a_worker_is_a_failed_row(folder: Path) -> None:
    written(folder, here=f"import os\nassert os.getpid() == {os.getpid()}\n{POWER_NORM}")
    plan = Plan(solvers=["here.py", "sgd"], lr0="0.1:10:9", iterations=20, sweep=True)
    errors = {name: error for (name, *_), (error, _) in rows(plan, Processes(2, 0.0)).items()}
    assert errors["PowerNorm"] == "PowerNorm in a worker: here.py, line 2: AssertionError."
    assert errors["sgd"] is None


def test_a_class_made_in_python_is_sent_by_value() -> None:
    @lrbench.rate_rule
    def shrinking(lr: Any, grad_norm_sq: Any, power: float = 0.5) -> Any:
        lr = lr / (1.0 + lr * grad_norm_sq) ** power
        return lr, lr

    (built,) = Plan(solvers=shrinking).built
    assert solver_obstacle(built[0]) == ""
    copy = packed(built[0]).unpacked(Solver)
    complete(type(copy))
    assert (copy.name, copy.power) == ("shrinking", 0.5)
    state = copy.init(None, np.array([2.0, 3.0]), {})
    np.testing.assert_array_equal(state, [2.0, 3.0])


def test_a_class_that_cannot_be_sent_runs_in_this_process(
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = Path(__file__).open("rb")  # noqa: SIM115

    @lrbench.rate_rule
    def stuck(lr: Any, grad_norm_sq: Any) -> Any:
        assert not file.closed
        return lr, lr

    plan = Plan(solvers=[stuck, "sgd"], lr0="0.1:10:9", iterations=20, sweep=True)
    with file:
        assert "pickle" in solver_obstacle(plan.built[0][0])
        alone = rows(plan)
        assert rows(plan, Processes(2, patience=0.0)) == alone
    assert "stuck runs in this process" in capsys.readouterr().err
    assert {error for error, _ in alone.values()} == {None}


def stored(folder: Path, invoke: Invoke, *words: str) -> str:
    """Sweep the rules into a store; return how many cells are run, as a dry run says."""
    setting = ("-p", "log-spectrum", "-n", "30", "--store", str(folder / "s.sqlite"), "-j", "1")
    solvers = ("-s", "power.py", "-s", "growth.py", "--lr0", "0.1:10:5")
    outcome = invoke("sweep", *setting, *solvers, *words)
    assert outcome.code == 0, outcome.err
    return outcome.out


def test_a_store_keeps_cells_by_the_source(folder: Path, invoke: Invoke) -> None:
    stored(folder, invoke)
    assert "stored   10 of them" in stored(folder, invoke, "--dry-run")
    written(folder, power=POWER_NORM.replace("self.p / 2", "self.p * 0.5"))
    assert "stored   5 of them" in stored(folder, invoke, "--dry-run")


def test_a_store_does_not_call_stale_what_it_cannot_know(folder: Path, invoke: Invoke) -> None:
    stored(folder, invoke)
    SOLVERS.added.clear()  # as in another process
    listed = json.loads(invoke("store", "list", str(folder / "s.sqlite"), "--format", "json").out)
    assert [entry["current"] for entry in listed["entries"]] == [None, None]
    assert "not known" in invoke("store", "list", str(folder / "s.sqlite")).out
    invoke("store", "prune", str(folder / "s.sqlite"), "--stale")
    assert "stored   10 of them" in stored(folder, invoke, "--dry-run")


CONFIG = """
[[check]]
name = "mine"
problem = "log-spectrum"
solver = "rules/power.py:PowerNorm[eta=2]"
lr0 = 3.0
iterations = 40
expect = ["status = completed"]
"""


def test_code_in_a_configuration_that_was_not_named_is_not_run(
    folder: Path, invoke: Invoke
) -> None:
    (folder / "rules").mkdir()
    written(folder / "rules", power=f"open('ran', 'w').close()\n{POWER_NORM}")
    (folder / "lrbench.toml").write_text(CONFIG)
    outcome = invoke("check")
    assert outcome.code == 2
    assert "--allow-code" in outcome.err
    assert not (folder / "ran").exists()
    assert invoke("check", "--allow-code").code == 0
    assert (folder / "ran").exists()
    assert invoke("check", "--config", "lrbench.toml").code == 0


def test_the_file_of_a_rule_is_beside_the_configuration(
    folder: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "rules").mkdir()
    written(folder / "rules", power=POWER_NORM)
    (folder / "lrbench.toml").write_text(CONFIG)
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    assert invoke("check", "--config", "../lrbench.toml").code == 0


def test_a_file_in_the_home_folder_is_found_by_its_tilde(
    folder: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In quotes and in a configuration no shell replaces it; the stored cells are the same."""
    monkeypatch.setenv("HOME", str(folder))
    (folder / "rules").mkdir()
    written(folder / "rules", power=POWER_NORM, growth=ROOT_GROWTH)
    monkeypatch.chdir(folder / "rules")
    stored(folder, invoke)
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    home = ("-s", "~/rules/power.py:PowerNorm", "-s", "~/rules/growth.py", "--lr0", "0.1:10:5")
    setting = ("-p", "log-spectrum", "-n", "30", "--store", str(folder / "s.sqlite"), "-j", "1")
    assert "stored   10 of them" in invoke("sweep", *setting, *home, "--dry-run").out
    assert invoke("test", "~/rules/power.py").code == 0
    assert invoke("list", "solvers", "~/rules/growth.py:root_growth").code == 0
    problem = (ROOT / "problems" / "least-squares.toml").read_text("utf-8")
    (folder / "rules" / "own.toml").write_text(problem)
    config = CONFIG.replace("rules/power.py", "~/rules/power.py")
    config = config.replace('"log-spectrum"', '"~/rules/own.toml"')
    (folder / "elsewhere" / "checks.toml").write_text(config)
    assert invoke("check", "--config", "checks.toml").code == 0
    outcome = invoke("run", *SETTING, "-s", "~/rules/none.py")
    assert f"there is no file {folder}/rules/none.py" in outcome.err
    outcome = invoke("run", *SETTING, "-s", "~nobody-of-this-name/none.py")
    assert "there is no file ~nobody-of-this-name/none.py" in outcome.err


@pytest.mark.parametrize(
    ("mark", "line", "encoding"),
    [
        (b"", "# -*- coding: latin-1 -*-\n", "latin-1"),
        (b"", "#!/usr/bin/env python\n# vim: set fileencoding=cp1252 :\n", "cp1252"),
        (codecs.BOM_UTF8, "", "utf-8"),
        (codecs.BOM_UTF8, "# coding: utf-8\n", "utf-8"),
        (b"", "# coding: utf-8\r\n", "utf-8"),
    ],
)
def test_a_file_is_read_in_the_encoding_that_it_says(
    mark: bytes, line: str, encoding: str, folder: Path, invoke: Invoke
) -> None:
    text = line + POWER_NORM.replace('scale = "eta"', 'scale, lr0_means = "eta", "die erste Größe"')
    (folder / "words.py").write_bytes(mark + text.encode(encoding))
    (part,) = json.loads(invoke("list", "solvers", "words.py", "--format", "json").out)["parts"]
    assert part["lr0"] == "die erste Größe"
    helper = "from words import PowerNorm\n\n\nclass Derived(PowerNorm):\n    pass\n"
    (folder / "derived.py").write_text(helper)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        patch.delitem(sys.modules, "words", raising=False)
        derived = solver_class("derived.py")
        assert source_hash(sys.modules[derived.__module__])  # which has both files
        before = origin_of(derived).source_hash
        (folder / "words.py").write_bytes(mark + text.replace("erste", "letzte").encode(encoding))
        assert source_hash(sys.modules[derived.__module__]) != before


def test_nothing_is_imported_from_the_current_folder(tmp_path: Path) -> None:
    for name in ("numpy", "scipy", "click", "random", "queue", "decimal"):
        (tmp_path / f"{name}.py").write_text(f"open('{name}.ran', 'w').close()\n")
    command = [sys.executable, "-m", "lrbench", "run", "-p", "log-spectrum", "-n", "5"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.glob("*.ran")) == []


@pytest.mark.usefixtures("folder")
def test_a_saved_result_is_shown_without_the_file(folder: Path, invoke: Invoke) -> None:
    saved = folder / "r.json"
    saved.write_text(invoke("run", *SETTING, "-s", "power.py").out)
    (folder / "power.py").unlink()
    SOLVERS.added.clear()
    outcome = invoke("show", str(saved))
    assert outcome.code == 0, outcome.err
    assert "PowerNorm" in outcome.out


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("name", "title", "about", "scale"),
    [
        ("power.py", "PowerNorm", "AdaGrad-Norm with another power than 2", "eta"),
        ("power.py:PowerNorm", "PowerNorm", "AdaGrad-Norm with another power than 2", "eta"),
        ("growth.py:root_growth", "root_growth", "", "lr0"),  # no docstring, nor that of a base
        ("failing.py", "Failing", "", "lr0"),
        ("undocumented.py", "PowerNorm", "", "eta"),  # nor the signature of a dataclass
    ],
)
def test_the_page_of_a_rule_is_that_of_any_solver(
    name: str, title: str, about: str, scale: str, invoke: Invoke
) -> None:
    docstring = '    """AdaGrad-Norm with another power than 2."""\n'
    assert docstring in POWER_NORM
    written(Path(), undocumented=POWER_NORM.replace(docstring, ""))
    outcome = invoke("list", "solvers", name)
    assert outcome.code == 0, outcome.err
    lines = outcome.out.splitlines()
    assert lines[: 1 + bool(about)] == [title, *[about] * bool(about)]
    assert {"group: yours", f"scale: {scale}", "step_cost: 1 gradient"} <= {*lines}
    (part,) = json.loads(invoke("list", "solvers", name, "--format", "json").out)["parts"]
    assert (part["name"], part["about"]) == (title, about)


def test_the_page_of_a_rule_that_cannot_be_made_is_an_error(folder: Path, invoke: Invoke) -> None:
    raising = '    scale = "eta"\n\n    def __post_init__(self):\n        1 / 0\n'
    written(folder, raising=POWER_NORM.replace('    scale = "eta"\n', raising))
    outcome = invoke("list", "solvers", "raising.py")
    assert (outcome.code, outcome.out) == (2, "")
    assert "ZeroDivisionError" in outcome.err.splitlines()[0]


CLAIMS = """
    scale, theorems = "eta", "scalar-step"
"""


@pytest.mark.parametrize(
    ("edit", "judged"),
    [
        ({}, True),  # the rate is computed twice, with the same bits
        ({"self.eta / b, b)": "0.5 * self.eta / b, b)"}, False),
        ({"oracle.descend(W, self.eta / b, g)": "oracle.move(W, g.dense())"}, False),
    ],
)
def test_theorems_are_of_steps_that_are_what_they_say(
    edit: dict[str, str], judged: bool, folder: Path, invoke: Invoke
) -> None:
    text = POWER_NORM.replace('\n    scale = "eta"\n', CLAIMS)
    for old, new in edit.items():
        assert old in text
        text = text.replace(old, new)
    written(folder, claiming=text)
    outcome = invoke("run", *SETTING, "-s", "claiming.py")
    (problem,) = json.loads(outcome.out)["problems"]
    assert {v["theorem"] for v in problem["verdicts"]} >= {"C6", "C7"}
    bounds = [v["bound_verdict"] for v in problem["verdicts"] if v["theorem"] == "C7"]
    assert bounds
    assert (set(bounds) <= {"pass", "vacuous"}) == judged


MISBEHAVIOUR = {
    "return None": "ContractError: Rule: step returns nothing: return Step(W, lr, state) (rule.py,"
    " line 8, iteration 0)",
    "return W": "ContractError: Rule: step returns a",
    "return 'abc'": "ContractError: Rule: step returns a str: return Step",
    "return s, s, s, s": "ContractError: Rule: step returns 4 values: return Step",
    "return lrbench.Step(W * 1j, s, s)": "ContractError: Rule: the iterate that a step returns is",
    "return lrbench.Step(W, s * 1j, s)": "ContractError: Rule: the rates of a step are of complex",
    "return lrbench.Step(W, s[:2], s)": "ContractError: Rule: the rates of a step have shape (2,)",
    "return lrbench.Step(W, [*s], s)": "ContractError: Rule: the rates of a step have shape None",
    "return lrbench.Step(W, s.astype(str), s)": "ContractError: Rule: the rates of a step are of",
    "return lrbench.Step(W, s, s[:2])": "ContractError: Rule: state has shape (2,)",
    "return lrbench.Step(None, s, s)": "ContractError: Rule: the iterate that a step returns",
    "return lrbench.Step(s, s, s)": "ContractError: Rule: the iterate that a step returns",
    "return lrbench.Step(W, 0.1, s)": "ContractError: Rule: the rates of a step have shape",
    "return lrbench.Step(W, s, iter([s]))": "ContractError: Rule: state is a list_iterator",
    "raise SystemExit(4)": "SystemExit: 4 (rule.py, line 9, iteration 0)",
    "raise MemoryError": "MemoryError (rule.py, line 9, iteration 0)",
    r"raise ValueError('a\n  b\n')": "ValueError: a b (rule.py, line 9, iteration 0)",
    "raise ValueError('x' * 10**6)": "ValueError: xxx",
    "return self.step(W, s, oracle)": "RecursionError",
}


@pytest.mark.parametrize("line", sorted(MISBEHAVIOUR))
def test_a_rule_that_misbehaves_is_a_failed_row(line: str, folder: Path, invoke: Invoke) -> None:
    init = "def init(self, W, lr0, facts):\n        return lr0\n\n"
    step = f"    def step(self, W, s, oracle):\n        {line}\n"
    written(folder, rule=f"import lrbench\n\n\nclass Rule(lrbench.Solver):\n    {init}{step}")
    outcome = invoke("run", *SETTING, "-s", "rule.py", "-s", "sgd")
    assert outcome.code == 3
    errors = {run["error"] for run in runs_of(outcome, "Rule")}
    (error,) = errors
    assert error.startswith(MISBEHAVIOUR[line])
    assert len(error) < 400
    assert re.search(r"\(rule\.py, line [89], iteration 0\)$", error)
    assert "\n" not in error
    assert {run["error"] for run in runs_of(outcome, "sgd")} == {None}


def test_parameters_that_cannot_be_arrays_are_not_varied(folder: Path, invoke: Invoke) -> None:
    check = (
        "\n    def __post_init__(self):\n        if self.eta <= 0:\n            raise ValueError\n"
    )
    written(folder, picky=POWER_NORM.replace('    scale = "eta"\n', '    scale = "eta"\n' + check))
    assert invoke("run", *SETTING, "-s", "picky.py[eta=2]").code == 0
    outcome = invoke("sweep", "-p", "log-spectrum", "-s", "picky.py", "--over", "eta=1:10:3")
    assert outcome.code == 2
    assert "cannot have a value of it for each lane" in outcome.err


HELPED = POWER_NORM.replace(
    "import lrbench\n", "import lrbench\nfrom helper_of_rules import FACTOR\n"
)


def test_a_store_sees_a_change_of_what_a_rule_imports(
    folder: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "lib").mkdir()
    monkeypatch.syspath_prepend(str(folder / "lib"))
    written(folder, power=HELPED)
    for factor, kept in ((1.0, 0), (1.0, 10), (2.0, 5)):
        (folder / "lib" / "helper_of_rules.py").write_text(f"FACTOR = {factor}  # a factor\n")
        for name in [n for n in sys.modules if n.startswith(("helper_of_rules", "_lrbench_plug"))]:
            monkeypatch.delitem(sys.modules, name)
        dry = stored(folder, invoke, "--dry-run")
        assert (f"stored   {kept} of them" in dry) or (not kept and "stored" not in dry)
        stored(folder, invoke)


def test_two_rules_of_one_name_have_cells_of_their_own(folder: Path, invoke: Invoke) -> None:
    rule = POWER_NORM.partition("@dataclass")[2].replace('scale = "eta"', 'name = "same"')
    header = "from dataclasses import dataclass\nimport lrbench\n\n\n@dataclass"
    other = rule.replace("PowerNorm", "Other").replace("g.norm_sq()", "9.0 * g.norm_sq()")
    written(folder, two=f"{header}{rule}\n\n@dataclass{other}")
    words = ("sweep", "-p", "log-spectrum", "-n", "30", "--lr0", "0.1:10:5", "-j", "1")
    store = ("--store", str(folder / "t.sqlite"))
    invoke(*words, *store, "-s", "two.py:PowerNorm")
    outcome = invoke(*words, *store, "-s", "two.py:Other", "--format", "json")
    alone = invoke(*words, "-s", "two.py:Other", "--format", "json")
    traces = [[run["trace"]["objective"] for run in runs_of(o, "same")] for o in (outcome, alone)]
    assert traces[0] == traces[1]


@pytest.mark.parametrize("family", ["sgd", "wngrad", "nesterov"])
def test_a_family_whose_hypotheses_are_not_checked_is_refused(family: str) -> None:
    with pytest.raises(UsageError, match=f"names the theorems of {family}"):
        Plan(solvers=lrbench.rate_rule(theorems=family, name="mine")(lambda lr, g: (lr, lr)))


def test_no_theorem_is_on_negative_rates(folder: Path, invoke: Invoke) -> None:
    rule = "import lrbench\n\n\n@lrbench.rate_rule\ndef back(lr, g):\n    return lr, -lr\n"
    written(folder, back=rule)
    outcome = invoke("run", *SETTING, "-s", "back.py")
    (problem,) = json.loads(outcome.out)["problems"]
    of_steps = [v for v in problem["verdicts"] if v["theorem"] != "C2'"]
    assert {v["bound_verdict"] for v in of_steps} == {"none"}


def test_an_attribute_that_no_rule_has_is_refused() -> None:
    with pytest.raises(UsageError, match="rate_rule has no 'scal'"):
        lrbench.rate_rule(scal="c")(lambda lr, g, c=1.0: (lr, lr))


def test_an_edited_module_is_another_version(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The source is that of the class that runs, not that of the file now."""
    (folder / "lib").mkdir()
    monkeypatch.syspath_prepend(str(folder / "lib"))
    file = folder / "lib" / "edited_rules.py"
    file.write_text(POWER_NORM)
    (before,) = Plan(solvers="edited_rules:PowerNorm").built
    sent = packed(before[0])
    file.write_text(POWER_NORM.replace("self.p / 2", "self.p / 3"))
    assert packed(before[0]).origin == sent.origin
    monkeypatch.delitem(sys.modules, "edited_rules")
    with pytest.raises(lrbench.LrbenchError, match="another version in the worker"):
        sent.unpacked(Solver)


def test_two_versions_of_a_rule_in_a_store_are_said(folder: Path, invoke: Invoke) -> None:
    stored(folder, invoke)
    written(folder, power=POWER_NORM.replace("self.p / 2", "self.p * 0.5"))
    stored(folder, invoke)
    SOLVERS.added.clear()
    outcome = invoke("show", str(folder / "s.sqlite"))
    assert outcome.code == 0
    assert "the cells of PowerNorm are of 2 versions of its code" in outcome.err
    SOLVERS.added.clear()  # as in a process that has not read the file
    entries = json.loads(invoke("store", "list", "s.sqlite", "--format", "json").out)["entries"]
    sources = {e["source"] for e in entries if e["solver"].startswith("PowerNorm")}
    assert len(sources) == 2
    assert all(re.fullmatch("[0-9a-f]{8}", source) for source in sources)
    page = invoke("store", "list", "s.sqlite").out
    assert all(f"not known ({source})" in page for source in sources)
    assert "root_growth are of" not in outcome.err


WRONG_ELSEWHERE = {
    "init returns a set": ("    def init(self, W, lr0, facts):\n        return {1}\n", 5, 0),
    "init takes less": ("    def init(self, W, lr0):\n        return lr0\n", 5, 0),
    "a later step returns nothing": (
        "    def init(self, W, lr0, facts):\n        return lr0\n\n"
        "    def step(self, W, s, oracle):\n        if oracle.size and W.max() != 0:\n"
        "            return None\n"
        "        return lrbench.Step(oracle.descend(W, s, oracle.gradient(W)), s, s)\n",
        8,
        1,
    ),
    "output has another shape": (
        "    def init(self, W, lr0, facts):\n        return lr0\n\n"
        "    def output(self, W, state):\n        return W[0]\n",
        8,
        0,
    ),
}


@pytest.mark.parametrize("case", WRONG_ELSEWHERE)
def test_the_row_has_the_line_of_the_method_that_returned_it(
    case: str, folder: Path, invoke: Invoke
) -> None:
    """No line of the file is in the traceback: what it has returned is found wrong afterwards."""
    body, line, iteration = WRONG_ELSEWHERE[case]
    step = (
        "\n    def step(self, W, s, oracle):\n"
        "        return lrbench.Step(oracle.descend(W, s, oracle.gradient(W)), s, s)\n"
    )
    text = body if "def step" in body else body + step
    written(folder, rule=f"import lrbench\n\n\nclass Rule(lrbench.Solver):\n{text}")
    outcome = invoke("run", *SETTING, "-s", "rule.py", "-s", "sgd")
    assert outcome.code == 3
    (error,) = {run["error"] for run in runs_of(outcome, "Rule")}
    assert error.endswith(f"(rule.py, line {line}, iteration {iteration})")
    assert {run["error"] for run in runs_of(outcome, "sgd")} == {None}


@pytest.mark.parametrize("package", [True, False])
@pytest.mark.parametrize(
    "statement", ["import {}.mid", "from {}.mid import k", "from {} import mid"]
)
def test_the_hash_covers_what_a_function_will_import(
    statement: str, package: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The function is not called, so that the modules are not loaded when the hash is taken.
    name = f"helpers_of_{'a' if package else 'no'}_package"
    folder = tmp_path / name
    folder.mkdir()
    if package:
        (folder / "__init__.py").write_text("raise RuntimeError('it was imported')\n")
    middle, deep = folder / "mid.py", tmp_path / f"{name}_deep.py"
    middle.write_text(f"def k():\n    import {name}_deep as deep\n    return deep.FACTOR\n")
    deep.write_text("FACTOR = 1.0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    module = module_of_text(f"def rule(b):\n    {statement.format(name)}\n    return b\n", "r.py")
    hashes = [source_hash(module)]
    middle.write_text(middle.read_text() + "# changed\n")
    hashes.append(source_hash(module))
    deep.write_text("FACTOR = 2.0\n")
    hashes.append(source_hash(module))
    assert len({*hashes, source_hash(module)}) == 3
    assert all(hashes)
    assert not any(loaded.startswith(name) for loaded in sys.modules)
