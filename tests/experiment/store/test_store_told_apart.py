"""Problems of one name in a store: whatever option changed one, lists and results tell it apart."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import Invoke

from lrbench.plan.options import PROBLEM_OPTIONS
from lrbench.results.definition import KEYS, definition, differing

CHANGES = {
    "loss": ("--loss", "squared-hinge"),
    "penalty": ("--penalty", "l2[weight=0.125]"),
    "scale": ("--scale", "maxabs"),
    "intercept": ("--intercept",),
    "positive": ("--positive", "3"),
    "start": ("--start", "normal[seed=4]"),
    "reparam": ("--reparam", "weight-norm"),
    "test": ("--test", "0.25"),
    "zero_based": ("--zero-based", "yes"),
    "settings": ("--set", "model.hidden=[4]", "--set", "loss=softmax"),
    "radius": ("--radius", "40"),
}
"""Options that change a problem, each with a value other than its default."""


def test_every_option_that_changes_a_problem_is_tried() -> None:
    assert set(CHANGES) >= set(PROBLEM_OPTIONS)


@pytest.fixture
def command(tmp_path: Path) -> tuple[str, ...]:
    """Return a sweep of three steps on data of one's own, into a store."""
    rng = np.random.default_rng(2)
    rows = [
        f"{3 + 2 * (k % 2)} " + " ".join(f"{j}:{v:.3f}" for j, v in enumerate(x, 1))
        for k, x in enumerate(rng.standard_normal((32, 3)))
    ]
    (tmp_path / "own.svm").write_text("\n".join(rows))
    data, store = str(tmp_path / "own.svm"), str(tmp_path / "cells.sqlite")
    steps = ("-s", "gd", "--lr0", "0.1,1", "-n", "3", "--at", "3", "--target", "loss=3")
    return (*("sweep", "-q", "-d", data, *steps), "--store", store)


@pytest.mark.parametrize("option", CHANGES)
def test_what_an_option_changed_is_said(
    option: str, command: tuple[str, ...], invoke: Invoke
) -> None:
    for more in ((), CHANGES[option]):
        done = invoke(*command, *more)
        assert done.code == 0, done.err
    listed = invoke("store", "list", command[-1]).out.split("\n\n")
    assert len(listed) == 2
    heads = [part.strip().split("solver ")[0] for part in listed]
    assert heads[0] != heads[1]
    entries = json.loads(invoke("store", "list", command[-1], "--format", "json").out)["entries"]
    headers = [entry["header"] for entry in entries]
    assert headers[0] != headers[1]
    assert set(headers[0]) == set(KEYS)
    exported = json.loads(invoke("store", "export", command[-1], "--format", "json").out)
    names = [problem["name"] for problem in exported["problems"]]
    assert len(set(names)) == 2
    assert not any(name.endswith("]") and name[-2].isdigit() for name in names), names


def test_a_reparametrisation_alone_is_named(command: tuple[str, ...], invoke: Invoke) -> None:
    assert invoke(*command, "--reparam", "batch-norm[seed=2]").code == 0
    assert "batch-norm[seed=2]\n" in invoke("store", "list", command[-1]).out


def test_the_number_of_features_differs_alone_or_not_at_all() -> None:
    linear = {"data": "a", "n_features": 3, "loss": "squared"}
    more = {**linear, "n_features": 4}
    assert differing(map(definition, (linear, more))) == ["n_features"]
    normed = {**more, "reparametrisation": "weight-norm"}
    assert differing(map(definition, (linear, normed))) == ["reparametrisation"]
    assert differing([definition(linear)] * 2) == []
