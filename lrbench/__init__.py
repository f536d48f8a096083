"""Benchmarks of first-order convex optimisation whose subject is the learning rate.

The public names are loaded when they are first used, so that ``import lrbench`` and
``lrbench --version`` do not import NumPy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from lrbench.version import __version__ as __version__

# The redundant aliases mark re-exports for type checkers.
if TYPE_CHECKING:
    from lrbench.api import run as run
    from lrbench.api import sweep as sweep
    from lrbench.errors import LrbenchError as LrbenchError
    from lrbench.experiment.loaded_problem import load_problem as load_problem
    from lrbench.experiment.record import record as record
    from lrbench.gate.assertion import check as check
    from lrbench.results import Result as Result

_PUBLIC = {
    "LrbenchError": "lrbench.errors",
    "Result": "lrbench.results",
    "check": "lrbench.gate.assertion",
    "load_problem": "lrbench.experiment.loaded_problem",
    "record": "lrbench.experiment.record",
    "run": "lrbench.api",
    "sweep": "lrbench.api",
}

__all__ = [
    "LrbenchError",
    "Result",
    "__version__",
    "check",
    "load_problem",
    "record",
    "run",
    "sweep",
]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'lrbench' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
