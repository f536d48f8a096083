"""A solver stays where every gradient is zero, and nothing there is NaN."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np

from lrbench.contract.lanes import RATES
from lrbench.contract.outcome import BrokenContractError
from lrbench.contract.problems import ContractCase, on, stationary_cases
from lrbench.contract.steps import TakenStep, steps
from lrbench.solvers.base import Solver
from lrbench.solvers.state import leaves


def check_stays(solver: Solver) -> None:
    """Check that the iterate does not leave a stationary point.

    Raises
    ------
    BrokenContractError
        If it does.
    """
    for case, step in _steps(solver):
        if np.any(step.W != 0.0):  # NaN is another contract's
            raise BrokenContractError(
                f"the iterate leaves a stationary point of {case.name} in step {step.t + 1},"
                " although every gradient is 0: let the length of a step vanish with the gradient."
            )


def check_no_nan(solver: Solver) -> None:
    """Check that rates and states are numbers where the gradient is 0 from the first step on.

    Raises
    ------
    BrokenContractError
        If they are not.
    """
    for case, step in _steps(solver):
        places = [("the rate", step.lr), *leaves(step.state), ("the iterate", step.W)]
        for place, leaf in places:
            wrong = np.isnan(leaf) if _is_number(leaf) else np.array(False)
            if place == "the rate":
                wrong = wrong | ~np.isfinite(leaf) | (np.asarray(leaf) < 0.0)
            if np.any(wrong):
                value = np.asarray(leaf)[wrong].ravel()[0] if np.ndim(leaf) else leaf
                raise BrokenContractError(
                    f"at a zero gradient {place} is {value:g} in step {step.t + 1} on {case.name}:"
                    " avoid 0/0, as by np.divide(a, b, out=np.zeros_like(a), where=b > 0)."
                )


def _is_number(leaf: Any) -> bool:
    return np.issubdtype(np.asarray(leaf).dtype, np.floating)


def _steps(solver: Solver) -> Iterator[tuple[ContractCase, TakenStep]]:
    for case in stationary_cases():
        with on(case):
            for step in islice(steps(case, solver, RATES), 50):
                yield case, step
