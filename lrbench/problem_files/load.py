"""Problem files, loaded by name if they ship with lrbench, and by path otherwise."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lrbench.cache.read_whole import read_whole
from lrbench.config.paths import expanded
from lrbench.config.prints import prints_to_stderr
from lrbench.config.registry import Registry, did_you_mean, kind_of, listed
from lrbench.config.texts import text_of
from lrbench.config.values import Table, checked, located
from lrbench.data.generated import PREFIX
from lrbench.data.libsvm import ZeroBased
from lrbench.data.load import DataName
from lrbench.data.scaling import check_scaling
from lrbench.errors import UsageError, quoted, quoted_path
from lrbench.losses import LOSSES
from lrbench.objective.problem import Problem
from lrbench.problem_files.backend import read_backend
from lrbench.problem_files.model import CLAIMED, ProblemSpec
from lrbench.problem_files.network import check_network, default_start, read_model
from lrbench.problem_files.parts import (
    describe,
    read_loss,
    read_penalty,
    read_positive,
    read_reparametrisation,
    read_start,
)
from lrbench.problem_files.source import read_test, read_zero_based

SUFFIX = ".toml"

INSTALLED = Registry("problem", {}, group="lrbench.problems")
"""The problems of installed packages: paths of TOML files, or functions that return one."""

SEE = "see a problem that ships for the form: lrbench show problem logreg."


def shipped() -> list[str]:
    """Return the names of the problems that ship with lrbench, sorted."""
    return sorted(file.stem for file in shipped_folder().glob(f"*{SUFFIX}"))


def shipped_folder() -> Path:
    """Return the folder of the problems that ship, which an editable installation has elsewhere."""
    spec = find_spec("lrbench.problems")  # as importlib.resources does, in a tenth of the time
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0])


def problem_names() -> list[str]:
    """Return the names of the problems that ship with lrbench and of those of other packages."""
    return [*shipped(), *INSTALLED]


@prints_to_stderr()
def load_spec(name_or_path: str | Path) -> ProblemSpec:
    """Return the specification of a shipped problem, or of the one in a file.

    Parameters
    ----------
    name_or_path
        The name of a problem that ships or that an installed package has, or a path, which ends in
        ``.toml`` or contains a folder.

    Raises
    ------
    UsageError
        For an unknown name, a missing file, TOML that cannot be parsed, an unknown key, a value of
        the wrong type or out of range, or a missing ``[data]`` table.
    """
    text = str(name_or_path)
    if text.endswith(".json"):
        raise UsageError(
            f"{quoted_path(text)} is no problem: a saved result ends in .json, and a problem in"
            " .toml.",
            f"read the result by lrbench.Result.load({quoted(text)}), or see it by lrbench show.",
        )
    if text.endswith(SUFFIX) or Path(text).name != text:
        path = expanded(text)
        return parse_spec(_read(path), path.name.removesuffix(SUFFIX), text, path.parent)
    if text not in shipped() and text in INSTALLED:
        file_path = INSTALLED.get(text)
        if callable(file_path):
            try:
                file_path = file_path()
            except Exception as error:  # whatever the package raises
                raise UsageError(
                    f"the problem {text} of an installed package cannot be made:"
                    f" {type(error).__name__}: {_sentence(error)}.",
                    "let its entry point be a function without parameters that returns the path of"
                    " a TOML file.",
                ) from error
        if not isinstance(file_path, str | Path) or not str(file_path).endswith(SUFFIX):
            is_path = isinstance(file_path, str | Path)
            what = quoted(str(file_path)) if is_path else kind_of(file_path)
            raise UsageError(
                f"the problem {text} of an installed package is {what}, and no file of TOML.",
                "let its entry point be the path of a TOML file, or a function that returns one.",
            )
        return replace(load_spec(file_path), name=text)
    if text not in shipped():
        raise UsageError(
            f"there is no problem {quoted(text)}.", did_you_mean(text, problem_names(), "problem")
        )
    file = shipped_folder() / f"{text}{SUFFIX}"
    return parse_spec(file.read_text("utf-8"), text, f"{text}{SUFFIX}", Path())


def load_specs(problems: Any) -> list[ProblemSpec | Problem]:
    """Return the specifications of one or several problems, which are given as names or paths.

    Specifications, and problems that were made in Python, are returned as they are.

    Raises
    ------
    UsageError
        For anything else, or as `load_spec`.
    """
    kinds = (str, Path, ProblemSpec, Problem)
    entries = [problems] if isinstance(problems, kinds) else problems
    if not isinstance(entries, Iterable) or not (entries := list(entries)):
        raise UsageError(f"{quoted(problems)} names no problem.", "give a name, as in 'logreg'.")
    for entry in entries:
        if not isinstance(entry, kinds):
            raise UsageError(f"{quoted(entry)} is not a problem.", "give a name, as in 'logreg'.")
    return [load_spec(entry) if isinstance(entry, str | Path) else entry for entry in entries]


def parse_spec(text: str, name: str, where: str, folder: Path) -> ProblemSpec:
    """Return the specification in the TOML text of a problem file.

    Parameters
    ----------
    text, where
        The content of the file, and what errors call the file.
    name
        The name of the problem.
    folder
        The folder that paths in the file are relative to.
    """
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # by huge numbers, and by deep nesting
        raise UsageError(f"{where} is not TOML: {_sentence(error)}.", SEE) from error
    with located(where):
        return spec_from_table(table, name, folder)


def spec_from_table(values: Mapping[str, Any], name: str, folder: Path | None) -> ProblemSpec:
    """Return the specification in the keys of a problem file.

    Parameters
    ----------
    values
        The parsed TOML: texts, numbers, tables.
    name
        The name of the problem.
    folder
        The folder that a path of data is relative to; None for the working directory.
    """
    table = Table(values, "a problem file")
    title = table.take("title", str, "")
    model = read_model(table.take_any("model", "linear"))
    loss = table.take_any("loss", "")
    penalty = read_penalty(table.take_any("penalty", "none"))
    start = read_start(table.take_any("start", default_start(model)))
    reparametrisation = read_reparametrisation(table.take_any("reparametrisation", "none"))
    backend = read_backend(table.take_any("backend", "numpy"))
    data_values = table.take_any("data")
    claims = _claims(table.take_any("constants", {}))
    table.finish()
    if not loss:
        raise UsageError("the loss is missing.", f"choose from {', '.join(sorted(LOSSES))}.")
    loss = read_loss(loss, network=model is not None)
    if data_values is None:
        raise UsageError("the table [data] is missing.", 'add [data] and name = "…" under it.')
    data = Table(checked(data_values, "data", dict), "the table data")
    scale = data.take("scale", str, "maxabs")
    check_scaling(scale)
    intercept = data.take("intercept", bool, False)
    positive = read_positive(data.take_any("positive"))
    zero_based = read_zero_based(data.take_any("zero_based", "auto"))
    test, seed = data.take_any("test"), data.take_any("test_seed")
    source = _source(data, folder, zero_based)
    title = title or describe(loss, penalty, source, model)
    spec = ProblemSpec(name, title, loss, penalty, start, source, scale, intercept, positive)
    spec = replace(spec, claims=claims, model=model, reparametrisation=reparametrisation)
    spec = replace(spec, backend=backend)
    check_network(spec)
    if test is None and seed is None:
        return spec
    return replace(spec, test=read_test(test, seed, zero_based, folder))


def _claims(values: Any) -> tuple[tuple[str, float], ...]:
    """Return the constants that the table [constants] states."""
    table = Table(checked(values, "constants", dict), "the table constants")
    stated = [(name, table.take(name, float, math.nan)) for name in CLAIMED if table.has(name)]
    for name in CLAIMED:  # taken, absent ones too, so that a hint can suggest them
        table.take_any(name)
    table.finish()
    for name, value in stated:
        if not math.isfinite(value):
            raise UsageError(f"constants.{name} is {value}, not a finite number.", SEE)
    return tuple(stated)


def _source(table: Table, folder: Path | None, zero_based: ZeroBased) -> DataName:
    """Return the name of the data in the table [data]; the other keys are their parameters."""
    name = table.take("name", str, "")
    if not name.strip():
        raise UsageError("[data] has no name.", "give a path or sklearn:NAME.")
    if not name.startswith(PREFIX):
        table.finish()
    data = DataName(name, table.rest(), folder, zero_based)
    data.check()
    return data


def _read(path: Path) -> str:
    try:
        content = read_whole(path)
    except FileNotFoundError as error:
        raise UsageError(
            f"there is no problem file {path}.",
            f"check the path, or choose from {listed(shipped(), 140)}.",
        ) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"{path} cannot be read: {reason.lower()}.", "check the path.") from error
    return text_of(content, f"{path} is not TOML", f"a data file is given with --data; {SEE}")


def _sentence(error: Exception) -> str:
    text = str(error).rstrip(".")
    return text[:1].lower() + text[1:]
