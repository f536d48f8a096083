"""The data matrix: blocks without copies, gathering, norms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from builders import Array
from scipy.sparse import csr_array

from lrbench.objective.linear import matrix
from lrbench.objective.linear.matrix import DataMatrix, row_range

RNG = np.random.default_rng(5)
X = RNG.standard_normal((23, 4)) * (RNG.random((23, 4)) < 0.5)

both = pytest.mark.parametrize("data", [X, csr_array(X)], ids=["dense", "csr"])


def as_array(part: Any) -> Array:
    out: Array = part if isinstance(part, np.ndarray) else part @ np.eye(part.shape[1])
    return out


@both
def test_shape_and_non_zeros(data: Any) -> None:
    D = DataMatrix(data)
    assert D.shape == (23, 4)
    assert D.sparse is not isinstance(data, np.ndarray)
    assert D.nnz == np.count_nonzero(X)
    np.testing.assert_allclose(D.row_norms_sq(), (X**2).sum(axis=1), rtol=1e-15)


@both
@pytest.mark.parametrize(("elements", "n_blocks"), [(1, 23), (15, 5), (1000, 1)])
def test_blocks_cover_the_rows_in_order(
    data: Any, elements: int, n_blocks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matrix, "BLOCK_ELEMENTS", elements)
    blocks = DataMatrix(data).blocks(3)
    assert len(blocks) == n_blocks
    np.testing.assert_array_equal(np.vstack([as_array(part) for _, part, _ in blocks]), X)
    np.testing.assert_array_equal(np.hstack([as_array(turned) for *_, turned in blocks]), X.T)
    assert [i for rows, *_ in blocks for i in range(rows.start, rows.stop)] == list(range(23))


@pytest.mark.parametrize("index_type", [np.int32, np.int64])
def test_blocks_share_the_memory_of_the_data(
    monkeypatch: pytest.MonkeyPatch, index_type: type[np.signedinteger[Any]]
) -> None:
    monkeypatch.setattr(matrix, "BLOCK_ELEMENTS", 15)
    for _, part, turned in DataMatrix(X).blocks(3):
        assert np.shares_memory(part, X)
        assert np.shares_memory(turned, X)
    sparse = csr_array(X)
    sparse.indices = sparse.indices.astype(index_type)
    sparse.indptr = sparse.indptr.astype(index_type)
    for _, part, turned in DataMatrix(sparse).blocks(3):
        assert np.shares_memory(part.entries, sparse.data)
        assert np.shares_memory(turned.entries, sparse.data)
        assert np.shares_memory(part.columns, sparse.indices)


@both
def test_blocks_are_kept_for_the_present_number_of_lanes(data: Any) -> None:
    D = DataMatrix(data)
    assert D.blocks(3) is D.blocks(3)
    assert D.blocks(matrix.BLOCK_ELEMENTS - 1) is not D.blocks(3)
    assert len(D.blocks(matrix.BLOCK_ELEMENTS - 1)) == 23
    assert len(D.blocks(3)) == 1


@both
def test_row_range(data: Any) -> None:
    for rows in (slice(0, 0), slice(0, 23), slice(4, 9), slice(22, 23)):
        np.testing.assert_array_equal(as_array(row_range(data, rows)), X[rows])


@both
@pytest.mark.parametrize("densify", [True, False])
def test_gather_copies_rows_in_the_order_asked(data: Any, densify: bool) -> None:
    index = np.array([7, 0, 7, 22])
    rows = DataMatrix(data).gather(index, dense=densify)
    assert isinstance(rows, np.ndarray) is (densify or isinstance(data, np.ndarray))
    np.testing.assert_array_equal(as_array(rows), X[index])
    if isinstance(rows, np.ndarray):
        rows[:] = 0.0
    else:
        rows.data[:] = 0.0
    np.testing.assert_array_equal(as_array(data), X)


@both
def test_rows_carry_their_signs(data: Any) -> None:
    index, signs = np.array([7, 0, 7, 22]), np.array([1.0, -1.0, -1.0, 1.0])
    rows = DataMatrix(data).gather(index, dense=False, signs=signs)
    np.testing.assert_array_equal(as_array(rows), signs[:, None] * X[index])
    np.testing.assert_array_equal(as_array(data), X)
