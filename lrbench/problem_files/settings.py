"""Specifications changed key by key, as by ``--set data.scale=maxabs``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from lrbench.config.decimals import WORDS, decimal
from lrbench.config.named import parse_named
from lrbench.config.registry import did_you_mean
from lrbench.config.values import as_number, checked, located
from lrbench.data.load import DataName
from lrbench.errors import UsageError, quoted
from lrbench.problem_files.content import data_options, table_of
from lrbench.problem_files.load import spec_from_table
from lrbench.problem_files.model import ProblemSpec, canonical, check_spec
from lrbench.problem_files.network import (
    LINEAR,
    MLP,
    RESNET,
    default_start,
    model_table,
    read_model,
)
from lrbench.problem_files.parts import describe
from lrbench.problem_files.source import as_fraction

if TYPE_CHECKING:
    from lrbench.objective.network.architecture import NetworkForm

FORM = "write it as KEY=VALUE, as in --set data.scale=maxabs or --set penalty.weight=0.01."

PARTS = ("model", "loss", "penalty", "start", "reparametrisation", "backend", "data")
"""The keys that are tables."""

TITLED = ("model", "loss", "penalty", "data")
"""The fields of a specification that a title speaks of."""

OF_START = frozenset({"start", "start.name"})
"""The keys that choose a start."""

KEYS = (
    "title",
    "model",
    "model.name",
    "model.hidden",
    "model.channels",
    "model.blocks",
    "model.activation",
    "model.normalisation",
    "model.other_lr",
    "loss",
    "loss.name",
    "loss.level",
    "loss.threshold",
    "penalty",
    "penalty.name",
    "penalty.weight",
    "penalty.l1_ratio",
    "penalty.lower",
    "penalty.upper",
    "penalty.radius",
    "start",
    "start.name",
    "start.scale",
    "start.seed",
    "reparametrisation",
    "reparametrisation.name",
    "reparametrisation.scale",
    "reparametrisation.gamma",
    "reparametrisation.gamma_lr",
    "reparametrisation.seed",
    "backend",
    "backend.name",
    "backend.dtype",
    "backend.device",
    "data.name",
    "data.scale",
    "data.intercept",
    "data.positive",
    "data.test",
    "data.test_seed",
    "data.zero_based",
)
"""The keys that hints suggest; which of them a problem has is decided by its parts."""


def with_settings(spec: ProblemSpec, settings: Sequence[str]) -> ProblemSpec:
    """Return `spec` with other values for keys of its problem file.

    Parameters
    ----------
    spec
        The specification to change, from a file or from options.
    settings
        Each ``KEY=VALUE``. The key is one of a problem file, with dots into its tables. The value
        is read as TOML if it is TOML, and is the text itself otherwise. Of two values for a key the
        later counts; apart from that the order does not matter: names are set first, and the
        result is checked as a whole.

    Returns
    -------
    ProblemSpec
        The changed specification, under the same name. The title is made anew if the model, the
        loss, the penalty or the data change. A part with another name loses the parameters of the
        old one. A key of the model makes a network of a linear problem, with a start of its own
        unless one is set. A relative path of data is relative to the working directory.

    Raises
    ------
    UsageError
        For a setting without ``=``, an unknown key, or a value that a problem file may not have.
    """
    check_spec(spec)
    pairs = _pairs(settings)
    if not pairs:
        return spec
    try:
        return _changed(spec, pairs)
    except UsageError as error:
        raise UsageError(
            f"--set {_culprit(spec, pairs, error)}: {error.message}", error.hint
        ) from error


def model_with(model: NetworkForm | None, settings: Sequence[str]) -> NetworkForm | None:
    """Return the model that `with_settings` would make of this one; None for a linear one.

    Raises
    ------
    UsageError
        As `with_settings`.
    """
    table: dict[str, Any] = {"model": model_table(model)}
    pairs = [pair for pair in _pairs(settings) if pair[0].partition(".")[0] == "model"]
    for key, text in pairs:
        with located(f"--set {key}"):
            _put(table, key, _value(text), {})
    with located(f"--set {pairs[0][0] if len(pairs) == 1 else 'model'}"):
        return read_model(table["model"])


def read_settings(settings: Any) -> Sequence[str]:
    """Return the settings, of which None stands for none, or raise `UsageError`."""
    if settings is None:
        return ()
    listed = isinstance(settings, Sequence) and not isinstance(settings, str)
    if not listed or not all(isinstance(setting, str) for setting in settings):
        raise UsageError(
            f"settings {quoted(settings)} are not a list of texts.",
            'give one, as ["data.scale=standard"].',
        )
    return cast(Sequence[str], settings)


def _pairs(settings: Sequence[str]) -> list[tuple[str, str]]:
    """Return the keys and the texts of their values, in the order in which they are set."""
    return sorted(map(_pair, read_settings(settings)), key=lambda pair: _rank(pair[0]))


def _culprit(spec: ProblemSpec, pairs: Sequence[tuple[str, str]], error: UsageError) -> str:
    """Return the first key with which the error of all of them arises."""
    for k, (key, _) in enumerate(pairs):
        try:
            _changed(spec, pairs[: k + 1])
        except UsageError as other:
            if other.message == error.message:
                return key
    return pairs[-1][0]


def _pair(setting: str) -> tuple[str, str]:
    """Return the key and the text of the value."""
    key, equals, text = setting.partition("=")
    key, text = key.strip(), text.strip()
    if not equals or not key:
        raise UsageError(
            f"--set {quoted(setting)} has no {'key' if equals else 'equals sign'}.", FORM
        )
    _check_key(key)
    return key, text


def _rank(key: str) -> int:
    """Return the rank in which a key is set: tables and names, their parameters, seed and title."""
    if key in ("data.test_seed", "title"):
        return 2
    return 0 if "." not in key or key.endswith(".name") else 1


def _value(text: str) -> Any:
    try:
        read = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    value = read["value"]
    if len(read) > 1:  # a line break would start another key
        return text
    # Of the numbers of TOML only those that every option takes: not 1_000, 0x10 or nan.
    of_toml = as_number(value) is not None and text not in WORDS and decimal(text) is None
    return text if of_toml else value


def _changed(spec: ProblemSpec, pairs: Sequence[tuple[str, str]]) -> ProblemSpec:
    """Return `spec` with these values, which are checked together."""
    table, keys = table_of(spec), {key for key, _ in pairs}
    for key, text in pairs:
        _put(table, key, _value(text), data_options(spec))
    linear = read_model(table["model"]) is None
    default = spec.start.name == default_start(spec.model) and not keys & OF_START
    if linear != (spec.model is None) and default:
        del table["start"]  # none is a start of both
    folder = None if keys & {"data", "data.name"} else spec.data.folder
    new = _placed(spec_from_table(table, spec.name, folder), spec, keys)
    # Without claims `spec` may lack the model that its loss is one of, and then nothing defines it.
    old = spec.claims and (canonical(spec), spec.data, spec.test)
    if old == (canonical(new), new.data, new.test):
        new = replace(new, claims=spec.claims)  # the problem is unchanged: they still hold
    same = all(getattr(new, part) == getattr(spec, part) for part in TITLED)
    if same or "title" in keys:
        return new
    return replace(new, title=describe(new.loss, new.penalty, new.data, new.model))


def _put(table: dict[str, Any], key: str, value: Any, of_data: Mapping[str, Any]) -> None:
    """Put the value of a key into the content of a problem file; other data keep `of_data`."""
    head, _, inside = key.partition(".")
    if not inside:
        table[head] = value
        return
    part = table[head]
    if isinstance(part, str):
        name, params = parse_named(part)
        part = {"name": name, **params}
    table[head] = part = dict(checked(part, head, dict))
    if inside == "name" and value != part["name"]:
        table[head] = {"name": value, **(of_data if head == "data" else {})}
    else:
        if head == "model" and part["name"] == LINEAR:
            part["name"] = RESNET if inside in ("channels", "blocks") else MLP
        part[inside] = value
    if key == "data.test" and as_fraction(value) is None:
        table[head].pop("test_seed", None)


def _placed(new: ProblemSpec, spec: ProblemSpec, keys: AbstractSet[str]) -> ProblemSpec:
    """Return `new` with the folder that a relative path of its test data starts from.

    It is that of `spec`, or the working directory if one of the keys sets the test data.
    """
    if not isinstance(new.test, DataName):
        return new
    old = None if keys & {"data", "data.test"} else spec.test
    folder = old.folder if isinstance(old, DataName) else None
    return replace(new, test=replace(new.test, folder=folder))


def _check_key(key: str) -> None:
    """Refuse a key that no problem file has; the parts check their own keys."""
    head, _, inside = key.partition(".")
    exists = head in KEYS or head in PARTS
    if exists and ("." not in key or (head in PARTS and inside and "." not in inside)):
        return
    candidates = [k for k in KEYS if k.endswith(f".{key}")]
    hint = f"did you mean {' or '.join(candidates)}?" if candidates else did_you_mean(key, KEYS)
    raise UsageError(f"--set {quoted(key)} is no key of a problem file.", hint)
