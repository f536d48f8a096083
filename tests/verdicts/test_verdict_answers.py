"""Verdicts on theorems about a solver's own answer: right code passes, wrong answers fail."""

from __future__ import annotations

from typing import Any

import pytest

import lrbench
from lrbench.results import Verdict
from lrbench.solvers import SOLVERS


def judged(solver: str, **options: Any) -> list[Verdict]:
    """The verdicts at two lr0, if it has one, on what bounds the answer of a solver."""
    lr0 = [0.3, 1.0]
    result = lrbench.run(
        "logreg", solvers=[solver], lr0=lr0, iterations=150, radius=12.0, **options
    )
    verdicts = [v for v in result.problems[0].verdicts if v.iterate == "output"]
    has_lr0 = SOLVERS.get(solver.partition("[")[0]).has_lr0
    assert [v.lr0 for v in verdicts] == (lr0 if has_lr0 else [None])
    return verdicts


@pytest.mark.parametrize("solver", ["dog[r_eps=0.1]", "dowg[r_eps=0.1]", "schedule-free"])
def test_a_bound_is_compared_with_the_answer(solver: str) -> None:
    result = lrbench.run("logreg", solvers=[solver], lr0=[1.0], iterations=150, radius=12.0)
    (run,) = result.problems[0].runs
    (verdict,) = [v for v in result.problems[0].verdicts if v.iterate == "output"]
    assert verdict.applies
    assert verdict.bound_verdict in ("pass", "vacuous")
    assert list(verdict.metric) == run.trace["suboptimality_output"][1:].tolist()


def test_the_answer_of_many_seeds_is_compared_with_the_expectation() -> None:
    for verdict in judged("schedule-free", batch_size=4, replicates=4):
        assert verdict.applies
        assert verdict.bound_verdict in ("pass", "vacuous")
        assert verdict.metric_interval is not None
    # The weights of the averages of DoG are random: nothing bounds their expectation.
    for solver in ("dog", "dowg"):
        for verdict in judged(solver, batch_size=4, replicates=2):
            assert not verdict.applies
            assert verdict.reason == "minibatches of 4"


@pytest.mark.parametrize("solver", ["dog", "dowg", "schedule-free"])
def test_a_wrong_answer_is_seen(solver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = SOLVERS.get(solver)
    output = kind.output
    monkeypatch.setattr(kind, "output", lambda self, W, state: 40.0 - 9.0 * output(self, W, state))
    named = solver if solver == "schedule-free" else f"{solver}[r_eps=0.1]"
    assert {v.bound_verdict for v in judged(named)} == {"fail"}
