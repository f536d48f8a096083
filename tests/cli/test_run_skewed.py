"""--strict on skewed data: right code never exits 1, and wrong code is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lrbench.objective.linear.minibatch import MinibatchOracle


def write(path: Path, unit: float, seed: int) -> Path:
    """Write 569 rows, of which every hundredth is 100 times as long, with targets in `unit`."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((569, 8))
    X[::100] *= 100.0
    y = unit * (X @ rng.standard_normal(8) + rng.standard_normal(569))
    lines = (
        f"{t!r} " + " ".join(f"{j}:{v!r}" for j, v in enumerate(x, 1))
        for t, x in zip(y.tolist(), X.tolist(), strict=True)
    )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def command(path: Path, *options: str) -> tuple[str, ...]:
    data = ("run", "-d", str(path), "--loss", "absolute", "--penalty", "none", "--strict")
    return (*data, "--batch-size", "1", "-r", "10", *options)


@pytest.mark.parametrize("unit", [1.0, 1e6])
@pytest.mark.parametrize("seed", [0, 100])
def test_long_rows_that_no_seed_has_drawn_fail_nothing(
    invoke: Any, tmp_path: Path, unit: float, seed: int
) -> None:
    path = write(tmp_path / "skewed.svm", unit, 0)
    common = ("-s", "wngrad", "-s", "adagrad-norm", "-s", "sgd", "--seed", str(seed), "-n", "50")
    outcome = invoke(*command(path, *common, "--format", "json"))
    assert outcome.code == 0, outcome.err
    verdicts = json.loads(outcome.out)["problems"][0]["verdicts"]
    above = [v for v in verdicts if np.any(np.array(v["metric"]) > np.array(v["bound"]))]
    # The means of ten seeds do lie above bounds in expectation, as they may.
    assert above
    assert {v["bound_verdict"] for v in above} <= {"none", "vacuous"}


def test_wrong_gradients_are_named_on_the_page(
    invoke: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = MinibatchOracle._mean_gradient
    monkeypatch.setenv("LRBENCH_COMPILED", "0")  # compiled steps have derivatives of their own
    monkeypatch.setattr(MinibatchOracle, "_mean_gradient", lambda *a, **k: 1.01 * right(*a, **k))
    monkeypatch.chdir(tmp_path)  # a path on the page may be longer than a line
    write(tmp_path / "skewed.svm", 1.0, 0)
    outcome = invoke(*command(Path("skewed.svm"), "-s", "wngrad", "-n", "20"))
    assert outcome.code == 1
    page = " ".join(outcome.out.split())
    assert "C2 F(average) - f*" in page
    reason = "the steps' gradients are no subgradients of the minibatch objective (seed 0)"
    assert f"VIOLATED: C2, C2' of wngrad at lr0 = 1, from T = 1 on: {reason}" in page
    assert all(len(line) <= 80 for line in outcome.out.splitlines())
