"""The contracts as one assertion, for the tests of the user."""

from __future__ import annotations

from typing import Any

from lrbench.config.keywords import in_keywords
from lrbench.contract.subject import outcomes_of, subject_of


def check_contract(part: Any) -> None:
    """Check a class of solvers, losses or penalties against all contracts of its kind.

    Parameters
    ----------
    part
        The class, which is checked with several parameters; or one object of it.

    Raises
    ------
    AssertionError
        If a contract is broken: with a sentence for each, and the line to look at.
    UsageError
        If it is no class of these kinds, or not what such a class must be.

    Examples
    --------
    >>> import lrbench
    >>> @lrbench.rate_rule(init=lambda lr0: (1.0 / lr0, 0.0 * lr0))
    ... def root_growth(state, grad_norm_sq):
    ...     b, total = state[0], state[1] + grad_norm_sq
    ...     return (b, total), 1.0 / (b + total**0.5)
    >>> lrbench.check_contract(root_growth)
    """
    broken = [
        f"{in_keywords(f'{o.contract.title}: {o.sentence}', ('over', 'radius'))}"
        f"{f' See {o.place}.' if o.place else ''}"
        for o in outcomes_of(subject_of(part))
        if o.verdict == "fail"
    ]
    if broken:
        raise AssertionError("\n".join(broken))
