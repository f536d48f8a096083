"""Change the code in one place at a time, and count how often the tests of its folder notice it.

    python benchmarks/mutation.py study verdicts gate reports

A mutant differs from the code by one operator, comparison or constant. It is killed if a test fails
or takes too long. What survives is printed with its place: some mutants are equivalent to the code,
and the others show what no test looks at. The code on disk is never changed.

The tests are collected once. A changed function replaces the old one in a process of its own, which
runs the files of tests that call it; for any other change the process imports everything anew.
"""

from __future__ import annotations

import argparse
import ast
import copy
import gc
import importlib.abc
import importlib.machinery
import importlib.util
import inspect
import os
import pickle
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any, NamedTuple, TypeGuard

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

    def visit_keyword(self, node: ast.keyword) -> ast.AST:
        # They only guard against mistakes of a programmer: code that is right does the same.
        return node if node.arg in ("strict", "frozen") else self.generic_visit(node)

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
    root = ROOT / "lrbench" / folder
    for path in sorted(root.rglob("*.py")) or [root]:
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
    """A plugin of pytest that notes whether a test passed, and what failed."""

    def __init__(self) -> None:
        self.passed = False
        self.failed: list[str] = []

    def pytest_runtest_logreport(self, report: Any) -> None:
        self.passed |= report.when == "call" and report.passed
        self.pytest_collectreport(report)

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self.failed.append(report.nodeid)


OPTIONS = [
    *("-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", "not slow"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # of what is imported above
]


def _in_a_process(work: Callable[[], bool], seconds: int = SECONDS) -> bool:
    """Return what `work` does in a process of its own; False if it raises or takes too long."""
    pid = os.fork()
    if not pid:
        signal.alarm(seconds)
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        success = False
        try:
            success = work()
        finally:
            os._exit(int(not success))
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status) == 0


def survives(mutant: Mutant, tests: Sequence[str]) -> bool:
    """Return whether all tests pass on a mutant, in a process that imports it."""

    def passes() -> bool:
        import pytest

        sys.meta_path.insert(0, _Loader(mutant))
        outcomes = _Outcomes()
        # The exit code also tells of warnings about files that this process has inherited.
        pytest.main([*OPTIONS, *tests], plugins=[outcomes])
        return outcomes.passed and not outcomes.failed

    return _in_a_process(passes)


Place = tuple[str, str, int]
"""The file, the name and the first line of a function."""


def _place(code: CodeType) -> Place:
    return code.co_filename, code.co_qualname, code.co_firstlineno


def _is_function(constant: object) -> TypeGuard[CodeType]:
    return isinstance(constant, CodeType) and bool(constant.co_flags & inspect.CO_OPTIMIZED)


def _functions(code: CodeType) -> Iterator[CodeType]:
    """Yield the functions of a module and of its classes, but not those within functions."""
    for constant in code.co_consts:
        if _is_function(constant):
            yield constant
        elif isinstance(constant, CodeType):
            yield from _functions(constant)


def _without(code: CodeType, places: Collection[Place]) -> CodeType:
    """Return the code of a module or class without the functions at these places."""
    constants: list[object] = []
    for constant in code.co_consts:
        if _is_function(constant):
            constants.append(None if _place(constant) in places else constant)
        else:
            is_class = isinstance(constant, CodeType)
            constants.append(_without(constant, places) if is_class else constant)
    return code.replace(co_consts=tuple(constants))


