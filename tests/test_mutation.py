"""The script that counts the changes of the code which tests notice, on a small sample."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

TESTS = {
    "study/safest.py": "tests/study/test_safest.py",
    "verdicts/order.py": "tests/verdicts/test_rates_to_the_digit.py",
    "gate/measure.py": "tests/gate/test_exact_findings.py",
    "reports/tested.py": "tests/reports/test_tested.py",
    "solvers/adam.py": "tests/solvers/test_coordinate_wise.py",
    "theory/sgd.py": "tests/theory/test_theorem_fixed_steps.py",
}
"""A module and quick tests of it."""


def digest() -> str:
    """Return a digest of the whole package."""
    paths = sorted(path for path in (ROOT / "lrbench").rglob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()


def mutation(module: str, *options: str) -> str:
    """Return what the script prints about a module and its tests."""
    command = [sys.executable, "benchmarks/mutation.py", module, *options]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    return done.stdout + done.stderr


@pytest.mark.slow
def test_tests_notice_most_changes_of_the_code_and_it_stays_as_it_is() -> None:
    before, n_tried, n_killed = digest(), 0, 0
    for module, tests in TESTS.items():
        printed = mutation(module, "--tests", tests, "--sample", "3", "--jobs", "1")
        counts = re.search(r"^  (\d) of (\d) killed", printed, re.MULTILINE)
        assert counts is not None, printed
        n_killed += int(counts[1])
        n_tried += int(counts[2])
        assert printed.count("survives: lrbench.") == int(counts[2]) - int(counts[1])
    assert n_tried == 18
    assert n_killed > n_tried / 2
    assert digest() == before


@pytest.mark.slow
def test_what_no_test_looks_at_survives() -> None:
    options = ("--tests", "tests/gate/test_claims.py", "--sample", "4", "--jobs", "1")
    assert "  0 of 4 killed (0%)" in mutation("study/safest.py", *options)


@pytest.mark.slow
def test_what_fails_without_any_change_is_named(tmp_path: Path) -> None:
    path = tmp_path / "test_made.py"
    path.write_text("def test_it() -> None:\n    raise AssertionError\n")
    printed = mutation("study/safest.py", "--tests", str(path), "--sample", "1")
    (failed,) = re.findall(r"fail without any change: (.*)", printed)
    assert failed.endswith("test_made.py::test_it")
