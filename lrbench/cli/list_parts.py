"""The parts of each kind that `lrbench list` shows: their names, summaries and details."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import inspect
import sys
import tomllib
from collections.abc import Callable, Collection, Mapping
from importlib import resources
from typing import Any, NamedTuple

from lrbench.config.registry import Registry, did_you_mean
from lrbench.errors import LrbenchError, UsageError, quoted
from lrbench.plugins import is_plugin

UNUSABLE = "a part of an installed package that cannot be imported, or is no such part"
"""The summary of a part that an error is shown for when it is asked for by name."""


class PartKind(NamedTuple):
    """The functions that list the parts of one kind."""

    names: Callable[[], Mapping[str, str]]
    """Returns name -> summary of one line."""
    details: Callable[[str], dict[str, Any]]
    """Returns the further facts about the part of this name, by their keys in JSON."""
    canonical: Callable[[str], str]
    """Returns the name behind an alias; raises `UsageError` for an unknown one."""


def summary_line(doc: str | None) -> str:
    """Return the summary of a docstring, without the full stop at its end."""
    return (doc or "").strip().partition("\n")[0].rstrip(".")


def elsewhere(solver: str) -> list[dict[str, str]]:
    """Return the settings that equal b_0, lr0, order and c in other software, a row for each."""
    text = (resources.files("lrbench.solvers") / "elsewhere.toml").read_text("utf-8")
    rows: list[dict[str, str]] = tomllib.loads(text).get(solver, [])
    return rows


def _checked(kind: str, names: Collection[str], name: str) -> str:
    if name not in names:
        raise UsageError(f"there is no {kind} {quoted(name)}.", did_you_mean(name, names))
    return name


def _doc(part: Any) -> str:
    """Return the docstring of a part of lrbench, or its own of a class of the user."""
    if not is_plugin(part):
        return inspect.getdoc(part) or ""
    own = inspect.cleandoc(vars(part).get("__doc__") or "")
    # Without one the class has that of its base, or as a dataclass its signature.
    return "" if own.startswith(f"{part.__name__}(") else own


def _of_registry(registry: Registry, details: Callable[[str], dict[str, Any]]) -> PartKind:
    def names() -> dict[str, str]:
        parts = registry.available()
        return {n: summary_line(parts[n].__doc__) if n in parts else UNUSABLE for n in registry}

    return PartKind(names, details, registry.canonical)


def problems() -> PartKind:
    """Return how to list the shipped problems."""
    from lrbench.problem_files import (
        build_problem,
        load_spec,
        problem_names,
        shipped,
        training,
    )

    def details(name: str) -> dict[str, Any]:
        spec = load_spec(name)
        problem = build_problem(spec)
        facts = problem.facts()
        sizes = {"n_features": problem.n_features}
        if facts.nnz is None:  # what the solver moves is no weight for each feature
            n_features = training(spec).X.shape[1]
            sizes = {"n_features": n_features, "n_parameters": problem.n_features}
        return {
            "data": facts.data,
            "n_samples": problem.n_samples,
            **sizes,
            "nnz": facts.nnz,
            "model": facts.model,
            "backend": None if spec.backend is None else str(spec.backend),
            "reparametrisation": facts.reparametrisation,
            "loss": spec.loss,
            "penalty": str(spec.penalty),
            "scale": spec.scale,
            "intercept": spec.intercept,
            "labels": None if facts.labels is None else dict(facts.labels),
            "start": str(spec.start),
            "fingerprint": facts.fingerprint,
        }

    def titles() -> dict[str, str]:
        return {name: title(name) for name in problem_names()}

    def title(name: str) -> str:
        try:
            return load_spec(name).title
        except LrbenchError:
            if name in shipped():
                raise
            return UNUSABLE

    return PartKind(titles, details, lambda name: _checked("problem", problem_names(), name))


def solvers() -> PartKind:
    """Return how to list the solvers."""
    from lrbench.solvers import SOLVERS
    from lrbench.solvers.build import build_from, solver_class
    from lrbench.verdicts.outside import outside_facts
    from lrbench.verdicts.theorems import every_theorem_for

    def canonical(name: str) -> str:
        return SOLVERS.canonical(name) if name in SOLVERS else solver_class(name).name

    def details(name: str) -> dict[str, Any]:
        cls = solver_class(name)
        traced, pass_means = outside_facts(cls) or (None, None)
        return {
            "parameters": {f.name: f.default for f in dataclasses.fields(cls)},
            "theorems": [t.key for t in every_theorem_for(name)],
            "cite": list(cls.papers),
            "group": cls.group,
            "scale": cls.scale,
            "step_cost": cls.step_cost,
            "state_size": cls.state_size,
            "needs": list(build_from(cls).solver.needs),
            "lr0": cls.lr0_means if cls.has_lr0 else None,
            "traced": traced,
            "pass": pass_means,
            "doc": _doc(cls),
            "elsewhere": elsewhere(name),
        }

    return _of_registry(SOLVERS, details)._replace(canonical=canonical)


def library(prefix: str) -> PartKind:
    """Return how to list the optimisers of another library that are solvers."""
    from lrbench.solvers import LIBRARIES

    docs = importlib.import_module(LIBRARIES[prefix]).installed()
    return solvers()._replace(
        names=lambda: {f"{prefix}:{name}": summary_line(doc) for name, doc in docs.items()}
    )


def losses() -> PartKind:
    """Return how to list the losses."""
    from lrbench.losses import LOSSES

    def details(name: str) -> dict[str, Any]:
        cls = LOSSES.get(name)
        loss = cls()
        return {
            "task": loss.task,
            "smoothness": loss.smoothness,
            "lipschitz": loss.lipschitz,
            "doc": _doc(cls),
        }

    return _of_registry(LOSSES, details)


def penalties() -> PartKind:
    """Return how to list the penalties."""
    from lrbench.penalties import PENALTIES

    return _of_registry(PENALTIES, lambda name: {"doc": _doc(PENALTIES.get(name))})


def theorems() -> PartKind:
    """Return how to list the theorems, each once even if it holds for several solvers."""
    from lrbench.solvers import SOLVERS
    from lrbench.theory.families import every_theorem, theorems_of, unusable_families
    from lrbench.verdicts.theorems import every_theorem_for

    by_key = {theorem.key: theorem for theorem in every_theorem()}
    unusable = unusable_families()

    def keys(solver: str) -> set[str]:
        with contextlib.suppress(UsageError):  # one of an installed package may be broken
            return {theorem.key for theorem in every_theorem_for(solver)}
        return set()

    def summary(key: str) -> str:
        return summary_line(_doc(type(by_key[key]))).removeprefix(f"{key}: ")

    def details(key: str) -> dict[str, Any]:
        if key not in by_key:
            theorems_of(key)  # which says why it cannot be used
        theorem = by_key[key]
        return {
            "kind": theorem.kind,
            "statement": theorem.statement,
            "measure": theorem.measure,
            "iterate": theorem.iterate,
            "sharpness": theorem.sharpness or "upper bound",
            "solvers": [s for s in SOLVERS.available() if key in keys(s)],
            "source": theorem.reference,
            "cite": list(theorem.cite),
            "doc": _doc(type(theorem)),
        }

    by_lower_case = {key.lower(): key for key in by_key}

    return PartKind(
        lambda: {key: summary(key) for key in by_key} | dict.fromkeys(unusable, UNUSABLE),
        details,
        lambda name: _checked(
            "theorem", [*by_key, *unusable], by_lower_case.get(name.lower(), name)
        ),
    )


def formats() -> PartKind:
    """Return how to list the formats of a result."""
    from lrbench.reports import REPORTS

    def summary(name: str) -> str:
        # The writers of all formats are called `write`: their modules say what the format is.
        return summary_line(sys.modules[REPORTS.get(name).__module__].__doc__)

    return PartKind(lambda: {n: summary(n) for n in REPORTS}, lambda _: {}, REPORTS.canonical)


KINDS: dict[str, Callable[[], PartKind]] = {
    "problems": problems,
    "solvers": solvers,
    "losses": losses,
    "penalties": penalties,
    "theorems": theorems,
    "formats": formats,
}
