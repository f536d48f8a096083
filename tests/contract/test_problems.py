"""Every registered problem runs with every solver, whatever it is; nothing is named here."""

from __future__ import annotations

import json

import jsonschema
import numpy as np
import pytest

import lrbench
from lrbench.losses import LOSSES
from lrbench.penalties import PENALTIES
from lrbench.problem_files import build_problem, load_spec, shipped, with_overrides
from lrbench.results import SCHEMA, Result, Status
from lrbench.solvers import SOLVERS

FINE = {Status.COMPLETED, Status.STALLED, Status.DIVERGED}


def check(result: Result, solvers: list[str]) -> None:
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


@pytest.mark.parametrize("name", shipped())
def test_every_problem_runs_with_every_solver(name: str) -> None:
    every = list(SOLVERS)
    check(lrbench.run(name, solvers=every, lr0=[1e-3, 0.3], iterations=20), every)


@pytest.mark.parametrize("name", shipped())
def test_every_problem_runs_with_every_solver_on_minibatches(name: str) -> None:
    size = min(8, build_problem(load_spec(name)).n_samples)
    # One seed: what a few seeds say of an expectation is judged elsewhere.
    step_rules = [solver for solver in SOLVERS if not SOLVERS.get(solver).outside]
    result = lrbench.run(name, solvers=step_rules, lr0=[1e-3, 0.3], iterations=20, batch_size=size)
    check(result, step_rules)


@pytest.mark.parametrize("loss", list(LOSSES))
@pytest.mark.parametrize("penalty", list(PENALTIES))
def test_every_loss_with_every_penalty_is_a_problem(loss: str, penalty: str) -> None:
    name = "logreg" if LOSSES.get(loss).task == "binary" else "poisson"
    problem = build_problem(with_overrides(load_spec(name), loss=loss, penalty=penalty))
    W = np.zeros((problem.n_features, 2))
    value, gradient = problem.value_and_gradient(W)
    assert np.all(np.isfinite(value))
    np.testing.assert_array_equal(value, problem.value(W))
    np.testing.assert_array_equal(gradient, problem.gradient(W))
