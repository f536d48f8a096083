"""The data sets that are part of scikit-learn."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np

from lrbench.arrays import PerSample
from lrbench.config.registry import did_you_mean
from lrbench.data.parsed.parsed import Parsed
from lrbench.errors import UsageError

PREFIX = "sklearn:"

BUNDLED = {
    "breast-cancer": ("load_breast_cancer", "Breast Cancer Wisconsin (diagnostic), 2 classes"),
    "diabetes": ("load_diabetes", "disease progression of 442 diabetes patients, regression"),
    "digits": ("load_digits", "8 x 8 images of handwritten digits, 10 classes"),
    "iris": ("load_iris", "Fisher's iris flowers, 3 classes"),
    "wine": ("load_wine", "chemical analysis of Italian wines, 3 classes"),
}
"""name -> (function of `sklearn.datasets`, description)."""

FILES = {
    "breast-cancer": "breast_cancer.csv",
    "digits": "digits.csv.gz",
    "iris": "iris.csv",
    "wine": "wine_data.csv",
}
"""name -> the file in `sklearn.datasets.data` that scikit-learn reads without changing a number."""


def check_bundled(name: str) -> None:
    """Raise `UsageError` if scikit-learn has no data set `name`."""
    if name not in BUNDLED:
        raise UsageError(f"there is no data set '{PREFIX}{name}'.", did_you_mean(name, BUNDLED))


def read_bundled(name: str) -> Parsed:
    """Return the data set `name` of scikit-learn, with the names of its classes if it has any."""
    check_bundled(name)
    # Importing scikit-learn takes longer than a run on one of its sets.
    parsed = _read_file(name)
    return _read_with_sklearn(name) if parsed is None else parsed


def _read_file(name: str) -> Parsed | None:
    """Return the set as its file has it; None if it has no such file of the form that is known."""
    package = importlib.util.find_spec("sklearn")
    import csv
    import gzip

    if name not in FILES or package is None or package.origin is None:
        return None
    file = Path(package.origin).parent / "datasets" / "data" / FILES[name]
    try:
        content = file.read_bytes()
        if file.suffix == ".gz":
            rows = np.array(list(csv.reader(gzip.decompress(content).decode().splitlines())), float)
            return _parsed(rows, [str(digit) for digit in range(10)])
        (n_samples, n_features, *class_names), *lines = csv.reader(content.decode().splitlines())
        rows = np.array(lines, float)
    except (OSError, ValueError):
        return None
    if rows.shape != (int(n_samples), int(n_features) + 1):
        return None
    return _parsed(rows, class_names)


def _parsed(rows: PerSample, class_names: list[str]) -> Parsed:
    """Return a set whose last column is the class."""
    X, y = np.ascontiguousarray(rows[:, :-1]), np.ascontiguousarray(rows[:, -1])
    return Parsed(X, y, tuple(class_names))


def _read_with_sklearn(name: str) -> Parsed:
    from sklearn import datasets

    bunch = getattr(datasets, BUNDLED[name][0])()
    class_names = bunch.get("target_names")
    return Parsed(
        np.ascontiguousarray(bunch["data"], dtype=np.float64),
        np.ascontiguousarray(bunch["target"], dtype=np.float64),
        None if class_names is None else tuple(str(name) for name in class_names),
    )
