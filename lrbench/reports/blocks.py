"""The blocks of a page (lines, tables and drawings), whatever form it is written in."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

WIDTH = 80
"""The columns that every page fits into, unless a terminal is wider."""

LABEL_WIDTH = 9
"""The columns of the label of a line."""

GAP = 2
"""Blanks between two columns of a table."""

Style: TypeAlias = Literal["", "title", "dim", "good", "bad", "warn"]

GLUED = re.compile(r" (=|<=|>=|<|-|\+-) | (?=%)|(?<=--lr0) |(?<=--over) |(?<=--scale) ")
"""Blanks at which no line is broken: ``lr0 = 1``, ``5 %`` and ``--scale maxabs`` stay together."""

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Characters that a terminal may take for a command, or that turn the direction of what follows;
tabs and ends of lines are harmless."""


def printable(text: str) -> str:
    """Return `text` with control characters written as escapes, as Python has them."""
    return CONTROL.sub(lambda match: ascii(match[0])[1:-1], text)


@dataclass(frozen=True)
class TableCell:
    """A piece of text and its style."""

    text: str
    style: Style = ""

    def __post_init__(self) -> None:
        # Here and not where pages are written: no page can forget it. The text may be a label or
        # a title of somebody else's file.
        object.__setattr__(self, "text", printable(self.text))


@dataclass(frozen=True)
class Line:
    """Pieces of text, joined by commas; a line that is too long is broken between pieces."""

    pieces: tuple[str, ...]
    style: Style = ""
    recurs: tuple[str, ...] = ()
    """The pieces that the captions of later tables repeat."""
    note: bool = False
    """Whether the line explains a table; such a line is not part of the caption."""
    label: str = ""
    """A word on the left, beside which the pieces stand as a column of their own."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "pieces", tuple(map(printable, self.pieces)))
        object.__setattr__(self, "recurs", tuple(map(printable, self.recurs)))

    @property
    def text(self) -> str:
        """The pieces and the label as one text."""
        return f"{self.label}: " * bool(self.label) + ", ".join(self.pieces)

    def wrapped(self, width: int) -> list[str]:
        """Return lines of at most `width` characters where the pieces allow it."""
        if not self.label:
            return self._wrapped(width)
        column = [text.strip() for text in self._wrapped(width - LABEL_WIDTH)]
        labels = [self.label, *[""] * (len(column) - 1)]
        return [label.ljust(LABEL_WIDTH) + text for label, text in zip(labels, column, strict=True)]

    def _wrapped(self, width: int) -> list[str]:
        lines: list[str] = []
        last_piece_wrapped = False
        for k, piece in enumerate(self.pieces):
            text = piece + ("," if k + 1 < len(self.pieces) else "")
            if lines and len(lines[-1]) + 1 + len(text) <= width:
                lines[-1] += " " + text
                continue
            if last_piece_wrapped:  # else its last few words would stand alone on a line
                text = lines.pop().strip() + " " + text
            lines_of_piece = _wrap(text, width, "  " if lines else "")
            lines += lines_of_piece
            last_piece_wrapped = len(lines_of_piece) > 1
        return lines


BREAK = ",\x01 "
"""Stands for a comma behind which a line may be broken; `printable` leaves no such character."""


def _wrap(text: str, width: int, indent: str) -> list[str]:
    """Return the text in lines: the first indented by `indent`, the others by two blanks.

    A name with parameters that is too long for a line is broken behind a comma.
    """
    # textwrap breaks at ASCII blanks alone, so a non-breaking one holds the pieces together.
    glued = GLUED.sub(lambda match: match[0].replace(" ", "\xa0"), text)
    glued = " ".join(
        word.replace(",", BREAK) if len(word) > width and "[" in word else word
        for word in glued.split(" ")
    )
    lines = textwrap.wrap(
        glued,
        width,
        initial_indent=indent,
        subsequent_indent="  ",
        break_on_hyphens=False,
        break_long_words=False,
    )
    for mark, meant in (("\xa0", " "), (BREAK, ","), (BREAK.rstrip(), ",")):
        lines = [text.replace(mark, meant) for text in lines]
    return lines or [""]


def line(
    *pieces: str,
    style: Style = "",
    recurs: tuple[str, ...] = (),
    note: bool = False,
    label: str = "",
) -> Line:
    """Return a line of these pieces."""
    return Line(pieces, style, recurs, note, label)


@dataclass(frozen=True)
class Grid:
    """A table."""

    columns: Sequence[str]
    rows: Sequence[Sequence[TableCell]]
    left: frozenset[int] = field(default_factory=frozenset)
    """The columns of text, which are aligned left; the others are numbers, aligned right."""
    starts: tuple[int, ...] = ()
    """The columns with which a group begins that stays together; empty where every one does."""
    parts: Mapping[int, str] = field(default_factory=dict)
    """Index of a row -> the heading of the part of the table that begins with it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", tuple(map(printable, self.columns)))
        parts = {row: printable(heading) for row, heading in self.parts.items()}
        object.__setattr__(self, "parts", parts)


