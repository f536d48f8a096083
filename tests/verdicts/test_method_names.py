"""The names of methods on pages: what a reader would type, and the same method."""

from __future__ import annotations

import itertools

import pytest

import lrbench
from lrbench.config.solver_spec import SolverSpec
from lrbench.solvers import SOLVERS
from lrbench.solvers.build import build_solver
from lrbench.verdicts.method_names import (
    FULL_BATCH_NAMES,
    MethodNames,
    named_for_pages,
    names_in_texts,
)


def spec(name: str, shown: tuple[str, ...] = (), **params: float | str) -> SolverSpec:
    return SolverSpec(name, params, shown)


def test_a_default_is_left_out_unless_methods_differ_in_it() -> None:
    current = spec("wngrad", ("order",), order="current", c=1.0)
    lagged = spec("wngrad", ("order",), order="lagged", c=1.0)
    assert str(MethodNames([current], True).spec(current)) == "wngrad"
    assert str(MethodNames([lagged], True).spec(lagged)) == "wngrad[order=lagged]"
    both = MethodNames([current, lagged], True)
    assert [str(both.spec(s)) for s in (current, lagged)] == [str(current), str(lagged)]
    # What is not registered here has no defaults that are known.
    other = spec("of-somebody", ("order",), order="current")
    assert MethodNames([other], True).spec(other) is other


@pytest.mark.parametrize("name", FULL_BATCH_NAMES)
def test_the_constant_step_has_its_name_in_full_batches_alone(name: str) -> None:
    own, typed = spec(name), FULL_BATCH_NAMES[name]
    assert str(MethodNames([own], True).spec(own)) == typed
    assert MethodNames([own], False).spec(own) is own
    assert SOLVERS.get(typed) is SOLVERS.get(name)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("sgd, lr0 = 1", "gd, lr0 = 1"),
        (
            "logreg, wngrad sgd sgd[schedule=sqrt], full batches",
            "logreg, wngrad gd gd[schedule=sqrt], full batches",
        ),
        ("sgd-sqrt, my:sgd, torch.sgd, sgd.py", "sgd-sqrt, my:sgd, torch.sgd, sgd.py"),
        ("wngrad[order=current], lr0 = 1, C2", "wngrad, lr0 = 1, C2"),
        ("wngrad[order=lagged] bound[theorem=W3]", "wngrad[order=lagged] bound[theorem=W3]"),
        ("wngrad[order=current] wngrad[order=lagged]",) * 2,
        ("adagrad-norm[eta=2,lr0=4.6] my.py:Mine[c=2]",) * 2,
    ],
)
def test_texts(text: str, wanted: str) -> None:
    assert names_in_texts([text], full_batches=True)(text) == wanted


def test_texts_of_one_page_have_one_name_for_a_method() -> None:
    texts = ["wngrad[order=current], sgd", "wngrad[order=lagged]"]
    named = names_in_texts(texts, full_batches=False)
    assert [named(text) for text in texts] == texts


def test_every_record_of_a_sweep_has_the_name_and_the_result_keeps_its_own() -> None:
    result = lrbench.sweep(
        "logreg", solvers=["wngrad", "sgd"], lr0=[0.3, 3.0], iterations=50, jobs=1, target="50%"
    )
    (problem,) = result.problems
    named = named_for_pages(problem)
    assert {str(r.solver) for r in (*named.runs, *named.verdicts)} == {"wngrad", "gd"}
    assert named.sweep is not None
    assert [str(s.solver) for s in named.sweep.solvers] == ["wngrad", "gd"]
    advice = named.sweep.advice
    assert advice is not None
    choices = (advice.choice, advice.best, advice.faster, advice.wider)
    assert not {"sgd", "wngrad[order=current]"} & {str(c.solver) for c in choices if c}
    assert [lane for lane, _ in named.groups] == ["wngrad", "wngrad", "gd", "gd"]
    assert set(named.judged) == set(named.groups)
    for before, after in zip(problem.runs, named.runs, strict=True):
        assert after.trace is before.trace
    assert {r.solver.name for r in problem.runs} == {"wngrad", "sgd"}
    assert "gd" not in {r["solver"]["name"] for r in result.to_dict()["problems"][0]["runs"]}
    stochastic = lrbench.run("logreg", solvers="sgd", batch_size=8, iterations=5)
    assert {str(r.solver) for r in named_for_pages(stochastic.problems[0]).runs} == {"sgd"}


NAMED: dict[str, list[str]] = {
    "one": ["wngrad", "gd", "gd[schedule=sqrt]", "adagrad-norm[eta=2]"],
    "two": ["wngrad", "wngrad[order=lagged]", "adagrad-norm", "adagrad-norm[eta=2]"],
}


@pytest.mark.parametrize("texts", NAMED.values(), ids=NAMED)
def test_a_name_means_its_method_when_it_is_typed(texts: list[str]) -> None:
    built = [build_solver(text)[1] for text in texts]
    names = MethodNames(built, True)
    typed = [str(names.spec(s)) for s in built]
    assert len(set(typed)) == len(typed)
    for text, own in zip(typed, built, strict=True):
        _, again = build_solver(text)
        assert (again.name, dict(again.params)) == (own.name, dict(own.params))
    assert all(a != b for a, b in itertools.combinations(typed, 2))
