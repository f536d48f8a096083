"""Whether the parameters of a solver are in their range."""

from __future__ import annotations

import math
from typing import Any

from lrbench.errors import UsageError


def check_positive(solver: Any, key: str) -> None:
    """Raise `UsageError` unless the parameter `key` is a positive number."""
    value = getattr(solver, key)
    if not 0.0 < value < math.inf:
        raise _refused(solver, key, f"{value:g} is not a positive number.")


def check_decay(solver: Any, key: str) -> None:
    """Raise `UsageError` unless the parameter `key` is in [0, 1)."""
    value = getattr(solver, key)
    if not 0.0 <= value < 1.0:
        raise _refused(solver, key, f"{value:g} is not in [0, 1).")


def _refused(solver: Any, key: str, what: str) -> UsageError:
    default = getattr(type(solver), key)
    return UsageError(
        f"solver {solver.name}: {key} = {what}", f"leave it out for {key} = {default:g}."
    )
