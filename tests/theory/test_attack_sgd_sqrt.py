"""SGD4 against exact expectations in a ball: every path of short runs, in plain Python."""

from __future__ import annotations

import itertools
import math
import random

import numpy as np
import pytest
from scalar_runs import Rule, Scalar, constants, holds, huber, stochastic_setting, theorem

from lrbench.theory.base import Setting

SGD4 = theorem("sgd-sqrt", "SGD4")


def averages(
    slopes: list[float], x: float, lr0: float, radius: float, T: int, objective: Scalar
) -> list[float]:
    """Return E F(xbar_t) for t = 1 .. T, of the gradients slope x sign(x - centre) drawn evenly."""
    total = [0.0] * T
    paths = list(itertools.product(slopes, repeat=T))
    for path in paths:
        w, sum_w = x, 0.0
        for t, slope in enumerate(path):
            sum_w += w
            total[t] += objective.value(sum_w / (t + 1)) / len(paths)
            # g = slope + the derivative of |w|, 0 at the kink.
            g = slope + math.copysign(1.0, w) if w else slope
            w = w - lr0 / math.sqrt(t + 1) * g
            w = max(x - radius, min(x + radius, w))
    return total


def ball_setting(x: float, G: float, lr0: float, radius: float) -> Setting:
    line = Scalar(abs, lambda w: math.copysign(1.0, w) if w else 0.0, math.inf)
    known = constants(line, x, G=G)
    return stochastic_setting(known, Rule("sgd-sqrt", {}, lr0), radius)


def test_no_bound_is_violated_in_expectation() -> None:
    rng, worst = random.Random(5), 0.0
    line = Scalar(abs, lambda w: math.copysign(1.0, w), math.inf)
    for _ in range(300):
        x, noise = 10 ** rng.uniform(-2, 1), rng.choice([0.0, 10 ** rng.uniform(-1, 1)])
        radius, lr0 = x * rng.uniform(1, 2), 10 ** rng.uniform(-3, 2)
        setting = ball_setting(x, 1.0 + noise, lr0, radius)
        assert holds(SGD4, setting)
        T = np.arange(1.0, 8.0)
        measured = averages([-noise, noise], x, lr0, radius, 7, line)
        worst = max(worst, float((np.array(measured) / SGD4.bound(setting, T)).max()))
    # It is not idle: the worst of these draws reaches a fair part of the bound.
    assert 0.2 < worst <= 1 + 1e-9


@pytest.mark.parametrize("T", [1, 10, 1000])
def test_long_runs_on_the_absolute_value(T: int) -> None:
    line, x = huber(1e9, 1e-9), 1.0
    for lr0 in (0.01, 0.1, 1.0, 10.0):
        setting = ball_setting(x, 1.0, lr0, 1.0)
        measured = averages([0.0], x, lr0, 1.0, T, line)
        bound = SGD4.bound(setting, np.arange(1.0, T + 1))
        assert np.all(np.array(measured) <= bound * (1 + 1e-9))


def test_worked_by_hand() -> None:
    # D = 1 + 3 = 4, G = 2, lr0 = 1/2, T = 9: [16 * 3 + 2 * 2.5] / 9.
    setting = ball_setting(1.0, 2.0, 0.5, 3.0)
    assert SGD4.bound(setting, np.array([9.0]))[0] == pytest.approx((48 + 5) / 9)
    order = SGD4.order(setting)
    assert order is not None
    assert (order.kind, order.value) == ("power", -0.5)


def test_the_sum_of_the_steps_is_bounded_as_the_proof_says() -> None:
    total = 0.0
    for T in range(1, 5000):
        total += 1 / math.sqrt(T)
        assert total <= 2 * math.sqrt(T) - 1


def test_it_needs_the_ball_the_gradients_and_independent_samples() -> None:
    from dataclasses import replace

    setting = ball_setting(1.0, 2.0, 0.5, 3.0)
    without = {
        "no ball: --radius": replace(setting, radius=None),
        "sampling: reshuffle": replace(setting, sampling="reshuffle"),
        "x* outside the ball: 1 > 0.5": replace(setting, radius=0.5),
    }
    for detail, changed in without.items():
        assert [h.detail for h in SGD4.hypotheses(changed) if not h.holds] == [detail]
