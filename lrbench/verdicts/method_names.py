"""The names that pages have for methods, which are those that a reader would type."""

from __future__ import annotations

import contextlib
import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

from lrbench.config.named import parse_named
from lrbench.config.solver_spec import SolverSpec
from lrbench.errors import UsageError
from lrbench.results import ProblemResult, Run, Verdict
from lrbench.solvers import SOLVERS

FULL_BATCH_NAMES: Mapping[str, str] = {"sgd": "gd"}
"""Registered name -> what the field calls the method where every step is on all samples."""

FULL_BATCH_WORD = re.compile(rf"(?<![\w:.-])({'|'.join(FULL_BATCH_NAMES)})(?![\w:.-])")
"""Such a name in a text, and not a part of a longer one."""

BRACKETS = re.compile(r"(?<![\w:.-])[\w:.-]+\[[^\[\]]*\]")
"""The name of a method with parameters in a text."""

if TYPE_CHECKING:
    from lrbench.results import Advice, Choice, Level, Sweep

Record = TypeVar("Record", Run, Verdict, "Choice", "Level")


def named_for_pages(problem: ProblemResult) -> ProblemResult:
    """Return a problem's result in which every method has the name that pages have for it.

    In full batches ``sgd`` is ``gd``. A parameter that has its default is left out of the name,
    unless methods of the same name differ in it. Either name means the method when it is typed.
    Where the first lr is the value of --lr0 times that of eta, which varies too, the name of the
    former is ``lr0/eta``, as lr0 is the first lr everywhere else.
    """
    names = names_of(problem)
    changes: dict[str, Any] = {
        "runs": [names.record(run) for run in problem.runs],
        "verdicts": [names.record(verdict) for verdict in problem.verdicts],
        "sweep": None if problem.sweep is None else names.sweep(problem.sweep),
        "sweeps": None if problem.sweeps is None else [*map(names.sweep, problem.sweeps)],
    }
    return replace(problem, **changes)


def _ratios(runs: Iterable[Run]) -> dict[str, str]:
    """Return solver -> ``"lr0/eta"``, where its lr0 is the product of the values on two axes."""
    ratios: dict[str, str] = {}
    for run in runs:
        first, *others = run.over or [""]
        if others != ["lr0"] or run.lr0 is None or run.lr0 == run.over["lr0"]:
            continue
        if math.isclose(run.lr0, run.over[first] * run.over["lr0"], rel_tol=1e-9):
            ratios[run.solver.name] = f"lr0/{first}"
    return ratios


def names_of(problem: ProblemResult) -> MethodNames:
    """Return the names that the methods of a problem's result have on its page."""
    # 100,000 lanes share a few specifications, which cannot be hashed.
    specs = {id(run.solver): run.solver for run in problem.runs}
    names = MethodNames(specs.values(), all(run.setting == "batch" for run in problem.runs))
    names.ratios = _ratios(problem.runs)
    return names


def names_in_texts(texts: Iterable[str], full_batches: bool) -> Callable[[str], str]:
    """Return the function from a text to the same text with the names that pages have.

    Parameters
    ----------
    texts
        Everything that stands on the page, with the methods as results write them.
    full_batches
        Whether every step is on all samples.
    """
    specs = {}
    for written in {match for text in texts for match in BRACKETS.findall(text)}:
        with contextlib.suppress(UsageError):
            name, params = parse_named(written)
            specs[written] = SolverSpec(name, params, tuple(params))
    names = MethodNames(specs.values(), full_batches=False)
    short = {written: str(names.spec(spec)) for written, spec in specs.items()}

    def named(text: str) -> str:
        text = BRACKETS.sub(lambda match: short.get(match[0], match[0]), text)
        if not full_batches:
            return text
        return FULL_BATCH_WORD.sub(lambda match: FULL_BATCH_NAMES[match[0]], text)

    return named


