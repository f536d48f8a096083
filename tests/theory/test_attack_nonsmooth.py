"""No bound is violated on subgradients: piecewise linear problems, an l1 penalty, box and ball."""

from __future__ import annotations

import itertools
import random
from collections import defaultdict

import numpy as np
import pytest
from scalar_runs import RULES, Rule, holds, theorem
from subgradient_runs import Problem, draw, run, setting_of

from lrbench.theory.base import COLUMN
from lrbench.verdicts.theorems import theorems_for

EXPECTED = {
    "wngrad": {"C2", "C2'", "W5"},
    "adagrad-norm": {"C2'", "C3b", "A3"},
    "sgd": {"C4", "SGD1", "SGD2"},
    "sgd-sqrt": {"SGD4"},
}
OF_BATCH = {"wngrad": {"C1", "W7"}, "adagrad-norm": {"C3a", "A6"}, "sgd-sqrt": {"SGD5"}}


def worst_ratios(
    solver: str, params: dict[str, float | str], trials: int, batch: bool
) -> dict[str, float]:
    """Return the largest E metric / E bound of each theorem; the expectations are exact."""
    rng = random.Random(f"{solver} {params} {batch}")
    worst: dict[str, float] = defaultdict(float)
    for _ in range(trials):
        n_terms = rng.randint(1, 3) if batch else 2
        problem, rule = draw(rng, n_terms), Rule(solver, params, 10 ** rng.uniform(-3, 3))
        every = range(n_terms)
        paths = (
            [[every] * rng.choice([3, 40])] if batch else itertools.product([[0], [1]], repeat=5)
        )
        traces = [run(problem, list(path), rule) for path in paths]
        setting, T = setting_of(problem, rule, batch), traces[0]["iteration"]
        for t in theorems_for(solver):
            if not holds(t, setting):
                continue
            metric = np.mean([trace[COLUMN[t.measure, t.iterate]] for trace in traces], axis=0)
            bound = np.mean([t.bound(setting, T, trace) for trace in traces], axis=0)
            tiny = 1e-13 * (1 + setting.constants.delta0 + abs(setting.constants.f_star))
            worst[t.key] = max(worst[t.key], float(((metric - tiny) / (bound + tiny)).max()))
    return worst


@pytest.mark.parametrize("batch", [True, False], ids=["batch", "stochastic"])
@pytest.mark.parametrize(("solver", "params"), RULES, ids=str)
def test_no_bound_is_violated(solver: str, params: dict[str, float | str], batch: bool) -> None:
    worst = worst_ratios(solver, params, 150 if batch else 60, batch)
    assert max(worst.values()) <= 1 + 1e-9, worst
    assert set(worst) == EXPECTED[solver] | (OF_BATCH.get(solver, set()) if batch else set())
    assert min(worst.values()) > 0.01, worst


@pytest.mark.slow
@pytest.mark.parametrize("batch", [True, False], ids=["batch", "stochastic"])
@pytest.mark.parametrize(("solver", "params"), RULES, ids=str)
def test_no_bound_is_violated_in_many_settings(
    solver: str, params: dict[str, float | str], batch: bool
) -> None:
    worst = worst_ratios(solver, params, 500 if batch else 150, batch)
    assert max(worst.values()) <= 1 + 1e-9, worst


def test_the_problems_are_least_where_they_are_built_to_be() -> None:
    rng = random.Random(3)
    for _ in range(1000):
        problem = draw(rng, rng.randint(1, 3))
        assert problem.project(problem.star) == pytest.approx(problem.star, abs=1e-9)
        least = problem.value(problem.star)
        for _ in range(20):
            near = [a + rng.gauss(0, 10 ** rng.uniform(-3, 1)) for a in problem.star]
            assert problem.value(problem.project(near)) >= least - 1e-12 * (1 + abs(least))


def test_smallest_subgradients_do_not_fall_as_gradients_do() -> None:
    # |x| from 1, one step of 1/s less than 1: the subgradient stays 1 for ever. W1 would say 0.
    line = Problem([[([1.0], 0.0), ([-1.0], 0.0)]], 0.0, [0.0], [1.0])
    rule = Rule("wngrad", {"order": "current"}, 1.0)
    trace, setting = run(line, [[0]] * 400, rule), setting_of(line, rule, True)
    assert trace["min_grad_norm_sq"][-1] == 1.0
    assert not holds(theorem("wngrad", "W1"), setting)
    assert holds(theorem("wngrad", "C1"), setting)


def test_the_average_over_the_absolute_value_falls_like_the_root() -> None:
    # The last iterate rings around 0 with the step; the average has the order of W5 and SGD4.
    line = Problem([[([1.0], 0.0), ([-1.0], 0.0)]], 0.0, [0.0], [1.0], radius=2.0)
    for solver, key, params in (
        ("wngrad", "W5", {"order": "current"}),
        ("adagrad-norm", "A3", {"eta": 1.0}),
        ("sgd-sqrt", "SGD4", {}),
    ):
        rule, t = Rule(solver, dict(params), 0.3), theorem(solver, key)
        setting, trace = setting_of(line, rule, True), run(line, [[0]] * 4000, rule)
        order, bound = t.order(setting), t.bound(setting, trace["iteration"])
        assert (order.kind, order.value) == ("power", -0.5) if order else False
        assert (trace["suboptimality_average"] <= bound).all()
        slope = np.log(bound[3999] / bound[399]) / np.log(10)
        assert slope == pytest.approx(-0.5, abs=0.06)
