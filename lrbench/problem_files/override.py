"""Specifications changed by options, or made of options alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from lrbench.config.named import parse_named
from lrbench.data.labels import REGRESSION_ABOVE
from lrbench.data.libsvm import ZeroBased
from lrbench.data.load import DataName, load_data
from lrbench.data.scaling import check_scaling
from lrbench.errors import UsageError
from lrbench.problem_files.backend import read_backend, with_device
from lrbench.problem_files.model import (
    PER_SAMPLE,
    PenaltySpec,
    ProblemSpec,
    Split,
    StartSpec,
    check_spec,
)
from lrbench.problem_files.network import check_network
from lrbench.problem_files.parts import (
    describe,
    read_loss,
    read_penalty,
    read_reparametrisation,
    read_start,
    split_positive,
)
from lrbench.problem_files.settings import model_with, read_settings, with_settings
from lrbench.problem_files.source import as_fraction, read_data, read_test, read_zero_based

NAMES = {"logistic": "logreg", "squared": "least-squares"}
"""The first part of the name of a problem without a file, where it is not that of its loss."""


def with_overrides(
    spec: ProblemSpec,
    *,
    data: str | Path | None = None,
    loss: str | None = None,
    penalty: str | None = None,
    scale: str | None = None,
    intercept: bool | None = None,
    positive: str | Sequence[str] | None = None,
    start: str | None = None,
    reparam: str | None = None,
    backend: str | None = None,
    device: str | None = None,
    test: str | float | None = None,
    zero_based: ZeroBased | None = None,
    settings: Sequence[str] = (),
) -> ProblemSpec:
    """Return `spec` with other parts; None leaves a part as it is.

    Parameters
    ----------
    spec
        The specification to change.
    data
        Replaces the whole table ``[data]``. Unless they are given too, there is then no scaling, no
        intercept, no positive label, and nothing held out. The name becomes NAME-DATA.
    loss, penalty, scale, intercept, start
        As in a problem file; penalty and start may have parameters: ``"l2[weight=0.01]"``.
    reparam
        The normalisation in whose variables the problem is written: ``"weight-norm"``,
        ``"batch-norm[scale=fixed,gamma=2]"``, ``"none"``; the key `reparametrisation` of a file.
    backend
        What computes a network: ``"numpy"``, ``"torch"``, ``"torch[dtype=float32]"``.
    device
        Where torch computes it: ``"cpu"``, ``"cuda"``; also where `settings` have the backend.
    positive
        Labels with commas between them, or a list.
    test
        What is held out: a fraction of the samples, or data, as on the command line. A fraction
        keeps the seed of `spec`.
    zero_based
        Whether the indices of LIBSVM text, that of `test` included, count from 0.
    settings
        What changes after all that, key by key; see `lrbench.problem_files.with_settings`. Its
        model is that which the loss and the other parts are read for.

    Raises
    ------
    UsageError
        For unknown names or values, for `positive` with a regression loss, and for `zero_based`
        with data that are not LIBSVM text.
    """
    check_spec(spec)
    settings = read_settings(settings)
    options = (data, loss, penalty, scale, intercept, positive, start, reparam, test, zero_based)
    if backend is not None:
        spec = replace(spec, backend=read_backend(backend))
    if any(option is not None for option in options):
        spec = replace(spec, claims=())  # the stated constants are those of the unchanged problem
    model_before = spec.model
    if settings:
        spec = replace(spec, model=model_with(model_before, settings))
    if data is not None:
        source = read_data(data)
        name = f"{spec.name}-{source.stem}"
        spec = replace(spec, name=name, data=source, scale="none", intercept=False, positive=None)
        spec = replace(spec, test=None)
    if zero_based is not None:
        spec = _with_zero_based(spec, read_zero_based(zero_based))
    if test is not None:
        spec = _with_test(spec, test)
    if loss is not None:
        spec = replace(spec, loss=read_loss(loss, network=spec.model is not None))
    if penalty is not None:
        spec = replace(spec, penalty=read_penalty(penalty))
    if not (data is None and loss is None and penalty is None):
        spec = replace(spec, title=describe(spec.loss, spec.penalty, spec.data, spec.model))
    if scale is not None:
        check_scaling(scale)
        spec = replace(spec, scale=scale)
    if intercept is not None:
        spec = replace(spec, intercept=intercept)
    if positive is not None:
        if not spec.binary:
            raise UsageError(
                f"positive has no meaning for the {spec.loss} loss of {spec.name}.",
                "leave it out, or choose a loss for two classes such as logistic.",
            )
        spec = replace(spec, positive=split_positive(positive))
    if reparam is not None:
        spec = replace(spec, reparametrisation=read_reparametrisation(reparam))
    if start is not None:
        spec = replace(spec, start=read_start(start))
    if settings:
        spec = with_settings(replace(spec, model=model_before), settings)
    if device is not None:
        spec = replace(spec, backend=with_device(spec.backend, device))
    check_network(spec)
    return spec


def spec_from_data(
    data: str | Path,
    *,
    loss: str | None = None,
    penalty: str | None = None,
    scale: str | None = None,
    intercept: bool | None = None,
    positive: str | Sequence[str] | None = None,
    start: str | None = None,
    reparam: str | None = None,
    backend: str | None = None,
    device: str | None = None,
    test: str | float | None = None,
    zero_based: ZeroBased | None = None,
    settings: Sequence[str] = (),
) -> ProblemSpec:
    """Return the specification of a problem on data that no file describes.

    Parameters
    ----------
    data
        As on the command line: a path, ``sklearn:NAME`` …
    loss
        None stands for logistic where the data have two labels or `positive` is given, and for
        squared otherwise; of a network for softmax with few labels, and for squared with more.
    penalty
        None stands for l2 of weight 1/n_samples with a loss for two classes, and for none
        otherwise.
    scale, intercept, positive, start, reparam, backend, device, test, zero_based, settings
        See `with_overrides`. None stands for no scaling, no intercept, the larger label, zeros,
        no normalisation, NumPy, nothing held out, and zero-based where an index 0 occurs;
        `settings` may have the keys of a model, which make a network of it.

    Raises
    ------
    DataError, UsageError
        As `lrbench.data.load.load_data` and `with_overrides`.
    """
    source = read_data(data, "auto" if zero_based is None else read_zero_based(zero_based))
    model = model_with(None, settings)
    network = model is not None
    if loss is None:
        n_labels = len(np.unique(load_data(source).y))
        if network:
            loss = "softmax" if n_labels <= REGRESSION_ABOVE else "squared"
        else:
            loss = "logistic" if positive is not None or n_labels == 2 else "squared"
    loss = read_loss(loss, network=network)
    kind = parse_named(loss if model is None else str(model))[0]
    name = f"{NAMES.get(kind, kind)}-{source.stem}"
    spec = ProblemSpec(
        name, "", loss, PenaltySpec("none"), StartSpec(), source, "none", False, None
    )
    if not network and spec.binary:
        spec = replace(spec, penalty=PenaltySpec("l2", PER_SAMPLE))
    spec = replace(spec, title=describe(spec.loss, spec.penalty, spec.data))
    return with_overrides(
        spec,
        penalty=penalty,
        scale=scale,
        intercept=intercept,
        positive=positive,
        start=start,
        reparam=reparam,
        backend=backend,
        device=device,
        test=test,
        settings=settings,
    )


def _with_zero_based(spec: ProblemSpec, zero_based: ZeroBased) -> ProblemSpec:
    data, test = replace(spec.data, zero_based=zero_based), spec.test
    if isinstance(test, DataName):
        test = replace(test, zero_based=zero_based)
        test.check()
    data.check()
    return replace(spec, data=data, test=test)


def _with_test(spec: ProblemSpec, test: str | float) -> ProblemSpec:
    split = spec.test if as_fraction(test) is not None else None
    seed = split.seed if isinstance(split, Split) else None
    return replace(spec, test=read_test(test, seed, spec.data.zero_based, None))
