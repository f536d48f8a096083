"""Performance profiles: how often a solver is nearly the best, over problems."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lrbench.results.ranking import ratio
from lrbench.results.records import ProblemResult

TAU = (1.0, 2.0, 5.0, 10.0, 100.0)
"""At most how many times the passes of the best solver."""

Shares = Mapping[str, Sequence[float]]
"""Solver -> the share of instances that it solves within each tau."""


@dataclass(frozen=True)
class Profile:
    """The profile of every solver over one set of instances."""

    shares: Shares
    """Solver -> rho(tau) for each of `TAU`."""
    solved: Mapping[str, float]
    """Solver -> the share of instances that it solves at all."""
    n_instances: int
    unsolved: int
    """Instances that nobody solves; they count as unsolved for all."""


@dataclass(frozen=True)
class Profiles:
    """The profiles of solvers whose lr0 was tuned, and of the same with every lr0 as it is."""

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

    Tuned: the instances are the problems, and a solver costs the passes at its best lr0. Untuned:
    the instances are the problems with each lr0 of their grid, a solver costs the passes at that
    very lr0, and is compared with the least passes of any solver on that problem at its best lr0.
    A grid in units of 1/L is another one on each problem. A solver that was not run on an instance,
    or did not finish any run there, did not solve it.

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
        at = {str(s.solver): dict(zip(s.lr0, s.passes, strict=True)) for s in solvers}
        for lr0 in {value: None for s in solvers for value in s.lr0}:
            there = {name: found.get(lr0, math.inf) for name, found in at.items()}
            untuned.append(_ratios(there, least))
    return Profiles(_profile(names, tuned), _profile(names, untuned))


def comparable(problems: Sequence[ProblemResult]) -> bool:
    """Whether profiles over these sweeps mean something: several problems, each of them once."""
    prints = [p.header["fingerprint"] for p in problems]
    return len(prints) > 1 and len(set(prints)) == len(prints)


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
        unsolved=sum(all(math.isinf(r) for r in one.values()) for one in ratios),
    )
