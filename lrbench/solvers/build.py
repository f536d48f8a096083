"""Make solvers from a text such as ``wngrad[order=lagged]`` or ``adagrad-norm[eta=1|10|100]``."""

from __future__ import annotations

import dataclasses
import importlib
import itertools
import typing
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from lrbench.config.learning_rates import parse_learning_rates
from lrbench.config.named import Value, parse_named, read_value
from lrbench.config.parameters import check_kept, check_remade, check_types, checked_parameter
from lrbench.config.prints import prints_to_stderr
from lrbench.config.registry import did_you_mean
from lrbench.config.solver_spec import SolverSpec
from lrbench.errors import LrbenchError, UsageError, quoted
from lrbench.plugins import (
    is_plugin,
    load_plugin,
    origin_of,
    parse_reference,
)
from lrbench.solvers import LIBRARIES, SOLVERS
from lrbench.solvers.base import Solver
from lrbench.solvers.plugin import add_solver

ALTERNATIVE = "|"
"""What separates the values of a parameter that make a solver each."""


class Built(NamedTuple):
    """A solver, its name with all parameters, and the parameters that its text gives."""

    solver: Solver
    spec: SolverSpec
    set_parameters: tuple[str, ...]


def build_solvers(text: str) -> list[Built]:
    """Return the solvers that `text` names: one for each combination of its alternatives.

    Parameters
    ----------
    text
        ``NAME`` or ``NAME[key=value,...]``. A value may be several, ``1|10|100``, or a grid of
        numbers, ``1e-2:1e2:5``.

    Raises
    ------
    UsageError
        For an unknown solver or parameter, or a value that the parameter cannot take.
    """
    name, settings = parse_named(text)
    alternatives = [_alternatives(text, value) for value in settings.values()]
    return [
        _build(name, dict(zip(settings, values, strict=True)))
        for values in itertools.product(*alternatives)
    ]


def build_solver(text: str) -> tuple[Solver, SolverSpec]:
    """Return the one solver that `text` names, and its name with all parameters.

    Raises
    ------
    UsageError
        As for `build_solvers`, and if the text names several.
    """
    solvers = build_solvers(text)
    if len(solvers) > 1:
        raise UsageError(f"{quoted(text)} names {len(solvers)} solvers.", "name one.")
    return solvers[0].solver, solvers[0].spec


def _alternatives(text: str, value: Value) -> list[Value]:
    """Return the values that ``1|10`` or ``1:100:3`` stands for; any other value is itself."""
    if not isinstance(value, str):
        return [value]
    values: list[Value] = []
    for piece in value.split(ALTERNATIVE):
        if not piece.strip():
            raise UsageError(f"{quoted(text)} has an empty value.", "write values as in 1|10|100.")
        if ":" in piece:
            rates = parse_learning_rates([piece], f"solver {quoted(text)}, value")
            if any(rate.per_L for rate in rates):
                raise UsageError(f"{quoted(text)} is in units of 1/L.", "give numbers.")
            values += [rate.value for rate in rates]
        else:
            values.append(read_value(piece.strip()))
    return list(dict.fromkeys(values))


def solver_class(name: str) -> type[Solver]:
    """Return the class of a solver: a registered one, or that of a reference.

    Parameters
    ----------
    name
        ``wngrad``; ``my_rule.py:MyRule`` or ``package.module:MyRule`` for a class of the user;
        ``torch:torch.optim.Adam`` or ``optax:adam`` for an optimiser of another library.

    Raises
    ------
    UsageError
        If there is no such solver, or its class is not what a solver must be.
    """
    prefix, _, path = name.partition(":")
    if path and prefix in LIBRARIES:
        cls: type[Solver] = importlib.import_module(LIBRARIES[prefix]).solver_of(path)
        SOLVERS.add(cls.name, cls)
        return cls
    reference = None if name in SOLVERS else parse_reference(name)
    if reference is None:
        if form := reference_form(name):
            raise UsageError(f"there is no solver {quoted(name)}.", form)
        cls = SOLVERS.get(name)
        if not SOLVERS.is_own(name) and name in SOLVERS.entry_points:
            add_solver(cls, name)
        return cls
    import difflib  # only for a mistake

    similar = difflib.get_close_matches(name, SOLVERS, n=1, cutoff=0.8)
    if (similar or prefix == "outside") and not reference.is_file:
        raise UsageError(f"there is no solver {quoted(name)}.", did_you_mean(name, SOLVERS))
    cls = load_plugin(reference, Solver, SOLVERS.kind)
    add_solver(cls, str(reference))
    return cls