class MethodNames:
    """The names of methods that stand on one page.

    Parameters
    ----------
    specs
        All of them.
    full_batches
        Whether every step is on all samples.
    """

    def __init__(self, specs: Iterable[SolverSpec], full_batches: bool) -> None:
        self.full_batches = full_batches
        self.ratios: Mapping[str, str] = {}
        """Solver -> the name of a second axis that is lr0 over the first one."""
        values: dict[tuple[str, str], set[float | str]] = defaultdict(set)
        for spec in specs:
            for parameter, value in spec.params.items():
                values[spec.name, parameter].add(value)
        self._varied = {key for key, of_key in values.items() if len(of_key) > 1}
        self._defaults: dict[str, Mapping[str, Any]] = {}
        self._renamed: dict[int, tuple[SolverSpec, SolverSpec]] = {}

    def spec(self, spec: SolverSpec) -> SolverSpec:
        """Return the specification with the name for pages."""
        if id(spec) not in self._renamed:
            # The old one is kept with the new one: its id may not be used again.
            self._renamed[id(spec)] = spec, self._spec(spec)
        return self._renamed[id(spec)][1]

    def _spec(self, spec: SolverSpec) -> SolverSpec:
        name = FULL_BATCH_NAMES.get(spec.name, spec.name) if self.full_batches else spec.name
        defaults = self._defaults_of(spec.name) if spec.label_fields else {}
        labels = tuple(
            parameter
            for parameter in spec.label_fields
            if (spec.name, parameter) in self._varied
            or parameter not in defaults
            or spec.params.get(parameter) != defaults[parameter]
        )
        if (name, labels) == (spec.name, spec.label_fields):
            return spec
        return SolverSpec(name, spec.params, labels)

    def _defaults_of(self, name: str) -> Mapping[str, Any]:
        if name not in self._defaults:
            # A result may name a method that is not installed here, or cannot be imported.
            with contextlib.suppress(UsageError):
                self._defaults[name] = {f.name: f.default for f in fields(SOLVERS.get(name))}
            self._defaults.setdefault(name, {})
        return self._defaults[name]

    def record(self, record: Record) -> Record:
        """Return the record with the name of its solver."""
        changes: dict[str, Any] = {}
        ratio = self.ratios.get(record.solver.name)
        if ratio is not None and "lr0" in record.over:
            changes["over"] = {ratio if k == "lr0" else k: v for k, v in record.over.items()}
        spec = self.spec(_with_ratio(record.solver, ratio))
        if spec is not record.solver:
            changes["solver"] = spec
        if not changes:
            return record
        # No new record, whose checks would take a second for 100,000 lanes, as would copy.copy.
        renamed = object.__new__(type(record))
        vars(renamed).update(vars(record), **changes)
        return renamed

    def sweep(self, sweep: Sweep) -> Sweep:
        """Return the sweep with the names of its solvers."""
        solvers = []
        for s in sweep.solvers:
            ratio = self.ratios.get(s.solver.name)
            second = {ratio if ratio and k == "lr0" else k: v for k, v in s.second_axis.items()}
            spec = self.spec(_with_ratio(s.solver, ratio))
            solvers.append(replace(s, solver=spec, second_axis=second))
        advice = None if sweep.advice is None else self._advice(sweep.advice)
        return replace(sweep, solvers=solvers, advice=advice)

    def _advice(self, advice: Advice) -> Advice:
        obstacle = advice.obstacle
        if obstacle is not None:
            levels = tuple(map(self.record, obstacle.lowest_of))
            lowest = None if obstacle.lowest is None else self.record(obstacle.lowest)
            obstacle = replace(obstacle, lowest=lowest, lowest_of=levels)
        return replace(
            advice,
            choice=self._choice(advice.choice),
            best=self._choice(advice.best),
            faster=self._choice(advice.faster),
            wider=self._choice(advice.wider),
            obstacle=obstacle,
        )

    def _choice(self, choice: Choice | None) -> Choice | None:
        return None if choice is None else self.record(choice)


def _with_ratio(solver: SolverSpec, ratio: str | None) -> SolverSpec:
    """Return a solver in which a value of lr0 has the name of the ratio, if there is one."""
    if ratio is None or "lr0" not in solver.params:
        return solver
    value = solver.params["lr0"]
    assert not isinstance(value, str)
    return solver.without("lr0").at({ratio: value})
