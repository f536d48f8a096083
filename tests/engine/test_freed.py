"""What a job held is free when it ends, and not when the collector of cycles comes."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from builders import linear_problem, task

from lrbench.engine import run as engine
from lrbench.kernels.library import library
from lrbench.objective.minibatches import Minibatches
from lrbench.solvers.build import build_solver

needs_compiled = pytest.mark.skipif(library() is None, reason="no compiled steps were built")


@pytest.mark.parametrize("batch_size", [None, 8])
@pytest.mark.parametrize("compiled", [pytest.param(True, marks=needs_compiled), False])
@pytest.mark.parametrize("solver", ["sgd", "adam", "wngrad"])
@pytest.mark.parametrize("minimum", [True, False])
def test_what_a_job_held_is_free_when_it_ends(
    solver: str,
    batch_size: int | None,
    compiled: bool,
    minimum: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    built, spec = build_solver(solver)
    batch = None if batch_size is None else Minibatches(30, batch_size, "replacement", 3)
    problem = linear_problem("logistic", 30, 3, weight=0.1, w0=np.array([1.0, -2.0, 0.5]), seed=2)
    work = task(problem, built, [0.1, 0.2, 1e300], 20, batch=batch, minimum=minimum)
    samplers: list[Any] = []
    made = engine.LaneLoop.__init__

    def noted(self: Any, *args: Any) -> None:
        made(self, *args)
        samplers.append(weakref.ref(self.sampler))

    monkeypatch.setattr(engine.LaneLoop, "__init__", noted)
    gc.disable()
    try:
        engine.run_lanes(replace(work.job, spec=spec, compiled=compiled), work.shared)
        assert [sampler() for sampler in samplers] == [None]
    finally:
        gc.enable()
