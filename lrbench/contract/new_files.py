"""The files of a new class of the user: an example that keeps all contracts, and its test."""

from __future__ import annotations

import contextlib
import keyword
import re
import sys
from importlib import resources
from operator import methodcaller
from pathlib import Path

from lrbench.cache.folder import write_atomically
from lrbench.contract.subject import KINDS
from lrbench.errors import LrbenchError, UsageError, quoted_path
from lrbench.plugins.reference import SUFFIX

NAME = re.compile("[a-z_]*[a-z][a-z0-9_]*")
"""What the file of a class is called, without its ending."""

IMPORTED = {"lrbench", "numpy", "pytest"}
"""Modules that the files import; a file of such a name would be imported instead."""


def write_new(kind: str, path: Path) -> Path:
    """Write a class, and its test beside it; return the path of the test.

    Parameters
    ----------
    kind
        ``"solver"``, ``"loss"`` or ``"penalty"``.
    path
        The file of the class, after which it is named: MyRule in ``my_rule.py``.

    Raises
    ------
    UsageError
        If a file exists, or the path names no class. Then nothing is written.
    LrbenchError
        If a file cannot be written. Then no file is left.
    """
    _check_name(kind, path)
    test = path.with_name(f"test_{path.name}")
    for file in (path, test):
        if file.exists() or file.is_symlink():
            raise UsageError(f"{quoted_path(file)} exists.", "give another path, or remove it.")
    if not path.parent.is_dir():
        raise UsageError(
            f"there is no folder {quoted_path(path.parent)}.", "make it, or give another path."
        )
    words = {
        "my_part": path.stem,
        "MyPart": _class_name(path.stem),
        "my-part": path.stem.strip("_").replace("_", "-"),
    }
    written: list[Path] = []
    try:
        for file, template in ((path, kind), (test, "test")):
            text = _filled(template, words).encode()
            write_atomically(file, methodcaller("write", text))
            written.append(file)
    except BaseException as error:
        for file in written:
            with contextlib.suppress(OSError):
                file.unlink()
        if not isinstance(error, OSError):
            raise
        reason = (error.strerror or str(error)).lower()
        raise LrbenchError(
            f"{quoted_path(path)} cannot be written: {reason}.", "give another path, or make room."
        ) from error
    return test


def _filled(template: str, words: dict[str, str]) -> str:
    folder = resources.files("lrbench.contract") / "templates"
    text = (folder / f"{template}.txt").read_text("utf-8")
    for word, value in words.items():
        text = text.replace(word, value)
    return text


def _class_name(stem: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in stem.split("_"))


def _check_name(kind: str, path: Path) -> None:
    """Raise `UsageError` unless a class, its test and its module can be named after a file."""
    hint = f"give a name in small letters, as in my_{kind}.py."
    stem = path.stem
    if path.suffix != SUFFIX or not NAME.fullmatch(stem):
        snake = re.sub("(?<=[a-z0-9])(?=[A-Z])", "_", stem).replace("-", "_").lower()
        if NAME.fullmatch(snake):
            hint = f"did you mean {quoted_path(path.with_name(snake + SUFFIX))}?"
        raise UsageError(f"{quoted_path(path)} is not the name of a module.", hint)
    if stem in IMPORTED | sys.stdlib_module_names or keyword.iskeyword(stem):
        raise UsageError(f"{quoted_path(path)} has the name of another module.", hint)
    if stem.startswith("test_"):
        raise UsageError(f"{quoted_path(path)} has the name of a test.", hint)
    registry = next(k.registry for k in KINDS if k.name == kind)
    if registry.is_own(stem.strip("_")):
        raise UsageError(f"{stem} is a {kind} of lrbench.", hint)
