"""Problems changed or made by options, without a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lrbench.config.named import parse_named
from lrbench.data.libsvm.fault import ZeroBased
from lrbench.data.load import DataName, load_data
from lrbench.data.scaling import check_scaling
from lrbench.errors import UsageError
from lrbench.problem_files.model import (
    PER_SAMPLE,
    PenaltySpec,
    ProblemSpec,
    Split,
    StartSpec,
    describe,
)
from lrbench.problem_files.parts import read_loss, read_penalty, read_start, split_positive
from lrbench.problem_files.source import (
    as_fraction,
    read_data,
    read_test,
    read_zero_based,
    with_zero_based,
)

NAMES = {"logistic": "logreg", "squared": "least-squares"}
"""What a problem without a file is called after its loss."""


def with_overrides(
    spec: ProblemSpec,
    *,
    data: str | None = None,
    loss: str | None = None,
    penalty: str | None = None,
    scale: str | None = None,
    intercept: bool | None = None,
    positive: str | Sequence[str] | None = None,
    start: str | None = None,
    test: str | float | None = None,
    zero_based: ZeroBased | None = None,
) -> ProblemSpec:
    """Return `spec` with other parts; None leaves a part as it is.

    Parameters
    ----------
    spec
        The problem to change.
    data
        Replaces the whole table ``[data]``: scale none, no intercept, no positive label, nothing
        held out, unless they are given too. The problem is then called NAME-DATA.
    loss, penalty, scale, intercept, start
        As in a problem file; penalty and start may have parameters: ``"l2[weight=0.01]"``.
    positive
        Labels with commas between them, or a list.
    test
        What is held out: a share of the samples, or data, as on the command line. A share keeps the
        seed of `spec`.
    zero_based
        Whether the indices of LIBSVM text, that of `test` included, count from 0.

    Notes
    -----
    Constants that the file states are of the problem as it was: other parts take them away.

    Raises
    ------
    UsageError
        For anything unknown, `positive` with a regression loss, or `zero_based` for data that are
        not LIBSVM text.
    """
    parts = (data, loss, penalty, scale, intercept, positive, start, test, zero_based)
    if any(part is not None for part in parts):
        spec = replace(spec, claims=())  # they are of the problem as its file has it
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
        spec = replace(spec, loss=read_loss(loss))
    if penalty is not None:
        spec = replace(spec, penalty=read_penalty(penalty))
    if not (data is None and loss is None and penalty is None):
        spec = replace(spec, title=describe(spec.loss, spec.penalty, spec.data))
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
    return spec if start is None else replace(spec, start=read_start(start))


def spec_from_data(
    data: str,
    *,
    loss: str | None = None,
    penalty: str | None = None,
    scale: str | None = None,
    intercept: bool | None = None,
    positive: str | Sequence[str] | None = None,
    start: str | None = None,
    test: str | float | None = None,
    zero_based: ZeroBased | None = None,
) -> ProblemSpec:
    """Return the problem that data alone stand for.

    Parameters
    ----------
    data
        As on the command line: a path, ``sklearn:NAME`` …
    loss
        None: logistic where the data have two labels or `positive` is given, else squared.
    penalty
        None: l2 of weight 1/n_samples with a loss for two classes, else none.
    scale, intercept, positive, start, test, zero_based
        As for `with_overrides`; None: no scaling, no intercept, the larger label, zeros, nothing
        held out, zero-based where an index 0 occurs.

    Raises
    ------
    DataError, UsageError
        As `lrbench.data.load.load_data` and `with_overrides`.
    """
    source = read_data(data, "auto" if zero_based is None else read_zero_based(zero_based))
    if loss is None:
        two = positive is not None or len(np.unique(load_data(source).y)) == 2
        loss = "logistic" if two else "squared"
    loss = read_loss(loss)
    kind = parse_named(loss)[0]
    name = f"{NAMES.get(kind, kind)}-{source.stem}"
    spec = ProblemSpec(
        name, "", loss, PenaltySpec("none"), StartSpec(), source, "none", False, None
    )
    if spec.binary:
        spec = replace(spec, penalty=PenaltySpec("l2", PER_SAMPLE))
    spec = replace(spec, title=describe(spec.loss, spec.penalty, spec.data))
    return with_overrides(
        spec,
        penalty=penalty,
        scale=scale,
        intercept=intercept,
        positive=positive,
        start=start,
        test=test,
    )


def _with_zero_based(spec: ProblemSpec, zero_based: ZeroBased) -> ProblemSpec:
    test = spec.test
    if isinstance(test, DataName):
        test = with_zero_based(test, zero_based)
    return replace(spec, data=with_zero_based(spec.data, zero_based), test=test)


def _with_test(spec: ProblemSpec, test: str | float) -> ProblemSpec:
    split = spec.test if as_fraction(test) is not None else None
    seed = split.seed if isinstance(split, Split) else None
    return replace(spec, test=read_test(test, seed, spec.data.zero_based, None))
