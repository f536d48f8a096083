"""What a page is made of, before it is known where it is shown."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

WIDTH = 80
"""The columns that every page fits into."""

Style: TypeAlias = Literal["", "title", "dim", "good", "bad", "warn"]


GLUED = re.compile(r" (=|<=|>=|<|-|\+-) | (?=%)|(?<=--lr0) |(?<=--scale) ")
"""Where no line ends: ``lr0 = 1``, ``5 %`` and ``--scale maxabs`` stay in one piece."""

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""What a terminal may take for a command; blanks and ends of lines are none."""


def printable(text: str) -> str:
    """Return `text` with control characters written as escapes."""
    return CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


@dataclass(frozen=True)
class TableCell:
    """A piece of text and what it means."""

    text: str
    style: Style = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", printable(self.text))


@dataclass(frozen=True)
class Line:
    """Pieces of text with commas between them; a line that is too long breaks between pieces."""

    pieces: tuple[str, ...]
    style: Style = ""
    recurs: tuple[str, ...] = ()
    """What the captions of later tables say again, too."""
    note: bool = False
    """Whether it explains a table: then it is no part of its caption."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "pieces", tuple(map(printable, self.pieces)))
        object.__setattr__(self, "recurs", tuple(map(printable, self.recurs)))

    def wrapped(self, width: int) -> list[str]:
        """Return lines of at most `width` characters where the pieces allow it."""
        lines: list[str] = []
        flows = False
        for k, piece in enumerate(self.pieces):
            text = piece + ("," if k + 1 < len(self.pieces) else "")
            if lines and len(lines[-1]) + 1 + len(text) <= width:
                lines[-1] += " " + text
                continue
            if flows:  # no few words alone on a line where a long piece ended
                text = lines.pop().strip() + " " + text
            more = _wrap(text, width, "  " if lines else "")
            lines, flows = lines + more, len(more) > 1
        return lines


def _wrap(text: str, width: int, indent: str) -> list[str]:
    """Return the text in lines: the first indented by so much, the others by two."""
    glued = GLUED.sub(lambda match: match[0].replace(" ", "\xa0"), text)
    wrapped = textwrap.wrap(
        glued,
        width,
        initial_indent=indent,
        subsequent_indent="  ",
        break_on_hyphens=False,
        break_long_words=False,
    )
    return [found.replace("\xa0", " ") for found in wrapped] or [""]


def line(*pieces: str, style: Style = "", recurs: tuple[str, ...] = (), note: bool = False) -> Line:
    """Return a line of these pieces."""
    return Line(pieces, style, recurs, note)


@dataclass(frozen=True)
class Grid:
    """A table."""

    columns: Sequence[str]
    rows: Sequence[Sequence[TableCell]]
    left: frozenset[int] = field(default_factory=frozenset)
    """The columns that are text; the others are numbers, aligned right."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", tuple(map(printable, self.columns)))


@dataclass(frozen=True)
class Drawing:
    """Rows of characters of one width: pieces that follow each other without a blank."""

    rows: Sequence[Sequence[TableCell]]

    def lines(self) -> list[str]:
        """Return the rows as text without trailing blanks."""
        return ["".join(cell.text for cell in row).rstrip() for row in self.rows]


Block: TypeAlias = Line | Grid | Drawing


def number(value: float | None, digits: int = 3) -> str:
    """Return `value` to so many significant digits; scientific where it is small or large."""
    if value is None or value != value:
        return "-"
    if value == 0:
        return "0"
    if 1e-2 <= abs(value) < 10**digits:
        return f"{value:#.{digits}g}".rstrip(".")
    return f"{value:.{digits - 1}e}"


def scientific(value: float | None, digits: int = 3) -> str:
    """Return `value` as in 7.34e-03: one width for a whole column."""
    return "-" if value is None or value != value else f"{value:.{digits - 1}e}"


def gap(value: float | None, error: float, digits: int = 3) -> str:
    """Return a measured F - f*; below the error of f* only that it is."""
    if value is not None and value < error:
        return f"<{error:.0e}"
    return scientific(value, digits)


def short_number(value: float, digits: int = 3) -> str:
    """Return `value` to so many significant digits in few characters: 0.01, 3160, 3.16e-4."""
    rounded = f"{value:.{digits - 1}e}"
    plain = f"{float(rounded):.{max(digits, 6)}g}"
    if "e" not in plain and len(plain) <= max(digits + 4, 7):
        return plain
    mantissa, _, exponent = rounded.partition("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(exponent)}"
