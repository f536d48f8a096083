"""Numbers in plain ASCII decimals, and nothing else that Python would take for one."""

from __future__ import annotations

import re

DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)

WHOLE = re.compile(r"[+-]?[0-9]+", re.ASCII)

BLANKS = " \t\r\n\f\v"
"""What may stand around a number, as in the output of wc."""

WORDS = ("inf", "+inf", "-inf", "nan")
"""The words that are numbers in TOML: the infinite bounds of a box, and what no part accepts."""


def decimal(text: str) -> float | None:
    """Return the number in a text such as 12, -0.5, .5, 1. or 1e-3; None for any other text.

    These are the numbers of LIBSVM text. Unlike `float`, this accepts neither underscores (1_000),
    nor the digits of other scripts, nor the words inf and nan. The result is infinite if the number
    is too large for float64.
    """
    text = text.strip(BLANKS)
    return float(text) if DECIMAL.fullmatch(text) else None


def whole(text: str) -> int | None:
    """Return the integer in a text such as 12 or -3; None for any other text.

    An integer of more digits than Python converts is None, too.
    """
    text = text.strip(BLANKS)
    try:
        return int(text) if WHOLE.fullmatch(text) else None
    except ValueError:
        return None
