"""C6 and C7 for steps up to 1.5/L in any order: the proofs in exact rationals, and real runs.

With L = 1 and steps h_0, ..., h_{T-1} the proofs add interpolation inequalities with nonnegative
weights. What they leave is a quadratic form in the gradients; the tests build it from the
inequalities themselves and eliminate its nodes.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import pytest
from builders import Array, as_problem, every_variant, linear_problem, run_healthy, task
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scalar_runs import theorem

from lrbench.arrays import PerLane
from lrbench.losses import LOSSES
from lrbench.objective.constants import Constants
from lrbench.objective.oracle import Iterate, Oracle
from lrbench.results import Run
from lrbench.solvers.base import Facts, Solver, Step
from lrbench.solvers.sgd import SGD
from lrbench.theory.base import Setting

Row = list[Fraction]
LIMIT = Fraction(3, 2)
STEPS = st.lists(
    st.fractions(Fraction(1, 1000), LIMIT, max_denominator=1000), min_size=1, max_size=8
)


def sums(h: Sequence[Fraction]) -> Row:
    """H_0, ..., H_T."""
    return [Fraction(0), *itertools.accumulate(h)]


def unit(k: int, n: int) -> Row:
    return [Fraction(int(j == k)) for j in range(n)]


def moved(h: Sequence[Fraction], i: int, k: int) -> Row:
    """x_i - x_k for i <= k, in terms of the gradients g_0, ..., g_T."""
    return [h[j] if i <= j < k else Fraction(0) for j in range(len(h) + 1)]


def product(form: list[Row], weight: Fraction, u: Row, v: Row) -> None:
    """Add weight (<u, v> + <v, u>) to the matrix of a form."""
    for (i, a), (j, b) in itertools.product(enumerate(u), enumerate(v)):
        if a and b:
            form[i][j] += weight * a * b
            form[j][i] += weight * a * b


def difference(u: Row, v: Row) -> Row:
    return [a - b for a, b in zip(u, v, strict=True)]


def form_of_c6(h: Sequence[Fraction]) -> tuple[Row, list[Row]]:
    """Return the weights, and M = 2Q - S u u' with F_T - F* <= D^2/(2S) - g'Mg/2."""
    T, H = len(h), sums(h)
    n, total = T + 1, 2 * H[T]
    lam = [Fraction(0), *(H[k] / (total - H[k - 1]) for k in range(1, n)), Fraction(1)]
    tau = [lam[i + 1] - lam[i] for i in range(n)]
    M = [[Fraction(0)] * n for _ in range(n)]
    for i in range(n):
        g = unit(i, n)
        product(M, tau[i], g, moved(h, 0, i))  # <g_i, x_0 - x_i>, twice
        product(M, tau[i] / 2, g, g)
        if i:
            product(M, lam[i], g, moved(h, i - 1, i))
            change = difference(g, unit(i - 1, n))
            product(M, lam[i] / 2, change, change)
    product(M, -(total + 1) / 2, tau, tau)
    return [*lam, *tau], M


def form_of_c7(h: Sequence[Fraction]) -> tuple[Row, list[Row]]:
    """Return the weights, and R with F_0 - F_T - H |g_T|^2 >= g'Rg/2."""
    T, H = len(h), sums(h)
    n, last = T + 1, unit(T, T + 1)
    nu = [Fraction(1), *((H[T] + H[i]) / (H[T] - H[i - 1]) for i in range(1, n))]
    sigma = [nu[i + 1] - nu[i] for i in range(T)]
    R = [[Fraction(0)] * n for _ in range(n)]
    for i in range(n):
        g = unit(i, n)
        if i:
            product(R, nu[i], g, moved(h, i - 1, i))
            change = difference(g, unit(i - 1, n))
            product(R, nu[i] / 2, change, change)
        if i < T:
            product(R, -sigma[i], g, moved(h, i, T))  # <g_i, x_T - x_i>
            product(R, sigma[i] / 2, difference(g, last), difference(g, last))
    product(R, -H[T], last, last)
    # What F_0 - F_T counts: F_i drops out for 0 < i < T, and F_T as much as F_0.
    of_values = [nu[1] - sigma[0], *(nu[i + 1] - nu[i] - sigma[i] for i in range(1, T))]
    assert of_values == [Fraction(1)] + [Fraction(0)] * (T - 1)
    assert sum(sigma) - nu[T] == -1
    return [*nu, *sigma], R


