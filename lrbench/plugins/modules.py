"""Import the file or the module that a reference names, with errors that name file and line."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import importlib
import io
import linecache
import os
import sys
import threading
import tokenize
from collections.abc import Iterator, Sequence
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from lrbench.cache.read_whole import read_whole
from lrbench.config.prints import prints_to_stderr
from lrbench.config.texts import foreign
from lrbench.errors import LrbenchError, UsageError, quoted, quoted_path

PACKAGE = __name__.partition(".")[0]

STANDARD = Path(os.__file__).parent
"""The folder of the standard library."""

PREFIX = "_lrbench_plugin_"
"""What the names of modules that are made from the text of a file begin with."""

SOURCE = "__lrbench_source__"
"""The attribute of such a module that has its text."""


def module_of_file(path: str) -> ModuleType:
    """Return the module in a file.

    Raises
    ------
    UsageError
        If the file cannot be read or imported, with the line in which that fails.
    """
    hint = "give the file of a class, as in my_rule.py:MyRule."
    try:
        if Path(path).is_fifo():  # which would be read again for the same reference
            raise UsageError(f"{quoted_path(path)} is not a regular file.", hint)
        content = read_whole(path)
        if kind := foreign(content):
            raise UsageError(f"{quoted_path(path)} is not Python: it is {kind.what}.", kind.hint)
        text = _decoded(content)
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{quoted_path(path)} is not Python: it is no text in {error.encoding}.",
            "write its encoding in the first line, as in # -*- coding: latin-1 -*-.",
        ) from error
    except FileNotFoundError as error:
        raise UsageError(f"there is no file {quoted_path(path)}.", hint) from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"{quoted_path(path)} cannot be read: {reason}.", hint) from error
    except (ValueError, LookupError, SyntaxError) as error:
        reason = str(error).partition(";")[0]
        raise UsageError(f"{quoted_path(path)} is not Python: {reason}.", hint) from error
    return module_of_text(text, path)


def _decoded(content: bytes) -> str:
    """Return the text of a Python file, which may say its encoding in one of its first two lines.

    Raises
    ------
    SyntaxError, LookupError, ValueError
        If it says none that there is, or is not in it.
    """
    encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
    return content.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")


_EXECUTING = threading.RLock()
"""A thread must not get a module that another one still executes."""


def module_of_text(text: str, path: str) -> ModuleType:
    """Return the module with this text, which is executed once for each text.

    Parameters
    ----------
    text
        The Python source.
    path
        What tracebacks call the file. It need not exist: workers have the text alone.

    Raises
    ------
    UsageError
        If the text is not Python, or raises an exception.
    """
    name = PREFIX + hashlib.sha256(text.encode()).hexdigest()[:16]
    with _EXECUTING:
        if name in sys.modules:
            return sys.modules[name]
        module = ModuleType(name)
        module.__file__, module.__dict__[SOURCE] = path, text
        # `inspect` and tracebacks read the lines of this text, and not those of an edited file.
        linecache.cache[path] = (len(text), None, text.splitlines(keepends=True), path)
        sys.modules[name] = module  # dataclasses look up the module of their annotations
        try:
            with _import_errors(path), prints_to_stderr():
                exec(compile(text, path, "exec", dont_inherit=True), module.__dict__)
        except BaseException:
            del sys.modules[name]
            raise
        return module


def installed_module(name: str) -> ModuleType:
    """Import a module that is installed.

    Raises
    ------
    UsageError
        If there is no such module, or importing it raises an exception.
    """
    try:
        with _import_errors(name), prints_to_stderr():
            return importlib.import_module(name)
    except UsageError as error:
        cause = error.__cause__
        if isinstance(cause, ModuleNotFoundError) and f"{name}.".startswith(f"{cause.name}."):
            raise UsageError(
                f"there is no module {quoted(cause.name)}, which {quoted(name)} names.",
                "install it, or give a file, as in my_rule.py:MyRule.",
            ) from cause
        raise


def source_of_file(module: ModuleType) -> str:
    """Return the text from which `module_of_text` made a module; empty for any other module."""
    return str(vars(module).get(SOURCE, ""))


def source_hash(module: ModuleType) -> str:
    """Return a hash of the source of a module, and of what it imports that is not installed.

    That is all modules of its package, and those elsewhere than in ``site-packages``, of the user,
    of `lrbench.solvers` and of `lrbench.torch`. The hash is empty where there is no source: for
    modules that are compiled, and for classes that were typed at a prompt. What a module reads as
    data is not in it.
    """
    own = source_of_file(module)
    pending: list[tuple[str, Path | None, str]] = [(module.__name__, None, own)]
    if not own:
        pending = list(_sources(_Located.of(module)))
    texts: dict[str, str] = {}
    while pending:
        name, path, text = pending.pop()
        if name in texts:
            continue
        try:
            texts[name] = text or _decoded(read_whole(path or ""))
        except (OSError, ValueError, LookupError, SyntaxError):
            return ""
        try:
            imported = _imports(ast.parse(texts[name]))
        except (ValueError, SyntaxError):  # a file of the package that nobody can import
            imported = set()
        for each in map(_located, sorted(imported)):
            if each is not None and _is_of_user(each):
                pending += _sources(each)
    if not texts:
        return ""
    lines = (f"{name}\0{text}\0" for name, text in sorted(texts.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


class _Located(NamedTuple):
    """Where a module is, whether it has been imported or not."""

    name: str
    path: str
    folders: Sequence[str]
    """Those of the package in which it is; none for a module of its own."""

    @classmethod
    def of(cls, module: ModuleType) -> _Located:
        package = sys.modules.get(module.__name__.partition(".")[0])
        folders = list(getattr(package, "__path__", ()))
        return cls(module.__name__, getattr(module, "__file__", None) or "", folders)


def _located(name: str) -> _Located | None:
    """Return where a module is, which is not imported for that; None if there is none.

    An import in a function has perhaps not been executed yet.
    """
    module = sys.modules.get(name)
    if module is not None:
        return _Located.of(module)
    folders: list[list[str]] = []
    for k in range(1, name.count(".") + 2):
        within = ".".join(name.split(".")[:k])
        try:
            spec = PathFinder.find_spec(within, folders[-1] if folders else None)
        except (ImportError, ValueError):  # what a finder of another package may raise
            spec = None
        if spec is None:
            return None
        path, inside = spec.origin or "", list(spec.submodule_search_locations or ())
        folders.append(inside)
    return _Located(name, path, folders[0])


def _sources(module: _Located) -> Iterator[tuple[str, Path | None, str]]:
    """Yield a name, a path and no text for each file of a module's package, or for its own file."""
    name, _, rest = module.name.partition(".")
    folders = [] if name == PACKAGE else [Path(folder) for folder in module.folders]
    for folder in folders:
        for file in folder.rglob("*.py"):
            yield f"{name}/{file.relative_to(folder).as_posix()}", file, ""
    if not folders and module.path.endswith(".py"):
        yield f"{name}.{rest}", Path(module.path), ""


