"""The minimum is that of the data as they were read, whatever scaling and reading round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lrbench.objective.linear.matrix import DataMatrix
from lrbench.objective.linear.problem import LinearProblem
from lrbench.optimum import find_optimum
from lrbench.optimum.base import LAST_DIGITS, Optimum
from lrbench.optimum.dependence import PRIMES, _dependent, _residues, data_rounding
from lrbench.problem_files import spec_from_data
from lrbench.problem_files.build import build_linear

N = 47
RNG = np.random.default_rng(5)
GROUP = RNG.integers(0, 3, N)
MEASURED = RNG.standard_normal(N).round(3)
DUMMIES = np.stack([k == GROUP for k in range(3)], axis=1).astype(float)
ONE_HOT = np.column_stack([DUMMIES, MEASURED])
NUMBERS = (MEASURED + GROUP + RNG.standard_normal(N)).round(3)
CLASSES = np.where(np.median(NUMBERS) < NUMBERS, 1.0, -1.0)
COUNTS = RNG.poisson(2, N).astype(float)
TENTHS = RNG.integers(-150, 390, N)
"""Temperatures in tenths of a degree Celsius."""
FAHRENHEIT = [(18 * int(t) + 3200) / 100 for t in TENTHS]
LOSSES = {
    "squared": NUMBERS,
    "logistic": CLASSES,
    "absolute": NUMBERS,
    "huber[threshold=1]": NUMBERS,
    "hinge": CLASSES,
    "squared-hinge": CLASSES,
    "poisson": COUNTS,
}


def built(folder: Path, X: Any, y: Any, **options: Any) -> LinearProblem:
    """The problem in a file of LIBSVM text, without a penalty."""
    lines = []
    for row, target in zip(np.asarray(X).tolist(), np.asarray(y).tolist(), strict=True):
        entries = (f"{j}:{value!r}" for j, value in enumerate(row, 1) if value)
        lines.append(" ".join([repr(target), *entries]) + "\n")
    path = folder / "data.svm"
    path.write_text("".join(lines))
    return build_linear(spec_from_data(str(path), **{"penalty": "none"} | options))


def minimum(folder: Path, X: Any, y: Any, **options: Any) -> Optimum:
    return find_optimum(built(folder, X, y, **options), cache=None)


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("loss", LOSSES)
def test_one_hot_columns_have_the_minimum_without_one_of_them(
    loss: str, intercept: bool, tmp_path: Path
) -> None:
    how = {"loss": loss, "scale": "standard", "intercept": intercept}
    whole = minimum(tmp_path, ONE_HOT, LOSSES[loss], **how)
    dropped = minimum(tmp_path, ONE_HOT[:, 1:], LOSSES[loss], **how)
    assert whole.f_star == pytest.approx(dropped.f_star, rel=1e-12)
    assert whole.f_star_error < 1e-12
    assert whole.w_star is not None
    assert np.abs(whole.w_star).max() < 10.0
    assert whole.curvature.mu == 0.0


def test_one_hot_columns_against_least_squares_of_lower_rank(tmp_path: Path) -> None:
    p = built(tmp_path, ONE_HOT, NUMBERS, loss="squared", scale="standard", intercept=False)
    optimum = find_optimum(p, cache=None)
    X = np.asarray(p.data.X)
    w, _, rank, singular = np.linalg.lstsq(X, NUMBERS, rcond=1e-10)
    assert rank == 3
    assert optimum.f_star == pytest.approx(0.5 * np.mean((X @ w - NUMBERS) ** 2), rel=1e-13)
    # The least-norm solution is the minimiser nearest to w_0 = 0.
    assert optimum.w_star == pytest.approx(w, rel=1e-9)
    # The constant of the inequality is that of the same matrix: the least eigenvalue above 0.
    assert optimum.curvature.mu_pl == pytest.approx(singular[2] ** 2 / N, rel=1e-9)
    away = replace(p, w0=np.array([3.0, -1.0, 2.0, 0.5]))
    nearest = find_optimum(away, cache=None).w_star
    null = np.linalg.svd(X)[2][3]
    assert nearest == pytest.approx(w + null * (null @ away.w0), rel=1e-9)


@pytest.mark.parametrize("scale", ["none", "maxabs", "standard"])
@pytest.mark.parametrize("loss", ["squared", "logistic", "absolute", "poisson"])
def test_two_units_in_decimals_have_the_minimum_of_one(
    loss: str, scale: str, tmp_path: Path
) -> None:
    how = {"loss": loss, "scale": scale, "intercept": True}
    both = minimum(tmp_path, np.column_stack([TENTHS / 10, FAHRENHEIT]), LOSSES[loss], **how)
    one = minimum(tmp_path, (TENTHS / 10)[:, None], LOSSES[loss], **how)
    assert both.f_star == pytest.approx(one.f_star, rel=1e-12)
    assert both.f_star_error < 1e-12


@pytest.mark.parametrize("loss", ["squared", "absolute"])
def test_columns_that_agree_but_for_rounding_are_refused(loss: str, tmp_path: Path) -> None:
    # Of 17 digits, these numbers are no combination of the others, nor do they differ by more.
    noisy = np.column_stack([MEASURED, MEASURED * 1.8 + 0.1 / 3, GROUP])
    how = {"loss": loss, "intercept": True, "scale": "standard"}
    refused = minimum(tmp_path, noisy, NUMBERS, **how)
    assert refused.obstacle == LAST_DIGITS
    assert refused.f_star_error > 1e-3
    held = minimum(tmp_path, noisy, NUMBERS, **how, **{"penalty": "l2[weight=0.01]"})
    assert (held.obstacle, held.f_star_error < 1e-12) == ("", True)


def test_integers_far_from_0_are_exact(tmp_path: Path) -> None:
    hours = 1.7e9 + 3600.0 * np.arange(N)
    p = built(tmp_path, hours[:, None], NUMBERS, loss="squared", intercept=True)
    assert data_rounding(p, np.array([1.0, 2.0])) == 0.0
    assert data_rounding(replace(p, raw=None), np.array([1.0, 2.0])) == 0.0
    assert find_optimum(p, cache=None).f_star_error < 1e-12


def test_the_error_covers_the_rounding_of_a_scaling(tmp_path: Path) -> None:
    # The minimum does not depend on the unit of a column beside an intercept.
    far = np.column_stack([MEASURED, 1e8 + np.arange(N) ** 2])
    how = {"loss": "squared", "intercept": True}
    plain = minimum(tmp_path, far, NUMBERS, **how)
    scaled = minimum(tmp_path, far, NUMBERS, **how, **{"scale": "maxabs"})
    assert plain.f_star_error < 1e-14
    moved = abs(scaled.f_star - plain.f_star)
    assert plain.f_star_error < moved <= scaled.f_star_error < 1e-9


@pytest.mark.parametrize("loss", ["squared", "logistic", "absolute", "poisson"])
def test_other_roundings_change_the_objective_by_less(loss: str, tmp_path: Path) -> None:
    p = built(tmp_path, np.column_stack([MEASURED / 3, NUMBERS / 7]), LOSSES[loss], loss=loss)
    X, w, rng = np.asarray(p.data.X), np.array([3e11, -7e10]), np.random.default_rng(1)
    w *= 1e-3 if loss == "squared" else 1e-10
    allowed = data_rounding(p, w)
    changes = []
    for _ in range(20):
        other = np.nextafter(X, np.where(rng.random(X.shape) < 0.5, -np.inf, np.inf))
        moved = replace(p, data=DataMatrix(other))
        changes.append(abs(float(moved.value(w[:, None])[0] - p.value(w[:, None])[0])))
    rounding = 1e-13 * float(p.value(w[:, None])[0])
    assert max(changes) <= allowed + rounding
    assert allowed < 100 * max(changes) + rounding


@pytest.mark.parametrize("scale", ["none", "maxabs", "unit-rows"])
def test_sparse_data_as_dense_ones(scale: str, tmp_path: Path) -> None:
    # 20 columns of which one entry in seven or so is not 0 are read as a sparse matrix. The last is
    # the sum of two others in decimals, but not in float64.
    rng = np.random.default_rng(3)
    share = np.where(np.arange(20) < 2, 0.6, 0.1)
    X = np.where(rng.random((N, 20)) < share, rng.integers(1, 999, (N, 20)) / 10, 0.0)
    X[:, 19] = (X[:, 0] + X[:, 1]).round(1)
    assert (X[:, 19] != X[:, 0] + X[:, 1]).any()
    p = built(tmp_path, X, NUMBERS, loss="squared", scale=scale, intercept=True)
    assert not isinstance(p.data.X, np.ndarray)
    optimum = find_optimum(p, cache=None)
    dense = np.asarray(p.data.X.toarray())
    A = np.delete(dense, 19, axis=1)
    w = np.linalg.lstsq(A, NUMBERS, rcond=1e-10)[0]
    assert optimum.f_star == pytest.approx(0.5 * np.mean((A @ w - NUMBERS) ** 2), rel=1e-11)
    assert optimum.f_star_error < 1e-11
    size = np.abs(rng.standard_normal(21))
    size[-1] = 0.0
    residual = dense @ size - NUMBERS
    units = np.finfo(float).eps * (1 if scale == "none" else 2)
    change = units * (np.abs(dense) @ size)
    expected = float(np.mean((2.0 * np.abs(residual) + change) * change)) / 2
    rounding = 4.0 * np.finfo(float).eps * float(np.mean(residual**2))
    assert data_rounding(p, size) == pytest.approx(expected, rel=1e-6, abs=rounding)


def rank_in_fractions(rows: Sequence[Sequence[Fraction]]) -> int:
    """Gaussian elimination without rounding."""
    left, rank = [list(row) for row in rows], 0
    for c in range(len(left[0])):
        k = next((k for k in range(rank, len(left)) if left[k][c]), None)
        if k is None:
            continue
        left[rank], left[k] = left[k], left[rank]
        for row in left[rank + 1 :]:
            factor = row[c] / left[rank][c]
            row[c:] = [a - factor * b for a, b in zip(row[c:], left[rank][c:], strict=True)]
        rank += 1
    return rank


@pytest.mark.parametrize("seed", range(8))
def test_dependent_columns_are_those_of_exact_elimination(seed: int) -> None:
    rng = np.random.default_rng(seed)
    A = rng.integers(-9, 10, (7, 4)).astype(float)
    X = np.column_stack([A, A @ rng.integers(-3, 4, 4), A[:, 0] * 2.0**-60, rng.random(7), A[:, 1]])
    X = X[:, rng.permutation(X.shape[1])]
    exact = [[Fraction(value) for value in column] for column in X.T.tolist()]
    expected = {
        k
        for k in range(len(exact))
        if rank_in_fractions(exact[: k + 1]) == (rank_in_fractions(exact[:k]) if k else 0)
    }
    for prime in PRIMES:
        residues = np.stack([_residues(column, prime) for column in X.T])
        assert _dependent(residues, prime) == expected


def test_decimals_are_read_as_decimals() -> None:
    # 0.1 + 0.2 is not 0.3 in float64.
    for prime in PRIMES:
        columns = [np.array([0.1, 0.7]), np.array([0.2, 0.05]), np.array([0.3, 0.75])]
        tens = [10, 100, 100]
        for column, ten in zip(columns, tens, strict=True):
            whole = [int(Fraction(repr(x)) * ten) % prime for x in column.tolist()]
            assert _residues(column, prime).tolist() == whole
