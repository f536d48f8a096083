"""The engine against a NumPy loop written by hand, full batches: products, derivative and step.

python benchmarks/batch_overhead.py a9a.bz2
"""

from __future__ import annotations

import numpy as np
from common import data_file, logistic, paired, task
from threadpoolctl import threadpool_limits

from lrbench import engine


def by_hand(X, y, weight, lr0, steps):
    """Run WNGrad on l2-regularised logistic regression as one would write it in a notebook."""
    n = len(y)
    W, b = np.zeros((X.shape[1], len(lr0))), 1.0 / lr0
    XT, column = X.T, y[:, None]
    with np.errstate(over="ignore"):
        for _ in range(steps):
            R = -column / (1.0 + np.exp(column * (X @ W)))
            G = (XT @ R) / n + weight * W
            b = b + np.einsum("ij,ij->j", G, G) / b
            W -= G / b
    return W


def main() -> None:
    """Print the ratio for 1 and 64 lanes, and the share of evaluation in a default run."""
    problem, known, w_star = logistic(data_file())
    print("lanes  engine ms/step  by hand ms/step  ratio   evaluation/run")
    for n_lanes, steps in ((1, 300), (64, 20)):
        bare = task(problem, known, w_star, n_lanes=n_lanes, steps=steps, default_checkpoints=False)
        X, weight = problem.data.X, problem.penalty.weight
        same = by_hand(X, problem.y, weight, bare.lr0, steps)
        ours = np.stack([r.iterates["last"] for r in engine.run(bare)], axis=1)
        np.testing.assert_allclose(ours, same, rtol=1e-8, atol=1e-12)
        a, b, ratio = paired(
            lambda t=bare: seconds_of_steps(t),
            lambda x=X, w=weight, t=bare, s=steps: by_hand(x, problem.y, w, t.lr0, s),
        )
        default = task(problem, known, w_star, n_lanes=n_lanes, steps=1000)
        run = engine.run(default)[0] if n_lanes == 1 else None
        share = f"{run.evaluation_seconds / run.trace['seconds'][-1]:.1%}" if run else ""
        print(
            f"{n_lanes:5d}  {1e3 * a / steps:14.3f}  {1e3 * b / steps:15.3f}"
            f"  {ratio:5.3f}   {share}"
        )


def seconds_of_steps(bare: engine.Task) -> None:
    """Run a task whose only checkpoints are its two ends."""
    engine.run(bare)


if __name__ == "__main__":
    with threadpool_limits(1, "blas"):
        main()
