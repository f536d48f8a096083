"""From '0.1,1,10' or '1e-4:1e4:17' to initial learning rates."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from lrbench.errors import UsageError

HINT = "give positive numbers: 100, or 0.1,1,10, or 1e-4:1e4:17 (log-spaced, ends included)."
MOST_LANES = 100_000


def parse_lr0(texts: Iterable[str]) -> list[float]:
    """Return the initial learning rates that the texts name, in order, each once.

    Raises
    ------
    UsageError
        For anything that is not a positive finite number or a range of them.
    """
    values = [v for text in texts for part in text.split(",") for v in _part(part.strip(), text)]
    return list(dict.fromkeys(values))


def _part(part: str, text: str) -> list[float]:
    pieces = part.split(":")
    if len(pieces) == 1:
        return [_positive(part, text)]
    if len(pieces) != 3:
        raise UsageError(f"--lr0 {text!r}: {part!r} is neither a number nor LO:HI:COUNT.", HINT)
    lo, hi = _positive(pieces[0], text), _positive(pieces[1], text)
    count = _count(pieces[2], text)
    if hi < lo or (count == 1 and hi > lo):
        raise UsageError(f"--lr0 {text!r}: no {count} values go from {lo:g} up to {hi:g}.", HINT)
    exact = [lo, hi] if count > 1 else [lo]
    inside = np.geomspace(lo, hi, count)[1:-1].tolist()
    return [exact[0], *inside, *exact[1:]]


def _positive(piece: str, text: str) -> float:
    try:
        value = float(piece)
    except ValueError:
        raise UsageError(f"--lr0 {text!r}: {piece!r} is not a number.", HINT) from None
    if not (0 < value < math.inf and math.isfinite(1 / value)):
        raise UsageError(f"--lr0 {text!r}: {piece} is not a positive learning rate.", HINT)
    return value


def _count(piece: str, text: str) -> int:
    if not piece.isdigit() or not 1 <= int(piece) <= MOST_LANES:
        raise UsageError(f"--lr0 {text!r}: {piece!r} is not a count from 1 to {MOST_LANES}.", HINT)
    return int(piece)
