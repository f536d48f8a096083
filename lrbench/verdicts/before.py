"""What the theorems prove about a solver before any run, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lrbench.theory.base import OF_SETTING, Hypothesis, Setting, Theorem
from lrbench.verdicts.bound import least_informative
from lrbench.verdicts.measured import trivial
from lrbench.verdicts.theorems import theorems_for


def bounds_before(
    solver: str, setting: Setting, iterations: Sequence[int], every: bool = False
) -> list[dict[str, Any]]:
    """Return, for every theorem about a solver, what it proves in a setting before any run.

    Parameters
    ----------
    solver
        The solver's name in the registry.
    setting
        What the theorems may know.
    iterations
        The T at which bounds are evaluated.
    every
        Whether theorems for the other setting (full batches, minibatches) are included.
    """
    entries = []
    for theorem in theorems_for(solver, setting.params):
        hypotheses = theorem.hypotheses(setting)
        other_setting = any(h.name in OF_SETTING and not h.holds for h in hypotheses)
        if every or not other_setting:
            entries.append(_entry(theorem, hypotheses, setting, iterations))
    return entries


def _entry(
    theorem: Theorem, hypotheses: Sequence[Hypothesis], setting: Setting, iterations: Sequence[int]
) -> dict[str, Any]:
    applies = all(h.holds for h in hypotheses)
    certain = setting.constants.L_is_bound or not theorem.rests_on_L
    # A certificate is computed from the trace of a run, which does not exist yet.
    computable = applies and theorem.kind == "a-priori"
    order = theorem.order(setting) if applies else None
    T = np.array(iterations, dtype=np.float64)
    no_bound: list[float | None] = [None] * len(iterations)
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
        "iteration": list(iterations),
        "bound": theorem.bound(setting, T).tolist() if computable else no_bound,
        "trivial": trivial(theorem, setting),
        "informative_from": least_informative(theorem, setting) if computable else None,
        "order": None if order is None else {"kind": order.kind, "value": order.value},
        "sharpness": theorem.sharpness or "upper bound",
        "source": theorem.reference,
        "cite": list(theorem.cite),
    }
