"""The rate that a solver reports is the one that it used, and its step is what it claims."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np

from lrbench.arrays import Mask, PerLane, inner, norm_sq
from lrbench.contract.outcome import BrokenContractError
from lrbench.contract.problems import WIDE, ContractCase, cases, on
from lrbench.contract.steps import TakenStep, steps
from lrbench.solvers.base import Solver
from lrbench.theory.families import theorems_of

RATES = np.array([1e-3, 0.1, 1.0, 10.0])
STEPS = 40

EPS = float(np.finfo(np.float64).eps)

ALONG = 1.0 - 1e-12
"""The cosine from which on a step is one along the gradient."""

REGRET = "C2'"
"""The certificate on gradients at the iterates, which all families of steps w - lr g have."""


def check_rate(solver: Solver) -> None:
    """Check that a step along the gradient has the length that its rate says.

    Raises
    ------
    BrokenContractError
        If the rate is another one, not of the shape of lr0, or negative.
    """
    for case, step in _steps(solver):
        moved = step.before - step.W
        if step.descents > 1 and step.asked and not solver.proximal:
            _check_length(step, moved, case)
            continue
        if not step.asked:  # derivatives of single samples, or a step at rest
            continue
        g = step.asked[0][1]
        if solver.proximal:
            if step.t == 0 and case.name != WIDE:
                expected = case.problem.prox(step.before - step.lr * g, step.lr)
                _compare(step, step.W - expected, case)
        elif step.on_path:
            _compare(step, moved - step.lr * g, case)
        elif step.t == 0 and len(step.asked) == 1:
            # Later a mean of gradients may go another way, and have another rate.
            along = inner(moved, g) > ALONG * np.sqrt(norm_sq(moved) * norm_sq(g))
            if along.all():
                _compare(step, moved - step.lr * g, case)


def _check_length(step: TakenStep, moved: np.ndarray, case: ContractCase) -> None:
    """Raise `BrokenContractError` unless the rate is that of the whole way of several descents."""
    g = step.asked[0][1]
    length = np.sqrt(norm_sq(moved))
    expected = step.lr * np.sqrt(norm_sq(g))
    wrong = np.abs(length - expected) > 1e-6 * np.maximum(length, expected)
    wrong &= np.isfinite(length) & np.isfinite(expected)
    # Below the last bit of W no length is known.
    wrong &= length > 1e6 * EPS * np.abs(step.before).max(axis=0)
    for lane in np.flatnonzero(wrong).tolist():
        raise BrokenContractError(
            f"step {step.t + 1} on {case.name} descends {step.descents} times, and reports lr ="
            f" {step.lr[lane]:.3g}, but |W - W_next| is {length[lane] / _size(g, lane):.3g} |g|:"
            " report the rate of the whole step, rate_of(D, g) of lrbench.solvers.base for a step"
            " -D, or descend once."
        )


def _size(g: np.ndarray, lane: int) -> float:
    return float(np.linalg.norm(g[:, lane]))


def check_claims(solver: Solver) -> None:
    """Check that every step of a solver that claims C2' is W - lr g.

    Where it claims no more than C2', the gradient need only be that at W: the steps may be any.

    Raises
    ------
    BrokenContractError
        If one is not.
    """
    claimed = {t.key for t in theorems_of(solver.theorems, vars(solver))}
    if REGRET not in claimed:
        return
    for case, step in _steps(solver):
        name = f"step {step.t + 1} on {case.name}"
        if not step.asked and not np.any(step.lr) and np.array_equal(step.W, step.before):
            continue  # at rest
        if not step.asked or not np.array_equal(step.asked[0][0], step.before):
            raise BrokenContractError(
                f"{name} does not follow the gradient at W, which {REGRET} is about: ask for"
                " gradient(W) first, or claim theorems = ()."
            )
        if claimed == {REGRET}:
            continue
        wrong = _differs(step, step.before - step.W - step.lr * step.asked[0][1], case)
        if wrong.any():
            raise BrokenContractError(
                f"{name} is not W - lr g{_detail(step, wrong)}, so that {REGRET} is violated: take"
                " it by oracle.descend(W, lr, g) and return that lr, or claim theorems = ()."
            )


def _steps(solver: Solver) -> Iterator[tuple[ContractCase, TakenStep]]:
    for case in cases():
        with on(case):
            for step in islice(steps(case, solver, RATES), STEPS):
                yield case, step


def _differs(step: TakenStep, difference: np.ndarray, case: ContractCase) -> Mask:
    """Return the lanes in which a difference of two steps is more than rounding."""
    g = step.asked[0][1]
    factor = 1e4 if case.name == WIDE else 8.0  # there W is a product of a scale and an array
    scale = np.abs(step.before).max(axis=0) + np.abs(step.lr) * np.abs(g).max(axis=0)
    wrong: Mask = np.abs(difference).max(axis=0) > factor * EPS * scale
    return wrong & np.isfinite(step.W).all(axis=0)


def _compare(step: TakenStep, difference: np.ndarray, case: ContractCase) -> None:
    wrong = _differs(step, difference, case)
    if wrong.any():
        raise BrokenContractError(
            f"step {step.t + 1} on {case.name} is not the one of the rate that it"
            f" reports{_detail(step, wrong)}: return the lr that was used."
        )


def _detail(step: TakenStep, wrong: Mask) -> str:
    """Return the rate that was used beside the reported one, where the step has a rate."""
    g, moved = step.asked[0][1], step.before - step.W
    used: PerLane = inner(moved, g) / norm_sq(g)
    for lane in np.flatnonzero(wrong).tolist():
        along = np.abs(moved[:, lane] - used[lane] * g[:, lane]).max()
        if along <= 1e-6 * np.abs(moved[:, lane]).max():
            return f" (lr = {step.lr[lane]:.3g}, and W - {used[lane]:.3g} g)"
    return ""
