"""The data sets that are part of scikit-learn."""

from __future__ import annotations

from importlib.metadata import version

import numpy as np

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


def check_bundled(name: str) -> None:
    """Raise `UsageError` if scikit-learn has no data set `name`."""
    if name not in BUNDLED:
        raise UsageError(f"there is no data set '{PREFIX}{name}'.", did_you_mean(name, BUNDLED))


def bundled_version() -> str:
    """Return the version of scikit-learn, without importing it."""
    return version("scikit-learn")


def read_bundled(name: str) -> Parsed:
    """Return the data set `name` of scikit-learn, with the names of its classes if it has any."""
    check_bundled(name)
    from sklearn import datasets

    bunch = getattr(datasets, BUNDLED[name][0])()
    class_names = bunch.get("target_names")
    return Parsed(
        np.ascontiguousarray(bunch["data"], dtype=np.float64),
        np.ascontiguousarray(bunch["target"], dtype=np.float64),
        None if class_names is None else tuple(str(name) for name in class_names),
    )
