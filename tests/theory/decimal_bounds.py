"""Every bound in 120 digits, written from the statements in ``docs/explanation/theory.md``.

Nothing here uses a formula of the package. The floats of a setting are exact numbers; b_0 is the
float that the recursion starts from, 1/lr0 or eta/lr0 rounded once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import TypeAlias

from lrbench.theory.base import Setting

DIGITS = 120

ZERO, HALF, ONE, TWO = Decimal(0), Decimal("0.5"), Decimal(1), Decimal(2)
EULER = Decimal("0.577215664901532860606512090082402431042159335939923598805767234884867726777665")

PI = Decimal(
    "3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534"
    "21170679821480865132823066470938446095505822317253594081284811"
)

Row: TypeAlias = Mapping[str, Decimal]
"""A row of the trace."""


def positive(x: Decimal) -> Decimal:
    return max(x, ZERO)


def number(x: float | str | None) -> Decimal:
    """The exact value of a float; NaN where there is none."""
    return Decimal("nan" if x is None else float(x))


class Exact:
    """The symbols of the statements, as exact numbers."""

    def __init__(self, setting: Setting) -> None:
        c = setting.constants
        self.setting = setting
        self.order = str(setting.params.get("order", "current"))
        self.eta = number(setting.params.get("eta", 1.0))
        self.c = number(setting.params.get("c", 1.0))
        self.lr0 = number(setting.lr0)
        self.b_0 = Decimal(float(setting.params.get("eta", 1.0)) / setting.lr0)
        self.L, self.L_max = number(c.L), number(c.L_max)
        self.mu, self.k_exponent = (number(c.mu), 2) if c.mu > 0 else (number(c.mu_pl), 1)
        self.a_0 = number(c.grad_norm_sq0)
        self.e = number(c.f_star_error)
        self.gap = number(c.delta0) + self.e
        self.D_0 = number(c.distance) + number(c.distance_error or 0.0)
        self.N = number(c.distance_error or 0.0)
        constants_G = [c.G] + ([c.G_batch] if setting.batch else [])
        self.G = min((number(G) for G in constants_G if G is not None), default=number(None))
        ways = [self.D_0 + number(setting.radius)] if setting.radius is not None else []
        ways += [number(setting.diameter)] if setting.diameter is not None else []
        self.D = min(ways, default=number(None))
        self.B = Decimal(setting.batch_size)
        change = (2 * number(c.L_max) * (number(c.f_star_error) + number(c.f_rounding))).sqrt()
        raised = (number(c.noise_star).sqrt() + change) ** 2
        self.noise = ZERO if setting.batch else raised / self.B
        self.smoothness = self.L if setting.batch else self.L_max
        self.h = self.lr0 * self.L

    # WNGrad under SU

    @property
    def s_0(self) -> Decimal:
        increment = self.c * self.a_0 / self.b_0
        return self.b_0 + increment if self.order == "current" else self.b_0

    def b_max(self) -> Decimal:
        L, b_0, gap = self.L, self.b_0, self.c * self.gap
        if self.order == "lagged":
            ways = []
            if b_0 > L / 2:
                ways.append(b_0 + gap / (1 - L / (2 * b_0)))
            if b_0 < L:
                c = positive(L / (2 * b_0) - 1)
                gap_N = gap + c * (L - b_0)
                if b_0 < L / 2:
                    gap_N += L * L / (b_0 * b_0) * (gap + L / 8)
                b_N = L + max(2 * L * gap / b_0, 2 * gap + 2 * c * (L - b_0))
                ways.append(b_N + 2 * gap_N)
            return min(ways)
        if self.order == "raw-first":
            gap += self.c * self.a_0 / b_0 * positive(L / (2 * b_0) - 1)
        bracket = ZERO
        if b_0 < 2 * L / 3:
            bracket = L * L / b_0 - 3 * L / 2 * (1 + (2 * L / (3 * b_0)).ln())
        from_b_0 = b_0 + gap * (1 + 2 * L / b_0) + bracket
        b_1 = self.s_0
        if self.order == "raw-first" or 3 * b_1 < 2 * L:
            return from_b_0
        return min(from_b_0, b_1 + gap * (1 + 2 * L / b_1))

    def farthest_sq(self) -> Decimal:
        L, b_0, D_sq = self.L, self.b_0, self.D_0 * self.D_0
        if self.s_0 >= L / 2:
            return D_sq
        if self.order == "lagged":
            crossing = (2 * L * self.gap + L * L / (4 * self.c)) / (b_0 * b_0)
            return D_sq + (L / 2 - b_0) / (self.c * b_0) + crossing
        if self.order == "raw-first":
            D_sq += self.a_0 / b_0 * positive(1 / b_0 - 2 / L)
        return D_sq + ((L / (2 * b_0)).ln() - 1 + 2 * b_0 / L) / self.c

    # WNGrad with bounded gradients

    def c_0(self) -> Decimal:
        a = self.c * self.G**2
        return self.b_0 if self.b_0**2 >= a else self.b_0 + a / self.b_0

    def ceiling(self, T: Decimal) -> Decimal:
        """B_T."""
        c_0, a = self.c_0(), self.c * self.G**2
        if T == 0:
            return c_0
        growth = 2 * a * T
        return (c_0**2 + growth + a**2 / c_0**2 + a / 2 * (1 + growth / c_0**2).ln()).sqrt()

    # AdaGrad-Norm

    @property
    def b_1(self) -> Decimal:
        return (self.b_0**2 + self.a_0).sqrt()

    @property
    def stable(self) -> bool:
        """s_0 >= L."""
        return bool(self.b_1 >= self.eta * self.L)

    def K(self) -> Decimal:
        half = self.eta * self.L / 2
        if self.b_1 >= half:
            return ZERO
        return (half / self.b_0).ln() - 1 + self.b_0 / half

    def b_max_adagrad(self) -> Decimal:
        if self.stable:
            E = self.gap / self.eta
            return E + (E * E + self.b_0**2).sqrt()
        gap = self.gap + self.eta**2 * self.L * self.K()
        E = gap / self.eta
        return E + (E * E + (self.eta * self.L) ** 2 + 2 * self.L * gap).sqrt()

    def S(self, T: Decimal) -> Decimal:
        return (self.b_0**2 + self.G**2 * T).sqrt()


# Certificates


def c1(s: Exact, T: Decimal, row: Row) -> Decimal:
    steps = T - 1 if s.order == "raw-first" else T
    c_T = row["growth"]
    return c_T * (2 * s.b_0 + c_T) / (2 * s.c * steps) if steps else Decimal("inf")


def c2(s: Exact, T: Decimal, row: Row) -> Decimal:
    raw_first = s.order == "raw-first"
    quotients = row["sum_lr_grad_norm_sq"] if raw_first else row["growth"] / s.c
    return (row["distance_max"] ** 2 / row["lr"] + quotients) / (2 * T)


def c2_regret(s: Exact, T: Decimal, row: Row) -> Decimal:
    mean, mean_sq = row["regret"] / T, row["sum_grad_norm_sq"] / T
    if not (s.setting.batch and s.setting.smooth and s.setting.radius is None):
        return mean
    return min(mean, mean - mean_sq / (2 * s.L) + (2 * s.e * mean_sq / s.L).sqrt())


def c3a(s: Exact, T: Decimal, row: Row) -> Decimal:
    return row["sum_grad_norm_sq"] / T


def c3b(s: Exact, T: Decimal, row: Row) -> Decimal:
    b_T = (s.b_0**2 + row["sum_grad_norm_sq"]).sqrt()
    return (row["distance_max"] ** 2 * b_T / (2 * s.eta) + s.eta * (b_T - s.b_0)) / T


def c4(s: Exact, T: Decimal, row: Row) -> Decimal:
    return (s.D_0**2 + s.lr0**2 * row["sum_grad_norm_sq"]) / (2 * s.lr0 * T)


def c5(s: Exact, T: Decimal, row: Row) -> Decimal:
    logs = 2 * row["log_factor"] if s.k_exponent == 2 else row["log_contraction"]
    return s.gap * logs.exp()


def c6(s: Exact, T: Decimal, row: Row) -> Decimal:
    """Also C6' on a trace of one row, which has no other start."""
    return (row["short_distance"] + s.N) ** 2 / (4 * row["short_sum_lr"] + 2 / s.L)


