"""C4: attained by an absolute value, never violated, silent where it should be."""

from __future__ import annotations

import random

import numpy as np
import pytest

from lrbench.api import run
from lrbench.objective.constants import Constants
from lrbench.theory.base import Setting
from lrbench.theory.sgd import C4FixedSteps

C4 = C4FixedSteps()


def rough(distance: float, lr0: float) -> Setting:
    """Return full batches of a nonsmooth objective, a minimiser at this distance."""
    known = Constants(
        L=float("inf"),
        L_method="not smooth",
        L_max=float("inf"),
        mu=0.0,
        mu_pl=0.0,
        G=None,
        grad_norm_sq0=1.0,
        f_star=0.0,
        f_star_error=0.0,
        f_star_method="exact",
        attained=True,
        delta0=distance,
        distance=distance,
        distance_error=0.0,
    )
    return Setting(known, lr0, {}, True, 1, None, None, smooth=False)


def bound(setting: Setting, T: int, sum_sq: float) -> float:
    trace = {"sum_grad_norm_sq": np.array([sum_sq])}
    return float(C4.bound(setting, np.array([float(T)]), trace)[0])


def test_an_absolute_value_attains_it() -> None:
    """|x| from x_0 = lr0 T: every subgradient is 1, and the average gap is lr0 (T + 1) / 2."""
    lr0, T = 0.25, 40
    points = [lr0 * T - lr0 * t for t in range(T)]
    measured = sum(map(abs, points)) / T - 0.0  # F(xbar) with all points on one side
    assert measured == pytest.approx(lr0 * (T + 1) / 2)
    assert bound(rough(lr0 * T, lr0), T, float(T)) == pytest.approx(measured, rel=1e-12)


def test_no_violation_on_random_piecewise_linear_functions() -> None:
    rng = random.Random(4)
    closest = 0.0
    for _ in range(2000):
        kinks = sorted(rng.uniform(-3, 3) for _ in range(rng.choice([1, 3, 5])))
        slopes = [rng.uniform(0.1, 4) for _ in kinks]

        def f(x: float, kinks: list[float] = kinks, slopes: list[float] = slopes) -> float:
            return sum(c * abs(x - k) for c, k in zip(slopes, kinks, strict=True))

        def g(x: float, kinks: list[float] = kinks, slopes: list[float] = slopes) -> float:
            return sum(c * ((x > k) - (x < k)) for c, k in zip(slopes, kinks, strict=True))

        best = min(kinks, key=f)
        x = start = rng.uniform(-10, 10)
        lr0, T = 10 ** rng.uniform(-3, 2), rng.randint(1, 60)
        total, squares = 0.0, 0.0
        for _ in range(T):
            total += x
            squares += g(x) ** 2
            x -= lr0 * g(x)
        gap = f(total / T) - f(best)
        limit = bound(rough(abs(start - best), lr0), T, squares)
        assert gap <= limit * (1 + 1e-12) + 1e-12
        closest = max(closest, gap / limit)
    assert closest > 0.9


def test_it_is_judged_where_nothing_sharper_is_known() -> None:
    (rough_problem,) = run("lad-worst", solvers=["sgd"], lr0=[1.0], iterations=300).problems
    (v,) = [v for v in rough_problem.verdicts if v.theorem == "C4"]
    assert v.bound_verdict in ("pass", "vacuous")
    (smooth,) = run("logreg", solvers=["sgd"], lr0=[1.0], iterations=30).problems
    (v,) = [v for v in smooth.verdicts if v.theorem == "C4"]
    assert not v.applies
    assert "see GD" in v.reason


def test_a_run_beyond_all_numbers_violates_nothing() -> None:
    (problem,) = run(
        "least-squares", solvers=["sgd"], lr0=[100.0], batch_size=4, iterations=300, replicates=2
    ).problems
    assert {str(r.status) for r in problem.runs} == {"diverged"}
    (v,) = [v for v in problem.verdicts if v.theorem == "C4"]
    assert (v.applies, v.bound_verdict) == (True, "none")
