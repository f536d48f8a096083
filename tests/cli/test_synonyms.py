"""Words of other tools: each has a hint that works here, or is taken."""

from __future__ import annotations

import json
import shlex
from typing import Any

import click
import pytest
from conftest import Invoke
from every_command import COMMANDS, IDS
from test_run_errors import USAGE

import lrbench.cli.main as entry
from lrbench.cli.hints import options_of
from lrbench.cli.list_parts import KINDS
from lrbench.config.flags import flags_in
from lrbench.config.registry import did_you_mean
from lrbench.config.synonyms import is_sentence, synonyms, tables
from lrbench.data.scaling import SCALINGS
from lrbench.errors import Terminated
from lrbench.losses import LOSSES
from lrbench.penalties import PENALTIES
from lrbench.problem_files import problem_names
from lrbench.reports import REPORTS
from lrbench.solvers import SOLVERS
from lrbench.solvers.build import build_solvers

PATHS = list(COMMANDS)

PARTS: dict[str, Any] = {
    "solver": SOLVERS,
    "loss": LOSSES,
    "penalty": PENALTIES,
    "format": REPORTS,
    "scaling": SCALINGS,
    "problem": problem_names(),
    "list": KINDS,
}


def check_hint(err: str, command: click.Command) -> str:
    """Check that an error is two sentences and names options of the command; return its hint."""
    first, second = err.splitlines()
    assert first.startswith("Error: ")
    assert second.startswith("Hint: ")
    assert second[-1] in ".?"
    assert len(second) <= 210, second
    own = options_of(command)
    assert flags_in(second) <= own.keys(), second
    return second.removeprefix("Hint: ")


@pytest.mark.parametrize("words", PATHS, ids=IDS)
def test_hints_name_options_that_the_command_has(words: tuple[str, ...], invoke: Invoke) -> None:
    command = COMMANDS[words]
    own = options_of(command)
    for option in [*tables()["option"], "--qwertz", "--store", "--batch_size", "-epochs"]:
        if option in own:
            continue
        outcome = invoke(*words, option, "3")
        assert (outcome.code, outcome.out) == (2, ""), option
        hint = check_hint(outcome.err, command)
        if not hint.startswith("did you mean"):
            continue
        # Where the hint has a value, too, the option takes it.
        name, *value = shlex.split(hint.removeprefix("did you mean ").rstrip("?"))
        param = own[name]
        if value and not param.is_flag:
            param.process_value(click.Context(command), (value[0],) if param.multiple else value[0])


