"""The figures of the flagship problem, built here in plain NumPy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scalar_runs import (
    theorem,
)

from lrbench.objective.constants import Constants
from lrbench.theory.base import Numbers, Setting
from lrbench.verdicts.bound import least_informative

CURRENT: dict[str, float | str] = {"order": "current"}


def flagship() -> Constants:
    """L2-regularised logistic regression on breast cancer data, solved by Newton's method."""
    from sklearn.datasets import load_breast_cancer

    X, target = load_breast_cancer(return_X_y=True)
    X, y, n = X / np.abs(X).max(axis=0), np.where(target == 0, 1.0, -1.0), len(target)
    w, lam = np.zeros(X.shape[1]), 1 / n
    for _ in range(30):
        p = 1 / (1 + np.exp(-X @ w))
        g = X.T @ (p - (y + 1) / 2) / n + lam * w
        H = (X.T * (p * (1 - p))) @ X / n + lam * np.eye(len(w))
        w = w - np.linalg.solve(H, g)

    def value(w: Numbers) -> float:
        return float(np.logaddexp(0, -y * (X @ w)).mean() + lam / 2 * w @ w)

    g0 = -X.T @ y / (2 * n)
    return Constants(
        L=float(np.linalg.eigvalsh(X.T @ X / n)[-1] / 4 + lam),
        L_method="eigenvalues",
        L_max=float((X * X).sum(axis=1).max() / 4 + lam),
        mu=lam,
        mu_pl=lam,
        G=None,
        grad_norm_sq0=float(g0 @ g0),
        f_star=value(w),
        f_star_error=0.0,
        f_star_method="Newton",
        attained=True,
        delta0=value(np.zeros_like(w)) - value(w),
        distance=float(np.linalg.norm(w)),
        distance_error=0.0,
        noise_star=None,
    )


def test_flagship_figures() -> None:
    known = flagship()
    T = np.array([1000.0])
    setting = Setting(known, 100.0, CURRENT, True, 569, None, None)
    assert known.delta0 == pytest.approx(0.43, abs=0.005)
    assert theorem("wngrad", "W3").bound(setting, T)[0] == pytest.approx(0.081, abs=0.0005)
    assert theorem("wngrad", "W4").bound(setting, T)[0] == pytest.approx(0.18, abs=0.005)
    setting = replace(setting, params={"eta": 1.0})
    a1 = theorem("adagrad-norm", "A1")
    assert a1.bound(setting, T)[0] > known.delta0
    assert least_informative(a1, setting) == pytest.approx(2400, rel=0.05)
