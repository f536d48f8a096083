"""Stored cells are those of the problem as built and of the code that makes numbers."""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from builders import linear_problem
from edited import Edit, seen_after
from stored import swept, without_digests

from lrbench.cache import source_hash
from lrbench.config.registry import Registry
from lrbench.engine.control import Control
from lrbench.experiment.store import cells as cells_module
from lrbench.experiment.store import (
    contents,
    keys,
    merge_stores,
    opened,
    prune_cells,
    result_of,
    stored_cells,
)
from lrbench.experiment.store.keys import WITHOUT_EFFECT, experiment_id, source_of
from lrbench.objective.constants import Constants
from lrbench.objective.linear import sampler
from lrbench.objective.linear.problem import LinearProblem
from lrbench.plan.lanes import Lane
from lrbench.plan.plan import Plan
from lrbench.plan.prepare import Prepared, prepare
from lrbench.problem_files import load_spec
from lrbench.solvers import SOLVERS

LOOK = """
from pathlib import Path

def look():
    from lrbench.engine.control import Control
    from lrbench.experiment.work import cells
    from lrbench.experiment.store.keys import cell_key, experiment_id
    from lrbench.plan.plan import Plan
    from lrbench.plan.prepare import prepare
    from lrbench.problem_files import load_spec, with_overrides
    plan = Plan(solvers=["wngrad", "sgd"], lr0=[1.0], batch_size=8, sweep=True, radius=50.0)
    spec = with_overrides(load_spec("logreg"), intercept=True, test=0.25)
    p = prepare(spec, plan, Path("cache"), Control())
    experiment = experiment_id(p, plan)
    out = []
    for cell in cells(p, plan):
        solver, spec = plan.built[cell.solver]
        out.append(cell_key(experiment, solver, spec, cell.lane, cell.seed))
    return out
"""

RECORDING = {"recorded.py", "gradient_steps.py"}
"""Modules for loops of others, whose runs are in no store."""

ENGINE = "".join(
    p.read_text() for p in (source_hash.PACKAGE / "engine").glob("*.py") if p.name not in RECORDING
)

KEPT: list[Edit] = [
    ("theory/certificates.py", '"""', '"""Edited: '),
    ("engine/loop.py", '"""', '"""Edited: '),
    ("engine/loop.py", "\n\n\n", "\n\n\n# A comment.\n"),
    ("objective/linear/dense.py", '"""', '"""Edited: '),
    ("losses/logistic.py", "FACTORS = 1 << 9\n", "FACTORS = 1 << 9  # a comment\n"),
    ("penalties/l2.py", '"""', '"""Edited: '),
    ("arrays.py", '"""', '"""Edited: '),
    ("solvers/wngrad.py", '"""', '"""Edited: '),
    ("reports/blocks.py", "return", "1 + 1\n    return"),
    ("verdicts/bound.py", " + ", " - "),
    ("data/scaling.py", '"""', '"""Edited: '),
    ("solvers/__init__.py", "SOLVERS = Registry(", "NAME = 1\n\nSOLVERS = Registry("),
    ("losses/__init__.py", "LOSSES = Registry(", "NAME = 1\n\nLOSSES = Registry("),
]
"""Edits that change no number of a run."""

NOT_KEPT: list[Edit] = [
    ("arrays.py", "CACHED_ROWS = 1 << 10", "CACHED_ROWS = 1 << 11"),
    ("objective/linear/dense.py", "W -= G", "W += G"),
    ("objective/minibatches.py", "rest = stream[size:]", "rest = stream[size + 1 :]"),
    ("losses/logistic.py", "1 << 9", "1 << 8"),
    ("penalties/base.py", "0.5 * self.curvature", "0.25 * self.curvature"),
    ("engine/recorder.py", "STALL_FACTOR = 0.9", "STALL_FACTOR = 0.8"),
    ("version.py", "METHOD = 1", "METHOD = 2"),
    ("engine/job.py", "self.sampling, lanes.seed)", "self.sampling, lanes.seed + 1)"),
    ("engine/job.py", "Ball(problem.w0, self.radius)", "Ball(problem.w0, 2 * self.radius)"),
    ("results/ranking.py", "DEFAULT_SHARE = 0.01", "DEFAULT_SHARE = 0.001"),
    ("plan/plan.py", "gradients=not stochastic_sweep", "gradients=True"),
    ("plan/plan.py", "checkpoint_grid(steps, 1)", "checkpoint_grid(steps // 2, 1)"),
    ("data/scaling.py", "divisor[divisor == 0] = 1.0", "divisor[:] = divisor[::-1]"),
    ("data/labels.py", "data.y)], 1.0, -1.0)", "data.y)], -1.0, 1.0)"),
    ("data/scaling.py", "out[:, d] = 1.0", "out[:, d] = 2.0"),
    ("data/holdout.py", "rng.permutation(n_samples)[:n_test]", "np.arange(n_test)"),
    ("problem_files/build.py", "1.0 / mean_loss.n_samples", "2.0 / mean_loss.n_samples"),
]
"""Edits of the code that makes the numbers of a run, or the problem that it is of."""


