"""WNGrad with a factor c is WNGrad with c = 1 in the unit v = sqrt(c) w: runs and bounds."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import numpy as np
import pytest
from scalar_runs import (
    Rule,
    Scalar,
    batch_setting,
    constants,
    holds,
    huber,
    log_cosh,
    run,
    stochastic_setting,
    theorem,
    two_sided,
)

from lrbench.theory import THEOREMS
from lrbench.theory.base import COLUMN, Setting
from lrbench.theory.wngrad_unit import POWERS, WNGradCertificate

ORDERS = ("current", "lagged", "raw-first")
FACTORS = (1e-3, 0.3, 17.0)

IN_V = {
    "iteration": 0.0, "objective": 0.0, "suboptimality": 0.0, "suboptimality_average": 0.0,
    "suboptimality_best": 0.0, "grad_norm_sq": -1.0, "min_grad_norm_sq": -1.0, "lr": 1.0,
    "sum_grad_norm_sq": -1.0, "sum_lr_grad_norm_sq": 0.0, "sum_lr": 1.0, "regret": 0.0,
    "distance_max": 0.5, "b": -1.0, "growth": -1.0, "log_contraction": 0.0, "log_factor": 0.0,
    "distance": 0.5, "stable_from": 0.0, "stable_distance": 0.5, "stable_sum_lr": 1.0,
    "short_from": 0.0, "short_distance": 0.5, "short_sum_lr": 1.0,
}  # fmt: skip
"""The powers of c by which a column is larger in the unit v."""


def in_v(f: Scalar, c: float) -> Scalar:
    """v -> f(v / sqrt(c))."""
    root = math.sqrt(c)
    return Scalar(
        lambda v: f.value(v / root),
        lambda v: f.slope(v / root) / root,
        f.L / c,
        f.mu / c,
        f.attained,
    )


def setting_of(
    terms: list[Scalar], objective: Scalar, rule: Rule, x: float, radius: float | None
) -> Setting:
    """Full batches of one function, minibatches of two."""
    known = constants(
        objective,
        x,
        G=max(abs(f.slope(s * 1e9 * abs(x))) for f in terms for s in (-1.0, 1.0)),
        L_max=max(f.L for f in terms),
        noise=sum(f.slope(0.0) ** 2 for f in terms) / len(terms),
    )
    known = replace(known, f_star_error=1e-3 * known.delta0)
    if len(terms) > 1:
        return stochastic_setting(known, rule, radius)
    return replace(batch_setting(objective, rule, x), constants=known, radius=radius)


def shifted(f: Scalar, by: float) -> Scalar:
    """The slopes of x -> f(x) + by x; its values do not matter."""
    return replace(f, slope=lambda x: f.slope(x) + by)


def draw(rng: random.Random) -> tuple[list[Scalar], Scalar]:
    """One function, or two that differ at 0, where their mean is least."""
    L = 10 ** rng.uniform(-2, 2)
    if rng.random() < 0.3:
        f, g = huber(L, 1.7), huber(3.0 * L, 0.4)
        mean = Scalar(
            lambda x: (f.value(x) + g.value(x)) / 2.0,
            lambda x: (f.slope(x) + g.slope(x)) / 2.0,
            2.0 * L,
        )
        return [shifted(f, 0.2), shifted(g, -0.2)], mean
    one = rng.choice([two_sided(L, 0.1 * L), huber(L, 0.3), log_cosh(L, 2.0)])
    return [one], one


@pytest.mark.parametrize("c", FACTORS)
@pytest.mark.parametrize("order", ORDERS)
def test_runs_and_bounds_are_those_of_the_other_unit(order: str, c: float) -> None:
    rng, asked = random.Random(f"{order} {c}"), set[str]()
    for _ in range(150):
        functions, objective = draw(rng)
        x, lr0 = rng.choice([-1, 1]) * 10 ** rng.uniform(-1, 1), 10 ** rng.uniform(-3, 3)
        lr0 /= objective.L
        radius = abs(x) * rng.uniform(1, 2) if rng.random() < 0.5 else math.inf
        path = [rng.randrange(len(functions)) for _ in range(40)]
        settings, traces = [], []
        for unit, factor in ((1.0, c), (c, 1.0)):
            rule, root = Rule("wngrad", {"order": order, "c": factor}, unit * lr0), math.sqrt(unit)
            terms, whole = [in_v(f, unit) for f in functions], in_v(objective, unit)
            ball = root * radius if math.isfinite(radius) else None
            settings.append(setting_of(terms, whole, rule, root * x, ball))
            traces.append(run(terms, path, rule, root * x, whole, ball))
        for name, power in IN_V.items():
            right, measured = traces[0][name], traces[1][name] / c**power
            scale = np.maximum.accumulate(np.abs(right))
            error = np.abs(measured - right) / np.where(scale > 0.0, scale, 1.0)
            assert np.nanmax(error, initial=0.0) <= 1e-9, name
        for t in THEOREMS["wngrad"]:
            applies, in_other = (holds(t, setting) for setting in settings)
            assert applies == in_other, t.key
            if applies:
                asked.add(t.key)
                bound, other = (
                    t.bound(setting, trace["iteration"], trace)
                    for setting, trace in zip(settings, traces, strict=True)
                )
                factor = c if t.measure == "grad_norm_sq" else 1.0
                np.testing.assert_allclose(bound, factor * other, rtol=1e-8, err_msg=t.key)
                assert str(t.order(settings[0])) == str(t.order(settings[1]))
    assert asked == {t.key for t in THEOREMS["wngrad"]}


def test_every_column_of_these_certificates_has_a_power() -> None:
    certificates = [t for t in THEOREMS["wngrad"] if isinstance(t, WNGradCertificate)]
    assert {name for t in certificates for name in t.columns} == POWERS.keys()


@pytest.mark.parametrize("c", [0.02, 3.0])
@pytest.mark.parametrize("order", ["current", "lagged"])
def test_absolute_value_attains_the_certificates(order: str, c: float) -> None:
    # |x| from 1 with a step of about 1/1000: x_T is nearly 0 and b has hardly grown.
    steep, T, x = huber(1e9, 1e-9), 1000, 1.0
    rule = Rule("wngrad", {"order": order, "c": c}, 1 / T)
    setting, trace = batch_setting(steep, rule, x), run([steep], [0] * T, rule, x, steep)
    for key in ("C1", "C2"):
        t = theorem("wngrad", key)
        ratio = trace[COLUMN[t.measure, t.iterate]] / t.bound(setting, trace["iteration"], trace)
        assert 0.99 <= ratio[-2] <= 1.0 + 1e-12, key


@pytest.mark.parametrize("c", [1e-300, 1e300])
@pytest.mark.parametrize("order", ORDERS)
def test_a_factor_at_the_ends_of_the_range_of_numbers_proves_nothing_wrong(
    order: str, c: float
) -> None:
    f, x = two_sided(1e-9, 2e-9), 1e-5
    rule = Rule("wngrad", {"order": order, "c": c}, 1e8)
    setting, trace = batch_setting(f, rule, x, G=1e9), run([f], [0] * 9, rule, x, f)
    for t in THEOREMS["wngrad"]:
        order_proved = t.order(setting)
        assert order_proved is None or order_proved.value <= 0.0
        if holds(t, setting):
            bound = t.bound(setting, trace["iteration"], trace)
            metric = trace[COLUMN[t.measure, t.iterate]]
            assert not (metric > bound * (1.0 + 1e-9)).any(), t.key
