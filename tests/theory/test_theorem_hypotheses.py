"""A theorem whose hypothesis fails says which, with its values."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scalar_runs import Rule, constants, holds, huber, run, theorem, two_sided

from lrbench.objective.constants import NOT_CERTIFIED
from lrbench.solvers import SOLVERS
from lrbench.solvers.adapters.base import AdaptedSolver
from lrbench.solvers.build import build_solver
from lrbench.theory import THEOREMS
from lrbench.theory.base import COLUMN, Setting, Theorem
from lrbench.verdicts.theorems import theorems_for

OBJECTIVE = two_sided(1.0, 0.5)
KNOWN = constants(OBJECTIVE, 2.0, G=3.0, L_max=1.5, noise=0.1)
BATCH = Setting(KNOWN, 0.1, {}, True, 8, None, None)
STOCHASTIC = Setting(KNOWN, 0.1, {}, False, 1, "replacement", None)
IN_BALL = replace(STOCHASTIC, radius=5.0)

SU_BATCH = ["C5", "C6", "C6'", "C7", "W1", "W2", "W3", "W4", "A1", "A2", "A2-WWB", "A5", "A5-mu"]
SU_BATCH += ["GD", "GD-mu", "GD-linear", "GD-grad", "GD-min", "NAG"]
BALL = ["W5", "W6", "A3", "A4", "SGD4"]
MINIMISER = ["C2", "C2'", "C3b", "C5", "C6", "C6'", "W2", "W3", "W4", "A1", "A5", "A5-mu"]
MINIMISER += ["GD", "GD-mu", "GD-linear", "SGD1", "SGD2", "ISTA", "ISTA-mu", "FISTA"]
MINIMISER += ["W7", "A6", "SGD5", "SGD6", "DOG", "DOWG", "NAG", "SF"]
ALL = [(family, t) for family, ts in THEOREMS.items() for t in ts]


def of(key: str) -> list[Theorem]:
    """The theorems with this key, of every family."""
    return [t for _, t in ALL if t.key == key]


def constants_with(setting: Setting, **changes: Any) -> Setting:
    return replace(setting, constants=replace(setting.constants, **changes))


def home(key: str) -> Setting:
    """A setting in which the theorem applies."""
    if key in BALL:
        return IN_BALL
    if key == "SGD6":
        return replace(BATCH, horizon=1)
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


@pytest.mark.parametrize("key", ["W1", "A2", "A2-WWB", "C1", "C3a", "C7", "GD-grad", "GD-min"])
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


@pytest.mark.parametrize("key", ["C2", "C2'", "C3b", "SGD1", "SGD2", "SGD3", "SF", *BALL])
def test_reshuffling_is_not_independent_sampling(key: str) -> None:
    setting = IN_BALL if key in BALL else STOCHASTIC
    for t in of(key):
        assert holds(t, setting)
        assert failing(t, replace(setting, sampling="reshuffle")) == ["sampling: reshuffle"]


def test_constants_of_stochastic_bounds() -> None:
    for key in BALL:
        assert failing(of(key)[0], STOCHASTIC) == ["no ball: --radius"]
        assert failing(of(key)[0], replace(IN_BALL, radius=1.5)) == ["x* outside the ball: 2 > 1.5"]
    for key in ("W5", "W6", "W7", "A3", "A6", "SGD1", "SGD2", "SGD4", "SGD5", "SF"):
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
    # L = 1, mu = 0.5, a_0 = (0.5 * 2)^2 = 1: C6 needs s_0 >= 2/3, strong convexity 0.75, PL 1.
    shallow = constants_with(BATCH, grad_norm_sq0=0.01)
    orders = {
        "current": (replace(shallow, lr0=2.0), "b_1 = 0.52"),
        "lagged": (replace(shallow, lr0=2.0), "b_0 = 0.5"),
        "raw-first": (replace(BATCH, lr0=2.0), "b_0 = 0.5"),
    }
    for order, (setting, s_0) in orders.items():
        changed = replace(setting, params={"order": order})
        in_pl = constants_with(changed, mu=0.0)
        assert failing(theorem("wngrad", "W3"), changed) == [f"{s_0} < 2L/3 = 0.667"]
        assert failing(theorem("wngrad", "W4"), changed) == [f"{s_0} < (L+mu)/2 = 0.75"]
        assert failing(theorem("wngrad", "W4"), in_pl) == [f"{s_0} < L = 1"]
        assert holds(theorem("wngrad", "C5"), changed)
        assert failing(theorem("wngrad", "C5"), in_pl) == [f"{s_0} < L = 1"]
    # With `current` the first gradient raises b before the first step: 0.5 + 1/0.5.
    assert holds(theorem("wngrad", "W3"), replace(BATCH, lr0=2.0, params={"order": "current"}))
    far = replace(shallow, lr0=4.0, params={"eta": 2.0})
    for key, least in (("A5", "2L/3 = 0.667"), ("A5-mu", "(L+mu)/2 = 0.75")):
        assert failing(theorem("adagrad-norm", key), far) == [f"b_1/eta = 0.255 < {least}"]
    for key in ("C6", "C6'", "C7"):
        sgd, lr0 = theorem("sgd", key), replace(BATCH, lr0=1.6)
        assert failing(sgd, lr0) == ["1/lr0 = 0.625 < 2L/3 = 0.667"]
        assert holds(theorem("sgd-sqrt", key), lr0)
        for lr0_within in (1.25, 1.5, 1.5 * (1 + 4e-16)):
            assert holds(sgd, replace(BATCH, lr0=lr0_within))
        # As printed this is 2L/3, so that the difference is told instead.
        assert "< 2L/3 by 4e-11" in failing(sgd, replace(BATCH, lr0=1.5 * (1 + 6e-11)))[0]
    assert failing(theorem("sgd", "C5"), replace(BATCH, lr0=2.0)) == ["lr0 = 2 >= 2/L = 2"]
    in_pl = constants_with(replace(BATCH, lr0=1.25), mu=0.0)
    assert failing(theorem("sgd", "C5"), in_pl) == ["1/lr0 = 0.8 < L = 1"]


@pytest.mark.parametrize("lr0", [1.4, 1.2, 0.9])
def test_between_the_limits_each_theorem_has_its_own(lr0: float) -> None:
    # s_0 = 0.714, 0.833 and 1.11 with L = 1, mu = 0.5.
    for order in ("lagged", "raw-first"):
        setting = replace(BATCH, lr0=lr0, params={"order": order})
        assert holds(theorem("wngrad", "W3"), setting)
        assert holds(theorem("wngrad", "W4"), setting) == (lr0 < 1.3)
        in_pl = constants_with(setting, mu=0.0)
        assert holds(theorem("wngrad", "W4"), in_pl) == (lr0 < 1.0)


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
    logs = {"log_contraction": np.log([0.25]), "log_factor": np.log([0.25])}
    trace = {"stable_from": np.zeros(1), **logs}
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


def test_certificates_say_nothing_before_the_steps_are_short() -> None:
    T = np.array([0.0, 1.0, 2.0, 5.0])
    trace = {
        "stable_from": np.array([np.nan, np.nan, 1.0, 1.0]),
        "short_from": np.array([np.nan, np.nan, 1.0, 1.0]),
        "short_distance": np.array([np.nan, np.nan, 2.0, 2.0]),
        "short_sum_lr": np.array([0.0, 0.0, 0.5, 1.5]),
        "distance": np.array([4.0, 2.0, 1.5, 1.25]),
        "suboptimality": np.array([9.0, 2.0, 1.0, 0.5]),
        "log_contraction": np.array([0.0, -1.0, -2.0, -4.0]),
        "log_factor": np.array([0.0, 1.0, -2.0, -3.0]),
    }
    c6 = theorem("wngrad", "C6").bound(BATCH, T, trace)
    np.testing.assert_array_equal(c6, [np.nan, np.nan, 1.0, 0.5])
    # From the checkpoint 2 on: 1.5^2 / (4 + 2); from N = 1 it would be 0.5.
    restarted = theorem("wngrad", "C6'").bound(BATCH, T, trace)
    np.testing.assert_allclose(restarted, [np.nan, np.nan, 1.0, 0.375], rtol=1e-14)
    # N is a checkpoint: 2L F(x_1) / (1 + 2L S).
    c7 = theorem("wngrad", "C7").bound(BATCH, T, trace)
    np.testing.assert_allclose(c7, [np.nan, np.nan, 4.0 / 2.0, 4.0 / 4.0], rtol=1e-12)
    strong = theorem("wngrad", "C5").bound(BATCH, T, trace)
    np.testing.assert_allclose(strong[1:], KNOWN.delta0 * np.exp([2.0, -4.0, -6.0]))
    in_pl = constants_with(BATCH, mu=0.0)
    assert np.isnan(theorem("wngrad", "C5").bound(in_pl, T, trace)).all()


def test_c7_starts_from_the_first_checkpoint_behind_the_long_steps() -> None:
    # The last long step is t = 2, so that N = 3, and F is known at T = 5 first.
    T = np.array([1.0, 2.0, 5.0, 10.0, 20.0])
    trace = {
        "short_from": np.array([np.nan, np.nan, 3.0, 3.0, 3.0]),
        "short_sum_lr": np.array([0.0, 0.0, 0.75, 2.75, 6.75]),
        "suboptimality": np.array([9.0, 8.0, 3.0, 2.0, 1.0]),
    }
    c7 = theorem("wngrad", "C7").bound(BATCH, T, trace)
    np.testing.assert_allclose(c7, [np.nan] * 3 + [6.0 / 5.0, 6.0 / 13.0], rtol=1e-12)
    raised = constants_with(BATCH, f_star_error=0.5)
    c7 = theorem("wngrad", "C7").bound(raised, T, trace)
    assert c7[-1] == pytest.approx(7.0 / 13.0, rel=1e-12)
    # Every step was short: from the start, which is no row of the certificate.
    trace = {
        "short_from": np.zeros(1),
        "short_sum_lr": np.array([2.0]),
        "suboptimality": np.array([0.125]),
    }
    c7 = theorem("wngrad", "C7").bound(BATCH, np.array([4.0]), trace)
    assert c7[0] == pytest.approx(2.0 * KNOWN.delta0 / 5.0, rel=1e-12)


def test_restarts_use_only_the_steps_since_the_last_long_one() -> None:
    # A step at t = 5 is long, so that the checkpoint at T = 4 is no start for T = 9.
    T = np.array([4.0, 7.0, 9.0])
    trace = {
        "short_from": np.array([0.0, 6.0, 6.0]),
        "short_distance": np.array([2.0, 3.0, 3.0]),
        "short_sum_lr": np.array([4.0, 1.0, 3.0]),
        "distance": np.array([1e-3, 2.5, 1.0]),
    }
    restarted = theorem("wngrad", "C6'").bound(BATCH, T, trace)
    expected = [4.0 / 18.0, 9.0 / 6.0, min(9.0 / 14.0, 6.25 / 10.0)]
    np.testing.assert_allclose(restarted, expected, rtol=1e-14)
    unknown = constants_with(BATCH, distance_error=None)
    said = failing(theorem("wngrad", "C6'"), unknown)
    assert said == ["how far the computed x* is from a minimiser is open"]
    assert holds(theorem("wngrad", "C6"), unknown)


def test_certificates_leave_out_the_start_and_round_the_distance_up() -> None:
    T = np.array([0.0, 1.0])
    trace = {
        "short_from": np.zeros(2),
        "short_distance": np.array([2.0, 2.0]),
        "short_sum_lr": np.array([0.0, 0.5]),
        "distance": np.array([2.0, 1.0]),
    }
    for key in ("C6", "C6'"):
        t = theorem("wngrad", key)
        np.testing.assert_array_equal(t.bound(BATCH, T, trace), [np.nan, 1.0])
        raised = constants_with(BATCH, distance_error=0.5)
        np.testing.assert_array_equal(t.bound(raised, T, trace), [np.nan, 2.5**2 / 4])


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


def test_certificates_come_first_and_some_solvers_have_no_theorems() -> None:
    for theorems in THEOREMS.values():
        kinds = [t.kind for t in theorems]
        assert kinds == sorted(kinds, reverse=True)
        keys = [t.key for t in theorems]
        assert len(set(keys)) == len(keys)
    assert theorems_for("wn-adam") == ()


def test_a_solver_has_the_theorems_of_its_family() -> None:
    assert [t.key for t in theorems_for("polyak")] == ["C2'", "C6", "C6'", "C7"]
    assert theorems_for("sps") == theorems_for("armijo") == THEOREMS["scalar-step"]
    assert [t.key for t in theorems_for("dowg")] == ["DOWG", "C2'", "C6", "C6'", "C7"]
    solver_of = {SOLVERS.get(name).theorems: name for name in SOLVERS}
    of_registered = {key: t for key, t in THEOREMS.items() if key != AdaptedSolver.theorems}
    assert len(of_registered) < len(THEOREMS)
    families = {key.partition("[")[0] for key in of_registered}
    assert families == solver_of.keys() - {()}, "a family without a solver"
    for key, theorems in of_registered.items():
        family, bracket, params = key.partition("[")
        solver = solver_of[family]
        if "sphere=true" in params:  # which is taken beside this order alone
            params = f"order=lagged,{params}"
        _, spec = build_solver(f"{solver}{bracket}{params}")  # raises for what no solver takes
        assert theorems_for(solver, spec.params) == theorems


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


def test_the_published_form_of_a2_is_never_below_it() -> None:
    rng = np.random.default_rng(5)
    T, a2, published = (
        np.array([1.0, 11.0]),
        *(theorem("adagrad-norm", k) for k in ("A2", "A2-WWB")),
    )
    for L, eta, lr0, gap in 10.0 ** rng.uniform([-2, -3, -6, -6], [2, 3, 6, 6], (2000, 4)):
        # By (1) a_0 is at most 2L (F(w_0) - F*); it decides which form of A2 applies.
        changed = {"L": L, "delta0": gap, "grad_norm_sq0": 2.0 * L * gap * rng.random()}
        setting = constants_with(replace(BATCH, lr0=lr0, params={"eta": eta}), **changed)
        assert published.bound(setting, T)[0] == math.inf
        assert a2.bound(setting, T)[1] * 11 <= published.bound(setting, T)[1] * 10 * (1 + 1e-9)
    # eta L = 1, E = 1: by hand for b_0 = 2, and for b_0 = 1/e, where c = 3.
    known = constants_with(replace(BATCH, lr0=0.5), L=1.0, delta0=1.0)
    assert published.bound(known, T)[1] == pytest.approx((4 + 4) / 10)
    known = replace(known, lr0=math.e)
    assert published.bound(known, T)[1] == pytest.approx((2 + 25 + 4 - math.exp(-2)) / 10)
