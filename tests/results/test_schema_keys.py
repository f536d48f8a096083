"""Every key of the JSON is in the schema, and every key of the schema on the page of the format."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

import lrbench
from lrbench.problem_files import load_spec, with_overrides
from lrbench.results import SCHEMA, Result
from lrbench.results.columns import COLUMNS, METERED, NORMALISED, OUTPUT, SUMMED, TESTED

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "json.md"
SECTIONS = {
    "": "Top level",
    "environment": "Top level",
    "profiles": "Profiles",
    "profile": "Profiles",
    "common_settings": "One setting for all",
    "common_setting": "One setting for all",
    "problem": "A problem",
    "run": "A run",
    "solver": "A run",
    "trace": "Trace",
    "verdict": "A verdict",
    "law": "A verdict",
    "sweep": "A sweep",
    "sensitivity": "A sweep",
    "advice": "Advice",
    "choice": "Advice",
}
"""The heading below which the keys of an object of the schema are, of the objects in it too."""


@cache
def schema() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return read


def run() -> Result:
    return lrbench.run(
        ["logreg", with_overrides(load_spec("lasso"), test=0.25)],
        solvers=["wngrad", "dowg", "nesterov", "prox-wngrad"],
        lr0=[0.3, 1e30],
        iterations=60,
        target=1e-9,
    )


def minibatches() -> Result:
    return lrbench.run(
        "logreg", solvers=["sgd", "adagrad-norm"], batch_size=7, replicates=2, iterations=40
    )


def sweep() -> Result:
    return lrbench.sweep(
        ["logreg", "least-squares"],
        solvers=["gd", "wngrad", "polyak"],
        lr0=[0.01, 0.1, 1.0, 10.0],
        iterations=200,
        target=[1e-1, 1e-3],
        at=[10, 100],
    )


def hopeless_sweep() -> Result:
    return lrbench.sweep("logreg", solvers=["gd"], lr0=[1e-9, 1e-8], iterations=20)


def sweep_of_two_axes() -> Result:
    return lrbench.sweep(
        "logreg", solvers=["adagrad-norm"], over=["eta=0.5:2:2", "lr0=0.1:1:2"], iterations=50
    )


def recorded() -> Result:
    recorder = lrbench.record("logreg", solver="mine")
    w = np.array(recorder.problem.w0)
    for _ in range(7):
        recorder(w)
        w = w - 0.1 * recorder.problem.gradient(w)
    return recorder.result()


RESULTS = {
    f.__name__: f for f in (run, minibatches, sweep, hopeless_sweep, sweep_of_two_axes, recorded)
}


def undescribed(value: Any, described: Any, path: str) -> Iterator[str]:
    """Yield the paths of the keys of `value` that its schema has no property for."""
    if not isinstance(described, Mapping):
        return
    if "$ref" in described:
        described = schema()["$defs"][described["$ref"].rpartition("/")[2]]
    if isinstance(value, list):
        for item in value:
            yield from undescribed(item, described.get("items"), path)
    if not isinstance(value, dict):
        return
    properties = described.get("properties", {})
    others = described.get("additionalProperties")
    if others is None or properties:  # else the keys are names of solvers, options or measures
        yield from (f"{path}.{key}" for key in value.keys() - properties)
    for key, item in value.items():
        yield from undescribed(item, properties.get(key, others), f"{path}.{key}")


@pytest.mark.parametrize("name", RESULTS)
def test_the_schema_describes_every_key_that_is_written(name: str) -> None:
    values = json.loads(RESULTS[name]().to_json())
    jsonschema.validate(values, schema())
    assert sorted(set(undescribed(values, schema(), ""))) == []


def test_the_schema_describes_every_column_of_a_trace() -> None:
    columns = schema()["$defs"]["run"]["properties"]["trace"]["properties"]
    assert {*COLUMNS, *METERED, *NORMALISED, *OUTPUT, *TESTED, *SUMMED} <= columns.keys()


def keys(described: Any, place: str) -> Iterator[tuple[str, str]]:
    """Yield the properties below an object, each with the place whose section has it."""
    if isinstance(described, dict):
        for key, inner in described.get("properties", {}).items():
            yield place, key
            yield from keys(inner, key if key in SECTIONS else place)
        for key in ("items", "additionalProperties"):
            yield from keys(described.get(key), place)


def every_key() -> list[tuple[str, str]]:
    of_objects = (pair for name, d in schema()["$defs"].items() for pair in keys(d, name))
    return sorted({*keys(schema(), ""), *of_objects})


def code_of(heading: str) -> set[str]:
    """Return the words in backticks, or in quotation marks there, below a heading."""
    text = PAGE.read_text(encoding="utf-8")
    section = re.split(rf"^##+ {heading}\n", text, flags=re.MULTILINE)[1]
    own = re.split(r"^## ", section, flags=re.MULTILINE)[0]
    return set(re.findall(r"[\w/]+", " ".join(re.findall(r"`([^`]+)`", own))))


def test_the_page_names_every_key_of_the_schema() -> None:
    words = {place: code_of(heading) for place, heading in SECTIONS.items()}
    missing = [f"{p}.{k}" for p, k in every_key() if k not in words[p]]
    assert missing == []
    assert len(every_key()) > 200