def pivots(form: list[Row], nodes: Sequence[int]) -> Row:
    """Eliminate the nodes in order, and return the pivots; the last one is that of a single row."""
    form, out, left = [list(row) for row in form], [], list(nodes)
    while left:
        k = left.pop(0)
        d = form[k][k]
        out.append(d)
        if d == 0:
            assert all(form[k][j] == 0 for j in left)
            continue
        for i, j in itertools.product(left, repeat=2):
            form[i][j] -= form[i][k] * form[k][j] / d
    return out


def lengths(*texts: str) -> list[Fraction]:
    return [Fraction(text) for text in texts]


@settings(max_examples=30)
@example(lengths("3/2"))
@example(lengths("1/10", "3/2"))
@example(lengths("3/2", "1/10", "3/2", "1/1000", "3/2"))
@example([LIMIT] * 8)
@given(STEPS)
def test_the_form_of_c6_is_positive_in_exact_rationals(h: list[Fraction]) -> None:
    weights, M = form_of_c6(h)
    assert min(weights) >= 0
    assert all(sum(row) == 0 for row in M)
    assert all(M[i][j] == M[j][i] for i, j in itertools.combinations(range(len(M)), 2))
    *others, first, last = pivots(M, range(len(h), -1, -1))
    assert all(d > 0 for d in others)
    assert first >= 0
    assert last == 0


@settings(max_examples=30)
@example(lengths("3/2"))
@example(lengths("3/2", "1/10"))
@example(lengths("3/2", "1/10", "3/2", "1/1000", "3/2"))
@example([LIMIT] * 8)
@given(STEPS)
def test_the_form_of_c7_is_positive_in_exact_rationals(h: list[Fraction]) -> None:
    weights, R = form_of_c7(h)
    assert min(weights) >= 0
    assert all(sum(row) == 0 for row in R)
    of_c7 = pivots(R, range(len(h) + 1))
    assert all(d > 0 for d in of_c7[:-2])
    assert of_c7[-2] >= 0
    assert of_c7[-1] == 0
    # Those of C6 for the steps in reverse order, up to 1/lambda^2.
    weights_of_c6, M = form_of_c6(h[::-1])
    of_c6 = pivots(M, range(len(h), -1, -1))
    lam = weights_of_c6[1 : len(h) + 1][::-1]
    assert of_c7[:-1] == [d / weight**2 for d, weight in zip(of_c6[:-1], lam, strict=True)]


@given(st.fractions(LIMIT + Fraction(1, 10**6), 2, max_denominator=10**7))
def test_one_step_longer_than_the_limit_spoils_both_forms(h: Fraction) -> None:
    for form in (form_of_c6, form_of_c7):
        _, matrix = form([h])
        assert matrix[0][0] < 0  # the rows sum to 0, so that this is the whole form


# --- what the proof of C6 leaves to check: coefficients of E and G, by powers of a and of m -------

E_ROWS = {(0, 0): (0, 3, 1, -2), (1, 0): (1, 4, -2), (2, 0): (1,)}
E_ROWS |= {(0, 1): (1, 1, -1), (1, 1): (1,)}
"""(power of a, power of m) -> the polynomial in h, lowest power first."""
G_ROWS = {
    **{(0, 0): (0, 0, 6, 8, -2, -4), (1, 0): (0, 7, 22, 3, -12), (2, 0): (2, 17, 12, -13)},
    **{(3, 0): (4, 9, -6), (4, 0): (2, -1)},
    **{(0, 1): (0, 5, 8, -1, -4), (1, 1): (3, 17, 6, -10), (2, 1): (7, 11, -8), (3, 1): (4, -2)},
    **{(0, 2): (1, 2, 0, -1), (1, 2): (3, 2, -2), (2, 2): (2, -1)},
}


