"""The records of the first screen of a report: questions with their answers, and prices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lrbench.reports.blocks import Style, short_number

POWERS = (-2, -1, 1, 2)
"""Powers of ten by which a value may be wrong."""

FACTORS = {-2: "÷ 100", -1: "÷ 10", 1: "× 10", 2: "× 100"}
"""How pages write them."""

NEVER, UNKNOWN = "never", "?"
"""What stands for a price without a number: it does not arrive; or that is not known."""

GOOD, POOR = 2.0, 10.0
"""Factors in passes up to which a wrong value costs little, and from which it costs much."""


@dataclass(frozen=True)
class Price:
    """What it costs to be wrong by a factor: ``"× 10"``, ``"2.4"``."""

    factor: str
    text: str
    style: Style


@dataclass(frozen=True)
class Answer:
    """A question with its answer in a few words, and in a sentence."""

    question: str
    short: str
    sentence: str = ""
    style: Style = ""
    prices: Sequence[Price] = ()
    """What other values than the advised one cost, at the question for the price."""


def price(factor: str, cost: float | None) -> Price:
    """Return the price of a wrong value; a cost of None is not known, and inf never arrives."""
    if cost is None:
        return Price(factor, UNKNOWN, "dim")
    if math.isinf(cost):
        return Price(factor, NEVER, "bad")
    style: Style = "good" if cost <= GOOD else "warn" if cost < POOR else "bad"
    return Price(factor, short_number(cost, 2), style)


@dataclass(frozen=True)
class Answers:
    """The answers on one problem, and what else is to be said."""

    answers: Sequence[Answer]
    notes: Sequence[str] = ()


def passes_text(passes: float) -> str:
    """Return ``"1 pass"`` or ``"112 passes"``."""
    return f"{short_number(passes)} pass{'es' * (passes != 1)}"
