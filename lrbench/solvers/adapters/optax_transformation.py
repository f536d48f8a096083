"""Transformations of optax as solvers: ``optax:adam``, ``optax:contrib.prodigy``."""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from lrbench.arrays import Lanes, PerLane
from lrbench.errors import UsageError
from lrbench.objective.oracle import Iterate, Oracle
from lrbench.plugins import Origin, Reference, parse_reference
from lrbench.solvers.adapters.base import AdaptedSolver, adapted
from lrbench.solvers.adapters.locate import library, located
from lrbench.solvers.adapters.optax_compiled import ArgumentPath, Compiled, compiled
from lrbench.solvers.base import Facts, Solver, Step, rate_of

PREFIX = "optax"

MODULES = ("optax", "optax.contrib")
"""The modules whose own names need not be preceded by the package."""

RATES = ("learning_rate", "max_learning_rate")
"""The names of the learning rate in optax."""


class OptaxState(NamedTuple):
    """The state of a transformation, and of the arrays that it is called with."""

    lr0: PerLane
    """The learning rates, (n_lanes,)."""
    leaves: tuple[Any, ...]
    """The leaves of the state of the transformation, each with the lanes last."""
    width: int
    """The number of lanes that the compiled step is for."""


class OptaxSolver(AdaptedSolver):
    """A solver whose steps are those of a transformation of optax, mapped over the lanes.

    The parameters of the transformation are the iterate of a lane, of shape (n_features,). Where it
    needs the value of the objective, too, that of the minibatch is evaluated and metered. The step
    is compiled before the first one, and again each time that half of the lanes have ended, which
    counts as time of the solver. JAX computes in float64 while it makes a step, and elsewhere as it
    is configured. The answer of a schedule-free transformation is the point that it evaluates. What
    a transformation draws at random is not from the seed of the run.
    """

    packages = ("optax", "jax", "jaxlib")

    def __post_init__(self) -> None:
        rate = {self.rate: 1.0} if self.rate else {}
        try:
            for keywords in self.different_keywords():
                made = self.make(**keywords, **rate)
                if not isinstance(made, sys.modules["optax"].GradientTransformation):
                    raise TypeError(f"it makes a {type(made).__name__}, and no transformation")
            _ = self.compiled  # traced, but not compiled yet
        except Exception as error:  # whatever it raises
            raise self.refused(error) from error

    @functools.cached_property
    def compiled(self) -> Compiled:
        """The compiled functions."""
        places = ([(self.rate, -1)] if self.rate else []) + [*self._varied_values]
        return compiled(self.make, tuple(self.keywords(0).items()), tuple(places))

    @functools.cached_property
    def _varied_values(self) -> dict[ArgumentPath, Any]:
        """The values of what varies over the lanes, (n_lanes,) each."""
        of_lanes = list(self.different_keywords())
        values: dict[ArgumentPath, Any] = {}
        for argument in self.arguments:
            for k, parameter in enumerate(argument.parameters):
                if parameter in self.varied:
                    own = [keywords[argument.name] for keywords in of_lanes]
                    element = isinstance(argument.default, tuple)
                    values[argument.name, k if element else -1] = np.array(
                        [value[k] if element else value for value in own]
                    )
        return values

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> OptaxState:
        with sys.modules["jax"].enable_x64(True):
            leaves = _arrays(self.compiled.init(self._rates(lr0, 0), W))
            state = OptaxState(lr0, leaves, len(lr0))
            self._change(W, np.zeros_like(W), state, np.zeros_like(lr0))  # which compiles it
        return state

    def step(self, W: Iterate, state: OptaxState, oracle: Oracle) -> Step:
        gradient = oracle.gradient(W)
        values = oracle.value(W) if self.compiled.needs_value else None
        change, state = self._change(W, gradient.dense(), state, values)
        D = -change
        return Step(oracle.move(W, D), rate_of(D, gradient), state)

    def _change(
        self, W: Lanes, G: Lanes, state: OptaxState, values: PerLane | None
    ) -> tuple[Lanes, OptaxState]:
        """Return the change of `W` and the next state."""
        n_lanes, width = len(state.lr0), state.width
        if 2 * n_lanes <= width:
            width = n_lanes
        missing = width - n_lanes
        arrays = W, G, state.leaves, {} if values is None else {"value": values, "grad": G}
        with sys.modules["jax"].enable_x64(True):
            W, G, leaves, extra = _padded(arrays, missing)
            compiled = self.compiled
            change, leaves = compiled.update(
                self._rates(state.lr0, missing), W, G, leaves, extra if compiled.needs_value else {}
            )
        leaves = _arrays(leaves)
        out = np.asarray(change)
        if missing:
            out, leaves = out[..., :n_lanes], tuple(leaf[..., :n_lanes] for leaf in leaves)
        return out, OptaxState(state.lr0, leaves, width)

    def _rates(self, lr0: PerLane, missing: int) -> dict[ArgumentPath, Any]:
        """Return the learning rates and the varied arguments, padded by some lanes."""
        rates: dict[ArgumentPath, Any] = {(self.rate, -1): lr0} if self.rate else {}
        padded: dict[ArgumentPath, Any] = _padded(rates | self._varied_values, missing)
        return padded

    def output(self, W: Lanes, state: OptaxState) -> Lanes | None:
        answer = self.compiled.answer
        if answer is None:
            return None
        with sys.modules["jax"].enable_x64(True):
            out: Lanes = np.asarray(answer(W, state.leaves))
        return out


