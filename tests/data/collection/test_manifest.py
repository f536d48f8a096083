"""Real LIBSVM files: their arrays are those of scikit-learn, their sizes those of the manifest."""

from __future__ import annotations

import csv
import hashlib
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_svmlight_file

from lrbench.data.libsvm.compressed import open_bytes
from lrbench.data.libsvm.read import cached_libsvm

FOLDER = Path(os.environ.get("LRBENCH_TEST_DATA", "no folder"))

SLOW = 10**6
"""Compressed bytes from which a file takes seconds."""


def rows() -> list[Any]:
    manifest = FOLDER / "MANIFEST.tsv"
    if not manifest.is_file():
        skip = pytest.mark.skip(reason="LRBENCH_TEST_DATA names no folder with a MANIFEST.tsv")
        return [pytest.param({}, marks=skip, id="none")]
    with manifest.open(newline="", encoding="utf-8") as file:
        return [
            pytest.param(row, id=row["name"], marks=[pytest.mark.slow] * (int(row["bytes"]) > SLOW))
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        ]


@pytest.mark.parametrize("row", rows())
def test_file_is_what_the_manifest_and_scikit_learn_say(row: dict[str, str]) -> None:
    path = FOLDER / row["file"]
    assert hashlib.sha256(path.read_bytes()).hexdigest() == row["sha256"]
    assert path.stat().st_size == int(row["bytes"])
    with open_bytes(path) as file:
        text = file.read()
    assert hashlib.sha256(text).hexdigest() == row["text_sha256"]
    assert len(text) == int(row["text_bytes"])

    width = re.search(r"pass n_features=(\d+)", row["matches_libsvm_page"])
    n_features = int(width[1]) if width else None
    expected, labels = load_svmlight_file(path, n_features=n_features)
    assert expected.nnz == int(row["nnz"])  # entries that are written, be they 0
    for _ in range(2):  # parsed, then from the cache
        parsed, _content = cached_libsvm(path, n_features=n_features)
        assert parsed.X.shape == (int(row["n_samples"]), int(row["n_features"]))
        np.testing.assert_array_equal(parsed.y, labels)
        assert same_matrix(parsed.X, expected)
    check_labels(row["labels"], parsed.y)


def same_matrix(X: Any, expected: Any) -> bool:
    if isinstance(X, np.ndarray):
        return np.array_equal(X, expected.toarray())
    expected.eliminate_zeros()
    pairs = [(X.data, expected.data), (X.indices, expected.indices), (X.indptr, expected.indptr)]
    return all(np.array_equal(ours, theirs) for ours, theirs in pairs)


def check_labels(written: str, y: Any) -> None:
    """Compare with ``-1:24720 +1:7841``, ``1..20 (20 classes)`` or ``14999..500001``."""
    if ".." not in written:
        counts = {float(k): int(v) for k, v in (part.split(":") for part in written.split())}
        assert dict(zip(*np.unique(y, return_counts=True), strict=True)) == counts
        return
    found = re.fullmatch(r"(\S+)\.\.(\S+)(?: \((\d+) classes\))?", written)
    assert found
    assert [y.min(), y.max()] == [float(found[1]), float(found[2])]
    if found[3]:
        assert len(np.unique(y)) == int(found[3])
