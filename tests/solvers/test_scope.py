"""Norms and rates by part: against recursions on every unit of its own, and on the spheres."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray

import lrbench
from lrbench.errors import UsageError
from lrbench.objective.about import About
from lrbench.objective.minibatches import Minibatches
from lrbench.objective.network.architecture import Activation, LayerNorm, Mlp
from lrbench.objective.network.network import NetworkSamples
from lrbench.objective.network.problem import NetworkProblem
from lrbench.objective.network.start import NetworkStart
from lrbench.solvers.build import build_solver

Array = NDArray[np.float64]

LR0 = np.array([0.01, 0.3, 4.0])
T = 12


def network(
    norm: LayerNorm, n: int = 60, activation: Activation = "tanh", other_lr: float | None = None
) -> NetworkProblem:
    rng = np.random.default_rng(2)
    X, y = rng.standard_normal((n, 6)), rng.integers(0, 3, n).astype(float)
    samples, form = NetworkSamples(X, y), Mlp((5, 4), activation, norm, other_lr)
    about, start = About("seeded", "seeded"), NetworkStart("he")
    return NetworkProblem("net", about, form, samples, 3, start)


def part_of(problem: NetworkProblem, scope: Literal["layer", "row"]) -> NDArray[np.intp]:
    """Return the number of the part of every coordinate, counted one by one."""
    numbers = np.full(problem.n_features, -1, dtype=np.intp)
    first = 0
    for k, layer in enumerate(problem.network.layers):
        for unit in range(layer.n_out):
            own = k if scope == "layer" else first + unit
            for i in range(layer.n_in):
                numbers[layer.kernel.start + i * layer.n_out + unit] = own
            for vector in (layer.scale, layer.shift):
                if vector is not None:
                    numbers[vector.start + unit] = own
        first += layer.n_out
    assert numbers.min() == 0
    return numbers


def run(
    problem: NetworkProblem, text: str, steps: int = T, rates: Array = LR0
) -> tuple[Array, Any]:
    """Return the iterates after some minibatches, and the last step."""
    solver = build_solver(text)[0]
    sampler = problem.sampler(None, None, [Minibatches(60, 7, "replacement", 0)])
    W = sampler.iterates.start(len(rates))
    state = solver.init(W, rates, {})
    taken: Any = None
    oracles: Any = sampler.oracles(lambda W, g: None)
    for _, oracle in zip(range(steps), oracles, strict=False):
        oracle.begin(W)
        taken = solver.step(W, state, oracle)
        W, state = taken.W, taken.state
    return W, taken


def recursion(problem: NetworkProblem, name: str, scope: Any, order: str = "current") -> Array:
    """Return the iterates by loops over lanes and parts, with the gradients of `mean`."""
    numbers = part_of(problem, scope)
    batches = next(iter(Minibatches(60, 7, "replacement", 0).chunks(T)))
    ends = []
    for lr0 in LR0:
        w, m = problem.w0.copy(), np.zeros(problem.n_features)
        b = np.full(numbers.max() + 1, 1.0 / lr0)
        for t, index in enumerate(batches):
            g = problem.mean(w[:, None], index)[1][:, 0]
            step = g
            if name == "wn-adam":
                m = 0.9 * m + 0.1 * g
                step = m / (1 - 0.9 ** (t + 1))
            for k in range(len(b)):
                size, before = sum(g[numbers == k] ** 2), b[k]
                if not (order == "raw-first" and t == 0):
                    b[k] = (
                        np.sqrt(before**2 + size)
                        if name == "adagrad-norm"
                        else before + size / before
                    )
                rate = 1.0 / (before if order == "lagged" else b[k])
                w = np.where(numbers == k, w - rate * step, w)
        ends.append(w)
    return np.array(ends).T


@pytest.mark.parametrize("scope", ["layer", "row"])
@pytest.mark.parametrize("norm", ["none", "weight", "batch"])
@pytest.mark.parametrize("name", ["wngrad", "wn-adam", "adagrad-norm"])
def test_each_part_has_a_denominator_of_its_own(name: str, scope: Any, norm: LayerNorm) -> None:
    problem = network(norm)
    W, taken = run(problem, f"{name}[scope={scope}]")
    own = recursion(problem, name, scope)
    np.testing.assert_allclose(W, own, rtol=1e-10, atol=1e-12)
    assert taken.lr.shape == LR0.shape
    assert taken.state.b.shape == (part_of(problem, scope).max() + 1, len(LR0))


@pytest.mark.parametrize("order", ["lagged", "raw-first"])
def test_the_other_orders_by_row(order: str) -> None:
    problem = network("none")
    W, _ = run(problem, f"wngrad[order={order},scope=row]")
    own = recursion(problem, "wngrad", "row", order)
    np.testing.assert_allclose(W[:, :2], own[:, :2], rtol=1e-10, atol=1e-12)


def test_the_rate_is_that_of_the_whole_step() -> None:
    problem = network("none")
    before, _ = run(problem, "wngrad[scope=row]", T - 1)
    after, taken = run(problem, "wngrad[scope=row]")
    index = next(iter(Minibatches(60, 7, "replacement", 0).chunks(T)))[T - 1]
    G = problem.mean(before, index)[1]
    own = np.linalg.norm(after - before, axis=0) / np.linalg.norm(G, axis=0)
    np.testing.assert_allclose(taken.lr, own, rtol=1e-9)


ON_SPHERES = [("tanh", None, [0.01, 0.3]), ("tanh", 0.1, [0.1, 1.0]), ("relu", None, [0.3, 1.0])]
"""Activation, the rate of scales and shifts if it is not lr0, and lr0."""


@pytest.mark.parametrize(("activation", "other_lr", "rates"), ON_SPHERES)
def test_gradient_descent_with_weight_norm_is_lagged_wngrad_by_row_on_the_spheres(
    activation: Activation, other_lr: float | None, rates: list[float]
) -> None:
    """Unit vectors u = v / |v| and b = |v|^2 / lr0, with one b for each unit of every layer.

    At a rate at which scales and shifts are not stable themselves a difference of one rounding
    grows: with tanh to 2e-11 in 200 steps of lr0 = 1, and not where they have a lower rate.
    """
    problem = network("weight", activation=activation, other_lr=other_lr)
    layers, steps = problem.network.layers, 200
    W, _ = run(problem, "sgd", steps, np.array(rates))
    batches = next(iter(Minibatches(60, 7, "replacement", 0).chunks(steps)))
    for lane, lr0 in enumerate(rates):
        w = problem.w0.copy()
        b = []
        for layer in layers:
            v = w[layer.kernel].reshape(layer.n_in, layer.n_out)
            length = np.sqrt((v**2).sum(axis=0))
            v /= length
            b.append(length**2 / lr0)
        for index in batches:
            g = problem.mean(w[:, None], index)[1][:, 0]
            for k, layer in enumerate(layers):
                u = w[layer.kernel].reshape(layer.n_in, layer.n_out)
                own = g[layer.kernel].reshape(layer.n_in, layer.n_out)
                u -= own / b[k]
                u /= np.sqrt((u**2).sum(axis=0))
                b[k] = b[k] + (own**2).sum(axis=0) / b[k]
                for vector in (layer.scale, layer.shift):
                    assert vector is not None
                    w[vector] -= (other_lr or lr0) * g[vector]
        for k, layer in enumerate(layers):
            v = W[layer.kernel, lane].reshape(layer.n_in, layer.n_out)
            length = np.sqrt((v**2).sum(axis=0))
            u = w[layer.kernel].reshape(layer.n_in, layer.n_out)
            np.testing.assert_allclose(v / length, u, rtol=0, atol=1e-12)
            np.testing.assert_allclose(length**2 / lr0, b[k], rtol=1e-12)


def test_lanes_that_end_take_their_parts_with_them() -> None:
    """A lane of lr0 = 1e300 overflows; the others have the bits of a run without it."""
    options: dict[str, Any] = {"iterations": 9, "batch_size": 16}
    for text in ("wngrad[order=lagged,scope=row]", "wn-adam[scope=layer]"):
        both = lrbench.run("mlp-digits", solvers=text, lr0=[0.1, 1.0, 1e300], **options)
        runs = {run.lr0: run for run in both.problems[0].runs}
        alone = lrbench.run("mlp-digits", solvers=text, lr0=[0.1, 1.0], **options)
        for run_alone in alone.problems[0].runs:
            np.testing.assert_allclose(
                runs[run_alone.lr0].trace["objective"], run_alone.trace["objective"], rtol=1e-12
            )


@pytest.mark.parametrize("name", ["wngrad", "wn-adam", "adagrad-norm"])
def test_a_linear_problem_has_no_parts(name: str) -> None:
    with pytest.raises(UsageError, match=f"{name} needs layers with units") as caught:
        lrbench.run("logreg", solvers=f"{name}[scope=row]", iterations=2)
    assert caught.value.hint == "leave scope out."


def test_the_sphere_is_of_one_part() -> None:
    with pytest.raises(UsageError, match="sphere=true is with"):
        build_solver("wngrad[order=lagged,sphere=true,scope=row]")
