"""The page on the paper of WNGrad shows what its commands and its scripts print."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from test_docs import GENERATE, differing, numbers, words

import lrbench
from lrbench.problem_files import build_problem, load_spec, with_settings

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "how-to" / "paper.md").read_text(encoding="utf-8")
SHOWN = list(GENERATE.SHOWN.finditer(PAGE))


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / "paper" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shown(command: str) -> str:
    """Return what the page shows of a command."""
    (text,) = [match["text"] for match in SHOWN if command in match["commands"]]
    return str(text)


@pytest.mark.slow
@pytest.mark.parametrize(
    "match",
    [match for match in SHOWN if "docs/paper" not in match["commands"]],
    ids=lambda match: "_".join(match["commands"].split()[2:7]),
)
def test_outputs_are_real(match: re.Match[str]) -> None:
    text = GENERATE.paragraphs_of(match["commands"], match["starts"])
    assert len(text.splitlines()) >= 5
    assert words(match["text"]) == words(text)
    assert differing(match["text"], text) == []


def test_each_command_is_shown_with_its_output() -> None:
    blocks = "".join(match["commands"] for match in SHOWN)
    every = re.findall(r"(?m)^\$ .*", PAGE)
    assert len(every) >= 9
    assert every == re.findall(r"(?m)^\$ .*", blocks)
    assert all(match["text"].strip() for match in SHOWN)


def test_the_first_table_has_the_numbers_of_the_outputs() -> None:
    table = PAGE.split("\n\n")[2]
    outputs = "".join(match["text"] for match in SHOWN)
    measured = [row.split("|")[2] for row in table.splitlines()[2:]]
    assert len(measured) == 7
    decimals = re.findall(r"\d+\.\d+", "".join(measured))
    assert len(decimals) >= 9
    assert {*decimals} <= {*re.findall(r"\d+\.\d+", outputs)}


@pytest.mark.slow
def test_the_spectrum_is_that_of_the_page() -> None:
    """After ten steps of lr0 = 1; the other rows are made by the same lines."""
    curvature = script("curvature")
    ((b, w),) = curvature.runs_after("wngrad", [1.0], 10)
    ends = curvature.ends_of_spectrum(lrbench.load_problem(curvature.PROBLEM), w)
    (row,) = re.findall(r"(?m)^ +1 +10 .*", shown("curvature.py"))
    assert numbers(row)[:6] == pytest.approx([1.0, 10.0, b, *ends, ends[1] / b], abs=6e-3)


def test_the_spectrum_is_that_of_automatic_differentiation() -> None:
    torch = pytest.importorskip("torch")
    small = ["model.hidden=[3]", "data.test=0.9"]
    problem: Any = build_problem(with_settings(load_spec("mlp-digits"), small))
    w = problem.w0 + 0.1 * np.random.default_rng(1).standard_normal(problem.n_features)
    X, y = torch.tensor(problem.train.X), torch.tensor(problem.train.y.astype(np.int64))

    def F(theta: Any) -> Any:
        outputs, (hidden, last) = X, problem.network.layers
        for layer in (hidden, last):
            kernel = theta[layer.kernel].reshape(layer.n_in, layer.n_out)
            outputs = outputs @ kernel + theta[layer.shift]
            outputs = outputs if layer is last else torch.relu(outputs)
        return torch.nn.functional.cross_entropy(outputs, y)

    values = np.linalg.eigvalsh(torch.autograd.functional.hessian(F, torch.tensor(w)).numpy())
    found = script("curvature").ends_of_spectrum(lrbench.load_problem(problem), w)
    assert found == pytest.approx((values[0], values[-1]), rel=1e-5)


def test_decades_are_those_of_the_widest_range_of_neighbours() -> None:
    decades = script("networks").decades
    values = np.geomspace(1e-3, 1e3, 13)

    def of(right: str) -> str:
        marks = zip(values, right, strict=True)
        return str(decades({lr0: 0.95 if mark == "x" else 0.9499 for lr0, mark in marks}))

    assert of(".............") == "none"
    assert of("....x........") == "0.0"
    assert of("..xx.xxxxx...") == "2.0"
    assert of("xxxx.xx......") == ">= 1.5"
    assert of(".xx.x....xxxx") == ">= 1.5"


@pytest.mark.slow
def test_the_decades_are_those_of_the_page() -> None:
    """Of gradient descent on one network; the other cells are made by the same lines."""
    networks = script("networks")
    found = networks.accuracies(["batch"], ["sgd"])
    (row,) = re.findall(r"(?m)^sgd .*", shown("networks.py"))
    assert networks.table(found).split()[-1] == row.split()[3]


def test_the_figure_has_both_panels(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    networks = script("networks")
    found = {
        (key, solver): {0.1: 0.2 + 0.1 * k, 1.0: 0.9, 10.0: 0.5}
        for k, key in enumerate(networks.NETWORKS)
        for solver in networks.DRAWN
    }
    networks.draw(found, str(tmp_path / "networks.png"))
    assert (tmp_path / "networks.png").read_bytes().startswith(b"\x89PNG")
    kept = (ROOT / "docs" / "figures" / "networks.png").read_bytes()
    assert kept.startswith(b"\x89PNG")
