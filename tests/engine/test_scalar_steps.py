"""Compiled gradients and descents with the rule in Python between, against NumPy's steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from builders import Work, every_variant, linear_problem, run
from compiled_runs import (
    N_SAMPLES,
    PENALTIES,
    assert_close,
    assert_diverge_alike,
    assert_same_bits_in_every_build,
    bits,
    scattered_problem,
    work_on,
)

from lrbench.arrays import PerLane
from lrbench.engine.loop import LaneLoop
from lrbench.engine.runner import StepRunner
from lrbench.engine.scalar_steps import ScalarRunner
from lrbench.kernels import parts
from lrbench.kernels.library import library
from lrbench.losses import LOSSES
from lrbench.objective.linear.problem import LinearProblem
from lrbench.objective.oracle import Iterate, Oracle
from lrbench.results import Run, Status
from lrbench.solvers.base import Facts, Solver, Step
from lrbench.solvers.plugin import rate_rule
from lrbench.solvers.scalar_step import has_scalar_step

pytestmark = pytest.mark.skipif(library() is None, reason="no compiled steps were built")


@rate_rule(init=lambda lr0: 1.0 / lr0, name="root-growth")
def root_growth(b: PerLane, grad_norm_sq: PerLane, c: float = 0.7) -> tuple[PerLane, PerLane]:
    """WNGrad's rate with another factor, as a function of the user."""
    b = b + c * grad_norm_sq / b
    return b, 1.0 / b


@dataclass(frozen=True)
class Everything(Solver):
    """A rule that asks for all that a scalar step may ask for."""

    name = "everything"
    scalar_step = True
    theorems = "scalar-step"

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> Any:
        return (lr0, np.zeros_like(lr0))

    def step(self, W: Iterate, state: Any, oracle: Oracle) -> Step:
        lr0, total = state
        before = oracle.value(W)
        g = oracle.gradient(W)
        total = total + np.abs(g.inner(W)) + g.norm_sq() + 0.1 * np.tanh(before - oracle.value(W))
        jitter = 1.0 + 0.1 * oracle.draw(lambda rng: rng.random())
        lr = jitter * lr0 / np.sqrt(1.0 + total + np.abs(before) + 0.01 * oracle.size)
        return Step(oracle.descend(W, lr, g), lr, (lr0, total))


@dataclass(frozen=True)
class Resting(Solver):
    """Every third step rests, and others may go against the descent."""

    name = "resting"
    scalar_step = True

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> Any:
        return (lr0, 0)

    def step(self, W: Iterate, state: Any, oracle: Oracle) -> Step:
        lr0, t = state
        if t % 3 == 1:
            return Step(W, np.zeros_like(lr0), (lr0, t + 1))
        lr = lr0 * (-0.1 if t == 24 else 1.0)
        return Step(oracle.descend(W, lr, oracle.gradient(W)), lr, (lr0, t + 1))


FROM_REGISTRY = [solver for solver in every_variant() if has_scalar_step(solver)]
SLOW = [replace(solver, c=40.0) if hasattr(solver, "c") else solver for solver in FROM_REGISTRY]
"""With rates that follow from the values and gradients, below their bound."""
EVERY_RULE: list[Any] = [*SLOW, root_growth(), Everything(), Resting()]


def scalar_work(*args: Any, **options: Any) -> Work:
    """Return work with an f_star that is below F, and near it."""
    work = work_on(*args, **options)
    return work.on(constants=replace(work.shared.constants, f_star=-0.3))


def compare(work: Work, rtol: float = 1e-12) -> list[Run]:
    """Run with compiled gradients and with those of NumPy, and assert that the runs agree."""
    compiled = work.changed(compiled=True)
    assert isinstance(LaneLoop(compiled.job, compiled.shared).runner, ScalarRunner)
    ours, reference = run(compiled), run(work)
    for a, b in zip(ours, reference, strict=True):
        assert a.status is not Status.FAILED, a.error
        assert_close(a, b, rtol)
        measured, expected = (np.isnan(each.trace["subgradient_error"]) for each in (a, b))
        np.testing.assert_array_equal(measured, expected)
    return ours


def rates_of(n_lanes: int, largest: float = 0.3) -> list[float]:
    """Return learning rates, or values of the scale that takes their place, all different."""
    return [largest / 1.7**k for k in range(n_lanes)]


def test_some_solver_of_the_registry_has_a_scalar_step() -> None:
    assert FROM_REGISTRY


