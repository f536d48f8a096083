"""Reading targets: '0.01', '1%' of the gap at the start, 'loss=0.1', 'accuracy=95%'."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from lrbench.config.decimals import BLANKS, decimal
from lrbench.config.values import as_number, short_text
from lrbench.errors import UsageError

TargetMeasure: TypeAlias = Literal["suboptimality", "loss", "test_error"]
"""What a target is a level of: F - f*, F itself, or the share of held-out samples that is wrong."""

GOALS: dict[TargetMeasure, str] = {
    "suboptimality": "F - f* <=",
    "loss": "F <=",
    "test_error": "held-out error <=",
}
"""What pages write before the number of a target."""

NAMED: dict[str, TargetMeasure] = {"loss": "loss", "accuracy": "test_error"}
"""The word before ``=`` in a target -> what it is a level of."""

ALLOWED = "a positive number, or a share of F(w_0) - f* such as 1%, or loss=0.1, or accuracy=95%"

PERCENT = "%"


@dataclass(frozen=True)
class Target:
    """A level to reach: of F - f*, as a number or as a share of F(w_0) - f*, or of another measure.

    Parameters
    ----------
    value
        Finite, and positive unless it is a level of F.
    percent
        Whether the target is `value` hundredths: of F(w_0) - f*, or of the held-out samples.
    measure
        What is to come to this level; of ``"test_error"`` the value is the accuracy.
    """

    value: float
    percent: bool = False
    measure: TargetMeasure = "suboptimality"

    def __str__(self) -> str:
        # The shortest text that stands for this number and no other.
        named = next((f"{word}=" for word, m in NAMED.items() if m == self.measure), "")
        return named + str(self.value).removesuffix(".0") + PERCENT * self.percent

    def on(self, delta0: float) -> float:
        """Return the level to reach, where F(w_0) - f* is `delta0`."""
        if self.measure == "test_error":
            # By the arithmetic of the level, so that exactly this accuracy has arrived.
            return 1.0 - (float(Decimal(str(self.value)) / 100) if self.percent else self.value)
        return self.value / 100 * delta0 if self.percent else self.value


def targets(value: Any) -> list[Target]:
    """Return the targets that a number, a text or several of them mean, without repetitions.

    Raises
    ------
    UsageError
        If one of them is neither a positive finite number nor a share below 100 %, nor a level of
        F, nor an accuracy that a run may exceed.
    """
    single = isinstance(value, str | bytes) or as_number(value) is not None
    values = [value] if single or not isinstance(value, Iterable) else list(value)
    pieces = [p for v in values for p in (v.split(",") if isinstance(v, str) else [v])]
    return list(dict.fromkeys(map(_target, pieces)))


def _target(value: Any) -> Target:
    number: float | None
    percent = False
    measure: TargetMeasure = "suboptimality"
    if isinstance(value, str):
        text = value.strip(BLANKS)
        word, equals, after = text.partition("=")
        if equals and word.strip(BLANKS) in NAMED:
            measure, text = NAMED[word.strip(BLANKS)], after.strip(BLANKS)
        percent = text.endswith(PERCENT)
        number = decimal(text.removesuffix(PERCENT))
    else:
        number = as_number(value)
    if measure == "loss":
        return _of_loss(value, number, percent)
    if measure == "test_error":
        return _of_accuracy(value, number, percent)
    if number is None or not 0 < number < math.inf:
        raise UsageError(
            f"--target {short_text(value)} is not {ALLOWED}.",
            "give where a run ends, such as 0.01, or leave --target out: it ends at its budget.",
        )
    if percent and number >= 100.0:
        raise UsageError(
            f"--target {number:g}% of F(w_0) - f* is reached before the first step.",
            "give a share below 100%, such as 1%.",
        )
    return Target(number, percent)


def _of_loss(value: str, number: float | None, percent: bool) -> Target:
    if percent and number is not None:
        raise UsageError(
            f"--target {short_text(value)} is a share, and F has no level that it is one of.",
            "give a number, as in loss=0.1.",
        )
    if number is None or not math.isfinite(number):
        raise UsageError(
            f"--target {short_text(value)} has no number that F may come to.",
            "give one, as in loss=0.1; F of some losses is negative, as in loss=-2.",
        )
    return Target(number, measure="loss")


def _of_accuracy(value: str, number: float | None, percent: bool) -> Target:
    if number is None or not 0 < number < math.inf:
        raise UsageError(
            f"--target {short_text(value)} is not a share of the held-out samples above 0.",
            "give one below 100%, such as accuracy=95%.",
        )
    if number >= (100.0 if percent else 1.0):
        raise UsageError(
            f"--target {short_text(value)} is an accuracy that no run exceeds.",
            "give one below 100%, such as accuracy=95%.",
        )
    return Target(number, percent, "test_error")
