"""Records in the types of JSON: plain lists and numbers, null for no number."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from lrbench.config.solver_spec import SolverSpec
from lrbench.results.performance import TAU, Profile, Profiles
from lrbench.results.records import COLUMNS, ProblemResult, Run, Verdict
from lrbench.results.sweep import Sensitivity, Sweep


def problem_dict(p: ProblemResult) -> dict[str, Any]:
    """Return all that is known of one problem."""
    said = {
        "name": p.name,
        **plain(p.header),
        "runs": [run_dict(r) for r in p.runs],
        "verdicts": [_verdict(v) for v in p.verdicts],
    }
    return said if p.sweep is None else said | {"sweep": _sweep(p.sweep)}


def _solver(s: SolverSpec) -> dict[str, Any]:
    return {"name": s.name, "params": dict(s.params), "shown": list(s.label_fields)}


def run_dict(r: Run) -> dict[str, Any]:
    """Return one run with its trace, every column of one length."""
    trace = {name: plain(r.trace.get(name, [])) for name in {**dict.fromkeys(COLUMNS), **r.trace}}
    return {
        "solver": _solver(r.solver),
        "setting": r.setting,
        "batch_size": r.batch_size,
        "sampling": r.sampling,
        "lr0": r.lr0,
        "seed": r.seed,
        "status": str(r.status),
        "status_at": r.status_at,
        "error": r.error,
        "evaluation_seconds": r.evaluation_seconds,
        "trace": trace | {"iteration": [int(t) for t in trace["iteration"]]},
    }


def _verdict(v: Verdict) -> dict[str, Any]:
    out: dict[str, Any] = {"solver": _solver(v.solver)}
    for name in v.__dataclass_fields__:
        if name != "solver":
            out[name] = plain(getattr(v, name))
    return out


def _sweep(s: Sweep) -> dict[str, Any]:
    solvers = [_sensitivity(one) for one in s.solvers]
    return {"target": plain(s.target), "iterations": s.iterations, "solvers": solvers}


def _sensitivity(s: Sensitivity) -> dict[str, Any]:
    named = {name: plain(getattr(s, name)) for name in s.__dataclass_fields__ if name != "factors"}
    factors = [
        {"power": f.power, "factor": plain(f.factor), "on_grid": f.on_grid} for f in s.factors
    ]
    return named | {"solver": _solver(s.solver), "factors": factors}


def profiles_dict(found: Profiles) -> dict[str, Any]:
    """Return the performance profiles over several problems."""
    return {
        "tau": list(TAU),
        "tuned": _profile(found.tuned),
        "untuned": _profile(found.untuned),
    }


def _profile(p: Profile) -> dict[str, Any]:
    return {
        "n_instances": p.n_instances,
        "unsolved": p.unsolved,
        "shares": {solver: list(shares) for solver, shares in p.shares.items()},
        "solved": dict(p.solved),
    }


def plain(value: Any) -> Any:
    """Return `value` in JSON's own types; NaN and infinities become null."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return value
