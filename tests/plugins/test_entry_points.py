"""Parts of an installed package: they are used like those of lrbench, and never replace one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rules import POWER_NORM

RULES = (
    POWER_NORM.replace('scale = "eta"', 'name, scale, theorems = "power-norm", "eta", "power"')
    + '''

class Impostor(PowerNorm):
    """It would replace a solver of lrbench."""

    name = "wngrad"
'''
)

THEOREMS = """
from lrbench.theory.certificates import C6LastIterate, C7LastGradient

FAMILY = (C6LastIterate(), C7LastGradient())
"""

LOSSES = """
from dataclasses import dataclass
from lrbench.losses.huber import Huber
from lrbench.penalties.l2 import L2

no_loss = sum

@dataclass(frozen=True)
class Loose(Huber):
    name = "huber-of-its-own"

class Slack(L2):
    name = "l1"
"""

ENTRIES = """
[lrbench.solvers]
power-norm = my_package.rules:PowerNorm
wngrad = my_package.rules:Impostor
broken = my_package.nowhere:Rule
badly-named = my_package.rules:Impostor
own-part = lrbench.solvers.sgd:SGD
no-solver = my_package.losses:no_loss

[lrbench.theorems]
power = my_package.theorems:FAMILY

[lrbench.losses]
no-loss = my_package.losses:no_loss
loose = my_package.losses:Loose

[lrbench.penalties]
slack = my_package.losses:Slack

[lrbench.problems]
my-squares = my_package:problem_file
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a package as pip installs it."""
    folder = tmp_path_factory.mktemp("site")
    package = folder / "my_package"
    package.mkdir()
    info = folder / "my_package-1.5.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 1.5\n")
    (info / "entry_points.txt").write_text(ENTRIES)
    source = Path(__file__).parent.parent.parent / "problems" / "least-squares.toml"
    (package / "squares.toml").write_text(source.read_text(encoding="utf-8"))
    (package / "__init__.py").write_text(
        "from pathlib import Path\n"
        "def problem_file():\n    return Path(__file__).parent / 'squares.toml'\n"
    )
    (package / "rules.py").write_text(RULES)
    (package / "theorems.py").write_text(THEOREMS)
    (package / "losses.py").write_text(LOSSES)
    return folder


def lrbench(package: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lrbench", *words],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(package), *sys.path])},
        capture_output=True,
        text=True,
        check=False,
    )


def result(package: Path, *words: str) -> Any:
    done = lrbench(package, *words, "--format", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_its_solvers_theorems_and_problems_are_used_by_name(package: Path) -> None:
    words = ("run", "-p", "my-squares", "-s", "power-norm", "-s", "wngrad", "-n", "30")
    (problem,) = result(package, *words)["problems"]
    assert problem["name"] == "my-squares"
    assert [run["solver"]["name"] for run in problem["runs"]] == ["power-norm", "wngrad"]
    keys = {v["theorem"] for v in problem["verdicts"] if v["solver"]["name"] == "power-norm"}
    assert keys == {"C6", "C7"}
    # Not the impostor, which has no b in its trace.
    assert "b" in problem["runs"][1]["trace"]


def test_they_are_shown_by_the_name_of_the_entry_point(package: Path) -> None:
    """The class has another name, which no option knows, or which is that of a part of lrbench."""
    words = ("-p", "my-squares", "--loss", "loose[threshold=0.3]", "--penalty", "slack[weight=2]")
    solvers = ("-s", "badly-named[p=3]", "-s", "wngrad", "-s", "sgd", "-n", "30")
    (problem,) = result(package, "run", *words, *solvers)["problems"]
    names = [run["solver"]["name"] for run in problem["runs"]]
    assert names == ["badly-named", "wngrad", "sgd"]
    assert problem["loss"] == "loose[threshold=0.3]"
    assert problem["penalty"] == {"name": "slack", "weight": 2.0}
    for group, name in (("solvers", "badly-named"), ("losses", "loose"), ("penalties", "slack")):
        (part,) = result(package, "list", group, name)["parts"]
        assert part["name"] == name
        (tested,) = result(package, "test", name)["tested"]
        assert tested["name"] == name
        title = lrbench(package, "test", name).stdout.splitlines()[0]
        assert name in title
        assert not any(word in title for word in ("wngrad", "of-its-own", "l1"))


def test_lists_have_them(package: Path) -> None:
    parts = {p["name"] for p in result(package, "list", "problems")["parts"]}
    assert "my-squares" in parts
    done = lrbench(package, "list", "solvers", "power-norm")
    assert "theorems: C6, C7" in done.stdout, done.stderr
    assert "group: yours" in done.stdout
    table = lrbench(package, "list", "solvers").stdout
    assert "yours:" in table
    assert "broken" not in table
    summaries = {p["name"]: p["about"] for p in result(package, "list", "solvers")["parts"]}
    assert "cannot be imported" in summaries["broken"]


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("-s", "broken"), "the solver broken of my-package cannot be imported"),
        (("-s", "own-part"), "its name 'sgd' is that of sgd"),
        (("-s", "no-solver"), "the entry point no-solver of my-package is no solver"),
        (("-s", "power-nrom"), "there is no solver 'power-nrom'"),
        (("--loss", "no-loss"), "the entry point no-loss of my-package is no loss"),
    ],
)
def test_what_is_wrong_in_a_package_is_two_sentences(
    words: tuple[str, ...], error: str, package: Path
) -> None:
    done = lrbench(package, "run", "-p", "least-squares", "-n", "3", *words)
    assert done.returncode == 2
    first, second = done.stderr.splitlines()
    assert error in first
    assert second.startswith("Hint: ")
