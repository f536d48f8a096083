"""Versions from the names of folders are those that Python's own reader gives."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

import pytest

from lrbench.cache.distributions import version_of


@pytest.mark.parametrize("name", ["numpy", "scipy", "scikit-learn", "click", "threadpoolctl"])
def test_the_version_is_that_of_the_metadata(name: str) -> None:
    assert version_of(name) == metadata.version(name)


def test_a_distribution_that_is_not_installed_is_not_found() -> None:
    with pytest.raises(metadata.PackageNotFoundError):
        version_of("lrbench-of-nobody")


@pytest.mark.parametrize("other", ["of_test-3.0.dist-info", "of_test-3.0-py3.11.egg-info"])
def test_what_a_name_does_not_say_is_read_from_the_file(
    other: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two folders after an update that was broken off, and one of an older form."""
    names = ["of_test-2.5.dist-info", other] if other.endswith("dist-info") else [other]
    for name in names:
        (tmp_path / name).mkdir()
        for file in ("METADATA", "PKG-INFO"):
            (tmp_path / name / file).write_text("Name: of-test\nVersion: 7.25\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    version_of.cache_clear()
    assert version_of("of-test") == "7.25"
