"""What an oracle answers, for all lanes and for some, on every kind of sampler and for every loss.

Everything is compared with plain NumPy on the samples that each lane's seed draws.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from builders import Array, dense, linear_problem, shrink_rates

from lrbench.arrays import Index
from lrbench.engine.columns import Columns
from lrbench.errors import ContractError
from lrbench.losses import LOSSES
from lrbench.objective.linear import sampler as samplers
from lrbench.objective.linear.problem import LinearProblem
from lrbench.objective.linear.touched import ScaledSampler
from lrbench.objective.minibatches import Minibatches

SIZE, SAMPLES, FEATURES = 6, 17, 5
KINDS = {
    "full": [3],
    "full, sparse": [4],
    "one seed": [5],
    "one seed, sparse": [5],
    "three seeds": [2, 3, 4],
    "touched": [3],
}
"""The lanes of each seed, for every kind of sampler."""

every_kind = pytest.mark.parametrize("kind", list(KINDS))
every_loss = pytest.mark.parametrize("loss", list(LOSSES))


@dataclass
class Asked:
    """An oracle at some iterate, and what plain NumPy needs."""

    problem: LinearProblem
    sampler: Any
    oracle: Any
    W: Any
    points: Array
    rows: list[Index]
    """The samples of each lane; none for padding that belongs to no seed."""

    @property
    def n_lanes(self) -> int:
        return len(self.rows)

    def each(self, rows: Sequence[Index] | None = None) -> Any:
        """Yield, for every lane, X and y of its samples, and its point."""
        X, y = dense(self.problem), self.problem.y
        for index, w in zip(self.rows if rows is None else rows, self.points.T, strict=True):
            yield X[index], y[index], w

    def values(self, rows: Sequence[Index] | None = None) -> Array:
        """Return the mean loss and the l2 penalty on the samples of every lane."""
        loss, rates = self.problem.loss, shrink_rates(self.problem)
        totals = []
        for X, y, w in self.each(rows):
            losses = [
                loss.value(np.array([[x @ w]]), np.array([t])) for x, t in zip(X, y, strict=True)
            ]
            totals.append(np.sum(losses) / max(len(y), 1) + 0.5 * float(rates @ (w * w)))
        return np.array(totals)

    def slopes(self, rows: Sequence[Index] | None = None) -> Array:
        """Return the derivatives of the losses of every lane's samples, (size, n_lanes)."""
        derivative = self.problem.loss.derivative
        columns = [derivative((X @ w)[:, None], y)[:, 0] for X, y, w in self.each(rows)]
        return np.column_stack([r if len(r) else np.zeros_like(columns[0]) for r in columns])

    def gradients(self, rows: Sequence[Index] | None = None, *, penalised: bool = True) -> Array:
        """Return the gradient on the samples of every lane."""
        rates = shrink_rates(self.problem)[:, None] * penalised
        return self.combined(self.slopes(rows), rows) + rates * self.points

    def combined(self, R: Array, rows: Sequence[Index] | None = None) -> Array:
        """Return the mean of x_i r_i over the samples of every lane."""
        triples = zip(self.each(rows), R.T, strict=True)
        columns = [X.T @ r[: len(X)] / len(r) for (X, _, _), r in triples]
        return np.column_stack(columns)


