"""What contracts are checked on: a class that a name, a file or Python gives."""

from __future__ import annotations

import dataclasses
import itertools
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from lrbench.config.named import parse_named
from lrbench.config.prints import prints_to_stderr
from lrbench.config.registry import Registry, did_you_mean
from lrbench.contract.loss import LOSS_CONTRACTS, loss_instances
from lrbench.contract.outcome import Contract, ContractOutcome, check_contracts
from lrbench.contract.penalty import PENALTY_CONTRACTS, penalty_instances
from lrbench.contract.solver import SOLVER_CONTRACTS
from lrbench.errors import LrbenchError, UsageError, quoted
from lrbench.losses import LOSSES
from lrbench.losses.base import Loss
from lrbench.penalties import PENALTIES
from lrbench.penalties.base import Penalty
from lrbench.plugins import load_plugin, parse_reference
from lrbench.solvers import LIBRARIES, SOLVERS
from lrbench.solvers.base import Solver
from lrbench.solvers.build import build_from, build_solvers, reference_form, solver_class


class ContractKind(NamedTuple):
    """A kind of classes that have contracts."""

    name: Literal["solver", "loss", "penalty"]
    base: type
    registry: Registry
    contracts: Sequence[Contract]
    instances: Callable[[type], list[Any]]
    """Returns objects of a class with different parameters."""


def solver_instances(cls: type) -> list[Any]:
    """Return solvers of a class with every value of its parameters that are a choice.

    Those that need parts are left out: contracts are checked on linear problems, which have none.
    """
    hints = typing.get_type_hints(cls)
    choices = [
        [(field.name, value) for value in typing.get_args(hints[field.name])]
        for field in dataclasses.fields(cls)
        if typing.get_origin(hints[field.name]) is Literal
    ]
    solvers = [cls(**dict(values)) for values in itertools.product(*choices)]
    return [solver for solver in solvers if "parts" not in solver.needs]


KINDS = (
    ContractKind("solver", Solver, SOLVERS, SOLVER_CONTRACTS, solver_instances),
    ContractKind("loss", Loss, LOSSES, LOSS_CONTRACTS, loss_instances),
    ContractKind("penalty", Penalty, PENALTIES, PENALTY_CONTRACTS, penalty_instances),
)


@dataclass(frozen=True)
class Subject:
    """Objects of a class, on which its contracts are checked.

    Parameters
    ----------
    name
        What named the class: ``my_rule.py:MyRule``.
    kind
        What it is.
    parts
        Objects with different parameters.
    """

    name: str
    kind: ContractKind
    parts: Sequence[Any]

    @property
    def own_name(self) -> str:
        """What the class is called in tables; empty if it lacks a name, which breaks a contract."""
        return str(getattr(self.parts[0], "name", ""))


def outcomes_of(subject: Subject) -> list[ContractOutcome]:
    """Return an outcome for each contract of the subject's kind."""
    return check_contracts(subject.kind.contracts, subject.parts)


@prints_to_stderr()
def subjects_of(text: str) -> list[Subject]:
    """Return the subjects that a text names: a registered name, or a class of the user.

    Parameters
    ----------
    text
        ``my_rule.py:MyRule``, ``package.module:MyLoss``, ``wngrad``, or a solver with parameters,
        ``my_rule.py:MyRule[c=2|3]``, or ``torch:torch.optim.Adam``.

    Raises
    ------
    UsageError
        If there is no such class, or it is none of these kinds.
    """
    name, settings = parse_named(text)
    if name.partition(":")[0] in LIBRARIES:
        return [subject_of(built.solver, str(built.spec)) for built in build_solvers(text)]
    kinds = [kind for kind in KINDS if name in kind.registry]
    if kinds:
        cls = solver_class(name) if kinds[0].base is Solver else kinds[0].registry.get(name)
    else:
        reference = parse_reference(name)
        if reference is None:
            known = [part for kind in KINDS for part in kind.registry]
            hint = reference_form(name) or did_you_mean(name, known)
            raise UsageError(f"there is no solver, loss or penalty {quoted(name)}.", hint)
        cls = load_plugin(reference, tuple(kind.base for kind in KINDS), "solver, loss or penalty")
    if settings and issubclass(cls, Solver):
        return [subject_of(built.solver, str(built.spec)) for built in build_solvers(text)]
    if settings:
        raise UsageError(
            f"{quoted(text)} has parameters, which are given to solvers only.", f"give {name}."
        )
    return [subject_of(cls, name)]


@prints_to_stderr()
def subject_of(part: Any, name: str = "") -> Subject:
    """Return the subject for a class, or for an object of one.

    Parameters
    ----------
    part
        A class of solvers, losses or penalties, which is checked with several parameters; or one
        object.
    name
        What named it; that of the class if empty.

    Raises
    ------
    UsageError
        If it is none of these, or its class is not what such a class must be.
    """
    cls = part if isinstance(part, type) else type(part)
    name = name or cls.__name__
    kind = next(
        (kind for kind in KINDS if issubclass(cls, kind.base) and cls is not kind.base), None
    )
    if kind is None:
        raise UsageError(
            f"{name} is no solver, loss or penalty.",
            "derive a class from lrbench.Solver, lrbench.Loss or lrbench.Penalty.",
        )
    if issubclass(cls, Solver):
        build_from(part)  # which checks the declarations, and makes it known
        if cls.outside:
            raise UsageError(
                f"{name} owns its loop, and contracts are those of step rules.",
                "run it: lrbench run -s " + name,
            )
    if not isinstance(part, type):
        return Subject(name, kind, [part])
    try:
        return Subject(name, kind, kind.instances(cls))
    except LrbenchError:
        raise
    except Exception as error:  # whatever the class raises
        raise UsageError(
            f"{name} cannot be made: {type(error).__name__}: {error}.",
            "give each parameter a default, and define each method of the base class.",
        ) from error
