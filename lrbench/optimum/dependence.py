r"""Columns that depend on others as they were read, and what the rounding of the data changes.

A column that is a combination of others is that no longer once it has been centred and divided:
its rounding, some eps beside the others, spans a dimension of its own, and in it F has another
minimum, with coefficients of the size 1 / eps. That minimum is one of the last digits of the data.

Dependence is therefore looked for in the data as they were read, in integers: a column of decimal
numbers is read as those times a power of ten, any other as float64 times a power of two. Both
change the length of a column only. The rank is computed modulo two primes of 31 bits, which
misjudge a column with a probability of about 1e-18.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import Vector
from lrbench.objective.linear.matrix import DataMatrix
from lrbench.objective.linear.objective import LinearObjective
from lrbench.objective.linear.problem import LinearProblem
from lrbench.objective.linear.raw import Raw

Integers = NDArray[np.int64]

EPS = float(np.finfo(float).eps)

PRIMES = ((1 << 31) - 1, (1 << 31) - 19)
"""The two largest primes below 2^31: products of two residues fit into 64 bits."""

MOST_DECIMALS = 16

LONGEST = 1e15
"""Decimal numbers of fewer digits are the only ones of their length that round to their float64."""

SHORT = float(2**8 + 1)
"""Splits off the last 8 bits of a number: where they are 0 it was hardly rounded."""

PIECE = 1 << 18
"""The entries of a sparse matrix that are looked at at a time."""

TOLERATED = 1e-6
"""The most that may be left of a scaled column that depends on others, relative to its length."""


def left_out(n_columns: int) -> str:
    """Return what a certificate says of columns that were left out."""
    return f"{n_columns} dependent column{'s' * (n_columns > 1)} left out"


def independent_columns(problem: LinearProblem) -> NDArray[np.intp] | None:
    """Return the columns of X to keep such that none depends on others as it was read.

    Returns
    -------
    ndarray or None
        None if nothing is known of the data before scaling, or no column depends on others.
    """
    raw = problem.raw
    if raw is None or raw.X is None:
        return None
    X = raw.X if isinstance(raw.X, np.ndarray) else raw.X.toarray()
    # Centred columns depend on each other where the columns and a constant do, and so do columns
    # beside an intercept. A row that is divided by its length divides no constant.
    constant = raw.offset is not None or (problem.intercept and raw.scaling != "unit-rows")
    columns = [np.ones(len(X))] if constant else []
    columns += list(np.ascontiguousarray(X.T))
    dependent = set.intersection(
        *(_dependent(np.stack([_residues(c, prime) for c in columns]), prime) for prime in PRIMES)
    )
    first = len(columns) - X.shape[1]
    kept = np.setdiff1d(np.arange(problem.n_features), [j - first for j in dependent])
    if len(kept) in (0, problem.n_features):
        return None
    return kept


def of_columns(problem: LinearProblem, kept: NDArray[np.intp]) -> LinearProblem:
    """Return the problem without a penalty whose X has these columns alone."""
    X: Any = problem.data.X
    return replace(
        problem, data=DataMatrix(X[:, kept]), w0=problem.w0[kept], X_hash="", raw=None, test=None
    )


def nearest_to_start(problem: LinearProblem, kept: NDArray[np.intp], v: Vector) -> Vector | None:
    """Return the w nearest to w_0 with the scores that the coefficients `v` of some columns give.

    None if the other columns are no combinations of these, not even up to rounding.
    """
    X: Any = problem.data.X
    X = X if isinstance(X, np.ndarray) else X.toarray()
    others = np.setdiff1d(np.arange(problem.n_features), kept)
    B, Y = X[:, kept], X[:, others]
    unit = np.sqrt(np.square(B).sum(axis=0))
    unit[unit == 0.0] = 1.0
    C = np.linalg.lstsq(B / unit, Y, rcond=None)[0] / unit[:, None]
    rest = np.linalg.norm(Y - B @ C, axis=0)
    if (rest > TOLERATED * np.linalg.norm(X, axis=0).max(initial=0.0)).any():
        return None
    w = np.zeros(problem.n_features)
    w[kept] = v
    null = np.zeros((problem.n_features, len(others)))
    null[kept], null[others, np.arange(len(others))] = -C, 1.0
    w -= null @ np.linalg.lstsq(null, w - problem.w0, rcond=None)[0]
    return w


def data_rounding(problem: LinearProblem, w: Vector) -> float:
    """Return by how much F(w) changes if the entries of X are rounded in another way.

    Notes
    -----
    An entry is known to one unit in its last place as it was read, and to two where it was scaled;
    a centred one to that of the number before. Columns of numbers of at most 45 bits, such as
    integers, are exact. To first order this is also by how much inf F changes, where w is a
    minimiser.
    """
    raw: Raw | None = problem.raw
    if raw is None:
        return 0.0
    size = np.abs(w) * ~_exact(problem)
    offset = 0.0
    if raw.offset is not None:
        offset = float(raw.offset @ size[: len(raw.offset)])
    units = EPS if raw.scaling == "none" else 2.0 * EPS
    change, scores = np.empty(problem.n_samples), np.asarray(problem.data.X @ w)
    for rows, X, _ in problem.data.blocks(1):
        change[rows] = units * (abs(X) @ size + offset)
    with np.errstate(all="ignore"):
        at, y = problem.loss.value(scores, problem.y), problem.y
        # A convex loss changes most at an end of an interval.
        ends = [problem.loss.value(scores + sign * change, y) - at for sign in (-1.0, 1.0)]
        total = float(np.mean(np.abs(ends).max(axis=0)))
    return total if total >= 0.0 else np.inf


def _exact(problem: LinearObjective) -> NDArray[np.bool_]:
    """Return which columns of X have entries of at most 45 bits only."""
    X, exact = problem.data.X, np.ones(problem.n_features, dtype=bool)
    if isinstance(X, np.ndarray):
        for _, block, _ in problem.data.blocks(1):
            exact &= _short(np.asarray(block)).all(axis=0)
    else:
        for start in range(0, X.nnz, PIECE):
            piece = slice(start, start + PIECE)
            exact[X.indices[piece][~_short(X.data[piece])]] = False
    return exact


def _short(x: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which numbers have at most 45 bits, elementwise."""
    with np.errstate(all="ignore"):
        scaled = x * SHORT
        short: NDArray[np.bool_] = scaled - (scaled - x) == x
    return short


