"""The memory of a job on a network: some arrays of the parameters of all lanes, and one batch."""

from __future__ import annotations

import gc
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from lrbench.arrays import NUMBER_BYTES
from lrbench.engine.budget import Budget
from lrbench.engine.job import Job, SeedLanes, SharedProblem
from lrbench.engine.run import run_lanes
from lrbench.experiment.estimate import UNKNOWN
from lrbench.objective.about import About
from lrbench.objective.network.architecture import LayerNorm, Mlp
from lrbench.objective.network.network import NetworkSamples
from lrbench.objective.network.problem import NetworkProblem
from lrbench.objective.network.start import NetworkStart
from lrbench.solvers.build import build_solver

LANES, INPUTS, WIDTH, BATCH = 30, 1100, 64, 16

ARRAYS = 3
"""Iterate, running sum and gradient."""

SOLVERS = {
    "sgd": 0,
    "wngrad": 0,
    "wngrad[scope=layer]": 0,
    "wngrad[scope=row]": 0,
    "heavy-ball": 1,
    "rmsprop": 1,
    "adagrad": 1,
    "wn-adam": 1,
    "wn-adam[scope=row]": 1,
    "adam": 2,
    "adamw": 2,
}
"""The arrays of a solver's state."""

ACTIVATIONS = LANES * BATCH * (2 * WIDTH + 3) * NUMBER_BYTES


def wide(norm: LayerNorm) -> NetworkProblem:
    rng = np.random.default_rng(5)
    X, y = rng.standard_normal((67, INPUTS)), rng.integers(0, 3, 67).astype(float)
    train, test = NetworkSamples(X[:50], y[:50]), NetworkSamples(X[50:], y[50:])
    form = Mlp((WIDTH, WIDTH), "relu", norm, None)
    return NetworkProblem(
        "net", About("seeded", "seeded"), form, train, 3, NetworkStart("he"), test
    )


def peak_of(problem: NetworkProblem, name: str, batch_size: int | None) -> float:
    """Return the most memory of a job, in arrays of the parameters of all lanes."""
    solver, full = build_solver(name)
    job = Job(
        solver=solver,
        spec=full,
        lanes=(SeedLanes(0, tuple(np.geomspace(1e-5, 1e-3, LANES).tolist())),),
        batch_size=batch_size,
        sampling="replacement",
        radius=None,
        budget=Budget(4, [0, 2, 4]),
        keep_iterates=False,
    )
    shared = SharedProblem(problem, UNKNOWN, None)
    # What is made once, by an import or a cache, is not counted.
    run_lanes(replace(job, budget=Budget(1, [0, 1])), shared)
    gc.collect()
    tracemalloc.start()
    try:
        runs = run_lanes(job, shared)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert all(len(run.trace["iteration"]) == 3 for run in runs)  # no lane was dropped
    return peak / (problem.n_features * LANES * NUMBER_BYTES)


@pytest.mark.parametrize("norm", ["none", "weight", "batch"])
@pytest.mark.parametrize("name", SOLVERS)
def test_a_job_needs_the_arrays_of_its_lanes_and_the_activations_of_a_batch(
    name: str, norm: LayerNorm
) -> None:
    problem = wide(norm)
    one = problem.n_features * LANES * NUMBER_BYTES
    arrays = ARRAYS + SOLVERS[name]
    # What passes through the layers forward and backward, twice with a normalisation.
    passing = (4 if norm != "none" else 2) * ACTIVATIONS / one
    assert passing < 0.35
    peak = peak_of(problem, name, BATCH)
    assert arrays - 0.1 < peak <= arrays + 2 * (norm == "weight") + passing + 0.1


@pytest.mark.parametrize("name", SOLVERS)
def test_full_batches_need_one_array_more(name: str) -> None:
    peak = peak_of(wide("none"), name, None)
    assert peak <= ARRAYS + SOLVERS[name] + 1 + 0.6
