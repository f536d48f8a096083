"""Change the code in one place at a time, and count how often the tests of its folder notice it.

    python benchmarks/mutation.py study verdicts gate reports

A mutant differs from the code by one operator, comparison or constant. It is killed if a test fails
or takes too long. What survives is printed with its place: some mutants are equivalent to the code,
and the others show what no test looks at. The code on disk is never changed.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib.abc
import importlib.machinery
import importlib.util
import os
import random
import signal
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

ROOT = Path(__file__).parent.parent

SECONDS = 300
"""A test run that takes longer counts as one that failed."""

SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Add,
    ast.And: ast.Or,
    ast.Or: ast.And,
}

NAMES = {"min": "max", "max": "min", "any": "all", "all": "any", "minimum": "maximum"}


class Mutant(NamedTuple):
    """One change of one module."""

    module: str
    index: int
    """Its number among the changes of this module, in the order of the syntax tree."""
    line: int
    about: str


class _Changer(ast.NodeTransformer):
    """Change the place of one number in a syntax tree, and note what was changed everywhere."""

    def __init__(self, index: int = -1) -> None:
        self.index = index
        self.places: list[tuple[int, str]] = []

    def _here(self, line: int, about: str) -> bool:
        self.places.append((line, about))
        return len(self.places) - 1 == self.index

    def _swapped(self, op: ast.AST, line: int) -> ast.AST:
        other = SWAPS.get(type(op))
        about = f"{type(op).__name__} -> {other.__name__ if other else ''}"
        return other() if other is not None and self._here(line, about) else op

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        node.ops = [self._swapped(op, node.lineno) for op in node.ops]  # type: ignore[misc]
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        text = isinstance(node.left, ast.JoinedStr) or isinstance(node.right, ast.JoinedStr)
        if not text:
            node.op = self._swapped(node.op, node.lineno)  # type: ignore[assignment]
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        self.generic_visit(node)
        node.op = self._swapped(node.op, node.lineno)  # type: ignore[assignment]
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        dropped = isinstance(node.op, ast.Not | ast.USub)
        if dropped and self._here(node.lineno, f"{type(node.op).__name__} dropped"):
            return node.operand
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        value = node.value
        if isinstance(value, bool):
            if self._here(node.lineno, f"{value} -> {not value}"):
                return ast.copy_location(ast.Constant(not value), node)
        elif isinstance(value, int | float):
            other = value + 1 if isinstance(value, int) else 2.0 * value or 1.0
            if self._here(node.lineno, f"{value!r} -> {other!r}"):
                return ast.copy_location(ast.Constant(other), node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in NAMES and self._here(node.lineno, f"{name} -> {NAMES[name]}"):
            node.func = ast.copy_location(ast.Name(NAMES[name], ast.Load()), node.func)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return node

    def visit_If(self, node: ast.If) -> ast.AST:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return node
        return self.generic_visit(node)


def mutants(folder: str) -> Iterator[Mutant]:
    """Yield every mutant of the modules in a folder of lrbench."""
    for path in sorted((ROOT / "lrbench" / folder).rglob("*.py")):
        changer = _Changer()
        changer.visit(ast.parse(path.read_text(encoding="utf-8")))
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for index, (line, about) in enumerate(changer.places):
            yield Mutant(module.removesuffix(".__init__"), index, line, about)


class _Loader(importlib.abc.MetaPathFinder, importlib.machinery.SourceFileLoader):
    """Import one module of lrbench with one change."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return the spec of the changed module, None for any other."""
        if fullname != self._mutant.module:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        assert spec is not None
        assert spec.origin is not None
        importlib.machinery.SourceFileLoader.__init__(self, fullname, spec.origin)
        spec.loader = self
        return spec

    def get_code(self, fullname: str) -> object:  # type: ignore[override]
        """Compile the changed syntax tree."""
        tree = ast.parse(Path(self.path).read_text(encoding="utf-8"))
        changed = _Changer(self._mutant.index).visit(copy.deepcopy(tree))
        return compile(ast.fix_missing_locations(changed), self.path, "exec")


class _Outcomes:
    """A plugin of pytest that notes whether a test passed, and whether anything failed."""

    def __init__(self) -> None:
        self.passed = self.failed = False

    def pytest_runtest_logreport(self, report: Any) -> None:
        self.passed |= report.when == "call" and report.passed
        self.failed |= report.failed

    def pytest_collectreport(self, report: Any) -> None:
        self.failed |= report.failed


def survives(mutant: Mutant | None, tests: Sequence[str]) -> bool:
    """Return whether all tests pass on a mutant, or on the code itself, in a process of its own."""
    pid = os.fork()
    if not pid:
        signal.alarm(SECONDS)
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        if mutant is not None:
            sys.meta_path.insert(0, _Loader(mutant))
        import pytest

        options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", "not slow"]
        options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # of what is imported above
        outcomes = _Outcomes()
        try:
            # The exit code also tells of warnings about files that this process has inherited.
            pytest.main([*options, *tests], plugins=[outcomes])
        finally:
            os._exit(int(outcomes.failed or not outcomes.passed))
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status) == 0


def killed(
    folder: str, tests: Sequence[str], *, sample: int | None, seed: int, jobs: int
) -> tuple[int, list[Mutant]]:
    """Return how many mutants of a folder were tried, and those that survived.

    Parameters
    ----------
    folder
        The folder of lrbench.
    tests
        The tests to run, as paths in the repository.
    sample, seed
        So many mutants are drawn with this seed; None tries all.
    jobs
        How many are tried at a time.
    """
    if not survives(None, tests):
        raise SystemExit(f"{folder}: its tests fail without any change")
    tried = list(mutants(folder))
    if sample is not None:
        tried = random.Random(seed).sample(tried, min(sample, len(tried)))
    with ThreadPoolExecutor(jobs) as pool:
        outcomes = list(pool.map(lambda mutant: survives(mutant, tests), tried))
    return len(tried), [m for m, alive in zip(tried, outcomes, strict=True) if alive]


def main() -> None:
    """Print the share of mutants that were killed, folder by folder, and those that survived."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--sample", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    os.chdir(ROOT)
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    sys.path.insert(0, str(ROOT))
    # Imported once here and not in every process: what lrbench and its tests stand on.
    for name in (
        "click",
        "hypothesis",
        "numpy",
        "pytest",
        "rich.table",
        "scipy.optimize",
        "joblib",
    ):
        importlib.import_module(name)
    for folder in arguments.folders:
        sample, seed = arguments.sample, arguments.seed
        tests = [f"tests/{folder}"]
        n_tried, alive = killed(folder, tests, sample=sample, seed=seed, jobs=arguments.jobs)
        share = 1 - len(alive) / n_tried
        print(f"{folder}: {n_tried - len(alive)} of {n_tried} killed ({share:.0%})", flush=True)
        for mutant in alive:
            print(f"  {mutant.module}:{mutant.line}  {mutant.about}")


if __name__ == "__main__":
    main()
