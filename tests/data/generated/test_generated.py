from typing import Any

import numpy as np
import pytest

from lrbench.data.generated.generators import generate
from lrbench.errors import UsageError


def test_gaussian_is_consistent_and_standard() -> None:
    data = generate("gaussian", {})
    assert data.planted is not None
    assert isinstance(data.X, np.ndarray)
    assert data.X.shape == (1000, 2000)
    np.testing.assert_allclose(data.y, data.X @ data.planted, rtol=0, atol=1e-11)
    assert abs(data.X.mean()) < 5 / np.sqrt(data.X.size)
    assert abs(data.X.var() - 1) < 5 * np.sqrt(2 / data.X.size)
    assert abs(data.planted.var() - 1) < 5 * np.sqrt(2 / 2000)


def test_gaussian_follows_its_parameters() -> None:
    size = {"n_samples": 5, "n_features": 3}
    one, again, other = (generate("gaussian", size | {"seed": s}) for s in (1, 1, 2))
    assert isinstance(one.X, np.ndarray)
    assert one.X.shape == (5, 3)
    np.testing.assert_array_equal(one.X, again.X)
    assert one.content_hash == again.content_hash != other.content_hash
    assert one.name == "generated:gaussian[n_samples=5,n_features=3,seed=1]"


def test_log_spectrum_is_the_written_objective() -> None:
    data = generate("log-spectrum", {})
    assert isinstance(data.X, np.ndarray)
    d = 60
    assert data.X.shape == (d, d)
    w = np.random.default_rng(0).standard_normal(d)
    direct = sum(
        0.5 * 10 ** (-6 + 6 * j / (d - 1)) * (w[j] - 1 / np.sqrt(d)) ** 2 for j in range(d)
    )
    assert 0.5 * np.mean((data.X @ w - data.y) ** 2) == pytest.approx(direct, rel=1e-12)
    eigenvalues = np.linalg.eigvalsh(data.X.T @ data.X / d)
    np.testing.assert_allclose(eigenvalues[[0, -1]], [1e-6, 1], rtol=1e-12)
    assert data.planted is not None
    assert np.linalg.norm(data.planted) == pytest.approx(1, rel=1e-14)


def test_log_spectrum_follows_its_parameters() -> None:
    data = generate("log-spectrum", {"n_features": 4, "smallest": 1})
    np.testing.assert_allclose(data.X @ np.ones(4), 2 * np.ones(4), rtol=1e-15)


@pytest.mark.parametrize(
    ("name", "params", "says"),
    [
        ("gausian", {}, "no data set 'generated:gausian'"),
        ("gaussian", {"n_sample": 3}, "no parameter 'n_sample'"),
        ("gaussian", {"n_samples": 3.5}, "n_samples of 'generated:gaussian' is 3.5"),
        ("gaussian", {"n_samples": True}, "n_samples of 'generated:gaussian' is True"),
        ("gaussian", {"n_samples": 0}, "must be at least 1"),
        ("gaussian", {"n_samples": 10**6, "n_features": 10**6}, "at most"),
        ("gaussian", {"seed": -1}, "must not be negative"),
        ("log-spectrum", {"smallest": 0.0}, "smallest must be in"),
        ("log-spectrum", {"smallest": float("nan")}, "smallest must be in"),
        ("log-spectrum", {"smallest": "a"}, "not a number"),
        ("log-spectrum", {"n_features": 1}, "n_features must be between"),
        ("log-spectrum", {"seed": 1}, "no parameter 'seed'"),
        ("nesterov", {"n_features": 0}, "n_features must be between 1"),
        ("nesterov", {"n_features": 10**9}, "n_features must be between 1"),
        ("nesterov", {"L": 0}, "L must be between"),
        ("nesterov", {"L": float("nan")}, "L must be between"),
        ("nesterov", {"L": 10**400}, "L must be between"),
        ("nesterov", {"l": 1.0}, "no parameter 'l'"),
    ],
)
def test_wrong_names_and_parameters(name: str, params: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        generate(name, params)
