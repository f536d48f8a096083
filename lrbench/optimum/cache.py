"""The optimum of a problem, stored on disk between runs."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lrbench.cache.content_hash import digest
from lrbench.cache.folder import write_atomically
from lrbench.cache.source_hash import imports_hash
from lrbench.errors import LrbenchError
from lrbench.objective.linear.problem import LinearProblem
from lrbench.optimum.base import Curvature, Optimum
from lrbench.optimum.verify import verified


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
    raw = problem.raw
    made_of = "" if raw is None else f" {raw.content_hash} {raw.scaling}"
    key = hashlib.sha256(f"{problem.digest} {code}{made_of}".encode()).hexdigest()
    return folder / "optimum" / f"{key}.npz"


def _roots(problem: LinearProblem) -> Iterator[Path]:
    """Yield the modules of this folder and those that define the problem and its components."""
    yield from Path(__file__).parent.rglob("*.py")
    for component in (problem, problem.data, problem.loss, problem.penalty):
        yield Path(inspect.getfile(type(component)))


def save_optimum(path: Path, optimum: Optimum) -> None:
    """Write `optimum` to `path`; a failure to write is ignored."""
    fields = {k: v for k, v in vars(optimum).items() if k != "curvature" and v is not None}
    fields |= vars(optimum.curvature)
    fields["seal"] = _seal(fields)
    # Without the file the next run computes the same optimum again: this costs only time.
    try:
        write_atomically(path, lambda file: np.savez(file, **fields))
    except (OSError, LrbenchError):
        return


def load_optimum(path: Path, problem: LinearProblem) -> Optimum | None:
    """Return the optimum in `path`; None if there is no such file, or it is damaged or refuted."""
    from zipfile import ZipFile  # as NumPy does, for files of arrays alone

    try:
        with path.open("rb") as raw:
            # NumPy reads the header of an array, and warns of it, before it knows the checksum.
            if ZipFile(raw).testzip() is not None:
                return None
            raw.seek(0)
            with np.load(raw, allow_pickle=False) as file:
                fields = dict(file)
        if str(fields.pop("seal")) != _seal(fields):
            return None
        with np.errstate(all="ignore"):
            optimum = _optimum(fields, problem.n_features)
            return optimum if verified(problem, optimum) else None
    except Exception:  # whatever a damaged file raises, the optimum can be computed again
        return None


def _seal(fields: Mapping[str, Any]) -> str:
    """Return a hash of all fields: against damage, not against intent."""
    lines = [f"{name} {digest(np.asarray(value))}\n" for name, value in sorted(fields.items())]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _optimum(fields: Mapping[str, np.ndarray], n_features: int) -> Optimum:
    w_star = fields.get("w_star")
    attained = bool(fields["attained"])
    if attained != (w_star is not None):
        raise ValueError("there is a minimiser if and only if it is attained")
    if w_star is not None and w_star.shape != (n_features,):
        raise ValueError("the minimiser is of another length")
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
        dual=fields["dual"],
        rounding=float(fields["rounding"]),
        obstacle=str(fields["obstacle"]),
    )
