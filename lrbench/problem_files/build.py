"""Problems built from their specifications."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from lrbench.arrays import PerSample, Vector
from lrbench.config.values import located
from lrbench.data.dataset import Dataset
from lrbench.data.holdout import fits, matched
from lrbench.data.scaling import Affine, fit_scaling, scaled_like, with_intercept
from lrbench.errors import DataError, UsageError
from lrbench.losses.base import Loss
from lrbench.objective.about import About, AboutTest
from lrbench.objective.linear.held_out import LinearHeldOut
from lrbench.objective.linear.matrix import DataMatrix
from lrbench.objective.linear.objective import LinearObjective
from lrbench.objective.linear.problem import LinearProblem
from lrbench.objective.linear.raw import LARGEST_RAW, Raw
from lrbench.penalties.base import Penalty
from lrbench.penalties.none import NoPenalty
from lrbench.problem_files.model import (
    OF_MAX,
    PER_SAMPLE,
    PenaltySpec,
    ProblemSpec,
    Split,
    StartSpec,
    canonical,
)
from lrbench.problem_files.parts import make_loss, make_penalty
from lrbench.problem_files.samples import Samples, read_samples, training

if TYPE_CHECKING:
    from lrbench.arrays import Matrix
    from lrbench.objective.network.architecture import NetworkForm
    from lrbench.objective.network.normalised import NormalisedProblem
    from lrbench.objective.network.problem import NetworkProblem


def build_problem(spec: ProblemSpec) -> LinearProblem | NormalisedProblem | NetworkProblem:
    """Return the problem that `spec` specifies, with its data read, scaled and labelled.

    Raises
    ------
    DataError
        If the data are missing or bad, have other than two labels for a binary loss, or negative
        targets for a loss for counts.
    UsageError
        If an option does not fit the data: a label that they do not have, ``standard`` on a sparse
        matrix, a start outside the set of an indicator penalty, a normalisation beside one.
    """
    if spec.model is not None:
        return _network(spec, spec.model)
    form = spec.reparametrisation
    if form is None:
        return build_linear(spec)
    # Few problems need these modules.
    from lrbench.objective.network.batch_norm import BatchNormProblem
    from lrbench.objective.network.weight_norm import WeightNormProblem

    with_shift = form.name == "batch-norm"
    plain = build_linear(replace(spec, intercept=spec.intercept or with_shift))
    return BatchNormProblem(plain, form) if with_shift else WeightNormProblem(plain, form)


def build_linear(spec: ProblemSpec) -> LinearProblem:
    """Return the problem in the variables of the linear model, whatever the reparametrisation.

    Raises
    ------
    DataError, UsageError
        As `build_problem`.
    """
    samples = read_samples(spec)
    with located(spec.name):
        X, fitted = fit_scaling(samples.train.X, spec.scale)
    matrix = _matrix(X, spec)
    loss = make_loss(spec.loss)
    # Without the penalty, whose weight may depend on the gradient of the mean loss.
    mean_loss = LinearObjective(matrix, samples.y, loss, NoPenalty(), spec.intercept)
    with located(spec.name):
        penalty = make_penalty(spec.penalty, _weight(spec.penalty, mean_loss))
    w0 = _start(spec.start, mean_loss.n_features)
    _check_start(spec, penalty, w0[: mean_loss.n_penalised])
    test, about_test = _held_out(samples, spec, fitted, loss)
    return LinearProblem(
        data=matrix,
        y=samples.y,
        loss=loss,
        penalty=penalty,
        intercept=spec.intercept,
        name=spec.name,
        w0=w0,
        about=_about(spec, samples, about_test),
        test=test,
        X_hash=samples.train.content_hash if matrix.X is samples.train.X else "",
        raw=_raw(samples.train, spec.scale, fitted),
    )


def _raw(data: Dataset, scaling: str, fitted: Affine) -> Raw:
    """Return the data before scaling, where they are small enough to be looked at in integers."""
    n, d = data.X.shape
    centre, divisor = fitted
    offset = None if centre is None or divisor is None else np.abs(centre / divisor)
    kept = data.X if n * d * d <= LARGEST_RAW else None
    return Raw(kept, data.content_hash, scaling, offset)


def _network(spec: ProblemSpec, form: NetworkForm) -> NetworkProblem:
    """Return the network, with its samples made dense."""
    # Few problems need these modules.
    from lrbench.objective.network.network import NetworkSamples
    from lrbench.objective.network.problem import NetworkProblem
    from lrbench.objective.network.start import NetworkStart
    from lrbench.problem_files.network_checks import (
        as_dense,
        check_computed,
        check_image,
        check_size,
    )

    check_computed(spec)
    samples = read_samples(spec)
    with located(spec.name):
        X, fitted = fit_scaling(samples.train.X, spec.scale)
        check_image(form, X.shape[1])
    held_out, about_test = _test_columns(samples, spec, fitted)
    test = None
    if held_out is not None and samples.test_y is not None:
        test = NetworkSamples(as_dense(held_out, spec.name), samples.test_y)
    classes = samples.y if samples.test_y is None else np.concatenate([samples.y, samples.test_y])
    n_classes = int(classes.max()) + 1 if spec.task == "classes" else 0
    check_size(form, X.shape[1], n_classes or 1, spec.name)
    return NetworkProblem(
        spec.name,
        _about(spec, samples, about_test),
        form,
        NetworkSamples(as_dense(X, spec.name), samples.y),
        n_classes,
        NetworkStart(spec.start.name, spec.start.seed),  # type: ignore[arg-type]  # it is checked
        test,
        spec.backend,
    )


def _about(spec: ProblemSpec, samples: Samples, test: AboutTest | None) -> About:
    return About(
        title=spec.title,
        data=samples.train.name,
        scale=spec.scale,
        start=str(spec.start),
        labels=samples.labels,
        classes=samples.classes,
        fingerprint=fingerprint(spec, samples.train.content_hash),
        test=test,
        model="linear" if spec.model is None else str(spec.model),
    )


def _matrix(X: Matrix, spec: ProblemSpec) -> DataMatrix:
    return DataMatrix(with_intercept(X) if spec.intercept else X)


def _held_out(
    samples: Samples, spec: ProblemSpec, fitted: Affine, loss: Loss
) -> tuple[LinearHeldOut | None, AboutTest | None]:
    """Return the samples held out, with the columns and the scaling of the training data."""
    X, about = _test_columns(samples, spec, fitted)
    if X is None or about is None or samples.test_y is None:
        return None, None
    if loss.task == "binary":
        about = replace(about, majority=_majority(samples.test_y))
    return LinearHeldOut(_matrix(X, spec), samples.test_y, loss), about


def _test_columns(
    samples: Samples, spec: ProblemSpec, fitted: Affine
) -> tuple[Matrix | None, AboutTest | None]:
    """Return X of the samples held out as the training data have it; None where there are none."""
    test, y = samples.test, samples.test_y
    if test is None or y is None:
        return None, None
    X, left_out = matched(test.X, samples.train.X)
    with located(test.name, DataError):
        X = scaled_like(X, spec.scale, fitted)
    split = spec.test if isinstance(spec.test, Split) else None
    about = AboutTest(
        data=test.name,
        n_samples=len(y),
        fraction=split.fraction if split else None,
        seed=split.seed if split else None,
        features_left_out=left_out,
    )
    return X, about


def _majority(y: PerSample) -> float:
    """Return the share of the larger of two classes."""
    positive = float((y > 0).mean())
    return max(positive, 1.0 - positive)


def fingerprint(spec: ProblemSpec, content_hash: str) -> str:
    """Return the SHA-256 of the canonical specification and of the data, in hexadecimal digits."""
    return hashlib.sha256(f"{canonical(spec)}\n{content_hash}".encode()).hexdigest()


def planted(spec: ProblemSpec) -> Vector | None:
    """Return a minimiser that is known by construction, (n_features,); None if there is none.

    Only generated data have one, for the squared loss without penalty on unscaled X. The
    coefficient of an intercept is 0; with an intercept it is a minimiser only if X w = y.
    """
    if spec.model is not None:
        return None
    least_squares = make_loss(spec.loss).quadratic and make_penalty(spec.penalty).vanishes
    if not least_squares or spec.scale != "none":
        return None
    data = training(spec) if spec.data.generated else None
    if data is None or data.planted is None or not spec.intercept:
        return data.planted if data else None
    return np.append(data.planted, 0.0) if fits(data) else None


def largest_weight(mean_loss: LinearObjective) -> float:
    r"""Return the smallest weight of an l1 penalty for which w = 0 is optimal.

    .. math:: \max_j \Big| \frac1n \sum_i x_{ij} \varphi'(0, y_i) \Big|

    over the penalised columns j of the scaled X. An intercept is not fitted first: with one, the
    smallest weight for which the other coefficients are 0 may be smaller or larger.
    """
    G = mean_loss.loss_gradient(np.zeros((mean_loss.n_features, 1)))
    return float(np.abs(G[: mean_loss.n_penalised]).max(initial=0.0))


def _weight(spec: PenaltySpec, mean_loss: LinearObjective) -> float:
    """Return the weight as a number; 0 for a penalty without one."""
    if spec.weight == PER_SAMPLE:
        return 1.0 / mean_loss.n_samples
    if not isinstance(spec.weight, str):
        return float(spec.weight or 0.0)
    # Of an elastic net only the l1 part keeps w = 0 optimal.
    largest = largest_weight(mean_loss) / make_penalty(spec).l1
    if not largest > 0.0:
        raise UsageError(
            f"the weight {spec.weight} is 0: w = 0 is optimal without a penalty.",
            "give the weight as a number.",
        )
    return float(spec.weight.removesuffix(OF_MAX)) * largest


def _check_start(spec: ProblemSpec, penalty: Penalty, penalised: Vector) -> None:
    """Refuse a start where the objective is infinite."""
    if not penalty.indicator or np.isfinite(penalty.value(penalised[:, None])).all():
        return
    raise UsageError(
        f"{spec.name}: the start {spec.start} is outside the {spec.penalty}.",
        "give another start or a larger set.",
    )


def _start(spec: StartSpec, n_features: int) -> Vector:
    if spec.name == "zeros":
        return np.zeros(n_features)
    return spec.scale * np.random.default_rng(spec.seed).standard_normal(n_features)
