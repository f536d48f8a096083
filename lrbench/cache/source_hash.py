"""Hashes of the source code on which numbers depend, which are part of the keys of caches."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import os
import re
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from lrbench.cache.distributions import version_of
from lrbench.cache.folder import cache_dir, write_atomically
from lrbench.version import METHOD

PACKAGE = Path(__file__).parent.parent
INSIDE = f"{PACKAGE}{os.sep}"
"""How paths of modules of lrbench begin: text is compared in a fraction of the time of paths."""

NUMBERS = (
    *("arrays.py", "objective", "losses", "penalties", "kernels", "engine"),
    *(f"solvers/{name}.py" for name in ("base", "compiled", "place", "plugin", "scalar_step")),
    *("solvers/state.py", "solvers/outside/base.py"),
)
"""The modules and folders that determine the numbers of a run, beside the solver's own file.

Those of `solvers` are what all solvers stand on. That of a solver of the user has a hash of its own
text, in which they are not.
"""

REGISTRY = "__init__.py"
"""Left out of the hashes of syntax trees: it has names only, and a line more changes no number."""

FROM = re.compile(r"from[ \t]+(lrbench[\w.]*)[ \t]+import[ \t]*(\([^)]*\)|[^\n]*)")
IMPORT = re.compile(r"import[ \t]+([^\n]*\blrbench\b[^\n]*)")
"""Statements that import something of lrbench, at the top of a module or inside a function.

These are regular expressions because they are used by every command that looks for a cached
optimum: parsing the syntax trees of some sixty files would take a tenth of the time of a short run.
They begin with a word, which is found in a fifth of the time of the beginning of a line. A test
compares the result with the syntax trees.
"""


@cache
def package_hash() -> str:
    """Return a hash of the text of every module of lrbench and the versions of NumPy and SciPy."""
    return hash_of(sorted(PACKAGE.rglob("*.py")))


@cache
def numbers_hash() -> str:
    """Return a hash of the code that determines the numbers of a run with any solver.

    It covers the syntax trees of the modules in `NUMBERS` without their docstrings and comments,
    `lrbench.version.METHOD`, and the versions of NumPy and SciPy.
    """
    roots = [PACKAGE / name for name in NUMBERS]
    files = [p for root in roots for p in (root.rglob("*.py") if root.is_dir() else [root])]
    files = [p for p in files if p.name != REGISTRY]
    return _syntax_hash(sorted(files), f"method {METHOD}")


@cache
def solver_hash(file: Path) -> str:
    """Return a hash of the syntax trees of a solver's file and its imports from `solvers`."""
    solvers = PACKAGE / "solvers"
    imports = [p for p in with_imports([file]) if p.is_relative_to(solvers) and p.name != REGISTRY]
    files = sorted({file, *imports})
    return _syntax_hash(files)


def _syntax_hash(files: Iterable[Path], *versions: str) -> str:
    """Return a hash of the syntax trees of these files, of versions, and of NumPy's and SciPy's.

    Parsing them takes 70 ms, a sixth of the time of a warm command. The hash is therefore kept in
    the cache, under a hash of the texts, which takes 3 ms.
    """
    texts = {path: path.read_bytes() for path in files}
    # This file and the version of Python determine what a syntax tree looks like.
    key = _hash_of({**texts, Path(__file__): Path(__file__).read_bytes()}, sys.version, *versions)
    path = cache_dir() / "source" / key
    with contextlib.suppress(OSError, ValueError):
        digest, check = path.read_text("ascii").split()
        if check == _check(key, digest):
            return digest
    digest = _hash_of({path: _syntax(text) for path, text in texts.items()}, *versions)
    line = f"{digest} {_check(key, digest)}\n".encode("ascii")
    with contextlib.suppress(OSError):  # without a cache only the time is lost
        write_atomically(path, lambda file: file.write(line))
    return digest


def _check(key: str, digest: str) -> str:
    """Return the checksum by which a damaged file in the cache is recognised."""
    return hashlib.sha256(f"{key} {digest}".encode()).hexdigest()[:16]


def hash_of(paths: Iterable[Path]) -> str:
    """Return a hash of these files' names and texts, and of the versions of NumPy and SciPy."""
    return _hash_of({path: path.read_bytes() for path in paths})


def _hash_of(contents: Mapping[Path, bytes], *versions: str) -> str:
    digest = hashlib.sha256()
    for path, content in contents.items():
        # The place within lrbench, so that the hash is the same wherever lrbench is installed.
        place = str(path).removeprefix(INSIDE)
        name = path.name if place == str(path) else place.replace(os.sep, "/")
        digest.update(name.encode() + b"\0" + content + b"\0")
    for line in (*versions, *(f"{name} {version_of(name)}" for name in ("numpy", "scipy"))):
        digest.update(f"{line}\0".encode())
    return digest.hexdigest()


def _syntax(text: bytes) -> bytes:
    """Return the syntax tree of a module without its docstrings."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            body[:] = [statement for statement in body if not _is_docstring(statement)]
    return ast.dump(tree).encode()


def _is_docstring(statement: ast.stmt) -> bool:
    """Return whether a statement is a string alone, as docstrings of attributes are, too."""
    value = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


@cache
def imports_hash(*roots: Path) -> str:
    """Return the hash of these files and of all modules of lrbench that they import."""
    texts = _with_imports(roots)
    return _hash_of({path: texts[path] for path in sorted(texts)})


def with_imports(roots: Iterable[Path]) -> list[Path]:
    """Return these files and all modules of lrbench that they import, directly or not, sorted.

    Parameters
    ----------
    roots
        Python files, of lrbench or outside it.

    Notes
    -----
    An import for type checkers only counts as well, since an additional file does no harm. The
    ``__init__.py`` of every package that contains a module is included, because it runs when the
    module is imported. That of lrbench itself is left out: it imports nothing until a name is used.
    """
    return sorted(_with_imports(roots))


def _with_imports(roots: Iterable[Path]) -> dict[Path, bytes]:
    texts: dict[Path, bytes] = {}
    pending = list(roots)
    while pending:
        path = pending.pop()
        if path not in texts:
            texts[path] = path.read_bytes()
            pending += _imported(texts[path].decode())
    return texts


@cache  # the modules of one key are nearly those of another
def _imported(text: str) -> tuple[Path, ...]:
    imports = [name for names in IMPORT.findall(text) for name in names.split(",")]
    for base, names in FROM.findall(text):
        for line in names.strip("() \t").split("\n"):
            imports += [f"{base}.{name.strip()}" for name in line.partition("#")[0].split(",")]
    files: dict[Path, None] = {}
    for name in imports:
        files |= dict.fromkeys(_files(name.split()[0]))  # without "as ALIAS"
    return tuple(files)


@cache
def _files(name: str) -> tuple[Path, ...]:
    """Return the file of a module and those of its packages; of a class those of its module."""
    parent = name.rpartition(".")[0]
    if not parent:
        return ()
    file = _modules(PACKAGE).get(name)
    return _files(parent) if file is None else (*_files(parent), Path(file))


@cache
def _modules(package: Path) -> dict[str, str]:
    """Return the file of every module and package of lrbench by its dotted name."""
    modules = {}
    # One walk: to ask the file system for every import would take longer than all the rest.
    for folder, folders, files in os.walk(package):
        folders[:] = [name for name in folders if name != "__pycache__"]
        name = package.name + folder.removeprefix(str(package)).replace(os.sep, ".")
        for file in files:
            if file.endswith(".py"):
                module = name if file == REGISTRY else f"{name}.{file[:-3]}"
                modules[module] = f"{folder}{os.sep}{file}"
    del modules[package.name]
    return modules