def c7(s: Exact, T: Decimal, row: Row) -> Decimal:
    """From T = 0 on, where F(x_c) - F* is Delta_0 and the rounding of F and f*."""
    c = s.setting.constants
    f_star, start = number(c.f_star), abs(number(c.f_star) + number(c.delta0))
    rounding = 64 * Decimal(2) ** -52 * (start + abs(f_star)) + number(c.f_rounding)
    return 2 * s.L * (s.gap + rounding) / (1 + 2 * s.L * row["short_sum_lr"])


def over_weights(s: Exact, T: Decimal, row: Row, squares: Decimal) -> Decimal:
    """What DOG and DOWG share; an iterate is known to 4 eps r_T (1 + 1/r_eps) after T steps."""
    r, d = row["r_bar"], max(row["distance"], row["distance_max"]) + s.N
    d += d * T * 4 * Decimal(2) ** -52 * (1 + 1 / number(s.setting.params.get("r_eps", 1e-6)))
    c = number(s.setting.params.get("c", 1.0))
    return r * (2 * d / c + c * r) * squares.sqrt() / row["weight"]


def dog(s: Exact, T: Decimal, row: Row) -> Decimal:
    return over_weights(s, T, row, row["sum_grad_norm_sq"])


def dowg(s: Exact, T: Decimal, row: Row) -> Decimal:
    return over_weights(s, T, row, row["root"] ** 2)


