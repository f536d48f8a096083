"""The options of a plan are the same in Python, in commands and in checks, and are checked once."""

from __future__ import annotations

import dataclasses
import inspect
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest

import lrbench
from lrbench.cli.run import command as run_command
from lrbench.cli.sweep import command as sweep_command
from lrbench.config.targets import ALLOWED
from lrbench.errors import LrbenchError, UsageError
from lrbench.gate.config import load_config
from lrbench.plan.options import OPTIONS, PlanOptions, PlanValues
from lrbench.plan.plan import Plan

PUBLIC = list(PlanOptions.__annotations__)
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "run": lrbench.run,
    "sweep": lrbench.sweep,
    "check": lrbench.check,
}


def test_a_typed_keyword_has_the_type_of_its_value() -> None:
    types = {field.name: field.type for field in dataclasses.fields(PlanValues)}
    keywords = {name: ref.__forward_arg__ for name, ref in PlanOptions.__annotations__.items()}
    assert {**types, **keywords} == types
    assert types.keys() - keywords == {"sweep", "arrival", "lane_block", "at"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_shows_its_options(name: str) -> None:
    parameters = inspect.signature(FUNCTIONS[name]).parameters
    assert {key: parameters[key].default for key in PUBLIC} == {
        key: getattr(Plan, key) for key in PUBLIC
    }
    assert {parameters[key].kind for key in PUBLIC} == {inspect.Parameter.KEYWORD_ONLY}
    assert "options" not in parameters
    assert len(parameters) > len(PUBLIC)


@pytest.mark.parametrize("key", PUBLIC)
def test_what_an_option_means_is_in_the_help_of_run(key: str) -> None:
    assert re.search(rf"^    (\w+, )*{key}(, \w+)*$", lrbench.run.__doc__ or "", re.MULTILINE)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("key", ["iteratons", "built", "learning_rates"])
def test_another_keyword_is_refused_before_anything_is_read(name: str, key: str) -> None:
    options: dict[str, Any] = {key: 3}
    with pytest.raises(TypeError, match=rf"^{name}\(\) got an unexpected keyword .*'{key}': "):
        FUNCTIONS[name]("no such problem", **options)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("run", "sweep"),
        ("run", "lane_block"),
        ("run", "arrival"),
        ("run", "at"),
        ("sweep", "sweep"),
    ],
)
def test_what_a_function_decides_itself_is_no_option_of_it(name: str, key: str) -> None:
    with pytest.raises(TypeError, match=rf"{name}\(\) got an unexpected keyword argument '{key}'"):
        FUNCTIONS[name]("logreg", **{key: True})


def test_the_suggestion_is_the_option_that_is_meant() -> None:
    options: Any = {"checkpoint_per_decade": 3}
    with pytest.raises(TypeError, match=r"did you mean checkpoints_per_decade\?$"):
        lrbench.run("logreg", **options)


@pytest.mark.parametrize("command", [run_command, sweep_command])
def test_a_command_has_every_option_with_its_default(command: click.Command) -> None:
    # The command has texts where Python has None or a tuple, or takes several values.
    other = {"solvers": (), "lr0": ("1",), "batch_size": "full"}
    if command is sweep_command:
        other["lr0"] = ("1e-4:1e4:33",)
    params = {param.name: param for param in command.params}
    for key in PUBLIC:
        default = params[key].default
        # Click stands for no default in ways that depend on its version.
        expected = other.get(key, OPTIONS[key].default)
        assert default == expected or (not expected and not isinstance(default, int | float))


VALUES: dict[str, Any] = {
    "solvers": ["adagrad-norm"],
    "lr0": "0.25",
    "over": ["scale=0.5,2"],
    "batch_size": 7,
    "iterations": 31,
    "radius": 2.5,
    "target": 0.125,
    "f_star": -3.5,
    "timeout": 900.0,
    "sampling": "reshuffle",
    "seed": 5,
    "replicates": 2,
    "checkpoints_per_decade": 9,
    "threads": 1,
    "runner": "numpy",
}


def test_a_check_has_every_option_as_a_key(tmp_path: Path) -> None:
    assert {*VALUES, "passes"} == set(PUBLIC)
    keys = {"solver" if key == "solvers" else key: value for key, value in VALUES.items()}
    lines = [f"{key} = {value!r}" for key, value in keys.items()]
    path = tmp_path / "lrbench.toml"
    head = '[[check]]\nname = "a"\nproblem = "logreg"\nexpect = "bound = pass"\n'
    path.write_text(head + "\n".join(lines))
    (check,) = load_config(path).checks
    assert check.plan == Plan(**VALUES)
    path.write_text(f"{head}passes = 2.5\nbatch_size = 'full'")
    (check,) = load_config(path).checks
    assert check.plan == Plan(passes=2.5)


