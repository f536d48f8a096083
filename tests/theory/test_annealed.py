"""SGD6 against exact worst cases, exact expectations and random problems, in plain Python."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scalar_runs import Rule, theorem
from subgradient_runs import draw, setting_of
from test_attack_sgd_sqrt import ball_setting

from lrbench.theory.base import Setting

SGD6 = theorem("sgd[schedule=linear]", "SGD6")

SCHEDULES: dict[str, tuple[dict[str, Any], float, Callable[[float], float]]] = {
    "linear": ({"schedule": "linear"}, 1.0, lambda u: 1.0 - u),
    "cosine": ({"schedule": "cosine"}, 2.0, lambda u: 0.5 + 0.5 * math.cos(math.pi * u)),
    "p=0.4": ({"schedule": "poly", "power": 0.4}, 0.4, lambda u: (1.0 - u) ** 0.4),
    "p=3": ({"schedule": "poly", "power": 3.0}, 3.0, lambda u: (1.0 - u) ** 3.0),
}
"""Name -> parameters, the power p at the horizon, and the shape h."""

every_schedule = pytest.mark.parametrize("name", list(SCHEDULES))


def rates_of(name: str, lr0: float, T: int) -> list[float]:
    h = SCHEDULES[name][2]
    return [lr0 * h(t / T) for t in range(T)]


def planned(setting: Setting, name: str, lr0: float, T: int) -> Setting:
    params = {"power": 1.0, **SCHEDULES[name][0]}
    return replace(setting, params=params, lr0=lr0, horizon=T)


def bound(setting: Setting, T: int | None = None) -> float:
    assert all(h.holds for h in SGD6.hypotheses(setting))
    assert setting.horizon is not None
    return float(SGD6.bound(setting, np.array([float(T or setting.horizon)]))[0])


def by_definition(setting: Setting, rates: Sequence[float], D_0: float, D: float) -> float:
    """Return the bound from its statement, for every N by a recursion of its own."""
    G, T = setting.constants.G, len(rates)
    assert G is not None
    bounds = []
    for N in range(T if math.isfinite(D) else 1):
        r, total = math.sqrt(rates[-1]), rates[-1]
        for t in reversed(range(N, T)):
            total += (rates[t] / r) ** 2
            r += rates[t] / r
        distance = D if N else min(D, D_0)
        bounds.append(distance**2 / (2.0 * r * r) + G * G / 2.0 * total)
    return min(bounds)


@every_schedule
@pytest.mark.parametrize("radius", [None, 3.5])
@pytest.mark.parametrize("lr0", [0.013, 0.7, 90.0])
@pytest.mark.parametrize("T", [1, 2, 13, 60])
def test_it_is_what_the_statement_says(name: str, radius: float | None, lr0: float, T: int) -> None:
    setting = planned(replace(ball_setting(2.0, 1.7, lr0, 3.5), radius=radius), name, lr0, T)
    D = math.inf if radius is None else 5.5
    expected = by_definition(setting, rates_of(name, lr0, T), 2.0, D)
    assert bound(setting) == pytest.approx(expected, rel=1e-11)


def test_beyond_the_horizon_nothing_moves_and_before_it_the_bound_is_silent() -> None:
    setting = planned(ball_setting(1.0, 2.0, 0.5, 3.0), "linear", 0.5, 40)
    values = SGD6.bound(setting, np.array([0.0, 1.0, 39.0, 40.0, 80.0]))
    assert np.isnan(values[:3]).all()
    assert values[3] == values[4] > 0.0


@every_schedule
def test_the_rates_need_no_smallest_number(name: str) -> None:
    """Rates that underflow are steps that do not move."""
    setting = planned(ball_setting(1.0, 2.0, 0.5, 3.0), name, 0.5, 300)
    steep = replace(setting, params={"schedule": "poly", "power": 400.0})
    assert math.isfinite(bound(steep))


def test_a_horizon_that_is_not_known_or_too_long_is_told() -> None:
    setting = planned(ball_setting(1.0, 2.0, 0.5, 3.0), "linear", 0.5, 10)
    for horizon, detail in ((None, "the number of steps is not known"), (10**8, "not summed")):
        failing = [h for h in SGD6.hypotheses(replace(setting, horizon=horizon)) if not h.holds]
        assert len(failing) == 1
        assert detail in failing[0].detail


# --- sharpness -------------------------------------------------------------------------------


@pytest.mark.parametrize("T", [1, 2, 7, 50])
def test_a_worst_case_attains_the_bound_of_a_linear_decay(T: int) -> None:
    """F = G max(max_i x_i, -D/sqrt(T + 1)) from 0: a step lowers a coordinate of its own."""
    G, D = 1.7, 2.3
    lr0 = D / G * T / (T + 1) ** 1.5
    x = [0.0] * (T + 1)
    for rate in rates_of("linear", lr0, T):
        x[x.index(max(x))] -= rate * G
    gap = G * max(max(x), -D / math.sqrt(T + 1)) + G * D / math.sqrt(T + 1)
    setting = planned(ball_setting(D, G, lr0, D), "linear", lr0, T)
    assert bound(replace(setting, radius=None)) == pytest.approx(gap, rel=1e-12)
    # The best lr0: any other has a larger bound.
    for other in (lr0 * 0.9, lr0 * 1.1):
        assert bound(replace(setting, radius=None, lr0=other)) > gap


def test_the_weights_of_the_proof_cancel_exactly() -> None:
    """In rational numbers: all values but the last drop out, and that has the factor r_N^2."""
    rng = random.Random(3)
    for _ in range(60):
        T, r = rng.randint(1, 7), [Fraction(rng.randint(1, 40), rng.randint(1, 40))]
        rates = [Fraction(rng.randint(1, 90), rng.randint(1, 30)) for _ in range(T)]
        for rate in reversed(rates):
            r.insert(0, r[0] + rate / r[0])
        rates.append(r[T] ** 2)
        p = [r[t + 1] / r[0] for t in range(T)]
        p.append(p[-1])
        lam = [1 - r[t + 1] / r[t] for t in range(T)] + [Fraction(0)]
        assert p[0] == 1 - lam[0]
        assert all(p[t] == (1 - lam[t]) * p[t - 1] for t in range(1, T + 1))
        for j in range(T + 1):
            later = sum((rates[t] / p[t] for t in range(j, T + 1)), Fraction(0))
            factor = rates[j] / p[j] ** 2 - lam[j] / p[j] * later
            assert factor == (r[0] ** 2 if j == T else 0)


# --- attacks ---------------------------------------------------------------------------------


@every_schedule
def test_no_bound_is_violated_in_expectation(name: str) -> None:
    """|x| with noise in a ball around the start: every path of short runs."""
    rng, worst = random.Random(5), 0.0
    for _ in range(120):
        x, noise = 10 ** rng.uniform(-2, 1), rng.choice([0.0, 10 ** rng.uniform(-1, 1)])
        radius, lr0, T = x * rng.uniform(1, 2), 10 ** rng.uniform(-3, 3), rng.randint(1, 7)
        paths = list(itertools.product([-noise, noise], repeat=T))
        total = 0.0
        for path in paths:
            w = x
            for rate, slope in zip(rates_of(name, lr0, T), path, strict=True):
                w -= rate * (slope + (math.copysign(1.0, w) if w else 0.0))
                w = max(x - radius, min(x + radius, w))
            total += abs(w) / len(paths)
        setting = planned(ball_setting(x, 1.0 + noise, lr0, radius), name, lr0, T)
        worst = max(worst, total / bound(setting))
    assert 0.2 < worst <= 1.0 + 1e-9


@every_schedule
def test_random_piecewise_linear_problems(name: str) -> None:
    """In one to three dimensions, with boxes, discs and balls; full batches."""
    rng, worst, restarted = random.Random(11), 0.0, 0
    for _ in range(250):
        problem = draw(rng, rng.randint(1, 3))
        everything = range(len(problem.terms))
        T, scale = rng.choice([1, 3, 10, 40]), math.dist(problem.start, problem.star) or 1.0
        lr0 = scale * 10 ** rng.uniform(-3, 3)
        x = problem.start
        for rate in rates_of(name, lr0, T):
            g = problem.subgradient(everything, x)
            x = problem.project([a - rate * b for a, b in zip(x, g, strict=True)])
        gap = problem.value(x) - problem.value(problem.star)
        setting = planned(setting_of(problem, Rule("sgd", {}, lr0), batch=True), name, lr0, T)
        value = bound(setting)
        restarted += value < bound(replace(setting, radius=None, diameter=None)) * (1.0 - 1e-9)
        worst = max(worst, gap / value)
    assert 0.3 < worst <= 1.0 + 1e-9
    assert restarted > 10  # sums that start at N > 0 are attacked, too
