"""What every optimiser for torch does: groups, parts, states, schedulers, types, and refusals."""

from __future__ import annotations

import copy
import io
import pickle
import subprocess
import sys
from typing import Any

import pytest

import lrbench
from lrbench.errors import LrbenchError
from lrbench.solvers.build import build_solver

torch = pytest.importorskip("torch")
optimisers = pytest.importorskip("lrbench.torch")

CLASSES = [optimisers.WNGrad, optimisers.WNAdam, optimisers.AdaGradNorm]

each_class = pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
each_path = pytest.mark.parametrize("foreach", [True, False])
each_scope = pytest.mark.parametrize("scope", ["all", "layer", "row"])


def network(dtype: Any = torch.float64) -> Any:
    """Return a small network with tensors of 0 to 4 axes, whose layers have different sizes."""
    torch.manual_seed(3)
    layers = [torch.nn.Conv2d(2, 3, 2), torch.nn.BatchNorm2d(3), torch.nn.Flatten()]
    made = torch.nn.Sequential(*layers, torch.nn.Tanh(), torch.nn.Linear(12, 5), torch.nn.PReLU())
    made.factor = torch.nn.Parameter(torch.tensor(0.7))
    return made.to(dtype)


def backward(made: Any, step: int) -> Any:
    """Compute the gradients on the minibatch of a step, and return the loss."""
    generator = torch.Generator().manual_seed(step)
    p = next(made.parameters())
    X = torch.randn(7, 2, 3, 3, generator=generator, dtype=torch.float64).to(p.dtype)
    made.zero_grad()
    loss = (made.factor * made(X) - 0.4).square().mean()
    loss.backward()
    return loss


def train(made: Any, own: Any, steps: range) -> None:
    for step in steps:
        backward(made, step)
        own.step()


def values(made: Any) -> Any:
    return torch.cat([p.detach().double().flatten() for p in made.parameters()])


def vector(*numbers: float, dtype: Any = torch.float64) -> Any:
    p = torch.nn.Parameter(torch.tensor(numbers, dtype=dtype))
    p.grad = torch.ones_like(p)
    return p


# Parts


def test_a_layer_is_a_module_and_a_row_a_unit() -> None:
    made = network()
    rows = optimisers.WNGrad(made.named_parameters(), scope="row").param_groups[0]
    layers = optimisers.WNGrad(made.named_parameters(), scope="layer").param_groups[0]
    # factor; filters with their biases; the norm's units; the layer's units; the slope
    assert len(rows["b"]) == 1 + 3 + 3 + 5 + 1
    assert len(layers["b"]) == 5


def test_tensors_of_a_module_share_rows_where_they_have_as_many() -> None:
    lstm = torch.nn.LSTM(3, 2, proj_size=1).double()
    named = dict(lstm.named_parameters())
    for k, p in enumerate(named.values(), start=1):
        p.grad = torch.full_like(p, float(k))
    own = optimisers.WNGrad(named.items(), 1.0, scope="row")
    own.step()
    # Of each gate 3 inputs, an output that comes back and two biases; then the projection.
    expected = [1.0 + 3 * 1**2 + 1 * 2**2 + 3**2 + 4**2] * 8 + [1.0 + 2 * 5**2]
    assert own.param_groups[0]["b"].tolist() == pytest.approx(expected)


@pytest.mark.parametrize(("prefix", "parts"), [("", 4), ("body.0.", 4)])
def test_a_parametrised_weight_is_of_its_module(prefix: str, parts: int) -> None:
    layer = torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(3, 4))
    named = [(prefix + name, p) for name, p in layer.named_parameters()]
    assert len(optimisers.WNGrad(named, scope="row").param_groups[0]["b"]) == parts
    assert len(optimisers.WNGrad(named, scope="layer").param_groups[0]["b"]) == 1


@each_scope
@each_class
def test_tensors_together_are_as_tensors_one_by_one(cls: Any, scope: str) -> None:
    ends = []
    for foreach in (True, False):
        made = network()
        options = {"scope": scope, "weight_decay": 0.03, "maximize": True, "foreach": foreach}
        train(made, cls(made.named_parameters(), 0.1, **options), range(20))
        ends.append(values(made))
    torch.testing.assert_close(*ends, rtol=1e-12, atol=1e-14)


@each_class
def test_to_maximise_is_to_minimise_the_negative(cls: Any) -> None:
    p, q = vector(0.3, -2.0), vector(0.3, -2.0)
    own, other = cls([p], 0.7, weight_decay=0.1), cls([q], 0.7, weight_decay=0.1, maximize=True)
    for k in range(1, 6):
        p.grad = torch.tensor([0.1 * k, -0.5], dtype=torch.float64)
        q.grad = -p.grad
        own.step()
        other.step()
    assert torch.equal(p, q)


