"""Problems as functions of one iterate, beside formulas in plain NumPy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import dense, linear_problem

import lrbench
from lrbench.errors import OptimumError, UsageError
from lrbench.objective.about import ProblemFacts
from lrbench.objective.finite_sum import FiniteSum
from lrbench.optimum import find_optimum
from lrbench.penalties.ball import BallPenalty
from lrbench.penalties.box import Box
from lrbench.penalties.l1 import L1
from lrbench.plan import prepare
from lrbench.problem_files import load_spec

load: Any = lrbench.load_problem  # of arguments that a type checker refuses, too

W = np.array([0.4, -1.3, 0.2])


def gradient(problem: Any, w: Any, rows: Any = slice(None)) -> Any:
    """Return the gradient of logistic regression with l2, or on some rows."""
    X, y = dense(problem)[rows], problem.y[rows]
    return -(X.T @ (y / (1 + np.exp(y * (X @ w))))) / len(y) + problem.penalty.curvature * w


@pytest.mark.parametrize("density", [None, 0.5])
def test_value_and_gradient_are_those_of_the_formula(density: float | None) -> None:
    problem = linear_problem("logistic", 23, 3, weight=0.07, density=density, seed=3)
    pb = lrbench.load_problem(problem)
    X, y = dense(problem), problem.y
    value = np.mean(np.log1p(np.exp(-y * (X @ W)))) + 0.035 * W @ W
    assert pb.value(W) == pytest.approx(value, rel=1e-12)
    assert type(pb.value(list(W))) is float
    before = W.copy()
    np.testing.assert_allclose(pb.gradient(W), gradient(problem, W), rtol=1e-11)
    assert (before == W).all()
    assert pb.gradient(W.astype(np.float32)).dtype == np.float64


@pytest.mark.parametrize("density", [None, 0.5])
@pytest.mark.parametrize("size", [1, 4, 23])
def test_a_stochastic_gradient_is_that_of_its_samples(density: float | None, size: int) -> None:
    problem = linear_problem("logistic", 23, 3, weight=0.07, density=density, seed=3)
    pb = lrbench.load_problem(problem)
    rng, same = np.random.default_rng(9), np.random.default_rng(9)
    for _ in range(3):
        rows = same.integers(0, 23, size=size)
        g = pb.stochastic_gradient(W, rng, size)
        np.testing.assert_allclose(g, gradient(problem, W, rows), rtol=1e-11)


@pytest.mark.parametrize(
    ("penalty", "expected"),
    [
        (L1(0.5), [0.25, -1.15, 0.05]),
        (Box(lower=-1.0, upper=0.3), [0.3, -1.0, 0.2]),
        (BallPenalty(radius=0.5), 0.5 * W / np.linalg.norm(W)),
        (None, W),
    ],
    ids=str,
)
def test_the_prox_is_the_closed_form(penalty: Any, expected: Any) -> None:
    pb = lrbench.load_problem(linear_problem("squared", 10, 3, penalty=penalty))
    before = W.copy()
    np.testing.assert_allclose(pb.prox(W, 0.3), expected, rtol=1e-12)
    assert (before == W).all()


def test_an_intercept_has_no_prox() -> None:
    pb = lrbench.load_problem(linear_problem("squared", 10, 2, intercept=True, penalty=L1(9.0)))
    assert pb.n_features == 3
    assert pb.prox(W, 1.0).tolist() == [0.0, 0.0, 0.2]


def test_the_constants_are_those_of_a_run() -> None:
    pb = lrbench.load_problem("logreg")
    run = lrbench.run("logreg", solvers="gd", iterations=1)
    assert pb.constants == run.problems[0].header.constants
    assert pb.constants.f_star_certified
    assert (pb.name, pb.n_samples, pb.n_features) == ("logreg", 569, 30)
    assert pb.w_star is not None
    assert pb.value(pb.w_star) == pytest.approx(pb.constants.f_star, rel=1e-14)
    assert repr(pb) == "LoadedProblem('logreg': 569 x 30)"
    pb.w0[:] = 7.0  # copies, so that a loop may change what it got
    assert not pb.w0.any()


def test_a_problem_comes_by_name_path_specification_or_object(tmp_path: Path) -> None:
    spec = load_spec("log-spectrum")
    file = tmp_path / "own.toml"
    root = Path(__file__).parent.parent.parent
    file.write_text((root / "problems" / "log-spectrum.toml").read_text(encoding="utf-8"))
    values = {lrbench.load_problem(p).value(np.ones(60)) for p in ("log-spectrum", file, spec)}
    assert len(values) == 1
    assert lrbench.load_problem(linear_problem()).name == "small"


def test_a_minimum_that_is_not_certified_is_needed_for_constants_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def rough(problem: Any, cache: Path | None) -> Any:
        return replace(find_optimum(problem, cache=cache), f_star_error=0.003, obstacle="rough")

    monkeypatch.setattr(prepare, "find_optimum", rough)
    pb = lrbench.load_problem("logreg")
    assert pb.value(pb.w0) == pytest.approx(np.log(2))
    with pytest.raises(OptimumError, match=r"f\* of logreg is not certified: rough"):
        _ = pb.constants
    with pytest.raises(OptimumError, match=r"f\* of logreg is not certified: rough"):
        lrbench.record(pb, solver="by-hand")
    stated = lrbench.load_problem("logreg", f_star=0.25)
    assert (stated.constants.f_star, stated.w_star) == (0.25, None)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda pb: pb.value(np.zeros(4)), "shape"),
        (lambda pb: pb.gradient("w"), "type"),
        (lambda pb: pb.prox(W, 0.0), "lr 0.0 is not a positive number"),
        (lambda pb: pb.prox(W, None), "lr None is not a positive number"),
        (lambda pb: pb.stochastic_gradient(W, np.random.default_rng(0), 0), "batch_size 0"),
        (lambda pb: pb.stochastic_gradient(W, np.random.default_rng(0), 13), "from 1 to 12"),
        (lambda pb: pb.stochastic_gradient(W, np.random.default_rng(0), 2.0), "batch_size 2.0"),
        (lambda pb: pb.stochastic_gradient(W, 0, 2), "rng is 0, and no generator"),
        (lambda pb: lrbench.load_problem("logrg"), "no problem 'logrg'"),
        (lambda pb: load(["logreg", "logreg"]), "2 problems are given to load"),
        (lambda pb: load(3), "3 names no problem"),
    ],
)
def test_what_is_wrong_is_refused(call: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message) as refused:
        call(lrbench.load_problem(linear_problem()))
    assert refused.value.hint


class Bumps(FiniteSum):
    """The mean of r^2 / (1 + r^2) with r = x'w - y, which is not convex."""

    def __init__(self) -> None:
        super().__init__("bumps", w0=np.zeros(3), n_samples=17)
        self.X = np.random.default_rng(6).standard_normal((17, 3))
        self.y = self.X @ np.array([1.0, 2.0, 3.0])

    def facts(self) -> ProblemFacts:
        return ProblemFacts(title="bumps", data="seeded samples")

    def mean(self, W: Any, samples: Any) -> Any:
        X, y = self.X[samples], self.y[samples, None]
        r = X @ W - y
        return (r**2 / (1 + r**2)).mean(axis=0), X.T @ (2 * r / (1 + r**2) ** 2) / len(y)


