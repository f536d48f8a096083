"""What a check expects, as a text: ``suboptimality[at=1000] <= 1e-4``."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from lrbench.config.named import Value, parse_named
from lrbench.config.registry import did_you_mean
from lrbench.errors import UsageError, quoted
from lrbench.results import Status
from lrbench.solvers import SOLVERS
from lrbench.theory import THEOREMS

Operator = Literal["<=", ">=", "=", "!="]

FORM = re.compile(r"\s*([^<>=!\[\]]+(?:\[[^\]]*\])?)\s*(<=|>=|==|=|!=|<|>)\s*(.+?)\s*")

HINT = (
    "write it as in 'bound = pass', 'rate >= 0.9', 'suboptimality[at=1000] <= 1e-4',"
    " 'status != diverged'."
)

ITERATES = ("last", "average", "best")

VERDICTS = ("pass",)

FILTERS = ("solver", "lr0")
"""Options of every quantity: which runs of the check are meant; of a sweep's only the solver."""

THEOREM_NAMES = frozenset(theorem.key for found in THEOREMS.values() for theorem in found)


@dataclass(frozen=True)
class Quantity:
    """What an expectation can be about."""

    words: tuple[str, ...] = ()
    """What it can be; empty for a number."""
    options: tuple[str, ...] = ()
    operators: tuple[Operator, ...] = ("<=", ">=")


QUANTITIES: Mapping[str, Quantity] = {
    "bound": Quantity(VERDICTS, ("theorem",), ("=",)),
    "order": Quantity(VERDICTS, ("theorem",), ("=",)),
    "status": Quantity(tuple(map(str, Status)), (), ("=", "!=")),
    "rate": Quantity(options=("of",)),
    "suboptimality": Quantity(options=("at", "of")),
    "grad_norm_sq": Quantity(options=("at",)),
    "test_loss": Quantity(options=("at",)),
    "test_accuracy": Quantity(options=("at",)),
    "passes_to_target": Quantity(),
    "usable_decades": Quantity(),
    "best_passes": Quantity(),
    "seconds": Quantity(),
}

OF_SWEEPS = ("usable_decades", "best_passes")
"""Quantities of a solver over all lr0."""


@dataclass(frozen=True)
class Expectation:
    """One expectation, checked.

    Parameters
    ----------
    text
        As it was written.
    quantity
        A key of `QUANTITIES`.
    operator, value
        What it is compared with: a number, or a word.
    options
        Between the brackets.
    """

    text: str
    quantity: str
    operator: Operator
    value: float | str
    options: Mapping[str, Value] = field(default_factory=dict)

    @property
    def needs_sweep(self) -> bool:
        """Whether only a sweep can tell."""
        return self.quantity in OF_SWEEPS


def parse_expectation(text: str) -> Expectation:
    """Return the expectation that `text` says.

    Raises
    ------
    UsageError
        If it is none.
    """
    text = " ".join(text.split())
    match = FORM.fullmatch(text)
    if match is None:
        raise UsageError(f"{quoted(text)} is no expectation.", HINT)
    name, options = parse_named(match[1])
    if name not in QUANTITIES:
        raise UsageError(
            f"{quoted(text)}: there is nothing called {quoted(name)} to expect.",
            did_you_mean(name, QUANTITIES),
        )
    quantity = QUANTITIES[name]
    known = (*quantity.options, *(FILTERS[:1] if name in OF_SWEEPS else FILTERS))
    for key in options:
        if key not in known:
            raise UsageError(
                f"{quoted(text)}: {name} has no option {quoted(key)}.", did_you_mean(key, known)
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
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise UsageError(f"{quoted(text)}: {quoted(value)} is not a number.", HINT)
    return number


def _checked_options(text: str, options: Mapping[str, Value]) -> dict[str, Value]:
    """Return the options with the names that results have: sgd for gd."""
    at, of, lr0 = options.get("at"), options.get("of"), options.get("lr0")
    if at is not None and (not isinstance(at, int) or at < 0):
        raise UsageError(
            f"{quoted(text)}: at={at} is no number of iterations.", "give a whole number."
        )
    if of is not None and of not in ITERATES:
        raise UsageError(f"{quoted(text)}: of={of} is no iterate.", did_you_mean(str(of), ITERATES))
    if lr0 is not None and not _positive(lr0):
        raise UsageError(f"{quoted(text)}: lr0={lr0} is no learning rate.", "give a number.")
    found = dict(options)
    for key in ("theorem", "solver"):
        if key in found:
            found[key] = str(found[key])
    theorem, solver = str(found.get("theorem", "")), str(found.get("solver", ""))
    if theorem and theorem not in THEOREM_NAMES:
        raise UsageError(
            f"{quoted(text)}: there is no theorem {quoted(theorem)}.",
            did_you_mean(theorem, THEOREM_NAMES),
        )
    if solver:
        found["solver"] = _canonical(solver)
    return found


def _positive(value: Value) -> bool:
    try:
        return not isinstance(value, str) and 0 < float(value) < math.inf
    except OverflowError:
        return False


def _canonical(solver: str) -> str:
    """Return the name behind an alias; one that is not known may be of a solver elsewhere."""
    try:
        return SOLVERS.canonical(solver)
    except UsageError:
        return solver