@dataclass(frozen=True)
class Drawing:
    """Rows of characters; the pieces of a row follow each other without a blank."""

    rows: Sequence[Sequence[TableCell]]

    def lines(self) -> list[str]:
        """Return the rows as text without trailing blanks."""
        return ["".join(cell.text for cell in row).rstrip() for row in self.rows]


Block: TypeAlias = Line | Grid | Drawing


TextColumn: TypeAlias = tuple[str, list[str]]
"""A heading and the texts below it."""

CellColumn: TypeAlias = tuple[str, list[TableCell]]
"""A heading and the cells below it."""

NO_VALUE = frozenset({"", "-", "none"})
"""The texts of cells without a value."""


def folded(first: TextColumn, groups: Sequence[list[TextColumn]], width: int) -> Iterator[Block]:
    """Yield tables of numbers that all start with the column `first` and fit the page.

    Parameters
    ----------
    first
        The column that identifies a row.
    groups
        Columns that stay together. A group that is too wide for a page gets a table all the same.
    width
        The columns of the page.
    """
    cells = [[(name, list(map(TableCell, texts))) for name, texts in group] for group in groups]
    yield from folded_cells((first[0], list(map(TableCell, first[1]))), cells, width)


def folded_cells(
    first: CellColumn,
    groups: Sequence[list[CellColumn]],
    width: int,
    left: frozenset[str] = frozenset(),
    parts: Mapping[int, str] | None = None,
) -> Iterator[Block]:
    """Yield tables as `folded` does; `left` holds the headings of the columns of text.

    The `parts` are those of `Grid`.
    """
    columns: list[CellColumn] = [first]
    starts: list[int] = []
    for group in groups:
        if len(columns) > 1 and table_width([*columns, *group]) > width:
            yield _grid(columns, left, starts, parts)
            yield line("")
            columns, starts = [first], []
        starts.append(len(columns))
        columns += group
    yield _grid(columns, left, starts, parts)


def with_values(columns: Iterable[CellColumn]) -> list[CellColumn]:
    """Return the columns of which at least one cell has a value."""
    return [(name, cells) for name, cells in columns if any(c.text not in NO_VALUE for c in cells)]


def table_width(columns: Sequence[CellColumn]) -> int:
    """Return the columns that a table takes."""
    widths = [max(map(len, [name, *(c.text for c in cells)])) for name, cells in columns]
    return sum(widths) + GAP * (len(widths) - 1)


def _grid(
    columns: Sequence[CellColumn],
    left: frozenset[str],
    starts: Sequence[int],
    parts: Mapping[int, str] | None,
) -> Grid:
    names, cells = zip(*columns, strict=True)
    aligned_left = frozenset(k for k, name in enumerate(names) if name in left)
    return Grid(names, list(zip(*cells, strict=True)), aligned_left, tuple(starts), parts or {})


def number(value: float | None, digits: int = 3) -> str:
    """Return `value` to `digits` significant digits, in scientific notation if small or large."""
    if value is None or value != value:
        return "-"
    if value == 0:
        return "0"
    if 1e-2 <= abs(value) < 10**digits:
        return f"{value:#.{digits}g}".rstrip(".")  # with #, zeros at the end are kept: 1.00
    return f"{value:.{digits - 1}e}"


def scientific(value: float | None, digits: int = 3) -> str:
    """Return `value` as 7.34e-03, so that all numbers of a column have one width."""
    return "-" if value is None or value != value else f"{value:.{digits - 1}e}"


def gap(value: float | None, error: float, digits: int = 3) -> str:
    """Return a measured F - f*, or ``<2e-15`` where it is below `error`, that of f*.

    Where f* is not known, `error` is infinite, and the value is that of F.
    """
    if value is not None and value < error < math.inf:
        return f"<{error:.0e}"
    return scientific(value, digits)


def short_gap(value: float | None, error: float) -> str:
    """Return F - f* in seven characters: two digits, or one if the exponent has three."""
    return gap(value, error, 1 if value is not None and abs(value) >= 1e99 else 2)


def short_number(value: float, digits: int = 3) -> str:
    """Return `value` to `digits` significant digits in few characters: 0.01, 3160, 3.16e-4."""
    rounded = f"{value:.{digits - 1}e}"
    # Rounded already, so six digits add none; they let 3160 stand without an exponent.
    plain = f"{float(rounded):.{max(digits, 6)}g}"
    if "e" not in plain and len(plain) <= max(digits + 4, 7):
        return plain
    mantissa, _, exponent = rounded.partition("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(exponent)}"
