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
    from lrbench.errors import DataError as DataError
    from lrbench.errors import LrbenchError as LrbenchError
    from lrbench.errors import OptimumError as OptimumError
    from lrbench.errors import RefutedError as RefutedError
    from lrbench.errors import UsageError as UsageError
    from lrbench.experiment.loaded_problem import load_problem as load_problem
    from lrbench.experiment.record import record as record
    from lrbench.gate.assertion import CheckFailedError as CheckFailedError
    from lrbench.gate.assertion import check as check
    from lrbench.losses.base import Loss as Loss
    from lrbench.objective.about import ProblemFacts as ProblemFacts
    from lrbench.objective.finite_sum import FiniteSum as FiniteSum
    from lrbench.penalties.base import Penalty as Penalty
    from lrbench.problem_files import load_spec as load_spec
    from lrbench.problem_files import spec_from_data as spec_from_data
    from lrbench.problem_files import with_overrides as with_overrides
    from lrbench.problem_files import with_settings as with_settings
    from lrbench.results import Result as Result
    from lrbench.solvers.base import Solver as Solver
    from lrbench.solvers.base import Step as Step
    from lrbench.solvers.outside.base import OutsideSolver as OutsideSolver
    from lrbench.solvers.plugin import rate_rule as rate_rule
    from lrbench.theory.base import Theorem as Theorem

_PUBLIC = {
    "CheckFailedError": "lrbench.gate.assertion",
    "DataError": "lrbench.errors",
    "FiniteSum": "lrbench.objective.finite_sum",
    "Loss": "lrbench.losses.base",
    "LrbenchError": "lrbench.errors",
    "OptimumError": "lrbench.errors",
    "OutsideSolver": "lrbench.solvers.outside.base",
    "Penalty": "lrbench.penalties.base",
    "ProblemFacts": "lrbench.objective.about",
    "RefutedError": "lrbench.errors",
    "Result": "lrbench.results",
    "Solver": "lrbench.solvers.base",
    "Step": "lrbench.solvers.base",
    "Theorem": "lrbench.theory.base",
    "UsageError": "lrbench.errors",
    "check": "lrbench.gate.assertion",
    "check_contract": "lrbench.contract",
    "load_problem": "lrbench.experiment.loaded_problem",
    "load_spec": "lrbench.problem_files",
    "rate_rule": "lrbench.solvers.plugin",
    "record": "lrbench.experiment.record",
    "run": "lrbench.api",
    "spec_from_data": "lrbench.problem_files",
    "sweep": "lrbench.api",
    "with_overrides": "lrbench.problem_files",
    "with_settings": "lrbench.problem_files",
}

__all__ = [
    "CheckFailedError",
    "DataError",
    "FiniteSum",
    "Loss",
    "LrbenchError",
    "OptimumError",
    "OutsideSolver",
    "Penalty",
    "ProblemFacts",
    "RefutedError",
    "Result",
    "Solver",
    "Step",
    "Theorem",
    "UsageError",
    "__version__",
    "api_version",
    "check",
    "check_contract",
    "load_problem",
    "load_spec",
    "rate_rule",
    "record",
    "run",
    "spec_from_data",
    "sweep",
    "with_overrides",
    "with_settings",
]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'lrbench' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
