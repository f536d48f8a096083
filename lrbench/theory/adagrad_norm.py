"""AdaGrad-Norm: bounds on the growth of b, and on the distance of the iterates to x*.

The step rule: b_{t+1}^2 = b_t^2 + a_t, then a step 1/s_t with s_t = b_{t+1}/eta. Every bound here
needs the hypothesis SU; proofs are in ``docs/explanation/theory.md``.
"""

from __future__ import annotations

import math
from fractions import Fraction

from lrbench.theory.base import Hypothesis, Setting
from lrbench.theory.conditions import starts_contracting, starts_short, starts_stable
from lrbench.theory.quantities import delta0, distance, log_defect


def eta_of(setting: Setting) -> float:
    """Return eta."""
    return float(setting.params.get("eta", 1.0))


def b_start(setting: Setting) -> float:
    """Return b_0 = eta / lr0."""
    return eta_of(setting) / setting.lr0


def b_first(setting: Setting) -> float:
    """Return b_1 = sqrt(b_0^2 + a_0)."""
    return math.hypot(b_start(setting), math.sqrt(setting.constants.grad_norm_sq0))


def first_denominator(setting: Setting) -> tuple[str, float]:
    """Return the name and the value of s_0 = b_1/eta, the denominator of the first step."""
    eta = eta_of(setting)
    return "b_1" if eta == 1.0 else "b_1/eta", b_first(setting) / eta


def stable(setting: Setting) -> Hypothesis:
    """Check s_0 = b_1/eta >= L."""
    return starts_stable(setting, *first_denominator(setting))


def short(setting: Setting) -> Hypothesis:
    """Check s_0 = b_1/eta >= 2L/3."""
    return starts_short(setting, *first_denominator(setting))


def contracting(setting: Setting) -> Hypothesis:
    """Check s_0 = b_1/eta >= (L + mu)/2, or s_0 >= L under PL alone."""
    return starts_contracting(setting, *first_denominator(setting))


def ceiling(setting: Setting) -> tuple[float, float]:
    """Return b_max >= b_T for every T, and a bound on b_T^2 - b_0^2 = sum a_t."""
    b_0, eta, L = b_start(setting), eta_of(setting), setting.constants.L
    if stable(setting).holds:
        E = delta0(setting) / eta
        b_max = E + math.hypot(E, b_0)
        return b_max, 2.0 * E * b_max
    # Steps above 1/L may raise F before b reaches eta L; b^2 is then at most (eta L)^2 + 2L gap.
    scale = eta * L
    gap = delta0(setting) + eta * scale * _overshoot(setting)
    E = gap / eta
    b_max = E + math.sqrt(E * E + scale * scale + 2.0 * L * gap)
    # Not b_max^2 - b_0^2, nor (eta L)^2 - b_0^2, which would cancel.
    squares = below_scale(setting) * (scale + b_0)
    return b_max, 2.0 * E * b_max + squares + 2.0 * L * gap


def farthest_sq(setting: Setting) -> float:
    """Return D_max^2 >= |x_t - x*|^2 for every t."""
    D_0, eta = distance(setting), eta_of(setting)
    return D_0 * D_0 + 2.0 * eta * eta * _overshoot(setting)


def below_scale(setting: Setting, multiple: int = 1) -> float:
    """Return eta L - `multiple` b_0, rounded once."""
    scale = Fraction(eta_of(setting)) * Fraction(setting.constants.L)
    return float(scale - multiple * Fraction(b_start(setting)))


def _overshoot(setting: Setting) -> float:
    """Return K = ln(eta L/(2 b_0)) - 1 + 2 b_0/(eta L) where b_1 < eta L/2, else 0."""
    below_half, scale = below_scale(setting, 2), eta_of(setting) * setting.constants.L
    if below_half <= 0.0 or b_first(setting) >= scale / 2.0:  # no step is longer than 2/L
        return 0.0
    return log_defect(-below_half / scale, 2.0 * b_start(setting) / scale)
