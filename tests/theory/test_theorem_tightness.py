"""Functions that attain the bounds."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from scalar_runs import (
    Rule,
    Scalar,
    batch_setting,
    constants,
    huber,
    run,
    theorem,
    two_sided,
)
from scipy.optimize import minimize_scalar

from lrbench.theory.base import COLUMN, Numbers, Setting, Theorem

CURRENT: dict[str, float | str] = {"order": "current"}
LAGGED: dict[str, float | str] = {"order": "lagged"}
RAW_FIRST: dict[str, float | str] = {"order": "raw-first"}


def measured(t: Theorem, setting: Setting, trace: dict[str, Numbers]) -> Numbers:
    """Measured / bound at every T."""
    bound = t.bound(setting, trace["iteration"], trace)
    return trace[COLUMN[t.measure, t.iterate]] / bound


@pytest.mark.parametrize("T", [1, 7, 100])
@pytest.mark.parametrize("h", [0.1, 0.6, 1.0, 1.5])
def test_huber_function_attains_the_bounds_of_gradient_descent(h: float, T: int) -> None:
    L, x = 3.0, 2.0
    rule = Rule("sgd", {}, h / L)
    widths = {"GD": x / (2 * T * h + 1), "C6": x / (2 * T * h + 1)}
    widths |= {"GD-grad": x / (T * h + 1), "C7": x / (T * h + 1)}
    for key, width in widths.items():
        worst = huber(L, width)
        trace = run([worst], [0] * T, rule, x, worst)
        ratio = measured(theorem("sgd", key), batch_setting(worst, rule, x), trace)[-1]
        assert ratio == pytest.approx(1.0, rel=1e-9)


@pytest.mark.parametrize(("k", "h"), [(0.1, 0.5), (0.02, 1.0), (1.0, 1.7)])
def test_quadratics_attain_the_linear_bounds(k: float, h: float) -> None:
    L = 2.0
    rule, T = Rule("sgd", {}, h / L), 20
    slow = two_sided(k * L, k * L)
    # The flattest quadratic that the class holds, with L the larger curvature of the class.
    trace = run([slow], [0] * T, rule, 1.0, slow)
    known = replace(constants(slow, 1.0), L=L)
    setting = replace(batch_setting(slow, rule, 1.0), constants=known)
    assert measured(theorem("sgd", "GD-linear"), setting, trace) == pytest.approx(1.0, rel=1e-9)
    assert measured(theorem("sgd", "C5"), setting, trace) == pytest.approx(1.0, rel=1e-9)
    if h > 1:
        ratio = measured(theorem("sgd", "GD"), setting, trace)[0]
        assert ratio == pytest.approx(1.0, rel=1e-9)
        assert measured(theorem("sgd", "GD-mu"), setting, trace) == pytest.approx(1.0, rel=1e-9)


def test_last_iterate_of_wngrad_attains_c6() -> None:
    # The width that is worst for the steps that the run itself takes, found by iteration.
    rule, x, L, T = Rule("wngrad", LAGGED, 0.2), 2.0, 1.0, 12
    width = 0.1
    for _ in range(200):
        worst = huber(L, width)
        trace = run([worst], [0] * T, rule, x, worst)
        width = x / (2 * L * trace["sum_lr"][-1] + 1)
    setting = batch_setting(worst, rule, x)
    assert measured(theorem("wngrad", "C6"), setting, trace)[-1] == pytest.approx(1.0, rel=1e-6)


def test_absolute_value_attains_the_certificates() -> None:
    # |x| from 1 with a step of about 1/1000: x_T is nearly 0 and b has hardly grown.
    steep, T, x = huber(1e9, 1e-9), 1000, 1.0
    cases: tuple[tuple[str, dict[str, float | str], tuple[str, str]], ...] = (
        ("wngrad", CURRENT, ("C1", "C2")),
        ("wngrad", LAGGED, ("C1", "C2")),
        ("adagrad-norm", {"eta": 1.0}, ("C3a", "C3b")),
    )
    for solver, params, keys in cases:
        rule = Rule(solver, params, 1 / T)
        setting, trace = batch_setting(steep, rule, x), run([steep], [0] * T, rule, x, steep)
        for key in keys:
            ratio = measured(theorem(solver, key), setting, trace)
            # Near the kink the last gradient is no longer 1; the last but one decides.
            assert 0.997 <= ratio[-2] <= 1.0 + 1e-12, key


@pytest.mark.parametrize(("k", "h", "T"), [(0.1, 0.5, 3), (0.02, 0.95, 10), (0.3, 0.9, 20)])
def test_steep_then_flat_function_attains_the_strongly_convex_bound(
    k: float, h: float, T: int
) -> None:
    # Curvature L up to a width and mu beyond; the worst width is looked for.
    L, x, rule = 2.0, 3.0, Rule("sgd", {}, h / 2.0)
    gd_mu = theorem("sgd", "GD-mu")

    def ratio(width: float) -> float:
        shift = L * (1 - k) * width

        def value(z: float) -> float:
            u = abs(z)
            return 0.5 * L * (u * u if u <= width else k * u * u) + (
                shift * (u - width / 2) if u > width else 0.0
            )

        def slope(z: float) -> float:
            steep = L * z
            return steep if abs(z) <= width else k * steep + math.copysign(shift, z)

        worst = Scalar(value, slope, L, k * L)
        trace = run([worst], [0] * T, rule, x, worst)
        return float(measured(gd_mu, batch_setting(worst, rule, x), trace)[-1])

    found = minimize_scalar(
        lambda width: -ratio(width),
        bounds=(0, x / (T * h)),
        method="bounded",
        options={"xatol": 1e-12},
    )
    assert -found.fun == pytest.approx(1.0, rel=1e-9)
