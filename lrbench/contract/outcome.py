"""A contract, and what came of checking a class against it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from lrbench.config.prints import prints_to_stderr
from lrbench.errors import ContractError, LrbenchError, method_of
from lrbench.solvers.adapters.base import AdaptedSolver
from lrbench.solvers.place import Place, place_of_error, place_of_method

ContractVerdict = Literal["pass", "fail", "not run"]


class BrokenContractError(ContractError):
    """A contract is broken; the message is one sentence for the author of the class.

    Parameters
    ----------
    message
        What is wrong, and what to do.
    method
        The method or the attribute to look at.
    """

    def __init__(self, message: str, method: str = "step") -> None:
        super().__init__(message)
        self.method = method


@dataclass(frozen=True)
class Contract:
    """A promise of all classes of a kind.

    Parameters
    ----------
    key
        What JSON calls it.
    title
        The promise in a few words.
    check
        Called with an object of the class; raises `ContractError` if the promise is broken.
    """

    key: str
    title: str
    check: Callable[[Any], None]
    rests_on: tuple[str, ...] = ()
    """The keys of contracts without which this one would be broken for another reason."""

    def __str__(self) -> str:
        return self.key


@dataclass(frozen=True)
class ContractOutcome:
    """What came of checking a class against a contract.

    Parameters
    ----------
    contract
        The contract.
    verdict
        Whether it is kept; ``"not run"`` if the class does not even run, or if another contract is
        broken on which this one rests.
    sentence
        What is wrong, or why it is not run; empty if nothing is, or the class does not run.
    place
        Where to look; None if that is not known.
    """

    contract: Contract
    verdict: ContractVerdict
    sentence: str = ""
    place: Place | None = None


def check_contracts(contracts: Sequence[Contract], parts: Sequence[Any]) -> list[ContractOutcome]:
    """Return an outcome for each contract.

    Parameters
    ----------
    contracts
        The contracts; if the first one is broken, the others are not run.
    parts
        Objects of the class with different parameters; the first of them that breaks a contract
        is reported.
    """
    first = _outcome(contracts[0], parts)
    if first.verdict != "pass":
        return [first, *(ContractOutcome(contract, "not run") for contract in contracts[1:])]
    known = {contracts[0].key: first}
    for contract in sorted(contracts[1:], key=lambda c: len(c.rests_on)):  # what others rest on
        broken = [known[key] for key in contract.rests_on if known[key].verdict != "pass"]
        if broken:
            reason = f"not run, because it rests on another contract: {broken[0].contract.title}."
            known[contract.key] = ContractOutcome(contract, "not run", reason)
        else:
            known[contract.key] = _outcome(contract, parts)
    return [known[contract.key] for contract in contracts]


def _outcome(contract: Contract, parts: Sequence[Any]) -> ContractOutcome:
    for part in parts:
        try:
            # As in a run; what the class prints is no part of the page.
            with np.errstate(all="ignore"), prints_to_stderr():
                contract.check(part)
        except (Exception, SystemExit) as error:  # a class of the user may raise anything
            # An error that the check has explained was raised by its cause.
            place = place_of_error(error.__cause__ or error, type(part))
            if place is None or (isinstance(error, ContractError) and error.__cause__ is None):
                place = place_of_method(type(part), method_of(error))
            sentence = _sentence(error)
            if isinstance(part, AdaptedSolver) and isinstance(error, ContractError):
                # The advice is for who writes a rule: another library's optimiser is as it is.
                sentence = f"{sentence.rpartition(': ')[0] or sentence.rstrip('.')}."
            return ContractOutcome(contract, "fail", sentence, place)
    return ContractOutcome(contract, "pass")


def _sentence(error: BaseException) -> str:
    """Return what an error says in one line, with the notes that were added to it."""
    message = error.message if isinstance(error, LrbenchError) else str(error)
    if not isinstance(error, ContractError):
        message = f"{type(error).__name__}: {message}".removesuffix(": ")
    notes = " ".join(getattr(error, "__notes__", ()))
    text = f"{message.rstrip('.')} {notes}" if notes else message
    return " ".join(text.split()).rstrip(".") + "."
