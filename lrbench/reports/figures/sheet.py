"""A figure as calls of matplotlib's methods, which are made at once or written as a script."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lrbench.reports.blocks import printable

WIDTH = 3.3
"""The width of a column of a paper in inches."""

DIGITS = 6
"""Significant digits of the numbers of a figure; a picture shows three or four."""

MOST_POINTS = 400
"""The most points of a curve; more cannot be told apart on a column's width."""

MOST_LABEL = 44
"""The most characters of a name in a figure."""

MOST_TITLE = 200
"""The most characters of what stands above a figure."""


@dataclass(frozen=True)
class Variable:
    """Stands for a variable of the script among the arguments of a call."""

    name: str


@dataclass(frozen=True)
class Call:
    """A call of a method, ``ax.plot([1, 2], [3, 4], color="C0")``."""

    method: str
    arguments: tuple[Any, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    of: str = "ax"
    """The variable whose method it is: an axes, ``"ax"``, or the ``"part"`` of the figure."""
    result: str = ""
    """The variable that keeps what the method returns; empty for none."""


@dataclass(frozen=True)
class Panel:
    """The calls that draw one axes."""

    calls: tuple[Call, ...]
    height: float = 1.0
    """Relative to the panels that stand above or below it."""


@dataclass(frozen=True)
class Part:
    """The part of a figure that belongs to one problem or solver: panels above each other."""

    panels: tuple[Panel, ...]
    calls: tuple[Call, ...] = ()
    """Those that follow, such as that of the legend."""
    blank: bool = False
    """Whether it shows that there is nothing to show."""


@dataclass(frozen=True)
class Sheet:
    """A figure: parts side by side."""

    parts: tuple[Part, ...]
    height: float
    """That of a part in inches."""
    title: str = ""
    """What the figure shows, for the script; it does not stand in the figure."""

    @property
    def n_columns(self) -> int:
        """The number of parts side by side."""
        return min(len(self.parts), MOST_COLUMNS)

    @property
    def n_rows(self) -> int:
        """The number of parts above each other."""
        return math.ceil(len(self.parts) / self.n_columns)

    @property
    def size(self) -> tuple[float, float]:
        """The width and the height in inches."""
        return round(WIDTH * self.n_columns, 2), round(self.height * self.n_rows, 2)


MOST_COLUMNS = 3
"""The most parts side by side."""


def call(method: str, *arguments: Any, **settings: Any) -> Call:
    """Return a call of a method of the axes."""
    return Call(method, arguments, settings)


def rounded(numbers: Iterable[float]) -> list[float]:
    """Return the numbers to `DIGITS` significant digits, whole ones as integers."""
    return [_short(float(f"{number:.{DIGITS}g}")) for number in numbers]


def _short(number: float) -> float:
    return int(number) if number.is_integer() and abs(number) < 10**DIGITS else number


def literal(text: str, most: int = MOST_LABEL) -> str:
    """Return a text of the user's as matplotlib shows it letter by letter.

    Control characters become escapes, and a dollar sign begins no formula. A text of more than
    `most` characters is cut in the middle.
    """
    clean = " ".join(printable(text).split())
    if len(clean) > most:
        half = most // 2
        clean = f"{clean[:half]}…{clean[-half + 1 :]}"
    clean = clean.replace("$", r"\$")
    # A legend leaves out what begins with an underscore, but not a formula.
    return rf"$\_${clean[1:]}" if clean.startswith("_") else clean


def thinned(n_points: int, needed: Iterable[int] = (), most: int = MOST_POINTS) -> list[int]:
    """Return the indices of at most so many of some points, and of those that are needed."""
    if n_points <= most:
        return list(range(n_points))
    step = (n_points - 1) / (most - 1)
    return sorted({round(k * step) for k in range(most)} | set(needed))


def picked(numbers: Sequence[float], indices: Iterable[int]) -> list[float]:
    """Return some of the numbers, rounded."""
    return rounded(numbers[k] for k in indices)
