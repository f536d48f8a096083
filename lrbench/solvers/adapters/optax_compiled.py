"""The functions of a transformation of optax, mapped over lanes and compiled by JAX."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np

ArgumentPath: TypeAlias = tuple[str, int]
"""The name of an argument, and the index of an element of it; -1 for the argument itself."""


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
def compiled(
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
        over_lanes: Callable[..., Any] = jax.jit(jax.vmap(function, in_axes=-1, out_axes=-1))
        return over_lanes

    def answer(w: Any, leaves: Any) -> Any:
        return contrib.schedule_free_eval_params(state_of(leaves), w)

    return Compiled(
        mapped(init),
        mapped(update),
        mapped(answer) if isinstance(state, contrib.ScheduleFreeState) else None,
        needs_value,
    )
