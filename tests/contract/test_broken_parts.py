"""Each contract sees a loss or a penalty that breaks it, says so, and shows where."""

from __future__ import annotations

import linecache
import re

import pytest
from broken_parts import BROKEN, Ridge
from own_parts import LogCosh, Sides

from lrbench.contract import outcomes_of, subject_of
from lrbench.contract.loss import LOSS_CONTRACTS
from lrbench.contract.penalty import PENALTY_CONTRACTS
from lrbench.losses.base import Loss


@pytest.mark.parametrize("cls", list(BROKEN), ids=lambda cls: cls.__name__)
def test_a_broken_contract_is_seen(cls: type) -> None:
    key, sentence, text = BROKEN[cls]
    (outcome,) = [o for o in outcomes_of(subject_of(cls)) if o.contract.key == key]
    assert outcome.verdict == "fail"
    assert re.search(sentence, outcome.sentence), outcome.sentence
    assert outcome.sentence.count(". ") == 0
    assert outcome.place is not None
    assert outcome.place.file == __file__.replace("test_broken", "broken")
    assert text in linecache.getline(outcome.place.file, outcome.place.line)


def test_each_contract_has_a_class_that_breaks_it() -> None:
    losses = {key for cls, (key, *_) in BROKEN.items() if issubclass(cls, Loss)}
    assert losses == {contract.key for contract in LOSS_CONTRACTS}
    penalties = {key for cls, (key, *_) in BROKEN.items() if not issubclass(cls, Loss)}
    assert penalties == {contract.key for contract in PENALTY_CONTRACTS}


@pytest.mark.parametrize("cls", [LogCosh, Ridge, Sides])
def test_the_classes_without_a_fault_keep_all_contracts(cls: type) -> None:
    assert {o.verdict for o in outcomes_of(subject_of(cls))} == {"pass"}
