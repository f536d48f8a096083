"""Normalised problems against torch and differences, and what is known of them beside."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from builders import linear_problem
from numpy.typing import NDArray

from lrbench.arrays import Index
from lrbench.errors import ContractError, DataError, UsageError
from lrbench.objective.linear.problem import LinearProblem
from lrbench.objective.minibatches import Minibatches
from lrbench.objective.network.batch_norm import BatchNormProblem
from lrbench.objective.network.normalised import NormalisedProblem
from lrbench.objective.network.reparametrisation import Reparametrisation
from lrbench.objective.network.weight_norm import WeightNormProblem
from lrbench.objective.oracle import Oracle
from lrbench.objective.problem import Problem
from lrbench.penalties.ball import BallPenalty
from lrbench.penalties.elastic_net import ElasticNet
from lrbench.penalties.l2 import L2

torch = pytest.importorskip("torch")

Array = NDArray[np.float64]

N_LANES = 3

FORMS = [
    Reparametrisation("weight-norm"),
    Reparametrisation("weight-norm", scale="fixed", gamma=1.7),
    Reparametrisation("batch-norm", seed=3),
    Reparametrisation("batch-norm", scale="fixed", gamma=0.4),
]


def normalised(plain: LinearProblem, form: Reparametrisation) -> NormalisedProblem:
    kind = WeightNormProblem if form.name == "weight-norm" else BatchNormProblem
    return kind(plain, form)


def problems() -> Iterator[NormalisedProblem]:
    """Yield problems of every form, with several losses and penalties, dense and sparse."""
    penalties = (None, L2(0.3), ElasticNet(0.2, 0.6))
    for form, loss, penalty in itertools.product(FORMS, ("logistic", "squared"), penalties):
        for density, intercept in ((None, True), (0.6, True), (None, False)):
            if not intercept and form.name == "batch-norm":
                continue
            plain = linear_problem(
                loss, 14, 4, penalty=penalty, density=density, intercept=intercept, seed=5
            )
            yield normalised(plain, form)


PROBLEMS = list(problems())

FEW = [normalised(linear_problem("logistic", 14, 4, weight=0.3, intercept=True), f) for f in FORMS]


def name_of(problem: NormalisedProblem) -> str:
    sparse = "sparse" if problem.data.sparse else "dense"
    parts = (problem.loss.name, problem.plain.penalty.name, sparse, problem.has_shift)
    return " ".join(map(str, (problem.form, *parts)))


def iterates(problem: NormalisedProblem) -> Array:
    rng = np.random.default_rng(8)
    return rng.standard_normal((problem.n_features, N_LANES)) * [0.3, 1.0, 4.0] + 0.1


def in_torch(problem: NormalisedProblem, w: Array, samples: Index | slice) -> tuple[float, Array]:
    """Return F on some samples and its gradient, by automatic differentiation."""
    X, plain, form = problem.data.X, problem.plain, problem.form
    X = torch.tensor(X if isinstance(X, np.ndarray) else X.toarray())[samples]
    y, p = torch.tensor(problem.y)[samples], problem.n_weights
    x = torch.tensor(w, requires_grad=True)
    gamma = x[p] if form.learned else torch.tensor(form.gamma, dtype=torch.float64)
    beta = x[-1] if problem.has_shift else 0.0
    if form.name == "weight-norm":
        weights = gamma * x[:p] / torch.linalg.vector_norm(x[:p])
        z = X[:, :p] @ weights + beta
    else:
        z = X[:, :p] @ x[:p]
        weights = gamma * x[:p] / z.std(unbiased=False)
        z = torch.nn.functional.batch_norm(z[:, None], None, None, training=True, eps=1e-300)[:, 0]
        z = gamma * z + beta
    losses = {
        "logistic": torch.nn.functional.softplus(-y * z),
        "squared": 0.5 * (z - y) ** 2,
    }
    l1, l2 = plain.penalty.l1, plain.penalty.curvature
    F = losses[problem.loss.name].mean() + l1 * weights.abs().sum() + l2 / 2 * (weights**2).sum()
    F.backward()
    return F.item(), x.grad.numpy()


def oracle_of(
    problem: Problem, W: Array, minibatches: Sequence[Minibatches], slices: Any = None
) -> Oracle:
    sampler = problem.sampler(None, None, minibatches, seeds=range(max(len(minibatches), 1)))
    sampler.iterates.start(W.shape[1])
    if slices is not None:
        sampler.set_columns(slices)
    oracle = next(iter(sampler.oracles(lambda W, gradient: None)))
    oracle.begin(W)
    return oracle


@pytest.mark.parametrize("problem", PROBLEMS, ids=name_of)
def test_gradients_are_those_of_torch(problem: NormalisedProblem) -> None:
    W = iterates(problem)
    values, G = problem.value_and_gradient(W)
    full = oracle_of(problem, W, ())
    oracle = oracle_of(problem, W, [Minibatches(14, 5, "reshuffle", 2)])
    index = oracle.index
    assert index is not None
    numbers: list[tuple[Array, Array, Index | slice]] = [
        (values, G, slice(None)),
        (problem.value(W), problem.loss_gradient(W), slice(None)),
        (full.value(W), full.gradient(W).dense(), slice(None)),
        (oracle.value(W), oracle.gradient(W).dense(), index),
        (oracle.full.value(W), oracle.full.gradient(W).dense(), slice(None)),
    ]
    for of_F, gradient, samples in numbers:
        for lane in range(N_LANES):
            value, of_torch = in_torch(problem, W[:, lane], samples)
            assert of_F[lane] == pytest.approx(value, rel=1e-12)
            atol = 1e-12 * float(np.linalg.norm(of_torch))
            np.testing.assert_allclose(gradient[:, lane], of_torch, rtol=0, atol=atol)


@pytest.mark.parametrize("problem", FEW, ids=name_of)
def test_gradients_are_those_of_differences(problem: NormalisedProblem) -> None:
    W = iterates(problem)[:, 1:2]
    G, h = problem.value_and_gradient(W)[1], 1e-3
    for j in range(problem.n_features):
        e = np.zeros_like(W)
        e[j] = h
        first = problem.value(W + e) - problem.value(W - e)
        second = problem.value(W + 2 * e) - problem.value(W - 2 * e)
        assert G[j] == pytest.approx((8 * first - second) / (12 * h), rel=1e-8, abs=1e-9)


@pytest.mark.parametrize("problem", FEW, ids=name_of)
def test_the_length_of_v_has_no_effect(problem: NormalisedProblem) -> None:
    W, p = iterates(problem), problem.n_weights
    G, longer = problem.value_and_gradient(W)[1], W.copy()
    longer[:p] *= [3.0, 0.01, 1e6]
    np.testing.assert_allclose(problem.value(longer), problem.value(W), rtol=1e-13)
    sizes = np.linalg.norm(G, axis=0) * np.linalg.norm(W, axis=0)
    assert (np.abs((G[:p] * W[:p]).sum(axis=0)) <= 1e-14 * sizes).all()
    shorter = problem.value_and_gradient(longer)[1][:p] * [3.0, 0.01, 1e6]
    np.testing.assert_allclose(shorter, G[:p], rtol=1e-9)


@pytest.mark.parametrize("problem", PROBLEMS, ids=name_of)
def test_f_is_that_of_the_linear_problem_at_the_weights(problem: NormalisedProblem) -> None:
    W = iterates(problem)
    np.testing.assert_allclose(
        problem.plain.value(problem.weights(W)), problem.value(W), rtol=1e-13
    )


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_lanes_of_several_seeds_are_those_of_each_alone(form: Reparametrisation) -> None:
    problem = normalised(linear_problem("logistic", 14, 4, weight=0.3, intercept=True), form)
    W = np.concatenate([iterates(problem)] * 3, axis=1)[:, :8]
    both = [Minibatches(14, 6, "replacement", seed) for seed in (0, 1)]
    # 3 lanes of seed 0, then 4 of seed 1, and one of padding that belongs to none.
    together = oracle_of(problem, W, both, (slice(0, 3), slice(3, 7)))
    some = np.array([True, False, True, False, True, True, False, False])
    of_some = together.gradient(W).dense(), together.gradient(W, some).dense()
    assert np.isfinite(of_some[0]).all()
    np.testing.assert_allclose(of_some[1][:, some], of_some[0][:, some], rtol=1e-13)
    assert not of_some[1][:, ~some].any()
    for seed, lanes in ((0, slice(0, 3)), (1, slice(3, 7))):
        alone = oracle_of(problem, W[:, lanes], both[seed : seed + 1])
        np.testing.assert_allclose(of_some[0][:, lanes], alone.gradient(W[:, lanes]).dense())
        np.testing.assert_allclose(together.value(W)[lanes], alone.value(W[:, lanes]))


def test_many_lanes_are_evaluated_in_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    problem, rng = FEW[2], np.random.default_rng(4)
    W = rng.standard_normal((problem.n_features, 21))
    whole = problem.value_and_gradient(W), problem.weights(W)
    monkeypatch.setattr("lrbench.objective.network.batch_norm.MOST_SCORES", 14 * 8)
    for together, apart in zip(whole[0], problem.value_and_gradient(W), strict=True):
        np.testing.assert_allclose(apart, together, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(problem.weights(W), whole[1], rtol=1e-13)


@pytest.mark.parametrize("w0", [None, np.array([0.5, -2.0, 0.0, 1.0, 0.7])], ids=["0", "given"])
@pytest.mark.parametrize("form", [FORMS[0], FORMS[2]], ids=str)
def test_the_start_has_the_same_scores(form: Reparametrisation, w0: Array | None) -> None:
    plain = linear_problem("logistic", 14, 4, weight=0.3, intercept=True, w0=w0)
    problem = normalised(plain, form)
    assert np.linalg.norm(problem.w0[:4]) == pytest.approx(1.0, rel=1e-15)
    np.testing.assert_allclose(problem.weights(problem.w0[:, None])[:, 0], plain.w0, atol=1e-15)
    if form.name == "weight-norm":
        assert problem.w0[4] == pytest.approx(np.linalg.norm(plain.w0[:4]), rel=1e-15)


def test_a_start_at_0_has_a_direction_of_its_seed() -> None:
    plain = linear_problem("logistic", 14, 4)
    starts = [normalised(plain, Reparametrisation("weight-norm", seed=k)).w0 for k in (0, 0, 1)]
    assert (starts[0] == starts[1]).all()
    assert not np.isclose(starts[0][:4], starts[2][:4]).any()
    held = normalised(plain, Reparametrisation("weight-norm", scale="fixed", gamma=2.5, seed=1))
    np.testing.assert_allclose(held.weights(held.w0[:, None])[:, 0], 2.5 * starts[2][:4])


def test_a_fixed_gamma_is_that_of_a_given_start() -> None:
    plain = linear_problem("logistic", 14, 2, w0=np.array([3.0, -4.0]))
    held = normalised(plain, Reparametrisation("weight-norm", scale="fixed", gamma=5.0))
    np.testing.assert_allclose(held.w0, [0.6, -0.8], rtol=1e-15)
    with pytest.raises(UsageError, match=r"fixed at 2, and the start .* has 5\.0\.$") as caught:
        normalised(plain, Reparametrisation("weight-norm", scale="fixed", gamma=2.0))
    assert caught.value.hint == "give gamma=5.0, or the start zeros."


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"gamma": 0.0, "scale": "fixed"}, "gamma = 0 is not a positive number"),
        ({"gamma": np.inf, "scale": "fixed"}, "gamma = inf is not a positive number"),
        ({"gamma_lr": -1.0}, "gamma_lr = -1 is not a positive number"),
        ({"gamma": 2.0}, "gamma = 2 is learned"),
    ],
)
def test_numbers_without_a_meaning_are_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Reparametrisation("weight-norm", **changes)


def test_what_has_no_form_is_refused() -> None:
    box = linear_problem("squared", 14, 3, penalty=BallPenalty(2.0))
    with pytest.raises(UsageError, match=r"the ball of .* do not go together"):
        normalised(box, FORMS[0])
    fixed = Reparametrisation("weight-norm", scale="fixed", gamma_lr=1.0)
    with pytest.raises(UsageError, match="nothing has the rate gamma_lr"):
        normalised(linear_problem("squared", 14, 3), fixed)


def test_equal_columns_are_an_error_at_the_start() -> None:
    plain = linear_problem("squared", 14, 3, intercept=True)
    assert isinstance(plain.data.X, np.ndarray)
    plain.data.X[:, :3] = [1.0, -2.0, 0.3]
    with pytest.raises(DataError, match="columns of X have no variance"):
        normalised(plain, FORMS[2])


def test_a_minibatch_of_equal_scores_loses_the_lanes_that_have_them_and_no_other() -> None:
    problem = normalised(linear_problem("logistic", 14, 4, weight=0.3, intercept=True), FORMS[2])
    X, W = problem.data.X, iterates(problem)
    assert isinstance(X, np.ndarray)
    drawn = {s: next(Minibatches(14, 2, "replacement", s).chunks(1))[0] for s in range(200)}
    same = next(s for s, rows in drawn.items() if rows[0] == rows[1])
    other = next(s for s, rows in drawn.items() if rows[0] != rows[1])
    X[drawn[other], 2] = 0.7
    W[:4, 1] = [0.0, 0.0, 3.1, 0.0]  # the scores of this lane see that column alone
    for seed, lost in ((same, [True, True, True]), (other, [False, True, False])):
        oracle = oracle_of(problem, W.copy(), [Minibatches(14, 2, "replacement", seed)])
        gradient, value = oracle.gradient(W), oracle.value(W)
        assert np.isnan(gradient.norm_sq()).tolist() == np.isnan(value).tolist() == lost


def test_oracles_have_no_prox_and_no_derivatives() -> None:
    problem = FEW[0]
    W = iterates(problem)
    with pytest.raises(ContractError, match="has no prox"):
        oracle_of(problem, W, ()).prox(W, np.ones(N_LANES))
    with pytest.raises(ContractError, match="no derivatives"):
        oracle_of(problem, W, ()).derivatives(W)


@pytest.mark.parametrize("problem", FEW, ids=name_of)
def test_what_is_said_of_a_problem(problem: NormalisedProblem) -> None:
    facts = problem.facts()
    assert isinstance(problem, Problem)
    assert not facts.convex
    assert not facts.derivatives
    assert facts.linear is None
    assert facts.reparametrisation == str(problem.form)
    assert facts.n_invariant == 4
    assert bool(facts.biased) == (problem.form.name == "batch-norm")
    digests = [p.facts().digest for p in FEW]
    assert len({digest() for digest in digests if digest is not None}) == len(FEW)
    W = iterates(problem)
    np.testing.assert_allclose(problem.measures(W)["v_norm_sq"], (W[:4] ** 2).sum(axis=0))
