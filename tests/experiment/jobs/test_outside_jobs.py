"""Outside solvers in worker processes."""

from __future__ import annotations

import numpy as np

import lrbench


def test_workers_have_the_bits_of_one_process() -> None:
    solvers = ["outside:saga", "outside:sgd-classifier", "outside:newton-cholesky", "wngrad"]
    one, many = (
        lrbench.run("logreg", solvers=solvers, lr0=[0.1, 1.0], iterations=20, jobs=jobs)
        for jobs in (1, 2)
    )
    for a, b in zip(one.problems[0].runs, many.problems[0].runs, strict=True):
        assert (str(a.solver), a.lr0, a.status) == (str(b.solver), b.lr0, b.status)
        np.testing.assert_array_equal(a.trace["objective"], b.trace["objective"])
