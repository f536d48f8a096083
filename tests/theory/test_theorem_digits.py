"""Every bound keeps its digits at every scale: compared with its statement in 120 digits."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace
from decimal import Context, Decimal, localcontext
from typing import Any

import numpy as np
import pytest
from decimal_bounds import A_PRIORI, ANNEALED, CERTIFICATES, DIGITS, Exact
from test_theorem_figures import KNOWN

from lrbench.theory import THEOREMS
from lrbench.theory.base import Setting, Theorem

RELATIVE = 1e-12
HORIZONS = (1, 2, 3, 30, 10**6, 10**9)
N_SETTINGS = 150
UNITS = (1e-9, 2.0**-30, 1.0, 2.0**30, 1e9)
LEAST, MOST = Decimal("1e-250"), Decimal("1e290")
"""A bound less than this times its start, or more than this, has left the range of floats."""

ALL = [(family, t) for family, theorems in THEOREMS.items() for t in theorems]
IDS = [f"{family}-{t.key}" for family, t in ALL]


def rescaled(rng: np.random.Generator) -> Any:
    """Constants of the same problem in other units of y and X, or each in a unit of its own."""
    c, u = rng.choice(UNITS), rng.choice(UNITS)
    mu = float(rng.choice([0.0, 1e-12, 1e-6, 0.3, 1.0]))
    sizes = {
        "L": u * u * 2.0, "L_max": u * u * 3.0, "mu": u * u * 2.0 * mu, "G": u * c * 4.0,
        "grad_norm_sq0": (u * c) ** 2 * rng.uniform(0.01, 9.0), "delta0": c * c * 2.5,
        "distance": c / u * rng.uniform(0.5, 3.0), "noise_star": (u * c) ** 2 * 0.75,
    }  # fmt: skip
    if rng.random() < 0.5:
        sizes = {name: size * rng.choice(UNITS) for name, size in sizes.items()}
    # Inequalities that hold on every problem.
    sizes["mu"] = min(sizes["mu"], sizes["L"])
    sizes["grad_norm_sq0"] = min(sizes["grad_norm_sq0"], 2.0 * sizes["L"] * sizes["delta0"])
    error = float(rng.choice([0.0, 1e-12, 1e-3]))
    scaled: dict[str, Any] = {name: float(size) for name, size in sizes.items()}
    return replace(
        KNOWN,
        **scaled,
        mu_pl=float(sizes["mu"] or sizes["L"] * rng.choice([1e-12, 0.1, 1.0])),
        G_batch=float(sizes["G"] * rng.uniform(0.1, 1.0)),
        f_star_error=error * float(sizes["delta0"]),
        distance_error=error * float(sizes["distance"]),
    )


def rates(rng: np.random.Generator, L: float, eta: float) -> float:
    """A rate anywhere, one in units of 1/L, or one beside a rate where a formula changes."""
    way = rng.integers(3)
    if way == 0:
        return float(10.0 ** rng.uniform(-12, 12))
    if way == 1:
        return float(10.0 ** rng.uniform(-6, 6) / L)
    # 2/L, 1.5/L and 1/L and their like for minibatches, missed by a little.
    special = float(rng.choice([2.0, 1.5, 1.0, 0.5, 1 / 6]))
    return special / L * float(1.0 + rng.choice([-1, 1]) * 2.0 ** -rng.integers(1, 50))


def settings(solver: str, rng: np.random.Generator) -> Iterator[Setting]:
    """Settings without end, of every kind of run."""
    for order, batch, smooth, ball in itertools.cycle(
        itertools.product(("current", "lagged", "raw-first"), (True, False), (True, False), (0, 1))
    ):
        constants = rescaled(rng)
        eta = float(rng.choice([1e-6, 0.01, 1.0, 1.0, 7.0, 1e6]))
        params: dict[str, float | str] = {"eta": eta}
        if solver == "wngrad":
            params = {"order": order, "c": eta}
        if solver in ("dog", "dowg"):
            params = {"r_eps": float(10.0 ** rng.uniform(-18, 0)), "c": eta}
        horizon = int(rng.choice(HORIZONS[:4]))
        if (schedule := solver.partition("schedule=")[2].rstrip("]")) in ANNEALED:
            power = float(rng.choice([0.3, 1.0, 2.7])) if schedule == "poly" else 1.0
            params = {"schedule": schedule, "power": power}
        lr0 = rates(rng, constants.L, eta)
        size = int(rng.choice([1, 2, 7]))
        radius = float(constants.distance * rng.uniform(1.0, 5.0)) if ball else None
        yield Setting(
            constants, lr0, params, batch, 10 if batch else size,
            None if batch else "replacement", radius, smooth, "" if smooth else "not smooth",
            horizon=horizon,
        )  # fmt: skip


def applying(solver: str, theorem: Theorem, seed: int = 0) -> Iterator[Setting]:
    """The settings in which a theorem applies."""
    rng = np.random.default_rng(seed)
    candidates = itertools.islice(settings(solver, rng), 60 * N_SETTINGS)
    held = (s for s in candidates if all(h.holds for h in theorem.hypotheses(s)))
    return itertools.islice(held, N_SETTINGS)


def agree(measured: float, right: Decimal, allowance: Decimal) -> bool:
    """Whether a bound has its digits; beyond the range of floats it may be 0 or inf, never NaN."""
    if right.is_nan():
        return math.isnan(measured)
    if right.is_infinite() or right > MOST:
        return measured >= float(MOST)
    return abs(Decimal(measured) - right) <= Decimal(RELATIVE) * right + allowance


def allowance(theorem: Theorem, s: Exact) -> Decimal:
    """What a bound may lack absolutely: far less than the tolerance of a verdict.

    Where 1 - mu/s is 0 but for a rounding, W4 and A5-mu are a rounding of the value at the start.
    """
    start = max(s.gap, s.L * s.D_0 * s.D_0, s.L * s.gap)
    return s.gap / 2**50 if theorem.key in ("W4", "A5-mu") else LEAST * start


@pytest.mark.parametrize(("solver", "theorem"), ALL, ids=IDS)
def test_every_theorem_is_written_out_once_more(solver: str, theorem: Theorem) -> None:
    assert theorem.key in (CERTIFICATES if theorem.kind == "certificate" else A_PRIORI)


@pytest.mark.parametrize(
    ("solver", "theorem"), [(s, t) for s, t in ALL if t.kind == "a-priori"],
    ids=[name for name, (_, t) in zip(IDS, ALL, strict=True) if t.kind == "a-priori"],
)  # fmt: skip
def test_a_priori_bound_in_120_digits(solver: str, theorem: Theorem) -> None:
    T, n_settings = np.array(HORIZONS, dtype=np.float64), 0
    for setting in applying(solver, theorem):
        n_settings += 1
        bounds = theorem.bound(setting, T)
        with localcontext(Context(prec=DIGITS, Emin=-(10**9), Emax=10**9)):
            exact = Exact(setting)
            for horizon, bound in zip(HORIZONS, bounds.tolist(), strict=True):
                right = A_PRIORI[theorem.key](exact, Decimal(horizon))
                assert agree(bound, right, allowance(theorem, exact)), (
                    setting,
                    horizon,
                    bound,
                    f"{right:.20e}",
                )
    assert n_settings == N_SETTINGS


def column(rng: np.random.Generator, size: float) -> float:
    return float(size * 10.0 ** rng.uniform(-9, 9))


def trace_of(rng: np.random.Generator, setting: Setting, T: int) -> dict[str, float]:
    """A row of a trace: every column of a size of its own, but for what holds on every run."""
    c, eta = setting.constants, float(setting.params.get("eta", 1.0))
    sum_sq = column(rng, T * c.grad_norm_sq0)
    return {
        "growth": column(rng, 1.0 / setting.lr0),
        "sum_grad_norm_sq": sum_sq,
        "sum_lr_grad_norm_sq": column(rng, setting.lr0 * sum_sq),
        "lr": column(rng, setting.lr0),
        "b": math.hypot(eta / setting.lr0, math.sqrt(sum_sq)),
        "distance_max": column(rng, c.distance or 0.0),
        # <g, x - x*> >= |g|^2/L, with equality for a quadratic.
        "regret": sum_sq / c.L * float(rng.choice([1.0, 1.0 + 1e-9, 1e9])),
        "log_contraction": -float(10.0 ** rng.uniform(-12, 2)),
        "log_factor": -float(10.0 ** rng.uniform(-12, 2)),
        "stable_from": 0.0,
        "short_from": 0.0,
        "short_distance": column(rng, c.distance or 0.0),
        "short_sum_lr": column(rng, setting.lr0),
        "distance": column(rng, c.distance or 0.0),
        "suboptimality": column(rng, c.delta0),
        "r_bar": column(rng, c.distance or 0.0),
        "weight": column(rng, T * (c.distance or 0.0)),
        "root": column(rng, math.sqrt(sum_sq)),
    }


@pytest.mark.parametrize(
    ("solver", "theorem"), [(s, t) for s, t in ALL if t.kind == "certificate"],
    ids=[name for name, (_, t) in zip(IDS, ALL, strict=True) if t.kind == "certificate"],
)  # fmt: skip
def test_certificate_in_120_digits(solver: str, theorem: Theorem) -> None:
    rng, n_settings = np.random.default_rng(1), 0
    for setting in applying(solver, theorem):
        n_settings += 1
        T = int(rng.choice(HORIZONS))
        row = trace_of(rng, setting, T)
        columns = {name: np.array([value]) for name, value in row.items()}
        bound = float(theorem.bound(setting, np.array([float(T)]), columns)[0])
        with localcontext(Context(prec=DIGITS, Emin=-(10**9), Emax=10**9)):
            exact_row = {name: Decimal(value) for name, value in row.items()}
            right = CERTIFICATES[theorem.key](Exact(setting), Decimal(T), exact_row)
            assert agree(bound, right, LEAST), (setting, T, row, bound, f"{right:.20e}")
    assert n_settings == N_SETTINGS
