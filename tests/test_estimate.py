from __future__ import annotations

import math

import pytest

from lrbench.control import Control
from lrbench.errors import UsageError
from lrbench.estimate import estimate
from lrbench.plan import Plan
from lrbench.spec import load_spec


def test_counts() -> None:
    plan = Plan(
        solvers=["wngrad", "sgd"], lr0=["1e-2:1e2:5"], batch_size=64, passes=3.0, replicates=4
    )
    (e,) = estimate(plan, [load_spec("logreg")], Control())
    assert e.cells == 2 * 5 * 4
    assert e.iterations == math.ceil(3 * 569 / 64)
    assert e.passes == pytest.approx(e.iterations * 64 / 569)
    assert e.solver_seconds > 0
    assert e.evaluation_seconds > 0
    assert e.memory_bytes > 569 * 30 * 8


def test_a_batch_larger_than_the_data_is_refused() -> None:
    with pytest.raises(UsageError, match="--batch-size"):
        estimate(Plan(batch_size=570), [load_spec("logreg")], Control())
