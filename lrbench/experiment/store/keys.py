"""The keys of stored cells: which problem, setting and code they are of."""

from __future__ import annotations

import hashlib
import inspect
import json
import math
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from lrbench.cache.content_hash import content_hash
from lrbench.cache.source_hash import numbers_hash, solver_hash
from lrbench.config.solver_spec import SolverSpec
from lrbench.objective.constants import Constants
from lrbench.objective.problem import LinearProblem
from lrbench.plan.plan import Plan
from lrbench.solvers.base import Solver

F_STAR_UNIT: Final = 1e-10
"""The last digit of f_star in a key, relative to max(1, |f_star|)."""


def experiment_id(problem: LinearProblem, constants: Constants, plan: Plan) -> str:
    """Return a hash of all that the cells of a plan on one problem have in common.

    It depends on the problem as built, with its samples held out, and on the numbers that a trace
    takes from the optimum. An edit of the code that scales columns or chooses labels, or a
    corrected optimum, therefore never leads to the cells of another problem.
    """
    test, n_samples = problem.test, problem.n_samples
    return _hash(
        {
            "problem": problem.digest,
            "test": None if test is None else content_hash(test.data.X, y=test.y),
            "optimum": _optimum_digits(constants),
            "batch_size": plan.batch_size,
            "sampling": None if plan.batch_size is None else plan.sampling,
            "radius": plan.radius,
            "f_star": plan.f_star,
            "target": plan.target,
            "sweep": plan.sweep,
            "steps": plan.steps(n_samples),
            "checkpoints": plan.checkpoints(n_samples),
            "multiple": plan.pad_to,
            "threads": plan.threads,
        }
    )


def cell_key(experiment: str, solver: Solver, spec: SolverSpec, lr0: float, seed: int) -> str:
    """Return the hash that names a cell: of experiment, solver and its code, machine, lr0, seed."""
    return _hash(
        {
            "experiment": experiment,
            "solver": spec.name,
            "params": dict(spec.params),
            "source": source_of(type(solver)),
            "machine": platform.machine(),  # another kind of processor gives other bits
            "lr0": lr0,
            "seed": seed,
        }
    )


def source_of(solver: type[Solver]) -> str:
    """Return the hash of the code of all solvers and that of this solver, with a blank between.

    Together they identify the code that made a cell. Cells with the same first hash belong to one
    result.
    """
    return f"{numbers_hash()} {solver_hash(Path(inspect.getfile(solver)))}"


def _hash(values: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def _optimum_digits(constants: Constants) -> dict[str, str | None]:
    """Return the numbers of the optimum that enter a trace, with the digits that are certain.

    Their last bits differ between processors, but the cells of several machines belong together.
    """
    c = constants
    # f_star is certain to f_star_error; a hundred times that makes it rare that a digit flips.
    unit = max(100 * c.f_star_error, F_STAR_UNIT * max(1.0, abs(c.f_star)))
    places = -math.ceil(math.log10(unit)) if math.isfinite(unit) else None
    return {
        "f_star": None if places is None else f"{round(c.f_star, places)!r} to {places} places",
        **{name: f"{getattr(c, name):.6g}" for name in ("L", "mu", "mu_pl")},
        "distance": None if c.distance is None else f"{c.distance:.6g}",
    }
