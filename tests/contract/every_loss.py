"""The losses that the contract is checked with: all registered ones, and three of another file."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from own_parts import Bent, LogCosh, Steep

from lrbench.losses import LOSSES


def instances() -> list[Any]:
    """Return every loss, with other parameters than the default ones too where it has any."""
    out: list[Any] = []
    for cls in (*map(LOSSES.get, LOSSES), Bent, LogCosh, Steep):
        out.append(cls())
        keys = [f.name for f in dataclasses.fields(cls)] if dataclasses.is_dataclass(cls) else []
        if keys:
            out += [cls(**dict.fromkeys(keys, value)) for value in (0.3, 0.9)]
    return out


every_loss = pytest.mark.parametrize(
    "loss", instances(), ids=lambda x: x.name if str(x).startswith("<") else str(x)
)
hypothesis = settings(max_examples=100, suppress_health_check=list(HealthCheck))
scores = st.floats(-30, 30)
targets = st.floats(-10, 10)


def target(loss: Any, number: float) -> float:
    if loss.task == "binary":
        return math.copysign(1.0, number)
    return float(round(abs(number))) if loss.task == "count" else number


def explodes(loss: Any) -> bool:
    """Return whether the loss has neither bound: it then grows faster than any parabola."""
    return math.isinf(loss.smoothness) and math.isinf(loss.lipschitz)


def at(method: Any, z: float, y: float) -> float:
    return float(method(np.array([z]), np.array([y]))[0])
