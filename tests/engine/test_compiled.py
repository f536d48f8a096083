"""The compiled steps against those of NumPy, which are the reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from builders import Work, facts_of, linear_problem, run
from compiled_runs import (
    N_SAMPLES,
    PENALTIES,
    SMOOTH,
    WITH_RULE,
    assert_diverge_alike,
    assert_same_bits_in_every_build,
    bits,
    compare,
    largest_rate,
    scattered_problem,
    work_on,
)

from lrbench.engine import compiled
from lrbench.errors import DataError
from lrbench.kernels import parts
from lrbench.kernels.codes import RuleCode
from lrbench.kernels.library import SWITCH, library
from lrbench.losses import LOSSES
from lrbench.results import Status
from lrbench.solvers.sgd import SGD
from lrbench.solvers.wngrad import WNGrad

pytestmark = pytest.mark.skipif(library() is None, reason="no compiled steps were built")


@pytest.mark.parametrize("solver", SMOOTH, ids=repr)
@pytest.mark.parametrize("batch_size", [1, 3, 16, N_SAMPLES])
@pytest.mark.parametrize("sampling", ["replacement", "reshuffle"])
@pytest.mark.parametrize("density", [None, 0.3])
def test_every_rule(solver: Any, batch_size: int, sampling: Any, density: float | None) -> None:
    problem = linear_problem("logistic", N_SAMPLES, 7, weight=0.03, intercept=True, density=density)
    rates = [largest_rate(solver) / 2**k for k in range(11)]
    compare(work_on(problem, solver, rates, batch_size=batch_size, sampling=sampling))


@pytest.mark.parametrize("loss", list(LOSSES))
@pytest.mark.parametrize("batch_size", [1, 3, 16, N_SAMPLES])
@pytest.mark.parametrize("density", [None, 0.3])
def test_every_loss(loss: str, batch_size: int, density: float | None) -> None:
    problem = linear_problem(loss, N_SAMPLES, 6, weight=0.1, density=density, seed=3)
    compare(work_on(problem, WNGrad(), [0.2, 0.05, 0.011], batch_size=batch_size))


@pytest.mark.parametrize("solver", SMOOTH, ids=repr)
@pytest.mark.parametrize("density", [None, 0.3])
@pytest.mark.parametrize("n_lanes", [1, 3, 11])
def test_full_batches(solver: Any, density: float | None, n_lanes: int) -> None:
    problem = linear_problem("logistic", N_SAMPLES, 7, weight=0.03, intercept=True, density=density)
    rates = [largest_rate(solver) / 2**k for k in range(n_lanes)]
    compare(work_on(problem, solver, rates, batch_size=None))


def test_a_worker_without_compiled_steps_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its bits would not be those of the other workers."""
    work = work_on(linear_problem("squared", N_SAMPLES, 4), WNGrad(), [0.1]).changed(compiled=True)
    monkeypatch.setenv(SWITCH, "0")
    with pytest.raises(DataError, match="a worker has no compiled steps"):
        run(work)


def test_the_rule_is_that_of_the_class_of_the_step() -> None:
    """A class that inherits a rule, and steps otherwise, would be another method when compiled."""
    for solver in WITH_RULE:
        owners = [
            next(c for c in type(solver).__mro__ if name in vars(c))
            for name in ("step", "compiled_rule")
        ]
        assert owners[0] is owners[1], solver


def test_every_compiled_rule_is_that_of_a_solver() -> None:
    lr0 = np.array([0.1])
    codes = set()
    for solver in WITH_RULE:
        state = solver.init(
            np.zeros((3, 1)), lr0, facts_of(linear_problem("squared", 9, 3), solver)
        )
        codes.add(solver.compiled_rule(state, 5).code)
    assert codes == set(RuleCode)


@pytest.mark.parametrize("solver", SMOOTH, ids=repr)
@pytest.mark.parametrize("batch_size", [1, 3])
@pytest.mark.parametrize("weight", [0.0, 0.05])
@pytest.mark.parametrize("intercept", [False, True])
def test_steps_that_visit_few_columns(
    solver: Any, batch_size: int, weight: float, intercept: bool
) -> None:
    w0 = np.linspace(-0.3, 0.2, 43 + intercept)
    problem = scattered_problem("logistic", weight, intercept=intercept, w0=w0)
    rates = [3.0 * largest_rate(solver) / 1.9**k for k in range(11)]
    compare(work_on(problem, solver, rates, batch_size=batch_size))