def _residues(x: Vector, prime: int) -> Integers:
    """Return a multiple of `x` in integers, modulo `prime`."""
    for decimals in range(MOST_DECIMALS):
        with np.errstate(over="ignore", invalid="ignore"):
            whole = np.rint(x * 10.0**decimals)
            if not (np.abs(whole) < LONGEST).all():
                break
            if (whole / 10.0**decimals == x).all():
                return np.asarray(whole.astype(np.int64) % prime)
    mantissa, exponent = np.frexp(x)
    exponent = np.where(x == 0.0, 0, exponent)
    shifts, which = np.unique(exponent - exponent.min(), return_inverse=True)
    powers = np.array([pow(2, int(shift), prime) for shift in shifts], dtype=np.int64)
    return np.asarray((mantissa * 2.0**53).astype(np.int64) % prime * powers[which] % prime)


def _dependent(rows: Integers, prime: int) -> set[int]:
    """Return which rows depend on rows before them, modulo `prime`."""
    rows = rows.copy()
    dependent = set()
    for k, row in enumerate(rows):
        columns = np.flatnonzero(row)
        if not len(columns):
            dependent.add(k)
            continue
        c = columns[0]
        pivot = row * pow(int(row[c]), -1, prime) % prime
        rows[k + 1 :] = (rows[k + 1 :] - rows[k + 1 :, c, None] * pivot) % prime
    return dependent
