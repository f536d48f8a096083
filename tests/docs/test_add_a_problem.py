"""The problem of docs/how-to/add-a-problem.md runs, and its gradient is right."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "how-to" / "add-a-problem.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def example() -> dict[str, Any]:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code, "add-a-problem.md", "exec"), names)
    return names


def test_the_problem_of_the_page_runs(example: dict[str, Any]) -> None:
    linear, robust = example["result"].problems
    assert (linear.name, robust.name) == ("logreg", "robust")
    assert len(robust.runs) == 4
    start = robust.runs[0].trace["objective"][0]
    for run in robust.runs:
        assert run.trace["objective"][-1] < 0.9 * start


@pytest.mark.parametrize("samples", [slice(None), np.array([3, 70, 3])])
def test_its_gradient_is_that_of_its_values(example: dict[str, Any], samples: Any) -> None:
    problem = example["Robust"](example["X"], example["y"])
    W = np.array([[0.3, -1.0], [1.7, 0.2], [-0.4, 2.5]])
    _, G = problem.mean(W, samples)
    for j in range(3):
        e = np.zeros((3, 1))
        e[j] = 1e-6
        ends = [problem.mean(W + sign * e, samples)[0] for sign in (1, -1)]
        assert G[j] == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-8)
