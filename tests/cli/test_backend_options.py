"""What computes a network: pages and saved results of torch, the store, workers, refusals."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

import lrbench
from lrbench.config.plain import plain
from lrbench.errors import UsageError
from lrbench.problem_files import (
    build_problem,
    canonical,
    load_spec,
    spec_from_data,
    with_overrides,
    with_settings,
)
from lrbench.results import SCHEMA, Result

RUN = ("run", "-n", "3", "-s", "sgd", "--lr0", "0.1")
SMALL = ("--set", "model.channels=[2]", "--set", "data.test=0.9")


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (("-p", "logreg", "--backend", "torch"), "torch computes networks", "such as mlp-digits"),
        (("-d", "sklearn:wine", "--backend", "torch"), "is a linear problem", "--backend numpy"),
        (("-p", "mlp-digits", "--device", "cpu"), "--device cpu is of torch", "--backend torch"),
        (("-p", "logreg", "--device", "cuda"), "--device cuda is of torch", "--backend torch"),
        (("-p", "mlp-digits", "--backend", "jax"), "there is no backend 'jax'", "numpy, torch"),
        (("-p", "mlp-digits", "--backend", "torch[dtype=float16]"), "dtype cannot", "float64"),
        (("-p", "mlp-digits", "--backend", "torch[kind=1]"), "no key 'kind'", "dtype"),
        (("-p", "mlp-digits", "--backend", "numpy[dtype=float32]"), "no parameters", "torch"),
        (("-p", "mlp-digits", "--backend", "torch", "--device", "tpu"), "'tpu'", "--help"),
        (("-p", "mlp-digits", "--set", "backend.dtype=half"), "no parameters", "torch"),
        (("-p", "resnet-digits", "--backend", "numpy"), "residual network", "--backend torch"),
        (("-p", "resnet-digits", "--set", "model.channels=[8,4]"), "fewer", "do not fall"),
        (("-p", "resnet-digits", "--set", "model.channels=[8,0]"), "channels is [8, 0]", "from 1"),
        (("-p", "resnet-digits", "--set", "model.blocks=0"), "blocks is 0", "from 1 to"),
        (("-p", "resnet-digits", "--set", "model.hidden=[3]"), "no key 'hidden'", "channels"),
        (("-p", "mlp-digits", "--set", "model=resnet"), "has no stages", "channels = [8, 16]"),
    ],
)
def test_what_is_refused_before_the_run(
    arguments: tuple[str, ...], message: str, hint: str, invoke: Any
) -> None:
    outcome = invoke(*RUN, *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert message in " ".join(outcome.err.split())
    assert hint in " ".join(outcome.err.split())


@pytest.mark.parametrize("problem", ["mlp-digits", "resnet-digits"])
def test_torch_is_missed_with_the_command_that_installs_it(
    problem: str, invoke: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    outcome = invoke(*RUN, "-p", problem, "--backend", "torch")
    assert (outcome.code, outcome.out) == (2, "")
    assert f"{problem} is computed by torch, which is not installed" in outcome.err
    offered = invoke(*RUN, "-p", problem, "--backend", "numpy", "--dry-run")
    # NumPy is offered where it computes the network, and nowhere else.
    assert ("--backend numpy" in outcome.err) == (offered.code == 0)
    assert "pip install torch, or take" in outcome.err


def test_a_device_that_is_not_there(invoke: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    outcome = invoke(*RUN, "-p", "mlp-digits", "--backend", "torch", "--device", "cuda")
    assert (outcome.code, outcome.out) == (2, "")
    assert "--device cuda needs a GPU" in outcome.err
    assert "take --device cpu" in outcome.err


def test_options_settings_and_keys_say_the_same() -> None:
    spec = load_spec("mlp-digits")
    by_options = with_overrides(spec, backend="torch[dtype=float32]", device="cuda")
    for settings in (
        ["backend=torch[dtype=float32,device=cuda]"],
        ['backend={name = "torch", device = "cuda", dtype = "float32"}'],
        ["backend.device=cuda", "backend.name=torch", "backend.dtype=float32"],
    ):
        assert with_settings(spec, settings) == by_options
    by_both = with_overrides(spec, device="cuda", settings=["backend=torch[dtype=float32]"])
    assert by_both == by_options
    assert str(by_options.backend) == "torch[dtype=float32,device=cuda]"
    assert str(with_overrides(spec, backend="torch").backend) == "torch"
    assert with_overrides(by_options, backend="numpy").backend is None
    assert canonical(by_options) == canonical(spec)  # it is the same problem
    kept = with_settings(load_spec("resnet-digits"), ["model.normalisation=batch"])
    assert kept.model == load_spec("resnet-digits-bn").model
    assert kept.backend == load_spec("resnet-digits-bn").backend
    with pytest.raises(UsageError, match="is a linear problem"):
        spec_from_data("sklearn:wine", backend="torch")


def test_a_problem_is_named_by_the_kind_of_its_model() -> None:
    for settings, backend, name in (
        (["model=resnet[channels=4x8]"], "torch", "resnet-digits"),
        (["model.channels=[4,8]"], "torch", "resnet-digits"),
        (["model.hidden=[4]"], None, "mlp-digits"),
    ):
        assert spec_from_data("sklearn:digits", backend=backend, settings=settings).name == name


def test_the_list_says_what_computes_a_problem(invoke: Any) -> None:
    pytest.importorskip("torch")
    assert "torch" in invoke("list", "problems", "resnet-digits").out.partition("backend")[2]


def test_a_residual_network_takes_images(tmp_path: Path) -> None:
    pytest.importorskip("torch")

    def with_features(n: int) -> Any:
        rows = "".join(f"{k % 2} {1 + k % n}:1 {n}:{k}\n" for k in range(12))
        (tmp_path / "data.svm").write_text(rows)
        name = f"data.name={tmp_path / 'data.svm'}"
        return with_settings(load_spec("resnet-digits"), [name, "model.channels=[2,3]"])

    problem: Any = build_problem(with_features(46))  # of 7 x 7 pixels the last ones are missing
    assert problem.network.side == 7
    with pytest.raises(lrbench.errors.DataError, match="42 features are not those of one: 7 x 7"):
        build_problem(with_features(42))


@pytest.mark.parametrize("name", ["mlp-digits", "mlp-digits-wn", "mlp-digits-bn"])
@pytest.mark.parametrize("batch_size", [None, 64])
def test_rows_and_verdicts_are_those_of_numpy(name: str, batch_size: int | None) -> None:
    pytest.importorskip("torch")
    spec = with_settings(load_spec(name), ["data.test=0.8"])  # few samples to train on
    specs = [spec, with_overrides(spec, backend="torch")]
    numpy, torch = (
        lrbench.run(
            spec,
            solvers=["sgd", "wngrad[scope=row]", "adagrad-norm", "adam"],
            lr0=[0.003, 0.05],
            iterations=60,
            batch_size=batch_size,
            target="accuracy=60%",
        ).problems[0]
        for spec in specs
    )
    for own, other in zip(numpy.runs, torch.runs, strict=True):
        assert (own.lane, own.status, own.status_at) == (other.lane, other.status, other.status_at)
        assert own.trace.keys() == other.trace.keys()
        for column in own.trace.keys() - {"seconds"}:
            expected, found = np.array(own.trace[column]), np.array(other.trace[column])
            np.testing.assert_allclose(found, expected, rtol=1e-10, err_msg=column)
    assert len(numpy.verdicts) == len(torch.verdicts) > 0
    for verdict, of_torch in zip(numpy.verdicts, torch.verdicts, strict=True):
        assert of_torch.bound_verdict == verdict.bound_verdict
        assert of_torch.hypotheses == verdict.hypotheses


def test_float32_has_the_verdicts_of_float64() -> None:
    """And rows that differ by its rounding."""
    pytest.importorskip("torch")
    found = [
        lrbench.run(
            with_overrides(load_spec("mlp-digits"), backend=backend),
            solvers=["adagrad-norm", "wngrad"],
            lr0=[0.01, 0.1],
            iterations=60,
        ).problems[0]
        for backend in ("numpy", "torch[dtype=float32]")
    ]
    exact, rounded = ([v.bound_verdict for v in problem.verdicts] for problem in found)
    assert exact == rounded
    assert "pass" in exact
    for own, other in zip(*(problem.runs for problem in found), strict=True):
        differences = np.abs(other.trace["objective"] / own.trace["objective"] - 1.0)
        assert 0.0 < differences.max() < 1e-5


@pytest.mark.parametrize("backend", ["torch", "torch[dtype=float32]"])
def test_a_sweep_is_stored_resumed_and_spread_over_workers(
    backend: str, tmp_path: Path, invoke: Any
) -> None:
    pytest.importorskip("torch")
    file = tmp_path / "r.json"
    command = ["sweep", "-p", "resnet-digits-bn", "-s", "wngrad[scope=layer]", "-s", "adam", *SMALL]
    command += ["--backend", backend, "--batch-size", "40", "--lr0", "0.01,0.1,1,10,1e300"]
    command += ["--passes", "3", "--target", "accuracy=20%", "--format", "json"]
    alone = invoke(*command)
    assert alone.code == 0, alone.err
    stored = invoke(*command, "--store", str(tmp_path / "s.db"), "--save", str(file))
    resumed = invoke(*command, "--store", str(tmp_path / "s.db"), "-j", "2")
    spread = invoke(*command, "-j", "2")
    jsonschema.validate(json.loads(alone.out), json.loads(SCHEMA.read_text()))
    sweeps = [json.loads(o.out)["problems"][0]["sweep"] for o in (alone, stored, resumed, spread)]
    assert all(sweep == sweeps[0] for sweep in sweeps)
    (problem,) = Result.load(file).problems
    assert problem.header.model == "resnet[channels=2,blocks=1,activation=relu,normalisation=batch]"
    about = problem.header.backend
    assert about is not None
    assert (about.name, about.device) == ("torch", "cpu")
    assert (about.gradient_error is None) == (backend == "torch")
    by_numpy = invoke(*command, "-p", "mlp-digits", "--backend", "numpy")
    assert by_numpy.code == 2


def test_pages_say_what_computed_them(invoke: Any, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    command = (*RUN, "-p", "mlp-digits", "--set", "model.hidden=[4]")
    assert "torch" not in invoke(*command).out
    file = tmp_path / "r.json"
    page = " ".join(invoke(*command, "--backend", "torch", "--save", str(file)).out.split())
    assert "float64 on cpu" in page
    assert "of float64" not in page
    shown = " ".join(invoke("show", str(file)).out.split())
    assert "float64 on cpu" in shown
    page = " ".join(invoke(*command, "--backend", "torch[dtype=float32]").out.split())
    assert "float32 on cpu, gradient at w_0 within" in page
    header = Result.load(file).problems[0].header.backend
    assert header is not None
    assert plain(header)["dtype"] == "float64"


def test_cells_of_another_backend_are_not_taken_from_the_store(tmp_path: Path, invoke: Any) -> None:
    pytest.importorskip("torch")
    store = tmp_path / "s.db"
    command = ["sweep", "-p", "mlp-digits", "-s", "sgd", "--set", "model.hidden=[3]", "-n", "3"]
    command += ["--lr0", "0.1,1", "--target", "loss=2", "--store", str(store)]
    for backend in ("numpy", "torch", "torch[dtype=float32]"):
        dry = [*command, "--backend", backend, "--dry-run"]
        assert "stored   0 of them" in invoke(*dry).out
        assert invoke(*command, "--backend", backend).code == 0
        assert "stored   2 of them" in invoke(*dry).out


def test_a_check_may_name_a_backend(tmp_path: Path, invoke: Any) -> None:
    pytest.importorskip("torch")
    config = tmp_path / "lrbench.toml"
    config.write_text(
        '[[check]]\nname = "net"\nproblem = "mlp-digits"\nbackend = "torch"\ndevice = "cpu"\n'
        'solver = ["adagrad-norm"]\nlr0 = [0.1]\niterations = 5\nexpect = ["test_loss <= 3"]\n'
    )
    outcome = invoke("check", "--config", str(config))
    assert outcome.code == 0, outcome.err
    config.write_text(config.read_text().replace('"torch"', '"numpy"'))
    assert "device cpu is of torch" in invoke("check", "--config", str(config)).err
