"""Entry points of every group that are no part of lrbench: marked in lists, and two sentences.

One of them does not keep the parts of other packages from being used.
"""

from __future__ import annotations

import json
from importlib import metadata, resources
from pathlib import Path

import pytest
from conftest import Invoke

from lrbench.config.registry import Registry
from lrbench.losses import LOSSES
from lrbench.penalties import PENALTIES
from lrbench.problem_files import load as problems
from lrbench.solvers import SOLVERS
from lrbench.theory import families

GROUPS: dict[str, Registry] = {
    "solvers": SOLVERS,
    "losses": LOSSES,
    "penalties": PENALTIES,
    "problems": problems.INSTALLED,
    "theorems": families.INSTALLED,
}

NONSENSE = {
    "text": "os:sep",
    "number": "math:pi",
    "environment": "os:environ",
    "foreign-class": "json:JSONDecoder",
    "function": "os:getcwd",
    "wants-more": "os.path:join",
    "list": "sys:path",
    "module": "json",
    "no-module": "no_such_package_of_anybody.rules:Rule",
    "no-attribute": "json:NoSuchClass",
    "no-reference": "12 monkeys!",
    "base": "lrbench:Solver",
    "exits": "exiting_package:Rule",
}

GOOD = """\
import lrbench
from lrbench.losses.huber import Huber
from lrbench.penalties.l1 import L1
from lrbench.theory.certificates import C7LastGradient
from pathlib import Path

@lrbench.rate_rule
def good(lr, grad_norm_sq):
    return lr, lr

class GoodLoss(Huber):
    "A good loss."

class GoodPenalty(L1):
    "A good penalty."

THEOREMS = (C7LastGradient(),)

PROBLEM = Path(__file__).parent / "good.toml"
"""

OF_GROUP = {
    "solvers": "good_package:good",
    "losses": "good_package:GoodLoss",
    "penalties": "good_package:GoodPenalty",
    "problems": "good_package:PROBLEM",
    "theorems": "good_package:THEOREMS",
}

USE = {
    "solvers": ("run", "-p", "log-spectrum", "-n", "3", "-s", "{}"),
    "losses": ("run", "-p", "least-squares", "-n", "3", "--loss", "{}"),
    "penalties": ("run", "-p", "least-squares", "-n", "3", "--penalty", "{}"),
    "problems": ("run", "-p", "{}", "-n", "3"),
    "theorems": ("list", "theorems", "{}"),
}


def forget() -> None:
    for registry in GROUPS.values():
        vars(registry).pop("entry_points", None)


def install(folder: Path, package: str, lines: list[str]) -> None:
    info = folder / f"{package}-1.5.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.5\n")
    (info / "entry_points.txt").write_text("\n".join(lines))


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of installed packages: one good, one of nonsense, one without metadata."""
    lines = []
    for group in GROUPS:
        lines += [f"[lrbench.{group}]", *(f"{key} = {value}" for key, value in NONSENSE.items())]
    install(tmp_path, "nonsense", lines)
    good = [line for g in GROUPS for line in (f"[lrbench.{g}]", f"good = {OF_GROUP[g]}")]
    install(tmp_path, "good-package", good)
    (tmp_path / "good_package.py").write_text(GOOD)
    source = resources.files("lrbench.problems") / "log-spectrum.toml"
    (tmp_path / "good.toml").write_text(source.read_text("utf-8"), encoding="utf-8")
    (tmp_path / "exiting_package.py").write_text("import sys\nsys.exit(3)\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(SOLVERS, "added", {})
    return tmp_path


@pytest.fixture(autouse=True)
def read_anew(site: Path):  # type: ignore[no-untyped-def]
    """Let the entry points of the folder be seen in this test alone."""
    del site
    forget()
    yield
    forget()


@pytest.mark.parametrize("key", NONSENSE)
@pytest.mark.parametrize("group", GROUPS)
def test_what_is_no_part_is_an_error_and_a_hint_where_it_is_named(
    group: str, key: str, invoke: Invoke
) -> None:
    for words in (USE[group], ("list", group, "{}")):
        outcome = invoke(*(word.format(key) for word in words))
        assert outcome.code == 2, outcome.err
        assert outcome.out == ""
        error, hint = outcome.err.splitlines()
        assert error.startswith("Error: ")
        assert key in error
        assert hint.startswith("Hint: ")


@pytest.mark.parametrize("group", GROUPS)
def test_lists_mark_it_and_have_the_rest(group: str, invoke: Invoke) -> None:
    outcome = invoke("list", group, "--format", "json")
    assert outcome.code == 0, outcome.err
    parts = {part["name"]: part["about"] for part in json.loads(outcome.out)["parts"]}
    for key in NONSENSE:
        assert "cannot be imported, or is no such part" in parts[key]
    if group != "theorems":  # which are listed by their own keys
        assert "cannot be imported" not in parts["good"]
    assert len(parts) > len(NONSENSE) + 3
    page = invoke("list", group)
    assert page.code == 0, page.err


@pytest.mark.parametrize("group", GROUPS)
def test_the_part_of_another_package_is_used(group: str, invoke: Invoke) -> None:
    if group == "theorems":
        assert [t.key for t in families.theorems_of("good")] == ["C7"]
        return
    outcome = invoke(*(word.format("good") for word in USE[group]))
    assert outcome.code == 0, outcome.err


@pytest.mark.parametrize("group", GROUPS)
def test_a_line_that_is_none_hides_no_other_package(group: str, site: Path, invoke: Invoke) -> None:
    install(site, "garbled", [f"[lrbench.{group}]", "a line without the sign", "x = math:pi"])
    with pytest.raises(TypeError):  # so it is of Python's own reader
        metadata.entry_points(group=f"lrbench.{group}")
    assert "good" in GROUPS[group]
    assert invoke("list", group).code == 0
    assert invoke("run", "-p", "log-spectrum", "-s", "good", "-n", "3").code == 0


def test_completion_and_help_leave_it_out(invoke: Invoke) -> None:
    for registry in (SOLVERS, LOSSES, PENALTIES):
        names = registry.usable()
        assert "good" in names
        assert not NONSENSE.keys() & {*names}
    for words in (("run", "--help"), ("list", "--help"), ("test", "--help")):
        assert invoke(*words).code == 0


def test_the_gate_and_theory_do_without_it(invoke: Invoke, tmp_path: Path) -> None:
    assert invoke("theory", "-p", "log-spectrum", "-s", "gd").code == 0
    (tmp_path / "lrbench.toml").write_text(
        '[[check]]\nname = "a"\nproblem = "log-spectrum"\nsolver = "gd"\nlr0 = "1/L"\n'
        'iterations = 5\nexpect = ["status = completed"]\n'
    )
    assert invoke("check", "-j", "1").code == 0
