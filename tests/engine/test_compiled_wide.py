"""Compiled steps that touch the columns of their rows on wide data, against those of NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from builders import Work, linear_problem, run
from compiled_runs import (
    WITH_RULE,
    assert_close,
    assert_same_bits_in_every_build,
    bits,
    compare,
    scattered_problem,
    work_on,
)

from lrbench.engine import compiled
from lrbench.engine.loop import LaneLoop
from lrbench.engine.runner import StepRunner
from lrbench.engine.runners import numpy_cause
from lrbench.kernels.library import library
from lrbench.losses import LOSSES
from lrbench.objective.linear import sampler
from lrbench.objective.linear.touched import ScaledSampler
from lrbench.results import Run, Status
from lrbench.solvers.polyak import Polyak
from lrbench.solvers.sgd import SGD
from lrbench.solvers.wngrad import WNGrad

pytestmark = pytest.mark.skipif(library() is None, reason="no compiled steps were built")

WITH_FEW_COLUMNS = [solver for solver in WITH_RULE if not solver.dense_iterates]

W0 = np.linspace(-0.3, 0.2, 44)


@pytest.fixture(autouse=True)
def _small_data_are_wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampler, "FEW_FEATURES", 16)
    monkeypatch.setattr(sampler, "MANY_FEATURES", 16)


def compare_scaled(work: Work, rtol: float = 1e-12) -> list[Run]:
    assert isinstance(LaneLoop(work.job, work.shared).sampler, ScaledSampler)
    return compare(work, rtol)


@pytest.mark.parametrize("solver", WITH_FEW_COLUMNS, ids=repr)
@pytest.mark.parametrize("batch_size", [1, 2])
@pytest.mark.parametrize("weight", [0.0, 0.05])
@pytest.mark.parametrize("intercept", [False, True])
def test_every_rule(solver: Any, batch_size: int, weight: float, intercept: bool) -> None:
    problem = scattered_problem("logistic", weight, intercept=intercept, w0=W0[: 43 + intercept])
    rates = [0.9 / 1.9**k for k in range(11)]
    compare_scaled(work_on(problem, solver, rates, batch_size=batch_size))


@pytest.mark.parametrize("loss", list(LOSSES))
@pytest.mark.parametrize("sampling", ["replacement", "reshuffle"])
@pytest.mark.parametrize("minimum", [True, False])
def test_every_loss(loss: str, sampling: Any, minimum: bool) -> None:
    problem = scattered_problem(loss, 0.1, seed=3)
    rates = [0.2, 0.05, 0.011]
    work = work_on(problem, WNGrad(), rates, batch_size=2, sampling=sampling, minimum=minimum)
    compare_scaled(work)


def test_steps_that_shrink_all_coordinates_far() -> None:
    """Rates near 1 / l2, where a step leaves little, nothing, or the opposite of the iterate."""
    problem = scattered_problem("logistic", 2.0, w0=W0[:43])
    rates = [0.4, 0.499, 0.4999, 0.5, 0.5001, 0.7, 0.9999]
    compare_scaled(work_on(problem, SGD(), rates, batch_size=2), rtol=1e-10)


def many_columns(batch_size: int) -> Work:
    """Return work on data of which a window has few steps, or a step more entries than usual."""
    problem = linear_problem("logistic", 61, 60_000, weight=0.05, density=0.002, intercept=True)
    like = scattered_problem("logistic", 0.05)  # whose constants do for both, and cost nothing
    work = work_on(like, WNGrad(), [0.5, 0.1, 0.02, 0.9, 0.3], batch_size=batch_size, steps=67)
    return work.on(problem=problem, w_star=np.linspace(-0.5, 0.7, problem.n_features))


@pytest.mark.parametrize("batch_size", [16, 100])
def test_windows_of_every_size(batch_size: int) -> None:
    compare_scaled(many_columns(batch_size))


@pytest.mark.parametrize("batch_size", [1, 16])
def test_the_ends_of_calls_change_no_bit(batch_size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    work = many_columns(batch_size).changed(compiled=True)
    seen = []
    for seconds in (0.0, np.inf):  # calls of one step, and of twice as many as the call before
        monkeypatch.setattr(compiled, "CALL_SECONDS", seconds)
        seen.append([bits(r) for r in run(work)])
    assert seen[0] == seen[1]


RATES = [0.01, 0.02, 0.003, 0.004]


def test_lanes_diverge_at_the_same_step_and_change_no_bit_of_others() -> None:
    problem = scattered_problem("squared", 0.2, intercept=True)

    def work(rates: list[float]) -> Work:
        return work_on(problem, SGD(), rates, batch_size=1, steps=700)

    beside = work([*RATES, 60.0, 9.0, 4e3])
    alone, together = run(work(RATES).changed(compiled=True)), run(beside.changed(compiled=True))
    for a, b in zip(alone, together, strict=False):
        for name in ("last", "average"):
            assert np.array_equal(a.iterates[name], b.iterates[name])
    reference = run(beside)
    assert len({r.status_at for r in reference if r.status is Status.DIVERGED}) == 3
    for a, b in zip(together, reference, strict=True):
        if b.status is Status.DIVERGED:
            assert (a.status, a.status_at) == (b.status, b.status_at)
            assert len(a.trace["iteration"]) == len(b.trace["iteration"])
            scale = np.abs(b.iterates["average"]).max()
            difference = a.iterates["average"] - b.iterates["average"]
            assert np.abs(difference).max() <= 1e-9 * scale
        else:
            assert_close(a, b)


def test_nan_in_the_data_ends_all_lanes() -> None:
    problem = scattered_problem("squared", 0.2)
    work = work_on(problem, WNGrad(), [0.1, 0.01, 0.02], batch_size=2)
    X: Any = problem.data.X
    X.data[11] = np.nan
    assert {r.status for r in compare_scaled(work)} == {Status.DIVERGED}


def test_a_target_drops_lanes() -> None:
    problem = scattered_problem("squared", 0.1)
    work = work_on(problem, WNGrad(), [1.0, 0.1, 0.05, 1e-5], batch_size=2, target=1e9 + 1.3)
    assert {r.status for r in compare_scaled(work)} > {Status.REACHED_TARGET}


@pytest.mark.parametrize("solver", WITH_FEW_COLUMNS, ids=repr)
@pytest.mark.parametrize("batch_size", [1, 2])
def test_every_build_has_the_same_bits(
    solver: Any, batch_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = scattered_problem("logistic", 0.05, intercept=True)
    rates = [40.0 / 2.3**k for k in range(21)]
    work = work_on(problem, solver, rates, batch_size=batch_size).changed(compiled=True)
    assert_same_bits_in_every_build(work, monkeypatch)


@pytest.mark.parametrize("solver", WITH_FEW_COLUMNS, ids=repr)
@pytest.mark.parametrize("batch_size", [1, 2])
def test_a_lane_has_the_same_bits_whatever_stands_beside_it(solver: Any, batch_size: int) -> None:
    problem = scattered_problem("logistic", 0.01)
    rates = [50.0 / 2.3**k for k in range(31)]
    together = run(work_on(problem, solver, rates, batch_size=batch_size).changed(compiled=True))
    for k in (0, 7, 15, 16, 24, 30):
        alone = work_on(problem, solver, [rates[k]], batch_size=batch_size).changed(compiled=True)
        (own,) = run(alone)
        for name in ("last", "average"):
            assert np.array_equal(own.iterates[name], together[k].iterates[name], equal_nan=True)
        for name in ("lr", "sum_lr_grad_norm_sq", "regret", "log_factor"):
            assert np.array_equal(own.trace[name], together[k].trace[name], equal_nan=True), name


@pytest.mark.parametrize(("solver", "radius"), [(SGD(), 0.3), (Polyak(), None)])
def test_a_ball_and_rules_in_python_are_left_to_numpy(solver: Any, radius: float | None) -> None:
    problem = scattered_problem("squared", 0.1)
    work = work_on(problem, solver, [1.0, 0.5], batch_size=2, radius=radius).changed(compiled=True)
    loop = LaneLoop(work.job, work.shared)
    assert isinstance(loop.sampler, ScaledSampler)
    assert type(loop.runner) is StepRunner
    cause = numpy_cause(solver, loop.sampler, np.array([1.0, 0.5]))
    assert "so wide that a step touches" in cause
