"""No run violates a theorem in any unit: every loss, penalty and solver, from data to verdicts.

What the tool prints is computed from runs of its own engine, and warnings are errors.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import Array, variants

import lrbench
from lrbench.losses import LOSSES
from lrbench.losses.base import Loss
from lrbench.penalties import PENALTIES
from lrbench.problem_files import spec_from_data
from lrbench.results import ProblemResult
from lrbench.solvers import SOLVERS

RATES = (1e-12, 1e-5, 0.3, 1e5, 1e12)
ALL_SOLVERS = [
    name + (f"[order={solver.order}]" if hasattr(solver, "order") else "")
    for name in SOLVERS
    if not SOLVERS.get(name).outside  # it knows no set but a box
    for solver in variants(name)[: 3 if name == "wngrad" else 1]
]
ALL_SOLVERS += ["wngrad[c=1e-12]", "wngrad[c=1e12,order=raw-first]"]


def text(X: Array, y: Array) -> str:
    """LIBSVM text with every digit."""
    rows = []
    for x, target in zip(X, y.tolist(), strict=True):
        entries = [f"{j}:{value!r}" for j, value in enumerate(x.tolist(), 1) if value]
        rows.append(" ".join([repr(target), *entries]))
    return "\n".join(rows) + "\n"


def samples(loss: Loss, features: float, targets: float) -> tuple[Array, Array]:
    """Five samples in two features: the second row is zero, and two rows are equal."""
    rng = np.random.default_rng(7)
    X, y = rng.standard_normal((5, 2)), rng.standard_normal(5)
    X[1], X[4] = 0.0, X[3]
    if loss.task == "binary":
        return X * features, np.array([1.0, -1.0, 1.0, -1.0, 1.0])
    if loss.task == "count":
        return X * features, np.array([2.0, 0.0, 1.0, 3.0, 0.0]) * min(targets, 1.0)
    return X * features, y * targets


def penalty_in_unit(name: str, features: float, targets: float) -> str:
    """The penalty in the unit of w."""
    unit = targets / features
    return {
        "none": "none",
        "box": f"box[lower={-unit!r},upper={unit!r}]",
        "ball": f"ball[radius={unit!r}]",
        "l2": f"l2[weight={0.1 * features * features!r}]",
    }.get(name, f"{name}[weight={0.1 * features * targets!r}]")


def problem_of(file: Path, loss: str, penalty: str, units: tuple[float, float]) -> Any:
    file.write_text(text(*samples(LOSSES.get(loss)(), *units)))
    return spec_from_data(str(file), loss=loss, penalty=penalty_in_unit(penalty, *units))


def check(problem: ProblemResult) -> None:
    assert problem.verdicts
    for verdict in problem.verdicts:
        where = (verdict.solver, verdict.lr0, verdict.theorem)
        assert verdict.bound_verdict != "fail", where
        if verdict.bound_verdict in ("pass", "vacuous"):
            # Where later steps are too long for a theorem it says nothing at the end.
            assert not all(math.isnan(b) for b in verdict.bound), where


@pytest.mark.parametrize("loss", list(LOSSES))
def test_no_theorem_is_violated_in_any_unit(loss: str, tmp_path: Path) -> None:
    penalties, first = list(PENALTIES), list(LOSSES).index(loss)
    units = [(1e-9, 1.0), (1e9, 1e-9), (1.0, 1e-9), (1.0, 1e9)]
    specs = [
        problem_of(tmp_path / f"{k}.svm", loss, penalties[(first + k) % len(penalties)], pair)
        for k, pair in enumerate(units)
    ]
    result = lrbench.run(specs, solvers=ALL_SOLVERS, lr0=RATES, iterations=15)
    # Nearly separable classes beside a tiny penalty, or in a huge set, are refused with a reason.
    assert all("is not certified" in error.message for _, error in result.failures)
    assert len(result.failures) < len(specs)
    for problem in result.problems:
        check(problem)


@pytest.mark.parametrize("loss", ["squared", "hinge", "absolute", "huber"])
def test_no_theorem_is_violated_in_a_ball(loss: str, tmp_path: Path) -> None:
    for features, targets in ((1e-9, 1e9), (1e9, 1e-9)):
        unit = (1.0 if LOSSES.get(loss)().task == "binary" else targets) / features
        spec = problem_of(tmp_path / "ball.svm", loss, "none", (features, targets))
        result = lrbench.run(
            spec, solvers=ALL_SOLVERS[:6], lr0=RATES, iterations=20, radius=200.0 * unit
        )
        assert not result.failures
        check(result.problems[0])


@pytest.mark.parametrize("closeness", [1e-4, 1e-7, 1e-10])
def test_no_theorem_is_violated_near_an_exact_fit(closeness: float, tmp_path: Path) -> None:
    # F is tiny beside the rounding of the scores, and gradient descent attains its bounds.
    w_0 = float(np.random.default_rng(0).standard_normal())
    file, x = tmp_path / "near.svm", 1.7524
    file.write_text(text(np.array([[x]]), np.array([x * w_0 * (1.0 + closeness)])))
    rates = [f"{h}/L" for h in (1e-3, 0.5, 1.0, 1.9)]
    for loss in ("squared", "huber"):
        spec = spec_from_data(str(file), loss=loss, start="normal[scale=1,seed=0]")
        result = lrbench.run(spec, solvers=ALL_SOLVERS[:6], lr0=rates, iterations=20)
        check(result.problems[0])


def test_a_computed_minimiser_is_no_minimiser(tmp_path: Path) -> None:
    # Of a Huber loss no distance from the computed x* to a minimiser is known. With the computed
    # one L D_0^2/2 is less than F(w_0) - F*, by 2e-7 of it.
    rows = "1e-4 1:-304.3455611756812\n3e-4\n1e-4 1:-485.0605720772348\n"
    (tmp_path / "huber.svm").write_text(rows)
    spec = spec_from_data(str(tmp_path / "huber.svm"), loss="huber", penalty="none")
    check(lrbench.run(spec, solvers=ALL_SOLVERS, lr0=[1e-12, 1e12], iterations=2).problems[0])


def test_a_tiny_target_and_rate(tmp_path: Path) -> None:
    (tmp_path / "tiny.svm").write_text("1e-9 1:1\n")
    spec = spec_from_data(str(tmp_path / "tiny.svm"), loss="absolute", penalty="none")
    check(lrbench.run(spec, solvers=ALL_SOLVERS, lr0=[1e-9], iterations=30).problems[0])


def test_huge_targets(tmp_path: Path) -> None:
    spec = problem_of(tmp_path / "huge.svm", "absolute", "none", (1e-40, 1e70))
    check(lrbench.run(spec, lr0=1e149, iterations=60).problems[0])


@pytest.mark.parametrize("batch_size", [None, 2])
def test_numbers_whose_squares_underflow_are_refused(
    batch_size: int | None, tmp_path: Path
) -> None:
    units = {(1e60, 1e-110): "|w_0 - w*|", (1e-60, 1e-110): "|grad F(w_0)|^2", (1.0, 1e-148): ""}
    for (features, targets), name in units.items():
        spec = problem_of(tmp_path / "tiny.svm", "squared", "none", (features, targets))
        result = lrbench.run(spec, lr0=["0.01/L", "0.1/L"], iterations=100, batch_size=batch_size)
        assert [name in error.message for _, error in result.failures] == [True] * bool(name)
        for problem in result.problems:
            check(problem)