def _imports(tree: ast.AST) -> set[str]:
    """Return the names of the modules that a syntax tree imports, at its top or in a function."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def _is_of_user(module: _Located) -> bool:
    """Return whether the source of a module may change without another version of a package."""
    if module.name.partition(".")[0] == PACKAGE:  # the rest is in the keys of every cell
        return module.name.startswith((f"{PACKAGE}.solvers.", f"{PACKAGE}.torch."))
    # A package without __init__.py has folders only.
    path = module.path or "".join(f"{folder}/.py" for folder in module.folders[:1])
    return path.endswith(".py") and not is_installed(path) and STANDARD not in Path(path).parents


def is_installed(path: str) -> bool:
    """Return whether a file is of an installed package."""
    return not {"site-packages", "dist-packages"}.isdisjoint(Path(path).parts)


def line_in(error: BaseException, path: str) -> int | None:
    """Return the last line of the file at `path` in the traceback of an error; None for none."""
    if isinstance(error, SyntaxError) and error.filename == path:
        return error.lineno
    import traceback  # only for a mistake

    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == path]
    return lines[-1] if lines else None


@contextlib.contextmanager
def _import_errors(place: str) -> Iterator[None]:
    """Turn whatever the code of the user raises in the block into a `UsageError`."""
    try:
        yield
    except (Exception, SystemExit) as error:
        line = line_in(error, place)
        where = quoted_path(place) if line is None else f"{quoted_path(place)}, line {line}"
        what = error.msg if isinstance(error, SyntaxError) else f"{type(error).__name__}: {error}"
        hint = "correct the file."
        if isinstance(error, LrbenchError):
            what, hint = error.message, error.hint
        if isinstance(error, ModuleNotFoundError):
            hint = f"install {error.name}; files beside that of a class are not imported."
        raise UsageError(f"{where}: {' '.join(what.split()).rstrip(': .')}.", hint) from error
