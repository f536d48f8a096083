"""Every proximal solver, inside the engine, follows its recursion step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
import pytest
from builders import dense, linear_problem, proximal_variants, run_healthy, task
from proximal import PENALTIES, PROXIMAL
from scalar import Point, Sampled, ScalarModel

from lrbench import penalties
from lrbench.objective.minibatches import Minibatches
from lrbench.solvers import SOLVERS

STEPS = 40
RATES = [1e-3, 0.03, 0.2, 0.5]
CASES = [
    pytest.param(name, params, id="-".join([name, *map(str, params.values())]))
    for name, reference in PROXIMAL.items()
    for params in reference.params
]


def test_every_proximal_solver_has_a_reference() -> None:
    assert {s.name for s in proximal_variants()} == set(PROXIMAL)


@pytest.mark.parametrize(("name", "params"), CASES)
@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("penalty", list(PENALTIES))
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("sampling", [None, "replacement"])
def test_engine_follows_the_recursion(
    name: str, params: Mapping[str, Any], loss: str, penalty: str, intercept: bool, sampling: Any
) -> None:
    values, coordinate = PENALTIES[penalty]
    w0 = np.array([0.3, -0.2, 0.5] + [0.9] * intercept)
    part = penalties.PENALTIES.get(penalty)(**values)
    problem = linear_problem(loss, intercept=intercept, w0=w0, seed=3, penalty=part)
    batch = None if sampling is None else Minibatches(problem.n_samples, 5, sampling, seed=7)
    order: Sequence[Sequence[int]] = [range(problem.n_samples)] * STEPS
    if batch is not None:
        order = next(batch.chunks(STEPS)).tolist()
    model = ScalarModel(dense(problem).tolist(), problem.y.tolist(), loss, 0.0, intercept)

    def prox(v: Point, lr: float) -> Point:
        penalised = [coordinate(x, lr) for x in v[:3]]
        return penalised + v[3:]

    work = task(problem, SOLVERS.get(name)(**params), RATES, STEPS, batch=batch, minimum=False)
    for run, lr0 in zip(run_healthy(work), RATES, strict=True):
        F = Sampled(model, order, work.shared.constants.f_star)
        recursion = PROXIMAL[name].recursion(w0.tolist(), lr0, F, prox, **params)
        steps = list(islice(recursion, STEPS))
        if max(s.lr for s in steps) * work.shared.constants.L > 1.5:
            continue  # errors grow
        np.testing.assert_allclose(run.iterates["last"], steps[-1].w, rtol=1e-9, atol=1e-11)
        np.testing.assert_allclose(run.trace["lr"][1:], [s.lr for s in steps], rtol=1e-11)
        for key in steps[0].state:
            np.testing.assert_allclose(
                run.trace[key][1:], [s.state[key] for s in steps], rtol=1e-10, atol=1e-13
            )


@pytest.mark.parametrize("penalty", ["l1", "box"])
def test_exact_zeros_and_bounds_are_reached(penalty: str) -> None:
    part = penalties.PENALTIES.get(penalty)(**{"l1": {"weight": 0.5}, "box": {}}[penalty])
    problem = linear_problem("squared", 30, 6, penalty=part, seed=5)
    for solver in proximal_variants():
        (run,) = run_healthy(task(problem, solver, [0.1], 400, checkpoints=[0, 400], minimum=False))
        w = run.iterates["last"]
        assert np.any(w == 0.0) if penalty == "l1" else np.any(np.abs(w) == 1.0)


def test_without_a_penalty_they_are_the_plain_methods() -> None:
    problem = linear_problem("logistic", 20, 4, seed=2)
    pairs = [
        ("ista", {}, "sgd", {}),
        ("prox-wngrad", {"order": "lagged"}, "wngrad", {"order": "lagged"}),
        ("prox-wngrad", {"order": "current"}, "wngrad", {"order": "current"}),
        ("prox-adagrad-norm", {"order": "current"}, "adagrad-norm", {}),
    ]
    for prox_name, prox_params, name, params in pairs:
        one, two = (
            run_healthy(task(problem, SOLVERS.get(n)(**p), [0.5], 200, minimum=False))[0]
            for n, p in ((prox_name, prox_params), (name, params))
        )
        np.testing.assert_allclose(one.trace["objective"], two.trace["objective"], rtol=1e-12)
