"""A class that changes its parameters when it is made is refused: tables would name others."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Invoke
from rules import POWER_NORM, written

import lrbench
from lrbench.config.parameters import check_kept
from lrbench.errors import UsageError
from lrbench.losses import LOSSES
from lrbench.penalties import PENALTIES
from lrbench.problem_files.parts import read_loss, read_penalty


def changing(expression: str) -> str:
    """Return a file with a rule whose `eta` becomes the value of an expression."""
    assign = f'object.__setattr__(self, "eta", {expression})'
    change = f"    def __post_init__(self):\n        {assign}\n"
    return "import numpy as np\n" + POWER_NORM.replace(
        '    scale = "eta"\n', f'    scale = "eta"\n\n{change}'
    )


RULES = {
    "doubled": changing("2.0 * self.eta"),
    "clipped": changing("np.minimum(self.eta, 5.0)"),
    "rounded": changing("np.float32(self.eta)"),
    "whole": changing("int(self.eta) if np.ndim(self.eta) == 0 else self.eta"),
    "derived": changing("self.eta if np.all(self.eta > 0) else 1.5 * self.p"),
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    written(tmp_path, **RULES)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


RUN = ("run", "-p", "log-spectrum", "-n", "4", "--format", "json")
SWEEP = ("sweep", "-p", "log-spectrum", "-n", "4", "-j", "1", "--format", "json")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((*RUN, "-s", "doubled.py"), "was given eta = 2.0, and has 4.0"),
        ((*RUN, "-s", "doubled.py:PowerNorm[eta=0.1]"), "was given eta = 0.1, and has 0.2"),
        ((*RUN, "-s", "clipped.py[eta=7|3]"), "was given eta = 7.0, and has 5.0"),
        ((*RUN, "-s", "rounded.py[eta=0.1]"), "was given eta = 0.1, and has 0.1000000014"),
        ((*RUN, "-s", "whole.py[eta=2.5]"), "was given eta = 2.5, and has 2"),
        ((*SWEEP, "-s", "clipped.py", "--over", "eta=0.5,9,3"), "given eta = 9.0, and has 5.0"),
        ((*SWEEP, "-s", "clipped.py", "--over", "scale=auto"), "given eta = 5.62"),
        (("test", "doubled.py"), "was given eta = 2.0, and has 4.0"),
        (("test", "clipped.py[eta=7]"), "was given eta = 7.0, and has 5.0"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_rule_that_changes_a_parameter_is_refused(
    words: tuple[str, ...], message: str, invoke: Invoke
) -> None:
    outcome = invoke(*words)
    assert (outcome.code, outcome.out) == (2, "")
    error, hint = outcome.err.splitlines()
    assert message in error
    assert "__post_init__" in hint


@pytest.mark.parametrize(
    "text", ["whole.py[eta=2]", "clipped.py[eta=4.5]", "derived.py[eta=0,p=3]", "rounded.py"]
)
def test_a_parameter_of_another_type_or_unchanged_is_not(text: str, invoke: Invoke) -> None:
    expected = 2 if "derived" in text else 0  # 0 is asked for, and 4.5 is what it becomes
    assert invoke(*RUN, "-s", text).code == expected


def test_the_contract_names_the_line(invoke: Invoke) -> None:
    written(Path(), steps=changing("np.round(self.eta)"))
    outcome = invoke("test", "steps.py")
    assert outcome.code == 1
    assert "eta = 0.31 becomes eta = 0.0 when the solver is made" in outcome.out
    assert "(__post_init__)" in outcome.out


def test_an_object_that_is_another_when_it_is_made_again_is_refused() -> None:
    doubled = importlib.import_module("doubled")
    with pytest.raises(UsageError, match=r"was given eta = 0\.2, and has 0\.4"):
        lrbench.run("log-spectrum", solvers=[doubled.PowerNorm(eta=0.1)], iterations=3)
    with pytest.raises(UsageError, match=r"was given eta = 0\.2, and has 0\.4"):
        lrbench.check_contract(doubled.PowerNorm(eta=0.1))
    clipped = importlib.import_module("clipped")
    result = lrbench.run("log-spectrum", solvers=[clipped.PowerNorm(eta=7.0)], iterations=3)
    assert str(result.problems[0].runs[0].solver) == "PowerNorm[eta=5]"  # which is what is run


@pytest.mark.parametrize(
    ("kept", "given", "refused"),
    [
        (2.0, 2, ""),
        ("b", "a", "given a = 'a', and has 'b'"),
        (np.array([1.0, 2.5]), np.array([1.0, 2.0]), "given a = 2.0, and has 2.5"),
        (np.array([1, 2]), np.array([1.0, 2.0]), ""),
        (1.0, np.array([1.0, 2.0]), r"given a = array\(\[1., 2.\]\), and has 1.0"),
        (None, 1.0, "given a = 1.0, and has None"),
    ],
    ids=str,
)
def test_what_is_equal(kept: Any, given: Any, refused: str) -> None:
    part = type("Part", (), {"a": kept})()
    if refused:
        with pytest.raises(UsageError, match=refused):
            check_kept(part, {"a": given}, "a part")
    else:
        check_kept(part, {"a": given}, "a part")


@dataclass(frozen=True)
class ShrunkHuber(LOSSES.get("huber")):  # type: ignore[misc]
    """A loss that halves its parameter."""

    name = "shrunk"

    def __post_init__(self) -> None:
        object.__setattr__(self, "threshold", 0.5 * self.threshold)


@dataclass(frozen=True)
class ShrunkL1(PENALTIES.get("l1")):  # type: ignore[misc]
    """A penalty that halves its weight."""

    name = "shrunk"

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", 0.5 * self.weight)


def test_losses_and_penalties_keep_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    for registry, part in ((LOSSES, ShrunkHuber), (PENALTIES, ShrunkL1)):
        monkeypatch.setitem(registry.added, part.name, part)
        with pytest.raises(UsageError, match=r"was given .*, and has"):
            lrbench.check_contract(part)
    with pytest.raises(UsageError, match=r"the loss shrunk was given threshold = 2\.0, and has 1"):
        read_loss("shrunk[threshold=2]")
    with pytest.raises(UsageError, match="the penalty shrunk was given weight = 1"):
        read_penalty("shrunk[weight=0.3]")
