"""Solvers of the user: what their classes must be, and the short form `rate_rule`."""

from __future__ import annotations

import dataclasses
import inspect
import re
import typing
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, overload

from lrbench.arrays import PerLane
from lrbench.config.registry import did_you_mean
from lrbench.config.values import as_integer, as_number
from lrbench.errors import UsageError, quoted
from lrbench.objective.oracle import Iterate, Oracle
from lrbench.solvers import SOLVERS
from lrbench.solvers.base import Facts, Need, Solver, Step

NAME = re.compile(r"[A-Za-z0-9_][\w.-]*")
"""What a solver may be called: its name stands before brackets, and in lists."""

ATTRIBUTES = (
    "name",
    "papers",
    "theorems",
    "scale",
    "second_scale",
    "has_lr0",
    "lr0_means",
    "label_fields",
    "state_size",
    "traced",
)
"""The attributes of a solver that `rate_rule` takes, beside `init`."""

Rule = Callable[..., tuple[Any, PerLane]]


def complete(cls: type[Solver]) -> None:
    """Give a class of the user the name of the class, where it has none of its own.

    It does not inherit the theorems and papers of another rule, which it may not follow.
    """
    defaults: dict[str, Any] = {"name": cls.__name__, "theorems": (), "papers": ()}
    for attribute, value in defaults.items():
        if attribute not in vars(cls):
            setattr(cls, attribute, value)


def add_solver(cls: type[Solver], place: str) -> None:
    """Make a class of the user known as a solver, by its name or else the name of the class.

    Parameters
    ----------
    cls
        The class.
    place
        What errors call it: ``my_rule.py:MyRule``.

    Raises
    ------
    UsageError
        If its attributes are not what those of a solver are, or it has the name of one of lrbench.
    """

    def refuse(what: str, hint: str) -> typing.NoReturn:
        raise UsageError(f"{place}: {what}.", hint)

    complete(cls)
    if not isinstance(cls.name, str) or not NAME.fullmatch(cls.name):
        refuse(f"the name {quoted(cls.name)} is no name of a solver", "write name = 'my-rule'.")
    if SOLVERS.is_own(cls.name):
        own_name = SOLVERS.canonical(cls.name)
        refuse(f"its name {quoted(cls.name)} is that of {own_name}", "write name = 'my-rule'.")
    annotations = vars(cls).get("__annotations__", {})
    own = [name for name, value in annotations.items() if "ClassVar" not in str(value)]
    if own and "__dataclass_fields__" not in vars(cls):
        refuse(
            f"{cls.__name__} has the parameters {', '.join(own)} and is no dataclass",
            f"write @dataclass(frozen=True) above class {cls.__name__}.",
        )
    fields = {f.name: f for f in dataclasses.fields(cls)}
    for field in fields.values():
        if field.default is dataclasses.MISSING:
            refuse(
                f"the parameter {field.name} has no default", f"write {field.name}: float = 1.0."
            )
    try:
        hints = typing.get_type_hints(cls)
    except Exception as error:  # whatever an annotation raises
        refuse(f"its annotations cannot be read ({error})", "annotate parameters as float.")
    floats = [name for name in fields if hints[name] is float]  # a scale is no whole number
    for attribute in ("scale", "second_scale"):
        scale = getattr(cls, attribute)
        if isinstance(scale, str) and scale not in ("", "lr0", *floats):
            refuse(
                f"{attribute} = {quoted(scale)} is none of its parameters",
                did_you_mean(scale, ["lr0", *floats]),
            )
    if not cls.has_lr0 and cls.scale == "lr0":
        refuse("it has no lr0, and its scale is lr0", "write scale = '', or name a parameter.")
    known = typing.get_args(Need)
    needs = cls.needs if isinstance(cls.needs, tuple) else ()  # a property depends on parameters
    for need in needs:
        if need not in known:
            refuse(f"needs {quoted(need)}, which is nothing to know", did_you_mean(need, known))
    for attribute in ("traced", "papers", "label_fields"):
        if not isinstance(getattr(cls, attribute), tuple):
            refuse(f"{attribute} is no tuple", f"write {attribute} = ('name',).")
    for step in () if cls.outside else ("init", "step"):
        if getattr(cls, step) is getattr(Solver, step):
            refuse(f"{cls.__name__} has no method {step}", "see lrbench new solver for an example.")
    SOLVERS.add(cls.name, cls)