@pytest.mark.parametrize("words", PATHS, ids=IDS)
@pytest.mark.parametrize("error", [KeyboardInterrupt(), Terminated(15), MemoryError()], ids=repr)
def test_a_command_that_is_ended_names_its_own_options(
    words: tuple[str, ...],
    error: BaseException,
    invoke: Invoke,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def ended(*args: object, **extra: object) -> None:
        raise error

    monkeypatch.setattr(entry.group, "main", ended)
    outcome = invoke(*words)
    assert outcome.code in (130, 143, 3)
    hint = check_hint(outcome.err, COMMANDS[words])
    if not isinstance(error, MemoryError):
        assert ("--store" in hint) == ("--store" in options_of(COMMANDS[words]))


@pytest.mark.parametrize("name", ["run", "theory", "sweep"])
def test_hints_of_other_mistakes(name: str, invoke: Invoke) -> None:
    command = COMMANDS[(name,)]
    n_errors = 0
    for args, _ in USAGE.values():
        dry = [] if name == "theory" else ["--dry-run"]
        outcome = invoke(name, *args, *dry)
        if outcome.code == 2:
            check_hint(outcome.err, command)
            n_errors += 1
    assert n_errors > 35


@pytest.mark.parametrize("kind", PARTS)
def test_synonyms_of_parts_mean_something(kind: str) -> None:
    for word, (meant, *others) in tables()[kind].items():
        assert not others
        assert word not in PARTS[kind], f"{word} has a meaning of its own"
        library, colon, _ = meant.partition(":")
        if is_sentence(meant):
            continue
        assert meant in PARTS[kind] or (colon and library in ("torch", "optax")), meant
        for typed in (word, word.upper().replace("-", "_")):
            assert did_you_mean(typed, [*PARTS[kind], meant], kind) == f"did you mean {meant}?"


def test_synonyms_of_other_libraries_are_their_solvers() -> None:
    pytest.importorskip("torch")
    pytest.importorskip("optax")
    for (meant,) in tables()["solver"].values():
        assert build_solvers(meant)


def test_synonyms_of_commands_are_commands(invoke: Invoke) -> None:
    for word, (meant,) in tables()["command"].items():
        assert word not in entry.COMMANDS
        outcome = invoke(word)
        assert outcome.err.endswith(f"Hint: did you mean lrbench {meant}?\n")
        assert outcome.code == 2
        assert invoke(*meant.split(), "--help").code == 0


def test_synonyms_of_options_are_known_to_some_command() -> None:
    known = {name for command in COMMANDS.values() for name in options_of(command)}
    for word, several in tables()["option"].items():
        assert all(is_sentence(m) or m.split()[0] in known for m in several), word
    assert set(tables()["value"]) <= known


def test_there_are_many() -> None:
    assert sum(map(len, tables().values())) > 200
    assert synonyms("option", "--LR") == ["--lr0"]
    assert synonyms("solver", "L_BFGS") == synonyms("solver", "lbfgs")


# What was typed -> what the hint says.
HINTS = {
    "run logreg --epochs 5": "did you mean --passes 5?",
    "run logreg --lr 100": "did you mean --lr0 100?",
    "run logreg --lr=100": "did you mean --lr0 100?",
    "run logreg --learning-rate 0.1": "did you mean --lr0 0.1?",
    "run logreg --seeds 1 --batch-size 8": "did you mean --replicates 1?",
    "run logreg --max_iter 7": "did you mean --iterations 7?",
    "run logreg -epochs 2": "did you mean --passes 2?",
    "run logreg --output x.json": "did you mean --save x.json?",
    "run logreg --json": "did you mean --format json?",
    "run logreg --csv": "did you mean --format csv?",
    "run logreg --alpha 0.5": "did you mean --penalty l2[weight=0.5]?",
    "run logreg --optimizer adam": "did you mean --solver?",
    "run logreg --batch_size 16": "did you mean --batch-size 16?",
    "run logreg --test-size 0.2": "did you mean --test 0.2?",
    "run logreg --n-jobs 1": "did you mean --jobs 1?",
    "run logreg --b0 4": "b_0 is 1/lr0 (eta/lr0 of AdaGrad-Norm): give --lr0 0.25.",
    "run logreg -s torch.optim.Adam": "did you mean torch:torch.optim.Adam?",
    "run logreg -s optax.adam": "did you mean optax:adam?",
    "run logreg -s 'sgd(schedule=sqrt)'": "write them in brackets: 'sgd[schedule=sqrt]'.",
    "run logreg -k wngrad": "did you mean --solver?",
    "run logreg -n 10_000": "write the number as 10000.",
    "run logreg --lr0 1 --plot": "see lrbench run --help.",
    "run logreg -o -": "give a name; --format json writes a result to stdout.",
    "report a.json b.html": "give -o b.html.",
    "report a.json": "give -o report.html.",
    "-v": "did you mean --version?",
    "run logreg --store x": "it is an option of lrbench sweep.",
    "run logreg --seed 1,2,3": "--seed is the first of the seeds, and --replicates says how many"
    " there are.",
    "run logreg -n many": "it is a whole number of steps, such as 1000 or 1e3.",
    "run logreg --penalty l2=0.1": "did you mean 'l2[weight=0.1]'?",
    "run logreg --penalty ridge=0.1": "did you mean 'l2[weight=0.1]'?",
    "run logreg --penalty ridge": "did you mean l2?",
    "run logreg --loss mse": "did you mean squared?",
    "run logreg --loss huber(2)": "did you mean 'huber[threshold=2]'?",
    "run logreg --loss logreg": "did you mean logistic?",
    "run logreg --scale minmax": "did you mean maxabs?",
    "run logreg --format md": "did you mean markdown?",
    "run logreg -s lbfgs": "did you mean outside:lbfgs?",
    "run logreg -s wngrad[b0=2]": "b_0 is 1/lr0 (eta/lr0 of AdaGrad-Norm): give --lr0 0.5.",
    "run logreg -s wngrad[lr=3]": "it is an option of its own, for all solvers: give --lr0 3.",
    "run logreg -s adam[beta_1=0.5]": "did you mean beta1?",
    "run logreg -s gd[momentum=0.5]": "the solver heavy-ball has momentum: lrbench list solvers"
    " heavy-ball.",
    "run logreg wngrad": "wngrad is a solver: give --solver wngrad.",
    "run logreg l1": "did you mean lasso?",
    "run logreg none": "none is a penalty: give --penalty none.",
    "run logreg 100": "a learning rate is given by --lr0 100.",
    "run sklearn:diabetes": "sklearn:diabetes is data: give --data sklearn:diabetes.",
    "run iris": "iris is data: give --data sklearn:iris.",
    "run a9a": "a9a is data: give --data a9a.",
    "run result.json": "lrbench show result.json prints a saved result.",
    "run logrge": "did you mean logreg?",
    "run -p logistic": "did you mean logreg?",
    "run ridge": "ridge regression is --problem least-squares --penalty l2.",
    "theory logreg -n 5": "it is an option of lrbench run, sweep.",
    "list datasets": "lrbench data list has the data sets.",
    "list optimizers": "did you mean solvers?",
    "show x.json --output y": "stdout is the output: send it to a file by > FILE.",
    "check --output x.xml": "did you mean --junit x.xml?",
    "check --junitxml x.xml": "did you mean --junit x.xml?",
    "logreg": "did you mean lrbench run logreg?",
    "mine.toml": "did you mean lrbench run mine.toml?",
    "result.json": "did you mean lrbench show result.json?",
    "bench": "did you mean lrbench run?",
    "W3": "did you mean lrbench explain W3?",
    "help inconclusive": "did you mean lrbench explain inconclusive?",
    "--lr0 100 run logreg": "it stands behind the command, as in lrbench run --lr0.",
    "data fetchh": "did you mean lrbench data fetch?",
}


@pytest.mark.parametrize("typed", HINTS)
def test_the_hint(typed: str, invoke: Invoke) -> None:
    outcome = invoke(*shlex.split(typed))
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.splitlines()[1] == f"Hint: {HINTS[typed]}"


CORRECTED = {
    typed: shlex.split(hint.removeprefix("did you mean ").rstrip("?"))
    for typed, hint in HINTS.items()
    if hint.startswith("did you mean --") and typed.startswith("run logreg -")
}


@pytest.mark.parametrize("typed", [t for t in CORRECTED if len(CORRECTED[t]) == 2])
def test_the_corrected_command_runs(typed: str, invoke: Invoke, tmp_path: Any) -> None:
    words = [w if w != "x.json" else str(tmp_path / w) for w in CORRECTED[typed]]
    rest = typed.split()[4:]  # behind the option that is wrong, and its value
    budget = [] if {"--passes", "--iterations"} & {*words} else ["-n", "5"]
    outcome = invoke("run", "logreg", *words, *rest, *budget, "-q")
    assert outcome.code == 0, outcome.err


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("run logreg -n 5", "run -p logreg -n 5"),
        ("run logreg lasso -n 5", "run -p logreg -p lasso -n 5"),
        ("run -p logreg lasso -n 5", "run -p logreg -p lasso -n 5"),
        ("run logreg -n 1e1", "run -p logreg -n 10"),
        ("run logreg -n 5 --batch-size 1e1", "run -p logreg -n 5 --batch-size 10"),
        ("run logreg -s wngrad,adam -n 5", "run -p logreg -s wngrad -s adam -n 5"),
        (
            "run logreg -s wngrad[order=lagged],adam[beta1=0.5,beta2=0.9] -n 5",
            "run -p logreg -s wngrad[order=lagged] -s adam[beta1=0.5,beta2=0.9] -n 5",
        ),
        (
            "sweep logreg -s gd --lr0 0.5,1 -n 64",
            "sweep -p logreg -s gd --lr0 0.5,1 -n 64",
        ),
    ],
)
def test_what_is_taken(typed: str, same: str, invoke: Invoke) -> None:
    outcomes = [invoke(*text.split(), "-j", "1", "--format", "json") for text in (typed, same)]
    results = [json.loads(outcome.out) for outcome in outcomes]
    assert results[0]["command"] == results[1]["command"]
    names = [[str(run["solver"]) for p in r["problems"] for run in p["runs"]] for r in results]
    assert names[0] == names[1]


def test_a_share_in_percent(invoke: Invoke) -> None:
    results = [
        json.loads(invoke("run", "logreg", "--test", t, "-n", "4", "--format", "json").out)
        for t in ("20%", "0.2")
    ]
    tests = [result["problems"][0]["test"] for result in results]
    assert tests[0] == tests[1] is not None
    assert invoke("run", "logreg", "--test", "120%").code == 2


def test_theory_takes_problems_as_words(invoke: Invoke) -> None:
    words = ("-s", "wngrad", "--format", "json")
    assert invoke("theory", "logreg", *words).out == invoke("theory", "-p", "logreg", *words).out


def test_a_file_of_solvers_may_have_a_comma(invoke: Invoke, tmp_path: Any) -> None:
    assert invoke("new", "solver", str(tmp_path / "my_rule.py")).code == 0
    file = (tmp_path / "my_rule.py").rename(tmp_path / "a,b.py")
    outcome = invoke("run", "logreg", "-s", f"{file}:MyRule", "-n", "3")
    assert outcome.code == 0, outcome.err
