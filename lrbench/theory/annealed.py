"""The last iterate of the subgradient method with rates annealed to 0: SGD6."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from lrbench.theory.base import APriori, Hypothesis, Numbers, Setting
from lrbench.theory.conditions import bounded_gradients, convex, minimiser, unbiased
from lrbench.theory.quantities import distance, iterate_diameter, lipschitz

MOST_STEPS = 10**7
"""The longest horizon over which the bound is summed."""


def horizon_known(setting: Setting) -> Hypothesis:
    """Check that the horizon T is known, and short enough to sum over."""
    T = setting.horizon
    detail = "the number of steps is not known" if T is None else f"T = {T}"
    if T is not None and T > MOST_STEPS:
        detail = f"T = {T} > {MOST_STEPS}: not summed"
    return Hypothesis("horizon known", T is not None and 1 <= T <= MOST_STEPS, detail)


def schedule_of(setting: Setting) -> str:
    """Return the schedule of the rates."""
    return str(setting.params.get("schedule", "constant"))


def power_of(setting: Setting) -> float:
    """Return the p of a rate that vanishes like (1 - t/T)^p at the horizon; 2 for a cosine."""
    powers = {"linear": 1.0, "cosine": 2.0}
    return powers.get(schedule_of(setting), float(setting.params.get("power", 1.0)))


class SGD6LastIterate(APriori):
    """SGD6: the last iterate at the horizon, smooth or not; a projection is allowed.

    Proof idea: every step is compared with a point between x* and the iterates so far, so weighted
    that only F(x_T) is left of all values. In a ball the sum may start at any N, with |x_N - x*| <=
    D: a rate that is too high is still short enough near the end.

    Notes
    -----
    r_t = r_{t+1} + lr_t/r_{t+1}, from r_T^2 = lr_{T-1}. The rates are those of the schedule, summed
    as they are, without an asymptotic bound. At the best lr0 the bound of ``schedule=linear`` is
    D_0 G / sqrt(T + 1), below which no method that moves along T subgradients can stay (Drori,
    Teboulle 2016).
    """

    key = "SGD6"
    statement = (
        "E F(x_T) - F* <= min_N [D_N^2/r_N^2 + G^2 (r_T^2 + sum_(N<=t<T) (r_t - r_{t+1})^2)] / 2"
    )
    measure = "suboptimality"
    iterate = "last"
    reference = (
        "proved in docs/explanation/theory.md; cf. Zamani, Glineur, arXiv:2307.11134, and Attia,"
        " Koren, arXiv:2503.09411"
    )
    cite = ("zamani2023", "attia2025")
    silent = "the bound is that of the horizon"
    rests_on_L = False
    conditions = (convex, minimiser, unbiased, bounded_gradients, horizon_known)

    def formula(self, setting: Setting, T: Numbers) -> Numbers:
        """Return the bound at the horizon and beyond, where nothing moves; NaN before it."""
        assert setting.horizon is not None
        r_sq, noise = _sums(schedule_of(setting), power_of(setting), setting.horizon)
        lr0, G, D_0 = setting.lr0, lipschitz(setting), distance(setting)
        D = np.full(r_sq.shape, iterate_diameter(setting))
        D[0] = min(D[0], D_0)
        bound = (D * D / (2.0 * lr0 * r_sq) + lr0 * G * G / 2.0 * noise).min()
        return np.where(setting.horizon <= T, bound, np.nan)

    def robustness_exponent(self, setting: Setting, parameter: str) -> float | None:
        """Return 1/(2p + 1) in a ball, for rates that vanish like (1 - t/T)^p; 1 without one."""
        if parameter != "lr0":
            return None
        D, p = iterate_diameter(setting), power_of(setting)
        if math.isinf(D):
            return 1.0
        assert setting.horizon is not None
        # From rho = T^(p + 1/2) on even the last step is too long, and the bound grows like rho.
        longest = setting.horizon**p * D / lipschitz(setting)
        return 1.0 / (2.0 * p + 1.0) if setting.lr0 <= longest else None


@lru_cache(maxsize=2)  # all lr0 of a solver have the same sums; they are long
def _sums(schedule: str, power: float, horizon: int) -> tuple[Numbers, Numbers]:
    """Return r_N^2 and r_T^2 + sum_(N<=t<T) (r_t - r_{t+1})^2 for every N, at lr0 = 1.

    Any r_T > 0 will do; the square root of the last rate is the best choice for a linear decay, and
    nearly that for the others.
    """
    left = 1.0 - np.arange(horizon) / horizon
    rates = np.sin(math.pi / 2.0 * left) ** 2 if schedule == "cosine" else left**power
    rates = rates[rates > 0.0]  # steps whose rate underflows do not move
    r_sq, noises = np.empty((2, len(rates)))
    r, noise = math.sqrt(rates[-1]), float(rates[-1])
    for k, rate in enumerate(rates[::-1].tolist()):
        growth = rate / r
        r += growth
        noise += growth * growth
        r_sq[k], noises[k] = r * r, noise
    return r_sq[::-1], noises[::-1]
