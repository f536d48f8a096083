"""The file that a result goes to and comes from."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from lrbench.cache.folder import write_atomically
from lrbench.errors import LrbenchError, UsageError

SEE = "lrbench run --save FILE or --format json writes one."

FRAGMENT = re.compile(r"n|nul?|t|tru?|f|fa|fals?|-|[.eE][-+]?|")
"""What is left of a value where JSON is cut in the middle of it."""


def reserve(path: str | Path, force: bool = False) -> Path:
    """Check that a file can be written at `path`, and leave nothing behind.

    Parameters
    ----------
    path
        The file to be.
    force
        Whether an existing file may be replaced.

    Returns
    -------
    Path
        The file itself where `path` is a symbolic link.

    Raises
    ------
    UsageError
        If there is no such folder, or the file is there already and `force` is not given, or is no
        regular file.
    LrbenchError
        If the folder cannot be written to.
    """
    target = Path(os.path.realpath(path))
    try:
        _check(target, str(path), force)
        part = target.with_name(f".{target.name}.{secrets.token_hex(8)}.part")
        part.open("xb").close()
        part.unlink()
    except OSError as error:
        raise _unwritable(path, error) from error
    return target


def _check(target: Path, shown: str, force: bool) -> None:
    if not target.parent.is_dir():
        raise UsageError(f"there is no folder {target.parent}.", "make it, or give another path.")
    if target.is_dir():
        raise UsageError(f"{shown} is a folder.", "give the path of a file.")
    if target.exists() and not target.is_file():
        raise UsageError(f"{shown} is not a regular file.", "give the path of a file.")
    if target.exists() and not force:
        raise UsageError(f"{shown} exists.", "give another path, or --force to replace it.")


def write_result(path: str | Path, force: bool, fill: Callable[[BinaryIO], None]) -> None:
    """Write a file in one piece, on the terms of `reserve`."""
    target = reserve(path, force)
    try:
        write_atomically(target, fill)
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: str | Path, error: OSError) -> LrbenchError:
    why = (error.strerror or str(error)).lower()
    return LrbenchError(f"{path} cannot be written: {why}.", "give another path, or make room.")


def read_result(path: str | Path) -> bytes:
    """Return what is in a file."""
    if not str(path):
        raise UsageError("the path of the file is empty.", "give the path of a saved result.")
    try:
        return Path(path).read_bytes()
    except FileNotFoundError as error:
        raise UsageError(f"there is no file {path}.", "check the path.") from error
    except (OSError, ValueError) as error:
        why = (getattr(error, "strerror", None) or str(error)).lower()
        raise UsageError(f"{path} cannot be read: {why}.", "check the path.") from error


def parse_result(content: bytes | str, file: str) -> Any:
    """Return the values in JSON text; `file` is what errors call it."""
    try:
        text = content if isinstance(content, str) else content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not JSON: it is not UTF-8 text.", SEE) from error
    if not text.strip():
        raise UsageError(f"{file} is empty.", SEE)
    try:
        return json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise _not_json(error, file) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{file} is not a result: {str(error).lower()}.", SEE) from error


def _not_json(error: json.JSONDecodeError, file: str) -> UsageError:
    rest = error.doc.rstrip()[error.pos :]
    where = f"line {error.lineno}, column {error.colno}"
    in_text = error.msg.startswith(("Unterminated", "Invalid \\u")) and "\n" not in rest[1:]
    if in_text or FRAGMENT.fullmatch(rest):
        return UsageError(f"{file} is cut off: its JSON ends at {where}.", "save the result again.")
    what = error.msg[:1].lower() + error.msg[1:]
    return UsageError(f"{file} is not JSON: {what}, at {where}.", SEE)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
