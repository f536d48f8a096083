"""Reading what varies over the lanes: 'eta=1e-3:1e3:25', 'scale=0.1,1,10'."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeAlias

from lrbench.config.learning_rates import (
    LearningRate,
    LearningRates,
    learning_rates,
    parse_learning_rates,
)
from lrbench.errors import UsageError, quoted

Axes: TypeAlias = str | Iterable[str] | Mapping[str, LearningRates]
"""``"eta=1e-3:1e3:25"``, several such texts, or a mapping from parameters to their values."""

AUTO = "auto"
"""The values that stand for a grid which finds its ends."""

SCALE = "scale"
"""The name that stands for the free scale of each solver."""

MOST_AXES = 2

HINT = "write it as NAME=VALUES, as in --over eta=1e-3:1e3:25, or as NAME for auto."


class Axis(NamedTuple):
    """A parameter that varies over the lanes, and its values."""

    parameter: str
    """lr0, a hyper-parameter, or `SCALE`."""
    values: tuple[LearningRate, ...]
    """In order; only those of a learning rate may be in units of 1/L. Empty for `AUTO`."""

    @property
    def auto(self) -> bool:
        """Whether the grid finds its ends."""
        return not self.values


def parse_axes(over: Axes | None) -> tuple[Axis, ...]:
    """Return the axes in the order in which they are given; none for None.

    Raises
    ------
    UsageError
        If a text is not NAME=VALUES, there are no values, or there are more than two axes or two of
        the same parameter.
    """
    if over is None:
        return ()
    if isinstance(over, Mapping):
        axes = [Axis(str(name), _values(name, v)) for name, v in over.items()]
    elif isinstance(over, Iterable):
        axes = [_parsed(text) for text in ([over] if isinstance(over, str) else over)]
    else:
        raise UsageError(f"--over {quoted(over)} is no text.", HINT)
    names = [axis.parameter for axis in axes]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"--over gives {quoted(name)} twice.", "give each parameter once.")
    if len(axes) > MOST_AXES:
        raise UsageError(f"--over is given {len(axes)} times.", f"give at most {MOST_AXES} axes.")
    return tuple(axes)


def axis_names(over: Axes | None) -> list[str]:
    """Return the names of the parameters in `over`, whose values may be wrong; no empty one."""
    if isinstance(over, Mapping):
        return [str(name) for name in over]
    texts = [over] if isinstance(over, str) else over or ()
    names = [text.partition("=")[0].strip() for text in texts if isinstance(text, str)]
    return [name for name in names if name]


def _values(name: object, values: LearningRates) -> tuple[LearningRate, ...]:
    if is_auto(values):
        return ()
    if not (rates := learning_rates(values, f"--over {name}")):
        raise UsageError(f"--over {quoted(name)} has no values.", HINT)
    return tuple(rates)


def is_auto(values: object) -> bool:
    """Return whether the values of an option are `AUTO`, alone or as the only one of several."""
    if isinstance(values, list | tuple) and len(values) == 1:
        (values,) = values
    return isinstance(values, str) and values.strip() == AUTO


def _parsed(text: object) -> Axis:
    if not isinstance(text, str):
        raise UsageError(f"--over {quoted(text)} is no text.", HINT)
    name, equals, values = (piece.strip() for piece in text.partition("="))
    if name and not equals:
        values = AUTO
    elif not name or not equals or not values:
        raise UsageError(f"--over {quoted(text)} is not NAME=VALUES.", HINT)
    if values == AUTO:
        return Axis(name, ())
    return Axis(name, tuple(parse_learning_rates([values], f"--over {name}")))