CERTIFICATES: dict[str, Callable[[Exact, Decimal, Row], Decimal]] = {
    "C1": c1,
    "C2": c2,
    "C2'": c2_regret,
    "C3a": c3a,
    "C3b": c3b,
    "C4": c4,
    "C5": c5,
    "C6": c6,
    "C6'": c6,
    "C7": c7,
    "DOG": dog,
    "DOWG": dowg,
}


# A-priori bounds


def w1(s: Exact, T: Decimal) -> Decimal:
    b_max = s.b_max()
    steps = T - 1 if s.order == "raw-first" else T
    bound = (b_max**2 - s.b_0**2) / (2 * s.c * steps) if steps else Decimal("inf")
    return min(bound, s.gap / T * b_max**2 / (b_max - s.L / 2)) if s.s_0 >= s.L else bound


def w2(s: Exact, T: Decimal) -> Decimal:
    b_max, D_sq = s.b_max(), s.farthest_sq()
    factor = positive(D_sq + (1 - s.b_0 / s.L) / s.c)
    total = (D_sq * s.b_0 + factor * (b_max - s.b_0)) / 2
    total += s.gap if s.order == "raw-first" else 0
    return (min(total, s.gap + s.D_0**2 * b_max / 2) if s.s_0 >= s.L else total) / T


def w3(s: Exact, T: Decimal) -> Decimal:
    return s.D_0**2 / (4 * T / s.b_max() + 2 / s.L)


def w4(s: Exact, T: Decimal) -> Decimal:
    return s.gap * (1 - s.mu / s.b_max()) ** (s.k_exponent * T)


def raw_step(s: Exact) -> Decimal:
    return min(s.G**2 / s.b_0, 2 * s.G * s.D) if s.order == "raw-first" else ZERO


def w5(s: Exact, T: Decimal) -> Decimal:
    B = s.ceiling(T - 1 if s.order == "raw-first" else T)
    return (s.D**2 * B + (B - s.b_0) / s.c + raw_step(s)) / (2 * T)


def w6(s: Exact, T: Decimal) -> Decimal:
    C, e = (s.c * s.D**2 + 1) / 2, s.c * raw_step(s) / 2
    root = (s.c_0() ** 2 + 12 * s.smoothness * e + 6 * s.c * s.noise * T).sqrt()
    return (e + 12 * s.smoothness * C * C + C * root) / (s.c * T)


def w7(s: Exact, T: Decimal) -> Decimal:
    B = s.ceiling(T - 1 if s.order == "raw-first" else T)
    D_sq = s.D_0**2 + 2 * s.e * s.lr0 * T
    if s.order == "lagged":
        G = s.c.sqrt() * s.G
        if s.b_0 < G:
            D_sq += (G / s.b_0 - 1 + (G / s.b_0) ** 2) / s.c
        D_sq += (B / max(s.b_0, G)).ln() / TWO.ln() / s.c
        return (D_sq * B + (B - s.b_0) / s.c) / (2 * T)
    D_sq += (B / s.b_0).ln() / s.c
    raw = ZERO
    if s.order == "raw-first":
        D_sq, raw = D_sq + s.a_0 / s.b_0**2, s.a_0 / s.b_0
    return (D_sq * B + (B - s.b_0) / s.c + raw) / (2 * T)