def test_a_problem_of_another_kind_is_measured_and_nothing_is_proved() -> None:
    problem = Bumps()
    pb = lrbench.load_problem(problem)
    rows = np.random.default_rng(2).integers(0, 17, size=5)
    _, expected = problem.mean(W[:, None], rows)
    g = pb.stochastic_gradient(W, np.random.default_rng(2), 5)
    np.testing.assert_allclose(g, expected[:, 0], rtol=1e-13)
    assert pb.prox(W, 0.1).tolist() == W.tolist()
    recorder = lrbench.record(pb, solver="by-hand", lr=0.5)
    w = pb.w0
    recorder(w)
    for _ in range(70):
        w -= 0.5 * pb.gradient(w)
        recorder(w)
    (recorded,) = recorder.result().problems[0].runs
    (own,) = lrbench.run(problem, solvers="gd", lr0=0.5, iterations=70).problems[0].runs
    np.testing.assert_allclose(recorded.trace["objective"], own.trace["objective"], rtol=1e-11)
    assert (recorded.status, recorded.status_at) == (own.status, own.status_at)
    assert np.isnan(recorded.trace["suboptimality"]).all()
    assert not any(v.applies for v in recorder.result().problems[0].verdicts)


def test_a_proximal_loop_is_ista() -> None:
    pb = lrbench.load_problem("lasso")
    lr = 0.7 / pb.constants.L
    w = pb.w0
    for _ in range(40):
        w = pb.prox(w - lr * pb.loss_gradient(w), lr)
    own = lrbench.run("lasso", solvers="ista", lr0=lr, iterations=40)
    np.testing.assert_allclose(w, own.problems[0].runs[0].iterates["last"], rtol=1e-10, atol=1e-13)
