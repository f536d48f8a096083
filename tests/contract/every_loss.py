"""The losses that the contract is checked with: all registered ones, and three of another file."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from builders import Array
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from own_parts import Bent, LogCosh, Steep

from lrbench.contract.loss import loss_instances
from lrbench.losses import LOSSES


def instances() -> list[Any]:
    """Return every loss, with other parameters than the default ones too where it has any."""
    classes = (*map(LOSSES.get, LOSSES), Bent, LogCosh, Steep)
    return [loss for cls in classes for loss in loss_instances(cls)]


every_loss = pytest.mark.parametrize(
    "loss", instances(), ids=lambda x: x.name if str(x).startswith("<") else str(x)
)
hypothesis = settings(max_examples=25, suppress_health_check=list(HealthCheck))
scores = st.floats(-30, 30)
targets = st.floats(-10, 10)

POINTS = 5
"""The points of an example: a loss takes them at once, in the time that it takes one."""


def points_of(*coordinates: st.SearchStrategy[float]) -> st.SearchStrategy[Array]:
    """Draw an array with a row for each coordinate and a column for each point."""
    points = st.lists(st.tuples(*coordinates), min_size=POINTS, max_size=POINTS)
    return points.map(lambda rows: np.array(rows).T)


def at(method: Any, z: float, y: float) -> float:
    return float(method(np.array([z]), np.array([y]))[0])
