"""The lines of a page that describe a problem: data, model, constants and optimum."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lrbench.reports.blocks import Line, line, number
from lrbench.results import Header, PenaltyValues

if TYPE_CHECKING:
    from lrbench.objective.about import AboutBackend, AboutTest
    from lrbench.objective.constants import Constants


def problem_lines(name: str, header: Header) -> Iterator[Line]:
    """Yield the lines that describe a problem, none of which depends on a run."""
    constants = header.constants
    title = f"{name}: {header.title}" if header.title else name
    yield line(title, style="title", recurs=(name,))
    yield line(*_data(header), label="data")
    if header.test is not None:
        yield line(*test_pieces(header.test), label="test")
    for label, pieces in (
        ("model", _model(header)),
        ("loss", _loss(header)),
        ("backend", _backend(header.backend)),
        ("minimum", _minimum(constants)),
        ("start", _start(constants)),
    ):
        if texts := tuple(pieces):
            yield line(*texts, label=label)
    if doubt := constants.f_star_doubt:
        obstacle = f"{doubt}: {constants.f_star_obstacle}"
        yield line(obstacle, "so that nothing is proved of F - f* or of w*", style="warn")
    elif not constants.attained:
        yield line(f"{constants.no_minimiser}: what needs w* stays empty", style="warn")


def _data(header: Header) -> Iterator[str]:
    yield header.data
    yield header.scale if header.scale != "none" else "not scaled"
    if header.nnz is None:  # not linear: terms
        yield f"n = {header.n_samples}"
    else:
        yield f"{header.n_samples} x {header.n_features}{_intercept(header)}"
        density = header.nnz / (header.n_samples * header.n_features)
        if density < 0.5:
            yield f"{100 * density:.3g} % non-zeros"
    if header.labels:
        yield ", ".join(f"{sign} = {name}" for sign, name in header.labels.items())


def test_pieces(test: AboutTest) -> Iterator[str]:
    """Yield the held-out samples: ``16281 samples of a9a.t``."""
    samples = f"{test.n_samples} sample{'s' * (test.n_samples > 1)}"
    if test.fraction is None:
        yield f"{samples} of {test.data}"
    else:
        yield f"{100 * test.fraction:.4g} % of the samples ({test.n_samples}, seed {test.seed})"
    if test.majority is not None:
        yield f"majority {test.majority:.4f}"
    if test.features_left_out:
        yield f"{test.features_left_out} feature{'s' * (test.features_left_out > 1)} left out"


def _intercept(header: Header) -> str:
    return " (with intercept)" if header.intercept else ""


def _model(header: Header) -> Iterator[str]:
    """Yield what has other parameters than a weight for each feature, and their number."""
    if header.nnz is not None:
        return
    if header.model not in ("", "linear"):
        yield header.model
    if header.reparametrisation:
        yield header.reparametrisation
    yield f"d = {header.n_features} parameter{'s' * (header.n_features > 1)}{_intercept(header)}"


def _loss(header: Header) -> Iterator[str]:
    constants = header.constants
    if header.loss:
        yield header.loss
    if header.penalty.name != "none":
        yield _penalty(header.penalty)
    if constants.mu > 0:
        yield f"mu = {number(constants.mu)}"
    if math.isfinite(constants.L):
        exact = constants.L_method == "eigenvalues"
        yield f"L = {number(constants.L, 4)}{'' if exact else f' ({constants.L_method})'}"
        yield f"1/L = {number(1 / constants.L, 4)}"


def _backend(backend: AboutBackend | None) -> Iterator[str]:
    if backend is None:
        return
    yield f"{backend.name} {backend.version}"
    yield f"{backend.dtype} on {backend.device}"
    if backend.gradient_error is not None:
        yield f"gradient at w_0 within {backend.gradient_error:.1e} of float64"


def _penalty(penalty: PenaltyValues) -> str:
    """Return the penalty in words: ``l1 penalty 0.5``, ``box with lower = -1, upper = 1``."""
    parameters = ", ".join(
        f"{k} = {'none' if v is None or math.isinf(v) else number(v)}"
        for k, v in penalty.parameters.items()
    )
    name = f"{penalty.name} penalty {number(penalty.weight)}" if penalty.weight else penalty.name
    return f"{name} with {parameters}" if parameters else name


def _minimum(constants: Constants) -> Iterator[str]:
    if not constants.f_star_obstacle:
        error, method = constants.f_star_error, constants.f_star_method
        yield f"f* = {constants.f_star:.7g} +- {error:.1g} ({method})"
    elif not math.isnan(constants.f_star):
        yield f"f* <= {constants.f_star:.7g}"


def _start(constants: Constants) -> Iterator[str]:
    if constants.f_star_obstacle:
        return
    yield f"F(w_0) - f* = {number(constants.delta0)}"
    if constants.distance is not None:
        yield f"|w_0 - w*| = {number(constants.distance)}"