def polynomial(rows: dict[tuple[int, int], tuple[int, ...]], a: Any, m: Any, h: Any) -> Any:
    return sum(c * h**k * a**i * m**j for (i, j), row in rows.items() for k, c in enumerate(row))


positive = st.fractions(Fraction(1, 1000), 10, max_denominator=1000)


@given(positive, positive, positive)
def test_coefficients_of_the_proof(a: Fraction, m: Fraction, h: Fraction) -> None:
    b, N = a + h, 2 * (a + h) + m
    E = N * (1 + a + h - h * h) + h - h * h - a * (1 + a)
    G = (N * (1 + a + b) - 2 * a * b) * E - h * a * (1 + a) * (N + 1 - b) ** 2
    assert polynomial(E_ROWS, a, m, h) == E
    assert polynomial(G_ROWS, a, m, h) == G
    # The step of the invariant: beta = phi(b) leads to no more than phi(a).
    lam, beta = b / (N - a), (N - 2 * b) / (b * (1 + b))
    U, c = lam * (1 + a), lam * (h - 1)
    y = 1 - lam - beta * U
    d = y * U - c
    assert d == b * E / ((N - a) ** 2 * (1 + b))
    if d:
        phi_a = (N - 2 * a) / (a * (1 + a))
        assert phi_a - beta - y * y / d == h * G / (a * b * (1 + a) * (1 + b) * E)


def test_coefficients_are_nonnegative_up_to_the_limit() -> None:
    for row in (*E_ROWS.values(), *G_ROWS.values()):
        signs = [math.copysign(1, c) for c in row if c]
        # One change of sign, from + to -: one positive root (Descartes), which is not below 3/2.
        assert signs == sorted(signs, reverse=True)
        assert sum(c * LIMIT**k for k, c in enumerate(row)) >= 0


# --- real runs -----------------------------------------------------------------------------------


class Taken(NamedTuple):
    lr0: PerLane
    steps: int


@dataclass(frozen=True)
class Scheduled(Solver):
    """A solver whose steps are lr0 times what a list says."""

    lengths: tuple[float, ...]
    name = "scheduled"

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> Taken:
        return Taken(lr0, 0)

    def step(self, W: Iterate, state: Taken, oracle: Oracle) -> Step:
        lr, g = state.lr0 * self.lengths[state.steps], oracle.gradient(W)
        return Step(oracle.descend(W, lr, g), lr, Taken(state.lr0, state.steps + 1))


def huber_run(width: float, start: float, h: Sequence[float]) -> tuple[Run, Setting]:
    """Run steps `h` on the Huber function of this width, L = 1, through the engine."""
    loss = LOSSES.get("huber")(threshold=width)
    problem = as_problem(np.ones((1, 1)), np.zeros(1), loss, w0=np.array([start]))
    known: dict[str, Any] = {
        "L": 1.0,
        "distance": abs(start),
        "distance_error": 0.0,
        "f_star_error": 0.0,
    }
    work = task(problem, Scheduled(tuple(h)), [1.0], len(h), **known)
    (run,) = run_healthy(work)
    return run, Setting(work.shared.constants, 1.0, {}, True, 1, None, None)


def bound_of(key: str, run: Run, setting: Setting) -> Array:
    return theorem("sgd-sqrt", key).bound(setting, run.trace["iteration"], run.trace)


@pytest.mark.parametrize(
    "h",
    [(1.5,), (1.5,) * 6, (0.1, 1.5), (1.5, 0.1, 1.5), (0.3, 1.4, 0.7, 1.5, 1.1), (1.0,) * 40],
    ids=str,
)
def test_huber_functions_attain_c6_and_c7(h: tuple[float, ...]) -> None:
    x, H = 2.5, sum(h)
    run, setting = huber_run(x / (2 * H + 1), x, h)
    ratio = run.trace["suboptimality"][-1] / bound_of("C6", run, setting)[-1]
    assert ratio == pytest.approx(1.0, rel=1e-11)
    assert bound_of("C6'", run, setting)[-1] == bound_of("C6", run, setting)[-1]
    run, setting = huber_run(x / (H + 1), x, h)
    ratio = run.trace["grad_norm_sq"][-1] / bound_of("C7", run, setting)[-1]
    assert ratio == pytest.approx(1.0, rel=1e-11)


