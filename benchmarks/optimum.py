"""Certified minima against liblinear and scikit-learn's coordinate descent.

python benchmarks/optimum.py news20.bz2 a9a.bz2

CPU seconds of both (medians of at most five pairs), the certified error relative to F(w_0) - f*,
and how far F of the other is above f*, relative to the same. The labels 1 to 10 of news20 are the
positive class. The made data are 50,000 x 300 indicators, 12 a row, and 20,000 x 50,000, some 70 a
row.
"""

from __future__ import annotations

import sys
import time
import warnings
from statistics import median

import numpy as np
from scipy.sparse import csr_array, csr_matrix, diags_array
from sklearn.linear_model import ElasticNet, LogisticRegression
from sklearn.svm import LinearSVC
from threadpoolctl import threadpool_limits

from lrbench.losses.hinge import Hinge
from lrbench.losses.logistic import Logistic
from lrbench.losses.squared import Squared
from lrbench.losses.squared_hinge import SquaredHinge
from lrbench.objective.about import About
from lrbench.objective.linear.matrix import DataMatrix
from lrbench.objective.linear.problem import LinearProblem
from lrbench.optimum import find_optimum
from lrbench.penalties.elastic_net import ElasticNet as ElasticNetPenalty
from lrbench.penalties.l1 import L1
from lrbench.penalties.l2 import L2
from lrbench.problem_files import build_problem, spec_from_data

SECONDS = 5.0
"""The time of pairs after which no other is run."""


def problem(X, y, loss, penalty):
    """Return the problem without an intercept, started at 0."""
    return LinearProblem(
        data=DataMatrix(X),
        y=y,
        loss=loss,
        penalty=penalty,
        intercept=False,
        name="optimum",
        w0=np.zeros(X.shape[1]),
        about=About("", "", "none", "zeros"),
    )


def indicators(n=50_000, d=300, k=12):
    """Return indicators, the first columns more frequent, and 3 % positive labels."""
    rng = np.random.default_rng(0)
    order = 0.7 * -np.log(np.arange(1, d + 1)) + rng.gumbel(size=(n, d))
    columns = np.sort(np.argsort(-order, axis=1)[:, :k], axis=1).astype(np.int32)
    ends = np.arange(0, n * k + 1, k, dtype=np.int32)
    X = csr_array((np.ones(n * k), columns.ravel(), ends), shape=(n, d))
    z = X @ (0.7 * rng.standard_normal(d)) + rng.logistic(size=n)
    return X, np.where(z > np.quantile(z, 0.97), 1.0, -1.0)


def wide(n=20_000, d=50_000, k=70):
    """Return rows of length 1, and labels by a hundredth of the columns."""
    rng = np.random.default_rng(0)
    share = np.arange(1, d + 1) ** -0.5
    columns = rng.choice(d, size=n * k, p=share / share.sum())
    entries = np.abs(rng.standard_normal(n * k))
    X = csr_array((entries, (np.repeat(np.arange(n), k), columns)), shape=(n, d))
    X.sum_duplicates()
    X = csr_array(diags_array(1 / np.sqrt(X.power(2).sum(axis=1))) @ X)
    w = 5 * rng.standard_normal(d) * (rng.random(d) < 0.01)
    return X, np.where(X @ w + 0.3 * rng.standard_normal(n) > 0, 1.0, -1.0)


def peer(loss, penalty, n):
    """Return the estimator whose objective is a multiple of F."""
    common = {"fit_intercept": False, "tol": 1e-6}
    if isinstance(loss, Squared):
        weight = penalty.l1 + penalty.curvature
        return ElasticNet(weight, l1_ratio=penalty.l1 / weight, max_iter=10_000, **common)
    C = 1 / (n * (penalty.l1 or penalty.curvature))
    if isinstance(loss, Logistic):
        name = "l1" if penalty.l1 else "l2"
        return LogisticRegression(penalty=name, solver="liblinear", C=C, max_iter=1000, **common)
    squared = isinstance(loss, SquaredHinge)
    return LinearSVC(
        loss="squared_hinge" if squared else "hinge",
        dual=True,
        C=C / 2 if squared else C,
        max_iter=10_000,
        **common,
    )


def pairs(X, y, loss, penalty):
    """Return CPU seconds here and of the peer, in pairs, and the last optimum and estimator."""
    seconds = []
    matrix = csr_matrix(X)
    # scikit-learn takes no indices of 64 bits.
    matrix.indices, matrix.indptr = matrix.indices.astype(np.int32), matrix.indptr.astype(np.int32)
    while len(seconds) < 5 and np.sum(seconds) < SECONDS:
        p = problem(X, y, loss, penalty)
        start = time.process_time()
        optimum = find_optimum(p, cache=None)
        own = time.process_time() - start
        estimator = peer(loss, penalty, len(y))
        start = time.process_time()
        estimator.fit(matrix, y)
        seconds.append((own, time.process_time() - start))
    return seconds, optimum, estimator


def row(name, X, y, loss, penalty):
    """Print a row of the table."""
    seconds, optimum, estimator = pairs(X, y, loss, penalty)
    ours, theirs = zip(*seconds, strict=True)
    p = problem(X, y, loss, penalty)
    size = float(p.value(p.w0[:, None])[0]) - optimum.f_star
    above = float(p.value(np.ravel(estimator.coef_)[:, None])[0]) - optimum.f_star
    error = optimum.f_star_error / size
    print(
        f"{name:38} {median(ours):7.2f} s  {error:8.1e}   {median(theirs):7.2f} s  "
        f"{above / size:8.1e}",
        flush=True,
    )


def rows(name, X, y):
    """Print the rows of wide data."""
    n = len(y)
    for loss in (Logistic(), Squared()):
        largest = float(np.abs(X.T @ loss.derivative(np.zeros(n), y)).max()) / n
        for share in (0.1, 0.01, 0.003):
            row(f"{name}, {loss.name}, l1 {share:g} max", X, y, loss, L1(share * largest))
    net = ElasticNetPenalty(0.02 * largest, 0.5)
    row(f"{name}, {loss.name}, elastic net 0.01 max", X, y, loss, net)
    for loss in (Hinge(), SquaredHinge()):
        row(f"{name}, {loss.name}, l2 10/n", X, y, loss, L2(10 / n))


def main():
    """Print the table."""
    if len(sys.argv) != 3:
        sys.exit(f"usage: python {sys.argv[0]} NEWS20 A9A")
    print(f"{'':38} {'here':>9}  {'error':>8}   {'peer':>9}  {'above f*':>8}")
    X, y = indicators()
    for penalty in (L2(1e-4), L1(1e-4)):
        row(f"indicators, logistic, {'l1' if penalty.l1 else 'l2'} 1e-4", X, y, Logistic(), penalty)
    a9a = build_problem(spec_from_data(sys.argv[2], loss="logistic"))
    row("a9a, hinge, l2 1/n", a9a.data.X, a9a.y, Hinge(), L2(1 / a9a.n_samples))
    positive = [str(k) for k in range(1, 11)]
    news20 = build_problem(spec_from_data(sys.argv[1], loss="logistic", positive=positive))
    rows("news20", news20.data.X, news20.y)
    rows("20,000 x 50,000", *wide())


if __name__ == "__main__":
    with threadpool_limits(1, "blas"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        main()
