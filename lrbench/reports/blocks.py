"""What a page is made of, before it is known where it is shown."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

WIDTH = 80
"""The columns that every page fits into."""

Style: TypeAlias = Literal["", "title", "dim", "good", "bad", "warn"]


@dataclass(frozen=True)
class Cell:
    """A piece of text and what it means."""

    text: str
    style: Style = ""


@dataclass(frozen=True)
class Line:
    """Pieces of text with commas between them; a line that is too long breaks between pieces."""

    pieces: tuple[str, ...]
    style: Style = ""

    def wrapped(self, width: int) -> list[str]:
        """Return lines of at most `width` characters where the pieces allow it."""
        lines: list[str] = []
        for k, piece in enumerate(self.pieces):
            text = piece + ("," if k + 1 < len(self.pieces) else "")
            if lines and len(lines[-1]) + 1 + len(text) <= width:
                lines[-1] += " " + text
            else:
                lines += textwrap.wrap(
                    text,
                    width,
                    initial_indent="  " if lines else "",
                    subsequent_indent="  ",
                    break_on_hyphens=False,
                    break_long_words=False,
                ) or [""]
        return lines


def line(*pieces: str, style: Style = "") -> Line:
    """Return a line of these pieces."""
    return Line(pieces, style)


@dataclass(frozen=True)
class Grid:
    """A table."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    left: frozenset[int] = field(default_factory=frozenset)
    """The columns that are text; the others are numbers, aligned right."""


Block: TypeAlias = Line | Grid


def number(value: float | None, digits: int = 3) -> str:
    """Return `value` to so many significant digits; scientific where it is small or large."""
    if value is None or value != value:
        return "-"
    if value == 0:
        return "0"
    if 1e-2 <= abs(value) < 10**digits:
        return f"{value:#.{digits}g}".rstrip(".")
    return f"{value:.{digits - 1}e}"


def scientific(value: float | None) -> str:
    """Return `value` as in 7.34e-03: one width for a whole column."""
    return "-" if value is None or value != value else f"{value:.2e}"