@overload
def rate_rule(rule: Rule) -> type[Solver]: ...


@overload
def rate_rule(
    *,
    init: Callable[[PerLane], Any] = ...,
    name: str = ...,
    scale: str = ...,
    **attributes: Any,
) -> Callable[[Rule], type[Solver]]: ...


def rate_rule(rule: Rule | None = None, **attributes: Any) -> Any:
    """Make a solver of a function that returns the next state and the learning rate.

    The steps of the solver are w - lr g. For other steps derive a class from `Solver`.

    Parameters
    ----------
    rule
        Called in every step as ``rule(state, grad_norm_sq, **parameters)``; its parameters that are
        no state and no norm are the hyper-parameters of the solver, numbers with a default. It
        returns ``(state, lr)`` with lr of shape (n_lanes,).
    init
        Called with lr0, (n_lanes,); returns the state before the first step. None for lr0 itself.
    attributes
        Attributes of the class, such as name, scale, papers and theorems: see `Solver`. The name
        is that of the function if none is given.

    Raises
    ------
    UsageError
        If a hyper-parameter has no default, or the function has fewer than two parameters.

    Examples
    --------
    >>> import lrbench
    >>> @lrbench.rate_rule(init=lambda lr0: 1.0 / lr0, name="root-growth")
    ... def root_growth(b, grad_norm_sq, c=1.0):
    ...     b = b + c * grad_norm_sq / b
    ...     return b, 1.0 / b
    >>> result = lrbench.run("log-spectrum", solvers=[root_growth], lr0="1/L", iterations=5)
    >>> result.problems[0].runs[0].status
    <Status.COMPLETED: 'completed'>
    """
    if rule is None:
        return lambda function: _rate_rule(function, **attributes)
    return _rate_rule(rule, **attributes)


def _rate_rule(
    rule: Rule, init: Callable[[PerLane], Any] = lambda lr0: lr0, **attributes: Any
) -> type[Solver]:
    function = getattr(rule, "__name__", "rule")
    for attribute in attributes:
        if attribute not in ATTRIBUTES:
            raise UsageError(
                f"rate_rule has no {quoted(attribute)}.", did_you_mean(attribute, ATTRIBUTES)
            )
    parameters = list(inspect.signature(rule).parameters.values())
    if len(parameters) < 2:
        raise UsageError(
            f"{function} takes {len(parameters)} parameters, and a rule takes at least two.",
            "write def rule(state, grad_norm_sq).",
        )
    for parameter in parameters[2:]:
        if as_number(parameter.default) is None:
            raise UsageError(
                f"{function}: the parameter {parameter.name} has no number as its default.",
                f"write {parameter.name}=1.0.",
            )
        if parameter.annotation in (int, "int") and as_integer(parameter.default) is None:
            raise UsageError(
                f"{function}: the parameter {parameter.name} is an int, and its default is none.",
                f"write {parameter.name}: int = 1.",
            )
    kinds = {p: int if p.annotation in (int, "int") else float for p in parameters[2:]}
    fields = [(p.name, k, dataclasses.field(default=k(p.default))) for p, k in kinds.items()]
    cls: type[Solver] = dataclasses.make_dataclass(
        function,
        fields,
        bases=(RateRule,),
        namespace={
            "theorems": "scalar-step",
            "scalar_step": True,
            "_rule": staticmethod(rule),
            "_start": staticmethod(init),
            "__module__": rule.__module__,
            "__qualname__": rule.__qualname__,
            "__doc__": rule.__doc__,
            **attributes,
        },
        frozen=True,
    )
    return cls


class RateRule(Solver):
    """A solver whose step is -lr g, with lr from the norms of the gradients so far."""

    _rule: ClassVar[Rule]
    _start: ClassVar[Callable[..., Any]]

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> Any:
        del W, facts
        return self._start(lr0)

    def step(self, W: Iterate, state: Any, oracle: Oracle) -> Step:
        gradient = oracle.gradient(W)
        parameters: Mapping[str, Any] = vars(self)
        state, lr = self._rule(state, gradient.norm_sq(), **parameters)
        return Step(oracle.descend(W, lr, gradient), lr, state)