def a1(s: Exact, T: Decimal) -> Decimal:
    q = (s.D_0**2 + 2 * s.eta**2 * s.K()) / (2 * s.eta)
    return (q * s.b_0 + s.L / 2 * positive(q + s.eta - s.b_0 / s.L) ** 2) / T


def a2(s: Exact, T: Decimal) -> Decimal:
    return (s.b_max_adagrad() ** 2 - s.b_0**2) / T


def a2_published(s: Exact, T: Decimal) -> Decimal:
    E, scale = s.gap / s.eta, s.eta * s.L
    C = 4 * E * E + 2 * s.b_0 * E
    if s.b_0 < scale:
        c = 1 + 2 * (scale / s.b_0).ln()
        C = 2 * s.L * s.gap + (2 * E + scale * c) ** 2 + scale**2 * (1 + c) - s.b_0**2
    return C / (T - 1) if T > 1 else Decimal("inf")


def a3(s: Exact, T: Decimal) -> Decimal:
    return (s.D**2 / (2 * s.eta) * s.S(T) + s.eta * (s.S(T) - s.b_0)) / T


def a4(s: Exact, T: Decimal) -> Decimal:
    C = s.D**2 / (2 * s.eta) + s.eta
    return (4 * s.smoothness * C * C + C * (s.b_0**2 + 2 * s.noise * T).sqrt()) / T


def a5(s: Exact, T: Decimal) -> Decimal:
    return s.D_0**2 / (4 * T * s.eta / s.b_max_adagrad() + 2 / s.L)


def a5_mu(s: Exact, T: Decimal) -> Decimal:
    return s.gap * (1 - s.mu * s.eta / s.b_max_adagrad()) ** (s.k_exponent * T)


def a6(s: Exact, T: Decimal) -> Decimal:
    S = s.S(T)
    D_sq = s.D_0**2 + 2 * s.e * s.lr0 * T + 2 * s.eta**2 * (S / s.b_0).ln()
    return (D_sq / (2 * s.eta) * S + s.eta * (S - s.b_0)) / T


def gd(s: Exact, T: Decimal) -> Decimal:
    return s.L * s.D_0**2 / 2 * max(1 / (2 * T * s.h + 1), (1 - s.h) ** (2 * T))


def gd_mu(s: Exact, T: Decimal) -> Decimal:
    k = s.mu / s.L
    left = (1 - k * s.h) ** (2 * T)  # 0 if kh = 1: the quotient is then its limit, 0
    slow = k * left / ((k - 1) * left + 1)
    return s.L * s.D_0**2 / 2 * max(slow, (1 - s.h) ** (2 * T))


def gd_linear(s: Exact, T: Decimal) -> Decimal:
    k_h = s.mu * s.lr0
    if s.k_exponent == 1:
        return s.gap * (1 - k_h * (2 - s.h)) ** T
    return s.gap * max(abs(1 - s.h), abs(1 - k_h)) ** (2 * T)


def gd_grad(s: Exact, T: Decimal) -> Decimal:
    return 2 * s.L * s.gap * max(1 / (1 + 2 * T * s.h), (1 - s.h) ** (2 * T))


def gd_min(s: Exact, T: Decimal) -> Decimal:
    return s.gap / ((T - 1) * s.lr0 * (1 - s.h / 2) + 1 / (2 * s.L))


def sgd1(s: Exact, T: Decimal) -> Decimal:
    return s.D_0**2 / (2 * s.lr0 * T) + s.lr0 * s.G**2 / 2


def sgd2(s: Exact, T: Decimal) -> Decimal:
    harmonic = T.ln() + EULER + 1 / (2 * T)
    return s.D_0**2 / (2 * s.lr0 * (T + 1)) + s.lr0 * s.G**2 / 2 * (1 + harmonic)


