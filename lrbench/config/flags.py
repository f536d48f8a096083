"""The options that a text names, as in ``give --scale maxabs``, and the keys of files for them."""

from __future__ import annotations

import re
from collections.abc import Collection

from lrbench.config.decimals import decimal

FLAG = re.compile(r"(?<![\w-])-(?:-[a-z][a-z0-9-]*|[a-zA-Z])(?![\w-])")

COMMAND = re.compile(r"\blrbench [a-z](?:[^,:;.]|\.(?=\w))*")
"""A command, up to a comma, a colon or a full stop: the options in it are those of that command."""

WITH_VALUE = re.compile(
    r"(?P<flag>--[a-z][a-z0-9-]*)"
    r"(?: (?P<value>[-+]?[0-9]*\.?[0-9]+(?:e[-+]?[0-9]+)?(?=[.,;:)]*(?:\s|$))"
    r"|\S+?(?=[.,;:)]+(?:\s|$)|$)))?"
)
"""An option, and its value: a number, or a word before a punctuation mark or the end."""

NO_VALUES = ("out", "more", "VALUE")
"""Words behind an option that are no values of it: leave --lr0 out."""


def flags_in(text: str) -> set[str]:
    """Return the options that a text names, but for those of a command that it names."""
    return set(FLAG.findall(COMMAND.sub("", text)))


def with_keys(text: str, keys: Collection[str]) -> str:
    """Return a text with the keys of a TOML file in place of the options of the same names.

    ``give --scale maxabs`` becomes ``give scale = "maxabs"``. Options without a key, and those of a
    command that the text names, stay.
    """
    commands = [match.span() for match in COMMAND.finditer(text)]

    def key(match: re.Match[str]) -> str:
        name = match["flag"].removeprefix("--").replace("-", "_")
        if name not in keys or any(a <= match.start() < b for a, b in commands):
            return match[0]
        value = match["value"]
        if value is None or value in NO_VALUES:
            return match[0].replace(match["flag"], name)
        quoted_value = value if decimal(value) is not None else f'"{value}"'
        return f"{name} = {quoted_value}"

    return WITH_VALUE.sub(key, text)
