"""Optimisers of torch and optax take the steps of the solver of the same name, in several lanes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import pytest
from builders import Array, facts_of, given, linear_problem

from lrbench.objective.linear.problem import LinearProblem
from lrbench.objective.minibatches import Minibatches
from lrbench.solvers.base import Solver, with_parameters
from lrbench.solvers.build import build_solver

STEPS = 60
RATES = np.array([1.7e-3, 0.02, 0.31, 0.083, 0.0061])
RADII = np.array([1e-8, 3e-3, 2e-6, 0.4, 5e-5])

PAIRS = [
    ("sgd", "torch:torch.optim.SGD"),
    ("sgd", "optax:sgd"),
    ("heavy-ball[beta=0.8]", "torch:torch.optim.SGD[momentum=0.8]"),
    ("heavy-ball[beta=0.8]", "optax:sgd[momentum=0.8]"),
    ("adam[beta1=0.7,eps=1e-6]", "torch:torch.optim.Adam[beta1=0.7,eps=1e-6]"),
    ("adam[beta1=0.7,eps=1e-6]", "optax:adam[b1=0.7,eps=1e-6]"),
    ("adamw[weight_decay=0.3]", "torch:torch.optim.AdamW[weight_decay=0.3]"),
    ("adamw[weight_decay=0.3]", "optax:adamw[weight_decay=0.3]"),
    ("adagrad", "torch:torch.optim.Adagrad"),
    ("adagrad[eps=1e-300]", "optax:adagrad[eps=0,initial_accumulator_value=0]"),
    ("rmsprop[rho=0.97]", "torch:torch.optim.RMSprop[alpha=0.97]"),
    ("rmsprop[rho=0.97]", "optax:rmsprop[decay=0.97,eps_in_sqrt=false]"),
    ("wngrad[order=lagged]", "torch:lrbench.torch.WNGrad[order=lagged]"),
    ("wn-adam[beta=0.8]", "torch:lrbench.torch.WNAdam[beta=0.8]"),
    ("adagrad-norm[eta=0.4]", "torch:lrbench.torch.AdaGradNorm[eta=0.4]"),
]

each_sampling = pytest.mark.parametrize("sampling", [None, "replacement", "reshuffle"])


class At(NamedTuple):
    """What a step leaves behind."""

    W: Array
    lr: Array
    output: Array


def built(text: str) -> Solver:
    """Return the solver; skip where its library is not installed."""
    library = text.partition(":")[0]
    if library != text:
        pytest.importorskip(library)
    return build_solver(text)[0]


def problem_of(loss: str) -> LinearProblem:
    w0 = np.array([0.3, -0.2, 0.5, 0.1, -1.3])
    return linear_problem(loss, 31, 4, weight=0.03, intercept=True, w0=w0, seed=5)


def batches(problem: LinearProblem, sampling: Any) -> Minibatches | None:
    return None if sampling is None else Minibatches(problem.n_samples, 7, sampling, seed=11)


def steps(
    problem: LinearProblem,
    solver: Solver,
    rates: Array,
    batch: Minibatches | None,
    start: Array | None = None,
    skipped: int = 0,
) -> Iterator[At]:
    """Step for ever, from `start` with the minibatch after those that are skipped."""
    sampler = problem.sampler(None, None, given(batch), dense_iterates=True)
    W = sampler.iterates.start(len(rates))
    if start is not None:
        W[:] = start
    state = solver.init(W, rates, facts_of(problem, solver))
    for oracle in islice(sampler.oracles(lambda W, g: None), skipped, None):
        oracle.begin(W)
        W, lr, state = solver.step(W, state, oracle)
        output = solver.output(W.copy(), state)
        yield At(W.copy(), lr.copy(), W.copy() if output is None else np.array(output))


def iterates(run: Iterator[At]) -> tuple[Array, Array, Array]:
    """Return the iterates, rates and outputs of the first steps."""
    first = list(islice(run, STEPS))
    return (
        np.array([at.W for at in first]),
        np.array([at.lr for at in first]),
        np.array([at.output for at in first]),
    )


def allowed_error(problem: LinearProblem, own: str, batch: Minibatches | None, W: Array) -> float:
    """Return what rounding may come to: a hundred times what the last bit of the start does."""
    start = np.nextafter(problem.w0, np.inf)[:, None]
    nudged, *_ = iterates(steps(problem, built(own), RATES, batch, start=start))
    lost = largest_error(W, nudged)
    assert lost < 1e-10
    return max(1e-12, 100.0 * lost)


def largest_error(first: Array, second: Array) -> float:
    """Return the largest difference of a lane, relative to its largest coordinate."""
    assert not np.array_equal(first[..., 0], first[..., 1]), "the lanes are the same"
    return float(np.max(np.abs(first - second).max(axis=1) / np.abs(first).max(axis=1)))


@pytest.mark.parametrize(("own", "other"), PAIRS, ids=[other for _, other in PAIRS])
@pytest.mark.parametrize("loss", ["logistic", "squared"])
@each_sampling
def test_the_steps_are_those_of_the_solver(own: str, other: str, loss: str, sampling: Any) -> None:
    problem, adapter = problem_of(loss), built(other)
    batch = batches(problem, sampling)
    W, rates, _ = iterates(steps(problem, built(own), RATES, batch))
    V, reported, _ = iterates(steps(problem, adapter, RATES, batch))
    error = allowed_error(problem, own, batch, W)
    assert largest_error(W, V) < error
    if not own.startswith(("heavy-ball", "wn-adam")):  # which report the factor of the mean
        np.testing.assert_allclose(reported, rates, rtol=1e4 * error)


@each_sampling
def test_dog_with_a_first_radius_for_each_lane(sampling: Any) -> None:
    problem, adapter = problem_of("logistic"), built("optax:contrib.dog[eps=0]")
    batch, ones = batches(problem, sampling), np.ones(len(RADII))
    own = with_parameters(built("dog"), {"r_eps": RADII})
    adapter = with_parameters(adapter, {"init_step2": RADII})
    W, rates, _ = iterates(steps(problem, own, ones, batch))
    V, reported, _ = iterates(steps(problem, adapter, ones, batch))
    assert largest_error(W, V) < 1e-12
    np.testing.assert_allclose(reported, rates, rtol=1e-10)


@pytest.mark.parametrize(
    "other",
    [
        "torch:schedulefree.SGDScheduleFree[momentum=0.8]",
        "torch:schedulefree.SGDScheduleFreeReference[momentum=0.8]",
        "optax:contrib.schedule_free_sgd[b1=0.8]",
    ],
)
@each_sampling
def test_schedule_free_is_that_of_the_solver_from_the_second_iterate(
    other: str, sampling: Any
) -> None:
    """The first step of the authors' code is one of SGD, which leaves no weight on w_0."""
    if "schedulefree" in other:
        pytest.importorskip("schedulefree")
    problem, adapter = problem_of("logistic"), built(other)
    batch = batches(problem, sampling)
    V, _, outputs = iterates(steps(problem, adapter, RATES, batch))
    first = next(steps(problem, built("sgd"), RATES, batch)).W
    np.testing.assert_allclose(V[0], first, rtol=1e-13)
    own = built("schedule-free[beta=0.8]")
    _, _, expected = iterates(steps(problem, own, RATES, batch, start=first, skipped=1))
    assert largest_error(expected[:-1], outputs[1:]) < 1e-12
