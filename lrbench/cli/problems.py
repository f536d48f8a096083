"""From the problem options to checked specifications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lrbench.errors import UsageError

if TYPE_CHECKING:
    from lrbench.spec import ProblemSpec


def specs_from(
    names: tuple[str, ...], data: str | None, **changes: Any
) -> tuple[list[ProblemSpec], list[str]]:
    """Return the problems that the options name, and what the user should know of them.

    Parameters
    ----------
    names
        Of ``--problem``.
    data
        Of ``--data``.
    **changes
        loss, penalty, scale, intercept, positive, start; None where not given.

    Raises
    ------
    UsageError
        If there is neither a problem nor data, or anything in them is wrong.
    """
    from lrbench.spec import load_spec, shipped, spec_from_data, with_overrides

    notes = []
    if data is not None and changes["scale"] is None:
        notes.append(f"Note: {data} is used as it is; --scale maxabs would scale its features.")
    if names:
        return [with_overrides(load_spec(name), data=data, **changes) for name in names], notes
    if data is None:
        raise UsageError(
            "there is no problem to run.",
            f"give --problem ({', '.join(shipped())}, or a TOML file) or --data FILE.",
        )
    return [spec_from_data(data, **changes)], notes
