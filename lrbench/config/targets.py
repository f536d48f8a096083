"""Reading targets: '0.01', or '1%' of the gap at the start; several as '10%,1%,0.1%'."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lrbench.config.decimals import BLANKS, decimal
from lrbench.config.values import as_number, short_text
from lrbench.errors import UsageError

ALLOWED = "a positive number, or a share of F(w_0) - f* such as 1%"

PERCENT = "%"


@dataclass(frozen=True)
class Target:
    """A suboptimality to reach, as a number or as a share of F(w_0) - f*.

    Parameters
    ----------
    value
        Positive and finite.
    percent
        Whether the target is `value` hundredths of F(w_0) - f*.
    """

    value: float
    percent: bool = False

    def __str__(self) -> str:
        # The shortest text that stands for this number and no other.
        return str(self.value).removesuffix(".0") + PERCENT * self.percent

    def on(self, delta0: float) -> float:
        """Return the suboptimality to reach, where F(w_0) - f* is `delta0`."""
        return self.value / 100 * delta0 if self.percent else self.value


def targets(value: Any) -> list[Target]:
    """Return the targets that a number, a text or several of them mean, without repetitions.

    Raises
    ------
    UsageError
        If one of them is neither a positive finite number nor a share below 100 %.
    """
    single = isinstance(value, str | bytes) or as_number(value) is not None
    values = [value] if single or not isinstance(value, Iterable) else list(value)
    pieces = [p for v in values for p in (v.split(",") if isinstance(v, str) else [v])]
    return list(dict.fromkeys(map(_target, pieces)))


def _target(value: Any) -> Target:
    number: float | None
    percent = False
    if isinstance(value, str):
        text = value.strip(BLANKS)
        percent = text.endswith(PERCENT)
        number = decimal(text.removesuffix(PERCENT))
    else:
        number = as_number(value)
    if number is None or not 0 < number < math.inf:
        raise UsageError(
            f"--target {short_text(value)} is not {ALLOWED}.", f"--target takes {ALLOWED}."
        )
    if percent and number >= 100.0:
        raise UsageError(
            f"--target {number:g}% of F(w_0) - f* is reached before the first step.",
            "give a share below 100%, such as 1%.",
        )
    return Target(number, percent)