def asked(
    kind: str, loss: str, pad_to: int, monkeypatch: pytest.MonkeyPatch, step: int = 2
) -> Asked:
    """Return the oracle of a later step, at irregular iterates, with an intercept."""
    sparse = kind in ("full, sparse", "one seed, sparse", "touched")
    w0 = np.random.default_rng(3).standard_normal(FEATURES + 1)
    problem = linear_problem(
        loss, SAMPLES, FEATURES, weight=0.3, intercept=True, w0=w0, seed=11,
        density=0.35 if sparse else None,
    )  # fmt: skip
    seeds = [7, 3, 10][: len(KINDS[kind])]
    batches = [Minibatches(SAMPLES, SIZE, "replacement", s) for s in seeds]
    if kind.startswith("full"):
        batches = []
    if kind == "touched":
        monkeypatch.setattr(samplers, "CHUNK_BYTES", 0)
        monkeypatch.setattr(samplers, "FEW_FEATURES", 0)
        monkeypatch.setattr(type(problem.data), "nnz", 0)  # so that few columns seem touched
    sampler = problem.sampler(w0 + 1.0, None, batches, seeds=seeds)
    assert isinstance(sampler, ScaledSampler) is (kind == "touched")
    columns = Columns.of(KINDS[kind], pad_to)
    sampler.set_columns(columns.slices)
    W: Any = sampler.iterates.start(columns.n_lanes)
    oracle: Any = next(itertools.islice(sampler.oracles(lambda W, g: None), step, None))
    oracle.begin(W)
    numbers = np.random.default_rng(5)
    W = oracle.move(W, numbers.standard_normal((FEATURES + 1, columns.n_lanes)))
    if kind == "touched":
        W.shrink(numbers.uniform(0.2, 1.7, columns.n_lanes))
    oracle.begin(W)
    rows = [np.arange(SAMPLES)] * columns.n_lanes
    if batches:
        of_seeds = [next(b.chunks(step + 1))[step] for b in batches]
        rows = [of_seeds[0][:0]] * columns.n_lanes
        for index, lanes in zip(of_seeds, columns.slices, strict=True):
            assert lanes is not None
            rows[lanes] = [index] * (lanes.stop - lanes.start)
    points = sampler.iterates.part(W, slice(None)).copy()
    return Asked(problem, sampler, oracle, W, points, rows)


def some_lanes(n_lanes: int) -> Any:
    """Yield masks: one lane, several, all, none, and the last, which may be padding."""
    lanes = np.arange(n_lanes)
    yield from (lanes == 1, lanes % 2 == 0, lanes >= 0, lanes < 0, lanes == n_lanes - 1)


