"""The optimisers for torch take the steps of the solvers: every scope and order, over 200 steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from builders import given, linear_problem, slope
from numpy.typing import NDArray

from lrbench.objective.about import About
from lrbench.objective.minibatches import Minibatches
from lrbench.objective.network.architecture import Mlp
from lrbench.objective.network.network import NetworkSamples
from lrbench.objective.network.problem import NetworkProblem
from lrbench.objective.network.start import NetworkStart
from lrbench.objective.problem import Problem
from lrbench.solvers.build import build_solver

torch = pytest.importorskip("torch")
optimisers = pytest.importorskip("lrbench.torch")

Array = NDArray[np.float64]

STEPS = 200
RATES = np.array([0.0071, 0.061, 0.29])
"""At higher ones a network amplifies rounding beyond 1e-14."""

METHODS: dict[str, dict[str, Any]] = {
    "wngrad": {},
    "wngrad[order=lagged]": {"order": "lagged"},
    "wngrad[order=raw-first]": {"order": "raw-first"},
    "wngrad[c=0.37]": {"c": 0.37},
    "wn-adam": {},
    "wn-adam[beta=0.6]": {"beta": 0.6},
    "adagrad-norm": {},
    "adagrad-norm[eta=0.41]": {"eta": 0.41},
}
CLASSES = {
    "wngrad": optimisers.WNGrad,
    "wn-adam": optimisers.WNAdam,
    "adagrad-norm": optimisers.AdaGradNorm,
}

each_method = pytest.mark.parametrize("method", METHODS)
each_path = pytest.mark.parametrize("foreach", [True, False])


def optimiser(method: str, params: Any, lr: float, **options: Any) -> Any:
    cls = CLASSES[method.partition("[")[0]]
    return cls(params, lr, **METHODS[method], **options)


def run(problem: Problem, text: str, batches: Minibatches | None) -> tuple[Array, Array]:
    """Return the iterates of a solver, (STEPS, n_features, n_lanes), and its last b."""
    solver = build_solver(text)[0]
    sampler = problem.sampler(None, None, given(batches), dense_iterates=True)
    W = sampler.iterates.start(len(RATES))
    state = solver.init(W, RATES, {})
    oracles: Any = sampler.oracles(lambda W, g: None)
    out = []
    for _, oracle in zip(range(STEPS), oracles, strict=False):
        oracle.begin(W)
        W, _, state = solver.step(W, state, oracle)
        out.append(W.copy())
    return np.array(out), np.atleast_2d(state.b)


@each_method
@each_path
def test_one_vector_on_a_linear_problem(method: str, foreach: bool) -> None:
    """With weight decay: the gradient of the problem has that of its l2 penalty."""
    decay = 0.031
    w0 = np.array([0.3, -0.2, 0.5, 0.1, -1.3])
    problem = linear_problem("logistic", 31, 5, weight=decay, w0=w0, seed=5)
    loss = linear_problem("logistic", 31, 5, w0=w0, seed=5)
    expected, b = run(problem, method, None)
    for lane, lr0 in enumerate(RATES):
        p = torch.nn.Parameter(torch.from_numpy(w0.copy()))
        own = optimiser(method, [p], lr0, weight_decay=decay, foreach=foreach)
        for t in range(STEPS):
            p.grad = torch.from_numpy(slope(loss, p.detach().numpy()))
            own.step()
            assert error(p.detach().numpy(), expected[t, :, lane]) < 1e-14, (lr0, t)
        assert error(own.param_groups[0]["b"].numpy(), b[:, lane]) < 1e-14


def error(own: Array, expected: Array) -> float:
    """Return the largest difference, relative to the largest number."""
    assert own.shape == expected.shape
    return float(np.abs(own - expected).max() / np.abs(expected).max())


def network() -> NetworkProblem:
    rng = np.random.default_rng(2)
    X, y = rng.standard_normal((60, 6)), rng.integers(0, 3, 60).astype(float)
    about, start = About("seeded", "seeded"), NetworkStart("he")
    form = Mlp((5, 4), "tanh", "weight")
    return NetworkProblem("net", about, form, NetworkSamples(X, y), 3, start)


class Tensors:
    """The parameters of a network as torch has them: rows of the weights are output units."""

    def __init__(self, problem: NetworkProblem) -> None:
        self.layers = problem.network.layers
        self.named = {
            name: torch.nn.Parameter(torch.from_numpy(np.array(value)))
            for name, value in self.split(problem.w0)
        }

    def split(self, w: Array) -> Iterator[tuple[str, Array]]:
        """Yield the name and the value of each tensor of a vector of all parameters."""
        for k, layer in enumerate(self.layers):
            yield f"{k}.bias", w[layer.shift]
            yield (
                f"{k}.parametrizations.weight.original1",
                w[layer.kernel].reshape(layer.n_in, layer.n_out).T,
            )
            assert layer.scale is not None
            yield f"{k}.parametrizations.weight.original0", w[layer.scale][:, None]

    def joined(self, size: int) -> Array:
        """Return the vector of all parameters."""
        w = np.empty(size)
        values = {name: p.detach().numpy() for name, p in self.named.items()}
        for k, layer in enumerate(self.layers):
            assert layer.scale is not None
            w[layer.shift] = values[f"{k}.bias"]
            w[layer.scale] = values[f"{k}.parametrizations.weight.original0"][:, 0]
            w[layer.kernel] = values[f"{k}.parametrizations.weight.original1"].T.ravel()
        return w

    def set_gradients(self, g: Array) -> None:
        for name, value in self.split(g):
            self.named[name].grad = torch.from_numpy(np.array(value))


SCOPES = ["all", "layer", "row"]


@each_method
@pytest.mark.parametrize("scope", SCOPES)
def test_a_network_by_minibatches(method: str, scope: str) -> None:
    """With weight normalisation a layer has a tensor of each kind that torch has.

    Every method and every scope is tried with `foreach` and without.
    """
    foreach = bool((list(METHODS).index(method) + SCOPES.index(scope)) % 2)
    problem = network()
    batches = Minibatches(60, 7, "replacement", 0)
    name, _, rest = method.partition("[")
    inside = f"{rest.rstrip(']')},scope={scope}".lstrip(",")
    expected, b = run(problem, f"{name}[{inside}]", batches)
    index = list(next(iter(batches.chunks(STEPS))))
    for lane, lr0 in enumerate(RATES):
        tensors = Tensors(problem)
        own = optimiser(method, tensors.named.items(), lr0, scope=scope, foreach=foreach)
        for t in range(STEPS):
            w = tensors.joined(problem.n_features)
            tensors.set_gradients(problem.mean(w[:, None], index[t])[1][:, 0])
            own.step()
        assert error(tensors.joined(problem.n_features), expected[-1, :, lane]) < 1e-14, lr0
        assert error(own.param_groups[0]["b"].numpy(), b[:, lane]) < 1e-14, lr0
