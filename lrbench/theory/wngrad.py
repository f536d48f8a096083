"""WNGrad in full batches: bounds on the growth of b, and on the distance of the iterates to x*.

The three orders of `wngrad` are the same recursion, with b taken before or after its update:

- ``current``: b_{t+1} = b_t + c a_t/b_t, then a step 1/s_t with s_t = b_{t+1};
- ``lagged``: a step 1/s_t with s_t = b_t, then b_{t+1} = b_t + c a_t/b_t;
- ``raw-first``: the first step is 1/b_0 and does not change b, then as ``current``.

Every bound here needs the hypothesis SU, and is about c = 1: `lrbench.theory.wngrad_unit` takes
other settings there. Proofs are in ``docs/explanation/theory.md``.
"""

from __future__ import annotations

from lrbench.theory.base import APriori, Hypothesis, Setting
from lrbench.theory.conditions import starts_contracting, starts_short, starts_stable
from lrbench.theory.quantities import delta0, distance, log_defect


def order_of(setting: Setting) -> str:
    """Return ``"current"``, ``"lagged"`` or ``"raw-first"``."""
    return str(setting.params.get("order", "current"))


def b_start(setting: Setting) -> float:
    """Return b_0 = 1 / lr0."""
    return 1.0 / setting.lr0


def c_of(setting: Setting) -> float:
    """Return c."""
    return float(setting.params.get("c", 1.0))


def first_denominator(setting: Setting) -> tuple[str, float]:
    """Return the name and the value of s_0, the denominator of the first step, for any c."""
    b_0 = b_start(setting)
    if order_of(setting) == "current":
        return "b_1", b_0 + c_of(setting) * setting.constants.grad_norm_sq0 / b_0
    return "b_0", b_0


def stable(setting: Setting) -> Hypothesis:
    """Check s_0 >= L."""
    return starts_stable(setting, *first_denominator(setting))


def short(setting: Setting) -> Hypothesis:
    """Check s_0 >= 2L/3."""
    return starts_short(setting, *first_denominator(setting))


def contracting(setting: Setting) -> Hypothesis:
    """Check s_0 >= (L + mu)/2, or s_0 >= L under PL alone."""
    return starts_contracting(setting, *first_denominator(setting))


def rise(setting: Setting) -> float:
    """Return a bound on b_T - b_0 that holds for every T.

    It is not added to b_0, because (b_0 + rise)^2 - b_0^2 would cancel where lr0 is small.
    """
    order = order_of(setting)
    if order == "lagged":
        return _rise_lagged(setting)
    if order == "raw-first":
        return _rise_from(b_start(setting), _gap_after_raw_step(setting), setting.constants.L)
    b_0, gap, L = b_start(setting), delta0(setting), setting.constants.L
    increment = setting.constants.grad_norm_sq0 / b_0
    from_b_0 = _rise_from(b_0, gap, L)
    if b_0 + increment < 2.0 * L / 3.0:
        return from_b_0
    # From b_1 >= 2L/3 on b + (F - F*)(1 + 2L/b) falls, and the first step does not raise F.
    return min(from_b_0, increment + gap * (1.0 + 2.0 * L / (b_0 + increment)))


def _rise_from(b_0: float, gap: float, L: float) -> float:
    """Bound the growth under ``current`` from b_0 and F - F* = `gap`."""
    growth = gap * (1.0 + 2.0 * L / b_0)
    excess = (2.0 * (L - b_0) - b_0) / (3.0 * b_0)  # r - 1, with r = 2L/(3 b_0)
    if excess > 0.0:
        # The integral of L^2/z^2 - 3L/(2z) from b_0 to 2L/3 is (3L/2)(r - 1 - log r).
        growth += 1.5 * L * log_defect(excess, 2.0 * L / (3.0 * b_0))
    return growth


def _rise_lagged(setting: Setting) -> float:
    """Bound the growth under ``lagged``: the smaller of two bounds where both apply."""
    b_0, gap, L = b_start(setting), delta0(setting), setting.constants.L
    bounds = []
    if b_0 > L / 2.0:
        bounds.append(gap * (b_0 / (b_0 - L / 2.0)))  # gap / (1 - L/(2 b_0))
    if b_0 < L:
        ratio = L / b_0
        # Until b crosses L at step N, F - F* grows by at most c times the growth of b.
        c = max((L / 2.0 - b_0) / b_0, 0.0)
        jump = ratio * ratio * (gap + L / 8.0) if b_0 < L / 2.0 else 0.0
        gap_N = gap + c * (L - b_0) + jump
        crossing = max(2.0 * ratio * gap, 2.0 * gap + 2.0 * c * (L - b_0))
        bounds.append((L - b_0) + crossing + 2.0 * gap_N)
    return min(bounds)


def _gap_after_raw_step(setting: Setting) -> float:
    """Bound F(x_1) - F* after the raw first step 1/b_0."""
    b_0, L = b_start(setting), setting.constants.L
    excess = max((L / 2.0 - b_0) / b_0, 0.0)
    return delta0(setting) + setting.constants.grad_norm_sq0 / b_0 * excess


def farthest_sq(setting: Setting) -> float:
    """Return D_max^2 >= |x_t - x*|^2 for every t (raw-first: every t >= 1)."""
    b_0, L, order = b_start(setting), setting.constants.L, order_of(setting)
    D_0 = distance(setting)
    if first_denominator(setting)[1] >= L / 2.0:  # no step leads away from x*
        return D_0 * D_0
    if order == "lagged":
        return (
            D_0 * D_0
            + (L / 2.0 - b_0) / b_0
            + (2.0 * L * delta0(setting) / b_0 + L * L / b_0 / 4) / b_0
        )
    start = D_0 * D_0
    if order == "raw-first":
        a_0 = setting.constants.grad_norm_sq0
        start += a_0 / b_0 * ((L - 2.0 * b_0) / L / b_0)  # 1/b_0 - 2/L
    # The integral of 1/z - 2/L from b_0 to L/2: only steps with s_t < L/2 lead away from x*.
    return start + log_defect((2.0 * b_0 - L) / L, 2.0 * b_0 / L)


class LinearInCurrent(APriori):
    """A bound that under ``order=current`` grows like lr0, as b_1 = b_0 + a_0/b_0 does.

    Under the other orders the first step is lr0 g_0 itself, and the bound grows like a power of it.
    """

    exponents = (("lr0", 1.0),)

    def robustness_exponent(self, setting: Setting, parameter: str) -> float | None:
        """Return 1 under ``order=current``; None under the other orders."""
        if order_of(setting) != "current":
            return None
        return super().robustness_exponent(setting, parameter)
