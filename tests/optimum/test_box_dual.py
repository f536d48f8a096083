"""Minima of losses with one kink beside l2: against the interior point method and in fractions."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from exact_gap import two_slope_gap
from optimum_problems import Array, Logistic, Squared, problem, with_ones
from scipy.sparse import csr_array

import lrbench.optimum.box_dual as box_dual
from lrbench.losses.absolute import Absolute
from lrbench.losses.base import Loss
from lrbench.losses.hinge import Hinge
from lrbench.losses.huber import Huber
from lrbench.losses.quantile import Quantile
from lrbench.losses.squared_hinge import SquaredHinge
from lrbench.objective.linear.problem import LinearProblem
from lrbench.optimum import find_optimum
from lrbench.optimum.box_dual import has_box_dual, minimise_box_dual
from lrbench.optimum.composite import DUAL_METHOD
from lrbench.optimum.interior import interior_point
from lrbench.optimum.verify import verified
from lrbench.penalties.elastic_net import ElasticNet
from lrbench.penalties.l1 import L1
from lrbench.penalties.l2 import L2
from lrbench.problem_files import build_linear, spec_from_data

LOSSES: list[Loss] = [Hinge(), SquaredHinge(), Absolute(), Quantile(0.9), Huber(0.4)]


def irregular(loss: Loss, n: int = 43, d: int = 60, seed: int = 0) -> tuple[Array, Array]:
    """Return rows of different sizes, two of them equal, one empty; and targets of the loss."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d)) * rng.uniform(0.2, 2.0, (n, 1)) * (rng.random((n, d)) < 0.3)
    X[7], X[9] = X[4], 0.0
    z = X[:, :5].sum(axis=1) + rng.standard_normal(n)
    z[7] = z[4]
    return X, np.where(z > 0.8, 1.0, -1.0) if loss.task == "binary" else z


