"""Errors in Python name keywords, and those of the command options."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest

import lrbench
from lrbench.config.keywords import in_keywords, names_keywords, options_in_errors
from lrbench.errors import LrbenchError, UsageError
from lrbench.experiment.loaded_problem import LoadedProblem

WRONG: tuple[Any, ...] = (object(), -1, 0, "x", "1,2", [], 1e-9, float("nan"))

FUNCTIONS: dict[str, dict[str, Any]] = {
    "run": {"problems": "log-spectrum"},
    "sweep": {"problems": "log-spectrum", "jobs": 1},
    "check": {"problem": "log-spectrum"},
    "record": {"problem": "log-spectrum", "solver": "by-hand"},
    "load_problem": {"problem": "log-spectrum"},
}

PAIRS: list[dict[str, Any]] = [
    {"over": "lr0=1,2", "lr0": [1, 2]},
    {"over": "eta=1"},
    {"over": {"lr0": [1.0]}, "lr0": 2.0},
    {"passes": 3, "iterations": 3},
    {"replicates": 3},
    {"batch_size": 10**6},
    {"solvers": "outside:lbfgs", "batch_size": 4},
    {"solvers": "outside:lbfgs", "radius": 100.0},
]

OPTION = re.compile(r"(?<![\w-])--[a-z]")


def refusal(function: str, **options: Any) -> str:
    """Return what the error of a call says; empty where it is not refused."""
    try:
        made = getattr(lrbench, function)(**FUNCTIONS[function] | options)
        if isinstance(made, LoadedProblem):
            assert made.constants
    except LrbenchError as error:
        return f"{error.message} {error.hint} {error}"
    except (TypeError, AssertionError):  # as of any function of Python, or of a check that fails
        pass
    return ""


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_wrong_argument_is_named_as_a_keyword(function: str) -> None:
    names = {*inspect.signature(getattr(lrbench, function)).parameters} - {*FUNCTIONS[function]}
    # A path or a number of threads, and what makes long runs, are wrong in other ways.
    names -= {"store", "name", "baseline", "update", "certificates", "timed", "allow_inconclusive"}
    texts = []
    for name in sorted(names - {"iterations", "passes"}):
        budget = {"iterations": 3} if "iterations" in names else {}
        texts += [refusal(function, **budget, **{name: value}) for value in WRONG]
    assert [text for text in texts if OPTION.search(text)] == []
    assert len([text for text in texts if text]) > 3 * len(names)


@pytest.mark.parametrize("options", PAIRS, ids=str)
def test_arguments_that_do_not_fit_are_named_as_keywords(options: dict[str, Any]) -> None:
    text = refusal("run", **options)
    assert text
    assert not OPTION.search(text)


def test_a_recorder_names_keywords() -> None:
    pb = lrbench.load_problem("log-spectrum")
    with pytest.raises(UsageError, match=r"^radius=1e-05 leaves out the minimiser"):
        lrbench.record(pb, solver="by-hand", radius=1e-5)
    recorder = lrbench.record(pb, solver="by-hand", f_star=1e3)
    recorder(pb.w0)
    with pytest.raises(LrbenchError, match=r"below f_star=1000\.0\."):
        recorder.result()
    recorder = lrbench.record(pb, solver="by-hand", f_star=1e3, target=1e-3)
    with pytest.raises(LrbenchError, match=r"below f_star=1000\.0\."):
        recorder(pb.w0)  # a row at which the run could end is evaluated at once


def test_a_contract_is_about_keywords() -> None:
    class Leaving(lrbench.Solver):
        dense_gradient = True

        def init(self, W: Any, lr0: Any, facts: Any) -> Any:
            return lr0

        def step(self, W: Any, lr: Any, oracle: Any) -> Any:
            return lrbench.Step(W - lr * oracle.gradient(W).dense(), lr, lr)

    with pytest.raises(AssertionError) as broken:
        lrbench.check_contract(Leaving)
    assert not OPTION.search(str(broken.value))


@names_keywords("radius")
def refusing(text: str) -> None:
    raise UsageError(text, text)


def test_the_command_names_options() -> None:
    text = "--radius 3 and --text go together, --save file does not."
    with options_in_errors(), pytest.raises(UsageError) as error:
        refusing(text)
    assert error.value.message == error.value.hint == text
    with pytest.raises(UsageError) as error:
        refusing(text)
    assert error.value.message == "radius=3 and text= go together, --save file does not."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("--batch-size 0 is no size", "batch_size=0 is no size"),
        ("leave --f-star out", "leave f_star= out"),
        ("give --f-star VALUE", "give f_star=VALUE"),
        ("give one of --lr0 and --over.", "give one of lr0= and over=."),
        ("--over lr0=1,2: 'x' is wrong", "over=lr0=1,2: 'x' is wrong"),
        ("--lr0 nan is wrong", "lr0=nan is wrong"),
        ("--over has 2", "over= has 2"),
        ("give --solver, as in --solver wngrad.", "give solvers=, as in solvers=wngrad."),
        ("a--over and -over, ---over, --overs", "a--over and -over, ---over, --overs"),
        ("lrbench show --format json", "lrbench show --format json"),
    ],
)
def test_options_become_keywords(text: str, expected: str) -> None:
    assert in_keywords(text, {"batch_size", "f_star", "lr0", "over", "solvers"}) == expected
