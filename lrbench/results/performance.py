"""Performance profiles: how often, over problems, a solver is nearly the best."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from lrbench.results.problem import ProblemResult
from lrbench.results.ranking import ratio

TAU = (1.0, 2.0, 5.0, 10.0, 100.0)
"""The largest ratio of passes to those of the best solver, for each point of a profile."""

TAU_SCORE = 4.0
"""The ratio up to which the area under a profile is its score."""

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
    score: Mapping[str, float]
    """Solver -> the area under rho from 1 to `TAU_SCORE`, over that of a solver that is always the
    best."""
    data: Shares
    """Solver -> the share of instances that it solves within each of `Profiles.passes`."""


@dataclass(frozen=True)
class Profiles:
    """The profiles of solvers with their best value on each problem, and with every value."""

    tuned: Profile
    untuned: Profile
    passes: Sequence[float]
    """1, 2, 5, 10, … up to the first number within which all is solved that is ever solved; the
    points of the data profiles."""


@dataclass(frozen=True)
class Instance:
    """What each solver costs on an instance, and the least cost on its problem."""

    cost: Mapping[str, float]
    least: float

    def cost_of(self, name: str) -> float:
        """Return the passes of a solver; inf where it did not solve the instance."""
        return self.cost.get(name, math.inf)

    def ratio_of(self, name: str) -> float:
        """Return these passes over the least ones; inf where it did not solve the instance."""
        cost = self.cost_of(name)
        return ratio(cost, self.least) if math.isfinite(cost) else math.inf


class Instances(NamedTuple):
    """The instances of profiles, and the solvers in their order."""

    names: list[str]
    tuned: list[Instance]
    untuned: list[Instance]


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
    another one on each problem. A solver that was not run on a problem, or did not finish any run
    at a value, did not solve it. Values that are not in the grids of all solvers of a problem are
    no instances. A solver of which nothing varies costs the same at every value; where that is so
    of all solvers, the problem is one instance.

    The score of AlgoPerf is the integral of rho from 1 to 4, over 3. The data profile is the share
    of instances that a solver solves within so many passes, whatever the others need.

    References
    ----------
    Dolan, Moré, Benchmarking optimization software with performance profiles, Mathematical
    Programming 91, 2002, section 2; Dahl et al., Benchmarking neural network training algorithms,
    arXiv:2306.07179, section 4; Moré, Wild, Benchmarking derivative-free optimization algorithms,
    SIAM Journal on Optimization 20, 2009, section 2.
    """
    names, tuned, untuned = instances(problems)
    costs = [c for i in (*tuned, *untuned) for c in i.cost.values() if math.isfinite(c)]
    passes = _one_two_five(max(costs, default=1.0))
    return Profiles(_profile(names, tuned, passes), _profile(names, untuned, passes), passes)


def instances(problems: Sequence[ProblemResult]) -> Instances:
    """Return what each solver costs, with its best value on each problem and with every value.

    `profiles` defines these instances.
    """
    sweeps = [p.sweep.solvers for p in problems if p.sweep is not None]
    names = list(dict.fromkeys(str(s.solver) for solvers in sweeps for s in solvers))
    tuned, untuned = list[Instance](), list[Instance]()
    for solvers in sweeps:
        cost = {str(s.solver): s.best_passes for s in solvers}
        least = min(cost.values(), default=math.inf)
        tuned.append(Instance(cost, least))
        varied = [s for s in solvers if s.values]
        passes_at = {str(s.solver): dict(zip(s.values, s.passes, strict=True)) for s in varied}
        # Grids that find their ends differ: what only one solver ran says nothing of the others.
        values = {value: None for s in varied for value in s.values}
        shared = [v for v in values if all(v in passes for passes in passes_at.values())]
        for value in shared if varied else [math.nan]:
            at_value = {solver: passes[value] for solver, passes in passes_at.items()}
            # Not the least at this value: where all solvers are slow, the fastest is not the best.
            untuned.append(Instance(cost | at_value, least))
    return Instances(names, tuned, untuned)


def comparable(problems: Sequence[ProblemResult]) -> bool:
    """Whether profiles over these sweeps make sense: several problems, and each of them once."""
    fingerprints = [p.header.fingerprint for p in problems]
    return len(fingerprints) > 1 and len(set(fingerprints)) == len(fingerprints)


def _one_two_five(largest: float) -> tuple[float, ...]:
    """Return 1, 2, 5, 10, … up to the first that is at least `largest`."""
    series = [1.0]
    while series[-1] < largest:
        series.append(10.0 ** (len(series) // 3) * (1.0, 2.0, 5.0)[len(series) % 3])
    return tuple(series)


def _profile(
    names: Sequence[str], instances: Sequence[Instance], passes: Sequence[float]
) -> Profile:
    n = max(len(instances), 1)  # the shares of no instances are 0
    ratios = {name: [instance.ratio_of(name) for instance in instances] for name in names}
    costs = {name: [instance.cost_of(name) for instance in instances] for name in names}
    return Profile(
        shares={name: _shares(ratios[name], TAU, n) for name in names},
        solved={name: sum(map(math.isfinite, ratios[name])) / n for name in names},
        n_instances=len(instances),
        unsolved=sum(all(map(math.isinf, i.cost.values())) for i in instances),
        score={
            name: sum(max(TAU_SCORE - r, 0.0) for r in ratios[name]) / (TAU_SCORE - 1.0) / n
            for name in names
        },
        data={name: _shares(costs[name], passes, n) for name in names},
    )


def _shares(costs: Sequence[float], limits: Sequence[float], n: int) -> tuple[float, ...]:
    """Return for each limit the share of `n` instances whose cost is within it."""
    return tuple(sum(cost <= limit for cost in costs) / n for limit in limits)