def compared(p: LinearProblem) -> None:
    """Assert that both methods agree within their errors."""
    ours, theirs = minimise_box_dual(p), interior_point(p)
    size = abs(theirs.value) + float(p.value(p.w0[:, None])[0])
    assert max(ours.error, theirs.error) <= 1e-11 * size
    assert abs(ours.value - theirs.value) <= ours.error + theirs.error


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("strength", [1e-3, 0.05, 20.0])
def test_as_the_interior_point_method(loss: Loss, intercept: bool, strength: float) -> None:
    X, y = irregular(loss, seed=int(1000 * strength))
    X = with_ones(X) if intercept else X
    compared(problem(X, y, loss, strength, intercept=intercept))
    compared(problem(csr_array(X), y, loss, strength, intercept=intercept))


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("strength", [1e-3, 0.05, 20.0])
def test_with_factorised_matrices_alone(
    loss: Loss, intercept: bool, strength: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(box_dual, "TRIED", 0)
    test_as_the_interior_point_method(loss, intercept, strength)


@pytest.mark.parametrize("seed", range(3))
def test_rows_of_very_different_sizes(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Conjugate gradients alone end far from the minimum."""
    n, d = 300, 20000
    rng = np.random.default_rng(seed)
    sizes = np.repeat(10.0 ** rng.uniform(-6, 6, n), 8)
    rows, columns = np.repeat(np.arange(n), 9), rng.integers(0, d, (n, 9))
    columns[:, 8] = d
    entries = (sizes * rng.standard_normal(8 * n)).reshape(n, 8)
    X = csr_array((with_ones(entries).ravel(), (rows, columns.ravel())), shape=(n, d + 1))
    p = problem(X, rng.choice([-1.0, 1.0], n), Hinge(), 0.01, intercept=True)
    found = find_optimum(p, cache=None)
    assert found.obstacle == ""
    assert found.f_star_error <= 1e-7
    assert verified(p, found)
    monkeypatch.setattr(box_dual, "CORRECTIONS", 1 << 60)
    slow = minimise_box_dual(p)
    assert slow.error > 1e-4
    assert slow.value + slow.rounding >= found.f_star - found.f_star_error
    assert slow.value - slow.error <= found.f_star


@pytest.mark.parametrize("loss", [Absolute(), Quantile(0.1)], ids=lambda loss: loss.name)
def test_targets_far_from_0(loss: Loss) -> None:
    X, y = irregular(loss, seed=5)
    compared(problem(with_ones(X), 1e5 + y, loss, 0.02, intercept=True))
    compared(problem(with_ones(X), 1e-7 * y, loss, 0.02, intercept=True))


@pytest.mark.parametrize("loss", [Hinge(), Absolute(), Quantile(0.75)], ids=lambda loss: loss.name)
@pytest.mark.parametrize("seed", range(4))
def test_the_gap_in_fractions(loss: Loss, seed: int) -> None:
    X, y = irregular(loss, n=19, d=31, seed=20 + seed)
    found = minimise_box_dual(problem(X, y, loss, 0.01 * (1 + seed)))
    bounds = [(Fraction(-1), Fraction(1))] * len(y)
    if loss.name == "quantile":
        bounds = [(Fraction(-3, 4), Fraction(1, 4))] * len(y)
    elif loss.name == "hinge":
        bounds = [(min(-Fraction(t), Fraction()), max(-Fraction(t), Fraction())) for t in y]
    value, gap = two_slope_gap(X, y, found.w, found.u, bounds, 0.01 * (1 + seed))
    assert 0 <= gap <= found.error <= 1e-12
    assert abs(float(value) - found.value) <= found.rounding


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("budget", [0, 3000, 30_000_000])
def test_a_budget_that_ends_early(
    loss: Loss, intercept: bool, budget: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bound stays true, and is at least as good as that of w = 0."""
    X, y = irregular(loss, seed=12)
    X = with_ones(X) if intercept else X
    p = problem(X, y, loss, 0.003, intercept=intercept)
    monkeypatch.setattr(box_dual, "BUDGET", budget)
    ours, theirs = minimise_box_dual(p), interior_point(p)
    assert ours.value - ours.error <= theirs.value + theirs.error
    assert ours.value >= theirs.value - theirs.error
    infima = -float(np.mean(loss.conjugate(np.zeros_like(y), y)))
    assert ours.error <= ours.value - infima + ours.rounding
    sharp = ours.error <= 1e-11 * float(p.value(p.w0[:, None])[0])
    assert sharp == (budget > 3000)


def test_the_best_iterate_is_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    """A correction that spoils the slopes comes after the right ones."""
    X, y = irregular(Absolute(), seed=13)
    p = problem(X, y, Absolute(), 0.02)
    correct, calls = box_dual.BoxDual.correct, []

    def spoilt(dual: box_dual.BoxDual, c: float, *, last: bool) -> int:
        changes = correct(dual, c, last=last)
        calls.append(last)
        if calls.count(True) > 5:
            dual.u = np.roll(dual.u, 1)
            return 3
        return changes + last * (calls.count(True) < 6)

    monkeypatch.setattr(box_dual.BoxDual, "correct", spoilt)
    found = minimise_box_dual(p)
    assert calls.count(True) > 5
    assert found.error <= 1e-11


def test_which_objectives_have_such_a_dual() -> None:
    X, y = irregular(Hinge())
    assert has_box_dual(problem(X, y, Hinge(), 0.1))
    assert not has_box_dual(problem(X, y, Hinge()))
    assert not has_box_dual(problem(X, y, Logistic(), 0.1))
    assert not has_box_dual(problem(X, y, Squared(), 0.1))
    assert not has_box_dual(problem(X, y, Hinge(), penalty=ElasticNet(0.1, 0.5)))
    assert not has_box_dual(problem(X, y, Hinge(), penalty=L1(0.1)))


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
@pytest.mark.parametrize("intercept", [False, True])
def test_more_features_than_the_interior_point_method_takes(loss: Loss, intercept: bool) -> None:
    X, y = irregular(loss, n=45, d=3300, seed=8)
    p = problem(
        csr_array(with_ones(X) if intercept else X), y, loss, intercept=intercept, penalty=L2(0.02)
    )
    o = find_optimum(p, cache=None)
    assert (o.method, o.obstacle) == (DUAL_METHOD, "")
    assert o.f_star_error <= 1e-11 * float(p.value(p.w0[:, None])[0])
    # The minimiser lies in the row space of X: with X = L Q' the minimum is that on L.
    L = np.linalg.qr(X.T)[1].T
    few = problem(with_ones(L) if intercept else L, y, loss, intercept=intercept, penalty=L2(0.02))
    theirs = interior_point(few)
    assert abs(theirs.value - o.f_star) <= 1e-12 + theirs.error + o.f_star_error


def test_a_wrong_dual_point_is_refused() -> None:
    X, y = irregular(Quantile(0.9), n=45, d=3300, seed=9)
    p = problem(with_ones(X), y, Quantile(0.9), 0.01, intercept=True)
    o = find_optimum(p, cache=None)
    assert o.method == DUAL_METHOD
    assert o.dual is not None
    assert o.w_star is not None
    assert verified(p, o)
    inside = np.flatnonzero((o.dual > -0.85) & (o.dual < 0.05))
    moved = o.dual.copy()
    moved[inside[:2]] += [1e-2, -1e-2]
    for dual in (1.1 * o.dual, 0.9 * o.dual, moved, np.roll(o.dual, 1)):
        assert not verified(p, replace(o, dual=dual))
    assert not verified(p, replace(o, w_star=0.99 * o.w_star))


@pytest.mark.parametrize("loss", [Hinge(), SquaredHinge()], ids=lambda loss: loss.name)
def test_news20(loss: Loss, libsvm_dir: Path) -> None:
    positive = [str(k) for k in range(1, 11)]
    spec = spec_from_data(str(libsvm_dir / "news20.bz2"), loss="logistic", positive=positive)
    data = build_linear(spec)
    p = problem(data.data.X, data.y, loss, 10 / data.n_samples)
    o = find_optimum(p, cache=None)
    assert o.f_star_error <= 1e-12
    assert verified(p, o)
