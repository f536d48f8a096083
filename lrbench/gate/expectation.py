"""Expectations of a check, parsed from texts such as ``suboptimality[at=1000] <= 1e-4``."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from lrbench.config.decimals import decimal
from lrbench.config.named import Value, parse_named
from lrbench.config.registry import did_you_mean
from lrbench.config.values import as_integer, as_number
from lrbench.errors import UsageError, quoted
from lrbench.results import Status
from lrbench.solvers import SOLVERS
from lrbench.verdicts.theorems import theorem_keys

Operator = Literal["<=", ">=", "=", "!="]

# < and > are matched, too, so that they get the hint to write <= or >=.
FORM = re.compile(r"\s*([^<>=!\[\]]+(?:\[[^\]]*\])?)\s*(<=|>=|==|=|!=|<|>)\s*(.+?)\s*")

HINT = (
    "write it as in 'bound = pass', 'rate >= 0.9', 'suboptimality[at=1000] <= 1e-4',"
    " 'status != diverged'."
)

ITERATES = ("answer", "last", "average", "best")

FILTERS = ("solver", "lr0")
"""Options of every quantity that select runs; quantities of a sweep have only the first."""


@dataclass(frozen=True)
class Quantity:
    """A quantity that an expectation can be about."""

    words: tuple[str, ...] = ()
    """The values that it can be compared with; empty for numbers."""
    options: tuple[str, ...] = ()
    """Its options besides `FILTERS`."""
    operators: tuple[Operator, ...] = ("<=", ">=")


QUANTITIES: Mapping[str, Quantity] = {
    "bound": Quantity(("pass",), ("theorem",), ("=",)),
    "order": Quantity(("pass",), ("theorem",), ("=",)),
    "status": Quantity(tuple(map(str, Status)), (), ("=", "!=")),
    "rate": Quantity(options=("of",)),
    "suboptimality": Quantity(options=("at", "of")),
    "objective": Quantity(options=("at",)),
    "grad_norm_sq": Quantity(options=("at",)),
    "test_loss": Quantity(options=("at",)),
    "test_accuracy": Quantity(options=("at",)),
    "passes_to_target": Quantity(),
    "usable_decades": Quantity(),
    "best_passes": Quantity(),
    "seconds": Quantity(),
}

OF_SWEEPS = ("usable_decades", "best_passes")
"""Quantities of a solver over all lr0, which only a sweep has."""


@dataclass(frozen=True)
class Expectation:
    """One expectation with valid options, operator and value.

    Parameters
    ----------
    text
        The text that was parsed.
    quantity
        A key of `QUANTITIES`.
    operator, value
        The comparison with a number or a word.
    options
        The options between the brackets.
    """

    text: str
    quantity: str
    operator: Operator
    value: float | str
    options: Mapping[str, Value] = field(default_factory=dict)

    @property
    def needs_sweep(self) -> bool:
        """Whether only a sweep has the quantity."""
        return self.quantity in OF_SWEEPS


def parse_expectation(text: str) -> Expectation:
    """Return the expectation that `text` expresses.

    Raises
    ------
    UsageError
        If the text is not an expectation.
    """
    if not isinstance(text, str):
        raise UsageError(f"the expectation {quoted(text)} is no text.", HINT)
    text = " ".join(text.split())
    match = FORM.fullmatch(text)
    if match is None:
        raise UsageError(f"{quoted(text)} is no expectation.", HINT)
    name, options = parse_named(match[1])
    if name not in QUANTITIES:
        raise UsageError(
            f"{quoted(text)}: there is no quantity {quoted(name)}.",
            did_you_mean(name, QUANTITIES),
        )
    quantity = QUANTITIES[name]
    allowed = (*quantity.options, *(FILTERS[:1] if name in OF_SWEEPS else FILTERS))
    for key in options:
        if key not in allowed:
            raise UsageError(
                f"{quoted(text)}: {name} has no option {quoted(key)}.", did_you_mean(key, allowed)
            )
    options = _checked_options(text, options)
    operator = _operator(text, match[2].replace("==", "="), quantity)
    return Expectation(text, name, operator, _value(text, match[3], quantity), options)


def _operator(text: str, operator: str, quantity: Quantity) -> Operator:
    for allowed in quantity.operators:
        if operator == allowed:
            return allowed
    raise UsageError(
        f"{quoted(text)}: {operator} has no meaning here.",
        f"write {' or '.join(quantity.operators)}.",
    )


def _value(text: str, value: str, quantity: Quantity) -> float | str:
    if quantity.words:
        if value not in quantity.words:
            raise UsageError(
                f"{quoted(text)}: it cannot be {quoted(value)}.",
                did_you_mean(value, quantity.words),
            )
        return value
    number = decimal(value)
    if number is None or not math.isfinite(number):
        raise UsageError(f"{quoted(text)}: {quoted(value)} is not a number.", HINT)
    return number


def _checked_options(text: str, options: Mapping[str, Value]) -> dict[str, Value]:
    """Return the options with solvers by the names that results have: sgd for gd."""
    iteration, iterate, lr0 = options.get("at"), options.get("of"), options.get("lr0")
    if iteration is not None and as_integer(iteration, 0) is None:
        raise UsageError(
            f"{quoted(text)}: at={iteration} is no number of iterations.", "give a whole number."
        )
    if iterate is not None and iterate not in ITERATES:
        raise UsageError(
            f"{quoted(text)}: of={iterate} is no iterate.", did_you_mean(str(iterate), ITERATES)
        )
    if lr0 is not None and not 0 < (as_number(lr0) or 0.0) < math.inf:
        raise UsageError(f"{quoted(text)}: lr0={lr0} is no learning rate.", "give a number.")
    checked_options = dict(options)
    for key in ("theorem", "solver"):
        if key in checked_options:
            checked_options[key] = str(checked_options[key])
    theorem = str(options.get("theorem", ""))
    if theorem and theorem not in theorem_keys():
        raise UsageError(
            f"{quoted(text)}: there is no theorem {quoted(theorem)}.",
            did_you_mean(theorem, theorem_keys()),
        )
    if solver := str(options.get("solver", "")):
        # An unknown name is kept: a saved result may be of a solver that is not installed here.
        with contextlib.suppress(UsageError):
            checked_options["solver"] = SOLVERS.canonical(solver)
    return checked_options
