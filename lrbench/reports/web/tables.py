"""Tables that a reader can sort: cells with a text for people and a key to sort by."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from lrbench.reports.blocks import Style, TableCell, printable

NUMBER = re.compile(r"(?:[<>]=? ?)?([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)(?![\w.])")
"""A number at the beginning of a text, perhaps with a sign of comparison before it."""

NEVER = "never"
"""What tables say of a target that is not reached: more than any number."""

MISSING = frozenset({"", "-", "off", "?"})
"""Texts of no number; they are sorted behind all others, whatever the order."""


@dataclass(frozen=True)
class SortableCell:
    """A cell of a table.

    Parameters
    ----------
    text
        What is shown.
    style
        How good it is.
    key
        What the cell is sorted by: a number, a text, or None behind all others. By default it
        follows from the text.
    """

    text: str
    style: Style = ""
    key: float | str | None = field(default="\0")

    def __post_init__(self) -> None:
        # Both may be a name or a label of somebody else's file.
        object.__setattr__(self, "text", printable(self.text))
        if self.key == "\0":
            object.__setattr__(self, "key", sort_key(self.text))

    @property
    def parts(self) -> list[str]:
        """The text in parts between which a line may be broken: ``wngrad[`` and ``order=1]``."""
        return re.split(r"(?<=[\[,=])", self.text)

    @property
    def sort_text(self) -> str:
        """The key as an attribute of HTML; empty for None."""
        if self.key is None or (isinstance(self.key, float) and math.isnan(self.key)):
            return ""
        if isinstance(self.key, str):
            return self.key
        return "1e999" if self.key == math.inf else f"{self.key:.9g}"


def sort_key(text: str) -> float | str | None:
    """Return what a text is sorted by: the number that it begins with, or the text itself."""
    if text in MISSING:
        return None
    if text.startswith(NEVER):
        return math.inf
    match = NUMBER.match(text)
    return float(match[1]) if match else text


@dataclass(frozen=True)
class Column:
    """The head of a column.

    Parameters
    ----------
    name
        The heading.
    about
        What the column holds, in a sentence that a reader sees who asks for it.
    text
        Whether it holds text, which is aligned left; numbers are aligned right.
    wide
        Whether its texts are sentences, which are broken into lines.
    """

    name: str
    about: str = ""
    text: bool = False
    wide: bool = False


@dataclass(frozen=True)
class SortableTable:
    """A table that can be sorted; the first column names the row."""

    name: str
    """What the table holds, which a screen reader says."""
    columns: Sequence[Column]
    rows: Sequence[Sequence[SortableCell]]

    def __post_init__(self) -> None:
        for row in self.rows:
            assert len(row) == len(self.columns), (self.name, len(row), len(self.columns))

    def without_empty(self) -> SortableTable:
        """Return the table without columns in which no row has anything."""
        kept = [
            k
            for k in range(len(self.columns))
            if k == 0 or any(row[k].text != "-" for row in self.rows)
        ]
        rows = [[row[k] for k in kept] for row in self.rows]
        return SortableTable(self.name, [self.columns[k] for k in kept], rows)


def cell(table_cell: TableCell, key: float | str | None = "\0") -> SortableCell:
    """Return the cell of a page as one that can be sorted."""
    return SortableCell(table_cell.text, table_cell.style, key)