def changed_function(mutant: Mutant) -> CodeType | None:
    """Return the code of the function that a mutant changes; None if it changes anything else.

    Constants of a module and defaults of parameters and fields are not within a function.
    """
    path = ROOT.joinpath(*mutant.module.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    before = compile(tree, str(path), "exec")
    tree = ast.fix_missing_locations(_Changer(mutant.index).visit(tree))
    after = compile(tree, str(path), "exec")
    unchanged = set(_functions(before))
    changed = [code for code in _functions(after) if code not in unchanged]
    places = [_place(code) for code in changed]
    if len(changed) != 1 or _without(before, places) != _without(after, places):
        return None
    return changed[0]


class _Trials(_Outcomes):
    """A plugin of pytest that runs the tests, once collected, on each mutant in its own process.

    Parameters
    ----------
    codes
        The changed function of each mutant.
    jobs
        How many are tried at a time.
    report
        A file descriptor. A line is written to it: what fails without a change, empty if nothing
        does. Then follows a byte for each mutant, 1 if it survives.
    """

    def __init__(self, codes: Sequence[CodeType], jobs: int, report: int) -> None:
        super().__init__()
        self._codes, self._jobs, self._report = codes, jobs, report

    def pytest_runtestloop(self, session: Any) -> bool:
        """Try every mutant on the files of tests that call its function, first the calling tests.

        Of these the quick ones stand first: most mutants are killed by many tests.
        """
        items = session.items
        # Without any item the tests could not be collected.
        failed, calls = self._calls(items) if items else (self.failed or ["no test"], [])
        os.write(self._report, f"{', '.join(failed)}\n".encode())
        if failed:
            return True

        def alive(code: CodeType) -> bool:
            calling = [_place(code) in places for places, _ in calls]
            files = {item.path for item, yes in zip(items, calling, strict=True) if yes}
            order = sorted(range(len(items)), key=lambda k: (not calling[k], calls[k][1]))
            chosen = [items[k] for k in order if items[k].path in files]
            return not chosen or _in_a_process(lambda: self._passes(chosen, code))

        with ThreadPoolExecutor(self._jobs) as pool:
            for survivor in pool.map(alive, self._codes):
                os.write(self._report, b"1" if survivor else b"0")
        return True

    def _passes(self, items: Sequence[Any], code: CodeType | None = None) -> bool:
        """Return whether all these tests pass with a changed function."""
        if code is not None:
            for function in gc.get_objects():
                is_function = isinstance(function, FunctionType)
                if is_function and _place(function.__code__) == _place(code):
                    function.__code__ = code
        for item, following in zip(items, [*items[1:], None], strict=True):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.failed:
                return False
        return self.passed

    def _calls(self, items: Sequence[Any]) -> tuple[list[str], list[tuple[set[Place], float]]]:
        """Return what fails, and for each test the functions that it calls, and its seconds.

        A result that several tests share is computed in the first of them alone.
        """
        with tempfile.NamedTemporaryFile() as file:

            def trace() -> bool:
                calls = []
                for item, following in zip(items, [*items[1:], None], strict=True):
                    codes: set[CodeType] = set()

                    # Returns None, so that only calls are traced: no lines, and no built-ins.
                    def note(frame: FrameType, *_: object, codes: set[CodeType] = codes) -> None:
                        codes.add(frame.f_code)

                    began = time.perf_counter()
                    sys.settrace(note)
                    item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                    sys.settrace(None)
                    seconds = time.perf_counter() - began
                    calls.append(({_place(code) for code in codes}, seconds))
                failed = self.failed or ([] if self.passed else ["no test passed"])
                pickle.dump((failed, calls), file)
                file.flush()
                return True

            if not _in_a_process(trace, 0):
                return ["the process that runs them"], []
            file.seek(0)  # both processes share its position
            failed_and_calls: tuple[list[str], list[tuple[set[Place], float]]] = pickle.load(file)
            return failed_and_calls


def _survivals(codes: Sequence[CodeType], tests: Sequence[str], jobs: int) -> Iterator[bool]:
    """Yield for each changed function whether all tests pass with it."""
    read, write = os.pipe()

    def trials() -> bool:
        import pytest

        os.close(read)
        pytest.main([*OPTIONS, *tests], plugins=[_Trials(codes, jobs, write)])
        return True

    with ThreadPoolExecutor(1) as pool, os.fdopen(read, "rb", buffering=0) as file:
        process = pool.submit(_in_a_process, trials, 0)
        process.add_done_callback(lambda _: os.close(write))
        failed = file.readline().decode()
        if failed != "\n":
            raise SystemExit(f"{' '.join(tests)} fail without any change: {failed.strip()}")
        for _ in codes:
            yield file.read(1) == b"1"


def tried(
    folder: str, tests: Sequence[str], *, sample: int | None, seed: int, jobs: int
) -> Iterator[tuple[Mutant, bool]]:
    """Yield mutants of a folder, each with whether it survives.

    Parameters
    ----------
    folder
        The folder of lrbench, or a module in it with its ending.
    tests
        The tests to run, as paths in the repository.
    sample, seed
        So many mutants are drawn with this seed; None tries all.
    jobs
        How many are tried at a time.
    """
    drawn = list(mutants(folder))
    if sample is not None:
        drawn = random.Random(seed).sample(drawn, min(sample, len(drawn)))
    codes = {mutant: changed_function(mutant) for mutant in drawn}
    in_functions = {mutant: code for mutant, code in codes.items() if code is not None}
    yield from zip(in_functions, _survivals([*in_functions.values()], tests, jobs), strict=True)
    others = [mutant for mutant in drawn if mutant not in in_functions]
    with ThreadPoolExecutor(jobs) as pool:
        yield from zip(
            others, pool.map(lambda mutant: survives(mutant, tests), others), strict=True
        )


def main() -> None:
    """Print the share of mutants that were killed, folder by folder, and those that survived."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--tests", help="other tests than those of the folder")
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
        tests = [arguments.tests or f"tests/{folder}"]
        n_tried = n_killed = 0
        print(f"{folder}:", flush=True)
        for mutant, alive in tried(folder, tests, sample=sample, seed=seed, jobs=arguments.jobs):
            n_tried += 1
            n_killed += not alive
            if alive:
                print(f"  survives: {mutant.module}:{mutant.line}  {mutant.about}", flush=True)
        print(f"  {n_killed} of {n_tried} killed ({n_killed / n_tried:.0%})", flush=True)


if __name__ == "__main__":
    main()