@pytest.mark.parametrize("solver", EVERY_RULE, ids=repr)
@pytest.mark.parametrize("batch_size", [1, 3, 16, N_SAMPLES])
@pytest.mark.parametrize("sampling", ["replacement", "reshuffle"])
@pytest.mark.parametrize("density", [None, 0.3])
def test_every_rule(solver: Any, batch_size: int, sampling: Any, density: float | None) -> None:
    problem = linear_problem("logistic", N_SAMPLES, 7, weight=0.03, intercept=True, density=density)
    rates = rates_of(11)
    compare(scalar_work(problem, solver, rates, batch_size=batch_size, sampling=sampling))


@pytest.mark.parametrize("loss", list(LOSSES))
@pytest.mark.parametrize("solver", EVERY_RULE, ids=repr)
@pytest.mark.parametrize("batch_size", [1, 5, None])
@pytest.mark.parametrize("density", [None, 0.3])
def test_every_loss(loss: str, solver: Any, batch_size: int | None, density: float | None) -> None:
    problem = linear_problem(loss, N_SAMPLES, 6, weight=0.1, density=density, seed=3)
    rates = [0.02, 0.011]
    compare(scalar_work(problem, solver, rates, batch_size=batch_size, steps=132))


@pytest.mark.parametrize("solver", EVERY_RULE, ids=repr)
@pytest.mark.parametrize("n_lanes", [1, 4, 20, 33])
def test_numbers_of_lanes(solver: Any, n_lanes: int) -> None:
    problem = scattered_problem("squared", 0.05, intercept=True)
    rates = rates_of(n_lanes, 0.1)
    compare(scalar_work(problem, solver, rates, batch_size=4, seeds=(3, 8)))


@pytest.mark.parametrize("penalty", PENALTIES, ids=repr)
@pytest.mark.parametrize("solver", EVERY_RULE, ids=repr)
def test_every_penalty(penalty: Any, solver: Any) -> None:
    w0 = np.linspace(-0.02, 0.1, 5)
    problem = linear_problem("logistic", N_SAMPLES, 5, penalty=penalty, w0=w0)
    compare(scalar_work(problem, solver, rates_of(3, 0.1)))


@pytest.mark.parametrize("solver", EVERY_RULE, ids=repr)
@pytest.mark.parametrize("minimum", [True, False])
def test_a_ball_and_several_seeds(solver: Any, minimum: bool) -> None:
    problem = linear_problem("squared", N_SAMPLES, 5, w0=np.linspace(-0.2, 0.1, 5), density=0.6)
    rates = rates_of(11, 0.1)
    options: dict[str, Any] = {"radius": 0.15, "pad_to": 8, "minimum": minimum}
    compare(scalar_work(problem, solver, rates, seeds=(4, 9, 2), **options))


@pytest.mark.parametrize("seeds", [(5,), (5, 7)])
@pytest.mark.parametrize("pad_to", [1, 8])
def test_lanes_diverge_at_the_same_step(seeds: Sequence[int], pad_to: int) -> None:
    problem = linear_problem("squared", N_SAMPLES, 4, weight=0.1)
    rates = [1e-2, 30.0, 1e-3, 3000.0, 2.0, 1e5, 1e-2, 11.0, 5e-3, 0.02, 400.0]
    work = scalar_work(problem, Resting(), rates, steps=1500, seeds=seeds, pad_to=pad_to)
    assert_diverge_alike(work)


def test_nan_in_the_data_ends_all_lanes() -> None:
    problem = linear_problem("squared", N_SAMPLES, 4)
    work = scalar_work(problem, Everything(), [0.1, 0.01, 0.02])
    problem.data.X[11, 2] = np.nan
    assert {r.status for r in compare(work)} == {Status.DIVERGED}


def test_a_target_drops_lanes() -> None:
    problem = linear_problem("squared", N_SAMPLES, 4, weight=0.1)
    work = scalar_work(problem, root_growth(), [1.0, 0.1, 0.05, 1e-5], target=0.9)
    assert {r.status for r in compare(work)} > {Status.REACHED_TARGET}


def test_a_parameter_for_each_lane() -> None:
    problem = linear_problem("squared", N_SAMPLES, 4, weight=0.1)
    values = {"c": [0.5, 1.1, 3.0]}
    compare(scalar_work(problem, root_growth(), [0.1, 0.03, 0.02], parameters=values))


