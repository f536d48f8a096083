"""What the theorems say before any run: the same as they say of a run, with no trace."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_runs import BATCH, STOCHASTIC, known

from lrbench.theory.base import OF_SETTING, Setting
from lrbench.verdicts.before import bounds_before
from lrbench.verdicts.theorems import theorems_for

AT = [1, 7, 40, 900]
SETTINGS = [BATCH, STOCHASTIC, replace(BATCH, lr0=30.0), known(L_method="estimate")]


@pytest.mark.parametrize("setting", SETTINGS, ids=["batch", "stochastic", "high", "estimate"])
@pytest.mark.parametrize("solver", ["wngrad", "adagrad-norm", "sgd"])
def test_every_theorem_has_its_bounds(solver: str, setting: Setting) -> None:
    entries = {entry["theorem"]: entry for entry in bounds_before(solver, setting, AT, every=True)}
    assert list(entries) == [theorem.key for theorem in theorems_for(solver)]
    of_setting = []
    for theorem in theorems_for(solver):
        entry, hypotheses = entries[theorem.key], theorem.hypotheses(setting)
        applies = all(h.holds for h in hypotheses)
        failing = [h for h in hypotheses if not h.holds]
        if not any(h.name in OF_SETTING for h in failing):
            of_setting.append(theorem.key)
        assert entry["applies"] == applies
        assert [h["holds"] for h in entry["hypotheses"]] == [h.holds for h in hypotheses]
        assert all(h.detail in entry["reason"] for h in failing)
        assert bool(entry["reason"]) == (not applies)
        certain = setting.constants.L_is_bound or not theorem.rests_on_L
        assert entry["kind"] == (theorem.kind if certain else "heuristic")
        assert entry["computed_from_run"] == (theorem.kind == "certificate")
        if applies and theorem.kind == "a-priori":
            bound = theorem.bound(setting, np.array(AT, dtype=np.float64))
            assert entry["bound"] == bound.tolist()
        else:
            assert entry["bound"] == [None] * 4
            assert entry["informative_from"] is None
        order = theorem.order(setting) if applies else None
        assert (entry["order"] is None) == (order is None)
        assert entry["iteration"] == AT
        tight = theorem.sharpness == "tight"
        assert entry["sharpness"] == ("tight" if tight else "upper bound")
        constants = setting.constants
        start = {"suboptimality": constants.delta0, "grad_norm_sq": constants.grad_norm_sq0}
        assert entry["trivial"] == start[theorem.measure]
    shorter = [entry["theorem"] for entry in bounds_before(solver, setting, AT)]
    assert shorter == of_setting
