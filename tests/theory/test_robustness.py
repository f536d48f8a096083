"""Exponents of robustness and best scales, against the slopes and closed forms of the bounds."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from builders import as_problem, run_healthy, task

from lrbench.losses.absolute import Absolute
from lrbench.objective.constants import Constants
from lrbench.solvers.sgd import SGD
from lrbench.theory import THEOREMS
from lrbench.theory.base import APriori, Numbers, Setting, Theorem
from lrbench.theory.robustness import best_scale
from lrbench.theory.sgd import SGD1Average

KNOWN = Constants(
    L=1.3,
    L_method="eigenvalues",
    L_max=2.7,
    mu=0.01,
    mu_pl=0.01,
    G=1.7,
    grad_norm_sq0=0.9,
    f_star=0.0,
    f_star_error=0.0,
    f_star_method="exact",
    attained=True,
    delta0=0.8,
    distance=1.9,
    distance_error=0.0,
    noise_star=0.3,
)
T = 20_000

SETTINGS = [
    Setting(KNOWN, 1.0, {}, batch, 2, None if batch else "replacement", radius, horizon=T)
    for batch in (True, False)
    for radius in (None, 4.0)
]

VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("wngrad", {"order": "current"}),
    ("wngrad", {"order": "lagged"}),
    ("wngrad", {"order": "raw-first"}),
    ("adagrad-norm", {"eta": 1.0}),
    ("sgd", {"schedule": "constant"}),
    ("sgd-sqrt", {}),
    ("sgd[schedule=linear]", {"schedule": "linear"}),
    ("sgd[schedule=cosine]", {"schedule": "cosine"}),
    ("sgd[schedule=poly]", {"schedule": "poly", "power": 0.4}),
    ("sgd[schedule=poly]", {"schedule": "poly", "power": 3.0}),
]


def over_lr0(setting: Setting) -> Callable[[float], Setting]:
    return lambda lr0: replace(setting, lr0=lr0)


def over_eta(setting: Setting) -> Callable[[float], Setting]:
    """Return the setting at an eta, with b_0 = 1."""
    return lambda eta: replace(setting, lr0=eta, params={"eta": eta})


def value(theorem: Theorem, setting: Setting) -> float:
    return float(theorem.bound(setting, np.array([float(T)]))[0])


def declared() -> Iterator[Any]:
    for family, params in VARIANTS:
        for theorem in THEOREMS[family]:
            for setting in (replace(s, params=params) for s in SETTINGS):
                holds = all(h.holds for h in theorem.hypotheses(setting))
                for key, over in (("lr0", over_lr0), ("eta", over_eta)):
                    exponent = theorem.robustness_exponent(setting, key)
                    if holds and exponent is not None:
                        where = f"{'batch' if setting.batch else 'stochastic'}-{setting.radius}"
                        name = "-".join([family, *map(str, params.values()), theorem.key, key])
                        yield pytest.param(theorem, over(setting), exponent, id=f"{name}-{where}")


DECLARED = list(declared())

REACH = {"W3": (100.0, 1000.0), "SGD6": (30.0, 300.0)}
"""The range of rho in which a bound grows that cannot exceed a value, or whose T is finite."""


def test_the_exponents_of_the_families_are_declared() -> None:
    families = {str(case.id).split("-")[0] for case in DECLARED}
    assert families == {family.split("-")[0] for family, _ in VARIANTS}


@pytest.mark.parametrize(("theorem", "at", "exponent"), DECLARED)
def test_a_bound_grows_as_its_exponent_says(
    theorem: APriori, at: Callable[[float], Setting], exponent: float
) -> None:
    best = best_scale(theorem, at, T)
    start = 1.0 if best is None else best  # a bound may fall for ever, or be flat
    low, high = REACH.get(theorem.key, (1e12, 1e15))
    growth = value(theorem, at(start * high)) / value(theorem, at(start * low))
    assert math.log(growth, high / low) == pytest.approx(exponent, abs=0.1)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: f"{s.batch}-{s.radius}")
def test_the_best_scales_are_those_of_the_closed_forms(setting: Setting) -> None:
    D, G, H = 1.9, 1.7, math.fsum(1.0 / k for k in range(1, T + 1))
    in_ball = D if setting.radius is None else D + setting.radius
    expected = {
        "SGD1": D / (G * math.sqrt(T)),
        "SGD2": D / (G * math.sqrt((T + 1) * (1 + H))),
        "SGD4": in_ball / G * math.sqrt(math.sqrt(T) / (2 * math.sqrt(T) - 1)),
        "SGD6": D / G * T / (T + 1) ** 1.5,
    }
    for family in ("sgd", "sgd-sqrt", "sgd[schedule=linear]"):
        linear = replace(setting, params={"schedule": "linear"})
        for theorem in THEOREMS[family]:
            applies = all(h.holds for h in theorem.hypotheses(linear))
            if applies and theorem.key in expected:
                best = best_scale(theorem, over_lr0(linear), T)
                assert best == pytest.approx(expected[theorem.key], rel=1e-6), theorem.key


def test_there_is_no_best_scale_where_nothing_applies_or_the_bound_has_no_least() -> None:
    (w3,) = (t for t in THEOREMS["wngrad"] if t.key == "W3")
    assert best_scale(w3, over_lr0(SETTINGS[2]), T) is None  # minibatches

    class Falling(SGD1Average):
        def formula(self, setting: Setting, T: Numbers) -> Numbers:
            return 1.0 / (setting.lr0 * T)

    assert best_scale(Falling(), over_lr0(SETTINGS[0]), T) is None
    # A4 falls with lr0 to a limit: no lr0 is too high.
    (a4,) = (t for t in THEOREMS["adagrad-norm"] if t.key == "A4")
    setting = replace(SETTINGS[3], params={"eta": 1.0})
    assert value(a4, over_lr0(setting)(1e12)) < value(a4, over_lr0(setting)(1.0))
    assert best_scale(a4, over_lr0(setting), T) is None


def of_log_scale(bound: Callable[[float], float]) -> APriori:
    """Return a theorem whose bound is a function of log10(lr0)."""

    class Made(SGD1Average):
        def formula(self, setting: Setting, T: Numbers) -> Numbers:
            return np.full(T.shape, bound(math.log10(setting.lr0)))

    return Made()


def wide(x: float) -> float:
    return 2.0 + (x + 1.0) ** 2


MADE: list[tuple[str, Callable[[float], float], float | None]] = [
    # The second least value is lower, and lies between two points of the grid.
    ("narrow", lambda x: min(wide(x), 1.0 + 30.0 * abs(x - 3.06)), 3.06),
    ("narrow and too high", lambda x: min(wide(x), 2.1 + 30.0 * abs(x - 3.06)), -1.0),
    # Nothing holds below an edge, from which on the bound rises.
    ("edge", lambda x: math.inf if x < 0.43 else 1.0 + x, 0.43),
    ("edge above", lambda x: math.inf if x > 0.43 else 9.0 - x, 0.43),
    ("two alike", lambda x: 1.0 + (abs(x) - 2.07) ** 2, -2.07),
    ("a plateau", lambda x: 1.0 + max(abs(x) - 2.07, 0.0), -2.0),
    ("no number", lambda x: math.nan, None),
    ("underflow", lambda x: max(abs(x) - 1.0, 0.0), None),
    ("lower by rounding", lambda x: 1.0 + max(-x, 0.0) - 1e-12 * (2.0 < x < 4.0), None),
    ("as low at an end", lambda x: 1.0 + max(-x, 0.0), None),
]


@pytest.mark.parametrize(("name", "bound", "best"), MADE, ids=[case[0] for case in MADE])
def test_the_least_of_several_least_values(
    name: str, bound: Callable[[float], float], best: float | None
) -> None:
    scale = best_scale(of_log_scale(bound), over_lr0(SETTINGS[0]), T)
    assert (scale is None) == (best is None)
    if scale is not None and best is not None:
        assert math.log10(scale) == pytest.approx(best, abs=1e-7)


# --- measured ---------------------------------------------------------------------------------


def test_a_problem_with_the_exponent_1_of_constant_steps() -> None:
    """F = mean |w_i - c_i|: a coordinate that has arrived swings by the length of its step."""
    steps, n = 10_000, 200
    c = np.random.default_rng(7).uniform(0.7, 1.3, n)
    problem = as_problem(np.eye(n), c, Absolute())
    D, G = float(np.linalg.norm(c)), 1.0 / math.sqrt(n)
    best = D / (G * math.sqrt(steps))  # of SGD1
    rho = np.geomspace(4.0, 100.0, 9)
    work = task(
        problem,
        SGD(),
        (best * rho).tolist(),
        steps,
        checkpoints=[0, steps],
        minimum=False,
    )
    gaps = np.array([run.trace["objective"][-1] for run in run_healthy(work)])
    assert np.all(gaps < c.mean())  # below F(w_0) - f_star, and far above the floor
    assert np.all(gaps > 1e-3)
    slope = np.polynomial.Polynomial.fit(np.log(rho), np.log(gaps), 1).convert().coef[1]
    assert slope == pytest.approx(1.0, abs=0.15)
