"""The optimum of a problem, stored on disk between runs."""

from __future__ import annotations

import hashlib
import inspect
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from lrbench.cache.folder import write_atomically
from lrbench.cache.source_hash import imports_hash
from lrbench.errors import LrbenchError
from lrbench.objective.problem import LinearProblem
from lrbench.optimum.base import Curvature, Optimum


def optimum_path(problem: LinearProblem, folder: Path | None) -> Path | None:
    """Return the cache file of a problem's optimum.

    It is None without a folder, or if a class of the problem is defined in no file. The name of the
    file is a hash of all that the numbers depend on: the problem as it was built, by whatever code,
    and the code that computes the optimum.
    """
    if folder is None:
        return None
    try:
        code = imports_hash(*_roots(problem))
    except (OSError, TypeError, ValueError):
        return None  # a loss that was typed at a prompt may change without notice
    key = hashlib.sha256(f"{problem.digest} {code}".encode()).hexdigest()
    return folder / "optimum" / f"{key}.npz"


def _roots(problem: LinearProblem) -> Iterator[Path]:
    """Yield the modules of this folder and those that define the problem and its components."""
    yield from Path(__file__).parent.glob("*.py")
    for component in (problem, problem.data, problem.loss, problem.penalty):
        yield Path(inspect.getfile(type(component)))


def save_optimum(path: Path, optimum: Optimum) -> None:
    """Write `optimum` to `path`; a failure to write is ignored."""
    fields = {k: v for k, v in vars(optimum).items() if k != "curvature" and v is not None}
    fields |= vars(optimum.curvature)
    # Without the file the next run computes the same optimum again: this costs only time.
    try:
        write_atomically(path, lambda file: np.savez(file, **fields))
    except (OSError, LrbenchError):
        return


def load_optimum(path: Path, n_features: int) -> Optimum | None:
    """Return the optimum in `path`; None if there is no such file or it is damaged."""
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            return _optimum(dict(file), n_features)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _optimum(fields: dict[str, np.ndarray], n_features: int) -> Optimum:
    w_star = fields.get("w_star")
    attained = bool(fields["attained"])
    if attained:
        if w_star is None or w_star.shape != (n_features,):
            raise ValueError("the minimiser is missing or of another length")
        if not np.all(np.isfinite(w_star)):
            raise ValueError("the minimiser is not finite")
    distance_error = fields.get("distance_error")
    return Optimum(
        f_star=float(fields["f_star"]),
        f_star_error=float(fields["f_star_error"]),
        method=str(fields["method"]),
        attained=attained,
        w_star=w_star,
        no_minimiser=str(fields["no_minimiser"]),
        distance_error=None if distance_error is None else float(distance_error),
        curvature=Curvature(
            L=float(fields["L"]),
            L_method=str(fields["L_method"]),
            L_max=float(fields["L_max"]),
            mu=float(fields["mu"]),
            mu_pl=float(fields["mu_pl"]),
        ),
        rounding=float(fields["rounding"]),
        obstacle=str(fields["obstacle"]),
    )
