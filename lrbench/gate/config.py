"""The file lrbench.toml with the [[check]] tables that `lrbench check` reads."""

from __future__ import annotations

import importlib
import os.path
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lrbench.cache.read_whole import read_whole
from lrbench.config.prints import prints_to_stderr
from lrbench.config.texts import text_of
from lrbench.config.values import Table, checked, located
from lrbench.errors import UsageError, quoted
from lrbench.gate.check import Check
from lrbench.gate.expectation import parse_expectation
from lrbench.gate.keys import PLAN_KEYS, in_keys
from lrbench.gate.paired import TOLERANCE
from lrbench.plan.options import PROBLEM_OPTIONS
from lrbench.plan.plan import Plan
from lrbench.plugins import parse_reference
from lrbench.problem_files import (
    ProblemSpec,
    load_spec,
    spec_from_data,
    with_overrides,
)
from lrbench.solvers import LIBRARIES, SOLVERS
from lrbench.solvers.build import build_solvers

NAME = "lrbench.toml"

BASELINES = "lrbench-baselines.jsonl"
"""The file of baselines, beside the configuration, if that names none."""

HINT = (
    'a check is the line [[check]] and, below it, the lines name = "mine", problem = "logreg" and'
    ' expect = ["bound = pass"].'
)


@dataclass(frozen=True)
class Config:
    """The checks of a configuration file, and the path of their baselines."""

    path: Path
    checks: tuple[Check, ...]
    baselines: Path


@prints_to_stderr()
def load_config(path: Path, *, allow_code: bool = True) -> Config:
    """Return the checks in the file at `path`.

    Parameters
    ----------
    path
        The file.
    allow_code
        Whether its checks may name classes of the user, whose code is then run. It is False for a
        file that the user did not name.

    Raises
    ------
    UsageError
        If the file cannot be read, is not TOML, or contains a mistake.
    """
    try:
        values = tomllib.loads(text_of(read_whole(path), f"{path} is not TOML", HINT))
    except FileNotFoundError as error:
        raise UsageError(
            f"there is no file {path}.", f"write it, or give --config FILE; {HINT}"
        ) from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"{path} cannot be read: {reason}.", "check the path.") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not TOML: {error}.", HINT) from error
    with located(str(path)):
        return _config(values, path, allow_code)


def _config(values: Mapping[str, Any], path: Path, allow_code: bool) -> Config:
    table = Table(values, path.name)
    baselines = table.take("baselines", str, BASELINES)
    tables = table.take_any("check", [])
    table.finish()
    if not isinstance(tables, list):  # [check] for [[check]]
        raise UsageError("check is not a list of tables.", HINT)
    if not tables:
        raise UsageError("there is no [[check]] table.", HINT)
    checks = []
    for number, check_values in enumerate(tables, 1):
        with located(f"check {number}"):
            checks.append(_check(checked(check_values, "check", dict), path, allow_code))
    names = [check.name for check in checks]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"two checks are called {quoted(name)}.", "give each its own name.")
    return Config(path, tuple(checks), path.parent / baselines)


def _check(values: Mapping[str, Any], path: Path, allow_code: bool) -> Check:
    table = Table(values, "a check")
    name = table.take("name", str, "")
    if not name.strip():
        raise UsageError("a check has no name.", HINT)
    with located(quoted(name)), in_keys():
        # The solvers first: one of the user may have theorems, which expectations name.
        names = _texts(table.take_any("solver", []), "solver")
        solvers = [_solver(name, path, allow_code) for name in names]
        for solver in solvers:
            build_solvers(solver)
        expectations = tuple(
            parse_expectation(text) for text in _texts(table.take_any("expect", []), "expect")
        )
        sweep = table.take("sweep", bool, False) or any(e.needs_sweep for e in expectations)
        spec, words = _problem(table, path.parent)
        plan = _plan(table, sweep, solvers)
        check = Check(
            name,
            spec,
            plan,
            expectations,
            baseline=table.take("baseline", bool, False),
            tolerance=table.take("tolerance", float, TOLERANCE),
            allow_inconclusive=table.take("allow_inconclusive", bool, False),
            problem_words=words,
        )
        table.finish()
        return check


def _problem(table: Table, folder: Path) -> tuple[ProblemSpec, list[str]]:
    """Return the problem of a check, a named one or one from data, and the words that give it."""
    problem, data = table.take_any("problem"), table.take_any("data")
    changes = {key: table.take_any(key) for key in PROBLEM_OPTIONS}
    for key, kind in (("intercept", bool), ("scale", str)):
        if changes[key] is not None:
            checked(changes[key], key, kind)
    settings = _texts(table.take_any("set", []), "set")
    if problem is None and data is None:
        raise UsageError("it has neither a problem nor data.", HINT)
    if data is not None:
        data = _placed(checked(data, "data", str), folder)
    if isinstance(changes["test"], str):
        changes["test"] = _placed(changes["test"], folder)
    name = None if problem is None else _placed(checked(problem, "problem", str), folder)
    words = _words({"problem": name, "data": data, **changes}, settings)
    if name is None:
        assert data is not None
        return spec_from_data(data, settings=settings, **changes), words
    return with_overrides(load_spec(name), data=data, settings=settings, **changes), words


def _words(values: Mapping[str, Any], settings: list[str]) -> list[str]:
    """Return the options of a command line that give a problem the values of these keys."""
    words = []
    for key, value in values.items():
        option = f"--{key.replace('_', '-')}"
        if key == "intercept" and value is not None:
            words.append(option if value else "--no-intercept")
        elif value is not None:
            texts = value if isinstance(value, list) else [value]
            words += [option, ",".join(map(str, texts))]
    return words + [word for text in settings for word in ("--set", text)]


def _placed(name: str, folder: Path) -> str:
    """Return the path of a file relative to the folder of the configuration; else the name."""
    path = folder / name
    # Not path.is_file(), which raises for a name that is too long for the file system.
    return str(path) if not Path(name).is_absolute() and os.path.isfile(path) else name  # noqa: PTH113


def _solver(text: str, path: Path, allow_code: bool) -> str:
    """Return the text of a solver, with the path of its file relative to the configuration's."""
    name, bracket, parameters = text.partition("[")
    library, _, inner = name.strip().partition(":")
    prefix = f"{library}:" if inner and library in LIBRARIES else ""
    reference = None if name in SOLVERS else parse_reference(inner if prefix else name.strip())
    known = not prefix or importlib.import_module(LIBRARIES[library]).is_known(inner)
    if reference is None and known:
        return text
    if not allow_code:
        raise UsageError(
            f"{quoted(name)} is code, and {path.name} was not named by the command.",
            f"add --allow-code if you trust it, or name the file: --config {path}.",
        )
    if reference is None or not reference.is_file:
        return text
    reference = reference._replace(place=_placed(reference.place, path.parent))
    return f"{prefix}{reference}{bracket}{parameters}"


def _plan(table: Table, sweep: bool, solvers: Sequence[str]) -> Plan:
    # The key of the solvers is in the singular; TOML has no null, so None is a key that is absent.
    values = {"solvers": solvers or None, **{name: table.take_any(name) for name in PLAN_KEYS}}
    options = {name: value for name, value in values.items() if value is not None}
    if options.get("batch_size") == "full":
        options["batch_size"] = None
    return Plan(sweep=sweep, **options)


def _texts(value: Any, key: str) -> list[str]:
    """Return the value of `key`, one text or a list of texts, as a list."""
    values = value if isinstance(value, list) else [value]
    return [checked(v, key, str) for v in values]
