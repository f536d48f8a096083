"""Networks by torch: against NumPy's, against plain torch in loops, and against differences."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lrbench.errors import DataError
from lrbench.objective.about import About
from lrbench.objective.network.architecture import LayerNorm, Mlp, NetworkForm, Resnet
from lrbench.objective.network.backend import Dtype, TorchBackend
from lrbench.objective.network.network import NetworkSamples
from lrbench.objective.network.problem import NetworkProblem
from lrbench.objective.network.start import NetworkStart

torch = pytest.importorskip("torch")
torch_layers = pytest.importorskip("lrbench.objective.network.torch_layers")

Array = NDArray[np.float64]

N, N_LANES = 23, 3
NORMS: list[LayerNorm] = ["none", "weight", "batch"]
SAMPLES: list[Any] = [slice(None), np.array([3, 20, 3, 8, 21, 14, 5])]
TORCH = TorchBackend()


def made(
    form: NetworkForm, backend: TorchBackend | None = TORCH, n_classes: int = 3, n_in: int = 23
) -> NetworkProblem:
    """Return a network on seeded samples: images of 5 x 5 pixels, of which two are missing."""
    rng = np.random.default_rng(3)
    X = rng.standard_normal((N, n_in))
    y = rng.integers(0, 3, N).astype(float) if n_classes else rng.standard_normal(N)
    held = NetworkSamples(X[:11] + 0.1, y[:11])
    about, start = About("seeded", "seeded"), NetworkStart("he")
    samples = NetworkSamples(X, y)
    return NetworkProblem("net", about, form, samples, n_classes, start, held, backend)


def points(problem: NetworkProblem, n_lanes: int = N_LANES) -> Array:
    rng = np.random.default_rng(8)
    return problem.w0[:, None] + 0.2 * rng.standard_normal((problem.n_features, n_lanes))


FORMS: list[NetworkForm] = [
    *(Mlp((7, 4), "relu", norm) for norm in NORMS),
    Mlp((6,), "tanh", "batch", 0.25),
    *(Resnet((2, 5), 2, "relu", norm) for norm in NORMS),
    Resnet((3,), 1, "tanh", "batch", 0.25),
    Resnet((1, 2, 2), 1, "tanh"),
]
RESNETS = [form for form in FORMS if isinstance(form, Resnet)]


@pytest.mark.parametrize("n_classes", [0, 3])
@pytest.mark.parametrize("form", FORMS[:4], ids=str)
def test_perceptrons_are_those_of_numpy(form: NetworkForm, n_classes: int) -> None:
    own, reference = made(form, TORCH, n_classes), made(form, None, n_classes)
    W = points(own)
    np.testing.assert_array_equal(own.w0, reference.w0)
    for samples in SAMPLES:
        (value, G), (exact, H) = (p.mean(W, samples) for p in (own, reference))
        np.testing.assert_allclose(value, exact, rtol=1e-13)
        assert np.linalg.norm(G - H) <= 1e-14 * np.linalg.norm(H)
    np.testing.assert_allclose(own.value(W), reference.value(W), rtol=1e-13)
    found, expected = own.measures(W), reference.measures(W)
    assert found.keys() == expected.keys()
    for name in found:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-13)


def plain_outputs(problem: NetworkProblem, w: Any, X: Any, fitted: Any) -> Any:
    """Return the outputs of a residual network by loops over pixels, with statistics of `fitted`.

    The images are (batch, channels, side, side); the first `len(fitted)` of the samples are those
    whose statistics count.
    """
    form, layers = problem.form, iter(problem.network.layers)
    assert isinstance(form, Resnet)
    act = getattr(torch, form.activation)
    n_fitted = len(fitted)
    padded = torch.zeros(n_fitted + len(X), 25, dtype=torch.float64)
    padded[:, :23] = torch.cat([fitted, X])

    def scores(images: Any, stride: int) -> Any:
        layer = next(layers)
        kernel = w[layer.kernel].reshape(-1, 3, 3, layer.n_out)
        if layer.norm == "weight":
            length = torch.sqrt((kernel**2).sum(dim=(0, 1, 2)))
            kernel = kernel / length * w[layer.scale]
        side = images.shape[2]
        around = torch.nn.functional.pad(images, (1, 1, 1, 1))
        rows = []
        for i in range(0, side, stride):
            for j in range(0, side, stride):
                patch = around[:, :, i : i + 3, j : j + 3]
                rows.append(torch.einsum("bcij,cijo->bo", patch, kernel))
        half = len(range(0, side, stride))
        out = torch.stack(rows, dim=2).reshape(len(images), layer.n_out, half, half)
        if layer.norm == "batch":
            known = out[:n_fitted].transpose(0, 1).flatten(1)
            mean, deviation = known.mean(1), known.std(1, unbiased=False)
            out = (out - mean[:, None, None]) / deviation[:, None, None]
            out = out * w[layer.scale][:, None, None]
        return out + w[layer.shift][:, None, None]

    passing = act(scores(padded.reshape(-1, 1, 5, 5), 1))
    for stage in range(len(form.channels)):
        for block in range(form.blocks):
            stride = 2 if stage and not block else 1
            inner = scores(act(scores(passing, stride)), 1)
            kept = torch.zeros_like(inner)
            kept[:, : passing.shape[1]] = passing[:, :, ::stride, ::stride]
            passing = act(inner + kept)
    last = next(layers)
    assert next(layers, None) is None
    kernel = w[last.kernel].reshape(last.n_in, last.n_out)
    if last.norm == "weight":
        kernel = kernel / torch.sqrt((kernel**2).sum(dim=0)) * w[last.scale]
    return (passing.mean(dim=(2, 3)) @ kernel + w[last.shift])[n_fitted:]


@pytest.mark.parametrize("form", RESNETS, ids=str)
def test_residual_networks_are_those_of_loops_over_pixels(form: Resnet) -> None:
    problem = made(form)
    assert problem.test is not None
    W = points(problem)
    found = problem.measures(W)
    for samples in SAMPLES:
        value, G = problem.mean(W, samples)
        X = torch.tensor(problem.train.X[samples])
        y = torch.tensor(problem.train.y[samples]).long()
        for lane in range(N_LANES):
            w = torch.tensor(W[:, lane], requires_grad=True)
            loss = torch.nn.functional.cross_entropy(plain_outputs(problem, w, X, X), y)
            loss.backward()
            assert value[lane] == pytest.approx(loss.item(), rel=1e-12)
            assert w.grad is not None
            own = w.grad.numpy()
            assert np.linalg.norm(G[:, lane] - own) <= 1e-12 * np.linalg.norm(own)
    held, fitted = torch.tensor(problem.test.X), torch.tensor(problem.train.X)
    y = torch.tensor(problem.test.y).long()
    for lane in range(N_LANES):
        outputs = plain_outputs(problem, torch.tensor(W[:, lane]), held, fitted)
        loss = torch.nn.functional.cross_entropy(outputs, y)
        assert found["test_loss"][lane] == pytest.approx(loss.item(), rel=1e-12)
        assert found["test_accuracy"][lane] == (outputs.argmax(1) == y).double().mean().item()


@pytest.mark.parametrize("form", RESNETS, ids=str)
def test_convolutions_of_a_few_samples_each_are_those_of_all(
    form: Resnet, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = made(form)
    W = points(problem)
    monkeypatch.setattr(torch_layers, "CONVOLVED", N)
    value, G = problem.value_and_gradient(W)
    whole = problem.measures(W)
    monkeypatch.setattr(torch_layers, "CONVOLVED", 5)
    in_pieces, own = problem.value_and_gradient(W)
    np.testing.assert_allclose(in_pieces, value, rtol=1e-12)
    assert np.linalg.norm(own - G) <= 1e-12 * np.linalg.norm(G)
    for name, values in problem.measures(W).items():
        np.testing.assert_allclose(values, whole[name], rtol=1e-12)


@pytest.mark.parametrize("form", [f for f in RESNETS if f.activation == "tanh"], ids=str)
def test_gradients_are_those_of_differences(form: Resnet) -> None:
    problem = made(form, n_classes=0)
    W = points(problem, 1)
    G = problem.value_and_gradient(W)[1]
    rng, h = np.random.default_rng(1), 1e-4
    for _ in range(3):
        D = rng.standard_normal(W.shape)
        D /= np.linalg.norm(D)
        plus, minus, far, back = (problem.value(W + c * h * D)[0] for c in (1, -1, 2, -2))
        slope = (8 * (plus - minus) - (far - back)) / (12 * h)
        assert abs(slope - float((G * D).sum())) <= 1e-9 * np.linalg.norm(G)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("form", FORMS, ids=str)
def test_a_lane_alone_has_the_bits_of_one_beside_others(form: NetworkForm, dtype: Dtype) -> None:
    problem = made(form, TorchBackend(dtype))
    W = points(problem)
    for samples in SAMPLES:
        value, G = problem.mean(W, samples)
        for lane in range(N_LANES):
            alone, G_alone = problem.mean(W[:, lane : lane + 1], samples)
            assert alone[0] == value[lane]
            np.testing.assert_array_equal(G_alone[:, 0], G[:, lane])


@pytest.mark.parametrize("elements", [1, 400, 1 << 30])
@pytest.mark.parametrize("form", FORMS, ids=str)
def test_lanes_in_one_call_are_those_one_by_one(
    form: NetworkForm, elements: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a GPU, and with the samples in pieces."""
    problem = made(form)
    W = points(problem)
    value, G = problem.value_and_gradient(W)
    held = problem.measures(W)
    monkeypatch.setattr(problem.network, "most_lanes", 1 << 30)
    monkeypatch.setattr(problem.network, "group_elements", elements)
    other, H = problem.value_and_gradient(W)
    np.testing.assert_allclose(other, value, rtol=1e-13)
    np.testing.assert_allclose(problem.value(W), value, rtol=1e-13)
    np.testing.assert_allclose(H, G, rtol=0, atol=1e-13 * np.abs(G).max())
    for name, column in problem.measures(W).items():
        np.testing.assert_allclose(column, held[name], rtol=1e-13)


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_rounding_of_float32_is_measured_at_the_start(form: NetworkForm) -> None:
    exact, rounded = made(form), made(form, TorchBackend("float32"))
    G, H = (p.value_and_gradient(p.w0[:, None])[1] for p in (exact, rounded))
    about = rounded.facts().backend
    assert about is not None
    assert about.gradient_error == np.linalg.norm(H - G) / np.linalg.norm(G)
    assert about.gradient_error is not None
    assert 1e-9 < about.gradient_error < 1e-5
    assert H.dtype == np.float64
    own = exact.facts().backend
    assert own is not None
    assert (own.name, own.dtype, own.device, own.gradient_error) == (
        "torch",
        "float64",
        "cpu",
        None,
    )
    moved = rounded.started_at(rounded.w0 + 0.1).facts().backend
    assert moved is not None
    assert moved.gradient_error != about.gradient_error


