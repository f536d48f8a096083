"""A kept optimum is that of the problem as built and of the code that computes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from edited import Edit, copied, ran, seen_after
from optimum_problems import Logistic, Squared, classes, problem
from scipy.sparse import csr_array

from lrbench.losses.huber import Huber
from lrbench.losses.quantile import Quantile
from lrbench.objective.linear.matrix import DataMatrix
from lrbench.objective.linear.problem import LinearProblem
from lrbench.optimum.cache import optimum_path
from lrbench.penalties.elastic_net import ElasticNet
from lrbench.penalties.l1 import L1
from lrbench.penalties.l2 import L2
from lrbench.penalties.none import NoPenalty


def base() -> LinearProblem:
    X, y = classes(7, 3)
    return problem(X, y, Logistic(), 0.125)


def with_array(p: LinearProblem, name: str, at: tuple[int, ...]) -> LinearProblem:
    """Return `p` with one entry of X, y or w_0 changed in its last bit."""
    array: Any = (p.data.X if name == "data" else getattr(p, name)).copy()
    array[at] = np.nextafter(array[at], np.inf)
    change: dict[str, Any] = {name: DataMatrix(array) if name == "data" else array}
    return replace(p, **change)


@dataclass(frozen=True)
class Tuned(Huber):
    """A loss with a parameter more than the shipped one."""

    name: ClassVar[str] = "huber"
    bend: float = 1.0


OTHERS: dict[str, Callable[[LinearProblem], LinearProblem]] = {
    "first entry of X": lambda p: with_array(p, "data", (0, 0)),
    "last entry of X": lambda p: with_array(p, "data", (6, 2)),
    "a target": lambda p: with_array(p, "y", (3,)),
    "the start": lambda p: with_array(p, "w0", (1,)),
    "the loss": lambda p: replace(p, loss=Squared()),
    "a parameter of the loss": lambda p: replace(p, loss=Huber(threshold=0.5)),
    "another parameter of the loss": lambda p: replace(p, loss=Huber(threshold=0.25)),
    "a loss of the same name": lambda p: replace(p, loss=Tuned(threshold=0.25)),
    "its own parameter": lambda p: replace(p, loss=Tuned(threshold=0.25, bend=2.0)),
    "a level": lambda p: replace(p, loss=Quantile(0.1)),
    "the same level with a rounding error": lambda p: replace(p, loss=Quantile(0.3 - 0.2)),
    "the weight": lambda p: replace(p, penalty=L2(0.25)),
    "the penalty": lambda p: replace(p, penalty=L1(0.125)),
    "no penalty": lambda p: replace(p, penalty=NoPenalty()),
    "a share": lambda p: replace(p, penalty=ElasticNet(0.125, 0.25)),
    "the other share": lambda p: replace(p, penalty=ElasticNet(0.125, 0.75)),
    "the intercept": lambda p: replace(p, intercept=True),
    "the rows": lambda p: replace(p, data=DataMatrix(p.data.X[:6].copy()), y=p.y[:6]),
    "the order of the columns": lambda p: replace(p, data=DataMatrix(p.data.X[:, ::-1].copy())),
    "the form of X": lambda p: replace(p, data=DataMatrix(csr_array(p.data.X))),
}


def test_whatever_makes_another_problem_makes_another_entry(tmp_path: Path) -> None:
    entries = {name: optimum_path(change(base()), tmp_path) for name, change in OTHERS.items()}
    assert len({optimum_path(base(), tmp_path), *entries.values()}) == 1 + len(OTHERS)


def test_names_and_the_words_of_reports_are_no_part_of_the_problem(tmp_path: Path) -> None:
    other = replace(base(), name="u", about=replace(base().about, title="t", fingerprint="f"))
    assert optimum_path(other, tmp_path) == optimum_path(base(), tmp_path)


def test_a_loss_whose_code_is_in_no_file_is_not_kept(tmp_path: Path) -> None:
    names: dict[str, Any] = {"__name__": "prompt", "Logistic": Logistic}
    exec("class Typed(Logistic): pass", names)
    assert optimum_path(replace(base(), loss=names["Typed"]()), tmp_path) is None


EDITED = """
import json, sys
from pathlib import Path
from lrbench.cache import source_hash as sources
from lrbench.optimum import cache
from lrbench.problem_files import load_spec
from lrbench.problem_files import build_problem
problem, folder = build_problem(load_spec("logreg")), Path("cache")

def entry():
    sources.imports_hash.cache_clear()
    return cache.optimum_path(problem, folder)