@pytest.mark.parametrize("solver", EVERY_RULE, ids=repr)
@pytest.mark.parametrize("density", [None, 0.3])
@pytest.mark.parametrize("batch_size", [150, None])
def test_large_minibatches_in_parts_have_the_same_bits(
    solver: Any, density: float | None, batch_size: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = linear_problem("logistic", 170, 7, weight=0.1, density=density)
    rates = rates_of(3)
    work = scalar_work(problem, solver, rates, batch_size=batch_size, steps=132).changed(
        compiled=True
    )
    whole = [bits(r) for r in run(work)]
    monkeypatch.setattr(parts, "ENTRIES", 1)  # 32 rows a call
    assert [bits(r) for r in run(work)] == whole


@pytest.mark.parametrize("solver", EVERY_RULE, ids=repr)
@pytest.mark.parametrize("batch_size", [1, 5])
def test_every_build_has_the_same_bits(
    solver: Any, batch_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = scattered_problem("logistic", 0.05, intercept=True)
    work = scalar_work(problem, solver, rates_of(21), batch_size=batch_size)
    assert_same_bits_in_every_build(work, monkeypatch)


@pytest.mark.parametrize("loss", list(LOSSES))
def test_every_loss_has_the_same_bits_in_every_build(
    loss: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = linear_problem(loss, N_SAMPLES, 7, weight=0.1, seed=1)
    work = scalar_work(problem, Everything(), [100.0, 1.0, 0.03, 1e-4], batch_size=6)
    assert_same_bits_in_every_build(work, monkeypatch)


@pytest.mark.parametrize("solver", [root_growth(), Everything(), Resting()], ids=repr)
@pytest.mark.parametrize("density", [None, 0.09])
@pytest.mark.parametrize("batch_size", [1, 3])
def test_a_lane_has_the_same_bits_whatever_stands_beside_it(
    solver: Any, density: float | None, batch_size: int
) -> None:
    problem = linear_problem("logistic", 61, 43, weight=0.01, density=density)
    rates = [20.0 / 2.3**k for k in range(43)]
    together = run(
        scalar_work(problem, solver, rates, seeds=(3, 8), batch_size=batch_size).changed(
            compiled=True
        )
    )
    for k in (0, 7, 18, 19, 31, 42, 43, 61, 85):  # in blocks of 4, 8 and 16 lanes
        alone = scalar_work(
            problem, solver, [rates[k % 43]], seeds=((3, 8)[k // 43],), batch_size=batch_size
        )
        (own,) = run(alone.changed(compiled=True))
        for name in ("last", "average"):
            assert np.array_equal(own.iterates[name], together[k].iterates[name], equal_nan=True)
        for name in ("lr", "sum_lr_grad_norm_sq", "regret", "log_factor"):
            assert np.array_equal(own.trace[name], together[k].trace[name], equal_nan=True), name


def test_a_stop_is_asked_for_within_a_large_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that is stopped changes nothing but the running sum, which has its iterate."""
    monkeypatch.setattr(parts, "ENTRIES", 1)
    problem = linear_problem("logistic", 170, 7, weight=0.1)
    work = scalar_work(problem, root_growth(), [0.1, 0.02], batch_size=None).changed(compiled=True)
    asked: list[int] = []

    def stop(t: int) -> bool:
        asked.append(t)
        return len(asked) > 32

    ended = run(work, stop=stop)
    assert len(asked) == 33  # six in a step: before it, and between its calls
    for each in ended:
        assert (each.status, each.status_at) == (Status.INTERRUPTED, 5)
        assert each.trace["iteration"][-1] == 5
        assert np.isnan(each.trace["suboptimality_average"][-1])  # its sum has one iterate more


@dataclass(frozen=True)
class Claims(Solver):
    """A rule that says that its step is a scalar one."""

    name = "claims"
    scalar_step = True

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> Any:
        return (lr0,)


class TakesTheArray(Claims):
    scalar_step = True

    def step(self, W: Iterate, state: Any, oracle: Oracle) -> Step:
        g = oracle.gradient(W)
        lr = state[0] / (1.0 + np.abs(g.dense()).max(axis=0))
        return Step(oracle.descend(W, lr, g), lr, state)


class LooksTwice(Claims):
    scalar_step = True

    def step(self, W: Iterate, state: Any, oracle: Oracle) -> Step:
        oracle.gradient(W)
        return Step(oracle.descend(W, state[0], oracle.gradient(W)), state[0], state)


class Stays(Claims):
    scalar_step = True

    def step(self, W: Iterate, state: Any, oracle: Oracle) -> Step:
        oracle.gradient(W)
        return Step(W, np.zeros_like(state[0]), state)


class SaysAnotherRate(Claims):
    scalar_step = True

    def step(self, W: Iterate, state: Any, oracle: Oracle) -> Step:
        return Step(oracle.descend(W, state[0], oracle.gradient(W)), 2.0 * state[0], state)


class GoesOn(Claims):
    scalar_step = True

    def step(self, W: Iterate, state: Any, oracle: Oracle) -> Step:
        W = oracle.descend(W, state[0], oracle.gradient(W))
        oracle.value(W)
        return Step(W, state[0], state)


class TakesSomeLanes(Claims):
    scalar_step = True

    def step(self, W: Iterate, state: Any, oracle: Oracle) -> Step:
        g = oracle.gradient(W)
        oracle.value(W, state[0] > 0.05)
        return Step(oracle.descend(W, state[0], g), state[0], state)


FALSE_CLAIMS = [
    (TakesSomeLanes, "asks for some lanes only"),
    (TakesTheArray, "asks its gradient for dense"),
    (LooksTwice, "asks for a second gradient"),
    (Stays, "ends without its descent"),
    (SaysAnotherRate, "returns other rates than those of its descent"),
    (GoesOn, "goes on after its descent"),
]


def small_problem() -> LinearProblem:
    return linear_problem("squared", N_SAMPLES, 4, weight=0.1)


@pytest.mark.parametrize(("solver", "sentence"), FALSE_CLAIMS)
def test_a_step_that_asks_for_more_fails(solver: type[Claims], sentence: str) -> None:
    work = scalar_work(small_problem(), solver(), [0.1, 0.03])
    for each in run(work.changed(compiled=True)):
        assert each.status is Status.FAILED
        assert sentence in str(each.error)
    assert all(each.status is not Status.FAILED for each in run(work))


class ChangesItsRates(Claims):
    """Halves the array of its rates after the descent."""

    scalar_step = True

    def step(self, W: Iterate, state: Any, oracle: Oracle) -> Step:
        lr = state[0].copy()
        W = oracle.descend(W, lr, oracle.gradient(W))
        lr *= 0.5
        return Step(W, lr, state)


def test_rates_that_change_after_the_descent_are_seen() -> None:
    """By NumPy's steps, too: their certificates are not judged."""
    work = scalar_work(small_problem(), ChangesItsRates(), rates_of(3))
    for each in run(work.changed(compiled=True)):
        assert each.status is Status.FAILED
        assert "returns other rates than those of its descent" in str(each.error)
    for each in run(work):
        assert each.status is not Status.FAILED
        assert each.trace["first_other_step"][-1] == 0


@rate_rule(name="whole-rates")
def whole_rates(b: PerLane, grad_norm_sq: PerLane) -> tuple[PerLane, Any]:
    """Rates that are whole numbers."""
    return b, np.ones(len(b), dtype=int)


@rate_rule(name="clears-the-norm")
def clears_the_norm(b: PerLane, grad_norm_sq: PerLane) -> tuple[PerLane, PerLane]:
    """Writes into what it is given."""
    grad_norm_sq *= 0.0
    return b, b


@rate_rule(name="constant-rate")
def constant_rate(b: PerLane, grad_norm_sq: PerLane) -> tuple[PerLane, PerLane]:
    """The same rates, without that."""
    return b, b


@pytest.mark.parametrize("compiled", [False, True])
def test_a_rule_may_write_into_the_norm(compiled: bool) -> None:
    work = scalar_work(small_problem(), clears_the_norm(), rates_of(3))
    work = work.changed(compiled=compiled)
    clears, keeps = run(work), run(work.changed(solver=constant_rate()))
    for one, other in zip(clears, keeps, strict=True):
        assert_close(one, other, 0.0)


def test_rates_that_are_whole_numbers() -> None:
    for each in compare(scalar_work(small_problem(), whole_rates(), rates_of(3))):
        assert np.isnan(each.trace["first_other_step"]).all()


def test_a_class_that_inherits_the_claim_does_not_make_it() -> None:
    class Inherits(TakesTheArray):
        pass

    work = scalar_work(small_problem(), Inherits(), [0.1, 0.03]).changed(compiled=True)
    assert type(LaneLoop(work.job, work.shared).runner) is StepRunner


def test_a_step_that_raises_leaves_the_iterates_of_the_steps_before() -> None:
    class Raises(Resting):
        scalar_step = True

        def step(self, W: Iterate, state: Any, oracle: Oracle) -> Step:
            if state[1] == 71:
                oracle.gradient(W)
                raise RuntimeError("no more")
            return super().step(W, state, oracle)

    work = scalar_work(small_problem(), Raises(), [0.1, 0.03])
    for a, b in zip(run(work.changed(compiled=True)), run(work), strict=True):
        assert a.status is Status.FAILED
        assert_close(a, b)
