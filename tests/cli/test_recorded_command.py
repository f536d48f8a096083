"""The command in a result is the one that was given, and repeats it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import Invoke


def result_of(invoke: Invoke, *words: str) -> dict[str, Any]:
    outcome = invoke(*words)
    assert outcome.code == 0, outcome.err
    values: dict[str, Any] = json.loads(outcome.out)
    for run in values["problems"][0]["runs"]:
        del run["evaluation_seconds"], run["trace"]["seconds"]
    return values


@pytest.mark.parametrize(
    ("given", "recorded", "absent"),
    [
        # Least squares has an intercept, and the data of log-spectrum have none.
        ("run -p least-squares --no-intercept -n 7", "--no-intercept", "--intercept"),
        ("run -p log-spectrum --intercept -n 7", "--intercept", "--no-intercept"),
        ("run -p least-squares --no-progress -q -n 7", "--no-progress", "--progress"),
        ("run -p least-squares -n 7 --timeout 2m", "--timeout=120.0", "--no-progress"),
        ("run -p logreg -s sgd --batch-size 50 -r 2 -n 7 --seed 3", "--batch-size=50", "--strict"),
        ("run -p logreg -s sgd --lr0 0.5,2 --lr0 1/L -n 7 --test 0.2", "--lr0=1/L", "--quiet"),
        ("sweep -p log-spectrum -s gd --lr0 0.1:10:3 -n 20 --f-star -0.5", "--f-star=-0.5", "-q"),
    ],
)
def test_it_repeats_the_run(invoke: Invoke, given: str, recorded: str, absent: str) -> None:
    first = result_of(invoke, *given.split(), "--format", "json")
    assert recorded in first["command"]
    assert absent not in first["command"]
    assert result_of(invoke, *first["command"]) == first
