"""The papers that theorems and solvers rest on, as BibTeX entries by key."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib import resources

ENTRY = re.compile(r"^@\w+\{(?P<key>[^,\s]+),\n.*?^\}$", re.DOTALL | re.MULTILINE)


def bibtex_entries() -> dict[str, str]:
    """Return every BibTeX entry by its key, in the order of the file."""
    text = (resources.files("lrbench.theory") / "references.bib").read_text("utf-8")
    return {match["key"]: match[0] for match in ENTRY.finditer(text)}


def bibtex(keys: Iterable[str]) -> str:
    """Return the entry of each key once, with an empty line between entries."""
    entries = bibtex_entries()
    return "\n\n".join(entries[key] for key in dict.fromkeys(keys))