def sgd3(s: Exact, T: Decimal) -> Decimal:
    L_B = s.L_max / s.B + (1 - 1 / s.B) * s.L
    return (s.D_0**2 / (2 * s.lr0 * T) + s.lr0 * s.noise) / (1 - 2 * s.lr0 * L_B)


def sgd4(s: Exact, T: Decimal) -> Decimal:
    root = T.sqrt()
    return (s.D**2 * root / (2 * s.lr0) + s.lr0 * s.G**2 * (root - HALF)) / T


def sgd5(s: Exact, T: Decimal) -> Decimal:
    D_sq = s.D_0**2 + 2 * s.e * s.lr0 * T + s.lr0**2 * s.G**2 * (1 + T.ln())
    root = T.sqrt()
    return (D_sq * root / (2 * s.lr0) + s.lr0 * s.G**2 * (root - HALF)) / T


def cosine(z: Decimal) -> Decimal:
    """cos z by its series."""
    total, term, k = ZERO, ONE, 0
    while abs(term) > Decimal(10) ** -(DIGITS + 5):
        total += term
        k += 2
        term *= -z * z / (k * (k - 1))
    return total


ANNEALED: Mapping[str, Callable[[Decimal, Decimal], Decimal]] = {
    "linear": lambda u, p: 1 - u,
    "cosine": lambda u, p: (1 + cosine(PI * u)) / 2,
    "poly": lambda u, p: (1 - u) ** p,
}


@cache
def shape(schedule: str, power: float, horizon: int) -> list[Decimal]:
    """The rates at lr0 = 1."""
    h, steps = ANNEALED[schedule], Decimal(horizon)
    return [h(t / steps, number(power)) for t in map(Decimal, range(horizon))]


def sgd6(s: Exact, T: Decimal) -> Decimal:
    params, horizon = s.setting.params, s.setting.horizon
    assert horizon is not None
    if horizon > T:
        return number(None)
    rates = shape(str(params["schedule"]), float(params["power"]), horizon)
    last = s.lr0 * rates[-1]
    r, total, bounds = last.sqrt(), last, []
    for N in reversed(range(horizon)):
        growth = s.lr0 * rates[N] / r
        r, total = r + growth, total + growth**2
        D = s.D if N else s.D_0 if s.D.is_nan() else min(s.D, s.D_0)
        if not D.is_nan():
            bounds.append((D**2 / r**2 + s.G**2 * total) / 2)
    return min(bounds)


def ista(s: Exact, T: Decimal) -> Decimal:
    return s.D_0**2 / (2 * s.lr0 * T)


def ista_mu(s: Exact, T: Decimal) -> Decimal:
    return s.mu * s.D_0**2 / 2 / ((1 + s.mu * s.lr0) ** T - 1)


def fista(s: Exact, T: Decimal) -> Decimal:
    return 2 * s.D_0**2 / (s.lr0 * (T + 1) ** 2)


def nag(s: Exact, T: Decimal) -> Decimal:
    return s.D_0**2 / s.lr0 / 2 / ((T + 1) / 2) ** 2


def sf(s: Exact, T: Decimal) -> Decimal:
    points = T + 1
    return (s.D_0**2 / s.lr0 + points * s.lr0 * s.G**2) / (2 * points)


A_PRIORI: dict[str, Callable[[Exact, Decimal], Decimal]] = {
    "W1": w1,
    "W2": w2,
    "W3": w3,
    "W4": w4,
    "W5": w5,
    "W6": w6,
    "W7": w7,
    "A1": a1,
    "A2": a2,
    "A2-WWB": a2_published,
    "A3": a3,
    "A4": a4,
    "A5": a5,
    "A5-mu": a5_mu,
    "A6": a6,
    "GD": gd,
    "GD-mu": gd_mu,
    "GD-linear": gd_linear,
    "GD-grad": gd_grad,
    "GD-min": gd_min,
    "SGD1": sgd1,
    "SGD2": sgd2,
    "SGD3": sgd3,
    "SGD4": sgd4,
    "SGD5": sgd5,
    "SGD6": sgd6,
    "ISTA": ista,
    "ISTA-mu": ista_mu,
    "FISTA": fista,
    "NAG": nag,
    "SF": sf,
}
