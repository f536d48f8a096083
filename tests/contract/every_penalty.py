"""The penalties that the contract is checked with: all registered ones, and two of another file."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from own_parts import Sides, Slope

from lrbench.contract.penalty import WEIGHTS
from lrbench.contract.penalty_points import SHAPE
from lrbench.penalties import PENALTIES

OTHERS: dict[str, tuple[dict[str, float], ...]] = {
    "l1_ratio": ({"l1_ratio": 0.1}, {"l1_ratio": 0.9}),
    "lower": ({"lower": -20.0, "upper": 35.0}, {"lower": 0.0, "upper": math.inf}),
    "radius": ({"radius": 60.0},),
    "width": ({"width": 7.0}, {"width": 20.0, "half_open": 2.0}),
}


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
hypothesis = settings(max_examples=50)
lanes = arrays(np.float64, SHAPE, elements=st.floats(-100, 100))
