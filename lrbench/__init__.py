"""Benchmarks of first-order convex optimisation whose subject is the learning rate.

The public names are loaded when they are first used, so that ``import lrbench`` and
``lrbench --version`` do not import NumPy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from lrbench.version import __version__ as __version__
from lrbench.version import api_version as api_version

# The redundant aliases mark re-exports for type checkers.
if TYPE_CHECKING:
    from lrbench.api import run as run
    from lrbench.api import sweep as sweep
    from lrbench.contract import check_contract as check_contract
    from lrbench.errors import LrbenchError as LrbenchError
    from lrbench.experiment.loaded_problem import load_problem as load_problem
    from lrbench.experiment.record import record as record
    from lrbench.gate.assertion import check as check
    from lrbench.losses.base import Loss as Loss
    from lrbench.penalties.base import Penalty as Penalty
    from lrbench.results import Result as Result
    from lrbench.solvers.base import Solver as Solver
    from lrbench.solvers.base import Step as Step
    from lrbench.solvers.plugin import rate_rule as rate_rule

_PUBLIC = {
    "Loss": "lrbench.losses.base",
    "LrbenchError": "lrbench.errors",
    "Penalty": "lrbench.penalties.base",
    "Result": "lrbench.results",
    "Solver": "lrbench.solvers.base",
    "Step": "lrbench.solvers.base",
    "check": "lrbench.gate.assertion",
    "check_contract": "lrbench.contract",
    "load_problem": "lrbench.experiment.loaded_problem",
    "rate_rule": "lrbench.solvers.plugin",
    "record": "lrbench.experiment.record",
    "run": "lrbench.api",
    "sweep": "lrbench.api",
}

__all__ = [
    "Loss",
    "LrbenchError",
    "Penalty",
    "Result",
    "Solver",
    "Step",
    "__version__",
    "api_version",
    "check",
    "check_contract",
    "load_problem",
    "rate_rule",
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