def test_backends_have_digests_of_their_own() -> None:
    form = Mlp((7, 4))
    backends = [None, TORCH, TorchBackend("float32")]
    digests = [made(form, backend).facts().digest for backend in backends]
    assert len({digest() for digest in digests if digest is not None}) == 3


def test_other_threads_of_torch_are_left_as_they_are() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        problem = made(FORMS[0])
        problem.measures(points(problem))
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("form", [FORMS[1], FORMS[6]], ids=str)
def test_a_copy_in_another_process_has_the_same_bits(form: NetworkForm) -> None:
    problem = made(form)
    copied = pickle.loads(pickle.dumps(problem))
    W = points(problem)
    np.testing.assert_array_equal(copied.mean(W, slice(None))[1], problem.mean(W, slice(None))[1])


def test_a_unit_without_variance_is_named_with_its_layer() -> None:
    X, y = np.ones((6, 9)), np.array([0.0, 1.0, 0.0, 1.0, 0.0, 1.0])
    about, start = About("seeded", "seeded"), NetworkStart("he")
    samples = NetworkSamples(X, y)
    with pytest.raises(DataError, match="net: at w_0 a unit of layer 1 has the same score"):
        NetworkProblem(
            "net", about, Mlp((4,), "relu", "batch"), samples, 2, start, None, TorchBackend()
        )
    # A convolution tells the pixels of a border from others, and a network of one pixel does not.
    one_pixel = NetworkSamples(X[:, :1], y)
    form = Resnet((2,), 1, "relu", "batch")
    with pytest.raises(DataError, match="net: at w_0 a unit of layer 1 has the same score"):
        NetworkProblem("net", about, form, one_pixel, 2, start, None, TorchBackend())


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_unit_of_equal_scores_is_lost_whatever_rounding_leaves(dtype: Dtype) -> None:
    """The mean of 37 equal scores is not always that score."""
    X, y = np.full((37, 9), 0.1), np.arange(37.0) % 2
    about, start = About("seeded", "seeded"), NetworkStart("he")
    form, backend = Mlp((40,), "relu", "batch"), TorchBackend(dtype)
    with pytest.raises(DataError, match="a unit of layer 1 has the same score"):
        NetworkProblem("net", about, form, NetworkSamples(X, y), 2, start, None, backend)
    problem = made(form, backend)
    even = NetworkSamples(np.full((37, 23), 0.1), y)
    value, G = problem.network.value_and_gradient(np.ascontiguousarray(points(problem).T), even)
    assert np.isnan(value).all()
    assert np.isnan(G).any()


@pytest.mark.parametrize("form", RESNETS, ids=str)
def test_parts_of_residual_networks_are_layers_and_channels(form: Resnet) -> None:
    problem = made(form)
    G = problem.mean(points(problem), slice(None))[1]
    n_convolutions = 1 + 2 * form.blocks * len(form.channels)
    by_layer, by_row = problem.parts("layer"), problem.parts("row")
    assert by_layer.n_parts == n_convolutions + 1
    assert by_row.n_parts == sum(layer.n_out for layer in problem.network.layers)
    for part in (by_layer, by_row):
        norms = part.norm_sq(np.asfortranarray(G))
        np.testing.assert_allclose(norms.sum(axis=0), (G**2).sum(axis=0), rtol=1e-12)
