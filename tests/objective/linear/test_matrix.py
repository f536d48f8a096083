"""The data matrix: blocks without copies, gathering, norms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from builders import Array
from scipy.sparse import csr_array

from lrbench.objective.linear import matrix
from lrbench.objective.linear.matrix import DataMatrix, Window, per_seed, row_range

RNG = np.random.default_rng(5)
X = RNG.standard_normal((23, 4)) * (RNG.random((23, 4)) < 0.5)

both = pytest.mark.parametrize("data", [X, csr_array(X)], ids=["dense", "csr"])


def as_array(part: Any) -> Array:
    out: Array = part if isinstance(part, np.ndarray) else part.toarray()
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
        assert np.shares_memory(part.data, sparse.data)
        assert np.shares_memory(turned.data, sparse.data)
        if index_type is np.int32:
            assert np.shares_memory(part.indices, sparse.indices)


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
@pytest.mark.parametrize("size", [1, 5, 20])
def test_a_window_moves_over_the_rows(data: Any, size: int) -> None:
    window = Window(data[:20], size)
    for k in [*range(20 // size), 0]:
        rows, columns = window.move_to(k)
        np.testing.assert_array_equal(as_array(rows), X[k * size : (k + 1) * size])
        np.testing.assert_array_equal(as_array(columns), as_array(rows).T)


def test_a_window_copies_no_entry() -> None:
    sparse = csr_array(X[:20])
    for k in (1, 3, 0):
        for part in Window(sparse, 5).move_to(k):
            assert np.shares_memory(part.data, sparse.data)
            assert np.shares_memory(part.indices, sparse.indices)
            assert part.nnz == np.count_nonzero(X[5 * k : 5 * k + 5])


@both
def test_each_seed_has_its_own_columns(data: Any) -> None:
    B = RNG.standard_normal((4, 24))
    first, second = data[:6], data[6:12]
    np.testing.assert_allclose(per_seed([(slice(0, 24), first)], B), X[:6] @ B, rtol=1e-14)
    found = per_seed([(slice(0, 8), first), (slice(3, 19), second)], B)
    np.testing.assert_allclose(found[:, :3], X[:6] @ B[:, :3], rtol=1e-14)
    np.testing.assert_allclose(found[:, 3:19], X[6:12] @ B[:, 3:19], rtol=1e-14)
    np.testing.assert_array_equal(found[:, 19:], 0.0)


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
