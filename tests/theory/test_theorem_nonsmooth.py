"""What is claimed without smoothness, and why the rest is refused."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from test_theorem_hypotheses import BATCH, STOCHASTIC, SU_BATCH, constants_with, failing, of

from lrbench.verdicts.theorems import theorems_for

ROUGH = replace(BATCH, smooth=False, not_smooth="the hinge loss is not smooth")
NONSMOOTH = ["C1", "C2", "C2'", "C3a", "C3b", "SGD1", "SGD2", "W7", "A6", "SGD5", "DOG", "DOWG"]
NONSMOOTH += ["SF"]


@pytest.mark.parametrize("key", NONSMOOTH)
def test_what_needs_no_smoothness_applies_without_it(key: str) -> None:
    for t in of(key):
        assert failing(t, constants_with(ROUGH, L=math.inf, L_max=math.inf)) == []
        assert not t.rests_on_L


@pytest.mark.parametrize("key", [*SU_BATCH, "SGD3"])
def test_the_reason_is_said_once_where_the_loss_is_not_smooth(key: str) -> None:
    setting = replace(ROUGH, batch=key != "SGD3", sampling="replacement")
    rough = constants_with(setting, L=math.inf, L_max=math.inf)
    for t in of(key):
        assert set(failing(t, rough)) == {"the hinge loss is not smooth"}


@pytest.mark.parametrize("key", ["W5", "A3", "SGD4"])
def test_a_bounded_constraint_stands_for_the_ball(key: str) -> None:
    boxed = replace(ROUGH, diameter=1.5, not_smooth="the box penalty is a constraint")
    for t in of(key):
        assert failing(t, boxed) == []
        # D is the lesser of the diameter and |w_0 - w*| + radius: 2 + 5 is more than 1.5.
        T = np.array([10.0])
        assert t.bound(boxed, T) == t.bound(replace(boxed, radius=5.0), T)
        assert t.bound(boxed, T) < t.bound(replace(boxed, diameter=4.0), T)
        assert failing(t, constants_with(boxed, G=None)) == [
            "no G: the gradients are unbounded here"
        ]


@pytest.mark.parametrize("key", ["W6", "A4", "SGD3"])
def test_noise_at_a_constrained_minimiser_is_not_what_it_is_at_a_free_one(key: str) -> None:
    boxed = replace(STOCHASTIC, smooth=False, not_smooth="the box penalty is a constraint")
    for t in of(key):
        said = set(failing(t, replace(boxed, diameter=1.5)))
        assert said == {"the box penalty is a constraint"}


def test_hypotheses_of_the_proximal_methods() -> None:
    lasso = replace(BATCH, smooth=False, not_smooth="the l1 penalty is not smooth")
    poisson = constants_with(
        replace(lasso, not_smooth="the poisson loss is not smooth"), L=math.inf
    )
    for key in ("ISTA", "ISTA-mu", "FISTA"):
        t = of(key)[0]
        assert failing(t, lasso) == []
        assert failing(t, replace(lasso, radius=7.0)) == ["a ball beside the prox (--radius 7)"]
        assert set(failing(t, poisson)) == {"the poisson loss is not smooth"}
        assert failing(t, replace(lasso, lr0=1.25)) == ["1/lr0 = 0.8 < L = 1"]
        assert failing(t, replace(lasso, batch=False, batch_size=4)) == ["minibatches of 4"]
    assert failing(of("ISTA-mu")[0], constants_with(lasso, mu=0.0)) == ["mu = 0"]
    restarted = replace(lasso, params={"restart": "gradient"})
    assert failing(of("FISTA")[0], restarted) == ["restart = gradient"]


def test_nothing_is_claimed_for_the_adaptive_proximal_methods() -> None:
    assert theorems_for("prox-wngrad") == theorems_for("prox-adagrad-norm") == ()


def test_bounds_without_a_ball_worked_by_hand() -> None:
    # G = 3, D_0 = 2, lr0 = 1/6: b_0 = 6 >= G, so that c_0 = 6.
    setting, T = replace(ROUGH, lr0=1 / 6), 10.0
    B = math.sqrt(36 + 180 + 9 / 4 + 4.5 * math.log(1 + 180 / 36))
    current = ((4 + math.log(B / 6) + 1) * B - 6) / 20
    lagged = ((4 + math.log(B / 6) / math.log(2) + 1) * B - 6) / 20
    S = math.sqrt(36 + 90)
    norm = ((4 + 2 * math.log(S / 6)) * S / 2 + S - 6) / 10
    root = math.sqrt(10)
    falling = (3 * (4 + 0.25 * (1 + math.log(10))) * root + 1.5 * (root - 0.5)) / 10
    for key, params, bound in (
        ("W7", {"order": "current"}, current),
        ("W7", {"order": "lagged"}, lagged),
        ("A6", {}, norm),
        ("SGD5", {}, falling),
    ):
        t = of(key)[0]
        found = t.bound(replace(setting, params=dict(params)), np.array([T]))[0]
        assert found == pytest.approx(bound, rel=1e-12)
        assert t.order(setting) is not None
        # A minimiser that is computed to 1e-3 may be nearer to the iterates than the true one.
        loose = constants_with(replace(setting, params=dict(params)), f_star_error=1e-3)
        assert t.bound(loose, np.array([T]))[0] > found


def test_the_bound_on_whole_gradients_serves_full_batches_only() -> None:
    known = constants_with(ROUGH, G_batch=1.0)
    for key in ("W7", "A6", "SGD1", "SGD2", "SGD5"):
        t = of(key)[0]
        T = np.array([50.0])
        assert t.bound(known, T) < t.bound(ROUGH, T)
    sampled = replace(known, batch=False, sampling="replacement")
    (t,) = of("SGD1")
    assert t.bound(sampled, T) == t.bound(replace(sampled, constants=ROUGH.constants), T)
