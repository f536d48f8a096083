"""The minibatches of a seed, and products with rows of CSR matrices, against SciPy and arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from builders import Array
from scipy.sparse import csr_array

from lrbench.losses.base import UNIT_TARGET
from lrbench.objective.linear.seed_batch import SeedBatch, scores
from lrbench.objective.linear.sparse_rows import SparseRows

RNG = np.random.default_rng(5)
X = RNG.standard_normal((24, 7)) * (RNG.random((24, 7)) < 0.4)
INDEX = RNG.integers(0, 99, size=(24, 1))

both = pytest.mark.parametrize("data", [X, csr_array(X)], ids=["dense", "csr"])


def as_array(part: Any) -> Array:
    out: Array = part if isinstance(part, np.ndarray) else part @ np.eye(part.shape[1])
    return out


@pytest.mark.parametrize("index_type", [np.int32, np.int64])
@pytest.mark.parametrize("n_lanes", [1, 2, 8, 9])
def test_products_have_the_bits_of_scipy(index_type: Any, n_lanes: int) -> None:
    sparse = csr_array(X)
    ends: Any = sparse.indptr.astype(index_type)  # of another type than the columns, too
    rows = SparseRows(sparse.shape, ends, sparse.indices, sparse.data)
    several = RNG.standard_normal((24, 3 * n_lanes))
    for part, expected in ((rows, sparse), (rows[4:15], sparse[4:15]), (rows[9:9], sparse[9:9])):
        B = several[:7, n_lanes : 2 * n_lanes]  # columns between others, not in one piece
        np.testing.assert_array_equal(part @ B, expected @ B)
        np.testing.assert_array_equal(abs(part) @ B, abs(expected) @ B)
        R = several[: expected.shape[0], n_lanes : 2 * n_lanes]
        np.testing.assert_array_equal(part.T @ R, expected.T @ R)
        np.testing.assert_array_equal(abs(part.T) @ R, abs(expected).T @ R)
        np.testing.assert_array_equal(part @ B[:, 0], expected @ B[:, 0])
        assert part.T.T.shape == part.shape == expected.shape


def test_a_product_is_added_to_what_is_there() -> None:
    sparse, B = csr_array(X), RNG.standard_normal((7, 3))
    rows = SparseRows(sparse.shape, sparse.indptr, sparse.indices, sparse.data)
    out = RNG.standard_normal((24, 3))
    expected = out + X @ B
    rows.add_product(out, B)
    np.testing.assert_allclose(out, expected, rtol=1e-13)


@both
@pytest.mark.parametrize("size", [1, 6, 24])
def test_a_batch_moves_over_the_rows(data: Any, size: int) -> None:
    index, y = INDEX.reshape(-1, size), RNG.standard_normal(24)
    batch = SeedBatch(slice(0, 3), index, data, y)
    for step in (*range(24 // size), 0):
        batch.move_to(step)
        rows = slice(step * size, (step + 1) * size)
        np.testing.assert_array_equal(as_array(batch.X), X[rows])
        np.testing.assert_array_equal(as_array(batch.XT), X[rows].T)
        np.testing.assert_array_equal(batch.y, y[rows])
        np.testing.assert_array_equal(batch.samples, index[step])
        assert np.shares_memory(
            batch.X if data is X else batch.X.entries, X if data is X else data.data
        )
    assert SeedBatch(slice(0, 3), index, data, UNIT_TARGET).y is UNIT_TARGET


@both
def test_each_seed_has_its_own_columns(data: Any) -> None:
    W = RNG.standard_normal((7, 24))
    first, second = (SeedBatch(slice(0, 24), INDEX[:6].T, data[k : k + 6], UNIT_TARGET)
                     for k in (0, 6))  # fmt: skip
    np.testing.assert_allclose(scores([first], W), X[:6] @ W, rtol=1e-13)
    found = scores([first.for_lanes(slice(0, 8)), second.for_lanes(slice(3, 19))], W)
    np.testing.assert_allclose(found[:, :3], X[:6] @ W[:, :3], rtol=1e-13)
    np.testing.assert_allclose(found[:, 3:19], X[6:12] @ W[:, 3:19], rtol=1e-13)
    np.testing.assert_array_equal(found[:, 19:], 0.0)
    assert first.lanes == slice(0, 24)
