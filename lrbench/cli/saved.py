"""The result that `lrbench show` and `lrbench check` read."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lrbench.errors import UsageError, quoted_path

if TYPE_CHECKING:
    from lrbench.results import Result


def traced_result(name: str) -> Result:
    """Return the result in the file `name`, of which lanes will be judged by all their rows.

    Raises
    ------
    UsageError
        As `saved_result`, and if the file was saved without all rows.
    """
    result = saved_result(name)
    if result.traces is not None:
        what = "traces" if result.traces == "none" else "all rows of its traces"
        raise UsageError(
            f"{quoted_path(name)} was saved without {what}, by which lanes are judged.",
            "save the result with --traces all.",
        )
    return result


def saved_result(name: str) -> Result:
    """Return the result in the file `name`, which is JSON or a store; ``-`` is JSON on stdin.

    Raises
    ------
    UsageError
        If there is no such file, or it is neither.
    """
    from lrbench.cache.read_whole import read_stream
    from lrbench.experiment.store.database import is_store, opened
    from lrbench.problem_files import shipped
    from lrbench.results import Result

    if name == "-":
        if sys.stdin is None:  # if the caller closed descriptor 0
            raise UsageError("stdin is closed.", "pipe a result into it, or give RESULT.json.")
        try:
            content = read_stream(sys.stdin.buffer)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise UsageError(
                f"stdin cannot be read: {reason}.", "pipe a result into it, or give RESULT.json."
            ) from error
        return Result.from_json(content, "stdin")
    if name in shipped() and not Path(name).exists():
        raise UsageError(
            f"there is no file {name}, which is the name of a problem.",
            f"lrbench show problem {name} shows its file, and lrbench run {name} --save FILE.json"
            " writes a result.",
        )
    if not is_store(name):
        return Result.load(name)
    from lrbench.experiment.store.contents import result_of

    with opened(name) as connection:
        return result_of(connection, name)
