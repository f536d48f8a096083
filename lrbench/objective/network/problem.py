"""The problem of a network: the mean loss of its training samples."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from lrbench.arrays import NUMBER_BYTES, Index, Lanes, PerLane, Vector
from lrbench.cache.content_hash import content_hash, digest
from lrbench.cache.distributions import version_of
from lrbench.errors import DataError
from lrbench.objective.about import About, AboutBackend, ProblemFacts
from lrbench.objective.finite_sum import FiniteSum, MeanTerms, TermSampler
from lrbench.objective.linear.full import DenseFullSampler
from lrbench.objective.linear.oracle import LinearRun
from lrbench.objective.linear.plain import DenseIterates
from lrbench.objective.network.architecture import Mlp, NetworkForm
from lrbench.objective.network.backend import TorchBackend
from lrbench.objective.network.lanes_first import LanesFirst, NetworkFullOracle, NetworkTermOracle
from lrbench.objective.network.network import Network, NetworkSamples
from lrbench.objective.network.output_losses import OUTPUT_LOSSES, Softmax
from lrbench.objective.network.parts import LayerParts, PartScope
from lrbench.objective.network.start import NetworkStart, initial
from lrbench.objective.oracle import Ball
from lrbench.objective.random_numbers import RandomNumbers

if TYPE_CHECKING:
    from lrbench.objective.minibatches import Minibatches
    from lrbench.objective.problem import Sampler

BIASED = "batch normalisation: the gradient of a minibatch is biased"


class NetworkProblem(FiniteSum):
    r"""The mean loss of a network on its training samples.

    .. math:: F(w) = \frac1n \sum_{i=1}^n \varphi(\mathrm{net}_w(x_i), y_i)

    The rows of an iterate are layer by layer the weights, (n_in, n_out), the scale of each unit if
    the layer is normalised, and what is added to its score. With batch normalisation the mean and
    the deviation of a score are those of all training samples, and on a minibatch those of it.

    Parameters
    ----------
    name, about
        The problem's name in every table, and its description in reports.
    form
        The model: its layers.
    train
        The training samples.
    n_classes
        The number of classes, which targets count from 0; 0 for targets that are numbers.
    start
        How w_0 is drawn.
    test
        The samples that are held out; None for none.
    backend
        What computes the network in the place of NumPy; None for NumPy.

    Raises
    ------
    DataError
        If batch normalisation divides by 0 at w_0.
    """

    def __init__(
        self,
        name: str,
        about: About,
        form: NetworkForm,
        train: NetworkSamples,
        n_classes: int,
        start: NetworkStart,
        test: NetworkSamples | None = None,
        backend: TorchBackend | None = None,
    ) -> None:
        self.about, self.form, self.train, self.test = about, form, train, test
        self.loss_name = "softmax" if n_classes else "squared"
        self.backend, self._n_outputs = backend, n_classes or 1
        self.network = self._network(backend)
        self._start = start
        self._moved: Vector | float = 0.0
        super().__init__(name, initial(self.network.layers, start, 0), len(train.y))
        silent = self._silent_layer()
        if silent is not None:
            raise DataError(
                f"{name}: at w_0 a unit of layer {silent} has the same score for all samples, and"
                " batch normalisation divides by its deviation.",
                "take data that differ, another seed of the start, or another normalisation.",
            )

    def _network(self, backend: TorchBackend | None) -> Network:
        sizes = self.train.X.shape[1], self._n_outputs
        loss = OUTPUT_LOSSES[self.loss_name]
        if backend is None:
            assert isinstance(self.form, Mlp)  # others are refused before
            return Network(self.form, *sizes, loss)
        from lrbench.objective.network.torch_network import TorchNetwork  # which imports torch

        return TorchNetwork(self.form, *sizes, loss, backend)

    def _silent_layer(self) -> int | None:
        if not self.network.batch_normalised:
            return None
        return self.network.silent_layer(self.w0[None], self.train)

    def started_at(self, w0: Vector) -> NetworkProblem:
        """Return the problem with the start of every seed moved as `w0` is from here."""
        other = copy.copy(self)
        other._moved, other.w0 = w0 - self.w0, w0
        other.__dict__.pop("_about_backend", None)  # which is of w_0
        return other

    @cached_property
    def other_rows(self) -> Index:
        """The rows of whose length F depends, which may have a rate of their own."""
        invariant = np.zeros(self.n_features, dtype=np.bool_)
        for layer in self.network.layers:
            invariant[layer.kernel] = layer.norm != "none"
        return np.flatnonzero(~invariant)

    def parts(self, scope: PartScope) -> LayerParts:
        """Return the parts of the parameters: layers, or units."""
        return self._parts[scope]

    @cached_property
    def _parts(self) -> Mapping[PartScope, LayerParts]:
        layers = self.network.layers
        return {"layer": LayerParts(layers, "layer"), "row": LayerParts(layers, "row")}

    def mean(self, W: Lanes, samples: Index | slice) -> tuple[PerLane, Lanes]:
        """Return the mean loss of these samples, (n_lanes,), and its gradient."""
        batch = NetworkSamples(self.train.X[samples], self.train.y[samples])
        value, gradient = self.network.value_and_gradient(_lanes_first(W), batch)
        return value, gradient.T

    def value(self, W: Lanes) -> PerLane:
        """Return F of every column of `W`, (n_lanes,)."""
        return self.network.value(_lanes_first(W), self.train)

    def measures(self, W: Lanes) -> dict[str, PerLane]:
        """Return the loss on the samples held out, and for classes the share that is right."""
        if self.test is None:
            return {}
        loss, correct = np.zeros(W.shape[1]), np.zeros(W.shape[1])
        for lanes, y, values in self.network.outputs(_lanes_first(W), self.test, self.train):
            loss[lanes] += self.network.loss.value(values, y)
            if isinstance(self.network.loss, Softmax):
                correct[lanes] += self.network.loss.n_correct(values, y)
        n = len(self.test.y)
        accuracy = {"test_accuracy": correct / n} if self.loss_name == "softmax" else {}
        return {"test_loss": loss / n, **accuracy}

    def facts(self) -> ProblemFacts:
        """Return what is asked of the problem outside a run."""
        n = self.n_samples if self.network.batch_normalised else 1
        held = (self.train, *(() if self.test is None else (self.test,)))
        passing = (
            max(self.network.group_elements, n * self.network.width) * 3 * len(self.network.layers)
        )
        return ProblemFacts(
            **vars(self.about),
            loss=self.loss_name,
            backend=self._about_backend,
            digest=self._digest,
            data_bytes=sum(samples.X.nbytes + samples.y.nbytes for samples in held),
            work_bytes=NUMBER_BYTES * passing,
            biased=BIASED if self.network.batch_normalised else "",
            least_batch=2 if self.network.batch_normalised else 1,
            has_prox=False,  # nor is F convex, which proximal methods are about
            layers=self.network.layers,
            parts=True,
        )

    @cached_property
    def _about_backend(self) -> AboutBackend | None:
        """The backend, and what its rounding does to the gradient at w_0."""
        if self.backend is None:
            return None
        error = None
        if self.backend.dtype != "float64":
            exact = copy.copy(self)
            exact.network = self._network(replace(self.backend, dtype="float64"))
            own, reference = (p.mean(self.w0[:, None], slice(None))[1] for p in (self, exact))
            error = float(np.linalg.norm(own - reference) / np.linalg.norm(reference))
        return AboutBackend(
            "torch", version_of("torch"), self.backend.dtype, self.backend.device, error
        )

    def sampler(
        self,
        w_star: Vector | None,
        ball: Ball | None,
        minibatches: Sequence[Minibatches],
        *,
        dense_iterates: bool = False,
        seeds: Sequence[int] = (0,),
    ) -> Sampler:
        """Return the sampler for full batches, or for the minibatches of a single seed.

        With minibatches w_0 is that of the seed, and in full batches `w0`.
        """
        del dense_iterates
        w0 = self.w0
        if minibatches:
            (seed,) = seeds
            w0 = initial(self.network.layers, self._start, seed) + self._moved
            ball = None if ball is None else Ball(w0, ball.radius)
        iterates: DenseIterates = LanesFirst(w0)
        run = LinearRun(MeanTerms(self), w_star, ball, iterates, RandomNumbers(seeds))
        if not minibatches:
            return DenseFullSampler(run, NetworkFullOracle)
        (single,) = minibatches
        return TermSampler(run, single, NetworkTermOracle)

    def _digest(self) -> str:
        """Return a hash of the data, held-out ones included, and of all else that numbers have."""
        parts = [content_hash(self.train.X), digest(self.train.y), digest(self.w0)]
        if self.test is not None:
            parts += [content_hash(self.test.X), digest(self.test.y)]
        if self.backend is not None:  # digests of NumPy are those of earlier versions
            parts += [repr(self.backend), version_of("torch")]
        text = "\n".join([*parts, repr(self.form), repr(self._start), self.loss_name])
        return hashlib.sha256(text.encode()).hexdigest()


def _lanes_first(W: Lanes) -> Lanes:
    """Return (n_lanes, n_features): a view of iterates in Fortran order, else a copy."""
    return np.ascontiguousarray(W.T)
