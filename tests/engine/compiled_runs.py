"""Runs with compiled steps beside the same runs with those of NumPy, which are the reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from builders import Work, every_variant, linear_problem, run, task

from lrbench.engine.compiled import CompiledRunner, has_rule
from lrbench.engine.loop import LaneLoop
from lrbench.kernels.library import BUILDS, SWITCH, library
from lrbench.objective.linear.problem import LinearProblem
from lrbench.objective.minibatches import Minibatches
from lrbench.penalties.ball import BallPenalty
from lrbench.penalties.box import Box
from lrbench.penalties.elastic_net import ElasticNet
from lrbench.penalties.l1 import L1
from lrbench.penalties.l2 import L2
from lrbench.penalties.none import NoPenalty
from lrbench.results import Run, Status

WITH_RULE = [solver for solver in every_variant() if has_rule(solver)]


def smooth(solver: Any) -> Any:
    """Return the solver with an epsilon under which a step does not magnify rounding.

    Where a coordinate's gradient is nearly 0, the default ones divide it by nearly as little.
    """
    return replace(solver, eps=1e-2) if hasattr(solver, "eps") else solver


SMOOTH = [smooth(solver) for solver in WITH_RULE]

ROUNDING_ONLY = {"seconds", "average_error", "regret_error", "subgradient_error"}
"""Columns of times, and of errors in units of the rounding."""

N_SAMPLES = 37

PENALTIES = [
    NoPenalty(),
    L2(0.2),
    L1(0.1),
    ElasticNet(0.2, 0.4),
    Box(-0.05, np.inf),
    BallPenalty(0.3),
]


def largest_rate(solver: Any) -> float:
    """Return a learning rate that is stable: lr0 is the length of a step for some."""
    return 0.003 if hasattr(solver, "eps") else 0.3


def work_on(
    problem: LinearProblem,
    solver: Any,
    lr0: Sequence[float],
    *,
    batch_size: int | None = 3,
    steps: int = 150,
    sampling: Any = "replacement",
    seeds: Sequence[int] = (5,),
    minimum: bool = True,
    **options: Any,
) -> Work:
    """Return work with checkpoints that are no multiples of anything, and some reference point."""
    batch = None
    if batch_size is not None:
        batch = Minibatches(problem.n_samples, batch_size, sampling, seeds[0])
    marks = sorted({*range(4), 17, 66, 131, steps})
    work = task(
        problem,
        solver,
        lr0,
        steps,
        checkpoints=marks,
        batch=batch,
        seeds=seeds,
        minimum=False,
        f_star=-1e9,
        **options,
    )
    star = np.linspace(-0.5, 0.7, problem.n_features)
    return work.on(w_star=star) if minimum else work


def assert_close(ours: Run, reference: Run, rtol: float = 1e-12) -> None:
    """Assert that a run has the numbers of the reference, relative to the largest of a column."""
    assert (ours.status, ours.status_at) == (reference.status, reference.status_at)
    assert ours.trace.keys() == reference.trace.keys()
    for name in ours.trace.keys() - ROUNDING_ONLY:
        a, b = np.asarray(ours.trace[name]), np.asarray(reference.trace[name])
        scale = np.abs(b[np.isfinite(b)]).max(initial=0.0)
        if name.startswith("suboptimality"):
            continue  # the objective less a number far below it
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * scale, err_msg=name)
    for name, point in reference.iterates.items():
        scale = np.abs(point).max(initial=0.0)
        np.testing.assert_allclose(ours.iterates[name], point, rtol=rtol, atol=rtol * scale)
    for name in ("average_error", "subgradient_error"):
        assert not (np.asarray(ours.trace[name]) > 1.0).any(), name


def compare(work: Work, rtol: float = 1e-12) -> list[Run]:
    """Run with compiled steps and without, and assert that the runs agree."""
    compiled = work.changed(compiled=True)
    assert isinstance(LaneLoop(compiled.job, compiled.shared).runner, CompiledRunner)
    ours, reference = run(compiled), run(work)
    for a, b in zip(ours, reference, strict=True):
        assert a.status is not Status.FAILED, a.error
        assert_close(a, b, rtol)
    return ours


def scattered_problem(loss: str, weight: float, **options: Any) -> LinearProblem:
    """Return a problem with data of which a small minibatch has entries in few columns."""
    return linear_problem(loss, 61, 43, weight=weight, density=0.09, **options)


def bits(run: Run) -> Mapping[str, bytes]:
    """Return every bit of a run but for its times."""
    out = {k: np.asarray(v).tobytes() for k, v in run.trace.items() if k != "seconds"}
    return out | {f"iterates {k}": v.tobytes() for k, v in run.iterates.items()}


def of_every_build(work: Work, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return every bit of the runs of each build."""
    seen = {}
    for build in BUILDS:
        monkeypatch.setenv(SWITCH, build)
        if (loaded := library()) is not None:
            assert loaded.build == build
            seen[build] = [bits(r) for r in run(work)]
    assert "baseline" in seen
    return list(seen.values())


def assert_same_bits_in_every_build(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run with each build of the compiled steps, and assert that the runs have the same bits."""
    first, *others = of_every_build(work.changed(compiled=True), monkeypatch)
    assert all(each == first for each in others)


def assert_diverge_alike(work: Work) -> None:
    """Assert that lanes diverge at the same steps compiled and not, and that the others agree."""
    ours, reference = run(work.changed(compiled=True)), run(work)
    ends = [(r.status, r.status_at) for r in ours]
    assert ends == [(r.status, r.status_at) for r in reference]
    assert len({end for status, end in ends if status is Status.DIVERGED}) > 3
    for a, b in zip(ours, reference, strict=True):
        if b.status is not Status.DIVERGED:
            assert_close(a, b)
        else:
            assert len(a.trace["iteration"]) == len(b.trace["iteration"])
            np.testing.assert_allclose(a.iterates["average"], b.iterates["average"], rtol=1e-9)
