"""A small canvas of characters: lines of braille dots or of ASCII, and letters on them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from lrbench.reports.blocks import Style, TableCell

BLANK = "\u2800"
"""Braille without a dot; the dots are bits above it."""

DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bit of each dot of a cell, row by row from above."""

SEVERAL = "*"
"""The letter of a place that several curves share."""


class Canvas:
    """Rows of characters on which points of the unit square are drawn.

    Parameters
    ----------
    columns, rows
        The size in characters.
    braille
        Whether lines are drawn in braille, which has 2 x 4 dots a character, or in ASCII.
    """

    def __init__(self, columns: int, rows: int, *, braille: bool) -> None:
        self.columns, self.rows, self.braille = columns, rows, braille
        self._across, self._down = (2, 4) if braille else (1, 1)
        self._dots: dict[tuple[int, int], int] = {}
        self._letters: dict[tuple[int, int], str] = {}
        self._styles: dict[tuple[int, int], Style] = {}

    def line(
        self,
        x: Sequence[float],
        y: Sequence[float],
        letter: str,
        style: Style = "",
        pattern: str = "#",
    ) -> None:
        """Draw a line through points, broken where one is no number.

        Parameters
        ----------
        x, y
            In [0, 1], from the left and from below; what lies outside is left out.
        letter
            The character of the line in ASCII.
        style
            That of its characters where nothing was drawn before.
        pattern
            Which dots along the line are drawn: ``"#"`` all, ``"##  "`` two out of four.
        """
        wide, high = self.columns * self._across - 1, self.rows * self._down - 1
        points = list(zip(x, y, strict=True))
        n_dots = 0
        for (x0, y0), (x1, y1) in itertools.pairwise(points):
            if not all(map(math.isfinite, (x0, y0, x1, y1))):
                continue
            # Far outside there is nothing to see, and no reason to count its dots.
            y0, y1 = (min(max(end, -1.0), 2.0) for end in (y0, y1))
            steps = max(1, math.ceil(max(abs(x1 - x0) * wide, abs(y1 - y0) * high)))
            for k in range(steps):
                share = k / steps
                if pattern[n_dots % len(pattern)] != " ":
                    self._dot(x0 + share * (x1 - x0), y0 + share * (y1 - y0), letter, style)
                n_dots += 1
        if " " not in pattern:  # the ends of lines, and points without neighbours
            for point in points:
                self._dot(*point, letter, style)

    def _dot(self, x: float, y: float, letter: str, style: Style) -> None:
        if not (0.0 <= x <= 1.0 and 0.0 <= y <= 1.0):  # or one of them is no number
            return
        i = round(x * (self.columns * self._across - 1))
        j = round((1.0 - y) * (self.rows * self._down - 1))
        cell = i // self._across, j // self._down
        if self.braille:
            bit = DOTS[j % self._down][i % self._across]
            self._dots[cell] = self._dots.get(cell, 0) | bit
        else:
            self._letters.setdefault(cell, letter)
        self._styles.setdefault(cell, style)

    def mark(self, x: float, y: float, letter: str, style: Style = "") -> None:
        """Put a letter at a point, or `SEVERAL` where another letter stands."""
        if not (0.0 <= x <= 1.0 and 0.0 <= y <= 1.0):
            return
        cell = round(x * (self.columns - 1)), round((1.0 - y) * (self.rows - 1))
        other = self._letters.get(cell, letter)
        both_are_letters = other != letter and other.isalpha() and letter.isalpha()
        self._letters[cell] = SEVERAL if both_are_letters or other == SEVERAL else letter
        self._styles[cell] = style

    @property
    def shared(self) -> bool:
        """Whether `SEVERAL` stands anywhere."""
        return SEVERAL in self._letters.values()

    def drawn(self) -> list[list[TableCell]]:
        """Return the rows as pieces of one style each."""
        return [self._row(j) for j in range(self.rows)]

    def _row(self, j: int) -> list[TableCell]:
        characters = [
            (self._styles.get((i, j), ""), self._character((i, j))) for i in range(self.columns)
        ]
        pieces = itertools.groupby(characters, lambda pair: pair[0])
        return [
            TableCell("".join(text for _, text in of_style), style) for style, of_style in pieces
        ]

    def _character(self, cell: tuple[int, int]) -> str:
        if cell in self._letters:
            return self._letters[cell]
        return chr(ord(BLANK) + self._dots[cell]) if cell in self._dots else " "
