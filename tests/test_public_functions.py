"""Arguments of any kind to the public functions: two sentences, and no exception of Python."""

from __future__ import annotations

import builtins
import inspect
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lrbench
from lrbench.errors import LrbenchError
from lrbench.experiment.loaded_problem import LoadedProblem
from lrbench.experiment.loop_recorder import LoopRecorder
from lrbench.gate import CheckFailedError
from lrbench.results import Result

FOREIGN: dict[str, Any] = {
    "None": None,
    "True": True,
    "3": 3,
    "-1": -1,
    "1.5": 1.5,
    "nan": float("nan"),
    "1e400": 10**400,
    "complex": 1j,
    "text": "zz",
    "empty": "",
    "newline": "a\nb",
    "null": "a\0b",
    "bytes": b"zz",
    "list": [3, "zz", None],
    "dict": {"zz": 3},
    "array": np.array([0.5, 2.0]),
    "empty list": [],
    "object": object(),
    "function": len,
    "class": int,
    "path": Path("nowhere.zz"),
}


@cache
def result() -> Result:
    return lrbench.run("log-spectrum", solvers="gd", iterations=2)


def recorder() -> LoopRecorder:
    """Return a recorder that has w_0."""
    made = lrbench.record("log-spectrum", solver="mine")
    made(made.problem.w0)
    return made


@cache
def loaded() -> LoadedProblem:
    return lrbench.load_problem("log-spectrum")


RUN = {"solvers": "gd", "iterations": 2, "lr0": "1/L"}
ANY = np.random.default_rng(0)


@cache
def calls() -> dict[str, tuple[Callable[..., Any], dict[str, Any]]]:
    """Return the functions, and arguments with which they work; one of them is replaced."""
    w = loaded().w0
    checked = {"problem": "log-spectrum", **RUN, "expect": "status = completed", "jobs": 1}
    of_result = {"problem": result(), "expect": "status = completed"}
    return {
        "run": (lrbench.run, {"problems": "log-spectrum", **RUN}),
        "sweep": (lrbench.sweep, {"problems": "log-spectrum", **RUN, "jobs": 1}),
        "check": (lrbench.check, checked),
        "check of a result": (lrbench.check, of_result),
        "record": (lrbench.record, {"problem": "log-spectrum", "solver": "mine"}),
        "load_problem": (lrbench.load_problem, {"problem": "log-spectrum"}),
        "check_contract": (lrbench.check_contract, {}),
        "load_spec": (lrbench.load_spec, {"name_or_path": "logreg"}),
        "spec_from_data": (lrbench.spec_from_data, {"data": "synthetic:n=9,d=2"}),
        "with_overrides": (lrbench.with_overrides, {"spec": lrbench.load_spec("logreg")}),
        "with_settings": (
            lrbench.with_settings,
            {"spec": lrbench.load_spec("logreg"), "settings": ["data.scale=standard"]},
        ),
        "Result.load": (Result.load, {}),
        "Result.from_dict": (Result.from_dict, {"values": result().to_dict()}),
        "Result.from_json": (Result.from_json, {"text": result().to_json()}),
        "result.save": (result().save, {"path": "r.json", "force": True}),
        "result.save_weights": (result().save_weights, {"path": "w.txt", "force": True}),
        "recorder": (recorder(), {"w": w}),
        "recorder.result": (recorder().result, {}),
        "pb.value": (loaded().value, {}),
        "pb.gradient": (loaded().gradient, {}),
        "pb.loss_gradient": (loaded().loss_gradient, {}),
        "pb.prox": (loaded().prox, {"w": w, "lr": 0.1}),
        "pb.stochastic_gradient": (
            loaded().stochastic_gradient,
            {"w": w, "rng": ANY, "batch_size": 2},
        ),
        "pb.minibatch_rng": (loaded().minibatch_rng, {}),
    }


SIGNATURES: dict[str, Callable[..., Any]] = {
    "run": lrbench.run,
    "sweep": lrbench.sweep,
    "check": lrbench.check,
    "check of a result": lrbench.check,
    "record": lrbench.record,
    "load_problem": lrbench.load_problem,
    "check_contract": lrbench.check_contract,
    "load_spec": lrbench.load_spec,
    "spec_from_data": lrbench.spec_from_data,
    "with_overrides": lrbench.with_overrides,
    "with_settings": lrbench.with_settings,
    "Result.load": Result.load,
    "Result.from_dict": Result.from_dict,
    "Result.from_json": Result.from_json,
    "result.save": Result.save,
    "result.save_weights": Result.save_weights,
    "recorder": LoopRecorder.__call__,
    "recorder.result": LoopRecorder.result,
    "pb.value": LoadedProblem.value,
    "pb.gradient": LoadedProblem.gradient,
    "pb.loss_gradient": LoadedProblem.loss_gradient,
    "pb.prox": LoadedProblem.prox,
    "pb.stochastic_gradient": LoadedProblem.stochastic_gradient,
    "pb.minibatch_rng": LoadedProblem.minibatch_rng,
}
"""The same functions, known without a run: nothing is run while tests are collected."""


def parameters(function: Callable[..., Any]) -> Iterator[str]:
    for name, parameter in inspect.signature(function).parameters.items():
        if name != "self" and parameter.kind not in VARIADIC:
            yield name


VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
CASES = [(call, name) for call, function in SIGNATURES.items() for name in parameters(function)]


@pytest.mark.parametrize(("call", "name"), CASES)
def test_any_argument_is_taken_or_refused_in_two_sentences(
    call: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # some of them are names of files that are written
    function, arguments = calls()[call]
    faults = []
    for kind, value in (FOREIGN | {"result": result()}).items():
        if (name, kind) in {("scheduler", "text"), ("jobs", "3"), ("jobs", "-1")}:
            continue  # which is connected to, or starts processes
        try:
            function(**arguments | {name: value})
        except LrbenchError as error:
            sentences = (error.message, error.hint)
            if "\n" in "".join(sentences) or not all(s.endswith((".", "?")) for s in sentences):
                faults.append(f"{kind}: {sentences}")
        except CheckFailedError:
            continue
        except Exception as error:
            faults.append(f"{kind}: {type(error).__name__}: {error}")
    assert not faults, f"{call}({name}=…): {faults}"


def exceptions(function: Callable[..., Any]) -> set[str]:
    """Return the exceptions that the docstring of a function names below "Raises"."""
    parts = re.split(r"^(\w[\w ]*)\n-+\n", inspect.getdoc(function) or "", flags=re.MULTILINE)
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    names = re.findall(r"^([A-Z]\S.*)$", sections.get("Raises", ""), re.MULTILINE)
    return {name for line in names for name in line.split(", ")}


def test_every_exception_that_is_documented_is_public() -> None:
    documented = {name: exceptions(function) for name, function in SIGNATURES.items()}
    assert {"UsageError", "DataError", "OptimumError"} <= set().union(*documented.values())
    public = {*lrbench.__all__, *dir(builtins)}
    assert {name: sorted(e - public) for name, e in documented.items() if e - public} == {}


def test_every_public_function_is_among_them() -> None:
    own = {name.partition(".")[0].partition(" ")[0] for name in SIGNATURES}
    assert calls().keys() == SIGNATURES.keys()
    functions = {n for n in lrbench.__all__ if inspect.isfunction(getattr(lrbench, n))}
    assert functions - own == {"rate_rule"}  # a decorator, with tests of its own