def test_an_edited_docstring_or_report_keeps_the_cells(tmp_path: Path) -> None:
    before, after = seen_after(KEPT, LOOK, tmp_path)
    assert len(set(before)) == 2
    assert [edit for edit, seen in zip(KEPT, after, strict=True) if seen != before] == []


def test_an_edited_operator_scaling_label_rule_or_intercept_does_not(tmp_path: Path) -> None:
    before, after = seen_after(NOT_KEPT, LOOK, tmp_path)
    for edit, seen in zip(NOT_KEPT, after, strict=True):
        assert seen is not None, f"{edit} breaks lrbench"
        assert not set(seen) & set(before), edit


def test_the_version_of_scikit_learn_counts_for_its_solvers_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = Plan(["outside:saga", "outside:lbfgs", "sgd"], 1.0, iterations=5)

    def cell_keys() -> list[str]:
        keys._version.cache_clear()
        return [
            keys.cell_key("", solver, spec, Lane(1.0, (("lr0", 1.0),)), 0)
            for solver, spec in plan.built
        ]

    before = cell_keys()
    with monkeypatch.context() as patch:
        patch.setattr(keys, "version_of", lambda name: f"another {name}")
        after = cell_keys()
    assert [a == b for a, b in zip(after, before, strict=True)] == [False, True, True]
    assert cell_keys() == before


def test_an_edited_solver_loses_its_own_cells_only(tmp_path: Path) -> None:
    edits = [
        ("solvers/wngrad.py", "1.0 / ", "2.0 / "),
        ("solvers/sgd.py", "SGDState(lr0,", "SGDState(2 * lr0,"),
        ("solvers/adam.py", "state.steps + 1\n", "state.steps + 2\n"),
    ]
    before, (wngrad, sgd, adam) = seen_after(edits, LOOK, tmp_path)
    assert [a == b for a, b in zip(wngrad, before, strict=True)] == [False, True]
    assert [a == b for a, b in zip(sgd, before, strict=True)] == [True, False]
    assert adam == before


def operators(tree: ast.AST) -> Iterator[ast.BinOp]:
    return (n for n in ast.walk(tree) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Add))


