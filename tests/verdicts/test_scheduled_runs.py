"""Runs of every schedule below the bounds at every multiple of the best scale of the theorem."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import lrbench
from lrbench.plan.plan import Plan
from lrbench.plan.prepare import prepare
from lrbench.problem_files import load_spec
from lrbench.results import Verdict
from lrbench.theory.base import Setting
from lrbench.theory.robustness import best_scale
from lrbench.verdicts.theorems import every_theorem_for, theorems_for

RHO = np.geomspace(1e-2, 1e3, 11)
T = 500

THEOREM = {
    "sgd": "SGD2",
    "sgd[schedule=linear]": "SGD6",
    "sgd[schedule=cosine]": "SGD6",
    "sgd[schedule=poly,power=0.5]": "SGD6",
    "sgd[schedule=poly,power=3]": "SGD6",
}
"""A solver and a theorem on its last iterate."""


def last_verdicts(name: str, solver: str, **options: Any) -> list[Verdict]:
    """Return the verdicts at every rho, counted from the scale at which the bound is least."""
    from lrbench.engine.control import Control

    spec = load_spec(name)
    plan = Plan(solvers=[solver], iterations=T, **options)
    ((_, label),) = plan.built
    setting = prepare(spec, plan, None, Control()).setting(plan, label, 1.0)
    (theorem,) = (t for t in theorems_for("sgd", label.params) if t.key == THEOREM[solver])

    def at(lr0: float) -> Setting:
        return replace(setting, lr0=lr0)

    best = best_scale(theorem, at, T)
    assert best is not None
    result = lrbench.run(spec, solvers=[solver], iterations=T, lr0=(best * RHO).tolist(), **options)
    (problem,) = result.problems
    found = [v for v in problem.verdicts if v.theorem == theorem.key]
    assert len(found) == len(RHO)
    assert {v.solver.name for v in found} == {"sgd"}
    return found


@pytest.mark.parametrize("solver", list(THEOREM))
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("lad-worst", {}),
        ("lad-worst", {"radius": 15.0}),
        ("lad", {"radius": 1200.0, "batch_size": 8, "replicates": 3}),
        ("svm", {"radius": 40.0, "batch_size": 20, "replicates": 3}),
    ],
    ids=["full", "full-ball", "lad", "svm"],
)
def test_the_gaps_are_below_the_bound_at_every_scale(
    name: str, options: dict[str, Any], solver: str
) -> None:
    verdicts = last_verdicts(name, solver, **options)
    gaps, bounds = (
        np.array([c[-1] for c in of_all])
        for of_all in zip(*((v.metric, v.bound) for v in verdicts), strict=True)
    )
    assert np.all(gaps <= bounds)
    # In a ball an annealed rate that is too high costs less than the factor itself.
    growth = math.log(bounds[-1] / bounds[5], RHO[-1] / RHO[5])
    assert growth < (0.75 if "radius" in options and solver != "sgd" else 1.01)
    assert {v.bound_verdict for v in verdicts} <= {"pass", "vacuous", "none"}


def test_a_schedule_has_the_theorems_of_its_own_rates() -> None:
    keys = {
        schedule: {t.key for t in theorems_for("sgd", {"schedule": schedule, "power": 1.0})}
        for schedule in ("constant", "sqrt", "linear", "cosine", "poly")
    }
    assert keys["constant"] == {t.key for t in theorems_for("gd", {})} >= {"GD", "SGD2"}
    assert keys["sqrt"] == {t.key for t in theorems_for("sgd-sqrt")}
    assert keys["linear"] == keys["cosine"] == keys["poly"]
    assert "SGD6" in keys["linear"]
    assert not keys["linear"] & {"GD", "SGD1", "SGD2", "SGD4", "C4", "C2'"}
    assert {t.key for t in every_theorem_for("sgd")} == set().union(*keys.values())


def test_sqrt_under_both_names_has_the_same_bits() -> None:
    options: dict[str, Any] = {"batch_size": 7, "iterations": 60, "lr0": [0.03, 2.0]}
    both = ["sgd-sqrt", "sgd[schedule=sqrt]"]
    (problem,) = lrbench.run("logreg", solvers=both, **options).problems
    for lr0 in (0.03, 2.0):
        first, second = (r for r in problem.runs if r.lr0 == lr0)
        for key in set(first.trace) - {"seconds"}:
            np.testing.assert_array_equal(first.trace[key], second.trace[key])
