"""Hashes of arrays and of parameters tell contents apart to the last bit."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.sparse import csr_array

from lrbench.cache.content_hash import arrays_of, content_hash, digest, matrix_of, parameters_text
from lrbench.losses.logistic import Logistic


def test_a_digest_is_that_of_dtype_shape_and_bytes() -> None:
    A = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 7.0]])
    expected = hashlib.sha256(b"<f8 (2, 3)\n" + A.tobytes()).hexdigest()
    assert digest(A) == expected == digest(np.asfortranarray(A))
    others = [A.T, A.astype(np.float32), A.reshape(3, 2), -A, np.nextafter(A, 9.0)]
    assert len({digest(A), *map(digest, others)}) == 6


def test_the_form_and_the_names_of_arrays_count() -> None:
    X, y = np.eye(3), np.arange(3.0)
    hashes = {
        content_hash(X),
        content_hash(X, y=y),
        content_hash(X, z=y),
        content_hash(csr_array(X)),
        content_hash(csr_array((X.shape[0], 4))),
        content_hash(csr_array((X.shape[0], 5))),
    }
    assert len(hashes) == 6


@pytest.mark.parametrize("X", [np.arange(6.0).reshape(2, 3), csr_array(np.eye(3)[:2])], ids=type)
def test_a_matrix_is_made_of_its_arrays(X: np.ndarray | csr_array) -> None:
    again = matrix_of(arrays_of(X), (2, 3))
    assert content_hash(again) == content_hash(X)
    with pytest.raises((ValueError, KeyError)):
        matrix_of({"X": np.zeros((3, 2))}, (2, 3))


@dataclass(frozen=True)
class Part:
    weight: float
    knots: np.ndarray


def test_parameters_are_written_with_every_digit() -> None:
    knots = np.array([1.0, 2.0])
    text = parameters_text(Part(0.1, knots))
    assert text == parameters_text(Part(np.float64(0.1), knots.copy()))
    assert text != parameters_text(Part(0.3 - 0.2, knots))
    assert text != parameters_text(Part(0.1, knots[::-1]))
    assert parameters_text(Logistic()).startswith("Logistic")
