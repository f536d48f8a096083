"""scikit-learn's estimators as solvers: they minimise F itself, and their iterates are theirs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pytest
import sklearn
from builders import Array, dense, linear_problem, run, task
from scipy.sparse import csr_array, csr_matrix
from sklearn.linear_model import (
    ElasticNet,
    Lasso,
    LogisticRegression,
    SGDClassifier,
    SGDRegressor,
)

from lrbench.arrays import Vector
from lrbench.losses.huber import Huber
from lrbench.objective.linear.problem import LinearProblem
from lrbench.optimum import find_optimum
from lrbench.penalties.elastic_net import ElasticNet as ElasticNetPenalty
from lrbench.penalties.l1 import L1
from lrbench.penalties.l2 import L2
from lrbench.penalties.none import NoPenalty
from lrbench.results import Run, Status
from lrbench.solvers.outside.estimator import EstimatorSolver
from lrbench.solvers.outside.lasso import LassoDescent
from lrbench.solvers.outside.logistic import (
    LogisticLiblinear,
    LogisticNewtonCholesky,
    LogisticSAGA,
)
from lrbench.solvers.outside.sgd import SGDClassification, SGDRegression

PENALTIES: dict[str, Any] = {
    "none": NoPenalty(),
    "l2": L2(0.037),
    "l1": L1(0.023),
    "elastic-net": ElasticNetPenalty(0.041, 0.3),
}
OLD = tuple(map(int, sklearn.__version__.split(".")[:2])) < (1, 8)
"""Whether LogisticRegression has a penalty by name."""


class Case(NamedTuple):
    solver: Any
    loss: str
    penalty: str
    intercept: bool = False
    density: float | None = None
    start: float = 0.0
    """The size of w_0."""

    def problem(self) -> LinearProblem:
        w0 = self.start * np.cos(np.arange(4.0 + self.intercept))
        made = linear_problem(
            self.loss,
            41,
            4,
            intercept=self.intercept,
            density=self.density,
            w0=w0,
            seed=5,
            penalty=PENALTIES[self.penalty],
        )
        assert made.penalty.vanishes == (self.penalty == "none")
        return made


CASES = [
    Case(LogisticSAGA(), "logistic", "none", True),
    Case(LogisticSAGA(), "logistic", "l2", True, start=0.7),
    Case(LogisticSAGA(), "logistic", "l1", density=0.6),
    Case(LogisticSAGA(), "logistic", "elastic-net", True, density=0.6),
    Case(LogisticNewtonCholesky(), "logistic", "none", density=0.6),
    Case(LogisticNewtonCholesky(), "logistic", "l2", True, start=0.4),
    Case(LogisticLiblinear(), "logistic", "l2", density=0.6),
    Case(LogisticLiblinear(), "logistic", "l1"),
    Case(LassoDescent(), "squared", "l1", start=0.3),
    Case(LassoDescent(), "squared", "l1", True, density=0.6),
    Case(LassoDescent(), "squared", "elastic-net", True, start=0.3),
]
"""Solvers that come to the minimum within 300 iterations, but for SAGA on sparse data."""

STOCHASTIC = [
    Case(SGDClassification(), "logistic", "l2", True, start=0.5),
    Case(SGDClassification(schedule="optimal"), "logistic", "elastic-net", density=0.6),
    Case(SGDClassification(schedule="constant"), "hinge", "l1"),
    Case(SGDClassification(power_t=0.55), "squared-hinge", "l2", True, density=0.6),
    Case(SGDClassification(), "squared-hinge", "none"),
    Case(SGDRegression(), "squared", "l2", True, start=0.5),
    Case(SGDRegression(schedule="constant"), "huber", "elastic-net", density=0.6),
    Case(SGDRegression(power_t=0.6), "absolute", "l1", True),
]


def name(case: Case) -> str:
    return "-".join(
        [
            case.solver.name,
            getattr(case.solver, "schedule", ""),
            case.loss,
            case.penalty,
            str(case.intercept),
            str(case.density),
        ]
    )


def fitted(case: Case, problem: LinearProblem, budgets: list[int], seed: int = 0) -> Run:
    lr0 = 0.03
    work = task(
        problem, case.solver, [lr0], budgets[-1], checkpoints=[0, *budgets], minimum=False
    ).lanes((seed, [lr0]))
    (found,) = run(work)
    assert found.status is not Status.FAILED, found.error
    return found


def model_of(problem: LinearProblem) -> Any:
    model = problem.facts().linear
    assert model is not None
    return model


def terms(estimator: Any, problem: LinearProblem, w: Vector) -> tuple[float, float]:
    """Return the factor of the mean loss in the estimator's objective, and the whole objective.

    They are worked out from the parameters by the formulas of scikit-learn's documentation.
    """
    p, X, y = estimator.get_params(), dense(problem), problem.y
    z, v = X @ w, w[: problem.n_penalised]
    l1, half = np.abs(v).sum(), v @ v / 2
    assert p["fit_intercept"] in (True, problem.intercept)
    if isinstance(estimator, LogisticRegression):
        ratio = p["l1_ratio"] or 0.0
        if OLD:
            ratio = {"l1": 1.0, "l2": 0.0, "elasticnet": ratio, None: 0.0}[p["penalty"]]
        C = np.inf if OLD and p["penalty"] is None else p["C"]
        penalty = ratio * l1 + (1 - ratio) * half
        loss = np.log1p(np.exp(-y * z)).sum()
        if np.isinf(C):
            return 1.0 / len(y), float(loss / len(y))
        return C, float(C * loss + penalty)
    if isinstance(estimator, ElasticNet):
        penalty = p["alpha"] * (p["l1_ratio"] * l1 + (1 - p["l1_ratio"]) * half)
        return 1.0 / len(y), float((y - z) @ (y - z) / (2 * len(y)) + penalty)
    shares = {None: (0.0, 0.0), "l1": (1.0, 0.0), "l2": (0.0, 1.0)}
    a, b = shares.get(p["penalty"], (p["l1_ratio"], 1 - p["l1_ratio"]))
    residual, margin = np.abs(z - y), 1 - y * z
    eps = p["epsilon"]
    losses = {
        "log_loss": np.log1p(np.exp(-y * z)),
        "hinge": np.maximum(margin, 0.0),
        "squared_hinge": np.maximum(margin, 0.0) ** 2,
        "squared_error": residual**2 / 2,
        "huber": np.where(residual <= eps, residual**2 / 2, eps * residual - eps**2 / 2),
        "epsilon_insensitive": np.maximum(residual - eps, 0.0),
    }
    value = losses[p["loss"]].mean() + p["alpha"] * (a * l1 + b * half)
    return (2.0 if p["loss"] == "squared_hinge" else 1.0) / len(y), float(value)


@pytest.mark.parametrize("case", [*CASES, *STOCHASTIC], ids=name)
def test_its_objective_is_a_multiple_of_F(case: Case) -> None:
    problem = case.problem()
    estimator = case.solver.estimator(model_of(problem), 0.1)
    rng = np.random.default_rng(3)
    for size in (0.01, 1.0, 7.0):
        w = size * rng.standard_normal(problem.n_features)
        factor, value = terms(estimator, problem, w)
        F = float(problem.value(w[:, None])[0])
        assert value == pytest.approx(factor * len(problem.y) * F, rel=1e-12)


def test_the_threshold_of_the_huber_loss_is_its_epsilon() -> None:
    problem = linear_problem("huber", 20, 3, weight=0.2)
    model = model_of(problem)._replace(loss=Huber(0.37))
    assert SGDRegression().estimator(model, 0.1).epsilon == 0.37


@pytest.mark.parametrize("case", CASES, ids=name)
def test_it_comes_to_the_certified_minimum(case: Case) -> None:
    problem = case.problem()
    budgets = [1, 2, 5, 12, 30, 300]
    if case.solver.name == "outside:saga":
        # On sparse data the intercept moves by a hundredth of the step.
        budgets.append(30_000 if case.density and case.intercept else 3000)
    trace = fitted(case, problem, budgets).trace
    optimum = find_optimum(problem, cache=None)
    gap = trace["objective"] - optimum.f_star
    assert gap[0] > 1e-3
    assert gap[1] > 1e-7
    assert -1e-12 < gap[-1] < 1e-9 * gap[0]
    assert np.all(np.diff(trace["iteration"]) > 0)
    assert np.isnan(trace["suboptimality_average"][1:]).all()


@pytest.mark.parametrize("case", STOCHASTIC, ids=name)
def test_stochastic_gradients_come_nearer_to_the_minimum(case: Case) -> None:
    problem = case.problem()
    r = fitted(case, problem, [1, 40, 400])
    gap = r.trace["objective"] - find_optimum(problem, cache=None).f_star
    assert -1e-12 < gap[-1] < 0.1 * gap[0]
    assert r.trace["iteration"].tolist() == [0.0, 1.0, 40.0, 400.0]
    assert r.trace["passes"].tolist() == [0.0, 1.0, 40.0, 400.0]


def parts(problem: LinearProblem) -> tuple[Any, Array, dict[str, Any]]:
    """Return X without the column of ones as scikit-learn takes it, y, and the common options."""
    X: Any = problem.data.X
    X = X[:, : problem.n_penalised]
    return (
        (csr_matrix(X) if isinstance(X, csr_array) else X),
        problem.y,
        {"fit_intercept": problem.intercept},
    )


def own(estimator: Any, intercept: bool) -> Vector:
    return np.concatenate([np.ravel(estimator.coef_), np.ravel(estimator.intercept_)[:intercept]])


def logistic_options(C: float, ratio: float) -> dict[str, Any]:
    if not OLD:
        return {"C": C, "l1_ratio": ratio}
    names = {0.0: "l2", 1.0: "l1"}
    if np.isinf(C):
        return {"penalty": None}
    shared = {} if ratio in names else {"l1_ratio": ratio}
    return {"C": C, "penalty": names.get(ratio, "elasticnet"), **shared}


@pytest.mark.filterwarnings("ignore:.*(converge|Maximum number)")
@pytest.mark.parametrize("budget", [1, 4, 9])
def test_the_iterates_are_those_of_the_library(budget: int) -> None:
    """Each with its parameters written by hand, from w_0 = 0."""
    n, l2, l1 = 41, 0.037, 0.023
    shared = 0.041
    fits: list[tuple[Case, Any]] = [
        (
            Case(LogisticSAGA(), "logistic", "elastic-net", True),
            LogisticRegression(
                solver="saga", random_state=3, **logistic_options(1 / (n * shared), 0.3)
            ),
        ),
        (
            Case(LogisticSAGA(), "logistic", "none", density=0.6),
            LogisticRegression(solver="saga", random_state=3, **logistic_options(np.inf, 0.0)),
        ),
        (
            Case(LogisticNewtonCholesky(), "logistic", "l2", True),
            LogisticRegression(solver="newton-cholesky", **logistic_options(1 / (n * l2), 0.0)),
        ),
        (
            Case(LogisticLiblinear(), "logistic", "l1"),
            LogisticRegression(
                solver="liblinear", random_state=3, **logistic_options(1 / (n * l1), 1.0)
            ),
        ),
        (Case(LassoDescent(), "squared", "l1", True), Lasso(alpha=l1)),
        (
            Case(LassoDescent(), "squared", "elastic-net", True, 0.6),
            ElasticNet(alpha=shared, l1_ratio=0.3),
        ),
        (
            Case(SGDClassification(), "squared-hinge", "l2", True),
            SGDClassifier(
                loss="squared_hinge",
                alpha=2 * l2,
                eta0=0.015,
                learning_rate="invscaling",
                random_state=3,
            ),
        ),
        (
            Case(SGDClassification(schedule="optimal"), "hinge", "l2"),
            SGDClassifier(loss="hinge", alpha=l2, random_state=3),
        ),
        (
            Case(SGDRegression(), "squared", "l1", True, 0.6),
            SGDRegressor(penalty="l1", alpha=l1, eta0=0.03, random_state=3),
        ),
    ]
    for case, estimator in fits:
        problem = case.problem()
        X, y, options = parts(problem)
        tol = None if hasattr(estimator, "eta0") else 1e-300
        estimator.set_params(max_iter=budget, tol=tol, **options).fit(X, y)
        found = fitted(case, problem, [budget], seed=3)
        expected = own(estimator, problem.intercept)
        np.testing.assert_allclose(found.iterates["last"], expected, rtol=1e-9, atol=1e-12)
        assert np.abs(expected).max() > 1e-3


@pytest.mark.parametrize("case", [*CASES, *STOCHASTIC], ids=name)
def test_each_row_is_that_of_a_run_with_its_budget(case: Case) -> None:
    problem = case.problem()
    budgets = [1, 2, 5, 9]
    whole = fitted(case, problem, budgets)
    for row, budget in enumerate(budgets, start=1):
        alone = fitted(case, problem, [budget]).trace
        row = min(row, len(whole.trace["iteration"]) - 1)  # one that has converged stops
        for column in ("iteration", "objective", "passes", "sample_gradients"):
            assert alone[column][-1] == whole.trace[column][row], column
    costs = {"outside:newton-cholesky": problem.n_features + 1}
    passes = whole.trace["iteration"] * costs.get(case.solver.name, 1)
    np.testing.assert_array_equal(whole.trace["passes"], passes)
    np.testing.assert_array_equal(whole.trace["sample_gradients"], passes * 41)
    assert "average" not in whole.iterates


STAYING = [
    case
    for case in (*CASES, *STOCHASTIC)
    if case.solver.name not in ("outside:liblinear", "outside:saga")
    and getattr(case.solver, "schedule", "") != "optimal"
]
"""Those that take w_0, and stay at the minimum, at least with a tiny lr0."""


@pytest.mark.parametrize("case", STAYING, ids=name)
def test_it_starts_at_w0(case: Case) -> None:
    """A step from near the minimum stays near it; from 0 it would not come there."""
    made = case.problem()
    near = find_optimum(made, cache=None).w_star
    assert near is not None
    near = near + 1e-7
    before = near.copy()
    (r,) = run(task(replace(made, w0=near), case.solver, [1e-9], 1, minimum=False))
    assert np.linalg.norm(r.iterates["last"] - near) < 1e-5
    assert np.linalg.norm(near) > 0.1
    np.testing.assert_array_equal(near, before)  # no estimator writes to it


def test_saga_starts_at_w0() -> None:
    """Its table is empty at the start, so that it leaves the minimum; its steps are short."""
    far = 80.0 * np.cos(np.arange(5.0))
    problem = replace(Case(LogisticSAGA(), "logistic", "none", True).problem(), w0=far)
    (r,) = run(task(problem, LogisticSAGA(), [1.0], 1, minimum=False))
    assert 0.1 < np.linalg.norm(r.iterates["last"] - far) < 10.0


SEEDED = [Case(LogisticSAGA(), "logistic", "l2"), *STOCHASTIC[:1], *STOCHASTIC[5:6]]


@pytest.mark.parametrize("case", SEEDED, ids=name)
def test_the_seed_decides_the_order_of_the_samples(case: Case) -> None:
    problem = case.problem()
    ends = [fitted(case, problem, [3], seed).iterates["last"] for seed in (0, 0, 1, 2**32 + 1)]
    np.testing.assert_array_equal(ends[0], ends[1])
    np.testing.assert_array_equal(ends[2], ends[3])
    assert np.abs(ends[0] - ends[2]).max() > 1e-6


def test_partial_fit_has_other_iterates() -> None:
    """It begins every epoch with the same order: why a fit is begun anew for every budget."""
    problem = STOCHASTIC[5].problem()
    X, y, options = parts(problem)
    settings = {"eta0": 0.03, "alpha": 0.037, "tol": None, "random_state": 0, **options}
    whole = SGDRegressor(max_iter=2, **settings).fit(X, y)
    steps = SGDRegressor(**settings)
    for _ in range(2):
        steps.partial_fit(X, y)
    assert np.abs(whole.coef_ - steps.coef_).max() > 1e-6


def test_one_that_has_converged_ends_where_it_stopped() -> None:
    case = Case(LogisticLiblinear(), "logistic", "l2", density=0.6)
    problem = case.problem()
    r = fitted(case, problem, [2, 500])
    X, y, options = parts(problem)
    own_fit = LogisticRegression(
        solver="liblinear", max_iter=500, tol=1e-300, **logistic_options(1 / (41 * 0.037), 0.0)
    )
    (n_iter,) = own_fit.set_params(**options).fit(X, y).n_iter_
    assert 2 < n_iter < 500
    assert (r.status, r.status_at) == (Status.COMPLETED, n_iter)
    assert r.trace["iteration"].tolist() == [0.0, 2.0, float(n_iter)]
    assert r.trace["passes"][-1] == n_iter


def test_what_overflows_has_diverged() -> None:
    case = Case(SGDRegression(schedule="constant"), "squared", "none")
    (r,) = run(
        task(case.problem(), case.solver, [1e300], 30, minimum=False, checkpoints=[0, 1, 30])
    )
    assert (r.status, r.error) == (Status.DIVERGED, None)
    assert np.isfinite(r.trace["objective"]).all()


def test_a_fit_that_raises_is_a_row() -> None:
    made = Case(LogisticSAGA(), "logistic", "l2").problem()
    one_class = replace(made, y=np.ones(41))
    (r,) = run(task(one_class, LogisticSAGA(), [1.0], 5, minimum=False))
    assert r.status is Status.FAILED
    assert r.error is not None
    assert r.error.startswith("ValueError: ")
    assert r.trace["iteration"].tolist() == [0.0]


def test_wide_indices_are_narrowed() -> None:
    case = Case(LogisticLiblinear(), "logistic", "l2", density=0.6)
    made = case.problem()
    X: Any = made.data.X
    wide = X.copy()
    wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
    problem = replace(made, data=type(made.data)(wide))
    ends = [fitted(case, p, [3]).iterates["last"] for p in (made, problem)]
    np.testing.assert_array_equal(ends[0], ends[1])
    assert isinstance(case.solver, EstimatorSolver)
    assert wide.indices.dtype == np.int64  # the problem's X is as it was
