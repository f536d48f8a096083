"""An optimum that is read back is verified: whatever was planted or damaged is computed again."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from optimum_problems import Logistic, Squared, problem

import lrbench.optimum.find as find_module
from lrbench.losses.absolute import Absolute
from lrbench.losses.hinge import Hinge
from lrbench.losses.huber import Huber
from lrbench.losses.poisson import Poisson
from lrbench.losses.quantile import Quantile
from lrbench.losses.squared_hinge import SquaredHinge
from lrbench.objective.linear.problem import LinearProblem
from lrbench.optimum import Optimum, find_optimum
from lrbench.optimum.cache import load_optimum, optimum_path, save_optimum
from lrbench.optimum.verify import verified
from lrbench.penalties.ball import BallPenalty
from lrbench.penalties.box import Box
from lrbench.penalties.elastic_net import ElasticNet
from lrbench.penalties.l1 import L1
from lrbench.penalties.l2 import L2
from lrbench.penalties.none import NoPenalty

LOSSES: list[Any] = [
    *(Squared(), Logistic(), Absolute(), Quantile(0.3), Huber(0.7), Hinge(), SquaredHinge()),
    Poisson(),
]
PENALTIES: list[Any] = [
    *(NoPenalty(), L2(0.03125), L1(0.0625), ElasticNet(0.0625, 0.75)),
    *(Box(0.0, np.inf), Box(-0.25, 0.5), BallPenalty(0.5)),
]


def irregular(loss: Any, penalty: Any) -> LinearProblem:
    """Return a problem with an intercept, on columns of different units and offsets."""
    rng = np.random.default_rng(5)
    X = rng.standard_normal((41, 4)) * [1.0, 40.0, 0.02, 3.0] + [0.0, 0.0, 0.0, 7.0]
    scores = X @ [0.7, -0.02, 11.0, 0.1] + rng.standard_normal(41)
    y = {"binary": np.sign(scores), "count": np.round(np.abs(scores))}.get(loss.task, scores)
    return problem(np.c_[X, np.ones(41)], y, loss, penalty=penalty, intercept=True)


@pytest.mark.parametrize("penalty", PENALTIES, ids=lambda p: str(p.name))
@pytest.mark.parametrize("loss", LOSSES, ids=lambda p: str(p.name))
def test_every_optimum_is_verified_and_no_other_value(loss: Any, penalty: Any) -> None:
    p = irregular(loss, penalty)
    o = find_optimum(p, cache=None)
    assert verified(p, o)
    unit = 1e-3 + 3 * o.f_star_error
    for planted in PLANTED.values():
        assert not verified(p, planted(o, unit))


PLANTED: dict[str, Callable[[Optimum, float], Optimum]] = {
    "lower": lambda o, unit: replace(o, f_star=o.f_star - unit),
    "higher": lambda o, unit: replace(o, f_star=o.f_star + unit),
    "not a number": lambda o, _: replace(o, f_star=np.nan),
    "a negative error": lambda o, _: replace(o, f_star_error=-1e-15),
    "an error that is not a number": lambda o, _: replace(o, f_star_error=np.nan),
    "no dual point": lambda o, _: replace(o, dual=None),
    "a dual point of another length": lambda o, _: replace(o, dual=np.zeros(40)),
    "a dual point of NaN": lambda o, _: replace(o, dual=np.full(41, np.nan)),
}


@pytest.mark.parametrize("loss", [Squared(), Logistic(), Absolute(), Huber(0.7)])
def test_a_point_that_is_no_minimiser_is_refuted_by_its_dual_point(loss: Any) -> None:
    p = irregular(loss, NoPenalty())
    o = find_optimum(p, cache=None)
    assert o.w_star is not None
    w = o.w_star + 0.1 * np.eye(5)[0]
    f = float(p.value(w[:, None])[0])
    assert f > o.f_star + 1e-6
    assert not verified(p, replace(o, w_star=w, f_star=f))
    slopes = p.loss.derivative(p.data.X @ w, p.y)
    for dual in (slopes, np.zeros(41)):
        assert not verified(p, replace(o, w_star=w, f_star=f, dual=dual))


def without_intercept(loss: Any, penalty: Any) -> LinearProblem:
    p = irregular(loss, penalty)
    return problem(np.asarray(p.data.X)[:, :4], p.y, loss, penalty=penalty)


def changed(o: Optimum, **constants: Any) -> Optimum:
    return replace(o, curvature=replace(o.curvature, **constants))


@pytest.mark.parametrize("make", [irregular, without_intercept])
@pytest.mark.parametrize("penalty", PENALTIES, ids=lambda p: str(p.name))
@pytest.mark.parametrize("loss", LOSSES, ids=lambda p: str(p.name))
def test_constants_that_cheap_bounds_refute_are_computed_again(
    make: Callable[[Any, Any], LinearProblem], loss: Any, penalty: Any
) -> None:
    p = make(loss, penalty)
    o = find_optimum(p, cache=None)
    assert verified(p, o)
    c = o.curvature
    other = np.inf if np.isfinite(c.L) else 9.0
    wrong = [
        *(changed(o, L=L) for L in (np.nan, 0.0, other)),
        *(changed(o, L_max=L) for L in (np.nan, 0.0, other)),
        *(changed(o, mu=mu) for mu in (np.nan, -1e-9, 2.0 * c.L)),
        *(changed(o, mu_pl=mu) for mu in (np.nan, 0.9 * c.mu - 1e-9, 2.0 * c.L)),
        *(replace(o, f_star_error=error) for error in (1e-4 + 9 * o.f_star_error, np.inf)),
        *(replace(o, distance_error=D) for D in (np.nan, -1.0, np.inf)),
    ]
    if np.isfinite(c.L):
        wrong += [changed(o, L=L) for L in (c.L_max / 42.0, 1e-3 * c.L, 6.0 * c.L)]
        wrong += [changed(o, L_max=c.L_max * (1 + sign * 1e-6)) for sign in (-1, 1)]
    if loss.name == "squared":  # F is flatter along w_star
        wrong += [changed(o, mu=0.9 * c.L, mu_pl=c.L)]
    else:
        wrong += [changed(o, mu=c.mu + 1e-9, mu_pl=c.mu_pl + 1e-9), changed(o, mu_pl=c.mu + 1e-9)]
        wrong += [replace(o, distance_error=0.5)] if c.mu == 0 else []
    for k, planted in enumerate(wrong):
        assert not verified(p, planted), (k, planted)


@pytest.mark.parametrize("loss", [Squared(), Logistic()])
def test_the_distance_to_the_minimiser_follows_from_the_gradient(loss: Any) -> None:
    p = without_intercept(loss, L2(0.03125))
    o = find_optimum(p, cache=None)
    assert o.w_star is not None
    X = np.asarray(p.data.X)
    w = o.w_star + np.array([3e-4, 1e-5, -2e-3, 4e-4])
    slopes = p.loss.derivative(X @ w, p.y)
    g = X.T @ slopes / 41 + 0.03125 * w
    mu = o.curvature.mu
    near = replace(
        o,
        f_star=float(p.value(w[:, None])[0]),
        f_star_error=float(g @ g) / (2 * 0.03125),
        w_star=w,
        dual=slopes,
        distance_error=float(np.linalg.norm(g)) / mu,
    )
    assert verified(p, near)
    for factor, holds in ((0.99, False), (1e-9, False), (0.0, False), (1.01, True)):
        assert near.distance_error is not None
        other = replace(near, distance_error=factor * near.distance_error)
        assert verified(p, other) == holds, factor


def test_the_distance_beside_a_kink_follows_from_the_error() -> None:
    p = without_intercept(Squared(), L1(0.0625))
    o = find_optimum(p, cache=None)
    assert o.distance_error is not None
    assert verified(p, replace(o, distance_error=1.01 * o.distance_error))
    assert not verified(p, replace(o, distance_error=0.99 * o.distance_error))


def small(separable: bool = False) -> LinearProblem:
    if separable:
        return problem(np.array([[1.0], [-1.0]]), np.array([1.0, -1.0]), Logistic())
    return irregular(Logistic(), L2(0.03125))


def quasi_separable() -> LinearProblem:
    X = np.array([[1.0, 0.0], [1.0, 0.0], [0.5, 0.0], [1.0, 2.0], [-1.0, -3.0]])
    return problem(X, np.array([1.0, -1.0, 1.0, 1.0, -1.0]), Logistic())


@pytest.mark.parametrize("p", [small(True), quasi_separable()], ids=["all", "some"])
@pytest.mark.parametrize("change", [-0.2, -1e-6, 1e-6, 0.2])
def test_an_infimum_that_is_not_attained_is_verified_too(p: LinearProblem, change: float) -> None:
    o = find_optimum(p, cache=None)
    assert not o.attained
    assert verified(p, o)
    assert not verified(p, replace(o, f_star=o.f_star + change))


def test_a_planted_optimum_with_a_right_checksum_is_computed_again(tmp_path: Path) -> None:
    p = small()
    right = find_optimum(p, cache=tmp_path)
    path = optimum_path(p, tmp_path)
    assert path is not None
    for planted in PLANTED.values():
        save_optimum(path, planted(right, 0.2))
        assert load_optimum(path, p) is None
        assert find_optimum(p, cache=tmp_path).f_star == right.f_star
    assert load_optimum(path, p) is not None


def test_every_field_is_covered_by_the_checksum(tmp_path: Path) -> None:
    p = small()
    find_optimum(p, cache=tmp_path)
    path = optimum_path(p, tmp_path)
    assert path is not None
    with np.load(path) as file:
        fields = dict(file)
    assert {"L", "mu", "f_star", "w_star", "dual"} < set(fields)
    for name, value in fields.items():
        number = value.dtype.kind == "f"
        other = np.nextafter(value, np.inf) if number else np.array(f"{value}x")
        np.savez(path, **{**fields, name: other})
        assert load_optimum(path, p) is None, name
        np.savez(path, **{key: value for key, value in fields.items() if key != name})
        assert load_optimum(path, p) is None, name


def damaged(content: bytes, rng: random.Random) -> bytes:
    """Flip bits, overwrite, cut, repeat or insert; sometimes several of these."""
    out = bytearray(content)
    for _ in range(rng.choice([1, 1, 1, 3, 20])):
        at = rng.randrange(len(out))
        how = rng.randrange(6)
        if how < 2:
            out[at] ^= 1 << rng.randrange(8)
        elif how == 2:
            out[at : at + 4] = rng.randbytes(4)
        elif how == 3:
            del out[at + 1 :]
        elif how == 4:
            out[at:at] = out[: rng.randrange(200)]
        else:
            out[at : at + rng.randrange(50)] = b""
        out = out or bytearray(b"\0")
    return bytes(out)


N_DAMAGES = 400


def test_no_damaged_file_raises_or_changes_the_optimum(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    p = small()
    right = find_optimum(p, cache=tmp_path)
    path = optimum_path(p, tmp_path)
    assert path is not None
    whole, rng, unread = path.read_bytes(), random.Random(7), 0
    for _ in range(N_DAMAGES):
        path.write_bytes(damaged(whole, rng))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            read = load_optimum(path, p)
        unread += read is None
        for name, value in vars(read).items() if read else ():
            np.testing.assert_array_equal(value, getattr(right, name))
    assert unread > N_DAMAGES // 2
    path.write_bytes(whole)
    monkeypatch.setattr(find_module, "solve", None)
    assert find_optimum(p, cache=tmp_path).f_star == right.f_star
