"""The exponent of robustness that theorems prove for a solver, beside the one that is measured."""

from __future__ import annotations

from lrbench.study.exponent import ProvedExponent
from lrbench.theory.base import Setting
from lrbench.verdicts.theorems import theorems_for


def proved_exponent(
    solver_name: str, setting: Setting, parameter: str, iterate: str
) -> ProvedExponent:
    """Return the least exponent of the a-priori bounds on F - f* of an iterate.

    Parameters
    ----------
    solver_name
        The solver's name in the registry.
    setting
        That of the largest value of the grid: a theorem counts if its hypotheses hold there.
    parameter
        ``"lr0"``, or the hyper-parameter that varies.
    iterate
        ``"last"`` or ``"output"``: the solver's answer, which is what is measured.
    """
    least = ProvedExponent(None, None)
    for theorem in theorems_for(solver_name, setting.params):
        about = (theorem.kind, theorem.measure, theorem.iterate)
        if about != ("a-priori", "suboptimality", iterate):
            continue
        if not all(hypothesis.holds for hypothesis in theorem.hypotheses(setting)):
            continue
        gap, order = theorem.robustness_exponent(setting, parameter), theorem.order(setting)
        if gap is None or (least.gap is not None and least.gap <= gap):
            continue
        power = order is not None and order.kind == "power" and order.value < 0.0
        # A bound rho^e T^-r comes to a level after a number of steps that grows like rho^(e/r).
        least = ProvedExponent(gap, gap / -order.value if power and order is not None else None)
    return least