# Groups


@each_class
def test_groups_are_methods_of_their_own(cls: Any) -> None:
    made, split = network(), network()
    names = dict(split.named_parameters())
    groups = [
        {"params": [names["0.weight"], names["0.bias"]], "lr": 0.5},
        {"params": [p for n, p in names.items() if not n.startswith("0.")], "weight_decay": 0.2},
    ]
    kept = [dict(group) for group in groups]
    own = cls(groups[:1], 0.05)
    own.add_param_group(groups[1])
    assert groups == kept
    alone = [
        cls([made[0].weight, made[0].bias], 0.5),
        cls([p for n, p in made.named_parameters() if not n.startswith("0.")], weight_decay=0.2),
    ]
    alone[1].param_groups[0]["lr"] = alone[1].param_groups[0]["lr0"] = 0.05
    alone[1].param_groups[0]["b"] *= 20.0
    for step in range(9):
        backward(made, step)
        backward(split, step)
        own.step()
        for each in alone:
            each.step()
    torch.testing.assert_close(values(split), values(made), rtol=1e-14, atol=0.0)
    b = [group["b"].item() for group in own.param_groups]
    assert b == pytest.approx([each.param_groups[0]["b"].item() for each in alone], rel=1e-14)
    assert b[0] != b[1]


def test_a_group_that_is_refused_is_not_added() -> None:
    own = optimisers.WNGrad([vector(1.0)])
    with pytest.raises(optimisers.OptimizerError, match="c is 0"):
        own.add_param_group({"params": [vector(2.0)], "c": 0})
    assert len(own.param_groups) == 1


# Gradients


@each_scope
@each_class
@each_path
def test_parameters_without_a_gradient_are_skipped(cls: Any, scope: str, foreach: bool) -> None:
    """A run in which a layer has none for some steps is one without the layer in these."""
    made = network()
    own = cls(made.named_parameters(), 0.3, scope=scope, foreach=foreach)
    backward(made, 0)
    frozen = {p: p.detach().clone() for p in made[4].parameters()}
    for p in frozen:
        p.grad = None
    before = own.param_groups[0]["b"].clone()
    own.step()
    for p, start in frozen.items():
        assert torch.equal(p, start)
        assert p not in own.state
    same = int((own.param_groups[0]["b"] == before).sum())
    assert same == {"all": 0, "layer": 1, "row": 5}[scope]
    for p in made.parameters():
        p.grad = None
    everything, b = values(made), own.param_groups[0]["b"]
    own.step()
    assert torch.equal(values(made), everything)
    assert torch.equal(own.param_groups[0]["b"], b)


def test_the_mean_of_a_parameter_has_steps_of_its_own() -> None:
    p, q = vector(0.0), vector(0.0)
    own = optimisers.WNAdam([p, q], 1.0)
    q.grad = None
    own.step()
    q.grad = torch.ones_like(q)
    own.step()
    # The gradients are 1, and so are both means after the correction; b is 1, 2, 3.
    assert [own.state[each]["step"] for each in (p, q)] == [2, 1]
    assert (p.item(), q.item()) == pytest.approx((-1 / 2 - 1 / 3, -1 / 3))


def test_the_first_step_of_raw_first_is_that_of_each_part() -> None:
    p, q = vector(1.0), vector(1.0)
    q.grad = None
    own = optimisers.WNGrad([("a.w", p), ("b.w", q)], 0.5, order="raw-first", scope="layer")
    own.step()
    assert (p.item(), own.param_groups[0]["b"].tolist()) == (0.5, [2.0, 2.0])
    q.grad = torch.ones_like(q)
    held = own.state_dict()["param_groups"][0]["started"]
    own.step()
    assert held.tolist() == [True, False]
    assert q.item() == 0.5
    assert own.param_groups[0]["b"].tolist() == [2.5, 2.0]
    own.step()
    assert own.param_groups[0]["b"].tolist() == pytest.approx([2.9, 2.5])


@each_scope
@each_class
@each_path
def test_a_gradient_of_zero_leaves_everything(cls: Any, scope: str, foreach: bool) -> None:
    p = torch.nn.Parameter(torch.arange(6.0).reshape(2, 3))
    empty = torch.nn.Parameter(torch.empty(0, 3))
    own = cls([("w", p), ("v", empty)], 1e3, scope=scope, foreach=foreach)
    b = own.param_groups[0]["b"].clone()
    p.grad, empty.grad = torch.zeros_like(p), torch.zeros_like(empty)
    own.step()
    assert torch.equal(p, torch.arange(6.0).reshape(2, 3))
    assert torch.equal(own.param_groups[0]["b"], b)


