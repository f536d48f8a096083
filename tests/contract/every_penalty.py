"""The penalties that the contract is checked with: all registered ones, and two of another file."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from builders import Array
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from own_parts import Sides, Slope

from lrbench.penalties import PENALTIES

WEIGHTS = (0.0, 0.03, 1.0, 7.0)
OTHERS: dict[str, tuple[dict[str, float], ...]] = {
    "l1_ratio": ({"l1_ratio": 0.1}, {"l1_ratio": 0.9}),
    "lower": ({"lower": -20.0, "upper": 35.0}, {"lower": 0.0, "upper": math.inf}),
    "radius": ({"radius": 60.0},),
    "width": ({"width": 7.0}, {"width": 20.0, "half_open": 2.0}),
}
SHAPE = (4, 3)
RATES = np.array([1e-3, 1.0, 50.0])


def instances() -> list[Any]:
    """Return every penalty, at several weights where it must be given one."""
    out: list[Any] = []
    for cls in (*map(PENALTIES.get, PENALTIES), Sides, Slope):
        fields = {field.name: field.default for field in dataclasses.fields(cls)}
        needed = fields.get("weight") is dataclasses.MISSING
        for others in ({}, *(o for key in fields for o in OTHERS.get(key, ()))):
            out += [cls(w, **others) for w in WEIGHTS] if needed else [cls(**others)]
    return out


every_penalty = pytest.mark.parametrize("penalty", instances(), ids=str)
smooth_penalty = pytest.mark.parametrize(
    "penalty",
    [p for p in instances() if math.isfinite(p.smoothness) and not p.indicator],
    ids=str,
)
indicator = pytest.mark.parametrize("penalty", [p for p in instances() if p.indicator], ids=str)
hypothesis = settings(max_examples=50)
lanes = arrays(np.float64, SHAPE, elements=st.floats(-100, 100))


def inside(penalty: Any, W: Array) -> Array:
    """Return a point where the penalty is finite."""
    out: Array = penalty.prox(W.copy(), np.ones(SHAPE[1])) if penalty.indicator else W
    return out
