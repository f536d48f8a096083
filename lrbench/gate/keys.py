"""The keys of a check that are options of the commands, too, and errors that name these keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lrbench.config.flags import with_keys
from lrbench.errors import LrbenchError
from lrbench.plan.options import PROBLEM_OPTIONS, PlanOptions

PLAN_KEYS = ("at", "arrival", *(name for name in PlanOptions.__annotations__ if name != "solvers"))
"""Those of a plan, but for the solvers, whose key is in the singular."""

KEYS = frozenset((*PROBLEM_OPTIONS, *PLAN_KEYS, "problem", "data", "set", "solver"))


def keyed(error: LrbenchError) -> LrbenchError:
    """Return an error that names keys of a check instead of options of the command line."""
    return type(error)(with_keys(error.message, KEYS), with_keys(error.hint, KEYS))


@contextmanager
def in_keys() -> Iterator[None]:
    """Let errors that are raised in the block name keys of a check, and no options."""
    try:
        yield
    except LrbenchError as error:
        raise keyed(error) from error
