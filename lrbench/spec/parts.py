"""The parts of a problem, from a text or a table to a checked specification."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from lrbench.data.generated import PREFIX
from lrbench.data.labels import label_text
from lrbench.data.load import DataName
from lrbench.errors import UsageError
from lrbench.parts import parse_part
from lrbench.penalties import PENALTIES
from lrbench.registry import did_you_mean
from lrbench.spec.model import PER_SAMPLE, PenaltySpec, StartSpec
from lrbench.spec.table import Table, checked


def read_penalty(value: Any) -> PenaltySpec:
    """Return the penalty in ``"l2"``, ``"l2[weight=0.01]"`` or ``{name = "l2", weight = 0.01}``."""
    name, params = _part(value, "penalty")
    name = PENALTIES.canonical(name)
    table = Table(params, f"the penalty {name}")
    if name == "none":
        if params:
            raise UsageError("the penalty none has no parameters.", "leave them out, or choose l2.")
        return PenaltySpec(name)
    weight = table.take_any("weight", PER_SAMPLE)
    table.finish()
    if weight == PER_SAMPLE:
        return PenaltySpec(name, PER_SAMPLE)
    return PenaltySpec(name, _positive(weight, "weight", f'a positive number or "{PER_SAMPLE}"'))


def read_start(value: Any) -> StartSpec:
    """Return the start in ``"zeros"``, ``"normal[seed=1]"`` or ``{name = "normal", seed = 1}``."""
    name, params = _part(value, "start")
    table = Table(params, f"the start {name}")
    if name == "zeros":
        if params:
            raise UsageError(
                "the start zeros has no parameters.", "leave them out, or choose normal."
            )
        return StartSpec()
    if name != "normal":
        raise UsageError(f"there is no start {name!r}.", did_you_mean(name, ("zeros", "normal")))
    scale = _positive(table.take_any("scale", 1.0), "scale", "a positive number")
    seed = table.take("seed", int, 0)
    table.finish()
    if seed < 0:
        raise UsageError(f"seed is {seed}, which is negative.", "give a whole number from 0 on.")
    return StartSpec("normal", scale, seed)


def read_data(text: str) -> DataName:
    """Return the data that a command line means; a relative path is one from the working directory.

    Only generated data have parameters: ``generated:gaussian[n_samples=100]``.
    """
    name, params = parse_part(text) if text.startswith(PREFIX) else (text, {})
    data = DataName(name, params)
    if not name.strip():
        raise UsageError("the name of the data is empty.", "give a path or sklearn:NAME.")
    data.check()
    return data


def read_positive(value: Any) -> tuple[str, ...] | None:
    """Return the labels in one label or a list of them, as texts; None for None."""
    if value is None:
        return None
    labels = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    for label in labels:
        if isinstance(label, bool) or not isinstance(label, str | int | float):
            raise UsageError(
                f"positive is {value!r}, not a label or a list of labels.",
                "give a name, a number, or a list of them.",
            )
    texts = tuple(label_text(label) for label in labels)
    if not all(texts) or not texts:
        raise UsageError("positive has an empty label.", "name at least one label.")
    return texts


def split_positive(value: str | Sequence[str] | None) -> tuple[str, ...] | None:
    """Return the labels in ``"a,b"`` or in a list."""
    return read_positive(value.split(",") if isinstance(value, str) else value)


def _part(value: Any, called: str) -> tuple[str, Mapping[str, Any]]:
    if isinstance(value, str):
        return parse_part(value)
    table = Table(checked(value, called, dict), called)
    name = table.take_any("name")
    if name is None:
        raise UsageError(f"{called} has no name.", f'write {called} = {{ name = "…" }}.')
    return checked(name, f"the name of {called}", str), table.rest()


def _positive(value: Any, called: str, wanted: str) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 < value <= sys.float_info.max:
        raise UsageError(f"{called} is {value!r}, not {wanted}.", f"give {wanted}.")
    return float(value)
