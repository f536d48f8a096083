"""Batch norm: the scores of a linear model, centred and in units of their deviation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lrbench.arrays import Lanes, PerLane, Scores, Vector, column_sums, inner
from lrbench.errors import DataError
from lrbench.objective.linear.matrix import per_seed, product
from lrbench.objective.meter import Stopwatch
from lrbench.objective.network.normalised import NormalisedProblem
from lrbench.objective.network.oracles import NormalisedOracle

if TYPE_CHECKING:
    from lrbench.objective.linear.problem import LinearProblem
    from lrbench.objective.linear.sampler import SeedBatch
    from lrbench.objective.network.reparametrisation import Reparametrisation

EPS = float(np.finfo(np.float64).eps)

MOST_SCORES = 1 << 22
"""The scores of all samples that are held together: 32 MiB."""


class Normalised(NamedTuple):
    """Scores in units of their standard deviation."""

    Z: Scores
    """The centred scores divided by their deviation, (n_samples, n_lanes)."""
    mean: PerLane
    deviation: PerLane


def normalised(Z: Scores, n_lanes: int) -> Normalised:
    """Return the scores `Z`, which are used up, centred and divided by their deviation.

    Parameters
    ----------
    Z
        (n_samples, n_columns).
    n_lanes
        The columns that belong to lanes; those behind them have no samples.

    Raises
    ------
    DataError
        If the samples of a lane all have the same score.
    """
    n = len(Z)
    mean = column_sums(Z) / n
    Z -= mean
    deviation = np.sqrt(column_sums(Z * Z) / n)
    # What rounding leaves of the differences of equal scores.
    if (deviation[:n_lanes] <= n * EPS * np.abs(mean[:n_lanes])).any():
        raise DataError(
            f"batch norm: {n} samples have the same score, so that there is no deviation to divide"
            " by.",
            "give a larger --batch-size, or --sampling reshuffle.",
        )
    deviation[n_lanes:] = 1.0
    Z /= deviation
    return Normalised(Z, mean, deviation)


class BatchNormOracle(NormalisedOracle):
    """The objective on minibatches, with the mean and the deviation of each minibatch."""

    signed = False

    def _mean_gradient(self, W: Lanes, batches: Sequence[SeedBatch]) -> Lanes:
        problem: Any = self._objective
        scores = self._normalised(W, batches)
        R = self._derivative(problem.scores(W, scores), batches)
        R /= self.size
        dZ, rows = problem.pulled_back(W, scores, R)
        G = per_seed([(b.lanes, b.XT) for b in batches], dZ)
        gradient: Lanes = problem.with_rows(W, scores, G, rows)
        return gradient

    def _value(self, W: Lanes, batches: Sequence[SeedBatch]) -> PerLane:
        problem: Any = self._objective
        scores = self._normalised(W, batches)
        Z, totals = problem.scores(W, scores), np.zeros(W.shape[1])
        for b in batches:
            totals[b.lanes] = problem.loss.sums(Z[:, b.lanes], b.y)
        value: PerLane = totals / self.size + problem.penalty_at(W, scores)
        return value

    def _normalised(self, W: Lanes, batches: Sequence[SeedBatch]) -> Normalised:
        problem: Any = self._objective
        Z = per_seed([(b.lanes, b.X) for b in batches], problem.directions(W))
        return normalised(Z, batches[-1].lanes.indices(W.shape[1])[1])


class BatchNormProblem(NormalisedProblem):
    r"""A linear problem with batch norm, whose epsilon is 0.

    .. math::
        h(v, \gamma, \beta) = \frac1n \sum_i \varphi\Bigl(\gamma\, \frac{x_i^\top v - m(v)}{s(v)}
        + \beta, y_i\Bigr) + R\bigl(\gamma v/s(v)\bigr)

    Here m(v) and s(v) are the mean and the standard deviation of the scores of all samples, and in
    a step on a minibatch those of its samples.

    Raises
    ------
    DataError
        If all rows of X are the same.
    """

    oracle = BatchNormOracle
    least_batch = 2
    biased = "batch norm: the mean and the deviation are the minibatch's"

    def __init__(self, plain: LinearProblem, form: Reparametrisation) -> None:
        assert plain.intercept, "the shift of batch norm is the intercept of the linear problem"
        super().__init__(plain, form)
        try:
            self.value(self.w0[:, None])
        except DataError:
            raise DataError(
                f"{plain.name}: the columns of X have no variance, which batch norm divides by.",
                "give other data, or leave --reparam out.",
            ) from None

    def directions(self, W: Lanes) -> Lanes:
        """Return v, and 0 below it for the column of ones, which centring takes away."""
        V = np.zeros((self.plain.n_features, W.shape[1]))
        V[: self.n_weights] = W[: self.n_weights]
        return V

    def scores(self, W: Lanes, scores: Normalised) -> Scores:
        """Return gamma times the normalised scores, plus beta."""
        Z: Scores = scores.Z * self.gamma(W)
        Z += W[-1]
        return Z

    def penalty_at(self, W: Lanes, scores: Normalised) -> PerLane:
        """Return the penalty of the weights, (n_lanes,)."""
        return self.plain.finite_penalty(W[: self.n_weights] * (self.gamma(W) / scores.deviation))

    def pulled_back(self, W: Lanes, scores: Normalised, R: Scores) -> tuple[Scores, Lanes]:
        r"""Return the gradient in the scores Xv, and the rows of gamma and beta, (2, n_lanes).

        Parameters
        ----------
        R
            The derivatives of the mean loss in the scores, which are used up.

        Notes
        -----
        The penalty enters through s(v): with its gradient P in the weights, the derivative in gamma
        is sum R Z + <P, v>/s, and that in the scores (gamma/s) (R - (sum R + Z d/d gamma)/n).
        """
        v, gamma, n = W[: self.n_weights], self.gamma(W), len(R)
        rows = np.stack([inner(R, scores.Z), column_sums(R)])
        if self.plain.penalty.weight:
            P = self.plain.penalty.gradient(v * (gamma / scores.deviation))
            rows[0] += inner(P, v) / scores.deviation
        R -= scores.Z * (rows[0] / n)
        R -= rows[1] / n
        R *= gamma / scores.deviation
        return R, rows

    def with_rows(self, W: Lanes, scores: Normalised, G: Lanes, rows: Lanes) -> Lanes:
        """Return the gradient in (v, gamma, beta) from the product `G` of X' and the scores'."""
        v, rate = W[: self.n_weights], self.gamma(W) / scores.deviation
        if self.plain.penalty.weight:
            G[: self.n_weights] += rate * self.plain.penalty.gradient(v * rate)
        if not self.form.learned:
            G[-1] = rows[1]
            return G
        return np.concatenate([G[:-1], rows])

    def weights(self, W: Lanes) -> Lanes:
        """Return the weights and the intercept of the linear problem with the same scores."""
        E = np.empty((self.plain.n_features, W.shape[1]))
        for lanes, V, scores in self._strips(W):
            rate = self.gamma(V) / scores.deviation
            np.multiply(V[: self.n_weights], rate, out=E[:-1, lanes])
            E[-1, lanes] = V[-1] - rate * scores.mean
        return E

    def value(self, W: Lanes) -> PerLane:
        """Return F of every column of `W`, (n_lanes,)."""
        values = np.empty(W.shape[1])
        for lanes, V, scores in self._strips(W):
            values[lanes] = self._value(V, scores, self.scores(V, scores))
        return values

    def loss_gradient(self, W: Lanes) -> Lanes:
        """Return the gradient of F for every column of `W`."""
        strips = [self._gradient(V, s, self.scores(V, s)) for _, V, s in self._strips(W)]
        return np.hstack(strips)

    def value_and_gradient(self, W: Lanes, watch: Stopwatch | None = None) -> tuple[PerLane, Lanes]:
        """Return F and its gradient for every column; a running `watch` pauses for the values."""
        watch, values, G = watch or Stopwatch(), np.empty(W.shape[1]), np.empty_like(W)
        for lanes, V, scores in self._strips(W):
            Z = self.scores(V, scores)
            with watch.paused():  # a step needs the gradient only
                values[lanes] = self._value(V, scores, Z)
            G[:, lanes] = self._gradient(V, scores, Z)
        return values, G

    def _strips(self, W: Lanes) -> Iterator[tuple[slice, Lanes, Normalised]]:
        """Yield ranges of lanes, their columns of `W`, and their normalised scores."""
        # Multiples of 8, so that the bits of a lane are those beside any other lanes.
        width = max(8, MOST_SCORES // self.n_samples // 8 * 8)
        for k in range(0, W.shape[1], width):
            V = np.ascontiguousarray(W[:, k : k + width])
            D, Z = self.directions(V), np.empty((self.n_samples, V.shape[1]))
            for rows, X, _ in self.data.blocks(V.shape[1]):
                product(X, D, Z[rows])
            yield slice(k, k + width), V, normalised(Z, V.shape[1])

    def _value(self, W: Lanes, scores: Normalised, Z: Scores) -> PerLane:
        return self.loss.sums(Z, self.y) / self.n_samples + self.penalty_at(W, scores)

    def _gradient(self, W: Lanes, scores: Normalised, Z: Scores) -> Lanes:
        R = self.loss.derivative(Z, self.y)
        R /= self.n_samples
        dZ, rows = self.pulled_back(W, scores, R)
        G = np.zeros((self.plain.n_features, W.shape[1]))
        for block, _, XT in self.data.blocks(W.shape[1]):
            G += product(XT, dZ[block])
        return self.with_rows(W, scores, G, rows)

    @cached_property
    def _column_means(self) -> Vector:
        """The means of the columns of X without that of the intercept."""
        sums = np.asarray(self.data.X.sum(axis=0), dtype=np.float64).ravel()
        means: Vector = sums[: self.n_weights] / self.n_samples
        return means

    def size_of(self, v: Vector) -> float:
        """Return the standard deviation of the scores Xv."""
        W = np.append(v, np.zeros(self.n_features - len(v)))[:, None]
        (_, _, scores), *_ = self._strips(W)
        return float(scores.deviation[0])

    def shift_of(self, w: Vector) -> float:
        """Return the mean of the scores with these weights and this intercept."""
        return float(w[-1] + self._column_means @ w[:-1])
