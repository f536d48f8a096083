"""The keys of stored cells: which problem, setting and code they are of."""

from __future__ import annotations

import hashlib
import inspect
import json
import math
import platform
import sys
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from lrbench.arrays import Vector
from lrbench.cache.distributions import version_of
from lrbench.cache.source_hash import numbers_hash, solver_hash
from lrbench.config.solver_spec import SolverSpec
from lrbench.engine.runners import obstacle_of, planned_sampler
from lrbench.errors import UsageError
from lrbench.kernels.library import source_digest
from lrbench.objective.constants import Constants
from lrbench.plan.lanes import Lane
from lrbench.plan.plan import Plan
from lrbench.plan.prepare import Prepared
from lrbench.plugins import is_plugin, origin_of
from lrbench.solvers.base import Solver
from lrbench.solvers.outside.base import OutsideSolver

F_STAR_UNIT: Final = 1e-12
"""The last digit of f_star in a key, relative to |F(w_0)| + |f_star|."""

WITHOUT_EFFECT: Final = frozenset(
    {
        "f_star",  # with its certain digits, below
        "distance",  # likewise
        "f_star_error",  # in the floor
        "f_rounding",  # likewise
        "delta0",  # F(w_0) - f_star: of the problem and of f_star
        "f_star_method",  # words, as are the reasons
        "L_method",
        "no_minimiser",
        "f_star_obstacle",
        *("G", "G_batch", "noise_star", "distance_error", "grad_norm_sq0"),  # for theorems alone
    }
)
"""Fields of the constants that are in no key of their own, because no run reads them."""


def experiment_id(p: Prepared, plan: Plan) -> str:
    """Return a hash of all that the cells of a plan on one problem have in common.

    It depends on the problem as built, with its samples held out, on the numbers that a trace takes
    from the optimum, and on the budget with its target and checkpoints. An edit of the code that
    scales columns, chooses labels or plans a run, or a corrected optimum, therefore never leads to
    the cells of another experiment. The fingerprint keeps apart problems that differ in words only,
    such as the names of labels, because an experiment is shown with them.

    Raises
    ------
    UsageError
        If the problem has no fingerprint.
    """
    problem, facts = p.problem, p.problem.facts()
    if not facts.fingerprint:
        raise UsageError(
            f"a store cannot keep the cells of {problem.name}, which has no fingerprint.",
            "let its facts have one that changes with its data, or leave the store out.",
        )
    budget = asdict(plan.budget(problem.n_samples, p.constants.delta0))
    # The last digits of a target that is a share of F(w_0) - f* are those of f_star.
    if budget["target"] is not None:
        budget["target"] = f"{budget['target']:.9g}"
    if budget["arrival"]:
        budget["arrival"]["targets"] = [f"{t:.9g}" for t in budget["arrival"]["targets"]]
    if budget["arrival"] is None:  # cells of earlier versions know no such key
        del budget["arrival"]
    # Lanes over another parameter do not say which lr0 they hold, and one curve must have one.
    held = (
        {"lr0_held": str(plan.learning_rates[0])}
        if plan.over and len(plan.learning_rates) == 1
        else {}
    )
    return _hash(
        {
            **held,
            "fingerprint": facts.fingerprint,
            "problem": facts.digest() if facts.digest else None,
            "code": None if p.spec else solver_hash(_file_of(type(problem).__module__)),
            "optimum": _optimum_digits(p.constants, p.optimum.w_star),
            "batch_size": plan.batch_size,
            "sampling": None if plan.batch_size is None else plan.sampling,
            "radius": plan.radius,
            "f_star": plan.f_star,
            "sweep": plan.sweep,
            "budget": budget,
            "pad_to": plan.pad_to,
            "threads": plan.threads,
            **_compiled(p, plan),
        }
    )


