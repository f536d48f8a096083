"""Losses and penalties with parameters: read, written, built; and targets that do not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lrbench.errors import DataError, UsageError
from lrbench.losses.huber import Huber
from lrbench.losses.quantile import Quantile
from lrbench.penalties.box import Box
from lrbench.penalties.elastic_net import ElasticNet
from lrbench.penalties.l1 import L1
from lrbench.plan.prepare import header
from lrbench.problem_files import (
    build_linear,
    canonical,
    load_spec,
    spec_from_data,
    with_overrides,
    with_settings,
)
from lrbench.problem_files.build import fingerprint
from lrbench.problem_files.load import spec_from_table

LOGREG = load_spec("logreg")


def spec_of(**table: Any) -> Any:
    data = {"name": "sklearn:diabetes", "scale": "maxabs"}
    return spec_from_table({"loss": "squared", "data": data, **table}, "x", None)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("huber", {"name": "huber", "threshold": 1}),
        ("huber[threshold=2]", {"name": "huber", "threshold": 2.0}),
        ("quantile[level=0.9]", {"name": "quantile", "level": 0.9}),
        ("absolute", {"name": "absolute"}),
    ],
)
def test_two_ways_to_write_a_loss_are_one_problem(one: Any, two: Any) -> None:
    assert spec_of(loss=one).loss == spec_of(loss=two).loss
    assert canonical(spec_of(loss=one)) == canonical(spec_of(loss=two))


def test_parameters_reach_the_loss_and_the_penalty() -> None:
    problem = build_linear(
        with_overrides(spec_of(), loss="huber[threshold=0.5]", penalty="box[upper=2]")
    )
    assert problem.loss == Huber(0.5)
    assert problem.penalty == Box(-1.0, 2.0)
    spec = spec_of(penalty={"name": "elastic-net", "weight": 0.25, "l1_ratio": 0.75})
    assert build_linear(spec).penalty == ElasticNet(0.25, 0.75)
    assert build_linear(spec_of(penalty="box[lower=0,upper=inf]")).penalty == Box(0.0, np.inf)


def test_parameters_change_the_fingerprint() -> None:
    texts = ["box", "box[upper=2]", "ball", "l1", "l1[weight=0.1*max]", "elastic-net"]
    prints = {fingerprint(spec_of(penalty=text), "") for text in texts}
    prints |= {fingerprint(spec_of(loss=text), "") for text in ("huber", "huber[threshold=2]")}
    assert len(prints) == 8


def test_keys_of_parts_can_be_set() -> None:
    assert with_settings(LOGREG, ["loss=huber", "loss.threshold=3"]).loss == "huber[threshold=3]"
    spec = with_settings(load_spec("elastic-net"), ["penalty.l1_ratio=0.3"])
    assert str(spec.penalty) == "elastic-net[weight=0.01*max,l1_ratio=0.3]"


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("scale", ["none", "standard"])
def test_a_share_of_max_is_of_the_weight_from_which_zero_is_optimal(
    intercept: bool, scale: str
) -> None:
    data = {"name": "sklearn:diabetes", "scale": scale, "intercept": intercept}
    problem = build_linear(spec_of(penalty="l1[weight=0.1*max]", data=data))
    X: Any = problem.data.X
    expected = 0.1 * np.abs(X[:, :10].T @ problem.y / len(X)).max()
    assert isinstance(problem.penalty, L1)
    assert problem.penalty.weight == pytest.approx(expected, rel=1e-13)
    both = build_linear(spec_of(penalty="elastic-net[weight=0.1*max,l1_ratio=0.2]", data=data))
    assert both.penalty.weight == pytest.approx(5 * expected, rel=1e-13)


def test_from_the_largest_weight_on_zero_is_optimal() -> None:
    for loss, data in (("squared", "diabetes"), ("logistic", "breast-cancer")):
        spec = spec_of(loss=loss, data={"name": f"sklearn:{data}"})
        for share, stays in (("1.000001*max", True), ("0.999*max", False)):
            problem = build_linear(with_overrides(spec, penalty=f"l1[weight={share}]"))
            W = np.zeros((problem.n_features, 1))
            lr = np.array([1e-3])
            moved = problem.prox(-lr * problem.loss_gradient(W), lr)
            assert bool(np.all(moved == 0.0)) is stays


@pytest.mark.parametrize(
    ("option", "text", "says"),
    [
        ("loss", "huber[level=0.5]", "no key 'level' in the loss huber"),
        ("loss", "hinge[level=0.5]", "the loss hinge has no parameters"),
        ("loss", "quantile[level=x]", "level is 'x', not a number"),
        ("loss", "quantile[level=1]", "not between 0 and 1"),
        ("penalty", "l2[weight=0.1*max]", "weight is '0.1.max', not a positive number"),
        ("penalty", "l1[weight=x*max]", "weight is 'x.max', not a positive number"),
        ("penalty", "l1[weight=0*max]", "share of max in weight is 0.0"),
        ("penalty", "elastic-net[l1_ratio=1]", "not between 0 and 1"),
        ("penalty", "box[lower=1,upper=1]", "no box from 1 to 1"),
        ("penalty", "box[lower=nan]", "no box from nan to 1"),
        ("penalty", "ball[weight=1]", "no key 'weight' in the penalty ball"),
        ("penalty", "ball[radius=-1]", "not a positive number"),
    ],
)
def test_refusals(option: str, text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        with_overrides(LOGREG, **{option: text})  # type: ignore[arg-type]


def test_a_start_outside_the_set_is_refused() -> None:
    spec = spec_of(penalty="box[lower=0.5,upper=1]")
    with pytest.raises(UsageError, match="the start zeros is outside the box"):
        build_linear(spec)
    far = spec_of(penalty="ball[radius=0.1]", start="normal")
    with pytest.raises(UsageError, match="outside the ball"):
        build_linear(far)


def test_targets_that_do_not_fit_the_loss(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="3 labels, and a binary loss needs two"):
        build_linear(spec_from_data("sklearn:iris", loss="hinge"))
    file = tmp_path / "counts.svm"
    file.write_text("3 1:1\n-2 1:0.5\n0 1:2\n-1 1:1\n")
    with pytest.raises(DataError, match="2 negative targets, the first -2 in row 2"):
        build_linear(spec_from_data(str(file), loss="poisson"))
    file.write_text("3 1:1\n2.5 1:0.5\n0 1:2\n")
    assert build_linear(spec_from_data(str(file), loss="poisson")).y.tolist() == [3.0, 2.5, 0.0]


def test_the_header_says_all_parameters() -> None:
    from lrbench.optimum import constants, find_optimum

    problem = build_linear(load_spec("elastic-net"))
    known = constants(problem, find_optimum(problem, cache=None), radius=None)
    said = header(problem, known, None, None)
    assert said.loss == "squared"
    assert said.penalty.name == "elastic-net"
    assert said.penalty.parameters == {"l1_ratio": 0.5}
    assert build_linear(load_spec("quantile")).loss == Quantile(0.9)
