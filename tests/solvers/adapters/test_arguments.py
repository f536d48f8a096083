"""Arguments of functions of other libraries as parameters; libraries that are not installed."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from lrbench.errors import UsageError
from lrbench.solvers.adapters.arguments import Flag, arguments_of
from lrbench.solvers.build import build_solver


def function(
    params: Any,
    lr: float,
    betas: Any = (0.9, 1),
    eps: Any = (None, 1e-3),
    steps: int = 4,
    limit: float = float("inf"),
    amsgrad: bool = False,
    kind: str = "plain",
    beta3: Any = None,
    scale: float = 2.0,
    mask: Any = print,
    **others: Any,
) -> None:
    """Do nothing."""


ARGUMENTS = arguments_of(function, "a:function", ("params", "lr"))


def test_parameters_have_the_types_of_the_defaults() -> None:
    fields = [field for argument in ARGUMENTS for field in argument.fields]
    assert fields == [
        ("beta1", float, 0.9),
        ("beta2", float, 1.0),
        ("eps1", str, "none"),
        ("eps2", float, 1e-3),
        ("steps", float, 4.0),
        ("limit", float, float("inf")),
        ("amsgrad", Flag, "false"),
        ("kind", str, "plain"),
        ("beta3", str, "none"),
        ("scale_", float, 2.0),
    ]


def test_arguments_have_the_types_of_the_defaults() -> None:
    defaults = {name: value for a in ARGUMENTS for name, _, value in a.fields}

    def values(**changed: Any) -> dict[str, Any]:
        return {a.name: a.value(defaults | changed) for a in ARGUMENTS}

    got = values()
    assert got == {
        "betas": (0.9, 1),
        "eps": (None, 1e-3),
        "steps": 4,
        "limit": float("inf"),
        "amsgrad": False,
        "kind": "plain",
        "beta3": None,
        "scale": 2.0,
    }
    assert isinstance(got["steps"], int)
    assert isinstance(got["betas"][1], int)
    assert values(beta1=0.5, beta2=0.25)["betas"] == (0.5, 0.25)
    assert values(eps1="1e-30")["eps"] == (1e-30, 1e-3)
    assert values(steps=2.5)["steps"] == 2.5
    assert values(amsgrad="true")["amsgrad"] is True
    assert values(beta3="0.5")["beta3"] == 0.5
    assert values(beta3="true")["beta3"] is True
    assert values(beta3="adaptive")["beta3"] == "adaptive"


def test_an_argument_without_a_default_is_refused() -> None:
    with pytest.raises(UsageError) as refused:
        arguments_of(function, "a:function", ("lr",))
    assert str(refused.value) == "a:function has the argument params, which has no default."


@pytest.mark.parametrize(("library", "text"), [("torch", "torch.optim.Adam"), ("optax", "adam")])
def test_a_library_that_is_not_installed_is_named(
    library: str, text: str, monkeypatch: pytest.MonkeyPatch, invoke: Any
) -> None:
    monkeypatch.setitem(sys.modules, library, None)  # as if there were none
    with pytest.raises(UsageError) as refused:
        build_solver(f"{library}:{text}")
    assert (
        str(refused.value) == f"{library} is not installed, and solver {library}:{text} needs it."
    )
    assert refused.value.hint == f"install it: pip install {library}."
    for words in (("run", "-p", "logreg", "-s", f"{library}:{text}"), ("list", "solvers", library)):
        outcome = invoke(*words)
        assert outcome.code == 2
        assert outcome.err.startswith(f"Error: {library} is not installed")
