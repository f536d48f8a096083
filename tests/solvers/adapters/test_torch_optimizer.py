"""Optimisers of torch as solvers: lanes, closures, modes of evaluation, files, other processes."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stdout
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import Array, linear_problem, run, run_healthy, task, walk_along

import lrbench
from lrbench.contract import outcomes_of, subject_of
from lrbench.errors import LrbenchError
from lrbench.experiment.store.keys import source_of
from lrbench.objective.linear.problem import LinearProblem
from lrbench.objective.minibatches import Minibatches
from lrbench.objective.oracle import Ball
from lrbench.plugins import packed
from lrbench.results import Status
from lrbench.solvers.adapters import base
from lrbench.solvers.base import Solver
from lrbench.solvers.build import build_solver, solver_class

torch = pytest.importorskip("torch")

RATES = np.array([0.02, 0.31, 0.07])

OPTIMISER = '''\
import torch


class Signed(torch.optim.Optimizer):
    """Steps along the signs of the gradient."""

    def __init__(self, params, lr, power=0.5, last=-1):
        if power < 0:
            raise ValueError(f"power = {power} is negative.")
        super().__init__(params, {"lr": lr})
        self.power, self.last, self.t = power, last, 0

    @torch.no_grad()
    def step(self, closure=None):
        print("a step")
        if self.t == self.last:
            raise ArithmeticError("no more")
        self.t += 1
        for group in self.param_groups:
            for p in group["params"]:
                p -= group["lr"] / self.t**self.power * torch.sign(p.grad)
'''


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file with an optimiser of the user."""
    path = tmp_path / "my_opt.py"
    path.write_text(OPTIMISER)
    return path


def logistic() -> LinearProblem:
    w0 = np.array([0.3, -0.2, 0.5, 0.1])
    return linear_problem("logistic", 23, 4, weight=0.05, w0=w0, seed=2)


def closure_of(problem: LinearProblem, optimizer: Any, w: Any) -> Any:
    """Return a closure as the users of torch write it, with the gradients of torch."""
    data: Any = problem.data.X
    X, y = torch.from_numpy(data), torch.from_numpy(problem.y)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = torch.nn.functional.softplus(-y * (X @ w)).mean() + 0.025 * (w**2).sum()
        loss.backward()
        return loss.detach()

    return closure


def own_loop(problem: LinearProblem, name: str, **arguments: Any) -> tuple[Array, Any]:
    """Return twelve iterates of a loop in torch, and the optimiser."""
    w = torch.nn.Parameter(torch.from_numpy(problem.w0.copy()))
    optimizer = getattr(torch.optim, name)([w], **arguments)
    out = []
    for _ in range(12):
        optimizer.step(closure_of(problem, optimizer, w))
        out.append(w.detach().numpy().copy())
    return np.array(out), optimizer


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("Adam[beta1=0.8,beta2=0.95,amsgrad=true]", {"betas": (0.8, 0.95), "amsgrad": True}),
        ("NAdam[momentum_decay=0.01]", {"momentum_decay": 0.01}),
        ("Rprop[eta1=0.4,eta2=1.3]", {"etas": (0.4, 1.3)}),
        ("ASGD", {}),
        ("LBFGS[max_iter=4,history_size=3]", {"max_iter": 4, "history_size": 3}),
        ("LBFGS[line_search_fn=strong_wolfe]", {"line_search_fn": "strong_wolfe"}),
        ("LBFGS[max_eval=3]", {"max_eval": 3}),
    ],
)
def test_the_iterates_are_those_of_a_loop_in_torch(text: str, arguments: dict[str, Any]) -> None:
    problem = logistic()
    solver, spec = build_solver(f"torch:torch.optim.{text}")
    assert str(spec) == f"torch:torch.optim.{text}"
    seen = [W.copy() for W, *_ in islice(walk_along(problem, solver, RATES), 12)]
    for k, lr in enumerate(RATES.tolist()):
        expected, _ = own_loop(problem, text.partition("[")[0], lr=lr, **arguments)
        np.testing.assert_allclose(np.array(seen)[:, :, k], expected, rtol=1e-9, atol=1e-12)


def test_what_a_closure_evaluates_is_metered() -> None:
    problem = logistic()
    solver, _ = build_solver("torch:torch.optim.LBFGS[max_iter=4]")
    runs = run_healthy(task(problem, solver, RATES.tolist(), 12))
    for lane, lr in zip(runs, RATES.tolist(), strict=True):
        _, optimizer = own_loop(problem, "LBFGS", lr=lr, max_iter=4)
        evaluations = optimizer.state[optimizer.param_groups[0]["params"][0]]["func_evals"]
        assert evaluations > 12
        assert lane.trace["sample_gradients"][-1] == evaluations * problem.n_samples
        assert lane.trace["sample_values"][-1] == evaluations * problem.n_samples


