"""A theorem whose hypothesis fails says which, with its values."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scalar_runs import Rule, constants, holds, huber, run, theorem, two_sided

from lrbench.objective.constants import NOT_CERTIFIED
from lrbench.theory import THEOREMS, theorems_for
from lrbench.theory.base import COLUMN, Setting, Theorem

OBJECTIVE = two_sided(1.0, 0.5)
KNOWN = constants(OBJECTIVE, 2.0, G=3.0, L_max=1.5, noise=0.1)
BATCH = Setting(KNOWN, 0.1, {}, True, 8, None, None)
STOCHASTIC = Setting(KNOWN, 0.1, {}, False, 1, "replacement", None)
IN_BALL = replace(STOCHASTIC, radius=5.0)

SU_BATCH = ["C5", "C6", "W1", "W2", "W3", "W4", "A1", "A2", "A5", "A5-mu"]
SU_BATCH += ["GD", "GD-mu", "GD-linear", "GD-grad", "GD-min"]
BALL = ["W5", "W6", "A3", "A4", "SGD4"]
MINIMISER = ["C2", "C2'", "C3b", "C5", "C6", "W2", "W3", "W4", "A1", "A5", "A5-mu"]
MINIMISER += ["GD", "GD-mu", "GD-linear", "SGD1", "SGD2", "ISTA", "ISTA-mu", "FISTA"]
MINIMISER += ["W7", "A6", "SGD5"]
ALL = [(solver, t) for solver, ts in THEOREMS.items() for t in ts]


def of(key: str) -> list[Theorem]:
    """The theorems with this key, of every solver."""
    return [t for _, t in ALL if t.key == key]


def constants_with(setting: Setting, **changes: Any) -> Setting:
    return replace(setting, constants=replace(setting.constants, **changes))


def home(key: str) -> Setting:
    """A setting in which the theorem applies."""
    if key in BALL:
        return IN_BALL
    return STOCHASTIC if key in ("C4", "SGD3") else BATCH


def failing(t: Theorem, setting: Setting) -> list[str]:
    return [h.detail for h in t.hypotheses(setting) if not h.holds]


@pytest.mark.parametrize(("solver", "t"), ALL, ids=[f"{s}-{t.key}" for s, t in ALL])
def test_every_theorem_applies_somewhere_and_its_texts_are_short(solver: str, t: Theorem) -> None:
    setting = home(t.key)
    assert failing(t, setting) == []
    assert (t.measure, t.iterate) in COLUMN
    assert t.statement.isascii()
    assert len(t.statement) <= 95
    assert t.reference
    assert t.__doc__ is not None
    assert t.__doc__.startswith(f"{t.key}: ")
    for changed in (setting, replace(setting, radius=0.5, smooth=False), IN_BALL):
        details = [h.detail for h in t.hypotheses(changed)]
        assert all(0 < len(d) <= 60 for d in details), (solver, details)


@pytest.mark.parametrize("key", SU_BATCH)
def test_su_bounds_are_refused_in_a_ball_and_without_smoothness(key: str) -> None:
    for t in of(key):
        assert failing(t, replace(BATCH, radius=7.0)) == ["a ball (--radius 7)"]
        assert len(failing(t, replace(BATCH, smooth=False))) == 1
        assert "not smooth" in failing(t, constants_with(BATCH, L=math.inf))[0]
        assert failing(t, constants_with(BATCH, L=0.0))[0].startswith("L = 0")
        assert "minibatches of 1" in failing(t, STOCHASTIC)


@pytest.mark.parametrize("key", MINIMISER)
def test_a_minimiser_is_needed(key: str) -> None:
    for t in of(key):
        said = failing(t, constants_with(home(key), attained=False, distance=None))
        assert said == ["there is no minimiser x*"]


@pytest.mark.parametrize("key", ["W1", "A2", "C1", "C3a", "GD-grad", "GD-min"])
def test_bounds_on_gradients_need_the_infimum_only(key: str) -> None:
    for t in of(key):
        assert holds(t, constants_with(BATCH, attained=False, distance=None))
    if key not in ("C1", "C3a"):
        assert failing(of(key)[0], constants_with(BATCH, delta0=math.nan)) == ["inf F is not known"]


@pytest.mark.parametrize("key", sorted({t.key for _, t in ALL} - {"C1", "C3a"}))
def test_nothing_rests_on_an_f_star_that_is_not_certified(key: str) -> None:
    unknown = {"attained": False, "distance": None, "no_minimiser": NOT_CERTIFIED}
    for t in of(key):
        setting = constants_with(home(key), f_star_obstacle="nearly collinear", **unknown)
        assert failing(t, setting) == [NOT_CERTIFIED]
        assert not any(h.detail.endswith((" nan", " inf")) for h in t.hypotheses(setting))


@pytest.mark.parametrize("key", ["C2", "C2'", "C3b", "SGD1", "SGD2", "SGD3", *BALL])
def test_reshuffling_is_not_independent_sampling(key: str) -> None:
    setting = IN_BALL if key in BALL else STOCHASTIC
    for t in of(key):
        assert holds(t, setting)
        assert failing(t, replace(setting, sampling="reshuffle")) == ["sampling: reshuffle"]


def test_constants_of_stochastic_bounds() -> None:
    for key in BALL:
        assert failing(of(key)[0], STOCHASTIC) == ["no ball: --radius"]
        assert failing(of(key)[0], replace(IN_BALL, radius=1.5)) == ["x* outside the ball: 2 > 1.5"]
    for key in ("W5", "W6", "W7", "A3", "A6", "SGD1", "SGD2", "SGD4", "SGD5"):
        setting = constants_with(home(key), G=None)
        unbounded = (
            "no ball: --radius" if key not in BALL else "no G: the gradients are unbounded here"
        )
        assert failing(of(key)[0], setting) == [unbounded]
    for key in ("W6", "A4"):
        assert "not smooth" in failing(of(key)[0], constants_with(IN_BALL, L_max=math.inf))[0]
    assert failing(of("SGD3")[0], BATCH) == ["full batches"]
    assert failing(of("SGD3")[0], replace(STOCHASTIC, lr0=0.5)) == ["2 lr0 L_B = 1.5 >= 1"]


def test_first_step_that_is_too_long() -> None:
    # L = 1, a_0 = (0.5 * 2)^2 = 1.
    shallow = constants_with(BATCH, grad_norm_sq0=0.01)
    orders = {
        "current": (replace(shallow, lr0=2.0), "b_1 = 0.52 < L = 1"),
        "lagged": (replace(shallow, lr0=2.0), "b_0 = 0.5 < L = 1"),
        "raw-first": (replace(BATCH, lr0=2.0), "b_0 = 0.5 < L = 1"),
    }
    for order, (setting, said) in orders.items():
        for key in ("C5", "W3", "W4"):
            changed = replace(setting, params={"order": order})
            assert failing(theorem("wngrad", key), changed) == [said]
    # With `current` the first gradient raises b before the first step: 0.5 + 1/0.5.
    assert holds(theorem("wngrad", "W3"), replace(BATCH, lr0=2.0, params={"order": "current"}))
    far = replace(shallow, lr0=4.0, params={"eta": 2.0})
    for key in ("C5", "A5", "A5-mu"):
        assert failing(theorem("adagrad-norm", key), far) == ["b_1/eta = 0.255 < L = 1"]
    for key in ("C5", "C6"):
        assert failing(theorem("sgd", key), replace(BATCH, lr0=1.25)) == ["1/lr0 = 0.8 < L = 1"]


def test_constant_step_without_guarantee() -> None:
    for key in ("GD", "GD-mu", "GD-linear", "GD-grad", "GD-min"):
        said = failing(theorem("sgd", key), replace(BATCH, lr0=2.0))
        assert said == ["lr0 = 2 >= 2/L = 2"]
        assert holds(theorem("sgd", key), replace(BATCH, lr0=1.99))


def test_strong_convexity() -> None:
    for key in ("C5", "W4", "A5-mu", "GD-linear"):
        for t in of(key):
            assert holds(t, constants_with(BATCH, mu=0.0, mu_pl=0.2))
            assert failing(t, constants_with(BATCH, mu=0.0, mu_pl=0.0)) == ["mu = 0"]
    assert failing(of("GD-mu")[0], constants_with(BATCH, mu=0.0)) == ["mu = 0"]


def test_gradient_domination_alone_halves_the_exponent() -> None:
    T = np.array([5.0])
    for solver, key in (("wngrad", "W4"), ("adagrad-norm", "A5-mu")):
        t = theorem(solver, key)
        strong = t.bound(BATCH, T)[0] / KNOWN.delta0
        weak = t.bound(constants_with(BATCH, mu=0.0), T)[0] / KNOWN.delta0
        assert weak == pytest.approx(math.sqrt(strong))
        assert t.order(BATCH) is not None
    trace = {"stable_from": np.zeros(1), "log_contraction": np.log([0.25])}
    c5 = theorem("wngrad", "C5")
    assert c5.bound(BATCH, T, trace)[0] == pytest.approx(KNOWN.delta0 / 16)
    assert c5.bound(constants_with(BATCH, mu=0.0), T, trace)[0] == pytest.approx(KNOWN.delta0 / 4)
    # 1 - mu lr0 (2 - h) with mu = 0.5, lr0 = 0.1, h = 0.1.
    linear = theorem("sgd", "GD-linear").bound(constants_with(BATCH, mu=0.0), T)[0]
    assert linear == pytest.approx(KNOWN.delta0 * 0.905**5)


def test_su_bounds_would_be_false_in_a_ball() -> None:
    # A constrained minimiser at which the gradient does not vanish: f = -x over |x| <= 1.
    line = huber(1.0, 1e3)
    tilted = replace(line, value=lambda x: 1.0 - x, slope=lambda x: -1.0)
    rule, T = Rule("wngrad", {"order": "current"}, 1.0), 100
    moved = run([tilted], [0] * T, rule, 0.0, tilted, radius=1.0)
    setting = Setting(constants(tilted, 0.0), rule.lr0, rule.params, True, 1, None, None)
    known = replace(setting.constants, L=1e-3, distance=1.0, delta0=1.0)
    t = theorem("wngrad", "W1")
    false = t.bound(replace(setting, constants=known), moved["iteration"])
    assert moved["min_grad_norm_sq"][-1] > false[-1]
    assert not holds(t, replace(setting, constants=known, radius=1.0))


def test_certificates_say_nothing_before_the_run_is_stable() -> None:
    T = np.array([0.0, 1.0, 2.0])
    trace = {
        "stable_from": np.array([np.nan, np.nan, 1.0]),
        "stable_distance": np.array([np.nan, np.nan, 2.0]),
        "stable_sum_lr": np.array([0.0, 0.0, 0.5]),
        "log_contraction": np.array([0.0, -1.0, -2.0]),
    }
    c6 = theorem("wngrad", "C6").bound(BATCH, T, trace)
    np.testing.assert_array_equal(c6, [np.nan, np.nan, 1.0])
    assert np.isnan(theorem("wngrad", "C5").bound(BATCH, T, trace)).all()


def test_certificates_leave_out_the_start_and_round_the_distance_up() -> None:
    T = np.array([0.0, 1.0])
    trace = {
        "stable_from": np.zeros(2),
        "stable_distance": np.array([2.0, 2.0]),
        "stable_sum_lr": np.array([0.0, 0.5]),
    }
    c6 = theorem("wngrad", "C6")
    np.testing.assert_array_equal(c6.bound(BATCH, T, trace), [np.nan, 1.0])
    raised = constants_with(BATCH, distance_error=0.5)
    np.testing.assert_array_equal(c6.bound(raised, T, trace), [np.nan, 2.5**2 / 4])


def test_certificate_of_the_regret_rounds_up_at_a_computed_minimiser() -> None:
    trace = {"regret": np.array([8.0]), "sum_grad_norm_sq": np.array([4.0])}
    t, T = theorem("wngrad", "C2'"), np.array([4.0])
    assert t.bound(BATCH, T, trace)[0] == 1.5
    inexact = constants_with(BATCH, f_star_error=0.02)
    assert t.bound(inexact, T, trace)[0] == pytest.approx(1.5 + 0.2)
    for changed in (
        constants_with(BATCH, L_method="estimate"),
        replace(BATCH, radius=9.0),
        STOCHASTIC,
        constants_with(BATCH, f_star_error=1e6),
    ):
        assert t.bound(changed, T, trace)[0] == 2.0


def test_certificates_come_first_and_unknown_solvers_have_none() -> None:
    for solver in THEOREMS:
        kinds = [t.kind for t in theorems_for(solver)]
        assert kinds == sorted(kinds, reverse=True)
        keys = [t.key for t in theorems_for(solver)]
        assert len(set(keys)) == len(keys)
    assert theorems_for("wn-adam") == ()


def test_a_certificate_asks_for_the_trace() -> None:
    with pytest.raises(TypeError, match="C1"):
        theorem("wngrad", "C1").bound(BATCH, np.array([1.0]))


@pytest.mark.parametrize("t", [t for _, t in ALL if t.kind == "a-priori"], ids=lambda t: t.key)
def test_a_priori_bounds_are_finite_fall_and_leave_out_the_start(t: Theorem) -> None:
    T = np.array([0.0, *np.logspace(0, 15, 40).round()])
    for lr0 in (1e-8, 0.1, 1e8):
        for order in ("current", "lagged", "raw-first"):
            setting = replace(home(t.key), lr0=lr0, params={"order": order})
            if not holds(t, setting):
                continue
            bound = t.bound(setting, T)
            assert np.isnan(bound[0])
            assert (bound[2:] >= 0).all()
            assert np.isfinite(bound[2:]).all()
            if t.key not in ("SGD2", "SGD5"):  # their logarithms grow
                assert (np.diff(bound[1:]) <= 0).all()


def test_scale_of_lr0_is_what_each_rule_pays() -> None:
    # WNGrad pays lr0 itself through b_1, AdaGrad-Norm its logarithm.
    T = np.array([1e6])
    wide = constants_with(BATCH, grad_norm_sq0=1e-4)
    w = [theorem("wngrad", "W2").bound(replace(wide, lr0=lr0), T)[0] for lr0 in (1e6, 1e8)]
    a = [theorem("adagrad-norm", "A1").bound(replace(wide, lr0=lr0), T)[0] for lr0 in (1e6, 1e8)]
    assert w[1] / w[0] == pytest.approx(100, rel=0.05)
    assert a[1] / a[0] < 3
