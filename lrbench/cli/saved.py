"""A result that exists: saved by a command, or kept in a store."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lrbench.results import Result


def saved_result(name: str) -> Result:
    """Return the result in the file `name`, which is JSON or a store.

    Raises
    ------
    UsageError
        If there is no such file, or it is neither.
    """
    from lrbench.experiment.store.database import is_store, opened
    from lrbench.results import Result

    if not is_store(name):
        return Result.load(name)
    from lrbench.experiment.store.contents import result_of

    with opened(name) as connection:
        return result_of(connection, name)
