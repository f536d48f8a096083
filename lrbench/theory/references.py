"""The papers that theorems and solvers rest on, as BibTeX entries by key."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib import resources

ENTRY = re.compile(r"^@\w+\{(?P<key>[^,\s]+),\n.*?^\}$", re.DOTALL | re.MULTILINE)

OF_SOLVER: dict[str, tuple[str, ...]] = {
    "wngrad": ("wu2018",),
    "adagrad-norm": ("ward2020",),
    "sgd": ("robbins1951", "cauchy1847"),
    "sgd-sqrt": ("zinkevich2003",),
    "ista": ("beck2009",),
    "fista": ("beck2009", "odonoghue2015"),
    "prox-wngrad": ("wu2018",),
    "prox-adagrad-norm": ("ward2020",),
    "wn-adam": ("wu2018",),
    "adagrad": ("duchi2011",),
    "adam": ("kingma2015",),
}
"""Solver -> the papers that proposed it."""


def bibtex_entries() -> dict[str, str]:
    """Return every BibTeX entry by its key, in the order of the file."""
    text = (resources.files("lrbench.theory") / "references.bib").read_text("utf-8")
    return {match["key"]: match[0] for match in ENTRY.finditer(text)}


def bibtex(keys: Iterable[str]) -> str:
    """Return the entry of each key once, with an empty line between entries."""
    entries = bibtex_entries()
    return "\n\n".join(entries[key] for key in dict.fromkeys(keys))
