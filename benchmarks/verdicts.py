"""Does right code ever FAIL on minibatches, and how wrong must code be to FAIL?

python benchmarks/verdicts.py [PAGES [FAULTY_PAGES]]     (2000 and 24: ten minutes)

A page is what `lrbench run` prints for ten seeds: all theorems about four solvers with two learning
rates each, on skewed data (log-normal rows, every hundredth row 100 times as long, similar rows),
absolute and logistic loss, batches of 1 and 8, half of them in a ball. The column `t-test` counts
pages on which the one-sided 99 % t-interval over ten seeds, corrected for checkpoints, would be
above a bound: the rule that was used before.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
from gate import patched, stale_average
from scipy.special import stdtrit
from scipy.stats import chisquare
from threadpoolctl import threadpool_limits

from lrbench.engine.budget import Budget, checkpoint_grid
from lrbench.engine.control import Control
from lrbench.engine.job import Job, SeedLanes, SharedProblem
from lrbench.engine.run import run_lanes
from lrbench.objective.linear.minibatch import MinibatchOracle
from lrbench.objective.minibatches import Minibatches
from lrbench.plan.plan import Plan
from lrbench.plan.prepare import prepare
from lrbench.problem_files import spec_from_data
from lrbench.theory import theorems_for
from lrbench.verdicts import judge_theorem
from lrbench.verdicts.bound import _excess
from lrbench.verdicts.measured import measure_runs, missing

SOLVERS = ("wngrad", "adagrad-norm", "sgd", "sgd-sqrt")
RATES, SEEDS, STEPS, N = (0.03, 3.0), 10, 40, 569
BLOCKS, FEW_BLOCKS = 25, 4
"""Blocks of ten seeds on each data set, of right and of wrong code."""


def rows(kind, rng):
    X = rng.standard_normal((N, 8))
    if kind == "log-normal rows":
        X *= rng.lognormal(0.0, 2.0, (N, 1))
    elif kind == "1 of 100 rows x 100":
        X[::100] *= 100.0
    else:
        X = 1.0 + 0.1 * X
    return X


KINDS = ("log-normal rows", "1 of 100 rows x 100", "similar rows")


def prepared(kind, loss, ball, seed, folder):
    """Return a problem with its constants, and the plan that it was prepared for."""
    rng = np.random.default_rng(seed)
    X = rows(kind, rng)
    scores = X @ rng.standard_normal(8)
    y = scores + rng.standard_normal(N)
    if loss == "logistic":
        y = np.where(y + 3.0 * rng.standard_normal(N) > 0, 1.0, -1.0)
    path = Path(folder, f"{seed}.svm")
    lines = (
        f"{t:.17g} " + " ".join(f"{j}:{v:.17g}" for j, v in enumerate(x, 1))
        for t, x in zip(y, X, strict=True)
    )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    penalty = "l2" if loss == "logistic" else "none"
    spec = spec_from_data(str(path), loss=loss, penalty=penalty)
    plan = Plan(SOLVERS, list(RATES), 1, STEPS, replicates=SEEDS)
    p = prepare(spec, plan, None, Control())
    if ball:
        plan = replace(plan, radius=1.5 * p.constants.distance)
        p = prepare(spec, plan, None, Control())
    return p, plan


def runs_of(p, plan, block, batch_size):
    """Yield each solver's runs on ten seeds, by lr0."""
    budget = Budget(STEPS, checkpoint_grid(STEPS, 4))
    for solver, spec in plan.built:
        seeds = range(SEEDS * block, SEEDS * (block + 1))
        job = Job(
            solver=solver,
            spec=spec,
            lanes=tuple(SeedLanes(seed, tuple(RATES)) for seed in seeds),
            batch_size=batch_size,
            sampling="replacement",
            radius=plan.radius,
            budget=budget,
            keep_iterates=False,
        )
        runs = run_lanes(job, SharedProblem(p.problem, p.constants, p.optimum.w_star))
        assert not any(run.error for run in runs), runs[0].error
        for k in range(len(RATES)):
            yield spec, runs[k :: len(RATES)]


def by_t_test(runs, theorem, setting):
    """Return whether the former rule would fail the theorem."""
    if missing(runs, theorem) or not all(h.holds for h in theorem.hypotheses(setting)):
        return False
    excess = _excess(measure_runs(runs, theorem, setting), theorem, setting)
    excess = excess[:, ~np.isnan(excess).any(axis=0)]
    if not excess.size:
        return False
    mean = excess.mean(axis=0)
    error = excess.std(axis=0, ddof=1) / np.sqrt(len(excess))
    half = stdtrit(len(excess) - 1, 1.0 - 0.01 / excess.shape[1]) * error
    return bool(((mean - half > 0) & (half > 1e-9 * np.abs(mean))).any())


