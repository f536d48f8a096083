"""Headers of problems made by hand, and problems with another header."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from lrbench.objective.constants import Constants
from lrbench.results import Header, PenaltyValues, ProblemResult

HEADER = Header(
    title="",
    fingerprint="f",
    data="made",
    n_samples=8,
    n_features=3,
    nnz=23,
    loss="logistic",
    penalty=PenaltyValues("none", 0.0, {}),
    scale="none",
    intercept=False,
    test=None,
    labels=None,
    start="zeros",
    model="linear",
    reparametrisation="",
    backend=None,
    radius=None,
    target=None,
    target_measure="suboptimality",
    constants=Constants(
        L=4.0,
        L_method="eigenvalues",
        L_max=8.0,
        mu=0.5,
        mu_pl=0.5,
        G=None,
        grad_norm_sq0=7.0,
        f_star=2.0,
        f_star_error=0.0,
        f_star_method="made",
        attained=True,
        delta0=1.0,
        distance=1.0,
        distance_error=0.0,
        noise_star=0.25,
    ),
)


def made_header(header: Header = HEADER, **changes: Any) -> Header:
    """Return a header with other values of its own or of its constants."""
    own = {field.name for field in fields(Header)}
    constants = {key: value for key, value in changes.items() if key not in own}
    others = {key: value for key, value in changes.items() if key in own}
    return replace(header, constants=replace(header.constants, **constants), **others)


def with_header(problem: ProblemResult, **changes: Any) -> ProblemResult:
    """Return a problem with other values in its header."""
    return replace(problem, header=made_header(problem.header, **changes))
