"""cache, sys-info, completion, --dry-run, --f-star, python -m."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from lrbench import __version__
from lrbench.cli.dry_run import duration_text
from lrbench.cli.main import COMMANDS


def test_cache_dir_and_clear(invoke: Any, own_cache: Path) -> None:
    assert invoke("run", "-p", "logreg", "-n", "2").code == 0
    assert invoke("cache", "dir").out == f"{own_cache}\n"
    assert {p.name for p in own_cache.iterdir()} == {"data", "optimum"}
    (own_cache / "mine.txt").write_text("keep me")
    assert invoke("cache", "clear").code == 0
    assert [p.name for p in own_cache.iterdir()] == ["mine.txt"]
    assert invoke("cache", "clear").code == 0


def test_sys_info(invoke: Any) -> None:
    outcome = invoke("sys-info")
    assert outcome.code == 0
    said = dict(line.split(maxsplit=1) for line in outcome.out.splitlines())
    assert said["lrbench"] == __version__
    assert {"python", "numpy", "scipy", "scikit-learn", "tabulate", "blas", "cache"} <= said.keys()
    for name in ("torch", "jax", "optax"):
        assert (name in said) == (find_spec(name) is not None)


def complete(*words: str) -> list[str]:
    """Return what bash would be offered for the last word."""
    line = " ".join(["lrbench", *words])
    done = subprocess.run(
        [sys.executable, "-m", "lrbench"],
        env=os.environ
        | {"_LRBENCH_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words))},
        capture_output=True,
        text=True,
        check=False,
    )
    return [entry.split(",", 1)[1] for entry in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("ru",), "run"),
        (("run", "-p", "log"), "logreg"),
        (("run", "-s", "wn"), "wngrad"),
        (("run", "-d", "sklearn:b"), "sklearn:breast-cancer"),
        (("run", "--loss", "log"), "logistic"),
        (("run", "--penalty", "l"), "l2"),
        (("run", "--scale", "m"), "maxabs"),
        (("run", "--format", "j"), "json"),
    ],
)
def test_completion_knows_names(words: tuple[str, ...], offered: str) -> None:
    assert offered in complete(*words)


def test_dry_run_says_the_cost_and_keeps_the_optimum(invoke: Any, own_cache: Path) -> None:
    outcome = invoke("run", "-p", "logreg", "--lr0", "1e-2:1e2:5", "--dry-run")
    assert outcome.code == 0
    assert "15 cells of 1000 iterations, 1000 passes" in outcome.out
    assert "MiB" in outcome.out
    assert "certified optimum is not counted" in outcome.out
    assert len(list((own_cache / "optimum").iterdir())) == 1


def test_durations() -> None:
    assert [duration_text(s) for s in (0.5, 3.25, 600, 9000)] == [
        "500 ms",
        "3.2 s",
        "10 min",
        "2.5 h",
    ]


def test_f_star_given(invoke: Any) -> None:
    outcome = invoke("run", "-p", "logreg", "-s", "wngrad", "-n", "50", "--f-star", "0.26")
    assert outcome.code == 0
    assert "given, not certified" in outcome.out
    assert "no minimiser is known" in outcome.out
    assert "W1" in outcome.out


def test_f_star_given_too_high_is_refuted(invoke: Any) -> None:
    outcome = invoke("run", "-p", "logreg", "--f-star", "0.3")
    assert outcome.code == 3
    assert outcome.out == ""
    assert "below --f-star 0.3" in outcome.err


def test_lr0_in_units_of_1_over_L(invoke: Any) -> None:
    args = ("run", "-p", "least-squares", "-s", "gd", "-n", "3000", "--format", "json")
    outcome = invoke(*args, "--lr0", "0.5/L,1.9/L,2.1/L")
    assert outcome.code == 0
    (problem,) = json.loads(outcome.out)["problems"]
    L = problem["constants"]["L"]
    assert [r["lr0"] * L for r in problem["runs"]] == pytest.approx([0.5, 1.9, 2.1])
    gaps = [r["trace"]["suboptimality"] for r in problem["runs"]]
    assert [gap[-1] < gap[0] for gap in gaps] == [True, True, False]


def test_set_changes_any_key(invoke: Any) -> None:
    outcome = invoke("run", "-p", "logreg", "--set", "penalty.weight=0.5", "-n", "5")
    assert outcome.code == 0
    assert "l2 penalty 0.500" in outcome.out
    wrong = invoke("run", "-p", "logreg", "--set", "data.skale=maxabs")
    assert wrong.code == 2
    assert "scale" in wrong.err


def test_python_m_lrbench() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lrbench", "-V"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"lrbench, version {__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, invoke: Any) -> None:
    outcome = invoke(name, "--help")
    assert outcome.code == 0
    assert "-h, --help" in outcome.out
