"""The specifications of the problems that the options of a command name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lrbench.errors import UsageError

if TYPE_CHECKING:
    from lrbench.problem_files import ProblemSpec

NAMED = ("loss", "penalty", "scale", "intercept", "positive", "start", "test", "zero_based")
"""The options, beside --data and --set, that change a problem."""


def specs_from(
    names: Sequence[str], data: str | None, settings: Sequence[str], changes: dict[str, Any]
) -> tuple[list[ProblemSpec], list[str]]:
    """Return the problems that the options name, and notes on them for the user.

    Parameters
    ----------
    names
        The values of ``--problem``.
    data
        The value of ``--data``; None if it is not given.
    settings
        The values of ``--set``.
    changes
        Option -> value for all of `NAMED`; None for an option that is not given.

    Raises
    ------
    UsageError
        If there is neither a problem nor data, or anything in them is wrong.
    """
    from lrbench.problem_files import (
        load_spec,
        shipped,
        spec_from_data,
        with_overrides,
        with_settings,
    )

    if not names and data is None:
        raise UsageError(
            "no problem is given.",
            f"give --problem ({', '.join(shipped())}, or a TOML file) or --data FILE.",
        )
    if names:
        specs = [with_overrides(load_spec(name), data=data, **changes) for name in names]
    else:
        assert data is not None
        specs = [spec_from_data(data, **changes)]
    specs = [with_settings(spec, settings) for spec in specs]
    notes = []
    if data is not None and changes["scale"] is None and specs[0].scale == "none":
        notes.append(f"Note: {data} is used as it is; --scale maxabs would scale its features.")
    return specs, notes
