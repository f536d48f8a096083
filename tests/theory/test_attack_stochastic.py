"""Bounds in expectation against exact expectations: every path of short stochastic runs."""

from __future__ import annotations

import itertools
import random
from collections import defaultdict

import numpy as np
import pytest
from numpy.typing import NDArray
from scalar_runs import RULES, Rule, Scalar, constants, holds, run, stochastic_setting

from lrbench.theory.base import COLUMN, Setting
from lrbench.verdicts.theorems import theorems_for


def shifted(curvature: float, centre: float, width: float) -> Scalar:
    """A Huber function around `centre`; its value at 0 does not matter."""

    def slope(x: float) -> float:
        return curvature * max(-width, min(width, x - centre))

    def value(x: float) -> float:
        u = abs(x - centre)
        inside = 0.5 * curvature * u * u
        return inside if u <= width else curvature * width * (u - 0.5 * width)

    return Scalar(value, slope, curvature)


def mean_of(f: Scalar, g: Scalar) -> Scalar:
    """(f + g)/2, less its value at 0, where both together must be stationary."""
    least = (f.value(0.0) + g.value(0.0)) / 2
    return Scalar(
        lambda x: (f.value(x) + g.value(x)) / 2 - least,
        lambda x: (f.slope(x) + g.slope(x)) / 2,
        (f.L + g.L) / 2,
    )


def draw(rng: random.Random) -> tuple[Scalar, Scalar]:
    """Two Huber functions whose gradients at 0 cancel; sometimes both vanish there."""
    c, d = 10 ** rng.uniform(-1, 1), 10 ** rng.uniform(-1, 1)
    shift = rng.choice([0.0, 0.0, 10 ** rng.uniform(-2, 0.5)])
    width = 10 ** rng.uniform(-1, 1) + shift * max(1.0, c / d)
    return shifted(c, shift, width), shifted(d, -shift * c / d, width)


def every_path(
    rng: random.Random, solver: str, params: dict[str, float | str], T: int
) -> tuple[Setting, list[dict[str, NDArray[np.float64]]]]:
    f, g = draw(rng)
    objective, x = mean_of(f, g), rng.choice([-1, 1]) * 10 ** rng.uniform(-2, 1)
    radius = abs(x) * rng.uniform(1, 2) if rng.random() < 0.7 else None
    span = (-2, 0) if solver == "sgd" else (-3, 3)
    rule = Rule(solver, params, 10 ** rng.uniform(*span) / objective.L)
    # Huber functions: the gradients are bounded by the slope of their straight parts.
    G = max(max(abs(h.slope(1e9)), abs(h.slope(-1e9))) for h in (f, g))
    noise = (f.slope(0.0) ** 2 + g.slope(0.0) ** 2) / 2
    known = constants(objective, x, G=G, L_max=max(f.L, g.L), noise=noise)
    paths = itertools.product([0, 1], repeat=T)
    traces = [run([f, g], path, rule, x, objective, radius) for path in paths]
    return stochastic_setting(known, rule, radius), traces


def worst_ratios(
    solver: str, params: dict[str, float | str], trials: int, T: int
) -> dict[str, float]:
    """Return the largest E metric / E bound of each theorem."""
    rng = random.Random(f"{solver} {params}")
    worst: dict[str, float] = defaultdict(float)
    for _ in range(trials):
        setting, traces = every_path(rng, solver, params, T)
        for theorem in theorems_for(solver):
            if not holds(theorem, setting):
                continue
            column = COLUMN[theorem.measure, theorem.iterate]
            metric = np.mean([t[column] for t in traces], axis=0)
            steps = traces[0]["iteration"]
            bound = np.mean([theorem.bound(setting, steps, t) for t in traces], axis=0)
            worst[theorem.key] = max(worst[theorem.key], float((metric / bound).max()))
    return worst


@pytest.mark.parametrize(("solver", "params"), RULES, ids=str)
def test_no_bound_is_violated_in_expectation(solver: str, params: dict[str, float | str]) -> None:
    worst = worst_ratios(solver, params, 60, 4)
    assert max(worst.values()) <= 1 + 1e-9, worst
    expected = {
        "wngrad": {"C2", "C2'", "W5", "W6"},
        "adagrad-norm": {"C2'", "C3b", "A3", "A4"},
        "sgd": {"C4", "SGD1", "SGD2", "SGD3"},
        "sgd-sqrt": {"SGD4"},
    }
    assert set(worst) == expected[solver]


@pytest.mark.slow
@pytest.mark.parametrize(("solver", "params"), RULES, ids=str)
def test_no_bound_is_violated_in_expectation_over_longer_runs(
    solver: str, params: dict[str, float | str]
) -> None:
    worst = worst_ratios(solver, params, 60, 8)
    assert max(worst.values()) <= 1 + 1e-9, worst