def test_a_single_longer_step_is_refused() -> None:
    # On x^2/2 a step of 1.52 would violate both.
    run, setting = huber_run(9.0, 1.0, (1.52,))
    for key in ("C6", "C6'", "C7"):
        assert np.isnan(bound_of(key, run, setting)).all()
    assert run.trace["suboptimality"][1] > 1.0 / (4 * 1.52 + 2)
    assert run.trace["grad_norm_sq"][1] > 1.0 / (1 + 2 * 1.52)
    run, setting = huber_run(9.0, 1.0, (1.5,))
    assert run.trace["suboptimality"][1] == pytest.approx(bound_of("C6", run, setting)[1])
    assert run.trace["grad_norm_sq"][1] == pytest.approx(bound_of("C7", run, setting)[1])
    # It is no obstacle to what follows it.
    run, setting = huber_run(9.0, 1.0, (1.52, 1.5, 0.2))
    assert run.trace["short_from"][-1] == 1.0
    assert run.trace["suboptimality"][-1] < bound_of("C6", run, setting)[-1]


def by_loops(run: Run, c: Constants, key: str) -> Callable[[int], float]:
    """Return T -> the certificate, from the steps, distances and gaps at every iteration."""
    lr, D = run.trace["lr"][1:], run.trace["distance"] + (c.distance_error or 0.0)
    gap = run.trace["suboptimality"] + c.f_star_error

    def at(T: int) -> float:
        N = max((t + 1 for t in range(T) if lr[t] * c.L > 1.5 + 1e-15), default=0)
        if N == T:
            return math.nan
        if key == "C7":
            return float(2 * c.L * gap[N] / (1 + 2 * c.L * math.fsum(lr[N:T])))
        starts = range(N, T) if key == "C6'" else [N]
        return float(min(D[s] ** 2 / (4 * math.fsum(lr[s:T]) + 2 / c.L) for s in starts))

    return at


@pytest.mark.parametrize("solver", [SGD(), *every_variant()], ids=str)
def test_certificates_of_real_runs_equal_plain_loops(solver: Any) -> None:
    problem = linear_problem("logistic", 30, 4, weight=0.05, w0=np.array([1, -2, 0.5, 3]), seed=6)
    work = task(problem, solver, [0.01, 1.0, 40.0, 1000.0], 60, distance_error=1e-9)
    for run in run_healthy(work):
        lr0 = float(run.lr0 or 0.0)
        constants = work.shared.constants
        setting = Setting(constants, lr0, {}, True, 30, None, None)
        for key in ("C6", "C6'", "C7"):
            # A run that overflows has fewer rows.
            steps = range(1, len(run.trace["iteration"]))
            expected = np.array([math.nan, *map(by_loops(run, constants, key), steps)])
            bound = bound_of(key, run, setting)
            # |x_N - x*|^2 and F are rounded up: by a rounding of the largest ones so far.
            far = np.minimum(np.maximum.accumulate(run.trace["distance"]), 1e100)
            size = 2.0 * run.trace["objective"][0] if key == "C7" else far * far
            known_to = 2e-13 * constants.L * size
            close = np.isclose(bound, expected, rtol=1e-9, atol=known_to, equal_nan=True)
            assert close.all(), (key, lr0, bound[~close], expected[~close])
            if solver.name in ("sgd", "wngrad", "adagrad-norm", "sgd-sqrt"):
                measured = run.trace["grad_norm_sq" if key == "C7" else "suboptimality"]
                assert not (measured > bound * (1 + 1e-10)).any()
