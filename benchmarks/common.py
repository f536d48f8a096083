"""What the benchmarks share: a logistic problem from a LIBSVM file."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from lrbench.cache.folder import cache_dir
from lrbench.config.solver_spec import SolverSpec
from lrbench.engine.budget import Budget, checkpoint_grid
from lrbench.engine.job import Job, SeedLanes, SharedProblem
from lrbench.engine.loop import LaneLoop
from lrbench.engine.run import run_lanes
from lrbench.objective.constants import Constants
from lrbench.objective.linear.problem import LinearProblem
from lrbench.optimum import constants, find_optimum
from lrbench.problem_files import build_problem, spec_from_data
from lrbench.solvers.build import build_solver


def data_file() -> Path:
    """Return the LIBSVM file named on the command line."""
    if len(sys.argv) != 2:
        sys.exit(f"usage: python {sys.argv[0]} FILE (LIBSVM format, two labels; a9a in the docs)")
    return Path(sys.argv[1])


def logistic(path: Path) -> tuple[LinearProblem, Constants, np.ndarray]:
    """Return logistic regression with l2 weight 1/n, its constants and its minimiser."""
    problem = build_problem(spec_from_data(str(path), loss="logistic"))
    optimum = find_optimum(problem, cache=cache_dir())
    assert optimum.w_star is not None
    return problem, constants(problem, optimum, radius=None), optimum.w_star


def scattered(path: str, last: int = 10) -> LinearProblem:
    """Return logistic regression with l2 on wide data, whose labels 1 to `last` are one class.

    0 stands for data with two labels.
    """
    positive = [str(k) for k in range(1, last + 1)] or None
    problem = build_problem(spec_from_data(path, loss="logistic", positive=positive))
    assert isinstance(problem, LinearProblem)
    return problem


def any_constants(mu: float = 0.0) -> Constants:
    """Return constants of which the time of a step does not depend."""
    return Constants(
        L=1.0,
        L_method="",
        L_max=np.inf,
        mu=mu,
        mu_pl=0.0,
        G=None,
        grad_norm_sq0=0.0,
        f_star=0.0,
        f_star_error=0.0,
        f_star_method="",
        attained=True,
        delta0=1.0,
    )


def sklearn_pass(problem: LinearProblem) -> Callable[[], float]:
    """Return a function that does one averaged pass, and returns its CPU seconds."""
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import SGDClassifier

    X, y = csr_matrix(problem.data.X), np.array(problem.y)
    X.indices, X.indptr = X.indices.astype(np.int32), X.indptr.astype(np.int32)
    sgd = SGDClassifier(
        loss="log_loss",
        alpha=problem.penalty.weight,
        average=True,
        learning_rate="constant",
        eta0=0.01,
    )
    sgd.partial_fit(X, y, classes=[-1.0, 1.0])

    def seconds() -> float:
        start = time.process_time()
        sgd.partial_fit(X, y)
        return time.process_time() - start

    return seconds


def median_ratio(first: Job, second: Job, shared: SharedProblem, repetitions: int) -> float:
    """Return the median over pairs of the CPU time of the second job, divided by the first's."""
    ratios = []
    for _ in range(repetitions):
        seconds = []
        for job in (first, second):
            begin = time.process_time()
            run_lanes(job, shared)
            seconds.append(time.process_time() - begin)
        ratios.append(seconds[1] / seconds[0])
    return statistics.median(ratios)


def engine_seconds(work: tuple[Job, SharedProblem]) -> float:
    """Return the CPU seconds of the steps of a job, without the looks."""
    with np.errstate(all="ignore"):
        runner = LaneLoop(*work).runner
        runner.start()
        start = time.process_time()
        runner.go(work[0].budget.iterations, lambda t: False)
        return time.process_time() - start


def task(
    problem: LinearProblem,
    known: Constants,
    w_star: np.ndarray,
    *,
    n_lanes: int,
    steps: int,
    batch_size: int | None = None,
    default_checkpoints: bool = True,
    solver: str = "wngrad",
    rates: tuple[float, float] = (1e-2, 1e2),
) -> tuple[Job, SharedProblem]:
    """Return a job with log-spaced lanes, and its problem; a single one is in their middle."""
    built, spec = build_solver(solver)
    assert isinstance(spec, SolverSpec)
    middle = np.sqrt(np.prod(rates))
    lr0 = np.geomspace(*rates, n_lanes) if n_lanes > 1 else np.array([middle])
    job = Job(
        solver=built,
        spec=spec,
        lanes=(SeedLanes(0, tuple(lr0.tolist())),),
        batch_size=batch_size,
        sampling="replacement",
        radius=None,
        budget=Budget(steps, checkpoint_grid(steps, 12) if default_checkpoints else [0, steps]),
    )
    return job, SharedProblem(problem, known, w_star)
