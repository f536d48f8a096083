"""Small problems, their minimisers and their constants, worked out in plain NumPy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from lrbench.arrays import Lanes, PerLane, Vector
from lrbench.config.solver_spec import SolverSpec
from lrbench.contract.subject import solver_instances
from lrbench.engine.budget import Budget
from lrbench.engine.job import Job, SeedLanes, SharedProblem
from lrbench.engine.run import run_lanes
from lrbench.losses import LOSSES
from lrbench.objective.about import About
from lrbench.objective.constants import Constants
from lrbench.objective.linear.matrix import DataMatrix
from lrbench.objective.linear.objective import LinearObjective
from lrbench.objective.linear.problem import LinearProblem
from lrbench.objective.minibatches import Minibatches
from lrbench.objective.oracle import Ball, Gradient, Iterate
from lrbench.penalties.base import Penalty
from lrbench.penalties.l2 import L2
from lrbench.penalties.none import NoPenalty
from lrbench.plan.lanes import Lane
from lrbench.results import Run, Status
from lrbench.solvers import SOLVERS
from lrbench.solvers.base import Solver

Array = NDArray[np.float64]


def sparse(n_samples: int, n_features: int, density: float) -> csr_array:
    """Return a random sparse matrix of entries in (0, 1), the same with every SciPy."""
    rng = np.random.default_rng(0)
    count = round(density * n_samples * n_features)
    at = rng.choice(n_samples * n_features, count, replace=False)
    entries = (rng.random(count), np.divmod(at, n_features))
    return csr_array(entries, shape=(n_samples, n_features))


def linear_problem(
    loss: str = "squared",
    n_samples: int = 12,
    n_features: int = 3,
    *,
    weight: float = 0.0,
    intercept: bool = False,
    density: float | None = None,
    w0: Vector | None = None,
    seed: int = 0,
    penalty: Penalty | None = None,
) -> LinearProblem:
    """Return a seeded Gaussian problem; in CSR form with a `density`."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_samples, n_features))
    if density is not None:
        X *= rng.random(X.shape) < density
    scores = X @ rng.standard_normal(n_features) + rng.standard_normal(n_samples)
    part = LOSSES.get(loss)()
    y = np.where(scores > 0, 1.0, -1.0) if part.task == "binary" else scores
    if part.task == "count":
        y = np.round(np.abs(scores))
    if intercept:
        X = np.column_stack([X, np.ones(n_samples)])
    data: Any = X if density is None else csr_array(X)
    return as_problem(data, y, part, weight, intercept, w0, penalty)


def as_problem(
    X: Any,
    y: Array,
    loss: Any,
    weight: float = 0.0,
    intercept: bool = False,
    w0: Vector | None = None,
    penalty: Penalty | None = None,
) -> LinearProblem:
    """Return a problem on these data; with l2 where there is a weight and no other penalty."""
    return LinearProblem(
        data=DataMatrix(X),
        y=y,
        loss=loss,
        penalty=penalty or (L2(weight) if weight else NoPenalty()),
        intercept=intercept,
        name="small",
        w0=np.zeros(X.shape[1]) if w0 is None else w0,
        about=About("small", "generated", "none", "zeros"),
    )


def dense(objective: LinearObjective) -> Array:
    """Return X as an array."""
    X: Any = objective.data.X
    out: Array = X if isinstance(X, np.ndarray) else X.toarray()
    return out


def shrink_rates(objective: LinearObjective) -> Array:
    """Return the l2 strength on every coordinate: zero for the intercept's."""
    rates = np.full(objective.n_features, objective.penalty.curvature)
    rates[objective.n_penalised :] = 0.0
    return rates


def hessian(objective: LinearObjective, w: Vector) -> Array:
    """Return the Hessian of F at `w`."""
    X = dense(objective)
    curvature = objective.loss.second_derivative(X @ w, objective.y)
    out: Array = (X.T * curvature) @ X / len(X) + np.diag(shrink_rates(objective))
    return out


def slope(objective: LinearObjective, w: Vector, rows: Any = slice(None)) -> Vector:
    """Return the gradient of F at `w`, or of the mean over some `rows` of X."""
    X, y = dense(objective)[rows], objective.y[rows]
    out: Vector = X.T @ objective.loss.derivative(X @ w, y) / len(y) + shrink_rates(objective) * w
    return out


def minimiser(objective: LinearObjective) -> Vector:
    """Return argmin F by damped Newton steps to machine precision."""
    w = np.zeros(objective.n_features)
    for _ in range(60):
        g = slope(objective, w)
        step = np.linalg.lstsq(hessian(objective, w), g, rcond=None)[0]
        w = w - step / (1.0 + (0.0 if np.linalg.norm(step) < 1.0 else np.linalg.norm(step)))
        if np.linalg.norm(step) < 1e-15 * (1.0 + np.linalg.norm(w)):
            break
    assert np.linalg.norm(slope(objective, w)) < 1e-10
    return w


def constants_of(problem: LinearProblem, w_star: Vector | None) -> Constants:
    """Return the constants from dense linear algebra; f_star is 0 without a minimiser."""
    X, sup = dense(problem), problem.loss.smoothness
    rates = np.diag(shrink_rates(problem))
    eigenvalues = np.linalg.eigvalsh(X.T @ X / len(X))
    quadratic = problem.loss.name == "squared"
    mu = np.linalg.eigvalsh((X.T @ X / len(X) if quadratic else 0.0) + rates)[0]
    start = float(problem.value(problem.w0[:, None])[0])
    f_star = 0.0 if w_star is None else float(problem.value(w_star[:, None])[0])
    return Constants(
        L=float(eigenvalues[-1] * sup + rates.max()) * (1 + 1e-12),
        L_method="eigenvalues",
        L_max=float((X**2).sum(axis=1).max() * sup + rates.max()),
        mu=max(float(mu), 0.0),
        mu_pl=max(float(mu), 0.0),
        G=None,
        grad_norm_sq0=float(np.sum(slope(problem, problem.w0) ** 2)),
        f_star=f_star,
        f_star_error=1e-13,
        f_star_method="Newton",
        attained=w_star is not None,
        delta0=start - f_star,
    )


