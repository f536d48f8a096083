"""The optimum is computed once."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from optimum_problems import Logistic, Squared, problem, regression

import lrbench.optimum.find as find_module
from lrbench.objective.linear.problem import LinearProblem
from lrbench.optimum import Optimum, discard_optimum, find_optimum
from lrbench.optimum.cache import load_optimum, save_optimum


def assert_same(a: Optimum, b: Optimum) -> None:
    for name, value in vars(a).items():
        np.testing.assert_array_equal(getattr(b, name), value)


def a_problem() -> LinearProblem:
    X, y = regression(20, 3)
    return problem(X, y, Squared())


def separable() -> LinearProblem:
    X, y = np.array([[1.0], [-1.0]]), np.array([1.0, -1.0])
    return problem(X, y, Logistic())


@pytest.mark.parametrize("p", [a_problem(), separable()], ids=["attained", "not-attained"])
def test_second_call_reads_what_the_first_wrote(
    p: LinearProblem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = find_optimum(p, cache=tmp_path)
    monkeypatch.setattr(find_module, "solve", None)
    assert_same(first, find_optimum(p, cache=tmp_path))


def test_every_field_is_kept(tmp_path: Path) -> None:
    p = a_problem()
    optimum = replace(
        find_optimum(p, cache=None),
        f_star_error=np.inf,
        rounding=0.25,
        obstacle="nearly collinear columns",
    )
    save_optimum(tmp_path / "x.npz", optimum)
    kept = load_optimum(tmp_path / "x.npz", p)
    assert kept is not None
    assert_same(optimum, kept)


def entries(folder: Path) -> list[Path]:
    return list(folder.glob("optimum/*.npz"))


def test_discard_deletes_the_entry(tmp_path: Path) -> None:
    p = a_problem()
    discard_optimum(p, tmp_path)
    find_optimum(p, cache=tmp_path)
    discard_optimum(p, tmp_path)
    discard_optimum(p, None)
    assert entries(tmp_path) == []


def spoil(path: Path, how: str) -> None:
    if how == "cut":
        path.write_bytes(path.read_bytes()[:100])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "text":
        path.write_text("not an archive")
    else:
        with np.load(path) as file:
            fields = dict(file)
        if how == "missing":
            del fields["mu"]
        elif how == "object":
            fields["mu"] = np.array([None])
        elif how == "short":
            fields["w_star"] = np.zeros(2)
        else:
            fields["w_star"][0] = np.nan
        np.savez(path, **fields)


@pytest.mark.parametrize("how", ["cut", "empty", "text", "missing", "object", "short", "nan"])
def test_an_entry_that_cannot_be_used_is_rebuilt(how: str, tmp_path: Path) -> None:
    p = a_problem()
    first = find_optimum(p, cache=tmp_path)
    (path,) = entries(tmp_path)
    spoil(path, how)
    assert_same(first, find_optimum(p, cache=tmp_path))
    with np.load(path) as file:
        assert float(file["mu"]) == first.curvature.mu


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert find_optimum(a_problem(), cache=blocked).attained
    assert blocked.read_text() == ""


WARM = """
import sys
from pathlib import Path
from test_optimum_cache import a_problem
from lrbench.optimum import find_optimum
find_optimum(a_problem(), cache=Path(sys.argv[1]))
heavy = ("sklearn", "scipy.optimize", "scipy.linalg", "scipy.sparse.linalg")
sys.exit(", ".join(name for name in heavy if name in sys.modules) or 0)
"""


def test_a_warm_hit_imports_nothing_heavy(tmp_path: Path) -> None:
    find_optimum(a_problem(), cache=tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", WARM, str(tmp_path)],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr.strip()) == (0, "")
