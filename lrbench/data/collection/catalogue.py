"""The sets of the LIBSVM collection by name, with their sizes and checksums."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from urllib.parse import quote

from lrbench.config.registry import did_you_mean
from lrbench.errors import UsageError, quoted

SITE = "https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets"

MIN_LETTERS, MAX_SUGGESTIONS = 3, 4
"""The number of letters from which longer names are suggested, and the number of suggestions."""


@dataclass(frozen=True)
class Listed:
    """A set of the collection; a field that no source states is None.

    Parameters
    ----------
    name
        The file name without the suffix of compression.
    task
        binary, regression or multiclass, which is both the page of the site and the folder of the
        file.
    file
        The file name on the site.
    section
        The heading on the page.
    n_samples
        The number of samples, which is the number of lines.
    n_features
        The number of columns of X; a test part has as many as its training set.
    test_of
        The training set, if this is a test part.
    text_bytes, sha256
        The size and the checksum of the uncompressed text of the site.
    remade_sha256
        The checksum of another text of the same data, generated again from their origin.
    """

    name: str
    task: str
    file: str
    section: str
    n_samples: int | None = None
    n_features: int | None = None
    test_of: str | None = None
    text_bytes: int | None = None
    sha256: str | None = None
    remade_sha256: str | None = None

    @property
    def place(self) -> str:
        """The path of the file below the address of the site or of a mirror."""
        return f"{self.task}/{self.file}"

    @property
    def page(self) -> str:
        """The address of the page that describes the set."""
        return f"{SITE}/{self.task}.html#{quote(self.section)}"


@functools.cache
def collection() -> Mapping[str, Listed]:
    """Return the sets by name, in the order of the pages."""
    text = (resources.files("lrbench.data.collection") / "collection.toml").read_text("utf-8")
    sets: dict[str, Listed] = {}
    for task, tables in tomllib.loads(text).items():
        for name, table in tables.items():
            training = sets[table["test_of"]] if "test_of" in table else None
            inherited = {
                "section": training.section if training else name,
                "n_features": training.n_features if training else None,
            }
            sets[name] = Listed(name, task, **{**inherited, **table})
    return MappingProxyType(sets)


def find_listed(name: str) -> Listed:
    """Return the set called `name`; raise `UsageError` if there is none."""
    sets = collection()
    if name not in sets:
        raise UsageError(f"there is no LIBSVM set {quoted(name)}.", unknown_set(name))
    return sets[name]


def unknown_set(name: str) -> str:
    """Return the hint for a name that is not the name of a set.

    It suggests the names that contain this one (the site has covtype.libsvm.binary, but no
    covtype), or else the most similar name, or else the command that lists all names.
    """
    lower = name.lower()
    longer = [k for k, entry in collection().items() if lower in k.lower() and not entry.test_of]
    if len(name) >= MIN_LETTERS and 0 < len(longer) <= MAX_SUGGESTIONS:
        return f"did you mean {' or '.join(longer)}?"
    hint = did_you_mean(name, collection())
    return hint if hint.startswith("did you mean") else "see lrbench data list."
