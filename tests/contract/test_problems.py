"""Every registered problem runs with every solver, whatever it is; nothing is named here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import jsonschema
import numpy as np
import pytest
from network import Network
from shipped_problems import LINEAR, NETWORKS, small

import lrbench
from lrbench.losses import LOSSES
from lrbench.objective.problem import Problem
from lrbench.penalties import PENALTIES
from lrbench.problem_files import build_linear, build_problem, load_spec, with_overrides
from lrbench.results import SCHEMA, Result, Status
from lrbench.solvers import SOLVERS

FINE = {Status.COMPLETED, Status.STALLED, Status.DIVERGED}


STEP_RULES = [name for name in SOLVERS if not SOLVERS.get(name).outside]


def minimising(problem: Problem, names: Sequence[str] = list(SOLVERS)) -> list[str]:
    """Return the step rules, and the outside solvers that minimise this very problem."""
    solvers = [SOLVERS.get(name)() for name in names]
    return [s.name for s in solvers if not (s.outside and s.unmet(problem))]


def check(result: Result, solvers: Sequence[str]) -> None:
    """Check that every run has finite rows and that no theorem was violated."""
    assert not result.failures
    jsonschema.validate(json.loads(result.to_json()), json.loads(SCHEMA.read_text()))
    (problem,) = result.problems
    assert {r.solver.name for r in problem.runs} == set(solvers)
    for run in problem.runs:
        assert run.status in FINE, run.error
        assert np.all(np.isfinite(run.trace["objective"]))
        assert len(run.trace["iteration"]) >= 1
    failed = [
        (str(v.solver), v.lr0, v.theorem) for v in problem.verdicts if v.bound_verdict == "fail"
    ]
    assert failed == []


@pytest.mark.compiled
@pytest.mark.parametrize("name", LINEAR)
def test_every_problem_runs_with_every_solver(name: str) -> None:
    solvers = minimising(build_linear(load_spec(name)))
    assert set(STEP_RULES) < set(solvers)  # L-BFGS minimises all of them
    result = lrbench.run(name, solvers=solvers, lr0=[1e-3, 0.3], iterations=20)
    check(result, solvers)


@pytest.mark.compiled
@pytest.mark.parametrize("name", LINEAR)
def test_every_problem_runs_with_every_solver_on_minibatches(name: str) -> None:
    size = min(8, build_linear(load_spec(name)).n_samples)
    # One seed: what a few seeds say of an expectation is judged elsewhere.
    result = lrbench.run(name, solvers=STEP_RULES, lr0=[1e-3, 0.3], iterations=20, batch_size=size)
    check(result, STEP_RULES)


@pytest.mark.slow
@pytest.mark.compiled
@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("size", [None, 13])
def test_every_network_runs_with_every_solver(name: str, size: int | None) -> None:
    """Those that need no f*, L, convexity or derivatives in scores; the first runs lbfgs, too."""
    spec = small(name)
    every = [SOLVERS.get(s) for s in minimising(build_problem(spec))]
    able = [
        cls.name
        for cls in every
        if not (cls().needs or cls.proximal or (size is not None and cls.outside))
    ]
    options: dict[str, Any] = {"iterations": 12, "batch_size": size, "checkpoints_per_decade": 1}
    result = lrbench.run(spec, solvers=able, lr0=[1e-3, 0.2, 1e9], **options)
    check(result, able)
    accuracy = [run.trace["test_accuracy"][-1] for run in result.problems[0].runs]
    assert all(0.0 <= a <= 1.0 for a in accuracy)
    objectives = [run.trace["objective"] for run in result.problems[0].runs]
    assert min(values[-1] for values in objectives) < 0.99 * objectives[0][0]


@pytest.mark.compiled
@pytest.mark.parametrize("size", [None, 7])
def test_a_problem_of_another_kind_runs_with_every_solver(size: int | None) -> None:
    every = [SOLVERS.get(name) for name in minimising(Network())]
    assert [cls.name for cls in every if cls.outside] == ["outside:lbfgs", "outside:newton-cg"]
    able = [cls.name for cls in every if not (cls().needs or (size is not None and cls.outside))]
    lr0 = [1e-3, 0.2, 1e6]
    result = lrbench.run(Network(), solvers=able, lr0=lr0, iterations=30, batch_size=size)
    assert result.failures == ()
    jsonschema.validate(json.loads(result.to_json()), json.loads(SCHEMA.read_text()))
    (problem,) = result.problems
    assert {r.solver.name for r in problem.runs} == set(able)
    for run in problem.runs:
        assert run.status in FINE, run.error
        assert np.all(np.isfinite(run.trace["objective"]))
    assert [v.theorem for v in problem.verdicts if v.bound_verdict == "fail"] == []


@pytest.mark.parametrize("loss", list(LOSSES))
@pytest.mark.parametrize("penalty", list(PENALTIES))
def test_every_loss_with_every_penalty_is_a_problem(loss: str, penalty: str) -> None:
    name = "logreg" if LOSSES.get(loss).task == "binary" else "poisson"
    problem = build_linear(with_overrides(load_spec(name), loss=loss, penalty=penalty))
    W = np.zeros((problem.n_features, 2))
    value, gradient = problem.value_and_gradient(W)
    assert np.all(np.isfinite(value))
    np.testing.assert_array_equal(value, problem.value(W))
    np.testing.assert_array_equal(gradient, problem.gradient(W))
