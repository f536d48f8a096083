"""The b of WNGrad along a run of a network, beside the ends of the spectrum of the Hessian.

python docs/paper/curvature.py

For each lr0, gradient descent runs beside WNGrad with the constant rate 1/b at which WNGrad ends.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse.linalg import LinearOperator, eigsh

import lrbench
from lrbench.arrays import Vector

PROBLEM = "mlp-digits"
LR0 = (0.1, 1.0, 10.0, 100.0)
STEPS = (10, 100, 1000)

SHORT = 1e-8
"""The length of the difference of gradients. Few units of a ReLU network change sign within it."""


def ends_of_spectrum(problem: lrbench.LoadedProblem, w: Vector) -> tuple[float, float]:
    """Return the least and the largest eigenvalue of the Hessian of F at `w`, by Lanczos."""

    def product(v: Vector) -> Vector:
        step = v.ravel() * (SHORT / np.linalg.norm(v))
        difference: Vector = problem.gradient(w + step) - problem.gradient(w - step)
        return difference * float(np.linalg.norm(v) / (2 * SHORT))

    hessian = LinearOperator((w.size, w.size), matvec=product, dtype=np.float64)
    first = np.random.default_rng(0).standard_normal(w.size)
    least, largest = eigsh(hessian, k=2, which="BE", v0=first, tol=1e-4, return_eigenvectors=False)
    return float(least), float(largest)


def runs_after(solver: str, lr0: list[float], T: int) -> list[tuple[float, Vector]]:
    """Return b, which is 1 over the last rate, and the iterate of each lr0 after T full batches."""
    result = lrbench.run(
        PROBLEM, solvers=solver, lr0=lr0, iterations=T, checkpoints_per_decade=1, jobs=1
    )
    return [(1.0 / run.trace["lr"][-1], run.iterates["last"]) for run in result.problems[0].runs]


def main() -> None:
    """Print b, both ends of the spectrum, and the ratio, for each lr0 and T."""
    problem = lrbench.load_problem(PROBLEM)
    least, largest = ends_of_spectrum(problem, problem.w0)
    print(f"at w_0 the eigenvalues go from {least:.2f} to {largest:.2f}\n")
    adaptive = [runs_after("wngrad", list(LR0), T) for T in STEPS]
    rates = [1.0 / b for b, _ in adaptive[-1]]
    constant = [runs_after("gd", rates, T) for T in STEPS]
    print("              wngrad: b, eigenvalues           gd at 1/b of the end")
    print("lr0     T        b   least  largest  ratio        b  largest  ratio")
    print("---  ----  -------  ------  -------  -----  -------  -------  -----")
    for lane, lr0 in enumerate(LR0):
        for k, T in enumerate(STEPS):
            b, w = adaptive[k][lane]
            least, largest = ends_of_spectrum(problem, w)
            row = f"{lr0:3g}  {T:4d}  {b:7.2f}  {least:6.2f}  {largest:7.2f}  {largest / b:5.2f}"
            b, w = constant[k][lane]
            largest = ends_of_spectrum(problem, w)[1]
            print(f"{row}  {b:7.2f}  {largest:7.2f}  {largest / b:5.2f}")


if __name__ == "__main__":
    main()