NAMES = ["torch:torch.optim.Adam", "torch:prodigyopt.Prodigy", "torch:schedulefree.SGDScheduleFree"]


def made(name: str) -> Solver:
    pytest.importorskip(name.split(":")[1].split(".")[0])
    return build_solver(name)[0]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("pad_to", [1, 4])
def test_lanes_that_end_leave_the_others_as_they_were(name: str, pad_to: int) -> None:
    """Padding repeats a lane, whose optimiser must not make its steps twice."""
    problem, solver = logistic(), made(name)
    batch = Minibatches(problem.n_samples, 6, "replacement", seed=3)
    rates = [0.02, 0.31, 0.07, 0.11, 0.4, 0.015]
    together = run_healthy(task(problem, solver, rates, 30, batch=batch, pad_to=pad_to))
    levels = [lane.trace["suboptimality"] for lane in together]
    target = float(np.median([np.min(level) for level in levels]))
    ended = run_healthy(task(problem, solver, rates, 30, batch=batch, pad_to=pad_to, target=target))
    lengths = {len(lane.trace["objective"]) for lane in ended}
    assert len(lengths) > 2
    for whole, lane in zip(together, ended, strict=True):
        rows = len(lane.trace["objective"])
        expected = whole.trace["objective"][:rows]
        np.testing.assert_allclose(lane.trace["objective"], expected, rtol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_checkpoints_do_not_change_the_steps(name: str) -> None:
    """The modes of evaluation and of training are no steps."""
    problem, solver = logistic(), made(name)
    often, seldom = (
        run_healthy(task(problem, solver, RATES.tolist(), 30, checkpoints=marks))
        for marks in (range(31), [0, 17, 30])
    )
    for one, other in zip(often, seldom, strict=True):
        assert one.iterates["last"].tobytes() == other.iterates["last"].tobytes()
        assert one.trace["objective"][17] == other.trace["objective"][1]


def test_the_answer_is_what_the_mode_of_evaluation_has() -> None:
    schedulefree = pytest.importorskip("schedulefree")
    problem = logistic()
    solver, _ = build_solver("torch:schedulefree.AdamWScheduleFree[warmup_steps=3]")
    runs = run_healthy(task(problem, solver, RATES.tolist(), 12))
    for lane, lr in zip(runs, RATES.tolist(), strict=True):
        w = torch.nn.Parameter(torch.from_numpy(problem.w0.copy()))
        optimizer = schedulefree.AdamWScheduleFree([w], lr=lr, warmup_steps=3)
        optimizer.train()
        closure = closure_of(problem, optimizer, w)
        for _ in range(12):
            optimizer.step(closure)
        optimizer.eval()
        loss = float(closure())
        assert lane.trace["objective_output"][-1] == pytest.approx(loss, rel=1e-12)
        assert lane.trace["objective"][-1] != pytest.approx(loss, rel=1e-6)


def test_a_parameter_may_have_a_value_for_each_lane() -> None:
    problem, decays = logistic(), [0.5, 0.9, 0.99]
    solver, _ = build_solver("torch:torch.optim.Adam")
    together = run_healthy(task(problem, solver, [0.1] * 3, 20, parameters={"beta1": decays}))
    for lane, beta1 in zip(together, decays, strict=True):
        alone, _ = build_solver(f"torch:torch.optim.Adam[beta1={beta1}]")
        (expected,) = run_healthy(task(problem, alone, [0.1], 20))
        np.testing.assert_allclose(lane.iterates["last"], expected.iterates["last"], rtol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_no_iterate_leaves_the_ball(name: str) -> None:
    problem, solver = logistic(), made(name)
    ball = Ball(problem.w0, 0.2)
    rates = np.array([0.1, 3.0, 40.0])
    for W, *_ in islice(walk_along(problem, solver, rates, ball=ball), 40):
        assert np.linalg.norm(W - problem.w0[:, None], axis=0).max() <= 0.2 * (1 + 1e-14)


def test_the_answer_is_that_of_the_projected_iterate() -> None:
    solver, problem = made("torch:schedulefree.SGDScheduleFree[momentum=0.7]"), logistic()
    steps = walk_along(problem, solver, np.array([0.3, 3.0]), ball=Ball(problem.w0, 0.2))
    for W, _, state, _ in islice(steps, 3, 4):
        output = solver.output(W, state)
        assert output is not None
        for k, lane in enumerate(state):
            z = lane.optimizer.state[lane.parameter]["z"].numpy()
            expected = W[:, k] + (1.0 - 1.0 / 0.7) * (z - W[:, k])
            np.testing.assert_allclose(output[:, k], expected, rtol=1e-12)


def test_an_optimiser_in_a_file_runs_beside_others(file: Path) -> None:
    printed = io.StringIO()
    with redirect_stdout(printed):
        result = lrbench.run(
            "logreg",
            solvers=["wngrad", f"torch:{file}:Signed", f"torch:{file}:Signed[power=0.7]"],
            lr0=[0.1, 1.0],
            iterations=8,
        )
    assert printed.getvalue() == ""
    runs = result.problems[0].runs
    assert [str(r.solver) for r in runs[::2]] == [
        "wngrad[order=current]",
        f"torch:{file}:Signed",
        f"torch:{file}:Signed[power=0.7]",
    ]
    assert all(r.status is not Status.FAILED for r in runs)
    assert runs[2].trace["objective"][-1] != runs[4].trace["objective"][-1]


def test_an_exception_is_a_failed_run_with_file_line_and_iteration(file: Path) -> None:
    solver, _ = build_solver(f"torch:{file}:Signed[last=5]")
    for lane in run(task(logistic(), solver, RATES.tolist(), 9)):
        assert lane.status is Status.FAILED
        assert lane.error == "ArithmeticError: no more (my_opt.py, line 17, iteration 5)"


@pytest.mark.slow
def test_workers_have_the_text_of_the_file(file: Path) -> None:
    options: dict[str, Any] = {"lr0": [0.1, 1.0], "iterations": 6, "replicates": 3}
    name = f"torch:{file}:Signed"
    alone = lrbench.run("logreg", solvers=[name], batch_size=8, jobs=1, **options)
    workers = lrbench.run("logreg", solvers=[name], batch_size=8, jobs=2, **options)
    for one, other in zip(alone.problems[0].runs, workers.problems[0].runs, strict=True):
        assert one.trace["objective"].tobytes() == other.trace["objective"].tobytes()


def test_another_process_makes_the_solver_of_the_same_versions(file: Path) -> None:
    solver, _ = build_solver(f"torch:{file}:Signed[power=0.7]")
    sent = packed(solver)
    file.unlink()
    assert vars(sent.unpacked(Solver)) == {"power": 0.7, "last": -1.0}
    versions = tuple(v.replace("torch 2", "torch 1") for v in sent.origin.versions)
    other = replace(sent, origin=sent.origin._replace(versions=versions))
    with pytest.raises(LrbenchError) as refused:
        other.unpacked(Solver)
    here = torch.__version__
    assert refused.value.message == (
        f"torch {here} is in the worker, and torch 1{here[1:]} in this process."
    )
    assert refused.value.hint == "install the same versions in both places."


def test_a_worker_without_torch_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = packed(build_solver("torch:torch.optim.Adam")[0])
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(LrbenchError) as refused:
        sent.unpacked(Solver)
    assert refused.value.message == (
        "torch is not installed, and solver torch:torch.optim.Adam needs it."
    )


def test_stored_cells_are_of_a_version_and_of_the_text(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"torch:{file}:Signed"
    sources = [source_of(solver_class(name)), source_of(solver_class(name))]
    file.write_text(OPTIMISER + "\n# edited\n")
    sources.append(source_of(solver_class(name)))
    base.adapted.cache_clear()
    monkeypatch.setattr(base, "_version", lambda package: "7.1" if package == "torch" else "")
    sources.append(source_of(solver_class(name)))
    assert sources[0] == sources[1]
    assert len(set(sources)) == 3
    assert len({source.split()[0] for source in sources}) == 1
    base.adapted.cache_clear()


def test_the_threads_of_torch_are_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    solver, _ = build_solver("torch:torch.optim.SGD")
    step = torch.optim.SGD.step

    def observed(self: Any) -> None:
        seen.append(torch.get_num_threads())
        step(self)

    monkeypatch.setattr(torch.optim.SGD, "step", observed)
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        next(walk_along(logistic(), solver, RATES))
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
    assert seen == [1, 1, 1]


REFUSED = [
    (
        "torch:Adam",
        "solver torch:Adam names no module.",
        "did you mean torch:torch.optim.Adam?",
    ),
    (
        "torch:Ada",
        "solver torch:Ada names no module.",
        "lrbench list solvers torch has those that are installed.",
    ),
    (
        "torch:torch.optim.Adem",
        "there is no 'Adem' in torch.optim.",
        "did you mean Adam?",
    ),
    (
        "torch:torch.optm.Adam",
        "there is no module 'torch.optm', which solver torch:torch.optm.Adam names.",
        "lrbench list solvers torch has those that are installed.",
    ),
    (
        "torch:nowhere_installed.Opt",
        "nowhere_installed is not installed, and solver torch:nowhere_installed.Opt needs it.",
        "install it: pip install nowhere_installed.",
    ),
    (
        "torch:torch.optim.Optimizer",
        "torch.optim.Optimizer is a class, and no torch.optim.Optimizer.",
        "lrbench list solvers torch has the optimisers that are installed.",
    ),
    (
        "torch:torch.nn",
        "torch.nn is of type module, and no torch.optim.Optimizer.",
        "lrbench list solvers torch has the optimisers that are installed.",
    ),
    (
        "torch:torch.optim.Adam[beta1=2]",
        "solver torch:torch.optim.Adam: ValueError: Invalid beta parameter at index 0: 2.0.",
        "Adam gets a vector, its gradient, and its value if it asks for it: give other arguments,"
        " or name another one.",
    ),
    (
        "torch:torch.optim.Adam[amsgrad=yes]",
        "solver torch:torch.optim.Adam: amsgrad cannot be 'yes'.",
        "choose from false, true.",
    ),
    (
        "torch:torch.optim.Adam[eps=small]",
        "solver torch:torch.optim.Adam: eps cannot be 'small'.",
        "give a number: eps=1.",
    ),
    (
        "torch:torch.optim.Adam[lr=1]",
        "solver torch:torch.optim.Adam has no parameter 'lr'.",
        "it is an option of its own, for all solvers: give --lr0 1.",
    ),
    ("torch:none.py:Opt", "there is no file none.py.", None),
    (
        "torch:none.py",
        "solver torch:none.py names nothing in the file.",
        "write torch:none.py:NAME.",
    ),
]


@pytest.mark.parametrize(("text", "message", "hint"), REFUSED, ids=[text for text, *_ in REFUSED])
def test_what_is_no_optimiser_is_refused(text: str, message: str, hint: str | None) -> None:
    with pytest.raises(lrbench.LrbenchError) as refused:
        build_solver(text)
    assert refused.value.message == message
    assert hint is None or refused.value.hint == hint


def test_what_an_optimiser_cannot_do_is_said(invoke: Any) -> None:
    outcome = invoke("run", "-p", "logreg", "-s", "torch:torch.optim.SparseAdam", "-n", "3")
    assert outcome.code == 3
    assert "SparseAdam does not support dense gradients" in outcome.err
    outcome = invoke("run", "-p", "logreg", "-s", "torch:torch.optim.Muon", "-n", "3")
    assert outcome.code == 2
    assert "Muon only supports 2D parameters" in outcome.err


def test_what_is_installed_is_listed(invoke: Any) -> None:
    outcome = invoke("list", "solvers", "torch")
    assert outcome.code == 0
    assert "torch:torch.optim.Adam " in outcome.out
    outcome = invoke("list", "solvers", "torch:torch.optim.Adam")
    assert "parameters: beta1 = 0.9, beta2 = 0.999" in outcome.out


PARTICULAR = '''\
import torch


class Particular(torch.optim.SGD):
    """One of its arguments is a whole number, and it says something when it is made."""

    def __init__(self, params, lr, every=11, momentum=0.5):
        print("made with every =", every)
        self.pace = [1.0] * 20
        super().__init__(params, lr, momentum=momentum)

    def step(self, closure=None):
        for group in self.param_groups:
            self.pace[0 : self.every_of()]
        super().step(closure)

    def every_of(self):
        return 1


class Wild(torch.optim.SGD):
    """Its random numbers are its own."""

    def step(self, closure=None):
        for group in self.param_groups:
            group["lr"] *= torch.rand(()).item()
        super().step(closure)
'''


@pytest.mark.slow
def test_advice_on_rules_is_not_given_on_optimisers(tmp_path: Path, capfd: Any) -> None:
    (tmp_path / "part.py").write_text(
        PARTICULAR.replace("return 1", "return self.every").replace(
            "self.pace =", "self.every = every; self.pace ="
        )
    )
    solver, _ = build_solver(f"torch:{tmp_path}/part.py:Particular")
    assert {o.verdict for o in outcomes_of(subject_of(solver))} == {"pass"}
    said = capfd.readouterr().err.splitlines()
    assert sum(line == "made with every = 11" for line in said) == 1
    wild, _ = build_solver(f"torch:{tmp_path}/part.py:Wild")
    broken = [o for o in outcomes_of(subject_of(wild)) if o.verdict == "fail"]
    assert [o.contract.key for o in broken] == ["reproducible"]
    assert broken[0].sentence.endswith(" a run after another is not the same from step 1 on.")
