"""Hashes of the code that numbers depend on, so that what is kept is known to be of this code."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import metadata
from pathlib import Path

PACKAGE = Path(__file__).parent.parent

NOT_NUMBERS = ("cli", "reports", "study", "experiment", "gate")
"""Packages that show, keep or schedule what was computed, and compute nothing of a run."""

IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(lrbench[\w.]*)[ \t]+import[ \t]*(\([^)]*\)|[^\n]*)"
    r"|import[ \t]+([^\n]*\blrbench\b[^\n]*))",
    re.MULTILINE,
)
"""Statements that import something of lrbench, at the top of a module or inside a function.

An expression and not a syntax tree: this runs in every command that looks for a kept optimum, and
to parse its sixty files would take a tenth of the time of a short run. A test compares the two.
"""


@cache
def source_hash() -> str:
    """Return a hash of every module of lrbench that a run depends on, and of NumPy and SciPy."""
    found = (p for p in PACKAGE.rglob("*.py") if p.relative_to(PACKAGE).parts[0] not in NOT_NUMBERS)
    return hash_of(sorted(found))


def hash_of(paths: Iterable[Path]) -> str:
    """Return a hash of these files' names and contents, and of the versions of NumPy and SciPy."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(_name(path).encode() + b"\0" + path.read_bytes() + b"\0")
    for package in ("numpy", "scipy"):
        digest.update(f"{package} {metadata.version(package)}\0".encode())
    return digest.hexdigest()


@cache
def imports_hash(*roots: Path) -> str:
    """Return the hash of these files and of all modules of lrbench that they import."""
    return hash_of(with_imports(roots))


def with_imports(roots: Iterable[Path]) -> list[Path]:
    """Return these files and all modules of lrbench that they import, directly or not, in order.

    Parameters
    ----------
    roots
        Python files, of lrbench or outside it.

    Notes
    -----
    An import for type checkers only counts, too: one file more does no harm. Of the packages that
    contain a module the ``__init__`` is among the files, for it runs when the module is imported;
    the root's is not, which imports nothing before it is asked.
    """
    files: set[Path] = set()
    waiting = list(roots)
    while waiting:
        path = waiting.pop()
        if path not in files:
            files.add(path)
            waiting += _imported(path)
    return sorted(files)


def _imported(path: Path) -> Iterator[Path]:
    for match in IMPORT.finditer(path.read_text(encoding="utf-8")):
        base, names, modules = match.groups()
        if modules:
            wanted = modules.split(",")
        else:
            names = re.sub(r"#[^\n]*", "", names).strip("() \t").split(",")
            wanted = [base, *(f"{base}.{name.strip()}" for name in names)]
        for name in wanted:
            yield from _files_of(name.split()[0])


@cache
def _files_of(module: str) -> tuple[Path, ...]:
    """Return the files that run when this module of lrbench, or a name in it, is imported."""
    files, folder = [], PACKAGE
    root, *parts = module.split(".")
    for part in parts if root == PACKAGE.name else ():
        files += [folder / f"{part}.py", folder / part / "__init__.py"]
        folder /= part
    return tuple(file for file in files if file.is_file())


def _name(path: Path) -> str:
    """Return what tells a file apart: its place in lrbench, or its name alone outside."""
    inside = path.is_relative_to(PACKAGE)
    return path.relative_to(PACKAGE).as_posix() if inside else path.name
