"""The contents of a store: listed, and returned as a result."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

from lrbench.cache.source_hash import numbers_hash
from lrbench.config.plain import plain
from lrbench.config.records import read_record
from lrbench.errors import UsageError, quoted_path
from lrbench.experiment.proved import proved_over_grid
from lrbench.experiment.store.cells import method_of_row, rate_of, run_of
from lrbench.experiment.store.database import to_stderr
from lrbench.experiment.store.keys import source_of
from lrbench.experiment.store.rows import (
    Experiment,
    cell_name,
    checked_cells,
    damaged,
    has_digests,
    path_of,
)
from lrbench.results import ArrivalRule, ProblemResult, Result, environment
from lrbench.results.definition import KEYS, definition, phrases
from lrbench.solvers import SOLVERS
from lrbench.study import with_sweeps
from lrbench.theory.base import Setting

CHANGED = "it was changed by another program: sweep into another file."
"""The hint for a store that says something of a problem which cannot be read."""

Group: TypeAlias = tuple[Experiment, str, str, str]
"""Experiment, method, what varies over its lanes, and source."""

HASH = 64
"""The length of the hash of the code that all solvers share, at the beginning of a source."""


SHORT = 8
"""The characters of a hash that lists show."""


@dataclass(frozen=True)
class StoredCells:
    """The cells of one solver in one experiment, made by one version of the code."""

    problem: str
    batch_size: int | None
    """None for full batches."""
    sampling: str | None
    solver: str
    over: str
    """What varies over the lanes: lr0, or a hyper-parameter; empty where nothing does."""
    values: tuple[float, float] | None
    """Its least and its largest value; None where nothing varies."""
    cells: int
    lr0: tuple[float, float] | None
    """The least and the largest lr0 of the runs; None where the method has none."""
    seeds: int
    iterations: int
    target: float | None
    """The level at which runs ended; None without one."""
    added: str
    """The time at which the last of them was added, UTC."""
    current: bool | None
    """Whether the code that made them is that of this lrbench."""
    target_measure: str = "suboptimality"
    """What the target is a level of."""
    source: str = ""
    """The beginning of the hash of the solver's own code, which tells versions of it apart."""
    arrival: ArrivalRule | None = None
    """When a run of a sweep has arrived at the target; None for runs that are no sweep's."""
    at: Sequence[int] = ()
    """The numbers of steps after which a sweep measured what it was asked for."""
    header: Mapping[str, Any] = field(default_factory=dict)
    """What defines the problem, under the keys that it has in a result: data, loss, penalty …"""


def stored_cells(connection: sqlite3.Connection) -> list[StoredCells]:
    """Return what a store holds, by experiment, solver and code.

    Raises
    ------
    LrbenchError
        If it is damaged.
    """
    groups: dict[Group, list[tuple[dict[str, Any], float | None]]] = {}
    path = path_of(connection)
    for experiment, row in checked_cells(connection, path):
        row["trace"] = None  # of all that a cell holds, this alone takes room
        method, parameter, value = method_of_row(row)
        group = (experiment, method, parameter, row["source"])
        groups.setdefault(group, []).append((row, value))
    entries = []
    for (experiment, solver, parameter, source), lanes in sorted(groups.items(), key=_setting):
        rows = [row for row, _ in lanes]
        # A header of the first edition may lack both keys.
        steps = max(row["status_at"] for row in rows)
        budget = {"iterations": steps, "target": None} | _header(experiment, path)
        arrival = budget.get("arrival", "first")  # earlier versions knew no other
        sampling = rows[0]["sampling"]
        entries.append(
            StoredCells(
                problem=experiment.name,
                batch_size=None if sampling is None else rows[0]["batch_size"],
                sampling=sampling,
                solver=solver,
                over=parameter,
                values=_range(value for _, value in lanes),
                cells=len(rows),
                lr0=_range(map(rate_of, rows)),
                seeds=len({row["seed"] for row in rows}),
                iterations=budget["iterations"],
                target=budget["target"],
                target_measure=budget.get("target_measure", "suboptimality"),
                added=max(row["added"] for row in rows),
                current=is_current(rows[0]["name"], source),
                source=source.partition(" ")[2][:SHORT],
                arrival=arrival if experiment.sweep else None,
                at=tuple(budget.get("at", ())),
                header={key: budget[key] for key in KEYS if key in budget},
            )
        )
    return entries


