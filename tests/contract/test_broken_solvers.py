"""Each contract sees a solver that breaks it, says so in one sentence, and shows where."""

from __future__ import annotations

import linecache
import re

import pytest
from broken_solvers import (
    BROKEN,
    CountsOnItself,
    DescendsTwiceAndSaysSo,
    OwnRandomNumbers,
    Plain,
    PlainTuple,
    RemembersRuns,
    scalar_rule,
)

import lrbench
from lrbench.contract import outcomes_of, subject_of
from lrbench.contract.rates import check_rate
from lrbench.contract.solver import SOLVER_CONTRACTS
from lrbench.solvers import SOLVERS
from lrbench.solvers.base import Solver


@pytest.fixture(autouse=True)
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the solvers of a test after it."""
    monkeypatch.setattr(SOLVERS, "added", {})


@pytest.mark.parametrize("cls", list(BROKEN), ids=lambda cls: cls.__name__)
def test_a_broken_contract_is_seen(cls: type[Solver]) -> None:
    key, sentence, text = BROKEN[cls]
    outcomes = outcomes_of(subject_of(cls))
    (outcome,) = [o for o in outcomes if o.contract.key == key]
    assert outcome.verdict == "fail"
    assert re.search(sentence, outcome.sentence), outcome.sentence
    assert outcome.sentence.count(". ") == 0
    assert outcome.sentence.endswith(".")
    assert outcome.place is not None
    assert outcome.place.file == __file__.replace("test_broken", "broken")
    assert text in linecache.getline(outcome.place.file, outcome.place.line)
    others = {o.verdict for o in outcomes if o is not outcome}
    assert (others == {"not run"}) is (key == "runs")


UNREPEATED = (OwnRandomNumbers, RemembersRuns, CountsOnItself)


@pytest.mark.parametrize("cls", UNREPEATED, ids=lambda cls: cls.__name__)
def test_a_rule_that_is_not_reproducible_is_not_blamed_for_anything_else(cls: type[Solver]) -> None:
    outcomes = outcomes_of(subject_of(cls))
    (broken,) = [o for o in outcomes if o.verdict == "fail"]
    assert broken.contract.key == "reproducible"
    not_run = [o for o in outcomes if o.verdict == "not run"]
    assert {o.contract.key for o in not_run} == {
        c.key for c in SOLVER_CONTRACTS if "reproducible" in c.rests_on
    }
    for outcome in not_run:
        assert (
            outcome.sentence
            == "not run, because it rests on another contract: two runs are the same."
        )
        assert outcome.place is None


def test_what_contracts_rest_on_are_contracts() -> None:
    keys = {c.key for c in SOLVER_CONTRACTS}
    assert {key for c in SOLVER_CONTRACTS for key in c.rests_on} < keys


def test_each_contract_has_a_solver_that_breaks_it() -> None:
    assert {key for key, *_ in BROKEN.values()} == {c.key for c in SOLVER_CONTRACTS}


def test_the_solver_without_the_fault_keeps_all_contracts() -> None:
    for cls in (Plain, PlainTuple):
        verdicts = [o.verdict for o in outcomes_of(subject_of(cls))]
        assert verdicts == ["pass"] * len(SOLVER_CONTRACTS)


def test_two_descents_in_a_step_may_have_the_rate_of_both() -> None:
    check_rate(DescendsTwiceAndSaysSo())


def test_the_assertion_has_the_sentences() -> None:
    with pytest.raises(AssertionError) as raised:
        lrbench.check_contract(next(cls for cls in BROKEN if cls.__name__ == "ReportsTwice"))
    (line,) = str(raised.value).splitlines()
    assert line.startswith("the rate is the one used: step 1 on full batches is not the one")
    assert re.search(r"See broken_solvers\.py, line \d+ \(step\)\.$", line)


def test_of_a_function_the_line_is_that_of_the_function() -> None:
    (outcome,) = [o for o in outcomes_of(subject_of(scalar_rule)) if o.verdict == "fail"]
    assert outcome.sentence.startswith("the rates of a step have shape None")
    assert outcome.place is not None
    code = scalar_rule._rule.__code__  # type: ignore[attr-defined]
    assert outcome.place[:2] == (code.co_filename, code.co_firstlineno)