@every_kind
@every_loss
@pytest.mark.parametrize("pad_to", [1, 8])
def test_values_and_gradients_are_those_of_plain_numpy(
    kind: str, loss: str, pad_to: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = asked(kind, loss, pad_to, monkeypatch)
    close = np.testing.assert_allclose
    close(a.oracle.gradient(a.W).dense(), a.gradients(), rtol=1e-11, atol=1e-13)
    close(a.oracle.loss_gradient(a.W).dense(), a.gradients(penalised=False), rtol=1e-11, atol=1e-13)
    close(a.oracle.value(a.W), a.values(), rtol=1e-12)
    gradient = a.oracle.gradient(a.W)
    close(gradient.norm_sq(), (a.gradients() ** 2).sum(axis=0), rtol=1e-10)
    close(gradient.inner(a.W), (a.gradients() * a.points).sum(axis=0), rtol=1e-10, atol=1e-12)
    star = a.problem.w0 + 1.0
    close(gradient.inner_star(), star @ a.gradients(), rtol=1e-10, atol=1e-12)
    np.testing.assert_array_equal(a.sampler.iterates.part(a.W, slice(None)), a.points)


@every_kind
@every_loss
@pytest.mark.parametrize("pad_to", [1, 8])
def test_other_lanes_are_left_out(
    kind: str, loss: str, pad_to: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = asked(kind, loss, pad_to, monkeypatch)
    a.oracle.gradient(a.W)
    for lanes in some_lanes(a.n_lanes):
        value = a.oracle.value(a.W, lanes)
        np.testing.assert_allclose(value[lanes], a.values()[lanes], rtol=1e-12)
        assert np.all(np.isnan(value[~lanes]))
        for ask, penalised in ((a.oracle.gradient, True), (a.oracle.loss_gradient, False)):
            expected = np.where(lanes, a.gradients(penalised=penalised), 0.0)
            gradient = ask(a.W, lanes)
            np.testing.assert_allclose(gradient.dense(), expected, rtol=1e-11, atol=1e-13)
            np.testing.assert_allclose(gradient.norm_sq(), (expected**2).sum(axis=0), rtol=1e-10)


@every_kind
@every_loss
def test_the_oracle_of_all_samples_is_beside(
    kind: str, loss: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = asked(kind, loss, 1, monkeypatch)
    full, every = a.oracle.full, [np.arange(SAMPLES)] * a.n_lanes
    assert (full.size, full.index) == (SAMPLES, None)
    a.oracle.gradient(a.W)
    for lanes in (None, *some_lanes(a.n_lanes)):
        mask = np.ones(a.n_lanes, dtype=bool) if lanes is None else lanes
        expected = np.where(mask, a.gradients(every), 0.0)
        np.testing.assert_allclose(
            full.gradient(a.W, lanes).dense(), expected, rtol=1e-11, atol=1e-13
        )
        values = full.value(a.W, lanes)
        np.testing.assert_allclose(values[mask], a.values(every)[mask], rtol=1e-12)
        np.testing.assert_array_equal(np.isnan(values), ~mask)
    np.testing.assert_allclose(full.derivatives(a.W), a.slopes(every), rtol=1e-12, atol=1e-14)
    R = np.random.default_rng(1).standard_normal((SAMPLES, a.n_lanes))
    np.testing.assert_allclose(full.combine(R.copy()), a.combined(R, every), rtol=1e-12, atol=1e-14)


@every_kind
@every_loss
@pytest.mark.parametrize("pad_to", [1, 8])
def test_derivatives_of_samples_and_their_combinations(
    kind: str, loss: str, pad_to: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = asked(kind, loss, pad_to, monkeypatch)
    n = SAMPLES if kind.startswith("full") else SIZE
    assert a.oracle.size == n
    some = np.array([len(index) > 0 for index in a.rows])
    derivatives = a.oracle.derivatives(a.W)
    np.testing.assert_allclose(derivatives[:, some], a.slopes()[:, some], rtol=1e-12, atol=1e-14)
    R = np.random.default_rng(1).standard_normal((n, a.n_lanes))
    kept = R.copy()
    combined = a.oracle.combine(R)
    np.testing.assert_allclose(combined[:, some], a.combined(R)[:, some], rtol=1e-12, atol=1e-14)
    np.testing.assert_array_equal(R, kept)
    if kind.startswith("full"):
        assert a.oracle.index is None
    else:
        index = a.oracle.index.reshape(SIZE, -1)
        columns = np.broadcast_to(index, (SIZE, a.n_lanes))
        own = [index for index in a.rows if len(index)]
        np.testing.assert_array_equal(columns[:, some], np.column_stack(own))


@every_kind
@pytest.mark.parametrize("pad_to", [1, 8])
def test_every_lane_is_metered_by_itself(
    kind: str, pad_to: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = asked(kind, "logistic", pad_to, monkeypatch)
    meter, size, n = a.sampler.meter, a.oracle.size, a.n_lanes
    lanes = np.arange(n) % 3 != 1
    a.oracle.gradient(a.W)
    a.oracle.value(a.W)
    assert (np.zeros(n) + meter.sample_gradients).tolist() == [size] * n
    a.oracle.value(a.W, lanes)
    a.oracle.gradient(a.W, ~lanes)
    a.oracle.loss_gradient(a.W, ~lanes)
    a.oracle.full.gradient(a.W, lanes)
    a.oracle.full.value(a.W, ~lanes)
    a.oracle.derivatives(a.W)
    a.oracle.combine(np.ones((size, n)))
    gradients = size + 2 * size * ~lanes + SAMPLES * lanes + size
    values = size + size * lanes + SAMPLES * ~lanes
    np.testing.assert_array_equal(np.zeros(n) + meter.sample_gradients, gradients)
    np.testing.assert_array_equal(np.zeros(n) + meter.sample_values, values)
    meter.keep(lanes)
    np.testing.assert_array_equal(meter.sample_gradients, gradients[lanes])


@every_kind
def test_the_first_gradient_of_some_lanes_is_refused(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = asked(kind, "logistic", 1, monkeypatch)
    lanes = np.arange(a.n_lanes) < 2
    for ask in (a.oracle.gradient, a.oracle.loss_gradient):
        with pytest.raises(ContractError, match="the first gradient of a step is that of some"):
            ask(a.W, lanes)
    a.oracle.value(a.W, lanes)
    a.oracle.gradient(a.W)
    a.oracle.gradient(a.W, lanes)