@each_class
def test_what_is_not_finite_is_seen_in_the_parameters(cls: Any) -> None:
    for bad in (float("nan"), float("inf")):
        p = vector(1.0, 2.0)
        own = cls([p])
        p.grad[0] = bad
        own.step()
        assert p[0].isnan()
        assert not own.param_groups[0]["b"].isfinite().any()


@each_class
def test_a_gradient_scaler_leaves_out_what_is_not_finite(cls: Any) -> None:
    p, q = vector(1.0, 2.0), vector(1.0, 2.0)
    own, plain = cls([p], 0.3), cls([q], 0.3)
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
    for factor in (1.0, float("inf"), 0.5):
        own.zero_grad()
        scaler.scale((factor * p).square().sum()).backward()
        scaler.step(own)
        scaler.update()
        if factor < 2.0:
            plain.zero_grad()
            (factor * q).square().sum().backward()
            plain.step()
    torch.testing.assert_close(p, q, rtol=1e-12, atol=0.0)


@each_class
@each_path
def test_squares_that_overflow_in_float32_do_not_in_b(cls: Any, foreach: bool) -> None:
    p = vector(1.0, 1.0, dtype=torch.float32)
    own = cls([p], 1.0, foreach=foreach)
    p.grad *= 3e30
    own.step()
    assert own.param_groups[0]["b"].isfinite().all()
    assert p.isfinite().all()


@each_class
def test_a_sparse_gradient_is_refused_before_any_change(cls: Any) -> None:
    embedding = torch.nn.Embedding(4, 2, sparse=True)
    p = vector(1.0, 2.0)
    own = cls([{"params": [p]}, {"params": [embedding.weight]}])
    embedding(torch.tensor([1])).sum().backward()
    with pytest.raises(optimisers.OptimizerError, match="takes no sparse gradient"):
        own.step()
    assert p.tolist() == [1.0, 2.0]


@each_class
def test_a_closure_is_called_with_gradients_and_its_loss_returned(cls: Any) -> None:
    made = network()
    own = cls(made.parameters(), 0.01)
    first = own.step(lambda: backward(made, 0))
    assert first.requires_grad
    assert own.step(lambda: backward(made, 0)).item() < first.item()
    assert own.step() is None


def test_large_gradients_in_float32_are_summed_by_blocks() -> None:
    """The squares of 300,001 equal numbers, of which float32 alone would lose the fourth digit."""
    p = torch.nn.Parameter(torch.zeros(300_001))
    p.grad = torch.full_like(p, 0.1)
    own = optimisers.WNGrad([p], 1.0)
    own.step()
    exact = 1.0 + 300_001 * float(torch.tensor(0.1, dtype=torch.float32)) ** 2
    assert own.param_groups[0]["b"].item() == pytest.approx(exact, rel=2e-6)


@each_class
def test_rates_of_rows_are_not_rounded_to_half_precision(cls: Any) -> None:
    torch.manual_seed(1)
    p = torch.nn.Parameter(torch.randn(40, 30, dtype=torch.bfloat16))
    p.grad = torch.randn_like(p)
    start, own = p.detach().double(), cls([("w", p)], 0.1, scope="row")
    own.step()
    rates = (1.0 / own.param_groups[0]["b"])[:, None]
    mean = own.state[p]["mean"].double() / 0.1 if cls is optimisers.WNAdam else p.grad.double()
    exact = (start - rates * mean).to(torch.bfloat16)
    assert (p == exact).double().mean() > 0.999


@pytest.mark.parametrize("scope", ["all", "layer"])
@pytest.mark.parametrize("lr", [1e6, 3e-8])
@each_path
def test_rates_beyond_half_precision_are_taken(scope: str, lr: float, foreach: bool) -> None:
    size = 1e3 / lr if lr > 1.0 else 6e4
    p = torch.nn.Parameter(torch.zeros(3, dtype=torch.float16))
    factor = torch.nn.Parameter(torch.tensor(0.0, dtype=torch.float16))
    named = [("a.w", p), ("a.v", factor)]
    for _, each in named:
        each.grad = torch.full_like(each, size)
    own = optimisers.WNGrad(named, lr, scope=scope, order="raw-first", foreach=foreach)
    own.step()
    for _, each in named:
        exact = (-lr * each.grad.double()).half()
        torch.testing.assert_close(each.detach(), exact, rtol=1e-3, atol=0.0)
        assert each.detach().count_nonzero() == each.numel()


# Learning rates


