"""Optimisers of several libraries in one table, one store, one gate."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import lrbench
from lrbench.results import Status

SOLVERS = ["wngrad", "torch:prodigyopt.Prodigy[d0=1e-05]", "optax:contrib.prodigy", "optax:adam"]

OPTIMISER = """\
import torch


class Own(torch.optim.SGD):
    pass
"""

CHECK = """\
[[check]]
name      = "an optimiser"
problem   = "logreg"
solver    = "{solver}"
lr0       = 1.0
iterations = 60
expect    = ["suboptimality <= {level}"]
"""


@pytest.fixture(autouse=True)
def _libraries() -> None:
    for library in ("torch", "prodigyopt", "optax"):
        pytest.importorskip(library)


def test_they_stand_in_one_table_with_wngrad(invoke: Any) -> None:
    words = [word for name in SOLVERS for word in ("-s", name)]
    outcome = invoke("run", "-p", "logreg", *words, "--lr0", "0.1,1", "-n", "20")
    assert outcome.code == 0, outcome.err
    sections = [line for line in outcome.out.splitlines() if line in SOLVERS]
    assert sections == [*SOLVERS, *SOLVERS]  # their lanes, and their parts of the Summary


def test_the_certificate_that_needs_no_more_than_iterates_is_evaluated() -> None:
    result = lrbench.run("logreg", solvers=SOLVERS[1:], lr0=[0.3, 1.0], iterations=150)
    (problem,) = result.problems
    verdicts = [v for v in problem.verdicts if v.theorem == "C2'"]
    assert len(verdicts) == 6
    for verdict in verdicts:
        assert verdict.bound_verdict in ("pass", "vacuous")
        assert len(verdict.metric) > 5
        assert all(m <= bound for m, bound in zip(verdict.metric, verdict.bound, strict=True))
    assert "pass" in {v.bound_verdict for v in verdicts}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["torch:torch.optim.SGD[momentum=0.8]", "optax:adam"])
def test_they_keep_the_contracts_of_solvers(name: str, invoke: Any) -> None:
    outcome = invoke("test", name)
    assert outcome.code == 0, outcome.out
    assert re.search(r"^(\d+) of \1 contracts hold$", outcome.out, re.MULTILINE)


@pytest.mark.slow
def test_workers_give_the_same_bits() -> None:
    options: dict[str, Any] = {"lr0": [0.1, 1.0], "iterations": 12, "batch_size": 9}
    alone, workers = (
        lrbench.run("logreg", solvers=SOLVERS[1:], replicates=2, jobs=jobs, **options)
        for jobs in (1, 2)
    )
    for one, other in zip(alone.problems[0].runs, workers.problems[0].runs, strict=True):
        assert one.status is not Status.FAILED, one.error
        assert one.iterates["last"].tobytes() == other.iterates["last"].tobytes()


def test_a_store_has_their_cells(tmp_path: Path) -> None:
    store = tmp_path / "cells.sqlite"
    options: dict[str, Any] = {"solvers": SOLVERS, "lr0": [0.1, 1.0], "iterations": 12}
    first, again = (lrbench.sweep("logreg", store=store, **options) for _ in range(2))
    for one, other in zip(first.problems[0].runs, again.problems[0].runs, strict=True):
        assert one.trace["seconds"].tobytes() == other.trace["seconds"].tobytes()


@pytest.mark.parametrize(
    ("solver", "is_code"),
    [
        ("torch:torch.optim.SGD", False),
        ("torch:prodigyopt.Prodigy", False),
        ("optax:contrib.momo", False),
        ("torch:own.py:Own", True),
        ("torch:nowhere:Own", True),
        ("torch:nowhere.Own", True),
        ("optax:nowhere.own", True),
    ],
)
def test_a_configuration_names_code_of_the_user(
    solver: str, is_code: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, invoke: Any
) -> None:
    (tmp_path / "own.py").write_text(OPTIMISER)
    config = tmp_path / "lrbench.toml"
    config.write_text(CHECK.format(solver=solver, level=0.3))
    monkeypatch.chdir(tmp_path)
    outcome = invoke("check")
    assert outcome.code == (2 if is_code else 0), outcome.err
    assert ("--allow-code" in outcome.err) is is_code


def test_a_file_lies_beside_the_configuration(tmp_path: Path, invoke: Any) -> None:
    (tmp_path / "own.py").write_text(OPTIMISER)
    config = tmp_path / "lrbench.toml"
    for level, code in ((0.3, 0), (1e-9, 1)):
        config.write_text(CHECK.format(solver="torch:own.py:Own", level=level))
        outcome = invoke("check", "--config", str(config))
        assert outcome.code == code, outcome.err
