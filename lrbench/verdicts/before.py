"""What is proved before any run, as data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lrbench.theory import theorems_for
from lrbench.theory.base import OF_SETTING, Hypothesis, Setting, Theorem
from lrbench.verdicts.informative import least_informative
from lrbench.verdicts.measured import trivial


def bounds_before(
    solver: str, setting: Setting, at: Sequence[int], every: bool = False
) -> list[dict[str, Any]]:
    """Return what the theorems on a solver say of a setting before any run.

    Parameters
    ----------
    solver
        The solver's name in the registry.
    setting
        What the theorems may know.
    at
        The numbers of iterations T to evaluate bounds at.
    every
        Whether theorems for the other setting (full batches, minibatches) are told too.
    """
    found = []
    for theorem in theorems_for(solver):
        hypotheses = theorem.hypotheses(setting)
        elsewhere = any(h.name in OF_SETTING and not h.holds for h in hypotheses)
        if every or not elsewhere:
            found.append(_entry(theorem, hypotheses, setting, at))
    return found


def _entry(
    theorem: Theorem, hypotheses: Sequence[Hypothesis], setting: Setting, at: Sequence[int]
) -> dict[str, Any]:
    applies = all(h.holds for h in hypotheses)
    certain = setting.constants.L_is_bound or not theorem.rests_on_L
    numbers = applies and theorem.kind == "a-priori"
    order = theorem.order(setting) if applies else None
    nothing: list[float | None] = [None] * len(at)
    return {
        "theorem": theorem.key,
        "kind": theorem.kind if certain else "heuristic",
        "statement": theorem.statement,
        "measure": theorem.measure,
        "iterate": theorem.iterate,
        "consistency": theorem.consistency,
        "computed_from_run": theorem.kind == "certificate",
        "applies": applies,
        "reason": "; ".join(dict.fromkeys(h.detail for h in hypotheses if not h.holds)),
        "hypotheses": [{"name": h.name, "holds": h.holds, "detail": h.detail} for h in hypotheses],
        "iteration": list(at),
        "bound": theorem.bound(setting, np.array(at, float)).tolist() if numbers else nothing,
        "trivial": trivial(theorem, setting),
        "informative_from": least_informative(theorem, setting) if numbers else None,
        "order": None if order is None else {"kind": order.kind, "value": order.value},
        "sharpness": theorem.sharpness or "upper bound",
        "source": theorem.reference,
        "cite": list(theorem.cite),
    }
