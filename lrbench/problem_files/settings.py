"""Specifications changed key by key, as by ``--set data.scale=maxabs``."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from lrbench.config.decimals import WORDS, decimal
from lrbench.config.named import parse_named
from lrbench.config.registry import did_you_mean
from lrbench.config.values import as_number, located
from lrbench.data.load import DataName
from lrbench.errors import UsageError, quoted
from lrbench.problem_files.backend import backend_table
from lrbench.problem_files.load import spec_from_table
from lrbench.problem_files.model import ProblemSpec, Split, canonical
from lrbench.problem_files.network import model_table
from lrbench.problem_files.parts import describe
from lrbench.problem_files.source import as_fraction, data_text

FORM = "write it as KEY=VALUE, as in --set data.scale=maxabs or --set penalty.weight=0.01."

PARTS = ("model", "loss", "penalty", "start", "reparametrisation", "backend", "data")
"""The keys that are tables."""

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
        later counts; apart from that the order does not matter, because names are set first.

    Returns
    -------
    ProblemSpec
        The changed specification, under the same name. The title is made anew if the loss, the
        penalty or the data change. A part with another name loses the parameters of the old one. A
        relative path of data is relative to the working directory.

    Raises
    ------
    UsageError
        For a setting without ``=``, an unknown key, or a value that a problem file may not have.
    """
    pairs = [_pair(text) for text in settings]
    for key, text in sorted(pairs, key=lambda pair: _rank(pair[0])):
        with located(f"--set {key}"):
            spec = _with_setting(spec, key, _value(text))
    return spec


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


def _with_setting(spec: ProblemSpec, key: str, value: Any) -> ProblemSpec:
    head, _, inside = key.partition(".")
    table = _table_of(spec)
    if not inside:
        table[head] = value
    elif inside == "name" and value != table[head]["name"]:
        kept = _data_options(spec) if head == "data" else {}
        table[head] = {"name": value, **kept}
    else:
        table[head][inside] = value
    if key == "data.test" and as_fraction(value) is None:
        table[head].pop("test_seed", None)
    folder = None if key in ("data", "data.name") else spec.data.folder
    new = _placed(spec_from_table(table, spec.name, folder), spec, key)
    if (canonical(new), new.data, new.test) == (canonical(spec), spec.data, spec.test):
        new = replace(new, claims=spec.claims)  # the problem is unchanged: they still hold
    same = (new.loss, new.penalty, new.data) == (spec.loss, spec.penalty, spec.data)
    if same or key == "title":
        return new
    return replace(new, title=describe(new.loss, new.penalty, new.data))


def _placed(new: ProblemSpec, spec: ProblemSpec, key: str) -> ProblemSpec:
    """Return `new` with the folder that a relative path of its test data starts from.

    It is that of `spec`, or the working directory if `key` sets the test data.
    """
    if not isinstance(new.test, DataName):
        return new
    old = None if key in ("data", "data.test") else spec.test
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


def _table_of(spec: ProblemSpec) -> dict[str, Any]:
    """Return the content of a problem file for `spec`, with its parts as tables."""
    name, params = parse_named(spec.loss)
    penalty: dict[str, Any] = {"name": spec.penalty.name, **dict(spec.penalty.params)}
    if spec.penalty.weight is not None:
        penalty["weight"] = spec.penalty.weight
    start: dict[str, Any] = {"name": spec.start.name}
    if spec.start.name != "zeros":
        start["seed"] = spec.start.seed
    if spec.start.name == "normal":
        start["scale"] = spec.start.scale
    form = spec.reparametrisation
    # A gamma that is learned has no number, and one without a rate of its own has that of the rule.
    keys = {} if form is None else {k: v for k, v in asdict(form).items() if v is not None}
    return {
        "title": spec.title,
        "model": model_table(spec.model),
        "loss": {"name": name, **params},
        "penalty": penalty,
        "start": start,
        "reparametrisation": keys or {"name": "none"},
        "backend": backend_table(spec.backend),
        "data": {
            "name": spec.data.name,
            **spec.data.params,
            **_data_options(spec),
            **_file_options(spec),
        },
    }


def _data_options(spec: ProblemSpec) -> dict[str, Any]:
    """Return the keys of the table data that other data would keep."""
    options: dict[str, Any] = {"scale": spec.scale, "intercept": spec.intercept}
    if spec.positive is not None:
        options["positive"] = list(spec.positive)
    if isinstance(spec.test, Split):
        options |= {"test": spec.test.fraction, "test_seed": spec.test.seed}
    return options


def _file_options(spec: ProblemSpec) -> dict[str, Any]:
    """Return the keys of the table data that belong to these data alone."""
    options: dict[str, Any] = {"zero_based": spec.data.zero_based}
    if isinstance(spec.test, DataName):
        options["test"] = data_text(spec.test)
    return options
