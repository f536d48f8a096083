"""Hashes of the code that numbers depend on, so that what is kept is known to be of this code."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path

from lrbench.version import METHOD

PACKAGE = Path(__file__).parent.parent

NUMBERS = ("arrays.py", "objective", "losses", "penalties", "engine")
"""The modules and folders that make the numbers of a run, beside the solver's own file."""

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
def package_hash() -> str:
    """Return a hash of the text of every module of lrbench, and of NumPy's and SciPy's versions."""
    return hash_of(sorted(PACKAGE.rglob("*.py")))


@cache
def numbers_hash() -> str:
    """Return a hash of the code that makes the numbers of a run, whatever the solver.

    It is that of the syntax trees of the modules in `NUMBERS`, of `lrbench.version.METHOD`, and of
    the versions of NumPy and SciPy. A docstring or a comment is no part of it.
    """
    roots = [PACKAGE / name for name in NUMBERS]
    files = [p for root in roots for p in (root.rglob("*.py") if root.is_dir() else [root])]
    return _hash_of({path: _syntax(path) for path in sorted(files)}, f"method {METHOD}")


@cache
def solver_hash(file: Path) -> str:
    """Return a hash of the syntax trees of a solver's file and of what it imports of `solvers`."""
    solvers = PACKAGE / "solvers"
    files = [p for p in with_imports([file]) if p == file or p.is_relative_to(solvers)]
    return _hash_of({path: _syntax(path) for path in files})


def hash_of(paths: Iterable[Path]) -> str:
    """Return a hash of these files' names and texts, and of the versions of NumPy and SciPy."""
    return _hash_of({path: path.read_bytes() for path in paths})


def _hash_of(contents: Mapping[Path, bytes], *more: str) -> str:
    digest = hashlib.sha256()
    for path, content in contents.items():
        digest.update(_name(path).encode() + b"\0" + content + b"\0")
    for line in (*more, *(f"{name} {metadata.version(name)}" for name in ("numpy", "scipy"))):
        digest.update(f"{line}\0".encode())
    return digest.hexdigest()


def _syntax(path: Path) -> bytes:
    """Return the syntax tree of a module without its docstrings."""
    tree = ast.parse(path.read_bytes())
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            body[:] = [line for line in body if not _is_text(line)]
    return ast.dump(tree).encode()


def _is_text(line: ast.stmt) -> bool:
    """Return whether a statement is a string alone: a docstring, of an attribute, too."""
    value = line.value if isinstance(line, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


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
