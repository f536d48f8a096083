"""Files of saved results: checked, written, read, and parsed as JSON."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from lrbench.cache.folder import write_atomically
from lrbench.cache.read_whole import read_whole
from lrbench.config.texts import text_of
from lrbench.config.values import checked_flag, checked_path
from lrbench.errors import LrbenchError, UsageError, quoted_path

SEE = "lrbench run --save FILE or --format json writes one."

FRAGMENT = re.compile(r"n|nul?|t|tru?|f|fa|fals?|-|[.eE][-+]?|")
"""The rest of a value where a file ends in the middle of it: a constant, a number or nothing."""


def reserve(path: str | Path, force: bool = False) -> Path:
    """Check that a file can be written at `path`; no file is left there.

    Parameters
    ----------
    path
        The file that will be written.
    force
        Whether an existing file may be replaced.

    Returns
    -------
    Path
        The path of the file, which is the target where `path` is a symbolic link.

    Raises
    ------
    UsageError
        If there is no such folder, if the file exists and `force` is not given, or if it is not a
        regular file.
    LrbenchError
        If the folder cannot be written to.
    """
    checked_flag(force, "force")
    if str(path) == "-":
        raise UsageError(
            "- is not the name of a file here.",
            "give a name; --format json writes a result to stdout.",
        )
    target = Path(os.path.realpath(checked_path(path, "the file")))
    try:
        _check(target, str(path), force)
        # A name too long or a read-only file system shows only when a file is made. So one is, with
        # a name as long as that of the temporary file of `write_atomically`.
        part = target.with_name(f".{target.name}.{secrets.token_hex(8)}.part")
        part.open("xb").close()
        part.unlink()
    except OSError as error:
        raise unwritable(path, error) from error
    return target


def _check(target: Path, path: str, force: bool) -> None:
    path = quoted_path(path)
    if not target.parent.is_dir():
        raise UsageError(
            f"there is no folder {quoted_path(target.parent)}.", "make it, or give another path."
        )
    if target.is_dir():
        raise UsageError(f"{path} is a folder.", "give the path of a file.")
    if target.exists() and not target.is_file():
        raise UsageError(f"{path} is not a regular file.", "give the path of a file.")
    if target.exists() and not force:
        raise UsageError(f"{path} exists.", "give another path, or --force to replace it.")


def write_result(path: str | Path, force: bool, fill: Callable[[BinaryIO], None]) -> None:
    """Write a file in one piece, with the checks of `reserve`."""
    target = reserve(path, force)
    try:
        write_atomically(target, fill)
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: str | Path, error: OSError) -> LrbenchError:
    """Return the error of a file that the system does not let be written."""
    reason = (error.strerror or str(error)).lower()
    return LrbenchError(
        f"{quoted_path(path)} cannot be written: {reason}.", "give another path, or make room."
    )


def read_result(path: str | Path) -> bytes:
    """Return the content of a file."""
    if not str(checked_path(path, "the file")) or not str(path):
        raise UsageError("the path of the file is empty.", "give the path of a saved result.")
    try:
        return read_whole(path)
    except FileNotFoundError as error:
        raise UsageError(f"there is no file {quoted_path(path)}.", "check the path.") from error
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise UsageError(
            f"{quoted_path(path)} cannot be read: {reason}.", "check the path."
        ) from error


def parse_result(content: bytes | str, file: str) -> Any:
    """Return the values in JSON text; `file` is what errors call it."""
    if isinstance(content, str):
        text = content.removeprefix("\ufeff")  # editors add a mark
    else:
        text = text_of(content, f"{file} is not JSON", SEE)
    if not text.strip():
        raise UsageError(f"{file} is empty.", SEE)
    try:
        return json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise _not_json(error, file) from error
    except RecursionError as error:
        raise UsageError(
            f"{file} is not a result: its brackets are nested too deeply.", SEE
        ) from error
    except ValueError as error:
        raise UsageError(f"{file} is not a result: {error}.", SEE) from error


def _not_json(error: json.JSONDecodeError, file: str) -> UsageError:
    rest = error.doc.rstrip()[error.pos :]
    where = f"line {error.lineno}, column {error.colno}"
    # In a file that is cut off the parser complains where the text ends, or just before.
    in_text = error.msg.startswith(("Unterminated", "Invalid \\u")) and "\n" not in rest[1:]
    if in_text or FRAGMENT.fullmatch(rest):
        return UsageError(f"{file} is cut off: its JSON ends at {where}.", "save the result again.")
    fault = error.msg[:1].lower() + error.msg[1:]
    return UsageError(f"{file} is not JSON: {fault}, at {where}.", SEE)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"JSON has no number {name}")
