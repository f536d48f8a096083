"""No bound is ever violated inside its hypotheses: full batches, random scalar functions."""

from __future__ import annotations

import random
from collections import defaultdict

import numpy as np
import pytest
from scalar_runs import (
    Rule,
    Scalar,
    batch_setting,
    holds,
    huber,
    log_cosh,
    run,
    separable,
    two_sided,
)

from lrbench.theory.base import COLUMN
from lrbench.verdicts.theorems import theorems_for

RULES: list[tuple[str, dict[str, float | str]]] = [
    ("wngrad", {"order": "current"}),
    ("wngrad", {"order": "lagged"}),
    ("wngrad", {"order": "raw-first"}),
    ("wngrad", {"order": "current", "c": 0.03}),
    ("wngrad", {"order": "lagged", "c": 20.0}),
    ("wngrad", {"order": "raw-first", "c": 5.0}),
    ("adagrad-norm", {"eta": 1.0}),
    ("adagrad-norm", {"eta": 0.03}),
    ("adagrad-norm", {"eta": 20.0}),
    ("sgd", {}),
    ("sgd-sqrt", {}),
]


def draw_function(rng: random.Random) -> Scalar:
    L = 10 ** rng.uniform(-2, 2)
    kind = rng.randrange(4)
    if kind == 0:
        return two_sided(*rng.sample([L, L * 10 ** rng.uniform(-4, 0)], 2))
    if kind == 1:
        return huber(L, 10 ** rng.uniform(-2, 1))
    return log_cosh(L, 10 ** rng.uniform(-2, 1)) if kind == 2 else separable(L)


def worst_ratios(solver: str, params: dict[str, float | str], trials: int) -> dict[str, float]:
    """Return the largest measured/bound of each theorem over random settings."""
    rng = random.Random(f"{solver} {params}")
    worst: dict[str, float] = defaultdict(float)
    for _ in range(trials):
        objective, x = draw_function(rng), rng.choice([-1, 1]) * 10 ** rng.uniform(-3, 2)
        decades = (-3.0, 0.3) if solver.startswith("sgd") else (-5.0, 5.0)
        rule = Rule(solver, params, 10 ** rng.uniform(*decades) / objective.L)
        setting = batch_setting(objective, rule, x)
        trace = run([objective], [0] * rng.choice([3, 30, 200]), rule, x, objective)
        for theorem in theorems_for(solver):
            if not holds(theorem, setting):
                continue
            bound = theorem.bound(setting, trace["iteration"], trace)
            metric = trace[COLUMN[theorem.measure, theorem.iterate]]
            # Below this the square of a rounded iterate decides.
            tiny = 1e-25 * (1 + setting.constants.delta0 + setting.constants.grad_norm_sq0)
            said = ~np.isnan(bound)
            ratio = metric[said] / (bound[said] + tiny)
            worst[theorem.key] = max(worst[theorem.key], float(ratio.max(initial=0.0)))
    return worst


@pytest.mark.parametrize(("solver", "params"), RULES, ids=str)
def test_no_bound_is_violated(solver: str, params: dict[str, float | str]) -> None:
    worst = worst_ratios(solver, params, 150)
    assert max(worst.values()) <= 1 + 1e-9, worst
    # The attack reaches the theorems: it is no proof of anything if it never asks them.
    unreached = {t.key for t in theorems_for(solver)} - set(worst)
    assert unreached <= {
        "C4",
        "W5",
        "W6",
        "W7",
        "A3",
        "A4",
        "A6",
        *(f"SGD{k}" for k in range(1, 6)),
    }


@pytest.mark.slow
@pytest.mark.parametrize(("solver", "params"), RULES, ids=str)
def test_no_bound_is_violated_in_many_settings(solver: str, params: dict[str, float | str]) -> None:
    worst = worst_ratios(solver, params, 1000)
    assert max(worst.values()) <= 1 + 1e-9, worst
