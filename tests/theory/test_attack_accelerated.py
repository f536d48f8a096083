"""NAG on quadratics, on Huber functions and on Nesterov's; SF over all sequences of minibatches.

The recursions are in plain Python, and the expectations are exact.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scalar_lasso import Vector
from scalar_runs import Rule, Scalar, batch_setting, constants, huber, log_cosh, theorem, two_sided
from subgradient_runs import Problem, draw, setting_of

from lrbench.theory.base import Setting

Slope = Callable[[Vector], Vector]


def nesterov(slope: Slope, x: Vector, lr0: float, n_steps: int) -> list[Vector]:
    """Return x_1, x_2, ...; t_k grows as in Nesterov's paper."""
    y, t, out = x, 1.0, []
    for _ in range(n_steps):
        new = [a - lr0 * b for a, b in zip(y, slope(y), strict=True)]
        t_next = (1 + math.sqrt(4 * t * t + 1)) / 2
        y = [a + (t - 1) * (a - b) / t_next for a, b in zip(new, x, strict=True)]
        x, t = new, t_next
        out.append(x)
    return out


def ratios(function: Scalar, x: float, lr0: float, n_steps: int) -> NDArray[np.float64]:
    """Return F(x_T) over the bound, for T = 1, 2, ..."""
    setting = batch_setting(function, Rule("nesterov", {}, lr0), x)
    points = nesterov(lambda z: [function.slope(z[0])], [x], lr0, n_steps)
    T = np.arange(1.0, n_steps + 1)
    bound = theorem("nesterov", "NAG").bound(setting, T)
    return np.array([function.value(z) for (z,) in points]) / bound


def test_nag_is_not_violated_and_huber_functions_come_near_it() -> None:
    rng, worst = random.Random(11), 0.0
    for _ in range(400):
        L, x = 10 ** rng.uniform(-2, 2), 10 ** rng.uniform(-1, 1)
        function = rng.choice(
            [
                two_sided(L, L * 10 ** rng.uniform(-4, 0)),
                huber(L, x * 10 ** rng.uniform(-4, 0)),
                log_cosh(L, x * 10 ** rng.uniform(-2, 1)),
            ]
        )
        worst = max(worst, ratios(function, x, 10 ** rng.uniform(-2, 0) / L, 60).max())
    assert 0.5 < worst <= 1 + 1e-12
    # The threshold is the worst for T = 300, found by a search: the constant is right for T -> inf.
    assert ratios(huber(2.0, 4.3276e-5), 1.0, 0.5, 300)[-1] == pytest.approx(0.97921, abs=1e-4)


def test_nag_would_be_false_for_longer_steps() -> None:
    square = two_sided(1.0, 1.0)
    for lr0, false in ((1.0, False), (1.4, True)):
        assert (ratios(square, 1.0, lr0, 60).max() > 1) == false
    nag = theorem("nesterov", "NAG")
    setting = batch_setting(square, Rule("nesterov", {}, 1.4), 1.0)
    assert [h.detail for h in nag.hypotheses(setting) if not h.holds] == ["1/lr0 = 0.714 < L = 1"]


@pytest.mark.parametrize("T", [3, 10, 40])
def test_nesterovs_function_is_between_his_lower_bound_and_nag(T: int) -> None:
    # F = (1/8) [x_1^2 + sum (x_i - x_{i+1})^2 + x_d^2] - x_1 / 4, L = 1, d = 2T + 1: no method
    # whose steps are in the span of its gradients is below 3 L D^2 / (32 (T+1)^2) after T steps.
    d = 2 * T + 1

    def slope(x: Vector) -> Vector:
        ends = [0.0, *x, 0.0]
        inner = [2 * b - a - c for a, b, c in zip(ends, ends[1:], ends[2:], strict=False)]
        return [u / 4 - (k == 0) / 4 for k, u in enumerate(inner)]

    def value(x: Vector) -> float:
        ends = [0.0, *x, 0.0]
        return math.fsum((a - b) ** 2 for a, b in itertools.pairwise(ends)) / 8 - x[0] / 4

    star = [1 - k / (d + 1) for k in range(1, d + 1)]
    assert max(map(abs, slope(star))) < 1e-15
    D_sq = math.fsum(a * a for a in star)
    gap = value(nesterov(slope, [0.0] * d, 1.0, T)[-1]) - value(star)
    known = replace(constants(two_sided(1.0, 0.0), 1.0), distance=math.sqrt(D_sq))
    setting = Setting(known, 1.0, {}, True, 1, None, None)
    bound = theorem("nesterov", "NAG").bound(setting, np.array([float(T)]))[0]
    assert 3 * D_sq / (32 * (T + 1) ** 2) <= gap <= bound


def answers(problem: Problem, drawn: Sequence[int], lr0: float, beta: float) -> list[float]:
    """Return F at the answers x_1, x_2, ... of schedule-free SGD, one term at a time."""
    z = x = problem.start
    out = []
    for t, k in enumerate(drawn):
        y = [(1 - beta) * a + beta * b for a, b in zip(z, x, strict=True)]
        g = problem.subgradient([k], y)
        z = problem.project([a - lr0 * b for a, b in zip(z, g, strict=True)])
        x = [b + (a - b) / (t + 2) for a, b in zip(z, x, strict=True)]
        out.append(problem.value(x))
    return out


def sf_ratios(rng: random.Random, n_steps: int) -> tuple[float, float]:
    """Return the largest expectation / bound over T of a problem, and that of a single path."""
    problem = draw(rng, 2)
    lr0, beta = 10 ** rng.uniform(-2, 2), rng.choice([0.0, 0.5, 0.9, 0.999])
    setting = setting_of(problem, Rule("schedule-free", {}, lr0), False)
    sf = theorem("schedule-free", "SF")
    assert all(h.holds for h in sf.hypotheses(setting))
    paths = [answers(problem, p, lr0, beta) for p in itertools.product([0, 1], repeat=n_steps)]
    gaps = np.array(paths) - setting.constants.f_star
    bound = sf.bound(setting, np.arange(1.0, n_steps + 1))
    return float((gaps.mean(axis=0) / bound).max()), float((gaps / bound).max())


def test_sf_bounds_the_expectation_and_no_single_path() -> None:
    rng = random.Random(5)
    found = [sf_ratios(rng, 6) for _ in range(150)]
    assert 0.4 < max(mean for mean, _ in found) <= 1 + 1e-12
    assert max(single for _, single in found) > 1


@pytest.mark.parametrize("T", [1, 2, 9])
@pytest.mark.parametrize("beta", [0.0, 0.3, 0.95])
def test_a_line_attains_sf(beta: float, T: int) -> None:
    # |x| from lr0 (T+1): every step is lr0, and the average of the iterates is lr0 (T/2 + 1).
    lr0 = 0.4
    line = Problem([[([1.0], 0.0), ([-1.0], 0.0)]], 0.0, [0.0], [lr0 * (T + 1)])
    setting = setting_of(line, Rule("schedule-free", {}, lr0), True)
    bound = theorem("schedule-free", "SF").bound(setting, np.array([float(T)]))[0]
    end = answers(line, [0] * T, lr0, beta)[-1]
    assert end == pytest.approx(lr0 * (T / 2 + 1), rel=1e-14)
    assert end == pytest.approx(bound, rel=1e-14)