before, kept = entry(), []
covered = sources.with_imports(cache._roots(problem))
for path in covered:
    text = path.read_text()
    path.write_text(text + "edited = 1\\n")
    if entry() == before:
        kept.append(path.name)
    path.write_text(text)
assert entry() == before
loaded = [m.__file__ for name, m in sys.modules.items() if name.startswith("lrbench.optimum")]
print(json.dumps([kept, sorted(set(loaded) - set(map(str, covered))), len(covered)]))
"""


def test_an_edit_of_any_module_that_the_optimum_imports_is_another_entry(tmp_path: Path) -> None:
    copied(tmp_path)
    kept, not_covered, n_covered = ran(EDITED, tmp_path)
    assert (kept, not_covered) == ([], [])
    assert n_covered > 30


DATA = "4 1:2 2:0.5\n4 1:-1 3:3\n7 2:1 3:-2\n7 1:8 2:-0.25\n4 3:0.75\n7 1:-3 2:2\n" * 4

LOOK = """
import hashlib
from pathlib import Path
import numpy as np

SPECS = [
    ("load", "logreg", {"test": 0.25, "intercept": True}),
    ("load", "lasso", {}),
    ("load", "log-spectrum", {"start": "normal[scale=2,seed=3]"}),
    ("data", "./d.svm", {"scale": "standard", "penalty": "l1[weight=0.1*max]"}),
    ("data", "./d.svm", {"scale": "maxabs", "positive": "4", "intercept": True}),
    ("data", "./d.svm", {"loss": "huber[threshold=0.5]", "penalty": "elastic-net[weight=0.1]"}),
]

def look():
    from lrbench.optimum.cache import optimum_path
    from lrbench.problem_files import load_spec, spec_from_data, with_overrides
    from lrbench.problem_files import build_problem
    out = []
    for kind, name, options in SPECS:
        spec = spec_from_data(name, **options) if kind == "data" else (
            with_overrides(load_spec(name), **options))
        p = build_problem(spec)
        X = p.data.X if isinstance(p.data.X, np.ndarray) else p.data.X.toarray()
        content = hashlib.sha256()
        for array in (X, p.y, p.w0):
            content.update(repr(array.shape).encode() + np.ascontiguousarray(array).tobytes())
        for part in (p.loss, p.penalty):
            content.update(f"{type(part).__name__} {sorted(vars(part).items())}".encode())
        out.append((content.hexdigest(), optimum_path(p, Path("cache")).name))
    return out
"""

EDITS: list[Edit] = [
    ("data/scaling.py", "divisor[divisor == 0] = 1.0", "divisor[:] = divisor[::-1]"),
    ("data/scaling.py", "out /= deviation", "out /= 2 * deviation"),
    ("data/labels.py", "data.y)], 1.0, -1.0)", "data.y)], -1.0, 1.0)"),
    ("data/scaling.py", "out[:, d] = 1.0", "out[:, d] = 2.0"),
    ("data/holdout.py", "rng.permutation(n_samples)[:n_test]", "np.arange(n_test)"),
    ("data/bundled.py", "(rows[:, :-1])", "(rows[:, :-1] + 1)"),
    ("data/generated/generators.py", "np.full(d, 1.0 /", "np.full(d, 2.0 /"),
    ("data/libsvm/block.py", "indices, X.data, lowest", "indices, 2 * X.data, lowest"),
    ("data/libsvm/read.py", "X.append(rows)", "X.append(rows[:, ::-1])"),
    ("data/libsvm/text_blocks.py", "yield number, block", "yield number, b'7 1:5\\n' + block"),
    ("problem_files/build.py", "1.0 / mean_loss.n_samples", "2.0 / mean_loss.n_samples"),
    ("problem_files/build.py", "* largest", "* 2 * largest"),
    ("problem_files/build.py", "return spec.scale *", "return -spec.scale *"),
]
"""Edits of code by which a problem becomes another one, all of whose words stay the same."""


def test_an_edit_of_what_a_build_imports_is_another_entry(tmp_path: Path) -> None:
    (tmp_path / "d.svm").write_text(DATA)
    before, after = seen_after(EDITS, LOOK, tmp_path)
    for edit, seen in zip(EDITS, after, strict=True):
        changed = [(a, b) for a, b in zip(before, seen or [], strict=True) if a[0] != b[0]]
        assert changed, f"{edit} changes no problem"
        assert all(a[1] != b[1] for a, b in changed), edit