def test_an_operator_of_any_module_that_makes_numbers_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "lrbench"
    shutil.copytree(source_hash.PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(source_hash, "PACKAGE", package)
    hash_now = source_hash.numbers_hash.__wrapped__
    before, edited, those_of_numbers = hash_now(), set(), set()
    for path in package.rglob("*.py"):
        text = path.read_text()
        tree = ast.parse(text)
        if not (nodes := list(operators(tree))):
            continue
        nodes[-1].op = ast.Sub()
        path.write_text(ast.unparse(tree))
        place = path.relative_to(package)
        if hash_now() != before:
            edited.add(place)
        if {str(place), place.parts[0]} & set(source_hash.NUMBERS):
            those_of_numbers.add(place)
        path.write_text(text)
    assert hash_now() == before
    assert edited == those_of_numbers


def test_the_hash_of_a_solver_is_that_of_what_it_imports_of_solvers(tmp_path: Path) -> None:
    file = tmp_path / "rule.py"
    file.write_text('"""A rule."""\nfrom lrbench.solvers.wngrad import WNGrad\nx = 1\n')
    first = source_hash.solver_hash(file)
    source_hash.solver_hash.cache_clear()
    file.write_text("from lrbench.solvers.wngrad import WNGrad\n# A comment.\nx = 1\n")
    assert source_hash.solver_hash(file) == first
    source_hash.solver_hash.cache_clear()
    file.write_text("from lrbench.solvers.adam import Adam\nx = 1\n")
    assert source_hash.solver_hash(file) != first
    source_hash.solver_hash.cache_clear()


def test_a_kept_hash_is_used_and_a_damaged_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LRBENCH_CACHE_DIR", str(tmp_path))
    hash_now = source_hash.numbers_hash.__wrapped__
    first = hash_now()
    (file,) = (tmp_path / "source").iterdir()
    kept = file.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(source_hash, "_syntax", None)  # nothing is parsed
        assert hash_now() == first
    for damaged in (b"", kept[:70], kept.swapcase(), b"0" + kept[1:], kept[::-1], b"\xff" * 82):
        file.write_bytes(damaged)
        assert hash_now() == first
        assert file.read_bytes() == kept
    monkeypatch.setattr(source_hash, "METHOD", 0)
    assert hash_now() != first


@pytest.fixture(scope="module")
def ready() -> tuple[Prepared, Plan]:
    plan = Plan(solvers=["wngrad"], lr0=[1.0], sweep=True)
    return prepare(load_spec("logreg"), plan, None, Control()), plan


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({"f_star": 1e-6}, False),
        ({"f_star": 1e-8}, False),
        ({"f_star": 2e-11}, False),
        ({"f_star": 1e-15}, True),
        ({"f_rounding": 1e-3}, False),
        ({"f_star_error": 1e-9}, False),
        ({"f_star_error": 1e-16}, True),
        ({"mu_pl": 1e-6}, False),
        ({"L_max": 1e-3}, False),
        ({"L": 1e-4}, False),
        ({"L": 1e-15}, True),
        ({"mu": 1e-6}, False),
        ({"distance": 1e-2}, False),
        ({"distance": 1e-12}, True),
    ],
    ids=str,
)
def test_a_mended_optimum_makes_cells_anew_and_a_last_bit_does_not(
    ready: tuple[Prepared, Plan], changes: dict[str, float], kept: bool
) -> None:
    p, plan = ready
    ((name, change),) = changes.items()
    other = replace(p.constants, **{name: getattr(p.constants, name) + change})
    same = experiment_id(replace(p, constants=other), plan) == experiment_id(p, plan)
    assert same is kept


@pytest.mark.parametrize(("change", "kept"), [(1e-8, False), (1e-15, True)])
def test_a_mended_optimum_is_seen_in_any_unit(
    ready: tuple[Prepared, Plan], change: float, kept: bool
) -> None:
    p, plan = ready
    c, unit = p.constants, 2.0**-40
    small = replace(
        c, f_star=c.f_star * unit, delta0=c.delta0 * unit, f_star_error=c.f_star_error * unit
    )
    other = replace(small, f_star=small.f_star + change * unit)
    ids = [experiment_id(replace(p, constants=known), plan) for known in (small, other)]
    assert (ids[0] == ids[1]) is kept


def test_every_constant_that_a_run_may_read_is_in_the_key(ready: tuple[Prepared, Plan]) -> None:
    p, plan = ready
    read = set(re.findall(r"\b(?:c|constants|_constants)\.([a-z_A-Z0-9]+)", ENGINE))
    names = {field.name for field in fields(Constants)}
    assert {"f_star", "f_star_error", "L", "mu"} <= read & names
    assert not read & (WITHOUT_EFFECT - {"f_star", "f_star_error", "f_rounding", "f_star_method"})
    for name in names - WITHOUT_EFFECT:
        value = getattr(p.constants, name)
        change: Any = not value if isinstance(value, bool) else 2.0 * float(value or 1.0)
        other = replace(p, constants=replace(p.constants, **{name: change}))
        assert experiment_id(other, plan) != experiment_id(p, plan), name


def test_another_minimiser_makes_cells_anew(ready: tuple[Prepared, Plan]) -> None:
    p, plan = ready
    w = p.optimum.w_star
    assert w is not None
    for other, kept in ((w[::-1], False), (-w, False), (None, False), (w * (1 + 1e-15), True)):
        changed = replace(p, optimum=replace(p.optimum, w_star=other))
        assert (experiment_id(changed, plan) == experiment_id(p, plan)) is kept


def test_a_problem_of_other_words_is_another_experiment(ready: tuple[Prepared, Plan]) -> None:
    p, plan = ready
    assert isinstance(p.problem, LinearProblem)
    about = replace(p.problem.about, fingerprint="other labels")
    other = replace(p, problem=replace(p.problem, about=about))
    assert experiment_id(other, plan) != experiment_id(p, plan)


