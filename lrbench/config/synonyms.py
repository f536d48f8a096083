"""The words that people bring from other tools, and what lrbench has for them: synonyms.toml."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path

from lrbench.config.decimals import decimal

FILE = "synonyms.toml"


def letters(name: str) -> str:
    """Return a name without what spellings differ in: ``WNGrad`` and ``wn-grad`` are wngrad."""
    return name.lower().replace("-", "").replace("_", "")


@functools.cache
def tables() -> Mapping[str, Mapping[str, Sequence[str]]]:
    """Return kind -> word, as typed elsewhere -> what lrbench has for it, the best first."""
    import tomllib  # only for a mistake: nobody else waits for it

    text = Path(__file__).with_name(FILE).read_text("utf-8")
    return {
        kind: {word: [meant] if isinstance(meant, str) else meant for word, meant in table.items()}
        for kind, table in tomllib.loads(text).items()
    }


@functools.cache
def _spellings(kind: str) -> Mapping[str, Sequence[str]]:
    return {letters(word): meant for word, meant in tables().get(kind, {}).items()}


def synonyms(kind: str, word: str, value: str = "") -> list[str]:
    """Return what lrbench has for a word from elsewhere, the best first; empty for most words.

    Parameters
    ----------
    kind
        What the word is: ``"solver"``, ``"option"`` and so on, a table of the file.
    word
        As typed.
    value
        What was typed with it; empty for nothing.
    """
    number = decimal(value)
    inverse = f"{1 / number:g}" if number else ""
    return [
        # Without a number the place of one stays open, as N.
        meant.replace("{value}", value or "N").replace("{inverse}", inverse or "N")
        for meant in _spellings(kind).get(letters(word), ())
    ]


def is_sentence(meant: str) -> bool:
    """Return whether it is a sentence, which is a hint by itself, and not a word of lrbench."""
    return meant.endswith(".")
