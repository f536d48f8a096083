"""Reading grids of learning rates and other scales: '0.1,1,10', '1e-4:1e4:17', '0.01/L:100/L:9'."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lrbench.config.decimals import decimal
from lrbench.config.values import as_number
from lrbench.errors import UsageError, quoted

HINT = (
    "give positive numbers: 100, or 0.1,1,10, or 1e-4:1e4:17 (log-spaced, ends included), "
    "or in units of 1/L: 0.01/L:100/L:9."
)
MAX_LANES = 100_000

PER_L = "/L"

DIGITS = 13
"""The last digits of a power depend on the processor; with three digits fewer it does not."""


@dataclass(frozen=True)
class LearningRate:
    """An initial learning rate, as a number or in units of 1/L.

    Parameters
    ----------
    value
        Positive and finite.
    per_L
        Whether the rate is `value` / L.
    """

    value: float
    per_L: bool = False

    def __str__(self) -> str:
        return f"{self.value:g}{PER_L if self.per_L else ''}"

    def at(self, L: float) -> float:
        """Return the rate on a problem whose gradient has the Lipschitz constant `L`.

        Raises
        ------
        UsageError
            For a rate in units of 1/L, if L is not positive and finite or the rate overflows or
            underflows in float64.

        Notes
        -----
        The rate is rounded so that `value` divided by it, in float64, is at least `L`. Thus 1/L
        satisfies the hypothesis lr0 <= 1/L of a theorem also when it is written 1/lr0 >= L.
        """
        if not self.per_L:
            return self.value
        if not 0 < L < math.inf:
            raise UsageError(
                f"--lr0 {self} has no meaning where L is {L:g}: the objective is not smooth,"
                " or its L is not known.",
                "give numbers, as in --lr0 0.1,1,10.",
            )
        rate = self.value / L
        if not _usable(rate):
            raise UsageError(
                f"--lr0 {self} is no positive learning rate in float64 where L is {L:g}.",
                "give a number nearer to 1/L.",
            )
        return rate if self.value / rate >= L else math.nextafter(rate, 0.0)


LearningRates: TypeAlias = float | str | LearningRate | Iterable[float | str | LearningRate]
"""A learning rate, several of them, or a text that `parse_learning_rates` reads."""


def log_spaced(low: float, high: float, count: int) -> NDArray[np.float64]:
    """Return `count` numbers from `low` to `high` with a constant ratio, rounded to 13 digits.

    Notes
    -----
    The last bits of a power depend on the kernel that NumPy selects for the processor, and on the
    number of points in the grid. Without the rounding, generated data would have another
    fingerprint on another machine, and a learning rate would belong to other cells of a store on
    another machine or in another grid.
    """
    numbers = np.geomspace(low, high, count)
    return np.array([float(f"{number:.{DIGITS}g}") for number in numbers])


def parse_learning_rates(texts: Iterable[str], option: str = "--lr0") -> list[LearningRate]:
    """Return the initial learning rates in the texts, in order and without repetitions.

    Parameters
    ----------
    texts
        As typed.
    option
        What errors call the option that has them.

    Raises
    ------
    UsageError
        For anything that is not a positive finite number, such a number over L, or a range of
        either.
    """
    rates = [
        rate
        for text in texts
        for piece in text.split(",")
        for rate in _range(piece.strip(), f"{option} {quoted(text)}")
    ]
    return list(dict.fromkeys(rates))


def learning_rates(
    values: float | str | LearningRate | Iterable[float | str | LearningRate],
    option: str = "--lr0",
) -> list[LearningRate]:
    """Return the initial learning rates that the values mean, in order and without repetitions.

    Parameters
    ----------
    values
        A number, a text or a `LearningRate`, or several of them: ``0.1``, ``"1e-4:1e4:17"``,
        ``"1/L"``, ``LearningRate(1.0, per_L=True)``.
    option
        What errors call the option that has them.

    Raises
    ------
    UsageError
        As for `parse_learning_rates`.
    """
    if isinstance(values, str) or not isinstance(values, Iterable):
        return _rates(values, option)
    return list(dict.fromkeys(rate for value in values for rate in _rates(value, option)))


def resolve_learning_rates(learning_rates: Sequence[LearningRate], L: float) -> list[float]:
    """Return the learning rates on a problem with this `L`, in order and without repetitions."""
    return list(dict.fromkeys(rate.at(L) for rate in learning_rates))


def _rates(value: object, option: str) -> list[LearningRate]:
    if isinstance(value, LearningRate):
        return [LearningRate(_checked(value.value, str(value), f"{option} {value}"), value.per_L)]
    if isinstance(value, str):
        return parse_learning_rates([value], option)
    number = as_number(value)
    if number is None:
        raise UsageError(f"{option} {quoted(value)} is not a number.", HINT)
    return [LearningRate(_checked(number, f"{number:g}", f"{option} {number:g}"))]


def _range(piece: str, context: str) -> list[LearningRate]:
    """Return the learning rates of LO:HI:COUNT or of one; errors begin with the `context`."""
    fields = piece.split(":")
    if len(fields) == 1:
        return [_rate(piece, context)]
    if len(fields) != 3:
        raise UsageError(f"{context}: {quoted(piece)} is neither a number nor LO:HI:COUNT.", HINT)
    lo, hi = _rate(fields[0], context), _rate(fields[1], context)
    count = _count(fields[2], context)
    if lo.per_L != hi.per_L:
        raise UsageError(f"{context}: {lo} and {hi} are not in the same unit.", HINT)
    if hi.value < lo.value or (count == 1 and hi.value > lo.value):
        raise UsageError(f"{context}: no {count} values go from {lo} up to {hi}.", HINT)
    # The ends are the user's own numbers: log_spaced would round them to 13 digits.
    ends = [lo.value, hi.value] if count > 1 else [lo.value]
    interior = log_spaced(lo.value, hi.value, count)[1:-1].tolist()
    return [LearningRate(value, lo.per_L) for value in (ends[0], *interior, *ends[1:])]


def _rate(piece: str, context: str) -> LearningRate:
    number = piece.strip().removesuffix(PER_L)
    value = decimal(number)
    if value is None:
        raise UsageError(f"{context}: {quoted(piece)} is not a number.", HINT)
    return LearningRate(_checked(value, quoted(piece), context), per_L=number != piece.strip())


def _checked(value: float, piece: str, context: str) -> float:
    if not _usable(value):
        raise UsageError(f"{context}: {piece} is not a positive number.", HINT)
    return value


def _usable(value: float) -> bool:
    # Solvers such as WNGrad start from b_0 = 1 / lr0, which overflows where lr0 < 5.6e-309.
    return 0 < value < math.inf and math.isfinite(1 / value)


def _count(piece: str, context: str) -> int:
    # Checked before int(), which refuses texts of several thousand digits with its own error.
    plain = piece.isascii() and piece.isdigit() and len(piece) <= len(str(MAX_LANES))
    count = int(piece) if plain else 0
    if not 1 <= count <= MAX_LANES:
        raise UsageError(f"{context}: {quoted(piece)} is not a count from 1 to {MAX_LANES}.", HINT)
    return count
