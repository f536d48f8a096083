"""The description of a problem, for reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class AboutTest:
    """The description of the samples that are held out, for reports."""

    data: str
    n_samples: int
    fraction: float | None
    """Their fraction of all samples; None if they come from a data set of their own."""
    seed: int | None
    """The seed of their choice; None if they come from a data set of their own."""
    features_left_out: int
    """The number of their features that the training data do not have."""

    def __post_init__(self) -> None:
        for name, least in (("n_samples", 1), ("features_left_out", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} is too small")


@dataclass(frozen=True)
class About:
    """The description of a problem, for reports."""

    title: str
    data: str
    scale: str
    start: str
    labels: Mapping[str, str] | None = None
    """For two classes: ``{"+1": "malignant", "-1": "benign"}``."""
    fingerprint: str = ""
    """A hash of the training data and of the canonical specification."""
    test: AboutTest | None = None
    """None where nothing is held out."""
