"""Batch norm: the scores of a linear model, centred and in units of their deviation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from lrbench.arrays import Lanes, PerLane, Scores, Vector, column_sums, inner
from lrbench.errors import DataError
from lrbench.objective.linear.matrix import product
from lrbench.objective.linear.plain import small_inner
from lrbench.objective.linear.seed_batch import scores
from lrbench.objective.meter import Stopwatch
from lrbench.objective.network.centred import Centred, deviations
from lrbench.objective.network.normalised import NormalisedProblem
from lrbench.objective.network.oracles import NormalisedOracle

if TYPE_CHECKING:
    from lrbench.objective.linear.problem import LinearProblem
    from lrbench.objective.linear.seed_batch import SeedBatch
    from lrbench.objective.network.reparametrisation import Reparametrisation

MOST_SCORES = 1 << 22
"""The scores of all samples that are held together: 32 MiB."""


class BatchNormOracle(NormalisedOracle["BatchNormProblem"]):
    """The objective on minibatches, with the mean and the deviation of each minibatch."""

    signed = False

    def _mean_gradient(self, W: Lanes, batches: Sequence[SeedBatch], *, penalised: bool) -> Lanes:
        del penalised  # the prox has no meaning here, and every gradient is that of F
        problem = self._objective
        centred = self._centred(W, batches)
        R = self.linear._derivative(problem.scores(W, centred), batches)
        sums = np.empty((2, W.shape[1]))
        sums[0], sums[1] = small_inner(R, centred.Z), column_sums(R)
        rows, P = problem.last_rows(W, centred, sums, self.size)
        problem.pull_back(centred, R, centred.Z, rows)
        G = self.linear._combined(batches, R)
        return problem.with_last_rows(G, rows, P)

    def _value(self, W: Lanes, batches: Sequence[SeedBatch]) -> PerLane:
        problem = self._objective
        centred = self._centred(W, batches)
        Z, totals = problem.scores(W, centred), np.zeros(W.shape[1])
        for b in batches:
            totals[b.lanes] = problem.loss.sums(Z[:, b.lanes], b.y)
        value: PerLane = totals / self.size + problem.penalty_at(W, centred)
        return value

    def _centred(self, W: Lanes, batches: Sequence[SeedBatch]) -> Centred:
        problem = self._objective
        Z = scores(batches, problem.directions(W))
        mean = column_sums(Z) / self.size
        Z -= mean
        deviation = deviations(column_sums(Z * Z), mean, self.size)
        # Padding behind the lanes of all seeds has no samples, and is no lane that is lost.
        deviation[batches[-1].lanes.indices(W.shape[1])[1] :] = 1.0
        return Centred(Z, mean, deviation, problem.gamma(W) / deviation)


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
        if np.isnan(self.value(self.w0[:, None])[0]):
            raise DataError(
                f"{plain.name}: the columns of X have no variance, which batch norm divides by.",
                "give other data, or leave --reparam out.",
            )

    def directions(self, W: Lanes) -> Lanes:
        """Return v, and 0 below it for the column of ones, which centring takes away."""
        V = np.zeros((self.plain.n_features, W.shape[1]))
        V[: self.n_weights] = W[: self.n_weights]
        return V

    def scores(self, W: Lanes, centred: Centred) -> Scores:
        """Return gamma times the normalised scores, plus beta."""
        Z: Scores = centred.Z * centred.rate
        Z += W[-1]
        return Z

    def penalty_at(self, W: Lanes, centred: Centred) -> PerLane:
        """Return the penalty of the weights, (n_lanes,)."""
        return self.plain.finite_penalty(W[: self.n_weights] * centred.rate)

    def last_rows(
        self, W: Lanes, centred: Centred, sums: Lanes, n: int
    ) -> tuple[Lanes, Lanes | None]:
        r"""Return the derivatives in gamma and beta, (2, n_lanes), and what the penalty adds in v.

        Parameters
        ----------
        sums
            The sums over the samples of R Z and of R, with R the derivatives of the loss in the
            scores and Z the centred scores.
        n
            The number of samples.

        Notes
        -----
        With P the gradient of the penalty in the weights, that in gamma is
        (sum R Z / n + <P, v>) / s(v).
        """
        rows, P = sums / n, None
        if self.plain.penalty.weight:
            v = W[: self.n_weights]
            P = self.plain.penalty.gradient(v * centred.rate)
            rows[0] += small_inner(P, v)
            P = P * centred.rate
        rows[0] /= centred.deviation
        return rows, P

    def pull_back(self, centred: Centred, R: Scores, Z: Scores, rows: Lanes) -> None:
        r"""Make of R, of some samples, the gradient in their scores Xv; `Z` is used up.

        With the derivatives g and b in gamma and beta it is (gamma/(n s)) (R - b - g Z/s). The
        derivative of s(v) in it is that of the penalty, too.
        """
        np.multiply(Z, rows[0] / centred.deviation, out=Z)
        Z += rows[1]
        R -= Z
        R *= centred.rate / len(centred.Z)

    def with_last_rows(self, G: Lanes, rows: Lanes, P: Lanes | None) -> Lanes:
        """Return the gradient in (v, gamma, beta) from `G`, X' times that in the scores.

        `P` is what the penalty adds in v; None for nothing.
        """
        if P is not None:
            G[: self.n_weights] += P
        if self.form.learned:
            return np.concatenate([G[:-1], rows])
        G[-1] = rows[1]
        return G

    def weights(self, W: Lanes) -> Lanes:
        """Return the weights and the intercept of the linear problem with the same scores."""
        E = np.empty((self.plain.n_features, W.shape[1]))
        for lanes, V, centred in self._strips(W):
            np.multiply(V[: self.n_weights], centred.rate, out=E[:-1, lanes])
            E[-1, lanes] = V[-1] - centred.rate * centred.mean
        return E

    def value(self, W: Lanes) -> PerLane:
        """Return F of every column of `W`, (n_lanes,)."""
        return self._evaluate(W, None, gradients=False)[0]

    def loss_gradient(self, W: Lanes) -> Lanes:
        """Return the gradient of F for every column of `W`."""
        return self._evaluate(W, None, values=False)[1]

    def value_and_gradient(self, W: Lanes, watch: Stopwatch | None = None) -> tuple[PerLane, Lanes]:
        """Return F and its gradient for every column; a running `watch` pauses for the values."""
        return self._evaluate(W, watch)

    def _evaluate(
        self, W: Lanes, watch: Stopwatch | None, *, values: bool = True, gradients: bool = True
    ) -> tuple[PerLane, Lanes]:
        """Return F and its gradient for every column; what is not asked for is 0."""
        watch, total, gradient = watch or Stopwatch(), np.zeros(W.shape[1]), np.zeros_like(W)
        for lanes, V, centred in self._strips(W):
            blocks = self.data.blocks(V.shape[1])
            derivatives: list[Scores] = []
            sums = np.zeros((2, V.shape[1]))
            for rows, _, _ in blocks:
                part = centred._replace(Z=centred.Z[rows])
                Z, y = self.scores(V, part), self.y[rows]
                if values:
                    with watch.paused():  # a step needs the gradient only
                        total[lanes] += self.loss.sums(Z, y)
                if gradients:
                    R = self.loss.derivative(Z, y)
                    sums[0] += inner(R, part.Z)
                    sums[1] += column_sums(R)
                    derivatives.append(R)
            if values:
                with watch.paused():
                    total[lanes] /= self.n_samples
                    total[lanes] += self.penalty_at(V, centred)
            if gradients:
                last, P = self.last_rows(V, centred, sums, self.n_samples)
                G = np.zeros((self.plain.n_features, V.shape[1]))
                for (rows, _, XT), R in zip(blocks, derivatives, strict=True):
                    self.pull_back(centred, R, centred.Z[rows], last)
                    G += product(XT, R)
                gradient[:, lanes] = self.with_last_rows(G, last, P)
        return total, gradient

    def _strips(self, W: Lanes) -> Iterator[tuple[slice, Lanes, Centred]]:
        """Yield ranges of lanes, their columns of `W`, and their centred scores, to be used up."""
        # Multiples of 8, so that the bits of a lane are those beside any other lanes.
        width = max(8, MOST_SCORES // self.n_samples // 8 * 8)
        for k in range(0, W.shape[1], width):
            V = np.ascontiguousarray(W[:, k : k + width])
            D, Z = self.directions(V), np.empty((self.n_samples, V.shape[1]))
            blocks, (mean, sums_sq) = self.data.blocks(V.shape[1]), np.zeros((2, V.shape[1]))
            for rows, X, _ in blocks:
                mean += column_sums(product(X, D, Z[rows]))
            mean /= len(Z)
            for rows, _, _ in blocks:
                part = Z[rows]
                part -= mean
                sums_sq += column_sums(part * part)
            deviation = deviations(sums_sq, mean, len(Z))
            rate = self.gamma(V) / deviation
            yield slice(k, k + width), V, Centred(Z, mean, deviation, rate)

    def size_and_shift(self, w: Vector) -> tuple[float, float]:
        """Return the deviation and the mean of the scores, with the intercept."""
        W = np.append(w[:-1], np.zeros(self.n_features - len(w) + 1))[:, None]
        (_, _, centred), *_ = self._strips(W)
        return float(centred.deviation[0]), float(centred.mean[0] + w[-1])
