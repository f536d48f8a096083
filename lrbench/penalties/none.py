"""No penalty."""

from __future__ import annotations

from dataclasses import dataclass

from lrbench.penalties.base import Penalty


@dataclass(frozen=True)
class NoPenalty(Penalty):
    """The penalty that is zero everywhere."""

    name = "none"
    weight = 0.0
