"""Bounds keep their digits where b hardly grows: compared with formulas in sixty digits."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal, localcontext

import numpy as np
import pytest
from test_theorem_figures import KNOWN

from lrbench.theory import theorems_for
from lrbench.theory.base import Setting, Theorem

HALF = Decimal(1) / 2


def setting(solver: str, lr0: float, unit: float, order: str) -> Setting:
    """Return full batches in a unit of the scores: G and distances have other sizes."""
    constants = replace(
        KNOWN, G=unit, G_batch=unit, distance=1.0 / unit, distance_error=0.0, f_star_error=0.0,
        grad_norm_sq0=0.25 * unit * unit,
    )  # fmt: skip
    params: dict[str, float | str] = {"order": order} if solver == "wngrad" else {"eta": 1.0}
    return Setting(constants, lr0, params, True, 10, None, 2.0 / unit)


def theorem(solver: str, key: str) -> Theorem:
    return next(t for t in theorems_for(solver) if t.key == key)


def wngrad_bound(s: Setting, T: int, key: str) -> Decimal:
    """Return W5 or W7 from the statement, order=current or raw-first or lagged, by `decimal`."""
    order = s.params["order"]
    G, D_0 = Decimal(s.constants.G or 0.0), Decimal(s.constants.distance or 0.0)
    b_0 = Decimal(1.0 / s.lr0)
    c_0 = b_0 if b_0 >= G else b_0 + G * G / b_0
    steps = T - 1 if order == "raw-first" else T
    B = (c_0 * c_0 + 2 * G * G * steps).sqrt()
    if steps > 0:
        growth = 2 * G * G * steps
        tail = G * G * ((G / c_0) ** 2 + HALF * (1 + growth / c_0 / c_0).ln())
        B = (c_0 * c_0 + growth + tail).sqrt()
    a_0 = Decimal(s.constants.grad_norm_sq0)
    if key == "W5":
        D = D_0 + Decimal(s.radius or 0.0)
        raw = min(G * G / b_0, 2 * G * D) if order == "raw-first" else Decimal(0)
        return ((D * D + 1) * B - b_0 + raw) / (2 * T)
    raw = a_0 / b_0 if order == "raw-first" else Decimal(0)
    if order == "lagged":
        ratio = G / b_0
        far = D_0 * D_0 + (ratio - 1 + ratio * ratio if ratio > 1 else 0)
        far += (B / max(b_0, G)).ln() / Decimal(2).ln()
    else:
        far = D_0 * D_0 + (B / b_0).ln() + (a_0 / b_0 / b_0 if order == "raw-first" else 0)
    return ((far + 1) * B - b_0 + raw) / (2 * T)


@pytest.mark.parametrize("order", ["current", "lagged", "raw-first"])
@pytest.mark.parametrize("key", ["W5", "W7"])
@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
def test_wngrad_without_cancellation(key: str, order: str, unit: float) -> None:
    for exponent in range(-12, 13, 3):
        s = setting("wngrad", 1.7 * 10.0**exponent, unit, order)
        for T in (1, 2, 30, 10**6):
            measured = theorem("wngrad", key).bound(s, np.array([float(T)]))[0]
            with localcontext() as context:
                context.prec = 90
                right = float(wngrad_bound(s, T, key))
            assert measured == pytest.approx(right, rel=1e-12), (exponent, T)


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
def test_adagrad_norm_without_cancellation(unit: float) -> None:
    for exponent in range(-12, 13, 3):
        s = setting("adagrad-norm", 1.7 * 10.0**exponent, unit, "")
        for T in (1, 2, 30, 10**6):
            measured = theorem("adagrad-norm", "A6").bound(s, np.array([float(T)]))[0]
            with localcontext() as context:
                context.prec = 90
                G, D_0 = Decimal(unit), Decimal(1.0 / unit)
                from lrbench.theory.adagrad_norm import b_start

                b_0 = Decimal(b_start(s))
                S = (b_0 * b_0 + G * G * T).sqrt()
                far = D_0 * D_0 + 2 * (S / b_0).ln()
                right = float((far * S / 2 + (S - b_0)) / T)
            assert measured == pytest.approx(right, rel=1e-12), (exponent, T)
