"""The words of the command line that runs a plan again."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import os
import sys
from collections.abc import Iterator, Sequence

from lrbench.config.axes import AUTO, parse_axes
from lrbench.config.learning_rates import LearningRate, learning_rates
from lrbench.config.named import value_text
from lrbench.plan.options import DEFAULT_SWEEP, OPTIONS
from lrbench.plan.plan import CHECKPOINTS_PER_DECADE, Plan
from lrbench.plugins import Reference, is_plugin, origin_of
from lrbench.solvers.base import Solver

OF_LANES = ("solvers", "lr0", "over", "sweep", "arrival", "lane_block")
"""The options of a plan that have words of their own, or none."""


def plan_words(plan: Plan) -> list[str] | None:
    """Return the options of `lrbench run` or `lrbench sweep` that stand for a plan.

    Returns
    -------
    list of str or None
        None where no command line can name a solver, because its class was made in a function or
        typed at a prompt.
    """
    names = list(_solver_names(plan))
    if None in names:
        return None
    words = [word for name in names if name is not None for word in ("-s", name)]
    axes = parse_axes(plan.over)
    default = DEFAULT_SWEEP if plan.sweep and not axes else 1.0
    if plan.learning_rates != tuple(learning_rates(default)):
        words += ["--lr0", _rates_text(plan)]
    for axis in axes:
        words += ["--over", f"{axis.parameter}={_values(axis.values)}"]
    if plan.sweep and plan.arrival != "confirmed":
        words += ["--arrival", str(plan.arrival)]
    for name, option in OPTIONS.items():
        value = getattr(plan, name)
        if name not in OF_LANES and value not in (option.default, _implied(plan, name)):
            text = ",".join(map(str, plan.iterations_at)) if name == "at" else value_text(value)
            words += [f"--{name.replace('_', '-')}", text]
    return words


def _implied(plan: Plan, name: str) -> int | None:
    """Return the value of an option that follows from the rule of arrival; None for none."""
    implied = name == "checkpoints_per_decade" and plan.arrival == "first"
    return CHECKPOINTS_PER_DECADE if implied else None


def _rates_text(plan: Plan) -> str:
    """Return the initial learning rates as they were given in texts, or else one by one."""
    texts = [plan.lr0] if isinstance(plan.lr0, str) else plan.lr0
    if isinstance(texts, Sequence) and all(isinstance(text, str) for text in texts):
        return ",".join(map(str, texts))
    return _values(plan.learning_rates)


def _values(values: Sequence[LearningRate]) -> str:
    """Return the values with every digit."""
    return ",".join(f"{value_text(v.value)}{'/L' * v.per_L}" for v in values) or AUTO


def _solver_names(plan: Plan) -> Iterator[str | None]:
    """Yield what ``-s`` takes for each solver of a plan; None where there is no such text."""
    solvers = [plan.solvers] if isinstance(plan.solvers, str | type | Solver) else plan.solvers
    if isinstance(solvers, Sequence) and all(isinstance(text, str) for text in solvers):
        yield from map(str, solvers)
        return
    for solver, spec in plan.built:
        cls = type(solver)
        place = _reference(cls) if is_plugin(cls) else cls.name
        values = {
            f.name: spec.params[f.name]
            for f in dataclasses.fields(solver)
            if getattr(solver, f.name) != f.default
        }
        inside = ",".join(f"{name}={value_text(value)}" for name, value in values.items())
        yield f"{place}[{inside}]" if place and inside else place


def _reference(cls: type[Solver]) -> str | None:
    """Return a reference to a class of the user; None where there is none."""
    reference = origin_of(cls).reference
    if reference is not None:
        return str(reference)
    name = cls.__module__
    module = sys.modules.get(name)
    if module is None or name == "__main__" or vars(module).get(cls.__qualname__) is not cls:
        return None
    path = getattr(module, "__file__", None)
    if path is None or name.partition(".")[0] in importlib.metadata.packages_distributions():
        return str(Reference(name, cls.__qualname__))
    # The command line imports no folder that is not installed, but it reads a file.
    relative = os.path.relpath(path)
    return str(Reference(path if relative.startswith(os.pardir) else relative, cls.__qualname__))
