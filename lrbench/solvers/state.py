"""The tree that a solver keeps from step to step: arrays with the lanes last, and plain numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from lrbench.arrays import Index, Lanes, Mask, take
from lrbench.config.values import REAL
from lrbench.errors import ContractError
from lrbench.solvers.base import Solver, Step

FLOAT = np.dtype(np.float64)


def of_every_row(A: Lanes, G: Lanes) -> Lanes:
    """Return an array of a state that has a row for each of the gradient's, to be written to.

    It is `A` itself, or zeros where that has the one row of zeros of a state before its first step.
    """
    return A if A.shape == G.shape else np.zeros_like(G)


def keep_lanes(state: Any, lanes: Index | Mask) -> Any:
    """Return a state's tree with these lanes of its arrays."""
    return mapped(state, lambda leaf: take(leaf, lanes) if is_per_lane(leaf) else leaf)


def mapped(state: Any, function: Callable[[Any], Any]) -> Any:
    """Return a state's tree with `function` applied to every leaf."""
    if isinstance(state, Mapping):
        return {key: mapped(value, function) for key, value in state.items()}
    if isinstance(state, tuple | list):
        values = [mapped(value, function) for value in state]
        return type(state)(*values) if hasattr(state, "_fields") else type(state)(values)
    return function(state)


def leaves(state: Any, place: str = "state") -> Iterator[tuple[str, Any]]:
    """Yield the place of every leaf in a state's tree, such as ``state.pairs[0]``, and the leaf."""
    if isinstance(state, Mapping):
        for key, value in state.items():
            yield from leaves(value, f"{place}[{key!r}]")
    elif isinstance(state, tuple | list):
        names = getattr(state, "_fields", None)
        for k, value in enumerate(state):
            yield from leaves(value, f"{place}.{names[k]}" if names else f"{place}[{k}]")
    else:
        yield place, state


def step_fault(returned: Any, before: Any, n_lanes: int) -> str:
    """Return what is wrong with what a step has returned, and what to do; empty if nothing is.

    Parameters
    ----------
    returned
        What the step has returned.
    before
        The iterate that it was given.
    n_lanes
        The number of lanes.
    """
    if type(returned) is not Step and not (isinstance(returned, tuple) and len(returned) == 3):
        what = f"a {type(returned).__name__}"
        if returned is None:
            what = "nothing"
        elif isinstance(returned, tuple):
            what = f"{len(returned)} values"
        return f"step returns {what}: return Step(W, lr, state)"
    W, lr, _ = returned
    is_array = type(W) is np.ndarray
    if W is not before and (
        type(W) is not type(before) or (is_array and (W.shape, W.dtype) != (before.shape, FLOAT))
    ):
        shape = f", shape {W.shape} and numbers of {W.dtype}" if is_array else ""
        return (
            f"the iterate that a step returns is of type {type(W).__name__}{shape}: return what"
            " descend, move or prox of the oracle returns"
        )
    if not isinstance(lr, np.ndarray) or lr.shape != (n_lanes,):
        return (
            f"the rates of a step have shape {getattr(lr, 'shape', None)}, and not (n_lanes,) ="
            f" {(n_lanes,)}: return an array with the rate of each lane"
        )
    if lr.dtype.kind not in REAL:
        return f"the rates of a step are of {lr.dtype}, and no real numbers: return float64"
    return ""


def is_per_lane(leaf: Any) -> bool:
    """Return whether a leaf of a state has a value for each lane: it is an array with an axis."""
    return isinstance(leaf, np.ndarray) and leaf.ndim > 0


def check_state(solver: Solver, state: Any, n_lanes: int) -> None:
    """Check that a state is a tree of arrays with the lanes last, and of plain numbers.

    Raises
    ------
    ContractError
        With the place of the first leaf that is neither.
    """
    for place, leaf in leaves(state):
        if is_per_lane(leaf):
            if leaf.shape[-1] != n_lanes:
                raise ContractError(
                    f"{solver.name}: {place} has shape {leaf.shape}, whose last axis is not that of"
                    f" the {n_lanes} lanes: put the lanes last."
                )
        elif not isinstance(leaf, np.ndarray | np.generic | int | float | str | None):
            raise ContractError(
                f"{solver.name}: {place} is a {type(leaf).__name__}, and neither an array with the"
                " lanes last nor a plain number: make it a tree of these."
            )
    names = getattr(state, "_fields", ())
    for name in solver.traced:
        if name not in names:
            raise ContractError(f"{solver.name}: state has no field {name}, which is traced.")