def reference_form(name: str) -> str:
    """Return how a reference is written, for a name that is none and looks like one; else empty."""
    prefix, colon, _ = name.partition(":")
    module, _, rest = name.partition(".")
    if not colon and rest and module in LIBRARIES:
        return f"did you mean {module}:{rest if module == 'optax' else name}?"
    if colon and prefix in LIBRARIES:
        example = {"torch": "torch:torch.optim.Adam", "optax": "optax:adam"}[prefix]
        return f"name an optimiser, as in {example}: lrbench list solvers {prefix} has them."
    return "write it as FILE.py:CLASS, as in my_rule.py:MyRule." if ".py" in name else ""


def build_from(solver: Solver | type[Solver]) -> Built:
    """Return a solver that was made in Python, or the one with the defaults of a class.

    Raises
    ------
    UsageError
        If its class is not what a solver must be.
    """
    cls = solver if isinstance(solver, type) else type(solver)
    if is_plugin(cls) and not cls.adapted:
        origin_of(cls)  # whose source is that of now: a file may change during a run
        add_solver(cls, cls.__qualname__)
    return _built(cls, {}, None if isinstance(solver, type) else solver)


def _build(name: str, settings: Mapping[str, Value]) -> Built:
    cls = solver_class(name)
    fields = {f.name: f for f in dataclasses.fields(cls)}
    for key in settings:
        if key not in fields:
            hint = did_you_mean(key, fields, "parameter", str(settings[key]))
            if not fields and hint.startswith("choose"):
                hint = f"{cls.name} takes no parameters."
            raise UsageError(f"solver {cls.name} has no parameter {quoted(key)}.", hint)
    hints = typing.get_type_hints(cls) if settings else {}
    params = {
        key: _checked(cls.name, fields[key], value, hints[key]) for key, value in settings.items()
    }
    return _built(cls, params)._replace(set_parameters=(*settings,))


@prints_to_stderr()
def _built(cls: type[Solver], params: Mapping[str, Any], made: Solver | None = None) -> Built:
    """Return the solver of a class with these parameters, or one that was made in Python.

    Raises
    ------
    UsageError
        If it cannot be made, also anew as in a worker, or has other parameters than are asked for.
    """
    try:
        solver = cls(**params) if made is None else made
        if not solver.adapted:  # whose optimiser has looked at its arguments
            check_types(solver, f"solver {cls.name}")
        check_kept(solver, params, f"solver {cls.name}")
        check_remade(solver, f"solver {cls.name}")
    except LrbenchError:
        raise
    except Exception as error:  # whatever a class of the user raises
        raise UsageError(
            f"solver {cls.name} cannot be made: {type(error).__name__}: {error}.",
            "correct its parameters, or its __post_init__.",
        ) from error
    fields = dataclasses.fields(solver)
    own = {f.name: getattr(solver, f.name) for f in fields}
    changed = tuple(f.name for f in fields if own[f.name] != f.default)
    # As texts give them, and results are read: a flag is a word, and a number a float.
    values = {name: _plain(value) for name, value in own.items()}
    return Built(solver, SolverSpec(solver.name, values, (*solver.label_fields, *changed)), changed)


def _checked(solver: str, field: dataclasses.Field[Any], value: Any, kind: Any) -> Any:
    """Return `value` as the parameter's type, or raise `UsageError`."""
    if typing.get_origin(kind) is not Literal and kind not in (float, int, bool, str):
        raise UsageError(
            f"solver {solver}: the type of {field.name} is {quoted(kind)}, which no text can give.",
            "annotate it as float, int or bool, or as Literal of the words that it may be.",
        )
    return checked_parameter(value, field.name, kind, field.default, f"solver {solver}")


def _plain(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return float(value) if isinstance(value, int) else value
