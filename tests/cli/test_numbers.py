"""Every number on a command line, in a text of a file or in brackets is a plain ASCII decimal."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from lrbench.cli.main import group
from lrbench.cli.option_values import Number, batch_size, read_duration
from lrbench.losses import LOSSES
from lrbench.penalties import PENALTIES
from lrbench.problem_files.settings import KEYS
from lrbench.solvers import SOLVERS

ODD = ["1_000", "٣", "１", "1\u00a00", "0x10", "1e1_0"]
"""Texts that Python reads as numbers, or that look like one."""


def commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[Any]:
    """Yield every command below one, with the words that call it."""
    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        assert inner is not None
        yield from commands(inner, (*path, name))


OPTIONS = [(path, option) for path, command in commands(group) for option in command.params]

TEXTS = ("--lr0", "--at", "--target")
"""Options with numbers in a text of several."""

NUMERIC = [
    (*path, max(option.opts, key=len))
    for path, option in OPTIONS
    if isinstance(option.type, Number)
    or option.callback in (batch_size, read_duration)
    or set(option.opts) & set(TEXTS)
]


def test_python_reads_no_option_by_itself() -> None:
    assert len(NUMERIC) > 30
    for path, option in OPTIONS:
        kinds = click.types.IntParamType | click.types.FloatParamType
        assert not isinstance(option.type, kinds), (path, option.name)


@pytest.mark.parametrize("words", NUMERIC, ids=" ".join)
def test_options(words: tuple[str, ...], invoke: Any) -> None:
    needed = {"record": ("-p", "log-spectrum", "--iterates", "w.npy")}.get(words[0], ())
    for text in ODD:
        outcome = invoke(*words[:-1], *needed, f"{words[-1]}={text}")
        assert (outcome.code, outcome.out) == (2, ""), text
        assert_two_sentences(outcome.err, words[-1], text)


def assert_two_sentences(err: str, *parts: str) -> None:
    first, second = err.splitlines()
    assert first.startswith("Error: ")
    assert second.startswith("Hint: ")
    for part in parts:
        assert part in first or repr(part)[1:-1] in first


IN_TEXTS = [
    *(["--lr0", f"{text}:10:2"] for text in ODD),
    *(["--lr0", f"0.1,{text}"] for text in ODD),
    *(["--lr0", f"0.1:1:{text}"] for text in ODD),
    *(["--lr0", f"{text}/L"] for text in ODD),
    *(["--target", f"{text}%"] for text in ODD),
    *(["--lr0", text] for text in ("inf", "nan", "Infinity", "1 0")),
    *(["--start", f"normal[scale={text}]"] for text in ODD),
    *(["--start", f"normal[seed={text}]"] for text in ODD),
    *(["--penalty", f"l1[weight={text}*max]"] for text in ODD),
    *(["-d", f"generated:gaussian[n_samples={text}]"] for text in ODD),
]


@pytest.mark.parametrize("words", IN_TEXTS, ids=" ".join)
def test_texts_with_numbers(words: list[str], invoke: Any) -> None:
    outcome = invoke("run", "-p", "log-spectrum", *words)
    assert (outcome.code, outcome.out) == (2, "")
    assert_two_sentences(outcome.err)


def parameters() -> Iterator[list[str]]:
    """Yield the options that set every parameter of every part to a text that is no number."""
    for option, registry in (("--loss", LOSSES), ("--penalty", PENALTIES), ("-s", SOLVERS)):
        for name in set(registry) - {"none"}:
            part = registry.get(name)
            for field in dataclasses.fields(part) if dataclasses.is_dataclass(part) else ():
                if isinstance(field.default, float):
                    yield [option, f"{name}[{field.name}=%s]"]


@pytest.mark.parametrize("text", ["1_0", "٣"])
def test_every_parameter_in_brackets(text: str, invoke: Any) -> None:
    n_refused = 0
    for option, value in parameters():
        outcome = invoke("run", "-p", "log-spectrum", option, value % text)
        assert (outcome.code, outcome.out) == (2, ""), value
        assert_two_sentences(outcome.err, text)
        n_refused += 1
    assert n_refused > 12


NUMERIC_KEYS = {
    "loss.level": ("--loss", "quantile"),
    "loss.threshold": ("--loss", "huber"),
    "penalty.weight": ("--penalty", "l2"),
    "penalty.l1_ratio": ("--penalty", "elastic-net"),
    "penalty.lower": ("--penalty", "box"),
    "penalty.upper": ("--penalty", "box"),
    "penalty.radius": ("--penalty", "ball"),
    "start.scale": ("--start", "normal"),
    "start.seed": ("--start", "normal"),
    "data.test_seed": ("--test", "0.25"),
    "reparametrisation.gamma": ("--reparam", "weight-norm"),
    "reparametrisation.gamma_lr": ("--reparam", "weight-norm"),
    "reparametrisation.seed": ("--reparam", "weight-norm"),
    "model.hidden": ("-p", "mlp-digits"),
    "model.other_lr": ("-p", "mlp-digits-bn"),
    "model.channels": ("-p", "resnet-digits"),
    "model.blocks": ("-p", "resnet-digits"),
}


@pytest.mark.parametrize("text", ["1_0", "٣", "0x1", "1e1_0"])
def test_settings(text: str, invoke: Any) -> None:
    words = {"name", "title", "loss", "penalty", "start", "scale", "test", "reparametrisation"}
    words |= {"model", "activation", "normalisation", "backend", "dtype", "device"}
    rest = {k for k in KEYS if k.rpartition(".")[2] not in words} - set(NUMERIC_KEYS)
    assert rest == {"data.intercept", "data.positive", "data.zero_based"}
    for key, options in NUMERIC_KEYS.items():
        problem = () if "-p" in options else ("-p", "least-squares")
        outcome = invoke("run", *problem, *options, "--set", f"{key}={text}")
        assert (outcome.code, outcome.out) == (2, ""), key
        assert_two_sentences(outcome.err, key, text)


CHECKS = [
    'lr0 = "1_0"',
    'lr0 = "0.1:1:٣"',
    'expect = ["suboptimality <= 1_0"]',
    'expect = ["grad_norm_sq <= ٣"]',
    'expect = ["bound[lr0=1_0] = pass"]',
    'radius = "1_0"',
    'target = "1_0"',
    'target = "٣%"',
    'target = [0.1, "1_0%"]',
    'f_star = "٣"',
    'iterations = "1_0"',
    'batch_size = "1_0"',
    'timeout = "1_0"',
    'start = "normal[scale=1_0]"',
    'penalty = "l2[weight=٣]"',
]


@pytest.mark.parametrize("line", CHECKS)
def test_texts_of_the_gate(
    line: str, invoke: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = f'[[check]]\nname = "a"\nproblem = "log-spectrum"\n{line}\n'
    Path("lrbench.toml").write_text(text, "utf-8")
    outcome = invoke("check", "-j", "1")
    assert (outcome.code, outcome.out) == (2, "")
    assert_two_sentences(outcome.err, "lrbench.toml", "1_0" if "1_0" in line else "٣")


def test_the_variable_of_workers(invoke: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for text in ODD:
        monkeypatch.setenv("LRBENCH_JOBS", text)
        outcome = invoke("run", "-p", "log-spectrum", "-n", "1")
        assert (outcome.code, outcome.out) == (2, "")
        assert_two_sentences(outcome.err, "LRBENCH_JOBS")


def test_plain_numbers_are_read_in_all_their_forms(invoke: Any) -> None:
    words = ["run", "-p", "log-spectrum", "-q", "--format", "json"]
    plain = invoke(*words, "-s", "sgd", "--lr0", "0.5", "-n", "2", "--radius", "100")
    odd = invoke(*words, "-s", "sgd", "--lr0", "+5.E-1", "-n", " 2", "--radius", ".1e+3")
    assert plain.code == odd.code == 0
    ends = [out.split('"objective"')[1].split("]")[0] for out in (plain.out, odd.out)]
    assert ends[0] == ends[1]


def test_labels_that_differ_as_integers_stay_apart(invoke: Any, tmp_path: Path) -> None:
    path, big = tmp_path / "a.svm", 2**53
    for first, second in ((big, big + 1), (-big - 1, -big), (10**17 + 1, 10**17)):
        path.write_text(f"{first} 1:1\n{second} 1:2\n{first} 1:3\n3 2:1\n")
        outcome = invoke("run", "-d", str(path))
        assert (outcome.code, outcome.out) == (3, "")
        assert_two_sentences(outcome.err, "line ", "label", "float64")
    path.write_text(f"{big} 1:1\n{big + 2} 1:2\n{big} 1:3\n")
    for positive, code in ((big, 0), (big + 2, 0), (big + 1, 2), ("1_0", 2), ("٣", 2)):
        outcome = invoke("run", "-d", str(path), "--positive", str(positive), "-n", "1", "-q")
        assert outcome.code == code, positive
        if code:
            assert_two_sentences(outcome.err, "has no label", str(positive))
