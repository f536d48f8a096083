"""The columns of a trace that certificates read, beside recursions in 120 digits, in any unit."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Context, Decimal, localcontext
from typing import Any

import numpy as np
import pytest
from builders import Array, as_problem, run_healthy, task, variants, walk_along
from decimal_bounds import ANNEALED, DIGITS, shape

from lrbench.losses.squared import Squared
from lrbench.objective.linear.problem import LinearProblem

RATES = (1e-12, 1e-6, 0.3, 1e6, 1e12)
STEPS = 30
RELATIVE = Decimal("1e-11")

Row = dict[str, Decimal]


def fit(features: float, targets: float) -> tuple[LinearProblem, Array]:
    """Least squares with its minimiser."""
    rng = np.random.default_rng(5)
    X, y = rng.standard_normal((6, 2)) * features, rng.standard_normal(6) * targets
    w_star: Array = np.linalg.lstsq(X, y, rcond=None)[0].astype(np.float64)
    return as_problem(X, y, Squared()), w_star


def exact_gradient(problem: LinearProblem, w: list[Decimal]) -> list[Decimal]:
    """X'(Xw - y)/n."""
    X: Any = problem.data.X
    rows = [[Decimal(v) for v in row] for row in X.tolist()]
    rest = [
        sum((v * c for v, c in zip(row, w, strict=True)), -Decimal(t))
        for row, t in zip(rows, problem.y.tolist(), strict=True)
    ]
    n = Decimal(len(rows))
    return [sum((r[j] * e for r, e in zip(rows, rest, strict=True)), Decimal(0)) / n
            for j in range(len(w))]  # fmt: skip


def exact_rows(solver: Any, lr0: float, problem: LinearProblem, path: list[Array],
               w_star: Array, mu: float) -> list[Row]:  # fmt: skip
    """The columns after every step, along the iterates of the run."""
    eta = float(getattr(solver, "eta", 1.0))
    b = Decimal(eta / lr0)
    total = dict.fromkeys(
        ("sum_grad_norm_sq", "sum_lr_grad_norm_sq", "sum_lr", "regret", "growth",
         "log_contraction"), Decimal(0),
    )  # fmt: skip
    far, rows = Decimal(0), []
    for t, w_t in enumerate(path):
        w, goal = [Decimal(v) for v in w_t.tolist()], [Decimal(v) for v in w_star.tolist()]
        d = [p - q for p, q in zip(w, goal, strict=True)]
        g = exact_gradient(problem, w)
        a = sum((v * v for v in g), Decimal(0))
        before = b
        if solver.name == "wngrad":
            grown = (
                Decimal(0) if solver.order == "raw-first" and t == 0 else Decimal(solver.c) * a / b
            )
            b += grown
            total["growth"] += grown
            s = before if solver.order == "lagged" else b
        elif solver.name == "adagrad-norm":
            b = (b * b + a).sqrt()
            s = b / Decimal(eta)
        else:
            schedule = "sqrt" if solver.name == "sgd-sqrt" else solver.schedule
            s = 1 / Decimal(lr0)
            if schedule == "sqrt":
                s *= Decimal(t + 1).sqrt()
            elif schedule in ANNEALED:
                s /= shape(schedule, solver.power, STEPS)[t]
        total["sum_grad_norm_sq"] += a
        total["sum_lr_grad_norm_sq"] += a / s
        total["sum_lr"] += 1 / s
        total["regret"] += sum((p * q for p, q in zip(g, d, strict=True)), Decimal(0))
        if Decimal(mu) / s < Decimal("0.9"):
            total["log_contraction"] += (1 - Decimal(mu) / s).ln()
        else:
            total["log_contraction"] = Decimal("nan")
        far = max(far, sum((v * v for v in d), Decimal(0)).sqrt())
        columns = {"b": b} if solver.name in ("wngrad", "adagrad-norm") else {}
        rows.append(total | columns | {"distance_max": far})
    return rows


SOLVERS_SHOWN = [
    *(s for name in ("wngrad", "adagrad-norm", "sgd", "sgd-sqrt") for s in variants(name)),
    *(replace(s, c=0.3) for s in variants("wngrad")),
]


@pytest.mark.parametrize("solver", SOLVERS_SHOWN, ids=str)
@pytest.mark.parametrize("units", [(1.0, 1.0), (1e-9, 1e9), (1e9, 1e-9)])
def test_columns_in_120_digits(solver: Any, units: tuple[float, float]) -> None:
    problem, w_star = fit(*units)
    X: Any = problem.data.X
    mu = float(np.linalg.eigvalsh(X.T @ X / len(X))[0])
    lanes = [rate / units[0] ** 2 for rate in RATES]
    work = task(problem, solver, lanes, STEPS, minimum=False, mu=mu)
    runs = run_healthy(work.on(w_star=w_star))
    paths: list[list[Array]] = [[] for _ in lanes]
    steps = walk_along(problem, solver, np.array(lanes), w_star=w_star, horizon=STEPS)
    with np.errstate(all="ignore"):
        for _, (_, _, _, seen) in zip(range(STEPS), steps, strict=False):
            for lane, path in enumerate(paths):
                path.append(seen[0][0][:, lane])
    n_compared = 0
    for run, path, lr0 in zip(runs, paths, lanes, strict=True):
        if run.status.value == "diverged":
            continue
        with localcontext(Context(prec=DIGITS, Emin=-(10**9), Emax=10**9)):
            for T, row in enumerate(exact_rows(solver, lr0, problem, path, w_star, mu), 1):
                for name, right in row.items():
                    if name not in run.trace or right.is_nan():
                        continue
                    measured = float(run.trace[name][T])
                    error = abs(Decimal(measured) - right) if math.isfinite(measured) else right
                    assert error <= RELATIVE * abs(right), (lr0, T, name, measured, f"{right:.15e}")
                    n_compared += 1
    assert n_compared > 2 * STEPS
