"""The fitted rate beside the proved one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from made_runs import STOCHASTIC, Gradient, Power, T, a_run, known, of, seeds

from lrbench.results import Run
from lrbench.theory.base import Order


def test_order_power() -> None:
    proved = Order("power", -1)
    v = of(Power(9.0, -1, proved), a_run(lambda t: 0.5 / t**1.5))
    assert v.measured_order == pytest.approx(-1.5)
    assert v.order_interval == pytest.approx((-1.5, -1.5))
    assert (v.order_verdict, v.window) == ("pass", (100, 1000))
    assert v.order == {"kind": "power", "value": -1}
    barely = of(Power(9.0, -1, proved), a_run(lambda t: 0.5 / t**0.91))
    assert barely.order_verdict == "pass"
    shallow = of(Power(9.0, -1, proved), a_run(lambda t: 0.5 / t**0.8 / 100))
    assert shallow.order_verdict == "inconclusive"
    assert shallow.order_reason == "pre-asymptotic: -0.8 against -1"


def test_order_interval_is_that_of_the_half_windows() -> None:
    metric = np.array([1.0, *([1.0] * 6), 1e-2, 5e-3, 2e-3, 1e-4])
    v = of(Power(9.0, -0.5, Order("power", -1)), a_run(metric))
    first = math.log(5e-3 / 1e-2) / math.log(2)
    second = math.log(1e-4 / 2e-3) / math.log(2)
    assert v.order_interval == pytest.approx((second, first))


def test_order_of_a_violated_bound_is_not_called_pre_asymptotic() -> None:
    v = of(Power(1e-3, -1, Order("power", -1)), a_run(lambda t: 1 / t**0.5))
    assert (v.bound_verdict, v.order_verdict) == ("fail", "inconclusive")
    assert v.order_reason == "the bound is violated"


def test_order_linear() -> None:
    theorem = Power(1.0, 0.0, Order("linear", -0.01))
    steps = np.arange(0.0, 1001.0, 50.0)

    def falling(rate: float) -> Run:
        return a_run(lambda t: np.exp(-rate * t) / 2, steps=steps)

    assert of(theorem, falling(0.0100)).measured_order == pytest.approx(-0.01)
    assert of(theorem, falling(0.0091)).order_verdict == "pass"
    assert of(theorem, falling(0.0089)).order_verdict == "inconclusive"
    assert of(theorem, falling(0.0200)).order_verdict == "pass"


def test_order_at_the_floor() -> None:
    theorem = Power(1.0, -1, Order("power", -1))
    fallen = a_run(lambda t: np.where(t < 200, 0.1 / t, 1e-15))
    v = of(theorem, fallen)
    assert (v.order_verdict, v.order_reason, v.window) == ("pass", "at floor", (10, 100))
    # The error of f_star raises the floor to 10 times itself.
    raised = of(theorem, a_run(lambda t: 0.1 / t**0.5 / 100), setting=known(f_star_error=1e-5))
    assert raised.order_reason == "at floor"
    # For gradients the floor is 2 L times as high.
    low = Gradient(1.0, -1, Order("power", -1))
    v = of(low, a_run(lambda t: np.where(t < 200, 0.1 / t, 7e-13)))
    assert v.order_reason == "at floor"
    v = of(theorem, a_run(lambda t: np.where(t < 200, 0.1 / t, 7e-13)))
    assert v.order_reason != "at floor"
    quick = of(theorem, a_run(lambda t: np.where(t < 5, 0.1, 0.0)))
    assert (quick.order_verdict, quick.measured_order) == ("pass", None)
    violated = of(Power(1e-4, -1, Order("power", -1)), fallen)
    assert (violated.bound_verdict, violated.order_reason) != ("fail", "at floor")


def test_order_with_too_few_points() -> None:
    run = a_run(lambda t: 0.5 / t, steps=T[:4])
    v = of(Power(1.0, -1, Order("power", -1)), run)
    assert (v.order_verdict, v.order_reason) == ("inconclusive", "too few points")
    assert of(Power(1.0, -1), run).order_verdict == "none"


def test_order_interval_over_seeds() -> None:
    exponents = (0.4, 0.5, 0.6, 0.7)
    runs = seeds([0.5 * np.maximum(T, 1.0) ** -p for p in exponents])
    theorem = Power(1.0, -0.1, Order("power", -0.5))
    v = of(theorem, *runs, setting=STOCHASTIC)
    assert v.order_interval is not None
    low, high = v.order_interval
    assert v.measured_order is not None
    assert -0.7 < low < v.measured_order < high < -0.4
    assert of(theorem, *runs, setting=STOCHASTIC) == v