@each_class
def test_a_scheduler_multiplies_the_rates_and_leaves_b(cls: Any) -> None:
    """The gradients do not depend on w here, and so the same b divides all steps."""
    factors = [0.0, 0.5, 1.0, 0.25]
    p, q = vector(0.0), vector(0.0)
    own, plain = cls([p], 0.3), cls([q], 0.3)
    scheduler = torch.optim.lr_scheduler.LambdaLR(own, lambda epoch: factors[min(epoch, 3)])
    for factor in factors:
        before = (p.item(), q.item())
        own.step()
        plain.step()
        assert p.item() - before[0] == pytest.approx(factor * (q.item() - before[1]), abs=1e-16)
        scheduler.step()
    assert torch.equal(own.param_groups[0]["b"], plain.param_groups[0]["b"])


@each_class
def test_a_learning_rate_may_be_a_tensor(cls: Any) -> None:
    p, q = vector(0.0), vector(0.0)
    rate = torch.tensor(0.3)
    own, plain = cls([p], rate, foreach=False), cls([q], rate.item())
    own.step()
    rate *= 0.5
    plain.param_groups[0]["lr"] *= 0.5
    for _ in range(2):
        own.step()
        plain.step()
    assert p.item() != q.item()
    own.param_groups[0]["lr"] = 0.0
    at = p.item()
    own.step()
    assert p.item() == at


# State


@each_scope
@each_class
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_a_run_goes_on_from_a_checkpoint(cls: Any, scope: str, dtype: Any) -> None:
    made = network(dtype)
    own = cls(made.named_parameters(), 0.2, scope=scope)
    train(made, own, range(6))
    file = io.BytesIO()
    torch.save({"network": made.state_dict(), "optimiser": own.state_dict()}, file)
    held = own.state_dict()["param_groups"][0]["b"]
    at = held.clone()
    train(made, own, range(6, 12))
    assert torch.equal(held, at)  # what a state_dict holds does not go on

    file.seek(0)
    saved = torch.load(file, weights_only=True)
    other = network(dtype)
    resumed = cls(other.named_parameters(), 7.0, scope=scope)
    other.load_state_dict(saved["network"])
    resumed.load_state_dict(saved["optimiser"])
    b = resumed.param_groups[0]["b"]
    assert b.dtype == torch.float64
    assert torch.equal(b, at)
    train(other, resumed, range(6, 12))
    assert torch.equal(values(other), values(made))
    assert torch.equal(resumed.param_groups[0]["b"], own.param_groups[0]["b"])
    assert torch.equal(saved["optimiser"]["param_groups"][0]["b"], at)


@each_class
def test_b_stays_in_float64_when_parameters_are_cast(cls: Any) -> None:
    made = network()
    own = cls(made.named_parameters(), 0.2, scope="row")
    for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16, torch.float64):
        made.to(dtype)
        train(made, own, range(3))
        assert values(made).isfinite().all()
        assert own.param_groups[0]["b"].dtype == torch.float64
        assert all(p.dtype == dtype for p in made.parameters())
        for state in own.state.values():
            assert state["mean"].dtype == dtype


@each_class
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_copy_goes_on_by_itself(cls: Any, copied: Any) -> None:
    made = network()
    own = cls(made.named_parameters(), 0.2, scope="row")
    train(made, own, range(3))
    other, its = copied((made, own))
    train(made, own, range(3, 6))
    train(other, its, range(3, 6))
    assert torch.equal(values(other), values(made))
    assert torch.equal(its.param_groups[0]["b"], own.param_groups[0]["b"])


@each_class
def test_a_state_is_loaded_twice_and_by_a_copy(cls: Any) -> None:
    made = network()
    own = cls(made.named_parameters(), 0.2, scope="row")
    train(made, own, range(2))
    saved = copy.deepcopy(own.state_dict())
    for other in (own, copy.deepcopy(own), pickle.loads(pickle.dumps(own))):
        for _ in range(2):
            other.load_state_dict(saved)
        assert torch.equal(other.param_groups[0]["b"], saved["param_groups"][0]["b"])


def test_what_a_load_moved_comes_back_to_the_cpu() -> None:
    own = optimisers.WNGrad([vector(1.0, 2.0)], order="raw-first")
    own.step()
    saved = own.state_dict()
    back: list[Any] = []

    def cpu(tensor: Any, *args: Any, **kwargs: Any) -> Any:
        back.append(tensor)
        return tensor.as_subclass(torch.Tensor)

    kinds = {"cpu": cpu, "__deepcopy__": lambda tensor, memo: tensor}
    moved: Any = type("Moved", (torch.Tensor,), kinds)
    group = saved["param_groups"][0]
    for key in ("b", "started"):
        group[key] = group[key].as_subclass(moved)
    own.load_state_dict(saved)
    assert len(back) == 2
    assert {type(own.param_groups[0][key]) for key in ("b", "started")} == {torch.Tensor}


