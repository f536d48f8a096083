"""The parts of a group of parameters, each of which has a b of its own."""

from __future__ import annotations

import functools
import re
from collections import Counter
from typing import Literal, NamedTuple, TypeAlias

from lrbench.errors import quoted
from lrbench.torch.errors import OptimizerError

TensorScope: TypeAlias = Literal["all", "layer", "row"]

BELOW_MODULE = re.compile(r"(^|\.)(parametrizations\..*|[^.]*)$")
"""What the name of a parameter has behind that of its module, which torch may parametrise."""


class GroupParts(NamedTuple):
    """The number of parts of a group, and which of them each parameter has."""

    n_parts: int
    slices: tuple[slice, ...]
    """One for each parameter; with the scope ``"row"`` of as many parts as it has rows."""


@functools.lru_cache(maxsize=64)  # it is asked for in every step
def parts_of(
    scope: TensorScope, names: tuple[str, ...] | None, shapes: tuple[tuple[int, ...], ...]
) -> GroupParts:
    """Return the parts of a group.

    A layer is a module: parameters whose names are equal up to the last dot. A row is a slice along
    the first axis, of all parameters of a layer with as many of them.

    Parameters
    ----------
    scope
        Which parameters share a b.
    names
        Those of the parameters in their modules; None where they are not known.
    shapes
        Those of the parameters.

    Raises
    ------
    OptimizerError
        If the scope needs names, and they are not known or not different.
    """
    if scope == "all":
        return GroupParts(1, (slice(0, 1),) * len(shapes))
    if names is None:
        raise OptimizerError(
            f"scope={scope!r} must know which parameters are of one layer, and they have no names.",
            "give model.named_parameters() in the place of model.parameters().",
        )
    same = next((name for name, count in Counter(names).items() if count > 1), None)
    if same is not None:
        raise OptimizerError(
            f"scope={scope!r} must know which parameters are of one layer, and two of them have the"
            f" name {quoted(same)}.",
            "put them into different groups, or name each with its module.",
        )
    starts: dict[tuple[str, int], int] = {}
    slices: list[slice] = []
    n_parts = 0
    for name, shape in zip(names, shapes, strict=True):
        n_rows = shape[0] if scope == "row" and shape else 1
        key = (BELOW_MODULE.sub("", name), n_rows)
        if key not in starts:
            starts[key] = n_parts
            n_parts += n_rows
        slices.append(slice(starts[key], starts[key] + n_rows))
    return GroupParts(n_parts, tuple(slices))
