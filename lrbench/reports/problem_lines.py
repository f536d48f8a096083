"""The lines of a page that describe a problem: data, model, constants and optimum."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from lrbench.reports.blocks import Line, line, number
from lrbench.results import ProblemResult


def problem_lines(problem: ProblemResult) -> Iterator[Line]:
    """Yield the lines that describe a problem, none of which depends on a run."""
    h: Any = problem.header
    title = f"{problem.name}: {h['title']}" if h["title"] else problem.name
    yield line(title, style="title", recurs=(problem.name,))
    yield line(*_data(h))
    if h["test"] is not None:
        yield line(*test_pieces(h["test"]))
    yield line(*_model(h), *_optimum(h["constants"]))
    if h["constants"]["f_star_obstacle"]:
        obstacle = f"f* is not certified: {h['constants']['f_star_obstacle']}"
        yield line(obstacle, "so that nothing is proved of F - f* or of w*", style="warn")
    elif not h["constants"]["attained"]:
        reason = h["constants"]["no_minimiser"]
        yield line(f"{reason}: what needs w* stays empty", style="warn")


def _data(h: Any) -> Iterator[str]:
    yield h["data"]
    yield h["scale"] if h["scale"] != "none" else "not scaled"
    yield f"n = {h['n_samples']}"
    yield f"d = {h['n_features']}" + (" (with intercept)" if h["intercept"] else "")
    density = h["nnz"] / (h["n_samples"] * h["n_features"])
    if density < 0.5:
        yield f"{100 * density:.3g} % non-zeros"
    if h["labels"]:
        yield ", ".join(f"{sign} = {name}" for sign, name in h["labels"].items())


def test_pieces(test: Any) -> Iterator[str]:
    """Yield the held-out samples: ``test: 16281 samples of a9a.t``."""
    n_samples, left_out = test["n_samples"], test["features_left_out"]
    samples = f"{n_samples} sample{'s' * (n_samples > 1)}"
    if test["fraction"] is None:
        yield f"test: {samples} of {test['data']}"
    else:
        yield f"test: {100 * test['fraction']:.4g} % ({samples}, seed {test['seed']})"
    if left_out:
        yield f"{left_out} feature{'s' * (left_out > 1)} left out"


def _model(h: Any) -> Iterator[str]:
    L, c = h["constants"]["L"], h["constants"]
    yield f"{h['loss']} loss"
    if h["penalty"]["name"] != "none":
        yield _penalty(h["penalty"])
    if L is not None and math.isfinite(L):
        method = "" if c["L_method"] == "eigenvalues" else f" ({c['L_method']})"
        yield f"L = {number(L, 4)}{method}"
        yield f"1/L = {number(1 / L, 4)}"
        yield f"2/L = {number(2 / L, 4)}"
    if c["mu"]:
        yield f"mu = {number(c['mu'])}"


def _penalty(p: Any) -> str:
    """Return the penalty in words: ``l1 penalty 0.5``, ``box with lower = -1, upper = 1``."""
    others = {k: v for k, v in p.items() if k not in ("name", "weight")}
    parameters = ", ".join(
        f"{k} = {'none' if v is None or math.isinf(v) else number(v)}" for k, v in others.items()
    )
    name = f"{p['name']} penalty {number(p['weight'])}" if p["weight"] else str(p["name"])
    return f"{name} with {parameters}" if parameters else name


def _optimum(c: Any) -> Iterator[str]:
    if c["f_star_obstacle"]:
        yield f"f* <= {c['f_star']:.7g}"
        return
    yield f"f* = {c['f_star']:.7g} +- {c['f_star_error']:.1g} ({c['f_star_method']})"
    yield f"F(w_0) - f* = {number(c['delta0'])}"
    if c["distance"] is not None:
        yield f"|w_0 - w*| = {number(c['distance'])}"