def _range(values: Iterable[float | None]) -> tuple[float, float] | None:
    """Return the least and the largest number; None without one."""
    numbers = [value for value in values if value is not None]
    return (min(numbers), max(numbers)) if numbers else None


def _setting(
    group: tuple[Group, Sequence[tuple[dict[str, Any], float | None]]],
) -> tuple[str, str, int, str]:
    """Return what a list is sorted by: problem, sampling, batch size and experiment."""
    (experiment, *_), lanes = group
    row, _ = lanes[0]
    return experiment.name, row["sampling"] or "", row["batch_size"], experiment.id


def is_current(solver: str, source: str) -> bool | None:
    """Return whether cells of the solver of this name, made by this code, would be used again.

    It is None where that is not known: for a solver of the user that this process has not loaded.
    """
    if solver not in SOLVERS:
        return None if source.startswith(numbers_hash()) else False
    return source == source_of(SOLVERS.get(solver))


def result_of(connection: sqlite3.Connection, path: str | Path) -> Result:
    """Return all finished cells as a result, with a problem for each experiment and shared code.

    Of a solver whose own file has changed only the cells of one state of it are in the result: of
    the present one, or else of the newest. Solvers are in the order of their first cells. Where a
    problem was run with several settings, budgets or targets, its name contains them, and where it
    was itself changed (by another penalty, in other variables) what was. Problems that still have
    the same name (with other checkpoints or other code) are numbered.

    Raises
    ------
    UsageError
        If the store is empty.
    LrbenchError
        If it is damaged.
    """
    groups: dict[tuple[Experiment, str], list[dict[str, Any]]] = {}
    for experiment, row in checked_cells(connection, path):
        groups.setdefault((experiment, row["source"][:HASH]), []).append(row)
    checked = has_digests(connection)
    problems = [
        _problem(experiment, part, path, checked=checked)
        for (experiment, _), rows in sorted(groups.items(), key=lambda group: group[0][0].name)
        for part in _by_axes(rows)
    ]
    names = [p.name for p in problems]
    problems = [replace(p, name=_full_name(p)) if names.count(p.name) > 1 else p for p in problems]
    problems = _told_apart(problems)
    names = [p.name for p in problems]
    numbers: Counter[str] = Counter()
    for k, name in enumerate(names):
        numbers[name] += 1
        if names.count(name) > 1:
            problems[k] = replace(problems[k], name=f"{name} [{numbers[name]}]")
    if not problems:
        raise UsageError(f"{path} holds no finished cell.", "lrbench sweep --store fills it.")
    return Result(("store", str(path)), environment(threads=1), tuple(problems))


def _told_apart(problems: Sequence[ProblemResult]) -> list[ProblemResult]:
    """Return the problems, those of one name with what they differ in: ``p (…; weight-norm)``."""
    of_name: dict[str, list[dict[str, str]]] = {}
    definitions = [definition(plain(p.header)) for p in problems]
    for p, own in zip(problems, definitions, strict=True):
        of_name.setdefault(p.name, []).append(own)
    renamed = []
    for p, own in zip(problems, definitions, strict=True):
        words = ", ".join(phrases(own, of_name[p.name]))
        # Those of one name have their setting in brackets behind it: see `_full_name`.
        renamed.append(replace(p, name=f"{p.name[:-1]}; {words})") if words else p)
    return renamed


