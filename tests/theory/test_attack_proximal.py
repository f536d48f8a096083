"""ISTA and FISTA against their bounds: small composite problems in plain Python."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import numpy as np
import pytest
from scalar_lasso import (
    Composite,
    Vector,
    composite_setting,
    elastic_net,
    fista,
    huber_with_l1,
    in_box,
    ista,
)
from scalar_runs import holds, theorem

METHOD = {"ISTA": ista, "ISTA-mu": ista, "FISTA": fista}
KEYS = [("ista", "ISTA"), ("ista", "ISTA-mu"), ("fista", "FISTA")]


def draw(rng: random.Random) -> tuple[Composite, Vector]:
    kind, size = rng.randrange(3), 10 ** rng.uniform(-1, 1)
    if kind == 0:
        d = rng.choice([1, 2, 4])
        l1, l2 = 10 ** rng.uniform(-3, 1), rng.choice([0.0, 10 ** rng.uniform(-3, 1)])
        problem = elastic_net(rng, d, l1, l2, 10 ** rng.uniform(-3, 0), size)
        return problem, [size * rng.gauss(0, 3) for _ in range(d)]
    if kind == 1:
        return huber_with_l1(10 ** rng.uniform(-3, 0), rng.choice([0.0, 1e-2])), [size]
    return in_box(10 ** rng.uniform(-2, 1), rng.uniform(-2, 2), rng.uniform(-0.9, 2)), [-1.0]


def worst_ratios(trials: int) -> dict[str, float]:
    """Return the largest measured/bound of each theorem over random problems."""
    rng, worst = random.Random(11), dict.fromkeys(METHOD, 0.0)
    for _ in range(trials):
        problem, x = draw(rng)
        lr = rng.choice([1.0, rng.uniform(0.01, 1)]) / (problem.L * (1 + 1e-11))
        setting, T = composite_setting(problem, x, lr), rng.choice([1, 5, 60])
        scale = 1 + abs(problem.value(x)) + abs(problem.value(problem.star))
        for solver, key in KEYS:
            t = theorem(solver, key)
            if not holds(t, setting):
                assert key == "ISTA-mu"
                continue
            bound = t.bound(setting, np.arange(1.0, T + 1))
            measured = np.array(METHOD[key](problem, x, lr, T))
            ratio = float(((measured - 1e-14 * scale) / (bound + 1e-300)).max())
            worst[key] = max(worst[key], ratio)
    return worst


def test_no_bound_is_violated() -> None:
    worst = worst_ratios(300)
    assert max(worst.values()) <= 1 + 1e-9, worst
    assert min(worst.values()) > 0.2, worst  # the attack is not idle


@pytest.mark.slow
def test_no_bound_is_violated_in_many_settings() -> None:
    worst = worst_ratios(2000)
    assert max(worst.values()) <= 1 + 1e-9, worst


@pytest.mark.parametrize("T", [1, 10, 300])
def test_the_absolute_value_attains_half_of_ista(T: int) -> None:
    # R = c |x| and no f to speak of: each prox step is lr c long; c = D_0 / (2 lr T) is worst.
    lr, x = 0.5, 3.0
    c = x / (2 * lr * T)
    line = replace(huber_with_l1(0.0, c), L=1e-3)
    bound = theorem("ista", "ISTA").bound(composite_setting(line, [x], lr), np.array([float(T)]))
    assert ista(line, [x], lr, T)[-1] / bound[0] == pytest.approx(0.5, rel=1e-9)


@pytest.mark.parametrize("T", [1, 10, 300])
def test_a_huber_function_comes_near_the_bound_of_ista(T: int) -> None:
    worst = huber_with_l1(1.0 / (2 * T + 1), 0.0)
    bound = theorem("ista", "ISTA").bound(composite_setting(worst, [1.0], 1.0), np.array([T]))
    measured = ista(worst, [1.0], 1.0 - 1e-11, T)[-1]
    # Gradient descent's exact worst case, D_0^2 / (2 (2T + 1)), against D_0^2 / (2T).
    assert measured / bound[0] == pytest.approx(T / (2 * T + 1), rel=1e-6)


def test_a_huber_function_comes_near_the_bound_of_fista() -> None:
    T, t = 30, theorem("fista", "FISTA")
    best = 0.0
    for width in np.logspace(-4, 0, 60):
        worst = huber_with_l1(float(width), 0.0)
        setting = composite_setting(worst, [1.0], 1.0 - 1e-11)
        bound = t.bound(setting, np.arange(1.0, T + 1))
        best = max(best, float((fista(worst, [1.0], 1.0 - 1e-11, T) / bound)[-1]))
    assert 0.4 < best < 1


def test_bounds_worked_by_hand() -> None:
    problem = elastic_net(random.Random(0), 1, 0.1, 0.0, 1.0, 1.0)
    known = replace(composite_setting(problem, [1.0], 0.25).constants, L=2.0, distance=3.0, mu=0.5)
    setting = replace(composite_setting(problem, [1.0], 0.25), constants=known)
    T = np.array([0.0, 9.0])
    assert theorem("ista", "ISTA").bound(setting, T)[1] == pytest.approx(9 / (2 * 0.25 * 9))
    assert theorem("fista", "FISTA").bound(setting, T)[1] == pytest.approx(2 * 9 / (0.25 * 100))
    strong = 0.5 * 9 / 2 / ((1 + 0.125) ** 9 - 1)
    assert theorem("ista", "ISTA-mu").bound(setting, T)[1] == pytest.approx(strong)
    # A strong convexity that vanishes leaves ISTA.
    weak = replace(setting, constants=replace(known, mu=1e-13))
    ratio = theorem("ista", "ISTA-mu").bound(weak, T)[1] / theorem("ista", "ISTA").bound(weak, T)[1]
    assert ratio == pytest.approx(1, rel=1e-9)
    orders = [theorem(s, k).order(setting) for s, k in KEYS]
    assert [o.value for o in orders if o] == [-1.0, pytest.approx(-math.log(1.125)), -2.0]


def test_a_longer_step_breaks_the_bound_which_is_then_refused() -> None:
    problem = in_box(2.0, 0.0, 3.0)
    lr, t = 3.0 / problem.L, theorem("ista", "ISTA")
    setting = composite_setting(problem, [-1.0], lr)
    T = np.arange(1.0, 41.0)
    assert ista(problem, [-1.0], lr, 40)[-1] > t.bound(setting, T)[-1]
    assert not holds(t, setting)