def _arrays(leaves: Any) -> tuple[Any, ...]:
    """Return arrays of JAX as those of NumPy."""
    return tuple(np.asarray(leaf) for leaf in leaves)


def _padded(arrays: Any, missing: int) -> Any:
    """Return a tree of arrays with copies of the last lane behind the others."""
    if not missing:
        return arrays
    if isinstance(arrays, Mapping):
        return {name: _padded(array, missing) for name, array in arrays.items()}
    if isinstance(arrays, tuple):
        return tuple(_padded(array, missing) for array in arrays)
    return np.concatenate([arrays, np.repeat(arrays[..., -1:], missing, axis=-1)], axis=-1)


def solver_of(path: str, origin: Origin | None = None) -> type[Solver]:
    """Return the solver of a function that makes a transformation of optax.

    Parameters
    ----------
    path
        ``adam``, ``contrib.dog``, ``package.module:name``, ``file.py:name``.
    origin
        What another process sent; None in this one.

    Raises
    ------
    UsageError
        If optax or the module is not installed, or there is no such function.
    """
    reference = Reference(PREFIX, path)
    optax = library(PREFIX, str(reference))
    importlib.import_module("optax.contrib")
    own = parse_reference(path) is None and hasattr(optax, path.partition(".")[0])
    full = f"{PREFIX}.{path}" if own or "." not in path else path
    module, make = located(reference, full, origin, installed)
    if not inspect.isroutine(make):
        raise UsageError(
            f"{path} is of type {type(make).__name__}, and no function that makes a transformation"
            " of optax.",
            f"write one, as in def {full.rpartition('.')[2]}(learning_rate).",
        )
    parameters = inspect.signature(make).parameters
    rate = next((name for name in RATES if name in parameters), "")
    return adapted(OptaxSolver, reference, make, module, load, rate)


def is_known(path: str) -> bool:
    """Return whether a name is in optax."""
    return "." not in path or path.partition(".")[0] in ("contrib", PREFIX)


def load(origin: Origin) -> type[Solver]:
    """Return the solver that another process sent."""
    assert origin.reference is not None
    return solver_of(origin.reference.name, origin)


def installed() -> dict[str, str]:
    """Return the functions of optax that take a learning rate and need nothing else, by name."""
    library(PREFIX, f"{PREFIX}:adam")
    out = {}
    for place in MODULES:
        module = importlib.import_module(place)
        for name, function in sorted(vars(module).items()):
            if not inspect.isroutine(function) or name.startswith(("_", "scale_by_")):
                continue  # those of the second kind are parts of others
            signature = inspect.signature(function)
            others = [
                p
                for p in signature.parameters.values()
                if p.default is p.empty and p.name not in RATES and p.kind is not p.VAR_KEYWORD
            ]
            result = signature.return_annotation
            makes = result is signature.empty or "GradientTransformation" in str(result)
            if makes and not others and not signature.parameters.keys().isdisjoint(RATES):
                out[f"{place}.{name}".removeprefix(f"{PREFIX}.")] = inspect.getdoc(function) or ""
    return out
