"""Transformations of optax as solvers: ``optax:adam``, ``optax:contrib.prodigy``."""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from lrbench.arrays import Lanes, PerLane
from lrbench.errors import UsageError
from lrbench.objective.oracle import Iterate, Oracle
from lrbench.plugins import Origin, Reference, parse_reference
from lrbench.solvers.adapters.base import AdaptedSolver, adapted
from lrbench.solvers.adapters.locate import library, located
from lrbench.solvers.base import Facts, Solver, Step, rate_of

PREFIX = "optax"

MODULES = ("optax", "optax.contrib")
"""The modules whose own names need not be preceded by the package."""

RATES = ("learning_rate", "max_learning_rate")
"""The names of the learning rate in optax."""


ArgumentPath: TypeAlias = tuple[str, int]
"""The name of an argument, and the index of an element of it; -1 for the argument itself."""


class OptaxState(NamedTuple):
    """The state of a transformation, and of the arrays that it is called with."""

    lr0: PerLane
    """The learning rates, (n_lanes,)."""
    leaves: tuple[Any, ...]
    """The leaves of the state of the transformation, each with the lanes last."""
    width: int
    """The number of lanes that the compiled step is for."""


class Compiled(NamedTuple):
    """The compiled functions of a transformation, of which every array has the lanes last."""

    init: Callable[..., Any]
    """(rates, W) -> leaves, with the learning rates and the varied arguments as rates."""
    update: Callable[..., Any]
    """(rates, W, G, values, leaves) -> (change of W, leaves)."""
    answer: Callable[..., Any] | None
    """(rates, W, leaves) -> the method's own answer; None where it is the iterate."""
    needs_value: bool
    """Whether a step needs the values of the objective."""


@functools.cache
def _compiled(
    make: Callable[..., Any],
    keywords: tuple[tuple[str, Any], ...],
    varied: tuple[ArgumentPath, ...],
) -> Compiled:
    """Return the functions of a transformation, mapped over lanes and compiled when called.

    Parameters
    ----------
    make, keywords
        What makes it, and the arguments that all lanes share.
    varied
        Where the arguments have a value for each lane.

    Raises
    ------
    Exception
        Whatever the transformation raises if it does not take these arguments, or needs more than a
        gradient and a value.
    """
    jax, contrib = sys.modules["jax"], sys.modules["optax.contrib"]
    tree = jax.tree_util

    def transformation(rates: Mapping[ArgumentPath, Any]) -> Any:
        values = dict(keywords)
        for (name, k), rate in rates.items():
            old: Any = values.get(name)
            values[name] = rate if k < 0 else (*old[:k], rate, *old[k + 1 :])
        return make(**values)

    with jax.enable_x64(True):
        number = jax.ShapeDtypeStruct((), np.float64)
        w = jax.ShapeDtypeStruct((2,), np.float64)
        rates = dict.fromkeys(varied, number)
        state = jax.eval_shape(lambda rates, w: transformation(rates).init(w), rates, w)
        shapes, structure = tree.tree_flatten(state)
        # NumPy has no keys of random numbers: the numbers that they are made of take their place.
        keys = [jax.dtypes.issubdtype(s.dtype, jax.dtypes.prng_key) for s in shapes]

        def leaves_of(state: Any) -> tuple[Any, ...]:
            pairs = zip(tree.tree_leaves(state), keys, strict=True)
            return tuple(jax.random.key_data(leaf) if key else leaf for leaf, key in pairs)

        def state_of(leaves: Any) -> Any:
            pairs = zip(leaves, keys, strict=True)
            own = [jax.random.wrap_key_data(leaf) if key else leaf for leaf, key in pairs]
            return tree.tree_unflatten(structure, own)

        def init(rates: Mapping[ArgumentPath, Any], w: Any) -> tuple[Any, ...]:
            return leaves_of(transformation(rates).init(w))

        def update(
            rates: Mapping[ArgumentPath, Any], w: Any, g: Any, leaves: Any, extra: Mapping[str, Any]
        ) -> tuple[Any, tuple[Any, ...]]:
            change, state = transformation(rates).update(g, state_of(leaves), w, **extra)
            return change, leaves_of(state)

        leaves = jax.eval_shape(init, rates, w)
        needs_value = False
        try:
            jax.eval_shape(update, rates, w, w, leaves, {})
        except TypeError:
            jax.eval_shape(update, rates, w, w, leaves, {"value": number, "grad": w})
            needs_value = True

    def mapped(function: Callable[..., Any]) -> Callable[..., Any]:
        compiled: Callable[..., Any] = jax.jit(jax.vmap(function, in_axes=-1, out_axes=-1))
        return compiled

    def answer(w: Any, leaves: Any) -> Any:
        return contrib.schedule_free_eval_params(state_of(leaves), w)

    return Compiled(
        mapped(init),
        mapped(update),
        mapped(answer) if isinstance(state, contrib.ScheduleFreeState) else None,
        needs_value,
    )


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
        return _compiled(self.make, tuple(self.keywords(0).items()), tuple(places))

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
