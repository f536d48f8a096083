"""The choice of a sampler of the linear model: full batches, minibatches, or touched columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lrbench.arrays import Vector
from lrbench.objective.linear.full import FullSampler
from lrbench.objective.linear.matrix import CHUNK_BYTES, FEW_FEATURES
from lrbench.objective.linear.oracle import LinearRun
from lrbench.objective.linear.plain import DenseIterates
from lrbench.objective.random_numbers import RandomNumbers

if TYPE_CHECKING:
    from lrbench.objective.linear.matrix import DataMatrix
    from lrbench.objective.linear.minibatch import MinibatchSampler
    from lrbench.objective.linear.objective import LinearObjective
    from lrbench.objective.linear.touched import ScaledSampler
    from lrbench.objective.minibatches import Minibatches
    from lrbench.objective.oracle import Ball

MANY_FEATURES = 1 << 14
"""Beyond so many features a pass over W takes longer than the calls of touched columns."""

SPARSE_CALLS = 200
"""What the calls of sparse products of a minibatch cost beyond those of dense ones, in entries."""

SPARSE_ENTRY = 5
"""Each non-zero costs a sparse product so many times as much as an entry costs a dense product."""


def linear_sampler(
    objective: LinearObjective,
    w0: Vector,
    w_star: Vector | None,
    ball: Ball | None,
    minibatches: Sequence[Minibatches],
    *,
    dense_iterates: bool = False,
    seeds: Sequence[int] = (0,),
) -> FullSampler | MinibatchSampler | ScaledSampler:
    """Return the cheapest sampler for this data.

    Parameters
    ----------
    objective
        F.
    w0
        The starting point, (n_features,).
    w_star
        The minimiser, (n_features,); None where there is none.
    ball
        The constraint, None without one.
    minibatches
        Those of each seed whose lanes run together; none for full batches. With several seeds all
        columns are visited, as with a single seed if `n_features` is at most `FEW_FEATURES`.
    dense_iterates
        Whether the iterates must be plain arrays.
    seeds
        Those of the lanes that run together, from which solvers get random numbers.
    """
    run = LinearRun(objective, w_star, ball, DenseIterates(w0), RandomNumbers(seeds))
    if not minibatches:
        return FullSampler(run)
    data, n_features, size = objective.data, objective.n_features, minibatches[0].batch_size
    entries, touched = n_features * size, data.nnz / objective.n_samples * size
    # A minibatch of few rows is small, but passes over all of W are not.
    large = n_features > MANY_FEATURES or not _is_small(entries)
    wide = data.sparse and large and n_features > FEW_FEATURES and touched < n_features / 4
    # A projection on a ball scales w only if the centre of the ball is the origin.
    scalable = objective.penalty.shrinks and (ball is None or not ball.centre.any())
    if wide and scalable and not dense_iterates:
        from lrbench.objective.linear.scaled import ScaledIterates
        from lrbench.objective.linear.touched import ScaledSampler

        (single,) = minibatches  # several seeds run together on few features only
        scaled = ScaledIterates(w0, w_star, objective.n_penalised)
        return ScaledSampler(
            LinearRun(objective, w_star, ball, scaled, RandomNumbers(seeds)), single
        )
    from lrbench.objective.linear.minibatch import MinibatchSampler

    return MinibatchSampler(run, minibatches, dense=gathers_dense(data, size))


def gathers_dense(data: DataMatrix, size: int) -> bool:
    """Return whether products with minibatches of this size are cheaper as dense arrays."""
    entries, touched = data.shape[1] * size, data.nnz / data.shape[0] * size
    cheap = entries <= SPARSE_ENTRY * touched + SPARSE_CALLS and _is_small(entries)
    return not data.sparse or cheap


def _is_small(entries: int) -> bool:
    """Return whether so many numbers take at most 1 MiB."""
    return 8 * entries <= CHUNK_BYTES // 8
