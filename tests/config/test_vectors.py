"""Iterates in whatever form another library has them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from lrbench.config.vectors import as_vector
from lrbench.errors import UsageError

VALUES = [0.25, -1.5, 3.0]
MA: Any = np.ma


@dataclass
class TorchLike:
    """A tensor of torch: it has a gradient, and may lie on another device."""

    values: Any
    requires_grad: bool = True
    device: str = "cuda"

    def detach(self) -> TorchLike:
        return TorchLike(self.values, False, self.device)

    def cpu(self) -> TorchLike:
        return TorchLike(self.values, self.requires_grad, "cpu")

    def numpy(self) -> Any:
        if self.requires_grad:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad.")
        if self.device != "cpu":
            raise TypeError("can't convert cuda:0 device type tensor to numpy.")
        if self.values is None:
            raise TypeError("Got unsupported ScalarType BFloat16")
        return np.array(self.values)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self.numpy()


class JaxLike:
    """An array of JAX: what ``numpy.asarray`` asks for is `__array__`."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.array(VALUES, dtype=np.float32)


class MaskedLike:
    """An array of another library that has no value somewhere."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return MA.array(VALUES, mask=[0, 1, 0])


@pytest.mark.parametrize(
    "w",
    [
        VALUES,
        tuple(VALUES),
        np.array(VALUES),
        np.array(VALUES, np.float32),
        np.array([VALUES, VALUES]).T[:, 0],
        np.array(VALUES, np.longdouble),
        MA.array(VALUES),
        MA.array(VALUES, mask=[0, 0, 0]),
        TorchLike(VALUES),
        JaxLike(),
    ],
    ids=lambda w: type(w).__name__,
)
def test_any_array_of_real_numbers_is_read(w: Any) -> None:
    out = as_vector(w, 3, "small")
    assert out.dtype == np.float64
    assert out.tolist() == VALUES


def test_whole_numbers_are_numbers() -> None:
    assert as_vector(np.array([1, 2]), 2, "small").tolist() == [1.0, 2.0]
    assert as_vector([1, 2], 2, "small").dtype == np.float64


@pytest.mark.parametrize(
    ("w", "message"),
    [
        (np.zeros(4), r"w has the shape \(4,\), and small has 3 features"),
        (np.zeros((3, 1)), r"w has the shape \(3, 1\)"),
        (np.zeros((1, 3)), r"w has the shape \(1, 3\)"),
        (1.0, r"w has the shape \(\)"),
        (None, "type object"),
        ("abc", "type <U3"),
        (["a", "b", "c"], "type <U1"),
        (np.zeros(3, complex), "type complex128"),
        (np.zeros(3, bool), "type bool"),
        (np.zeros(3, "datetime64[s]"), "type datetime64"),
        (np.zeros(3, [("a", float)]), "type "),
        (np.array([1.0, Fraction(1, 3), 2.0]), "type object"),
        ([1.0, 2j, 3.0], "type complex128"),
        (MA.array(VALUES, mask=[0, 1, 1]), "masked array, and 2 of its entries have no value"),
        (MA.masked_equal(VALUES, 3.0), "masked array, and 1 of its"),
        (MaskedLike(), "masked array, and 1 of its"),
        ([[1.0], [1.0, 2.0], 3.0], "the list is no array"),
        (csr_array(np.ones((1, 3))), "type object"),
        (TorchLike(None), "the TorchLike is no array: Got unsupported ScalarType BFloat16"),
    ],
    ids=lambda value: re.sub(" at 0x\\w+", "", str(value)),
)
def test_anything_else_is_refused_in_two_sentences(w: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message) as refused:
        as_vector(w, 3, "small")
    assert refused.value.hint
    assert "\n" not in refused.value.message


def test_a_column_is_told_from_a_wrong_size() -> None:
    with pytest.raises(UsageError) as column:
        as_vector(np.zeros((3, 1)), 3, "small")
    with pytest.raises(UsageError) as longer:
        as_vector(np.zeros(4), 3, "small")
    assert "ravel" in column.value.hint
    assert "ravel" not in longer.value.hint


def test_tensors_in_bfloat16_are_read() -> None:
    """NumPy has no such type: torch refuses to convert it, and that of JAX is no number to it."""
    torch = pytest.importorskip("torch")
    jax = pytest.importorskip("jax.numpy")
    for tensor in (
        torch.tensor(VALUES, dtype=torch.bfloat16, requires_grad=True),
        torch.tensor(VALUES, dtype=torch.float16),
        jax.array(VALUES, dtype=jax.bfloat16),
        jax.array(VALUES, dtype=jax.float16),
    ):
        read = as_vector(tensor, 3, "p")
        assert read.dtype == np.float64
        np.testing.assert_array_equal(read, VALUES)  # which bfloat16 holds exactly
