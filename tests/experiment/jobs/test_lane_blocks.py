"""A lane of a bundle padded to a multiple of 8 has the same bits whatever stands beside it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from builders import (
    Array,
    Work,
    every_variant,
    given,
    linear_problem,
    proximal_variants,
    run_healthy,
    task,
)
from threadpoolctl import threadpool_limits

from lrbench.engine import evaluator
from lrbench.objective.linear import matrix, minibatch
from lrbench.objective.linear import sampler as linear_sampler
from lrbench.objective.linear.matrix import DataMatrix, product
from lrbench.objective.linear.plain import DenseIterates, small_inner
from lrbench.objective.linear.problem import LinearProblem
from lrbench.objective.linear.touched import ScaledSampler
from lrbench.objective.minibatches import Minibatches
from lrbench.penalties.box import Box
from lrbench.results import Run, Status
from lrbench.solvers.sgd import SGD
from lrbench.solvers.wngrad import WNGrad

RATES = np.geomspace(1e-3, 300.0, 73)
"""High ones diverge with a constant step; with a target, those in the middle end early."""

SOLVERS = [*every_variant(), *proximal_variants()]


def bits(r: Run) -> dict[str, Any]:
    """Return everything that a run measured, but for its clock."""
    trace = {k: v.tobytes() for k, v in r.trace.items() if k != "seconds"}
    return trace | {
        "end": (r.status, r.status_at),
        **{f"point {k}": v.tobytes() for k, v in r.iterates.items()},
    }


def values_of(work: Work) -> tuple[int, list[float]]:
    """Return the only seed, and what varies over its lanes: lr0 or a hyper-parameter."""
    ((seed, lr0, over),) = work.job.lanes
    rates = [rate for rate in lr0 if rate is not None]
    return seed, rates or [value for values in over.values() for value in values]


def in_parts(work: Work, cuts: list[int]) -> list[Run]:
    """Run the lanes of `work` in blocks that are cut here."""
    seed, values = values_of(work)
    ends = zip([0, *cuts], [*cuts, len(values)], strict=True)
    return [r for a, b in ends for r in run_healthy(work.lanes((seed, values[a:b])))]


def each_seed(work: Work) -> list[Run]:
    """Run the seeds of `work` one after the other."""
    return [r for job in work.job.by_seed() for r in run_healthy(Work(job, work.shared))]


def assert_same_bits(work: Work, *divisions: list[int]) -> list[Run]:
    """Compare bundles of other widths, and a part of the lanes alone, with all of them together."""
    work = work.changed(pad_to=8)
    with threadpool_limits(1, "blas"):
        together = run_healthy(work)
        expected = [bits(r) for r in together]
        for cuts in divisions:
            for lane, (r, same) in enumerate(zip(in_parts(work, cuts), expected, strict=True)):
                differ = [key for key, value in bits(r).items() if value != same[key]]
                assert not differ, (cuts, lane, differ)
        seed, values = values_of(work)
        some = run_healthy(work.lanes((seed, values[1::7])))
        assert [bits(r) for r in some] == expected[1::7]
    return together


def problem_of(kind: str, weight: float = 0.02) -> LinearProblem:
    common: dict[str, Any] = {"weight": weight, "intercept": True, "seed": 3}
    if kind == "dense":
        return linear_problem("logistic", 90, 11, **common)
    return linear_problem("squared", 60, 70, density=0.1, **common)


WAYS = {
    "dense-full": ("dense", None, None),
    "dense-minibatch": ("dense", 7, None),
    "one-sample": ("dense", 1, None),
    "csr-full": ("csr", None, None),
    "csr-densified": ("csr", 5, None),
    "csr": ("csr", 30, 0),
    "touched": ("csr", 2, 0),
}
"""The data, the batch size, and the largest chunk that is densified."""

DIVISIONS = ([8, 24, 40], [1, 34, 72], [64])
"""Where the lanes are cut into blocks; every way and every solver has each of them."""


def limit(monkeypatch: pytest.MonkeyPatch, chunk: int | None) -> None:
    """Densify no larger chunk than this; None for the usual limit."""
    if chunk is not None:
        monkeypatch.setattr(linear_sampler, "CHUNK_BYTES", chunk)
        monkeypatch.setattr(linear_sampler, "FEW_FEATURES", 60)


@pytest.mark.parametrize("solver", SOLVERS, ids=str)
@pytest.mark.parametrize("way", list(WAYS))
def test_a_lane_has_the_same_bits_in_every_bundle(
    way: str, solver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, size, chunk = WAYS[way]
    limit(monkeypatch, chunk)
    monkeypatch.setattr(matrix, "BLOCK_ELEMENTS", 64 * 25)
    monkeypatch.setattr(evaluator, "EVALUATED_ELEMENTS", 24 * 71)
    problem = problem_of(kind)
    batch = size and Minibatches(problem.n_samples, size, "replacement", seed=1)
    target = 0.4 * float(problem.value(problem.w0[:, None])[0])
    work = task(problem, solver, RATES.tolist(), 40, batch=batch or None, target=target)
    work = work.changed(budget=replace(work.job.budget, checkpoints=[0, 1, 2, 5, 10, 20, 40]))
    cuts = DIVISIONS[(list(WAYS).index(way) + SOLVERS.index(solver)) % len(DIVISIONS)]
    runs = assert_same_bits(work, cuts)
    assert len({(r.status, r.status_at) for r in runs}) > 1


@pytest.mark.parametrize("constraint", ["ball", "box"])
@pytest.mark.parametrize("sampling", ["replacement", "reshuffle"])
def test_seeds_that_go_together_under_constraints(constraint: str, sampling: Any) -> None:
    problem = problem_of("dense")
    radius = 0.5 if constraint == "ball" else None
    batch, rates = Minibatches(problem.n_samples, 7, sampling, seed=0), RATES[::3].tolist()
    work = task(problem, WNGrad(), rates, 60, radius=radius, batch=batch, pad_to=8)
    if constraint == "box":
        boxed = replace(problem, penalty=Box(-0.1, np.inf))
        work = work.on(problem=boxed, constants=replace(work.shared.constants, f_star=0.0))
    work = work.lanes(*((k, rates[k:]) for k in range(4)))
    with threadpool_limits(1, "blas"):
        together, alone = run_healthy(work), each_seed(work)
    assert [bits(r) for r in together] == [bits(r) for r in alone]


def test_padding_refutes_no_optimum() -> None:
    # Columns that no seed reaches shrink to w = 0, where F is log 2; the lanes never come near it.
    problem = linear_problem("logistic", 90, 11, weight=0.05, seed=3, w0=np.full(11, 10.0))
    batch = Minibatches(90, 1, "replacement", 0)
    work = task(
        problem,
        SGD(),
        [30.0],
        60,
        checkpoints=[0, 60],
        batch=batch,
        seeds=(0, 1),
        pad_to=8,
        f_star=0.694,
    )
    with threadpool_limits(1, "blas"):
        together, alone = run_healthy(work), each_seed(work)
    assert [bits(r) for r in together] == [bits(r) for r in alone]


def test_widths_that_are_no_multiple_of_eight_are_widened() -> None:
    # Products as large as these have other bits where 33 columns are multiplied, not 40.
    problem = linear_problem("logistic", 300, 123, weight=0.02, seed=3)
    batch, rates = Minibatches(300, 64, "replacement", 0), RATES[:40].tolist()
    whole = task(problem, SGD(), rates, 20, checkpoints=[0, 20], batch=batch, pad_to=8)
    counts = (33, 2, 9)
    with threadpool_limits(1, "blas"):
        expected = [
            bits(r) for k, n in enumerate(counts) for r in run_healthy(whole.lanes((k, rates)))[:n]
        ]
        parts = whole.lanes(*((k, rates[:n]) for k, n in enumerate(counts)))
        assert [bits(r) for r in run_healthy(parts)] == expected


@pytest.mark.parametrize("way", ["dense-full", "csr-densified", "touched"])
@pytest.mark.parametrize("solver", [SGD(), WNGrad(order="lagged")], ids=str)
def test_lanes_that_diverge_or_fold_leave_the_others_as_they_were(
    way: str, solver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # lr * weight passes 1: scales are folded every few steps, by some lanes and not by others.
    kind, size, chunk = WAYS[way]
    limit(monkeypatch, chunk)
    problem = problem_of(kind, weight=0.5)
    batch = size and Minibatches(problem.n_samples, size, "replacement", seed=1)
    if way == "touched":
        assert type(problem.sampler(None, None, given(batch or None))) is ScaledSampler
    work = task(problem, solver, RATES.tolist(), 300, batch=batch or None, checkpoints=[0, 7, 300])
    runs = assert_same_bits(work, [8, 40], [3, 70])
    if isinstance(solver, SGD):
        assert len({r.status_at for r in runs}) > 10
        assert {Status.DIVERGED} < {r.status for r in runs}


@pytest.mark.parametrize("way", ["dense-full", "dense-minibatch", "touched"])
@pytest.mark.parametrize("constraint", ["ball", "box"])
def test_constraints_that_cut_some_lanes_short(
    way: str, constraint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, size, chunk = WAYS[way]
    limit(monkeypatch, chunk)
    problem = problem_of(kind)
    radius = 0.5 if constraint == "ball" else None
    batch = size and Minibatches(problem.n_samples, size, "replacement", seed=1)
    rates = RATES[::3]
    work = task(problem, WNGrad(), rates.tolist(), 60, batch=batch or None, radius=radius)
    if constraint == "box":  # the point to measure distances from may be any
        boxed = replace(problem, penalty=Box(-0.1, np.inf))
        work = work.on(problem=boxed, constants=replace(work.shared.constants, f_star=0.0))
    runs = assert_same_bits(work, [8], [1, 17])
    lengths = [float(np.linalg.norm(r.iterates["last"])) for r in runs]
    if radius is not None:
        assert min(lengths) < 0.49 < 0.5 * (1 - 1e-9) < max(lengths)


@pytest.mark.parametrize("pad_to", [1, 8])
@pytest.mark.parametrize("n_lanes", [1, 3, 8, 9])
def test_the_width_is_padded(pad_to: int, n_lanes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    widths: list[int] = []
    accumulate = DenseIterates.accumulate

    def noted(self: DenseIterates, W: Array) -> None:
        widths.append(W.shape[1])
        accumulate(self, W)

    monkeypatch.setattr(DenseIterates, "accumulate", noted)
    problem = linear_problem("squared")
    rates = np.geomspace(0.01, 1e3, n_lanes)
    work = task(problem, SGD(), rates.tolist(), 200)
    runs = run_healthy(work.changed(pad_to=pad_to))
    assert [r.lr0 for r in runs] == rates.tolist()
    assert widths[0] == (n_lanes if pad_to == 1 else 8 * ((n_lanes + 7) // 8))
    assert all(w % pad_to == 0 for w in widths)
    if n_lanes > 8:
        assert widths[-1] < widths[0]


@pytest.mark.parametrize("solver", SOLVERS, ids=str)
@pytest.mark.parametrize("way", ["dense-minibatch", "one-sample", "csr-densified", "csr"])
def test_lanes_of_several_seeds_have_the_bits_of_each_seed_alone(
    way: str, solver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, size, chunk = WAYS[way]
    limit(monkeypatch, chunk)
    monkeypatch.setattr(minibatch, "CHUNK_SAMPLES", 40)
    problem = problem_of(kind)
    batch = Minibatches(problem.n_samples, size or 1, "replacement", seed=0)
    work = task(problem, solver, [1.0], 40, checkpoints=[0, 1, 5, 20, 40], batch=batch, pad_to=8)
    target = 0.8 * work.shared.constants.delta0
    work = work.changed(budget=replace(work.job.budget, target=target))
    parts = (slice(None), slice(70, None), slice(0, 33), slice(2))
    work = work.lanes(*((seed, RATES[lanes].tolist()) for seed, lanes in enumerate(parts)))
    with threadpool_limits(1, "blas"):
        together, expected = run_healthy(work), each_seed(work)
    for r, same in zip(together, expected, strict=True):
        assert (r.seed, r.over) == (same.seed, same.over)
        assert bits(r) == bits(same), (r.seed, r.over)
    ends = {r.status_at for r in together}
    assert len(ends) > 1 or ends == {40}
    first = [r.trace["objective"].tobytes() for r in together if r.value == RATES[0]]
    assert len(set(first)) == len(first) == 3  # other minibatches


def test_multiples_of_eight_have_the_same_row_blocks() -> None:
    data = DataMatrix(np.ones((3000, 2)))
    assert [b[0] for b in data.blocks(8)] == [b[0] for b in data.blocks(72)]
    assert len(data.blocks(8)) == -(-3000 // (matrix.BLOCK_ELEMENTS // 64))


@pytest.mark.parametrize(
    "shape", [(1, 1), (3, 700), (64, 123), (512, 123), (700, 5), (1000, 300), (9, 1500)]
)
def test_columns_of_a_product_do_not_depend_on_the_width(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    X, W = rng.standard_normal(shape), rng.standard_normal((shape[1], 320))
    R = rng.standard_normal((shape[0], 320))
    with threadpool_limits(1, "blas"):
        Z, G = product(X, W), product(X.T, R)
        np.testing.assert_allclose(Z, X @ W, rtol=0, atol=1e-12)
        np.testing.assert_allclose(G, X.T @ R, rtol=0, atol=1e-12)
        norms = small_inner(W, W)
        for width in (8, 16, 24, 40, 64, 72, 128):
            for start in (0, 5, 192):
                lanes = slice(start, start + width)
                part, turned = np.ascontiguousarray(W[:, lanes]), np.ascontiguousarray(R[:, lanes])
                np.testing.assert_array_equal(product(X, part), Z[:, lanes])
                np.testing.assert_array_equal(small_inner(part, part), norms[lanes])
                np.testing.assert_array_equal(product(X.T, turned), G[:, lanes])
