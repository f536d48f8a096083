"""Look-up by name."""

from __future__ import annotations

import pytest

from lrbench.config.registry import Registry, did_you_mean
from lrbench.errors import ExitCode, UsageError
from lrbench.losses import LOSSES
from lrbench.penalties import PENALTIES
from lrbench.solvers import SOLVERS

PARTS = Registry("part", {"alpha": "math:pi", "beta": "math:e"}, aliases={"a": "alpha"})


def test_a_part_is_in_its_registry_under_every_spelling() -> None:
    assert [name in PARTS for name in ("alpha", "a", "ALPHA", "al-pha", "gamma")] == [True] * 4 + [
        False
    ]


def test_get_imports_the_attribute_behind_a_name_or_an_alias() -> None:
    assert PARTS.get("alpha") == PARTS.get("a") == pytest.approx(3.141592653589793, rel=0)
    assert PARTS.get("beta") == pytest.approx(2.718281828459045, rel=0)
    assert PARTS.canonical("a") == "alpha"
    assert list(PARTS) == ["alpha", "beta"]


def test_nothing_is_imported_before_it_is_asked_for() -> None:
    absent = Registry("part", {"gone": "no_such_module:thing"})
    assert list(absent) == ["gone"]
    assert absent.canonical("gone") == "gone"


@pytest.mark.parametrize("look_up", [PARTS.get, PARTS.canonical])
def test_an_unknown_name_is_the_users_error(look_up: object) -> None:
    assert callable(look_up)
    with pytest.raises(UsageError) as caught:
        look_up("alpa")
    assert caught.value.message == "there is no part 'alpa'."
    assert caught.value.hint == "did you mean alpha?"
    assert caught.value.exit_code is ExitCode.USAGE


def test_a_name_like_no_other_lists_all() -> None:
    assert did_you_mean("zzz", ["b", "a"]) == "choose from a, b."


def test_gd_is_sgd() -> None:
    assert SOLVERS.get("gd") is SOLVERS.get("sgd")
    assert SOLVERS.canonical("gd") == "sgd"


@pytest.mark.parametrize("registry", [LOSSES, PENALTIES, SOLVERS], ids=lambda r: r.kind)
def test_every_registered_part_exists(registry: Registry) -> None:
    assert list(registry)
    for name in registry:
        assert registry.get(name).name == name
