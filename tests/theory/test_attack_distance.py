"""DOG and DOWG: paths of any vectors, subgradients in several dimensions, and smooth functions.

The recursions are in plain Python. On a path the certificate bounds the weighted regret; on a
function it bounds F at the weighted average.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from builders import linear_problem, run_healthy, task
from numpy.typing import NDArray
from scalar_lasso import Vector, dot
from scalar_runs import Rule, batch_setting, constants, huber, log_cosh, theorem, two_sided
from subgradient_runs import draw, setting_of

from lrbench.solvers import SOLVERS
from lrbench.theory.base import Setting, Theorem

METHODS = ["dog", "dowg"]
Columns = dict[str, NDArray[np.float64]]


def as_it_is(x: Vector) -> Vector:
    return x


def walk(
    method: str,
    gradient: Callable[[int, Vector], Vector],
    start: Vector,
    star: Vector,
    c: float,
    r: float,
    n_steps: int,
    project: Callable[[Vector], Vector] = as_it_is,
) -> tuple[Columns, list[Vector]]:
    """Step `n_steps` times from `start`; return the columns, and the weighted averages.

    `r` is the length from which the distances start. The regret is the weighted one.
    """
    x, q_sq, weight, regret, squares, far = start, 0.0, 0.0, 0.0, 0.0, 0.0
    total, rows, averages = [0.0] * len(start), [], []
    for t in range(n_steps):
        g = gradient(t, x)
        p = r if method == "dog" else r * r
        a, away = dot(g, g), [u - v for u, v in zip(x, star, strict=True)]
        far = max(far, math.hypot(*away))
        squares += a
        q_sq += a if method == "dog" else r * r * a
        weight += p
        regret += p * dot(g, away)
        total = [u + p * v for u, v in zip(total, x, strict=True)]
        rate = c * p / math.sqrt(q_sq) if q_sq else 0.0
        x = project([u - rate * v for u, v in zip(x, g, strict=True)])
        r = max(r, math.dist(x, start))
        rows.append(
            {
                "iteration": t + 1.0,
                "r_bar": r,
                "weight": weight,
                "root": math.sqrt(q_sq),
                "sum_grad_norm_sq": squares,
                "regret": regret,
                "distance": math.dist(x, star),
                "distance_max": far,
            }
        )
        averages.append([u / weight for u in total])
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}, averages


def certificate(method: str) -> Theorem:
    return theorem(method, method.upper())


def setting_at(c: float) -> Setting:
    rule = Rule("dog", {"c": c}, math.nan)
    return batch_setting(huber(1.0, 1.0), rule, 1.0)


def regret_ratio(method: str, path: Sequence[Vector], start: Vector, c: float, r: float) -> float:
    """Return the largest weighted regret over the weights times the bound, beside the point 0."""
    columns, _ = walk(method, lambda t, x: path[t], start, [0.0, 0.0], c, r, len(path))
    bound = certificate(method).bound(setting_at(c), columns["iteration"], columns)
    return float((columns["regret"] / (columns["weight"] * bound)).max())


def climb(method: str, rng: random.Random) -> float:
    """Return the largest ratio that a search over gradients, starts, c and r comes to."""
    path = [[rng.gauss(0, 1), rng.gauss(0, 1)] for _ in range(rng.choice([1, 2, 3, 5]))]
    start, c, r = [rng.uniform(0.1, 3), rng.gauss(0, 1)], 10 ** rng.uniform(-1, 1), 0.1
    top = -math.inf
    for _ in range(150):
        size = 10 ** rng.uniform(-3, 0.5)
        moved = [[u + size * rng.gauss(0, 1) * (rng.random() < 0.5) for u in g] for g in path]
        k, longer = rng.randrange(len(path)), 10 ** rng.gauss(0, 0.7)
        moved[k] = [u * longer for u in moved[k]]
        other = (c * 10 ** rng.gauss(0, 0.2), r * 10 ** rng.gauss(0, 0.3))
        value = regret_ratio(method, moved, start, *other)
        if value > top:
            top, path, (c, r) = value, moved, other
    return top


@pytest.mark.parametrize("method", METHODS)
def test_no_path_exceeds_the_bound_on_the_weighted_regret(method: str) -> None:
    rng = random.Random(f"paths of {method}")
    worst = max(climb(method, rng) for _ in range(60))
    assert 0.9 < worst <= 1 + 1e-12


@pytest.mark.parametrize("method", METHODS)
def test_no_factor_of_the_regret_can_be_lowered(method: str) -> None:
    # A tiny gradient away from 0, then a long one towards it. With c = 2 the first step leads
    # 2r away, and the second through x_0 to 2r on its other side; r is small beside the distance.
    r = 1e-6
    path = [[-1e-9, 0.0], [1.0, 0.0]]
    assert regret_ratio(method, path, [1.0, 0.0], 2.0, r) == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_one_step_along_a_line_attains_half_of_the_bound(method: str) -> None:
    # F = |x| from 1: r_1 = max(r, c r), and F(x_0) = 1.
    for c, r in ((1.0, 1e-5), (0.3, 1e-3), (5.0, 1e-6)):
        columns, averages = walk(method, lambda t, x: [1.0], [1.0], [0.0], c, r, 1)
        bound = certificate(method).bound(setting_at(c), columns["iteration"], columns)[0]
        longest, far = max(r, c * r), max(1.0, abs(1.0 - c * r))
        squares = 1.0 if method == "dog" else r
        weight = r if method == "dog" else r * r
        expected = longest * (2.0 * far / c + c * longest) * squares / weight
        assert averages == [[1.0]]
        assert bound == pytest.approx(expected, rel=1e-9)
        if c >= 1.0:
            assert 1.0 / bound == pytest.approx(0.5, rel=1e-2)


@pytest.mark.parametrize("method", METHODS)
def test_no_bound_is_violated_on_subgradients_with_constraints(method: str) -> None:
    rng, worst = random.Random(f"subgradients of {method}"), 0.0
    for _ in range(400):
        problem = draw(rng, rng.randint(1, 3))
        every, c = range(len(problem.terms)), 10 ** rng.uniform(-1.5, 1.5)
        r = 10 ** rng.uniform(-7, 1) * (1 + math.hypot(*problem.start))
        columns, averages = walk(
            method,
            lambda t, x, p=problem, k=every: p.subgradient(k, x),  # type: ignore[misc]
            problem.start,
            problem.star,
            c,
            r,
            rng.choice([2, 40]),
            problem.project,
        )
        setting = setting_of(problem, Rule(method, {"c": c}, math.nan), True)
        assert all(h.holds for h in certificate(method).hypotheses(setting))
        bound = certificate(method).bound(setting, columns["iteration"], columns)
        metric = np.array([problem.value(x) for x in averages]) - setting.constants.f_star
        tiny = 1e-13 * (1 + setting.constants.delta0 + abs(setting.constants.f_star))
        worst = max(worst, float(((metric - tiny) / (bound + tiny)).max()))
    assert 0.3 < worst <= 1 + 1e-9


@pytest.mark.parametrize("method", METHODS)
def test_no_bound_is_violated_on_smooth_functions(method: str) -> None:
    rng, worst = random.Random(f"smooth {method}"), 0.0
    for _ in range(400):
        L, size = 10 ** rng.uniform(-2, 2), 10 ** rng.uniform(-2, 2)
        function = rng.choice(
            [two_sided(L, L * rng.random()), huber(L, size * rng.random()), log_cosh(L, size)]
        )
        c, r = 10 ** rng.uniform(-1.5, 0.8), size * 10 ** rng.uniform(-6, 1)
        columns, averages = walk(
            method,
            lambda t, x, f=function: [f.slope(x[0])],  # type: ignore[misc]
            [size],
            [0.0],
            c,
            r,
            rng.choice([3, 30]),
        )
        setting = batch_setting(function, Rule(method, {"c": c}, math.nan), size)
        bound = certificate(method).bound(setting, columns["iteration"], columns)
        metric = np.array([function.value(x[0]) for x in averages])
        worst = max(worst, float((metric / bound).max()))
    assert 0.3 < worst <= 1 + 1e-9


@pytest.mark.parametrize("method", METHODS)
def test_steps_that_rounding_loses_violate_nothing(method: str) -> None:
    # F = |x - 3| from 4: the first steps are less than the last digit of 4, and are lost.
    beyond = 0
    lengths = ((0.3, 400), (1.0, 400), (1e3, 3))
    for r_eps, (c, n_steps) in itertools.product((1e-22, 1e-18, 1e-16, 1e-15), lengths):
        columns, averages = walk(
            method,
            lambda t, x: [math.copysign(1.0, x[0] - 3.0)],
            [4.0],
            [3.0],
            c,
            r_eps * 5.0,
            n_steps,
        )
        setting = replace(setting_at(c), params={"r_eps": r_eps, "c": c})
        bound = certificate(method).bound(setting, columns["iteration"], columns)
        metric = np.array([abs(x[0] - 3.0) for x in averages])
        assert (metric <= bound).all()
        exact = certificate(method).bound(setting_at(c), columns["iteration"], columns)
        beyond += bool((metric > 5 * exact).any())
    assert beyond >= 3  # with exact steps r would have grown


def test_the_distance_from_a_computed_minimiser_is_raised_by_its_error() -> None:
    columns, _ = walk("dog", lambda t, x: [1.0], [1.0], [0.0], 0.5, 0.01, 3)
    known = constants(huber(1.0, 1.0), 1.0)
    exact, rough = (
        certificate("dog").bound(
            replace(setting_at(0.5), constants=replace(known, distance_error=error)),
            columns["iteration"],
            columns,
        )
        for error in (0.0, 0.25)
    )
    r, root, weight = (columns[name] for name in ("r_bar", "sum_grad_norm_sq", "weight"))
    np.testing.assert_allclose(rough - exact, r * 2.0 * 0.25 / 0.5 * np.sqrt(root) / weight)


@pytest.mark.parametrize("method", METHODS)
def test_real_runs_have_the_columns_of_the_certificate(method: str) -> None:
    w0 = np.array([1, -2, 0.5, 3, 0])
    problem = linear_problem("logistic", 40, 5, weight=0.02, w0=w0, seed=8)
    for c in (0.3, 1.0, 7.0):
        params: dict[str, float | str] = {"r_eps": 0.02, "c": c}
        work = task(
            problem, SOLVERS.get(method)(**params), [1.0], 80, distance_error=0.0, parameters={}
        )
        (run,) = run_healthy(work)
        setting = Setting(work.shared.constants, math.nan, params, True, 40, None, None)
        bound = certificate(method).bound(setting, run.trace["iteration"], run.trace)
        ratio = run.trace["suboptimality_output"][1:] / bound[1:]
        assert np.isnan(bound[0])
        assert (ratio > 0).all()
        assert (ratio <= 1).all()
        # From the steps themselves: lr_t = c p_t / q_t, with p_t the growth of the weights.
        p, lr = np.diff(run.trace["weight"]), run.trace["lr"][1:]
        q = c * p / lr
        d = np.maximum.accumulate(run.trace["distance"])[1:]
        r = np.append(p[1:], math.nan) if method == "dog" else np.sqrt(np.append(p[1:], math.nan))
        expected = r * (2 * d / c + c * r) * q / np.cumsum(p)
        np.testing.assert_allclose(bound[1:-1], expected[:-1], rtol=1e-9)
