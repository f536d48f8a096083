"""What a saved result says of a problem and of the machine."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from dataclasses import asdict
from typing import Any, cast

import numpy as np

from lrbench.objective.constants import Constants
from lrbench.objective.problem import LinearProblem
from lrbench.penalties.base import Penalty
from lrbench.problem_files.parts import part_text
from lrbench.version import __version__


def header(
    problem: LinearProblem, known: Constants, radius: float | None, target: float | None
) -> dict[str, Any]:
    """Return what a saved result says of the problem itself."""
    about = problem.about
    return {
        "title": about.title,
        "fingerprint": about.fingerprint,
        "data": about.data,
        "n_samples": problem.n_samples,
        "n_features": problem.n_features,
        "nnz": problem.data.nnz,
        "loss": part_text(problem.loss),
        "penalty": _penalty(problem.penalty),
        "scale": about.scale,
        "intercept": problem.intercept,
        "test": None if about.test is None else asdict(about.test),
        "labels": None if about.labels is None else dict(about.labels),
        "start": about.start,
        "radius": radius,
        "target": target,
        "constants": asdict(known) | {"kappa": known.kappa},
    }


def _penalty(penalty: Penalty) -> dict[str, Any]:
    said: dict[str, Any] = {"name": penalty.name, "weight": penalty.weight}
    return said | asdict(cast("Any", penalty))


def environment(threads: int) -> dict[str, Any]:
    """Return what the figures of a result depend on."""
    return {
        "lrbench": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": importlib.metadata.version("scipy"),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "threads": threads,
    }
