"""Lanes are independent: alone, in another order, after others are dropped, with own parameters."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping

import numpy as np

from lrbench.arrays import Index, PerLane
from lrbench.contract.outcome import BrokenContractError
from lrbench.contract.problems import ContractCase, cases, constants_of, on
from lrbench.contract.steps import Dropped, Path, path
from lrbench.errors import LrbenchError
from lrbench.solvers.adapters.base import AdaptedSolver
from lrbench.solvers.base import Solver

RATES = np.array([1e-4, 1e-2, 0.3, 1.0, 1e2, 1e4, 1e-3])
"""The initial learning rates of the lanes, from far too small to far too large."""

STABLE = np.array([1e-5, 1e-3, 0.1, 0.5, 0.999])
"""Rates in units of 1/L at which most methods converge."""

VALUES = np.array([0.31, 0.07, 0.83, 0.52])
"""Values of a hyper-parameter, which are in the range of most."""

SHARES = np.array([1.0, 0.9, 0.97, 1.1])
"""Values in units of the default, for a hyper-parameter that takes none of `VALUES`."""

REORDERINGS = 4
"""Other orders of features and samples, from which the rounding of steps is estimated."""


class Expected(typing.NamedTuple):
    """Steps of lanes side by side, and how far rounding may lead from them."""

    W: Path
    lr: Path
    allowed_W: Path
    """(n_steps, n_lanes)."""
    allowed_lr: Path
    """(n_steps, n_lanes)."""

    def first_difference(self, W: Path, lr: Path, lanes: Index | slice) -> tuple[int, int] | None:
        """Return the first step, counted from 1, and the lane in which other paths differ.

        Parameters
        ----------
        W, lr
            The other iterates and rates.
        lanes
            Which of the lanes they are, in their order.
        """
        allowed = self.allowed_W[:, lanes], self.allowed_lr[:, lanes]
        with np.errstate(invalid="ignore"):
            apart = np.abs(W - self.W[:, :, lanes]).max(axis=1), np.abs(lr - self.lr[:, lanes])
        equal_W, equal_lr = (~(a > limit) for a, limit in zip(apart, allowed, strict=True))
        # A lane that overflows has diverged: its numbers are compared no further.
        finite = [np.isfinite(W).all(axis=1), np.isfinite(self.W[:, :, lanes]).all(axis=1)]
        differs = (finite[0] & finite[1] & ~(equal_W & equal_lr)) | (finite[0] != finite[1])
        if not differs.any():
            return None
        step, lane = np.argwhere(differs)[0].tolist()
        return step + 1, lane


def expected_path(
    case: ContractCase,
    solver: Solver,
    lr0: PerLane,
    n_steps: int,
    parameters: Mapping[str, PerLane] | None = None,
) -> Expected:
    """Return the steps of lanes side by side.

    Notes
    -----
    A rate that rests on a difference of nearby gradients has few digits. The rounding is therefore
    measured: it is ten times what another order of the features and samples changes.
    """
    W, lr = path(case, solver, lr0, n_steps, parameters=parameters)
    allowed_W = 1e-12 * np.abs(W).max(axis=1)
    allowed_lr = 1e-9 * np.abs(lr)
    for seed in range(REORDERINGS):
        other, order = case.reordered(seed)
        V, rate = path(other, solver, lr0, n_steps, parameters=parameters)
        with np.errstate(invalid="ignore"):
            allowed_W = np.fmax(allowed_W, 10.0 * np.abs(V - W[:, order]).max(axis=1))
            allowed_lr = np.fmax(allowed_lr, 10.0 * np.abs(rate - lr))
    # What has come apart stays apart, although two numbers may be close at some step.
    return Expected(W, lr, *(np.maximum.accumulate(a) for a in (allowed_W, allowed_lr)))


def check_alone(solver: Solver) -> None:
    """Check that a lane alone takes the steps that it takes beside others.

    Raises
    ------
    BrokenContractError
        If it takes others.
    """
    small = cases()[0]
    L = constants_of(small.problem).L
    for case, lr0, n_steps in [*((case, RATES, 4) for case in cases()), (small, STABLE / L, 150)]:
        with on(case):
            together = expected_path(case, solver, lr0, n_steps)
            for k in range(len(lr0)):
                alone = path(case, solver, lr0[k : k + 1], n_steps)
                if difference := together.first_difference(*alone, slice(k, k + 1)):
                    raise BrokenContractError(
                        f"on {case.name} the lane lr0 = {lr0[k]:.3g} alone is another than beside"
                        f" other lanes, from step {difference[0]} on: let no number of a lane"
                        " depend on those of others, as lr.min() and a norm of all of W do."
                    )


def check_order(solver: Solver) -> None:
    """Check that lanes in another order take the same steps.

    Raises
    ------
    BrokenContractError
        If they take others.
    """
    order = np.array([3, 0, 6, 2, 5, 1, 4])
    for case in cases():
        with on(case):
            permuted = path(case, solver, RATES[order], 4)
            difference = expected_path(case, solver, RATES, 4).first_difference(*permuted, order)
            if difference:
                step, lane = difference
                raise BrokenContractError(
                    f"on {case.name} the lane lr0 = {RATES[order][lane]:.3g} is another at another"
                    f" place, from step {step} on: treat all lanes alike, and keep what belongs to"
                    " a lane at its place in the state."
                )


def check_dropped(solver: Solver) -> None:
    """Check that the lanes that go on take the steps that they take beside the others.

    Raises
    ------
    BrokenContractError
        If they take others after some lanes were dropped.
    """
    lr0, dropped = np.array([1e-3, 0.05, 0.1, 0.2, 0.3]), Dropped(10, np.arange(5) % 3 != 1)
    for case in cases():
        with on(case):
            expected = expected_path(case, solver, lr0, 25)
            left = path(case, solver, lr0, 25, dropped)
            difference = expected.first_difference(*left, np.flatnonzero(dropped.keep))
            if difference:
                raise BrokenContractError(
                    f"on {case.name} a lane is another from step {difference[0]} on, after others"
                    f" were dropped before step {dropped.at + 1}: keep all that belongs to lanes"
                    " in the state, with the lanes as the last axis."
                )


def check_parameters(solver: Solver) -> None:
    """Check that each number among the hyper-parameters may differ from lane to lane.

    Raises
    ------
    BrokenContractError
        If an array is refused, or a lane is another than with its value alone.
    """
    lr0 = np.array([0.37, 0.74, 0.21, 0.53])
    dropped = Dropped(7, np.array([True, True, False, True]))
    for key in float_parameters(solver):
        values = _values(solver, key)
        if values is None:
            continue
        for case in cases()[:2]:
            try:
                expected = expected_path(case, solver, lr0, 15, parameters={key: values})
                left = path(case, solver, lr0, 15, dropped, {key: values})
            except Exception as error:
                if isinstance(solver, AdaptedSolver):
                    break  # of an argument that must be a whole number, for instance
                cause = f"{type(error).__name__}: {str(error).partition('. ')[0]}"
                raise BrokenContractError(
                    f"the parameter {key} cannot be an array (n_lanes,), as --over {key} gives it"
                    f" ({cause}): use it in NumPy expressions, and in no if."
                ) from error
            others = [(*left, np.flatnonzero(dropped.keep))]
            for k, value in enumerate(values):
                one = dataclasses.replace(solver, **{key: float(value)})
                others.append((*path(case, one, lr0[k : k + 1], 15), np.array([k])))
            for W, lr, lanes in others:
                if difference := expected.first_difference(W, lr, lanes):
                    raise BrokenContractError(
                        f"on {case.name} a lane whose {key} is one of several takes other steps"
                        f" than with this {key} for all, from step {difference[0]} on: use"
                        f" self.{key} as it is in each step."
                    )


def float_parameters(solver: Solver) -> list[str]:
    """Return the hyper-parameters of a solver that are numbers."""
    hints = typing.get_type_hints(type(solver))
    return [field.name for field in dataclasses.fields(solver) if hints[field.name] is float]


def _values(solver: Solver, key: str) -> PerLane | None:
    """Return values that a hyper-parameter takes; None if it takes no other than its own.

    Raises
    ------
    BrokenContractError
        If it has another value than the class was called with.
    """
    for values in (VALUES, SHARES * getattr(solver, key)):
        try:
            kept = [getattr(dataclasses.replace(solver, **{key: float(v)}), key) for v in values]
        except (LrbenchError, ValueError):
            continue
        if kept != values.tolist():
            value, changed = next(
                pair for pair in zip(values, kept, strict=True) if len({*pair}) > 1
            )
            raise BrokenContractError(
                f"{key} = {value:g} becomes {key} = {changed} when the solver is made: let"
                " __post_init__ refuse a value, and change none.",
                "__post_init__",
            )
        return values
    return None
