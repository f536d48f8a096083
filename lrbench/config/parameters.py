"""The parameters of a solver, loss or penalty, which its class must keep as they are given."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from lrbench.errors import UsageError, quoted


def check_kept(part: Any, asked: Mapping[str, Any], called: str) -> None:
    """Check that an object has the parameters that its class was called with.

    Tables, stores and sweeps name the values that were asked for, and would be wrong of others. The
    type may be another one: 2.0 for 2.

    Parameters
    ----------
    part
        The object.
    asked
        The parameters, by name: numbers, words, or arrays of numbers.
    called
        What the error calls the object: ``"solver wngrad"``.

    Raises
    ------
    UsageError
        If its ``__post_init__`` has changed one.
    """
    for key, value in asked.items():
        kept = getattr(part, key)
        if kept is value or np.array_equal(kept, value):
            continue
        each, each_kept = np.ravel(value).tolist(), np.ravel(kept).tolist()
        if len(each) == len(each_kept):  # of several lanes the first that differs
            pairs = zip(each, each_kept, strict=True)
            value, kept = next(pair for pair in pairs if pair[0] != pair[1])
        raise UsageError(
            f"{called} was given {key} = {quoted(value)}, and has {quoted(kept)}.",
            "let its __post_init__ refuse a value, and change none: compute what follows from it"
            " in a method.",
        )


def check_remade(part: Any, called: str) -> None:
    """Check that an object is the same when its class is called with the object's parameters.

    So it is made anew in workers, and with other values of one of its parameters.

    Raises
    ------
    UsageError
        If its ``__post_init__`` changes one.
    """
    if dataclasses.is_dataclass(part):
        values = {f.name: getattr(part, f.name) for f in dataclasses.fields(part) if f.init}
        check_kept(dataclasses.replace(part), values, called)  # type: ignore[type-var]
