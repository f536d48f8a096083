"""The noise at the minimiser: rounded up by what f* is known to, and when it counts as none."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scalar_runs import theorem

import lrbench
from lrbench.objective.constants import Constants
from lrbench.problem_files import spec_from_data
from lrbench.theory.base import Order, Setting
from lrbench.theory.quantities import noise_at_minimiser

KNOWN = Constants(
    L=2.0,
    L_method="exact",
    L_max=3.0,
    mu=0.0,
    mu_pl=0.0,
    G=4.0,
    grad_norm_sq0=9.0,
    f_star=0.0,
    f_star_error=0.0,
    f_star_method="exact",
    attained=True,
    delta0=2.5,
    distance=3.0,
    noise_star=0.75,
)


def setting(lr0: float = 1.0, order: str = "current", **constants: Any) -> Setting:
    """Minibatches of 2 in a ball of radius 5."""
    params: dict[str, float | str] = {"order": order, "eta": 1.0}
    return Setting(replace(KNOWN, **constants), lr0, params, False, 2, "replacement", 5.0)


THEOREMS = [("wngrad", "W6"), ("adagrad-norm", "A4")]


@given(st.integers(0, 2**32 - 1), st.floats(-8.0, 0.0))
def test_the_noise_at_any_point_near_bounds_that_at_the_minimiser(seed: int, scale: float) -> None:
    """Least squares, whose minimiser NumPy knows: the rounded-up noise is never too small."""
    rng = np.random.default_rng(seed)
    n, d = rng.integers(1, 9), rng.integers(1, 5)
    X, y = rng.standard_normal((n, d)), rng.standard_normal(n)
    best = np.linalg.lstsq(X, y, rcond=None)[0]
    point = best + 10.0**scale * rng.standard_normal(d)
    noise = [float(np.mean((X @ w - y) ** 2 * np.sum(X**2, axis=1))) for w in (best, point)]
    error = float(np.mean((X @ (point - best)) ** 2)) / 2.0  # F(point) - inf F
    L_max = float(np.max(np.sum(X**2, axis=1)))
    s = setting(L_max=L_max, noise_star=noise[1], f_star_error=error)
    assert 2.0 * noise_at_minimiser(s) >= noise[0] * (1.0 - 1e-10)


def test_one_term_attains_it() -> None:
    # F = (3/2) w^2 at w = 1: the gradient is 3, F - inf F = 3/2, and the noise at 0 is 0.
    worst = setting(noise_star=0.0, f_star_error=1.5)
    assert 2.0 * noise_at_minimiser(worst) == pytest.approx(9.0)
    # A noise of 4 there: the roots add up, (2 + 3)^2.
    both = setting(noise_star=4.0, f_star_error=1.5)
    assert 2.0 * noise_at_minimiser(both) == pytest.approx(25.0)
    rounded = setting(noise_star=4.0, f_star_error=1.0, f_rounding=0.5)
    assert noise_at_minimiser(rounded) == noise_at_minimiser(both)
    assert noise_at_minimiser(replace(both, batch=True)) == 0.0
    nothing = replace(both, constants=replace(KNOWN, noise_star=None))
    assert math.isnan(noise_at_minimiser(nothing))


@pytest.mark.parametrize(("solver", "key"), THEOREMS)
def test_noise_that_is_only_rounding_is_none(solver: str, key: str) -> None:
    def order(**constants: Any) -> Order | None:
        return theorem(solver, key).order(setting(**constants))

    assert order(noise_star=4.9e-32) == order(noise_star=0.0) == Order("power", -1.0)
    assert order(noise_star=0.75) == order(noise_star=1e-9) == Order("power", -0.5)
    # The limit is 2 L_max times the floor; batches of 2 halve the noise.
    limit = 2.0 * 2.0 * 3.0 * setting().constants.floor
    assert order(noise_star=0.99 * limit) == Order("power", -1.0)
    assert order(noise_star=1.01 * limit) == Order("power", -0.5)
    # An f* that is known badly proves less, and does not hide a noise that is there.
    assert order(noise_star=1e-3, f_star_error=1e-5) == Order("power", -0.5)
    assert order(noise_star=0.0, f_star_error=1e-5) == Order("power", -1.0)
    nothing = replace(setting(), constants=replace(KNOWN, noise_star=None))
    assert theorem(solver, key).order(nothing) == Order("power", -0.5)


@given(
    st.sampled_from(THEOREMS),
    st.sampled_from(["current", "lagged", "raw-first"]),
    st.floats(-9.0, 9.0),
    st.floats(-6.0, 6.0),
    st.floats(-6.0, 6.0),
)
def test_such_noise_at_most_doubles_the_bound_above_the_floor(
    name: tuple[str, str], order: str, log_lr0: float, log_G: float, log_L: float
) -> None:
    G, L = 10.0**log_G, 10.0**log_L
    quiet = setting(10.0**log_lr0, order, G=G, L=L, L_max=L, noise_star=0.0)
    floor = quiet.constants.floor
    noisy = setting(10.0**log_lr0, order, G=G, L=L, L_max=L, noise_star=3.9999 * L * floor)
    T = np.logspace(0, 30, 61)
    without, bound = (theorem(*name).bound(s, T) for s in (quiet, noisy))
    above = without > floor
    assert (bound[above] <= 2.0 * without[above] * (1.0 + 1e-12)).all()
    assert theorem(*name).order(noisy) == theorem(*name).order(quiet) == Order("power", -1.0)


def test_interpolating_data(tmp_path: Path) -> None:
    """More features than samples: every term vanishes at w*, up to rounding."""
    rng = np.random.default_rng(5)
    X = rng.standard_normal((6, 9))
    y = X @ rng.standard_normal(9)
    rows = [
        f"{b!r} " + " ".join(f"{j}:{x!r}" for j, x in enumerate(row, 1))
        for row, b in zip(X.tolist(), y.tolist(), strict=True)
    ]
    for name, targets in (("fits", rows), ("noisy", [*rows, f"9 {rows[0].split(' ', 1)[1]}"])):
        (tmp_path / f"{name}.svm").write_text("\n".join(targets) + "\n")
        result = lrbench.run(
            spec_from_data(str(tmp_path / f"{name}.svm"), loss="squared", penalty="none"),
            solvers=["wngrad", "adagrad-norm"],
            lr0=[0.1],
            batch_size=2,
            iterations=20,
            radius=10.0,
        ).problems[0]
        noise = result.header.constants.noise_star
        assert noise is not None
        assert (0.0 < noise < 1e-25) == (name == "fits")
        orders = {v.theorem: v.order for v in result.verdicts if v.theorem in ("W6", "A4")}
        value = -1.0 if name == "fits" else -0.5
        assert orders == {key: {"kind": "power", "value": value} for key in ("W6", "A4")}