@dataclass(frozen=True)
class Work:
    """A job and its problem."""

    job: Job
    shared: SharedProblem

    def changed(self, **changes: Any) -> Work:
        """Return the work with another job."""
        return Work(replace(self.job, **changes), self.shared)

    def lanes(self, *seeds_and_rates: tuple[int, Sequence[float]]) -> Work:
        """Return the work with these initial learning rates of each seed."""
        lanes = (SeedLanes(seed, tuple(map(float, lr0))) for seed, lr0 in seeds_and_rates)
        return self.changed(lanes=tuple(lanes))

    def on(self, **changes: Any) -> Work:
        """Return the work with another problem, constants or minimiser."""
        return Work(self.job, replace(self.shared, **changes))


def task(
    problem: LinearProblem,
    solver: Solver,
    lr0: Sequence[float],
    iterations: int,
    *,
    checkpoints: Sequence[int] | None = None,
    batch: Minibatches | None = None,
    seeds: Sequence[int] | None = None,
    radius: float | None = None,
    target: float | None = None,
    minimum: bool = True,
    pad_to: int = 1,
    parameters: Mapping[str, Sequence[float]] | None = None,
    **known: Any,
) -> Work:
    """Return work; every step is a checkpoint unless said, `known` replaces constants."""
    w_star = minimiser(problem) if minimum else None
    constants = replace(constants_of(problem, w_star), **known)
    varied = {name: tuple(values) for name, values in (parameters or {}).items()}
    own_seeds = seeds or [0 if batch is None else batch.seed]
    marks = range(iterations + 1) if checkpoints is None else checkpoints
    job = Job(
        solver=solver,
        spec=SolverSpec(solver.name),
        lanes=tuple(SeedLanes(seed, tuple(map(float, lr0)), varied) for seed in own_seeds),
        batch_size=None if batch is None else batch.batch_size,
        sampling="replacement" if batch is None else batch.sampling,
        radius=radius,
        budget=Budget(iterations, marks, target),
        pad_to=pad_to,
    )
    return Work(job, SharedProblem(problem, constants, w_star))


def run(work: Work, **options: Any) -> list[Run]:
    """Run the lanes of work."""
    return run_lanes(work.job, work.shared, **options)


def run_healthy(work: Work) -> list[Run]:
    """Run, and insist that the solver raised nothing."""
    out = run(work)
    assert all(r.status is not Status.FAILED for r in out), out[0].error
    return out


def variants(name: str) -> list[Any]:
    """Return the solver called `name` with every value of its parameters that are a choice."""
    return solver_instances(SOLVERS.get(name))


def every_variant() -> list[Any]:
    """Return every registered solver in all its variants, but for the proximal ones."""
    every = [solver for name in SOLVERS for solver in variants(name)]
    return [solver for solver in every if not (solver.proximal or solver.outside)]


def proximal_variants() -> list[Any]:
    """Return every registered solver that takes a prox, in all its variants."""
    return [s for name in SOLVERS for s in variants(name) if s.proximal]


HORIZON = 3000
"""More steps than any test takes without the engine."""


def facts_of(problem: LinearProblem, solver: Solver, horizon: int = HORIZON) -> dict[str, float]:
    """Return the numbers that `solver` needs of the problem and the budget."""
    if {"horizon"}.issuperset(solver.needs):
        return dict.fromkeys(map(str, solver.needs), float(horizon))
    c = constants_of(problem, minimiser(problem))
    known = {"f_star": c.f_star, "L": c.L, "L_max": c.L_max, "mu": c.mu, "horizon": float(horizon)}
    return {name: known[name] for name in solver.needs if name in known}


Seen = tuple[Lanes, Lanes]
"""An iterate and the gradient there."""


def given(batch: Minibatches | None) -> list[Minibatches]:
    """Return the minibatches as a sampler takes them."""
    return [] if batch is None else [batch]


def walk_along(
    problem: LinearProblem,
    solver: Solver,
    lr0: PerLane,
    batch: Minibatches | None = None,
    ball: Ball | None = None,
    w_star: Vector | None = None,
    horizon: int = HORIZON,
) -> Iterator[tuple[Lanes, PerLane, Any, list[Seen]]]:
    """Step for ever without the engine; yield W, lr, the state and what the oracle was asked."""
    sampler = problem.sampler(w_star, ball, given(batch), dense_iterates=solver.dense_iterates)
    seen: list[Seen] = []

    def observe(W: Iterate, gradient: Gradient) -> None:
        seen.append((sampler.iterates.dense(W).copy(), gradient.dense().copy()))

    W = sampler.iterates.start(len(lr0))
    state = solver.init(W, lr0, facts_of(problem, solver, horizon))
    for oracle in sampler.oracles(observe):
        seen.clear()
        sampler.iterates.accumulate(W)
        oracle.begin(W)
        W, lr, state = solver.step(W, state, oracle)
        yield sampler.iterates.dense(W), lr, state, list(seen)


def plain_lanes(lr0: Iterable[float]) -> tuple[Lane, ...]:
    """Return lanes over these learning rates."""
    return tuple(Lane(value, (("lr0", value),)) for value in lr0)
