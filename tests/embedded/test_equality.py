"""Every record can be compared, those with arrays as well."""

from __future__ import annotations

import copy
import dataclasses
import importlib
import inspect
import pickle
import pkgutil
import typing
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import lrbench
from lrbench import arrays
from lrbench.errors import LrbenchError
from lrbench.optimum.base import Optimum
from lrbench.results import FeatureMap, ProblemResult, Result, Run, Verdict
from lrbench.results.equality import equal_by_content
from lrbench.results.saved_traces import MISSING

ARRAYS = {name for name, value in vars(arrays).items() if "ndarray" in str(value)} | {"Matrix"}
"""The names of the types of arrays."""

BY_CONTENT = (Result, ProblemResult, Run, FeatureMap)


def classes() -> Iterator[Any]:
    """Yield the dataclasses of lrbench whose module can be imported."""
    for module in pkgutil.walk_packages(lrbench.__path__, "lrbench."):
        if module.name.startswith("lrbench.kernels.steps") or module.name == "lrbench.__main__":
            continue  # shared libraries, and the command
        try:
            loaded = importlib.import_module(module.name)
        except ImportError:  # of what stands on a package that is not installed
            continue
        for cls in vars(loaded).values():
            own = inspect.isclass(cls) and cls.__module__ == module.name
            if own and dataclasses.is_dataclass(cls):
                yield cls


def holds_arrays(cls: Any) -> bool:
    try:
        hints = typing.get_type_hints(cls)
    except NameError:  # of what is imported for type checkers only
        hints = cls.__annotations__
    texts = [str(hints.get(field.name)) for field in dataclasses.fields(cls)]
    return any("ndarray" in text or text in ARRAYS for text in texts)


def compares_fields(cls: type) -> bool:
    """Return whether `==` is that of `dataclasses`, which is compiled from text."""
    code = getattr(cls.__eq__, "__code__", None)
    return code is not None and code.co_filename == "<string>"


def test_no_record_with_arrays_compares_them_as_numbers() -> None:
    found = list(classes())
    assert {cls for cls in found if holds_arrays(cls)} >= {Run, FeatureMap, Optimum}
    assert compares_fields(Verdict)
    assert [cls for cls in found if holds_arrays(cls) and compares_fields(cls)] == []
    for cls in BY_CONTENT:
        assert vars(cls)["__eq__"] is equal_by_content


@pytest.fixture(scope="module")
def result() -> Result:
    common: dict[str, Any] = {"solvers": ["gd", "dog"], "lr0": "0.3/L,1.7/L", "iterations": 9}
    made = lrbench.run("log-spectrum", batch_size=7, replicates=2, **common)
    error = LrbenchError("the data are missing.", "get them.")
    features = FeatureMap(np.array([0.3, np.nan]), None)
    (problem,) = made.problems
    problem = dataclasses.replace(problem, features=features)
    return dataclasses.replace(made, problems=(problem,), failures=(("other", error),))


def records(result: Result) -> dict[str, Any]:
    problem = result.problems[0]
    return {
        "Result": result,
        "ProblemResult": problem,
        "Run": problem.runs[0],
        "FeatureMap": problem.features,
        "Header": problem.header,
        "Verdict": next(v for v in problem.verdicts if v.applies),
    }


@pytest.mark.parametrize("name", ["Result", "ProblemResult", "Run", "FeatureMap", "Header"])
def test_a_copy_is_equal(name: str, result: Result) -> None:
    record = records(result)[name]
    for copied in (copy.deepcopy(record), pickle.loads(pickle.dumps(record))):
        assert copied == record
        assert not copied != record  # noqa: SIM202
    assert record != name
    assert record in [None, copied]


CHANGES: dict[str, Any] = {
    "Result": {"traces": "none"},
    "ProblemResult": {"classes": ("a", "b")},
    "Run": {"evaluation_seconds": -1.0},
    "FeatureMap": {"divisor": np.array([1.0, 2.0])},
}


@pytest.mark.parametrize("name", CHANGES)
def test_another_field_makes_another_record(name: str, result: Result) -> None:
    record = records(result)[name]
    assert dataclasses.replace(record, **CHANGES[name]) != record


def test_another_number_deep_within_makes_another_result(result: Result) -> None:
    other = copy.deepcopy(result)
    other.problems[0].runs[3].trace["objective"][-1] *= 1.0 + 2.0**-52
    assert other != result
    assert other.problems[0].runs[:3] == result.problems[0].runs[:3]
    assert other.problems[0].runs != result.problems[0].runs


def test_arrays_of_other_shapes_differ(result: Result) -> None:
    run = result.problems[0].runs[0]
    for trace in ({}, {**run.trace, "lr": run.trace["lr"][:-1]}, MISSING):
        assert dataclasses.replace(run, trace=trace) != run
    missing = dataclasses.replace(run, trace=MISSING)
    assert missing == pickle.loads(pickle.dumps(missing))


def test_another_failure_makes_another_result(result: Result) -> None:
    ((name, error),) = result.failures
    other = LrbenchError(error.message, "wait for them.")
    assert dataclasses.replace(result, failures=[(name, other)]) != result
    same = LrbenchError(error.message, error.hint)
    assert dataclasses.replace(result, failures=[(name, same)]) == result


def test_a_saved_result_is_equal_to_itself_read_twice(result: Result, tmp_path: Any) -> None:
    result.save(tmp_path / "r.json")
    first, second = (Result.load(tmp_path / "r.json") for _ in range(2))
    assert first == second
    assert first.problems[0].runs[0].trace is not second.problems[0].runs[0].trace