def test_compiled_steps_are_in_the_key_where_they_are_possible(
    ready: tuple[Prepared, Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    p, plan = ready

    def ids(batch_size: int | None) -> list[str]:
        plans = (replace(plan, batch_size=batch_size, runner=r) for r in ("numpy", "compiled"))
        return [experiment_id(p, each) for each in plans]

    monkeypatch.setattr("lrbench.plan.plan.library", lambda: object())
    assert len({*ids(8)}) == len({*ids(None)}) == 2
    before = ids(8)
    monkeypatch.setattr(keys, "source_digest", lambda: "another source")
    assert [a == b for a, b in zip(ids(8), before, strict=True)] == [True, False]


def test_compiled_steps_are_in_the_key_where_some_solvers_alone_have_them(
    ready: tuple[Prepared, Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    p, plan = ready
    monkeypatch.setattr("lrbench.plan.plan.library", lambda: object())
    # On wide data with a ball only steps on plain arrays are compiled, as those of adam.
    for name in ("FEW_FEATURES", "MANY_FEATURES"):
        monkeypatch.setattr(sampler, name, 2)
    problem = linear_problem("logistic", 61, 43, weight=0.1, density=0.09)
    wide = replace(p, problem=replace(problem, about=replace(problem.about, fingerprint="wide")))
    plan = replace(plan, batch_size=2, radius=0.7, runner="compiled")
    before = experiment_id(wide, plan)
    monkeypatch.setattr(keys, "source_digest", lambda: "another source")
    assert experiment_id(wide, plan) != before


def test_one_curve_does_not_mix_two_states_of_a_solver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "s.sqlite"
    swept(store)
    with monkeypatch.context() as patch:
        of_another_solver(patch)
        swept(store, lr0=[0.1, 1.0])
        with opened(store) as connection:
            (problem,) = result_of(connection, store).problems
        assert [r.lr0 for r in problem.runs if r.solver.name == "wngrad"] == [0.1, 1.0]
        assert len([r for r in problem.runs if r.solver.name == "sgd"]) == 5
    with opened(store) as connection:  # the first state is the present one again
        (problem,) = result_of(connection, store).problems
    assert len([r for r in problem.runs if r.solver.name == "wngrad"]) == 5


def test_registries_hold_names_only() -> None:
    for folder in ("losses", "penalties", "solvers", "objective", "objective/linear", "engine"):
        tree = ast.parse((source_hash.PACKAGE / folder / "__init__.py").read_text())
        kinds = {type(node) for node in tree.body}
        assert kinds <= {ast.Expr, ast.ImportFrom, ast.Assign}, folder


def test_an_unknown_minimum_has_a_key_too(ready: tuple[Prepared, Plan]) -> None:
    p, plan = ready
    unknown: Constants = replace(p.constants, f_star_error=float("inf"), distance=None)
    assert experiment_id(replace(p, constants=unknown), plan)


def of_another_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the file of wngrad be another one than that which made the cells so far."""

    def other(solver: type) -> str:
        source = source_of(solver)
        return f"{source[:64]} {'0' * 64}" if solver is SOLVERS.get("wngrad") else source

    for module in (cells_module, contents, keys):
        monkeypatch.setattr(module, "source_of", other)


def test_cells_of_an_older_solver_are_stale_and_give_way_to_newer_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "s.sqlite"
    swept(store)
    of_another_solver(monkeypatch)
    with opened(store) as connection:
        assert {e.solver.split("[")[0]: e.current for e in stored_cells(connection)} == {
            "wngrad": False,
            "sgd": True,
        }
    assert swept(store)[1] == 5
    with opened(store) as connection:
        (problem,) = result_of(connection, store).problems
        assert len(problem.runs) == 10
        assert prune_cells(connection, stale=True) == 5
        assert all(e.current for e in stored_cells(connection))


def test_a_store_of_older_code_is_read_and_merged_but_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, into = tmp_path / "s.sqlite", tmp_path / "into.sqlite"
    swept(store)
    without_digests(store)
    with opened(store) as connection:
        # What the first edition wrote: one hash for all of the code.
        connection.execute("UPDATE cells SET source = ?, key = 'old ' || key", ("a" * 64,))
        connection.commit()
        assert [e.current for e in stored_cells(connection)] == [False, False]
        assert len(result_of(connection, store).problems[0].runs) == 10
    assert swept(store)[1] == 10
    with opened(into, create=True) as connection:
        assert merge_stores(connection, [store]) == 20
        assert len(result_of(connection, into).problems) == 2


def test_cells_of_a_solver_that_is_gone_are_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "s.sqlite"
    swept(store)
    monkeypatch.setattr(contents, "SOLVERS", Registry("solver", {}))
    with opened(store) as connection:
        assert not any(e.current for e in stored_cells(connection))