def pages(n_pages, blocks=BLOCKS):
    """Yield the kind of data of each page, and the runs on it with what theorems know of them."""
    with tempfile.TemporaryDirectory() as folder:
        for page in range(n_pages):
            number, block = divmod(page, blocks)
            if block == 0:
                kind, loss = KINDS[number % 3], ("absolute", "logistic")[number // 3 % 2]
                p, plan = prepared(kind, loss, number // 6 % 2, number, folder)
            batch_size = (1, 8)[block % 2]
            plan = replace(plan, batch_size=batch_size)
            groups = [
                (runs, p.setting(plan, spec, runs[0].lr0))
                for spec, runs in runs_of(p, plan, block + blocks * number, batch_size)
            ]
            yield kind, groups


def failed(groups):
    """Return the reasons of all FAILs of a page, and whether it has one by the t-test."""
    reasons, t_test, n_verdicts = set(), False, 0
    for runs, setting in groups:
        for theorem in theorems_for(runs[0].solver.name):
            verdict = judge_theorem(runs, theorem, setting)
            n_verdicts += verdict.applies
            if verdict.bound_verdict == "fail":
                reasons.add(verdict.reason.partition(" (seed")[0])
            t_test = t_test or by_t_test(runs, theorem, setting)
    return reasons, t_test, n_verdicts


def right_code(n_pages):
    count = defaultdict(Counter)
    for kind, groups in pages(n_pages):
        reasons, t_test, n_verdicts = failed(groups)
        count[kind].update(pages=1, fail=bool(reasons), t_test=t_test, verdicts=n_verdicts)
        if reasons:
            print(f"{kind}: {reasons}", file=sys.stderr)
    print(f"{'right code':22s}  pages  verdicts  pages with FAIL  t-test")
    for kind, c in count.items():
        row = f"{c['pages']:5d}  {c['verdicts']:8d}  {c['fail']:15d}"
        print(f"{kind:22s}  {row}  {c['t_test']:6d}", flush=True)


# --- wrong code ---


def gradient(change):
    """Return a fault: change(oracle, gradient)."""

    def make(right):
        return lambda self, *a, **k: change(self, right(self, *a, **k))

    return patched(MinibatchOracle, "_mean_gradient", make)


def scaled(factor):
    return gradient(lambda oracle, G: factor * G)


def without_feature():
    def change(oracle, G):
        G[2] = 0.0
        return G

    return gradient(change)


def late():
    state = {}

    def change(oracle, G):
        before = state.get(id(oracle), G)
        state.clear()
        state[id(oracle)] = G.copy()
        return before

    return gradient(change)


def without_longest():
    """Draw no sample among the last twentieth."""

    def make(chunks):
        def biased(self, n_steps):
            return chunks(replace(self, n_samples=self.n_samples - self.n_samples // 20), n_steps)

        return biased

    return patched(Minibatches, "chunks", make)


FAULTS = {
    "gradient x 1.01": lambda: scaled(1.01),
    "gradient x 0.99": lambda: scaled(0.99),
    "gradient x 1.0001": lambda: scaled(1.0001),
    "gradient x 0.9": lambda: scaled(0.9),
    "not rescaled: x B, x 1/2 at B = 1": lambda: gradient(
        lambda oracle, G: G * (oracle.size if oracle.size > 1 else 0.5)
    ),
    "no gradient of one feature": without_feature,
    "gradient one step late": late,
    "average one step late": stale_average,
    "5 % of the rows never drawn": without_longest,
}


def sizes(groups):
    """Return how many roundings the checks of a page are off by, and the relative effect on F."""
    columns = ("subgradient_error", "average_error")
    return max(
        float(np.nanmax(run.trace[c], initial=0.0))
        for runs, _ in groups
        for run in runs
        for c in columns
    )


def ends(groups):
    return np.array([run.trace["suboptimality_average"][-1] for runs, _ in groups for run in runs])


def wrong_code(n_pages):
    right = [ends(groups) for _, groups in pages(n_pages, FEW_BLOCKS)]
    print(f"\n{'wrong code':34s}  pages with FAIL  t-test  effect on F - f*  roundings")
    for name, fault in FAULTS.items():
        seen, by_t, effects, errors = 0, 0, [], []
        with fault():
            for k, (_, groups) in enumerate(pages(n_pages, FEW_BLOCKS)):
                reasons, t_test, _ = failed(groups)
                seen, by_t = seen + bool(reasons), by_t + t_test
                errors.append(sizes(groups))
                effects.append(float(np.median(np.abs(ends(groups) / right[k] - 1.0))))
        share = f"{seen:6d} of {n_pages:5d}  {by_t:6d}"
        effect = f"{np.median(effects):16.0e}  {np.median(errors):9.0e}"
        print(f"{name:34s}  {share}  {effect}", flush=True)


def sampler():
    """Print the p-value of the suite's test of the sampler, right and biased."""

    def p_value():
        index = next(Minibatches(N, 8, "replacement", 1).chunks(20_000)).ravel()
        return chisquare(np.bincount(index, minlength=N)).pvalue

    print(f"\nsampler, p-value of 160,000 draws: right {p_value():.2g}", end="")
    with without_longest():
        print(f", 5 % of the rows never drawn {p_value():.2g}")


def main():
    n_pages, n_faulty = (int(v) for v in (sys.argv[1:] + ["2000", "24"][len(sys.argv) - 1 :])[:2])
    start = time.perf_counter()
    with contextlib.suppress(BrokenPipeError):
        if n_pages:
            right_code(n_pages)
        if n_faulty:
            wrong_code(n_faulty)
        sampler()
    print(f"\n{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    with threadpool_limits(1, "blas"):
        main()
