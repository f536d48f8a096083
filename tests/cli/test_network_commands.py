"""Networks on the command line: pages, targets, the store, workers, and what is refused."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

import lrbench
from lrbench import load_problem
from lrbench.errors import DataError, UsageError
from lrbench.objective.minibatches import Minibatches
from lrbench.objective.network.architecture import Mlp
from lrbench.problem_files import (
    build_problem,
    canonical,
    load_spec,
    spec_from_data,
    with_settings,
)
from lrbench.results import SCHEMA, Result

SMALL = ("--set", "model.hidden=[6,5]", "--batch-size", "40", "--lr0", "0.1,1,1e300")


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (("-s", "fista"), "fista needs", "leave the solver out"),
        (("--set", "model.hidden=[64,0]"), "hidden is [64, 0]", "whole numbers from 1"),
        (("--set", "model.hidden=none"), "hidden is 'none'", "whole numbers from 1"),
        (("--set", "model.activation=gelu"), "activation cannot be 'gelu'", "relu"),
        (("--set", "model.other_lr=0.1"), "without a normalisation", "give normalisation"),
        (("--loss", "logistic"), "there is no loss 'logistic' of a network", "softmax"),
        (("--penalty", "l2"), "a network has no penalty", "leave"),
        (("--start", "zeros"), "the start zeros of a network", "he or glorot"),
        (("--intercept",), "no intercept", "leave it out"),
        (("--reparam", "weight-norm"), "--reparam is of a linear model", "model.normalisation"),
        (("--target", "1%"), "needs a target of F - f*", "--target loss=0.1"),
        (("--target", "loss=1%"), "is a share", "loss=0.1"),
        (("--target", "accuracy=100%"), "no run exceeds", "accuracy=95%"),
        (("--target", "accuracy=0"), "is not a share of the held-out samples", "accuracy=95%"),
        (("--strict", "-s", "sgd"), "--strict has nothing to judge", "leave --strict out"),
    ],
)
def test_what_is_refused_before_the_run(
    arguments: tuple[str, ...], message: str, hint: str, invoke: Any
) -> None:
    outcome = invoke("run", "-p", "mlp-digits", "-n", "3", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert message in " ".join(outcome.err.split())
    assert hint in " ".join(outcome.err.split())


def test_a_minibatch_of_one_has_no_deviation(invoke: Any) -> None:
    outcome = invoke("run", "-p", "mlp-digits-bn", "--batch-size", "1", "-n", "3")
    assert outcome.code == 2
    assert "layer 1 of mlp-digits-bn divides by that of each minibatch" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--loss", "softmax"), "softmax is one of networks"),
        (
            ("--set", "model.hidden=4"),
            "--set model.hidden: there is no loss 'logistic' of a network",
        ),
        (("--set", "model.hidden=4", "--loss", "softmax"), "a network has no penalty"),
        (("--set", "model.activation=tanh"), "the model mlp has no hidden layers"),
        (("--start", "he"), "the start he is one of networks"),
        (("--target", "accuracy=90%"), "is of held-out samples with classes"),
        (("--target", "loss=0.2"), "loss=0.2 is below the minimum of logreg, f* = 0.2607744"),
    ],
)
def test_what_a_linear_problem_does_not_have(
    arguments: tuple[str, ...], message: str, invoke: Any
) -> None:
    outcome = invoke("run", "-p", "logreg", "-n", "3", *arguments)
    assert outcome.code == 2
    assert message in outcome.err


def test_labels_of_networks(tmp_path: Path) -> None:
    def with_data(text: str, name: str, **more: Any) -> Any:
        (tmp_path / name).write_text(text)
        spec = with_settings(load_spec("mlp-digits"), [f"data.name={tmp_path / name}"])
        return with_settings(spec, [f"{key}={value}" for key, value in more.items()])

    rows = "3 1:1 2:2\n5 1:2\n-1 2:1 3:1\n5 1:1 3:2\n3 2:5\n"
    problem: Any = build_problem(with_data(rows, "three.svm", **{"data.test": 0.2}))
    assert problem.network.layers[-1].n_out == 3
    assert set(problem.train.y) | set(problem.test.y) == {0.0, 1.0, 2.0}
    with pytest.raises(DataError, match="has one label only"):
        build_problem(with_data("1 1:1\n1 1:2\n", "one.svm"))
    other = tmp_path / "more.svm"
    other.write_text("7 1:1\n")
    with pytest.raises(DataError, match=r"more.svm has the label 7, and .* only -1, 3, 5"):
        build_problem(with_data(rows, "three.svm", **{"data.test": other}))
    many = "".join(f"{k} 1:{k}\n" for k in range(300))
    with pytest.raises(DataError, match="300 labels, which are too many"):
        build_problem(with_data(many, "many.svm"))
    squared: Any = build_problem(with_data(many, "many.svm", loss="squared"))
    assert squared.network.layers[-1].n_out == 1


def test_settings_are_those_of_a_file() -> None:
    spec = load_spec("mlp-digits")
    assert (
        with_settings(spec, ["model.normalisation=batch"]).model == load_spec("mlp-digits-bn").model
    )
    both = with_settings(spec, ["model=mlp[hidden=9x7,activation=tanh]"])
    assert isinstance(both.model, Mlp)
    assert both.model.hidden == (9, 7)
    assert canonical(both) != canonical(spec)
    with pytest.raises(UsageError, match="the model mlp has no hidden layers"):
        with_settings(spec, ["model=mlp"])


OWN = "".join(
    f"{k % 3} " + " ".join(f"{j}:{(k * j * 7 % 11) / 10 - 0.4:g}" for j in (1, 2, 4)) + "\n"
    for k in range(45)
)


@pytest.mark.parametrize(
    "options",
    [
        ("--set", "model.hidden=[5]"),
        ("--set", "model.hidden=[5]", "--loss", "softmax"),
        ("--set", "loss=softmax", "--set", "start=he", "--set", "model.hidden=5"),
        ("--set", "model.hidden=5", "--set", "model.name=mlp", "--set", "start.seed=0"),
        ("--loss", "softmax", "--penalty", "none", "--start", "he", "--set", "model=mlp[hidden=5]"),
        ("--set", 'model={name="mlp",hidden=[5],activation="relu"}', "--set", "data.scale=none"),
    ],
)
def test_a_network_on_own_data_whatever_the_order(
    options: tuple[str, ...], tmp_path: Path, invoke: Any
) -> None:
    (tmp_path / "own.svm").write_text(OWN)
    common = ("-s", "sgd", "--lr0", "0.1", "--batch-size", "9", "-n", "4")
    done = invoke("run", "-q", "-d", str(tmp_path / "own.svm"), *options, *common)
    assert done.code == 0, done.err
    page = done.out.splitlines()
    assert page[0] == "mlp-own: softmax loss of a network on own"
    assert "model    mlp[hidden=5,activation=relu], d = 43 parameters" in page  # 4 x 5 + 5 x 3 + 8
    (tmp_path / "own.toml").write_text(
        f'model = "mlp[hidden=5]"\nloss = "softmax"\n[data]\nname = "{tmp_path / "own.svm"}"\n'
        'scale = "none"\n'
    )
    of_file = invoke("run", "-q", "-p", str(tmp_path / "own.toml"), *common)
    assert of_file.out.splitlines()[-3:] == page[-3:]


def test_few_labels_are_classes_and_many_are_numbers(tmp_path: Path) -> None:
    (tmp_path / "many.svm").write_text("".join(f"{k} 1:{k}\n" for k in range(30)))
    network = ["model.hidden=[3]"]
    many = spec_from_data(str(tmp_path / "many.svm"), settings=network)
    assert (many.loss, many.start.name) == ("squared", "he")
    tanh = spec_from_data("sklearn:iris", settings=[*network, "model.activation=tanh"])
    assert (tanh.loss, tanh.start.name, tanh.penalty.name) == ("softmax", "glorot", "none")
    assert with_settings(tanh, ["model=linear", "loss=logistic"]).start.name == "zeros"
    moved = with_settings(load_spec("logreg"), [*network, "penalty=none", "loss=softmax"])
    assert (moved.start.name, moved.title) == ("he", "softmax loss of a network on breast-cancer")


def test_pages_say_which_network_and_compare_what_differs(tmp_path: Path, invoke: Any) -> None:
    files = [str(tmp_path / name) for name in ("a.json", "b.json", "c.json")]
    common = ("run", "-p", "mlp-digits", "-s", "sgd", *SMALL, "-n", "2", "--save")
    pages = [
        invoke(*common, file, *more).out.splitlines()
        for file, more in zip(
            files, ((), ("--set", "model.normalisation=weight"), ("--scale", "none")), strict=True
        )
    ]
    assert pages[0][0] == "mlp-digits: softmax loss of a network on digits"
    assert "model    mlp[hidden=6x5,activation=relu], d = 485 parameters" in pages[0]
    assert any("normalisation=weight" in line for line in pages[1])
    of_networks = invoke("compare", *files[:2])
    assert of_networks.code == 2
    assert "mlp[hidden=6x5,activation=relu,normalisation=weight] instead of mlp[" in of_networks.err
    assert "scale none instead of scale maxabs" in invoke("compare", files[0], files[2]).err


def test_a_sweep_to_an_accuracy_is_stored_and_resumed(tmp_path: Path, invoke: Any) -> None:
    store, file = tmp_path / "s.db", tmp_path / "r.json"
    command = ["sweep", "-p", "mlp-digits", "-s", "wngrad[scope=row]", "-s", "sgd", *SMALL]
    command += ["--passes", "3", "--target", "accuracy=60%", "--store", str(store)]
    first = invoke(*command, "--save", str(file))
    assert first.code == 0
    page = " ".join(first.out.split())
    assert "target held-out error <= 0.400" in page
    again = invoke(*command, "-j", "2", "--format", "json")
    saved = json.loads(file.read_text())
    resumed = json.loads(again.out)
    jsonschema.validate(saved, json.loads(SCHEMA.read_text()))
    assert resumed["problems"][0]["sweep"] == saved["problems"][0]["sweep"]
    (problem,) = Result.load(file).problems
    assert problem.header.model == "mlp[hidden=6x5,activation=relu]"
    assert problem.header.target_measure == "test_error"
    assert problem.sweep is not None
    assert len(problem.sweep.of("sgd").passes) > 0
    for run in problem.runs:
        accuracy = run.trace["test_accuracy"]
        if str(run.status) == "reached_target":
            at = list(run.trace["iteration"]).index(run.status_at)
            assert accuracy[at] >= 0.6
    shown = invoke("show", str(file))
    assert shown.code == 0
    assert "mlp-digits" in invoke("store", "list", str(store)).out


def test_a_run_ends_at_a_loss(invoke: Any) -> None:
    result = lrbench.run("mlp-digits", solvers="adam", lr0=0.01, iterations=200, target="loss=0.3")
    (run,) = result.problems[0].runs
    objective = run.trace["objective"]
    assert str(run.status) == "reached_target"
    assert objective[-1] <= 0.3 < objective[-2]
    outcome = invoke(
        "run",
        "-p",
        "mlp-digits",
        "-s",
        "adam",
        "--lr0",
        "0.01",
        "-n",
        "200",
        "--target",
        "loss=0.3",
    )
    assert "First to F <= 0.300: adam" in " ".join(outcome.out.split())


def test_an_accuracy_of_numbers_is_refused_by_its_reason(invoke: Any) -> None:
    done = invoke("run", "-p", "least-squares", "--test", "0.2", "--target", "accuracy=90%")
    assert (done.code, done.out) == (2, "")
    assert "its held-out samples have a loss and no accuracy" in " ".join(done.err.split())
    assert "--test" not in done.err


@pytest.mark.parametrize("arrival", [(), ("--arrival", "first")])
def test_a_loss_that_is_negative_is_a_target_like_any_other(
    arrival: tuple[str, ...], invoke: Any
) -> None:
    problem = load_problem("poisson")
    middle = problem.constants.f_star + 0.02 * problem.constants.delta0
    assert problem.constants.f_star < middle < 0
    command = ("sweep", "-p", "poisson", "-s", "gd", "--lr0", "0.01,0.1", *arrival, "-n")
    of_loss = invoke(*command, "300", "--target", f"loss={middle}", "--format", "json")
    of_gap = invoke(*command, "300", "--target", "2%", "--format", "json")
    passes = [
        [s["passes"] for s in json.loads(done.out)["problems"][0]["sweep"]["solvers"]]
        for done in (of_loss, of_gap)
    ]
    assert passes[0] == passes[1]
    assert any(isinstance(value, float) for value in passes[0][0])
    page = invoke(*command, "4", "--target", f"loss={middle}").out
    assert "the lowest F seen was -" in " ".join(page.split()) or "no run came below" in page
    assert "times the target" not in page


def test_weights_of_a_network_are_saved_by_layer(tmp_path: Path, invoke: Any) -> None:
    file = tmp_path / "w.npz"
    common = ("run", "-p", "mlp-digits-wn", "--set", "model.hidden=[7]", "-s", "adam", "-n", "40")
    done = invoke(*common, "--lr0", "0.01", "--save-weights", str(file), "--format", "json")
    with np.load(file) as saved:
        w = dict(saved)
    own = [name for name in w if name[-2:] in ("_1", "_2")]
    shapes = [(64, 7), (7,), (7,), (7, 10), (10,), (10,)]
    assert [w[name].shape for name in own] == shapes
    np.testing.assert_array_equal(np.concatenate([w[name].ravel() for name in own]), w["W"])
    # The network from its arrays, on the samples that were held out.
    problem: Any = build_problem(with_settings(load_spec("mlp-digits-wn"), ["model.hidden=[7]"]))

    def scores(X: Any, k: int) -> Any:
        kernel = w[f"kernel_{k}"]
        return X @ (kernel / np.linalg.norm(kernel, axis=0)) * w[f"scale_{k}"] + w[f"shift_{k}"]

    guessed = scores(np.maximum(scores(problem.test.X, 1), 0.0), 2).argmax(axis=1)
    trace = json.loads(done.out)["problems"][0]["runs"][0]["trace"]
    assert np.mean(guessed == problem.test.y) == pytest.approx(trace["test_accuracy"][-1])
    assert min(trace["objective"]) == float(w["objective"]) == trace["objective"][-1]


@pytest.mark.parametrize("scale", ["maxabs", "standard"])
def test_held_out_labels_are_predicted_from_the_saved_weights_alone(
    scale: str, tmp_path: Path, invoke: Any
) -> None:
    rng = np.random.default_rng(4)
    labels = np.array([-3.5, 2.0, 11.0])
    y = rng.integers(0, 3, 90)
    X = (np.eye(3)[y] @ rng.standard_normal((3, 4)) + 0.3 * rng.standard_normal((90, 4))) * 7 + 2
    for name, rows in (("train", slice(0, 60)), ("test", slice(60, 90))):
        pairs = (" ".join(f"{j}:{x!r}" for j, x in enumerate(row, 1)) for row in X[rows].tolist())
        lines = [f"{labels[k]} {pair}\n" for k, pair in zip(y[rows], pairs, strict=True)]
        (tmp_path / name).write_text("".join(lines))
    file = tmp_path / "w.npz"
    data = ("-d", str(tmp_path / "train"), "--test", str(tmp_path / "test"), "--scale", scale)
    model = ("--set", "model.hidden=[6]", "-s", "adam", "--lr0", "0.03", "-n", "60")
    done = invoke("run", *data, *model, "--save-weights", str(file), "--format", "json")
    with np.load(file) as saved:
        w = dict(saved)
    assert "coef" not in w
    inputs = (X[60:] - w.get("centre", 0.0)) / w["divisor"]
    hidden = np.maximum(inputs @ w["kernel_1"] + w["shift_1"], 0.0)
    outputs = hidden @ w["kernel_2"] + w["shift_2"]
    assert w["classes"].tolist() == ["-3.5", "2", "11"]
    right = w["classes"][outputs.argmax(axis=1)].astype(float) == labels[y[60:]]
    trace = json.loads(done.out)["problems"][0]["runs"][0]["trace"]
    assert min(trace["objective"]) == trace["objective"][-1]
    assert right.mean() == pytest.approx(trace["test_accuracy"][-1])
    assert right.mean() > 0.8


def test_a_network_has_features_and_parameters(invoke: Any) -> None:
    page = invoke("list", "problems", "mlp-digits").out
    assert "n_features: 64\nn_parameters: 8970\n" in page
    assert "n_parameters" not in invoke("list", "problems", "logreg").out


def test_a_dry_run_says_nothing_of_an_optimum_that_there_is_not(invoke: Any) -> None:
    done = invoke("run", "-p", "mlp-digits", *SMALL[:2], "-s", "sgd", "-n", "5", "--dry-run")
    assert done.out.startswith("mlp-digits: 1 cell of 5 iterations, 5 passes\n")
    assert "optimum" not in done.out
    assert "row blocks" not in done.out
    linear = invoke("run", "-p", "logreg", "-s", "sgd,adam", "-n", "5", "--dry-run").out
    assert linear.startswith("logreg: 2 cells of")
    assert "row blocks" in linear
    assert "The certified optimum is not counted" in linear


def test_a_network_too_large_for_memory_is_refused_before_any_array(invoke: Any) -> None:
    tracemalloc.start()
    try:
        done = invoke("run", "-p", "mlp-digits", "--set", "model.hidden=[100000,100000]")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (done.code, done.out) == (2, "")
    assert "has 1e+10 parameters, which would be 80 GB" in " ".join(done.err.split())
    assert peak < 100 << 20


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (("--over", "scope"), "wngrad has no number of this name", "-s 'wngrad[scope=row]'"),
        (("--over", "order=1,2"), "wngrad has no number of this name", "-s 'wngrad[order=lagged]'"),
    ],
)
def test_words_are_no_axis_and_the_hint_says_how_to_compare_them(
    arguments: tuple[str, ...], message: str, hint: str, invoke: Any
) -> None:
    done = invoke("sweep", "-p", "mlp-digits", "-s", "wngrad", *arguments, "--target", "loss=1")
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert hint in done.err


def test_figures_of_networks_say_what_they_lack(tmp_path: Path, invoke: Any) -> None:
    file = str(tmp_path / "r.json")
    command = ("run", "-p", "mlp-digits", *SMALL[:4], "-s", "sgd", "-n", "5")
    late = ("run", "-p", "mlp-digits", "--batch-size", "64", "-s", "sgd", "-n", "9")
    drawn = invoke(*late, "--lr0", "1e30", "--plot", "-").out
    assert "! diverged" in drawn  # with points before
    assert drawn.rstrip().endswith("every run diverged")
    invoke(*command, "--lr0", "0.1,0.2", "--save", file)
    done = invoke("plot", file, "--iterate", "average")
    assert (done.code, done.out) == (2, "")
    assert "no F - f* at the average" in done.err
    script = tmp_path / "s.py"
    of_file = invoke("plot", file, "--iterate", "average", "--script", str(script))
    assert of_file.err == done.err
    assert "the values are 0.1, 0.2." in invoke("plot", file, "--value", "3").err


def test_a_check_may_be_of_f_itself(tmp_path: Path, invoke: Any) -> None:
    config = tmp_path / "lrbench.toml"
    config.write_text(
        '[[check]]\nname = "net"\nproblem = "mlp-digits"\nset = ["model.hidden=[6]"]\n'
        'solver = ["sgd"]\nlr0 = [0.1]\niterations = 5\n'
        'expect = ["objective[at=5] <= 2.5", "objective >= 2.5", "suboptimality <= 1"]\n'
    )
    said = " ".join(invoke("check", "--config", str(config)).out.split())
    result = lrbench.run(
        with_settings(load_spec("mlp-digits"), ["model.hidden=[6]"]),
        solvers="sgd",
        lr0=0.1,
        iterations=5,
    )
    (run,) = result.problems[0].runs
    assert 0 < run.trace["objective"][-1] < 2.5
    assert f"FAIL {run.trace['objective'][-1]:.6g} >= 2.5" in said
    assert "<= 2.5" not in said  # it is kept, and only what fails is listed
    assert "f* is not known: objective is F itself" in said


def test_stochastic_theorems_refuse_the_biased_gradients_of_batch_norm(invoke: Any) -> None:
    outcome = invoke(
        *("run", "-p", "mlp-digits-bn", "-s", "adagrad-norm", "--batch-size", "20", "-n", "3"),
        "--theory",
    )
    assert outcome.code == 0
    assert "batch normalisation: the gradient of a minibatch is biased" in " ".join(
        outcome.out.split()
    )


def test_seeds_have_starts_of_their_own() -> None:
    result = lrbench.run("mlp-digits", solvers="sgd", iterations=2, batch_size=9, replicates=3)
    starts = [run.trace["objective"][0] for run in result.problems[0].runs]
    assert len(set(starts)) == 3
    assert np.ptp(starts) < 1.0


def test_a_baseline_gates_the_seeds_that_the_last_bit_of_the_start_does_not_move(
    tmp_path: Path, invoke: Any
) -> None:
    config = tmp_path / "lrbench.toml"
    config.write_text(
        '[[check]]\nname = "net"\nproblem = "mlp-digits"\nsolver = ["wngrad"]\nlr0 = [0.1]\n'
        "iterations = 3\nbatch_size = 32\nbaseline = true\n"
    )
    saved = invoke("check", "--config", str(config), "--save-baseline")
    assert saved.code == 1  # no F - f* to compare, so that nothing is judged
    assert "f* is not known" in saved.out
    assert "Error" not in saved.err


def test_a_moved_start_moves_that_of_every_seed() -> None:
    problem = build_problem(with_settings(load_spec("mlp-digits"), ["model.hidden=[4]"]))
    step = np.linspace(0.25, 0.75, problem.n_features)
    moved = problem.started_at(problem.w0 + step)
    for seed in (0, 7):
        starts = [
            p.sampler(
                None, None, [Minibatches(p.n_samples, 8, "replacement", seed)], seeds=(seed,)
            ).iterates.start(1)[:, 0]
            for p in (problem, moved)
        ]
        assert starts[1] - starts[0] == pytest.approx(step)


def test_a_sweep_without_a_target_misses_no_run(invoke: Any) -> None:
    command = "sweep -p mlp-digits --batch-size 32 -s wngrad --lr0 0.1,1 --at 3"
    done = invoke(*command.split())
    assert done.code == 0, done.err
    assert "missing" not in done.out