def test_steps_that_shrink_all_coordinates_far() -> None:
    """Rates near 1 / l2, where a step leaves little, nothing, or the opposite of the iterate."""
    w0 = np.linspace(-0.3, 0.2, 43)
    problem = scattered_problem("logistic", 2.0, w0=w0)
    compare(work_on(problem, SGD(), [0.4, 0.499, 0.4999, 0.5, 0.5001, 0.7, 0.9999]), rtol=1e-10)


def test_a_lane_that_diverges_changes_no_bit_of_others() -> None:
    problem = scattered_problem("squared", 0.2)
    rates = [0.01, 0.02, 0.003, 0.004]
    alone = run(work_on(problem, SGD(), rates, batch_size=1, steps=700).changed(compiled=True))
    beside = work_on(problem, SGD(), [*rates, 60.0, 9.0, 4e3], batch_size=1, steps=700)
    together = run(beside.changed(compiled=True))
    ends = [r.status_at for r in together[4:] if r.status is Status.DIVERGED]
    assert len(set(ends)) == 3
    assert any(end % 64 not in (0, 63) for end in ends)
    for a, b in zip(alone, together, strict=False):
        for name in ("last", "average"):
            assert np.array_equal(a.iterates[name], b.iterates[name])


@pytest.mark.parametrize("batch_size", [1, 3, 16])
@pytest.mark.parametrize("diverging", [[], [60.0, 4e3]])
def test_the_ends_of_calls_change_no_bit(
    batch_size: int, diverging: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lanes that diverge end legs at other steps; the average of these alone is rounded there."""
    problem = scattered_problem("squared", 0.2, intercept=True)
    rates = [0.01, 0.02, 0.003, 0.0007, *diverging]
    work = work_on(problem, SGD(), rates, batch_size=batch_size, seeds=(3, 8), steps=400)
    seen = []
    for seconds in (0.0, np.inf):  # calls of one step, and of twice as many as the call before
        monkeypatch.setattr(compiled, "CALL_SECONDS", seconds)
        runs = run(work.changed(compiled=True))
        seen.append([bits(r) for r in runs if r.status is not Status.DIVERGED])
    assert seen[0] == seen[1]
    assert len(seen[0]) == 8


@pytest.mark.parametrize("penalty", PENALTIES, ids=repr)
@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("w0", [None, np.linspace(-0.02, 0.1, 5)], ids=["zeros", "elsewhere"])
def test_every_penalty(penalty: Any, loss: str, w0: Any) -> None:
    problem = linear_problem(loss, N_SAMPLES, 5, penalty=penalty, w0=w0)
    compare(work_on(problem, SGD(), [0.1, 0.03, 0.0071]))


@pytest.mark.parametrize("minimum", [True, False])
@pytest.mark.parametrize("pad_to", [1, 8])
def test_a_ball_and_several_seeds(minimum: bool, pad_to: int) -> None:
    problem = linear_problem("squared", N_SAMPLES, 5, w0=np.linspace(-0.2, 0.1, 5), density=0.6)
    rates = [0.1 / 1.7**k for k in range(11)]
    compare(
        work_on(
            problem,
            WNGrad(c=0.3),
            rates,
            seeds=(4, 9, 2),
            radius=0.15,
            pad_to=pad_to,
            minimum=minimum,
        )
    )


@pytest.mark.parametrize("varied", ["c", "eta", "power"])
def test_a_parameter_for_each_lane(varied: str) -> None:
    solver = {"c": WNGrad(), "power": SGD(schedule="poly")}
    own: Any = solver.get(varied) or next(s for s in WITH_RULE if hasattr(s, varied))
    problem = linear_problem("squared", N_SAMPLES, 4, weight=0.1)
    values = {varied: [0.5, 1.1, 3.0]}
    compare(work_on(problem, own, [0.1, 0.03, 0.02], parameters=values))


def test_no_theory_without_strong_convexity_or_smoothness() -> None:
    for L in (2.0, np.inf):
        problem = linear_problem("absolute", N_SAMPLES, 4)
        compare(work_on(problem, WNGrad(), [0.4, 0.003], L=L, mu=0.0, mu_pl=0.0))


def test_rates_cross_the_limits_of_the_certificates() -> None:
    """The sums since lr L <= 1 start again whenever a lane comes below it."""
    problem = linear_problem("squared", N_SAMPLES, 4, weight=0.1)
    runs = compare(work_on(problem, SGD(schedule="cosine"), [0.3, 0.2, 0.16], L=7.0), rtol=1e-11)
    entries = {float(r.trace["stable_from"][-1]) for r in runs}
    assert len(entries) == 3
    assert min(entries) > 0.0


def diverging(**options: Any) -> Work:
    """Return work in which lanes overflow after different numbers of steps, and others do not."""
    problem = linear_problem("squared", N_SAMPLES, 4, weight=0.1)
    rates = [1e-2, 30.0, 1e-3, 3000.0, 2.0, 1e5, 1e-2, 11.0, 5e-3, 0.02, 400.0]
    return work_on(problem, SGD(), rates, steps=1500, **options)


@pytest.mark.parametrize("seeds", [(5,), (5, 7)])
@pytest.mark.parametrize("pad_to", [1, 8])
def test_lanes_diverge_at_the_same_step(seeds: Sequence[int], pad_to: int) -> None:
    assert_diverge_alike(diverging(seeds=seeds, pad_to=pad_to))


def test_nan_in_the_data_ends_all_lanes() -> None:
    problem = linear_problem("squared", N_SAMPLES, 4)
    work = work_on(problem, WNGrad(), [0.1, 0.01, 0.02])
    problem.data.X[11, 2] = np.nan
    assert {r.status for r in compare(work)} == {Status.DIVERGED}


def test_a_target_drops_lanes() -> None:
    problem = linear_problem("squared", N_SAMPLES, 4, weight=0.1)
    work = work_on(problem, WNGrad(), [1.0, 0.1, 0.05, 1e-5], target=1e9 + 0.9)
    runs = compare(work)
    assert {r.status for r in runs} > {Status.REACHED_TARGET}


@pytest.mark.parametrize(
    "problem",
    [linear_problem("logistic", N_SAMPLES, 4, weight=0.1), scattered_problem("logistic", 0.1)],
    ids=["all columns", "few columns"],
)
def test_steps_beyond_the_horizon_rest(problem: Any) -> None:
    work = work_on(problem, SGD(schedule="linear"), [0.1, 0.02], batch_size=2)
    budget = work.job.budget
    longer = replace(budget, checkpoints=[*budget.checkpoints, 200])
    if 200 in longer.rows:
        compare(work.changed(budget=longer))


@pytest.mark.parametrize("density", [None, 0.4])
@pytest.mark.parametrize("loss", list(LOSSES))
@pytest.mark.parametrize(("rates", "batch_size"), [([100.0, 1.0, 0.03, 1e-4], 6), ([1.0], None)])
def test_every_build_has_the_same_bits(
    loss: str,
    density: float | None,
    rates: list[float],
    batch_size: int | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problem = linear_problem(loss, N_SAMPLES, 7, weight=0.1, density=density, seed=1)
    work = work_on(problem, WNGrad(), rates, batch_size=batch_size).changed(compiled=True)
    assert_same_bits_in_every_build(work, monkeypatch)


@pytest.mark.parametrize("solver", WITH_RULE, ids=repr)
@pytest.mark.parametrize("batch_size", [1, 5])
def test_every_rule_has_the_same_bits_in_every_build(
    solver: Any, batch_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = scattered_problem("logistic", 0.05, intercept=True)
    rates = [40.0 / 2.3**k for k in range(21)]
    work = work_on(problem, solver, rates, batch_size=batch_size).changed(compiled=True)
    assert_same_bits_in_every_build(work, monkeypatch)


@pytest.mark.parametrize("solver", WITH_RULE, ids=repr)
@pytest.mark.parametrize("density", [None, 0.09])
@pytest.mark.parametrize("batch_size", [1, 3, None])
def test_a_lane_has_the_same_bits_whatever_stands_beside_it(
    solver: Any, density: float | None, batch_size: int | None
) -> None:
    """The steps have; what is measured at a checkpoint is a product of NumPy's."""
    problem = linear_problem("logistic", 61, 43, weight=0.01, density=density)
    rates = [50.0 / 2.3**k for k in range(43)]
    together = run(
        work_on(problem, solver, rates, seeds=(3, 8), batch_size=batch_size).changed(compiled=True)
    )
    columns = {"lr", "sum_lr_grad_norm_sq", "regret", "log_factor", *solver.traced}
    for k in (0, 7, 18, 19, 31, 42, 43, 61, 85):  # in blocks of 4, 8 and 16 lanes
        alone = work_on(
            problem, solver, [rates[k % 43]], seeds=((3, 8)[k // 43],), batch_size=batch_size
        )
        (own,) = run(alone.changed(compiled=True))
        for name in ("last", "average"):
            assert np.array_equal(own.iterates[name], together[k].iterates[name], equal_nan=True), (
                name
            )
        for name in columns:
            assert np.array_equal(own.trace[name], together[k].trace[name], equal_nan=True), name


def test_a_leg_ends_where_it_is_asked_to() -> None:
    """Not at its end: a signal or the deadline waits for one call."""
    problem = linear_problem("logistic", N_SAMPLES, 7, weight=0.1)
    work = work_on(problem, WNGrad(), [0.1, 0.02], steps=10**6).changed(compiled=True)
    asked: list[int] = []

    def stop(t: int) -> bool:
        asked.append(t)
        return t > 131

    for ended in run(work, stop=stop):
        assert ended.status is Status.INTERRUPTED
        assert 131 < ended.status_at < 10**5
    assert asked == sorted(asked)


@pytest.mark.parametrize("solver", SMOOTH, ids=repr)
@pytest.mark.parametrize("density", [None, 0.3])
@pytest.mark.parametrize("batch_size", [150, None])
def test_a_step_on_many_rows_has_the_same_bits_in_parts(
    solver: Any, density: float | None, batch_size: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    w0 = np.linspace(-0.2, 0.1, 7)
    problem = linear_problem("logistic", 170, 7, weight=0.1, density=density, w0=w0)
    rates = [largest_rate(solver) / 2**k for k in range(11)]
    options: dict[str, Any] = {"batch_size": batch_size, "radius": 0.3, "steps": 70}
    work = work_on(problem, solver, rates, **options).changed(compiled=True)
    whole = [bits(r) for r in run(work)]
    monkeypatch.setattr(parts, "ENTRIES", 1)  # 32 rows a call
    assert [bits(r) for r in run(work)] == whole


@pytest.mark.parametrize("batch_size", [150, None])
def test_lanes_diverge_in_steps_in_parts(
    batch_size: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = linear_problem("squared", 170, 7, weight=0.1)
    rates = [0.01, 30.0, 0.02, 3000.0, 1e5]
    work = work_on(problem, SGD(), rates, batch_size=batch_size).changed(compiled=True)
    monkeypatch.setattr(parts, "ENTRIES", 1)
    ours, reference = run(work), run(work.changed(compiled=False))
    ends = [(r.status, r.status_at) for r in ours]
    assert ends == [(r.status, r.status_at) for r in reference]
    assert len(set(ends)) == 4  # two that do not diverge, and three at steps of their own
    for a, b in zip(ours, reference, strict=True):
        np.testing.assert_allclose(a.iterates["average"], b.iterates["average"], rtol=1e-9)


def test_a_stop_is_asked_for_within_a_large_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """The step is then not made."""
    monkeypatch.setattr(parts, "ENTRIES", 1)
    problem = linear_problem("logistic", 170, 7, weight=0.1)
    work = work_on(problem, WNGrad(), [0.1, 0.02], batch_size=None, steps=10**6)
    asked: list[int] = []

    def stop(t: int) -> bool:
        asked.append(t)
        return len(asked) > 32

    ended = run(work.changed(compiled=True), stop=stop)
    before = run(work, stop=lambda t: t == 5)
    for each, reference in zip(ended, before, strict=True):
        assert (each.status, each.status_at) == (Status.INTERRUPTED, 5)  # asked six times a step
        for name in ("last", "average"):
            np.testing.assert_allclose(
                each.iterates[name], reference.iterates[name], rtol=1e-12, atol=1e-14
            )