def _by_axes(rows: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Yield rows in parts, in none of which a method varies over two parameters."""
    parts: dict[int, list[dict[str, Any]]] = {}
    parameters: dict[str, list[str]] = {}
    for row in rows:
        method, parameter, _ = method_of_row(row)
        known = parameters.setdefault(method, [])
        if parameter not in known:
            known.append(parameter)
        parts.setdefault(known.index(parameter), []).append(row)
    yield from parts.values()


def _problem(
    experiment: Experiment, rows: Sequence[dict[str, Any]], path: str | Path, *, checked: bool
) -> ProblemResult:
    """Return the result on the problem of an experiment from its cells.

    Cells without digests (`checked`) may hold anything, and are read with the checks of a file.
    """
    # One curve must not mix two states of a solver's file: the last row decides, unless there are
    # cells of the present state.
    chosen = {method_of_row(row)[:2]: row["source"] for row in rows}
    current = [row for row in rows if is_current(row["name"], row["source"])]
    chosen |= {method_of_row(row)[:2]: row["source"] for row in current}
    unknown = [row for row in rows if is_current(row["name"], row["source"]) is None]
    for method in dict.fromkeys(method_of_row(row)[:2] for row in unknown):
        sources = {row["source"] for row in unknown if method_of_row(row)[:2] == method}
        if len(sources) > 1:  # which of them is the present one only its file says
            to_stderr(
                f"{experiment.name}: the cells of {method[0]} are of {len(sources)} versions of its"
                " code; those of the one added last are shown."
            )
    # Machines of another kind have keys of their own for the same cell: the newest row counts.
    run_of_cell = {}
    for row in rows:
        if row["source"] == chosen[method_of_row(row)[:2]]:
            run = run_of(row)
            if run is None:
                raise damaged(path, [f"{cell_name(row)}, of {quoted_path(experiment.name)}"])
            run_of_cell[*run.lane, run.seed] = run
    order = {method: k for k, method in enumerate(dict.fromkeys(m for m, *_ in run_of_cell))}
    runs = tuple(sorted(run_of_cell.values(), key=lambda r: (r.seed, order[r.lane[0]], r.value)))
    keys = _header(experiment, path)
    iterations, targets = keys.pop("iterations", None), keys.pop("targets", ())
    arrival = keys.pop("arrival", "first")  # earlier versions knew no other
    at, shared = keys.pop("at", ()), keys.pop("setting", None)
    try:
        values = {"name": experiment.name, **keys, "runs": [] if checked else plain(runs)}
        values["verdicts"] = []
        place = f"{quoted_path(path)}: {quoted_path(experiment.name)}"
        problem = replace(read_record(ProblemResult, values, place, CHANGED), runs=runs)
        if experiment.sweep:
            # Earlier versions did not save what theorems need beside the constants.
            setting = shared and Setting(problem.header.constants, 1.0, {}, **shared)
            proved = dict(proved_over_grid(problem, setting)) if setting else None
            problem = with_sweeps(problem, targets, iterations, arrival, proved, at)
    except (ArithmeticError, LookupError, TypeError, UsageError, ValueError) as error:
        if checked:  # a fault of lrbench, and not of the file
            raise
        raise damaged(path, [f"a cell of {quoted_path(experiment.name)}"]) from error
    return problem


def _header(experiment: Experiment, path: str | Path) -> dict[str, Any]:
    """Return the header of an experiment's problem, with the "iterations" of its budget."""
    try:
        return dict(json.loads(experiment.header))
    except (RecursionError, TypeError, ValueError) as error:
        raise damaged(path, [f"what it says of {quoted_path(experiment.name)}"]) from error


def _full_name(problem: ProblemResult) -> str:
    """Return the name of a problem with its setting, budget and target."""
    run, radius = problem.runs[0], problem.header.radius
    size = "full batches" if run.sampling is None else f"batches of {run.batch_size}"
    size += ", reshuffled" if run.sampling == "reshuffle" else ""
    size += "" if radius is None else f", ball of {radius:g}"
    budget = problem.sweep.iterations if problem.sweep else None
    budget = budget or max(r.status_at for r in problem.runs)
    target = problem.header.target
    goal = "" if target is None else f", to {target:.3g}"
    return f"{problem.name} ({size}, {budget} iterations{goal})"
