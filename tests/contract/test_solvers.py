"""What every registered solver promises; no solver is named here."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from builders import (
    constants_of,
    every_variant,
    linear_problem,
    proximal_variants,
    run_healthy,
    task,
    walk_along,
)

from lrbench.arrays import norm_sq
from lrbench.contract import Contract
from lrbench.contract.problems import ContractCase
from lrbench.contract.solver import SOLVER_CONTRACTS
from lrbench.contract.stationary import check_no_nan, check_stays
from lrbench.objective.linear.problem import LinearProblem
from lrbench.objective.minibatches import Minibatches
from lrbench.solvers import SOLVERS

RATES = np.array([1e-4, 1e-2, 0.3, 1.0, 1e2, 1e4, 1e-3])

every_solver = pytest.mark.parametrize("solver", [*every_variant(), *proximal_variants()], ids=str)


def logistic(seed: int = 1) -> LinearProblem:
    w0 = np.random.default_rng(seed).standard_normal(5)
    return linear_problem("logistic", 20, 4, weight=0.1, intercept=True, w0=w0, seed=seed)


def batches(problem: LinearProblem, sampling: Any = "replacement") -> Minibatches:
    return Minibatches(problem.n_samples, 6, sampling, seed=4)


@every_solver
@pytest.mark.parametrize("contract", SOLVER_CONTRACTS, ids=str)
def test_every_solver_keeps_every_contract(solver: Any, contract: Contract) -> None:
    with np.errstate(all="ignore"):  # as in a run
        contract.check(solver)


@every_solver
def test_nothing_is_divided_by_a_zero_gradient(solver: Any) -> None:
    with np.errstate(all="raise"):
        check_stays(solver)
        check_no_nan(solver)


@every_solver
def test_stable_lanes_equal_a_lane_alone_for_long(solver: Any) -> None:
    problem = logistic()
    budget: dict[str, Any] = {"iterations": 600, "checkpoints": range(0, 601, 20)}
    L = constants_of(problem, None).L
    rates = np.array([1e-5, 1e-3, 0.1, 0.5, 0.999]) / L
    together = run_healthy(task(problem, solver, rates.tolist(), **budget))
    reordered = [ContractCase("", problem).reordered(seed) for seed in range(6)]
    others = [
        run_healthy(task(case.problem, solver, rates.tolist(), **budget)) for case, _ in reordered
    ]
    stable = 0
    for k, (lane, lr0) in enumerate(zip(together, rates, strict=True)):
        (alone,) = run_healthy(task(problem, solver, [lr0], **budget))
        last, rate = lane.iterates["last"], lane.trace["lr"][1:]
        spread = [
            np.abs(other[k].iterates["last"] - last[order]).max()
            for other, (_, order) in zip(others, reordered, strict=True)
        ]
        if max(spread) > 1e-6:
            continue
        stable += 1
        allowed = max(1e-10, 10.0 * max(spread))
        assert np.abs(alone.iterates["last"] - last).max() <= allowed
        # Near the minimiser the direction of g is rounding, and |dW|/|g| may rest on it.
        sure = lane.trace["grad_norm_sq"][1:] > 1e-8
        rounding = np.max([np.abs(other[k].trace["lr"][1:] - rate) for other in others], axis=0)
        allowed_rate = np.maximum(1e-9 * rate, 10.0 * np.maximum.accumulate(rounding))
        assert np.all((np.abs(alone.trace["lr"][1:] - rate) <= allowed_rate)[sure])
    assert stable


@every_solver
@pytest.mark.parametrize("sampling", [None, "reshuffle"])
def test_the_first_rate_is_the_length_of_the_step_over_that_of_the_gradient(
    solver: Any, sampling: Any
) -> None:
    problem = logistic()
    batch = None if sampling is None else batches(problem, sampling)
    W, lr, _, asked = next(walk_along(problem, solver, np.array([1e-3, 0.1, 1.0, 10.0]), batch))
    if solver.proximal or len(asked) != 1:  # derivatives of single samples, or a search
        return
    before, g = asked[0]
    scale = np.abs(before).max() + (lr * np.abs(g)).max()
    moved = np.sqrt(norm_sq(W - before))
    np.testing.assert_allclose(moved, lr * np.sqrt(norm_sq(g)), rtol=0, atol=1e-15 * scale)


@every_solver
def test_two_runs_give_the_same_bits(solver: Any) -> None:
    problem = logistic()
    first, second = (
        run_healthy(task(problem, solver, RATES.tolist(), 60, batch=batches(problem)))
        for _ in range(2)
    )
    for a, b in zip(first, second, strict=True):
        assert a.iterates["last"].tobytes() == b.iterates["last"].tobytes()
        for column in set(a.trace) - {"seconds"}:
            assert a.trace[column].tobytes() == b.trace[column].tobytes(), column


@pytest.mark.parametrize("name", list(SOLVERS))
def test_is_a_frozen_dataclass_whose_parameters_have_defaults(name: str) -> None:
    cls = SOLVERS.get(name)
    fields = dataclasses.fields(cls)
    assert cls.name == name
    assert cls.__dataclass_params__.frozen
    assert all(f.default is not dataclasses.MISSING for f in fields)
    assert set(cls.label_fields) <= {f.name for f in fields}
    assert cls() == cls()


@pytest.mark.parametrize("name", list(SOLVERS))
def test_docstring_shows_the_rule_and_its_source(name: str) -> None:
    doc = SOLVERS.get(name).__doc__ or ""
    assert ".. math::" in doc
    assert "\n    Notes\n    -----\n" in doc
    assert "\n    References\n    ----------\n" in doc
    for field in dataclasses.fields(SOLVERS.get(name)):
        assert f"\n    {field.name}\n" in doc, f"{field.name} is not documented"
