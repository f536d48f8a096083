"""Performance profiles: how often, over problems, a solver is nearly the best."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lrbench.results.problem import ProblemResult
from lrbench.results.ranking import ratio

TAU = (1.0, 2.0, 5.0, 10.0, 100.0)
"""The largest ratio of passes to those of the best solver, for each point of a profile."""

Shares = Mapping[str, Sequence[float]]
"""Solver -> the share of instances that it solves within each tau."""


@dataclass(frozen=True)
class Profile:
    """The profile of every solver over one set of instances."""

    n_instances: int
    unsolved: int
    """Instances that no solver solves; they count as unsolved for all."""
    shares: Shares
    """Solver -> rho(tau) for each of `TAU`."""
    solved: Mapping[str, float]
    """Solver -> the share of instances that it solves at all."""


@dataclass(frozen=True)
class Profiles:
    """The profiles of solvers with their best value on each problem, and with every value."""

    tuned: Profile
    untuned: Profile


def profiles(problems: Sequence[ProblemResult]) -> Profiles:
    r"""Return the performance profiles of the sweeps on several problems.

    Parameters
    ----------
    problems
        Each with a sweep; others are left out.

    Notes
    -----
    Of solver s, with the passes :math:`c_{p,s}` on problem p,

    .. math:: \rho_s(\tau) = \#\{p : c_{p,s} \le \tau \min_{s'} c_{p,s'}\} / \#\{p\} .

    In the tuned profile the instances are the problems, and a solver costs the passes at its best
    value of lr0, or of what else varies. In the untuned one the instances are the pairs of a
    problem and a value of its grid: a solver costs the passes at that value, and is compared with
    the least passes of any solver on that problem at its best value. A grid in units of 1/L is
    another one on each problem. A solver that
    was not run on an instance, or did not finish any run there, did not solve it.

    References
    ----------
    Dolan, Moré, Benchmarking optimization software with performance profiles, Mathematical
    Programming 91, 2002, section 2.
    """
    sweeps = [p.sweep.solvers for p in problems if p.sweep is not None]
    names = list(dict.fromkeys(str(s.solver) for solvers in sweeps for s in solvers))
    tuned: list[dict[str, float]] = []
    untuned: list[dict[str, float]] = []
    for solvers in sweeps:
        cost = {str(s.solver): s.best_passes for s in solvers}
        least = min(cost.values(), default=math.inf)
        tuned.append(_ratios(cost, least))
        passes_at = {str(s.solver): dict(zip(s.values, s.passes, strict=True)) for s in solvers}
        for value in {value: None for s in solvers for value in s.values}:
            cost = {solver: passes.get(value, math.inf) for solver, passes in passes_at.items()}
            # Not the least at this value: where all solvers are slow, the fastest is not the best.
            untuned.append(_ratios(cost, least))
    return Profiles(_profile(names, tuned), _profile(names, untuned))


def comparable(problems: Sequence[ProblemResult]) -> bool:
    """Whether profiles over these sweeps make sense: several problems, and each of them once."""
    fingerprints = [p.header.fingerprint for p in problems]
    return len(fingerprints) > 1 and len(set(fingerprints)) == len(fingerprints)


def _ratios(cost: Mapping[str, float], least: float) -> dict[str, float]:
    return {s: ratio(c, least) if math.isfinite(c) else math.inf for s, c in cost.items()}


def _profile(names: Sequence[str], ratios: Sequence[Mapping[str, float]]) -> Profile:
    def share(name: str, tau: float) -> float:
        within = [r for r in ratios if math.isfinite(r.get(name, math.inf)) and r[name] <= tau]
        return len(within) / len(ratios) if ratios else 0.0

    return Profile(
        shares={name: tuple(share(name, tau) for tau in TAU) for name in names},
        solved={name: share(name, math.inf) for name in names},
        n_instances=len(ratios),
        unsolved=sum(all(map(math.isinf, instance.values())) for instance in ratios),
    )
