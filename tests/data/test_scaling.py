import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.preprocessing import maxabs_scale, normalize, scale

from lrbench.data.scaling import affine, scaled, with_intercept
from lrbench.errors import DataError, UsageError

if TYPE_CHECKING:
    from lrbench.arrays import Matrix


def sample(seed: int = 0) -> NDArray[np.float64]:
    """Dense data with zeros, an empty row, a zero column, a constant one, and wild units."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((40, 8)) * 10.0 ** rng.integers(-6, 6, 8)
    X[rng.random(X.shape) < 0.5] = 0.0
    X[:, 2] = 0.0
    X[5] = 0.0
    return X


def as_array(X: Any) -> NDArray[np.float64]:
    return np.asarray(X if isinstance(X, np.ndarray) else X.toarray())


SKLEARN = {"maxabs": maxabs_scale, "standard": scale, "unit-rows": normalize}


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("how", ["maxabs", "unit-rows"])
def test_same_as_sklearn(how: str, sparse: bool) -> None:
    X = sample()
    result = scaled(csr_array(X) if sparse else X, how)
    assert isinstance(result, csr_array) == sparse
    np.testing.assert_allclose(as_array(result), SKLEARN[how](X), rtol=1e-14)


def test_standard_is_the_same_as_sklearn() -> None:
    X = sample()
    X[:, 2] = 0.1  # constant
    X[:, 3] += 1e3
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # sklearn warns of the constant column
        expected = scale(X)
    result = as_array(scaled(X, "standard"))
    np.testing.assert_allclose(result, expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(result[:, 2], 0.0, atol=1e-15)
    np.testing.assert_allclose(result.std(axis=0), [1, 1, 0, 1, 1, 1, 1, 1], rtol=1e-12)


@pytest.mark.parametrize("how", ["none", "maxabs", "standard", "unit-rows"])
def test_the_data_are_never_written_to(how: str) -> None:
    X = sample()
    X.flags.writeable = False
    scaled(X, how)
    np.testing.assert_array_equal(X, sample())
    if how != "standard":
        sparse = csr_array(X)
        for array in (sparse.data, sparse.indices, sparse.indptr):
            array.flags.writeable = False
        scaled(sparse, how)
        np.testing.assert_array_equal(sparse.toarray(), sample())


def test_sparse_scaling_copies_the_values_only() -> None:
    X = csr_array(sample())
    for how in ("maxabs", "unit-rows"):
        result: Any = scaled(X, how)
        assert np.shares_memory(result.indices, X.indices)
        assert np.shares_memory(result.indptr, X.indptr)
        assert not np.shares_memory(result.data, X.data)


@pytest.mark.parametrize("sparse", [False, True])
def test_nothing_to_do_copies_nothing(sparse: bool) -> None:
    once = as_array(scaled(sample(), "maxabs"))
    X: Matrix = csr_array(once) if sparse else once
    assert scaled(X, "maxabs") is X
    assert scaled(X, "none") is X


def test_blocks_of_a_sparse_matrix_are_all_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    X = sample()
    monkeypatch.setattr("lrbench.data.scaling.BLOCK", 7)
    np.testing.assert_allclose(
        as_array(scaled(csr_array(X), "maxabs")), maxabs_scale(X), rtol=1e-14
    )


@pytest.mark.parametrize("function", [scaled, affine])
def test_standard_on_a_sparse_matrix_is_refused(function: Callable[..., Any]) -> None:
    with pytest.raises(UsageError, match="'standard' cannot be used on a sparse") as caught:
        function(csr_array(sample()), "standard")
    assert "maxabs" in caught.value.hint


@pytest.mark.parametrize("function", [scaled, affine])
def test_unknown_scaling(function: Callable[..., Any]) -> None:
    with pytest.raises(UsageError, match="no scaling 'max-abs'") as caught:
        function(sample(), "max-abs")
    assert "maxabs" in caught.value.hint


@pytest.mark.parametrize(
    ("how", "centred", "divided", "sparse"),
    [
        ("none", False, False, False),
        ("none", False, False, True),
        ("maxabs", False, True, False),
        ("maxabs", False, True, True),
        ("standard", True, True, False),
    ],
)
def test_affine_is_the_map_of_scaled(how: str, centred: bool, divided: bool, sparse: bool) -> None:
    X = sample()
    X[:, 3] += 1e3
    centre, divisor = affine(csr_array(X) if sparse else X, how)
    assert (centre is not None, divisor is not None) == (centred, divided)
    for vector in (centre, divisor):
        assert vector is None or vector.shape == (8,)
    by_hand = (X - (0.0 if centre is None else centre)) / (1.0 if divisor is None else divisor)
    result = as_array(scaled(csr_array(X) if sparse else X, how))
    np.testing.assert_allclose(result, by_hand, rtol=1e-12, atol=1e-12)


def test_affine_of_data_in_scale_and_of_rows() -> None:
    X = as_array(scaled(sample(), "maxabs"))
    divisor = affine(X, "maxabs")[1]
    assert divisor is not None
    np.testing.assert_array_equal(divisor, np.ones(8))
    assert affine(X, "unit-rows") == (None, None)


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("value", [1e151, -1e300])
def test_numbers_too_large_to_square(value: float, sparse: bool) -> None:
    X = sample()
    X[7, 4] = value
    given = csr_array(X) if sparse else X
    for how in ("none", "unit-rows") if sparse else ("none", "unit-rows", "standard"):
        with pytest.raises(DataError, match="of sample 8, feature 5 is too large") as caught:
            scaled(given, how)
        assert "--scale maxabs" in caught.value.hint
    largest = np.abs(as_array(scaled(given, "maxabs"))).max(axis=0)
    np.testing.assert_array_equal(largest, [1, 1, 0, 1, 1, 1, 1, 1])


def test_largest_numbers_that_can_be_used() -> None:
    X = np.array([[1e150, 1.0], [-1e150, 3.0]])
    assert scaled(X, "none") is X
    for how in ("standard", "unit-rows"):
        assert np.isfinite(as_array(scaled(X, how))).all()
    empty = csr_array((3, 2))
    assert scaled(empty, "none") is empty


@pytest.mark.parametrize("sparse", [False, True])
def test_intercept_is_the_last_column(sparse: bool) -> None:
    X = sample()
    result = with_intercept(csr_array(X) if sparse else X)
    assert isinstance(result, csr_array) == sparse
    np.testing.assert_array_equal(as_array(result), np.column_stack([X, np.ones(40)]))
    if isinstance(result, csr_array):
        result.check_format(full_check=True)
        assert result.has_canonical_format
        assert result.indices.dtype == np.int32
        rows = np.split(result.indices, result.indptr[1:-1])
        assert all((np.diff(row) > 0).all() for row in rows)
