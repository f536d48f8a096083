"""A command that is to have compiled steps says which are NumPy's."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

import lrbench
from lrbench.kernels.library import library
from lrbench.problem_files import load_spec, with_overrides

pytestmark = pytest.mark.skipif(library() is None, reason="no compiled steps were built")

OTHER = "it is no linear model in its own variables"


def note_of(problem: Any, **options: Any) -> str:
    """Return the warning of a run of three steps."""
    with pytest.warns(UserWarning, match="for all --runner compiled, NumPy makes") as caught:
        lrbench.run(problem, iterations=3, runner="compiled", **options)
    (warning,) = caught
    return str(warning.message).removeprefix("for all --runner compiled, NumPy makes the steps ")


def test_each_cause_has_its_solvers_and_problems() -> None:
    normalised = [
        with_overrides(load_spec(n), reparam="weight-norm") for n in ("logreg", "poisson")
    ]
    solvers = ["wngrad", "adgd", "dog"]
    note = note_of(["gaussian", *normalised], solvers=solvers, lr0=[0.1])
    assert note == (
        "of adgd, dog on gaussian, logreg, poisson (no compiled rule);"
        f" of wngrad[order=current] on logreg, poisson ({OTHER})"
    )


def test_a_class_of_the_user_is_told_what_to_say() -> None:
    class Quiet(lrbench.Solver):
        def init(self, W: Any, lr0: Any, facts: Any) -> Any:
            return lr0

        def step(self, W: Any, state: Any, oracle: Any) -> lrbench.Step:
            return lrbench.Step(oracle.descend(W, state, oracle.gradient(W)), state, state)

    note = note_of("logreg", solvers=[Quiet], lr0=[0.1, 1.0])
    assert note == "of Quiet on logreg (a class of the user that does not say scalar_step)"


@pytest.mark.parametrize("batch_size", [None, 5])
def test_normalised_problems_are_named(batch_size: int | None) -> None:
    spec = with_overrides(load_spec("logreg"), reparam="weight-norm")
    note = note_of(spec, solvers="wngrad", lr0=[0.1, 1.0], batch_size=batch_size)
    assert note.endswith(f"({OTHER})")


@pytest.mark.parametrize("runner", [None, "numpy", "compiled"])
@pytest.mark.parametrize("solver", ["wngrad", "polyak", "outside:lbfgs"])
def test_nothing_is_said_where_there_is_nothing_to_say(solver: str, runner: Any) -> None:
    options: dict[str, Any] = {"lr0": [0.1, 1.0]}
    if solver == "outside:lbfgs":
        options = {}
    elif solver == "polyak":
        options = {"batch_size": 3}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lrbench.run("logreg", solvers=solver, iterations=3, runner=runner, **options)


@pytest.mark.parametrize("quiet", [False, True])
def test_it_is_one_line_of_stderr(quiet: bool, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "lrbench", "run", "-p", "logreg", "-s", "adgd", "-n", "3"),
            *("--runner", "compiled", "--format", "json"),
            *["-q"] * quiet,
        ],
        cwd=tmp_path,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    expected = (
        "Note: for all --runner compiled, NumPy makes the steps of adgd on logreg (no compiled"
    )
    assert done.stderr == ("" if quiet else f"{expected} rule).\n")
    assert done.stdout.startswith("{")