def test_a_check_is_described_by_what_its_numbers_depend_on(tmp_path: Path) -> None:
    path = tmp_path / "lrbench.toml"

    def about(**options: Any) -> str:
        keys = "\n".join(f"{key} = {value!r}" for key, value in options.items())
        head = '[[check]]\nname = "a"\nproblem = "logreg"\nexpect = "bound = pass"\nsolver = "sgd"'
        path.write_text(f"{head}\n{keys}")
        (check,) = load_config(path).checks
        return check.about

    bare = "logreg, sgd, lr0 = 1, full batches"
    assert about(threads=1, timeout=3, checkpoints_per_decade=12) == bare
    assert (
        about(checkpoints_per_decade=9, f_star=-3.5, target=0.125, radius=2, iterations=31)
        == f"{bare}, iterations = 31, radius = 2, target = 0.125, f_star = -3.5,"
        " 9 checkpoints a decade"
    )
    assert about(passes=2.5) == f"{bare}, passes = 2.5"
    path.write_text(path.read_text() + "\nsweep = true\ncheckpoints_per_decade = 7\nf_star = 0.0")
    (check,) = load_config(path).checks
    assert check.about.endswith(
        "full batches, passes = 2.5, f_star = 0, sweep, arrival = confirmed, 7 checkpoints a decade"
    )
    path.write_text(path.read_text() + "\narrival = 'first'\ntarget = ['10%', 0.5]")
    (check,) = load_config(path).checks
    assert check.about.endswith("target = 10%,0.5, f_star = 0, sweep, 7 checkpoints a decade")


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("batch_size", 0, "a whole number from 1 to 5e+18"),
        ("iterations", 10**15 + 1, "a whole number from 1 to 1e+15"),
        ("iterations", 2.0, "a whole number from 1 to 1e+15"),
        ("seed", -1, "a whole number from 0 to 5e+18"),
        ("seed", None, "a whole number from 0 to 5e+18"),
        ("replicates", True, "a whole number from 1 to 1000000"),
        ("checkpoints_per_decade", 1001, "a whole number from 1 to 1000"),
        ("threads", 0, "a whole number from 1 to 1024"),
        ("lane_block", 7, "a whole number from 8 to 1000000"),
        ("passes", 0.0, "a positive number"),
        ("radius", math.inf, "a positive number"),
        ("target", math.nan, ALLOWED),
        ("target", "1_0%", ALLOWED),
        ("target", "\N{ARABIC-INDIC DIGIT ONE}%", ALLOWED),
        ("timeout", "soon", "a positive number"),
        ("f_star", -math.inf, "a number"),
        ("f_star", math.nan, "a number"),
    ],
)
def test_a_value_out_of_range_is_refused(key: str, value: Any, allowed: str) -> None:
    flag = "--" + key.replace("_", "-")
    options: dict[str, Any] = {key: value}
    with pytest.raises(UsageError) as caught:
        Plan(**options)
    assert caught.value.message == f"{flag} {value} is not {allowed}."
    hint = caught.value.hint
    assert allowed not in hint  # which says more than the error
    if key != "target":
        (example,) = re.findall(r"such as ([0-9.]+)(?=[ ,;:.])", hint)
        number = example.strip(".")
        OPTIONS[key].checked(key, float(number) if "." in number else int(number))


def test_the_ends_of_a_range_and_numbers_of_other_types_are_accepted() -> None:
    many: Any = np.int64(1000)
    plan = Plan(seed=0, replicates=1, checkpoints_per_decade=many, threads=1024, passes=1e-300)
    assert type(plan.checkpoints_per_decade) is int
    text: Any = "-2.5e-1"
    assert Plan(f_star=text, iterations=10**15).f_star == -0.25


def test_lr0_has_a_default_of_its_own_in_a_sweep() -> None:
    assert [rate.value for rate in Plan().learning_rates] == [1.0]
    rates = [rate.value for rate in Plan(sweep=True).learning_rates]
    assert rates == pytest.approx([10.0 ** (k / 4) for k in range(-16, 17)], rel=1e-12)
    assert [rate.value for rate in Plan(sweep=True, lr0=3).learning_rates] == [3.0]


def test_sampling_is_one_of_two() -> None:
    sampling: Any = "shuffled"
    with pytest.raises(LrbenchError, match="--sampling 'shuffled' is not known") as caught:
        Plan(sampling=sampling)
    assert caught.value.hint == "choose replacement or reshuffle."


def test_arrival_is_of_a_sweep() -> None:
    assert (Plan().arrival, Plan(sweep=True).arrival) == ("first", "confirmed")
    with pytest.raises(UsageError, match="the rule of arrival end is of a sweep"):
        Plan(arrival="end")
    unknown: Any = "last"
    with pytest.raises(UsageError, match="--arrival 'last' is not known") as caught:
        Plan(sweep=True, arrival=unknown)
    assert caught.value.hint == "choose first or confirmed or end."