def test_a_group_of_another_optimiser_begins_anew() -> None:
    p = vector(1.0, 2.0)
    first = optimisers.WNGrad([p], 1.0, order="raw-first")
    first.step()
    second = optimisers.WNGrad(first.param_groups, 1.0, order="raw-first")
    second.step()
    assert second.param_groups[0]["b"].tolist() == [1.0]


@each_class
def test_the_state_of_another_optimiser_is_refused(cls: Any) -> None:
    p = torch.nn.Parameter(torch.zeros(3, 2))
    own = cls([("w", p)], scope="row")
    others = [torch.optim.SGD([p], 0.1)]
    others += [other([("w", p)], scope="row") for other in CLASSES if other is not cls]
    others += [cls([("w", torch.nn.Parameter(torch.zeros(4, 2)))], scope="row")]
    before = own.state_dict()
    for other in others:
        with pytest.raises(optimisers.OptimizerError, match="parameter group 0 of the state is"):
            own.load_state_dict(other.state_dict())
        assert own.state_dict() == before


# Refusals


@each_class
@pytest.mark.parametrize(
    "option",
    [
        *({"lr": lr} for lr in (0, -1.0, float("nan"), float("inf"), 1e-320, True, "0.1", None)),
        *({"lr": torch.tensor(lr)} for lr in (-1.0, [1.0, 2.0], 1j)),
        *({"weight_decay": decay} for decay in (-0.1, float("nan"), "0")),
        {"scope": "rows"},
        {"scope": None},
    ],
    ids=str,
)
def test_options_out_of_their_range(cls: Any, option: dict[str, Any]) -> None:
    with pytest.raises(optimisers.OptimizerError) as caught:
        cls([vector(1.0)], **option)
    error = caught.value
    assert isinstance(error, ValueError)
    assert isinstance(error, LrbenchError)
    assert error.message.startswith(f"{cls.__name__}: {next(iter(option))} is ")
    assert str(error) == f"{error.message}\nHint: {error.hint}"


@pytest.mark.parametrize(
    ("cls", "option"),
    [
        (optimisers.WNGrad, {"order": "first"}),
        (optimisers.WNGrad, {"c": 0.0}),
        (optimisers.WNAdam, {"beta": 1.0}),
        (optimisers.WNAdam, {"beta": -0.1}),
        (optimisers.AdaGradNorm, {"eta": -1.0}),
    ],
)
def test_options_of_a_rule_out_of_their_range(cls: Any, option: dict[str, Any]) -> None:
    with pytest.raises(optimisers.OptimizerError, match=f"{next(iter(option))} is"):
        cls([vector(1.0)], **option)


@each_class
def test_parameters_that_are_refused(cls: Any) -> None:
    with pytest.raises(optimisers.OptimizerError, match=r"no parameter of torch\.complex128"):
        cls([torch.nn.Parameter(torch.zeros(2, dtype=torch.complex128))])
    for scope in ("layer", "row"):
        with pytest.raises(optimisers.OptimizerError, match="have no names"):
            cls([vector(1.0)], scope=scope)
        with pytest.raises(optimisers.OptimizerError, match="the name 'weight'"):
            cls([("weight", vector(1.0)), ("weight", vector(2.0))], scope=scope)


def test_without_torch_the_import_says_how_to_install_it() -> None:
    code = "import sys; sys.modules['torch'] = None; import lrbench.torch"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last == (
        "ModuleNotFoundError: lrbench.torch needs torch, which is not installed."
        " Install it: pip install 'torch>=2.4'."
    )
    assert "During handling" not in done.stderr


# As solvers of lrbench


def test_on_the_command_line_an_error_has_no_hint_within_its_message() -> None:
    with pytest.raises(LrbenchError) as caught:
        build_solver("torch:lrbench.torch.WNGrad[c=-1]")
    assert caught.value.message == (
        "solver torch:lrbench.torch.WNGrad: WNGrad: c is -1.0, and not a positive number."
    )


def test_every_optimiser_is_listed() -> None:
    from lrbench.solvers.adapters.torch_optimizer import installed, is_known

    names = {f"lrbench.torch.{cls.__name__}" for cls in CLASSES}
    assert names <= set(installed())
    assert all(map(is_known, names))
    assert not is_known("lrbench.torches.WNGrad")
    assert lrbench.__all__  # the package itself needs no torch
