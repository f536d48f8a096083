"""The content of a problem file for a specification: the way back of reading one."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from lrbench.config.named import parse_named
from lrbench.data.load import DataName
from lrbench.problem_files.backend import backend_table
from lrbench.problem_files.model import ProblemSpec, Split
from lrbench.problem_files.network import model_table
from lrbench.problem_files.source import data_text


def table_of(spec: ProblemSpec) -> dict[str, Any]:
    """Return the content of a problem file for `spec`, with its parts as tables."""
    name, params = parse_named(spec.loss)
    penalty: dict[str, Any] = {"name": spec.penalty.name, **dict(spec.penalty.params)}
    if spec.penalty.weight is not None:
        penalty["weight"] = spec.penalty.weight
    start: dict[str, Any] = {"name": spec.start.name}
    if spec.start.name != "zeros":
        start["seed"] = spec.start.seed
    if spec.start.name == "normal":
        start["scale"] = spec.start.scale
    form = spec.reparametrisation
    # A gamma that is learned has no number, and one without a rate of its own has that of the rule.
    keys = {} if form is None else {k: v for k, v in asdict(form).items() if v is not None}
    return {
        "title": spec.title,
        "model": model_table(spec.model),
        "loss": {"name": name, **params},
        "penalty": penalty,
        "start": start,
        "reparametrisation": keys or {"name": "none"},
        "backend": backend_table(spec.backend),
        "data": {
            "name": spec.data.name,
            **spec.data.params,
            **data_options(spec),
            **_file_options(spec),
        },
    }


def data_options(spec: ProblemSpec) -> dict[str, Any]:
    """Return the keys of the table data that other data would keep."""
    options: dict[str, Any] = {"scale": spec.scale, "intercept": spec.intercept}
    if spec.positive is not None:
        options["positive"] = list(spec.positive)
    if isinstance(spec.test, Split):
        options |= {"test": spec.test.fraction, "test_seed": spec.test.seed}
    return options


def _file_options(spec: ProblemSpec) -> dict[str, Any]:
    """Return the keys of the table data that belong to these data alone."""
    options: dict[str, Any] = {"zero_based": spec.data.zero_based}
    if isinstance(spec.test, DataName):
        options["test"] = data_text(spec.test)
    return options