def cell_key(experiment: str, solver: Solver, spec: SolverSpec, lane: Lane, seed: int) -> str:
    """Return the hash that names a cell: of experiment, solver and its code, machine, lane, seed.

    Parameters
    ----------
    spec
        The solver with the parameters of the lane.
    """
    # Not for lr0 alone: cells of earlier versions do not say what varies.
    over = {} if [name for name, _ in lane.over] == ["lr0"] else {"over": list(lane.over)}
    # The versions of NumPy and SciPy are in the source.
    library = {"library": _version(d)} if (d := _distribution(solver)) else {}
    return _hash(
        {
            "experiment": experiment,
            "solver": spec.name,
            "params": dict(spec.params),
            "source": source_of(type(solver)),
            "machine": platform.machine(),  # another kind of processor gives other bits
            "lr0": lane.lr0,
            "seed": seed,
            **over,
            **library,
        }
    )


def _compiled(p: Prepared, plan: Plan) -> dict[str, str]:
    """Return what compiled steps add to a key: the digest of their source; nothing where NumPy is.

    The cells of solvers that have no compiled steps belong to the same experiment. Where there are
    any at all, there are some on plain arrays.
    """
    of_plan = (plan.batch_size, plan.sampling, plan.radius)
    sampler = planned_sampler(p.problem, *of_plan, dense_iterates=True)
    if not plan.compiled or obstacle_of(sampler):
        return {}
    return {"compiled": source_digest()}


def _distribution(solver: Solver) -> str:
    """Return the package, beside NumPy and SciPy, whose version decides the numbers of a run."""
    named = solver.distribution if isinstance(solver, OutsideSolver) else "scipy"
    return "" if named == "scipy" else named


@cache
def _version(distribution: str) -> str:
    return f"{distribution} {version_of(distribution)}"


def source_of(solver: type[Solver]) -> str:
    """Return the hash of the code that all solvers share, a blank, and that of the solver's files.

    Together they identify the code that made a cell. Cells with the same first hash belong to one
    result. That of a solver of the user is of the text of its module.

    Raises
    ------
    UsageError
        If a solver of the user has no source, as one that was typed at a prompt.
    """
    own = (
        _plugin_hash(solver)  # type: ignore[arg-type]  # a class has a hash, whatever its objects
        if is_plugin(solver)
        else solver_hash(_file_of(solver.__module__))
    )
    return f"{numbers_hash()} {own}"


@cache
def _plugin_hash(solver: type[Solver]) -> str:
    source = origin_of(solver).source_hash
    if not source:
        raise UsageError(
            f"a store cannot keep the cells of {solver.name}, whose source is not known.",
            "put it into a file, or leave the store out.",
        )
    # Two classes of one file may have the same name.
    return hashlib.sha256(f"{source} {solver.__qualname__}".encode()).hexdigest()


@cache  # once a cell, making the path would take longer than all digests
def _file_of(module: str) -> Path:
    return Path(inspect.getfile(sys.modules[module]))


def _hash(values: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def _optimum_digits(constants: Constants, w_star: Vector | None) -> dict[str, str | None]:
    """Return the numbers of the optimum that enter a trace, with the digits that are certain.

    Their last bits differ between processors, but the cells of several machines belong together.
    Every field of the constants is here unless `WITHOUT_EFFECT` says why not.
    """
    fields = {
        name: f"{value:.6g}" if isinstance(value, float) else str(value)
        for name, value in asdict(constants).items()
        if name not in WITHOUT_EFFECT
    }
    # f_star is certain to f_star_error; a hundred times that makes it rare that a digit flips.
    unit = max(100 * constants.f_star_error, F_STAR_UNIT * constants.size)
    places = -math.ceil(math.log10(unit)) if 0 < unit < math.inf else None
    direction = None
    if w_star is not None:
        # One number tells minimisers apart that are equally far from w_0.
        angles = np.cos(np.arange(1.0, len(w_star) + 1.0)) @ w_star
        direction = f"{angles / (float(np.linalg.norm(w_star)) or 1.0):.3f}"
    return {
        **fields,
        "f_star": None if places is None else f"{round(constants.f_star, places)!r} to {places}",
        "L": f"{constants.L:.9g}",
        "floor": f"{constants.floor:.0e}",
        "distance": None if constants.distance is None else f"{constants.distance:.6g}",
        "w_star": direction,
    }
