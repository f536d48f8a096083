"""Does the gate cry wolf, and how small a fault does it see?

python benchmarks/gate.py [MASTER_SEEDS [FAULTY_SEEDS]]     (200 and 10: half an hour)

False alarms: for every master seed seven checks (its seeds, starts and data come from the master
seed) get a baseline and are run again, changed in nothing that should matter. Faults: the same
checks with one line of the code broken.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from lrbench.engine.control import Control
from lrbench.experiment.jobs.base import Serial
from lrbench.experiment.jobs.processes import Processes
from lrbench.gate import Check, CheckVerdict, Gate
from lrbench.gate.baseline import load_baselines, save_baselines
from lrbench.gate.paired import EXPECTATION
from lrbench.objective.linear.dense import FullOracle
from lrbench.objective.linear.minibatch import MinibatchOracle
from lrbench.objective.linear.plain import DenseGradient, DenseIterates
from lrbench.objective.minibatches import Minibatches
from lrbench.plan.plan import Plan
from lrbench.problem_files import load_spec, with_overrides
from lrbench.solvers import SOLVERS

AVX512 = "X86_V4 AVX512_ICL AVX512_SPR"

PROCESSORS = {
    "a processor without AVX-512": ("Haswell", AVX512),
    "a processor without AVX": ("Nehalem", f"X86_V3 {AVX512}"),
}
"""Name -> the kernels that OpenBLAS takes, and what NumPy (2.4: the names change) does not use."""

TINY = (1e-8, 1e-7, 1e-6, 1e-5, 1e-4)
"""Relative errors of the step that are tried one after the other."""


def checks(master):
    """Return the checks of a master seed."""
    start = f"normal[seed={master}]"
    logreg = with_overrides(load_spec("logreg"), start=start)
    data = f"generated:gaussian[n_samples=500,n_features=100,seed={master}]"
    adaptive = ("wngrad", "adagrad-norm")
    plans = {
        "logreg, minibatches": (
            logreg,
            Plan((*adaptive, "sgd"), [0.05, 0.5], 32, 200, seed=3 * master, replicates=3),
        ),
        "logreg, full batches": (
            logreg,
            Plan((*adaptive, "sgd", "sgd-sqrt"), ["0.1/L", "1/L", 10], iterations=300),
        ),
        "logreg, sweep": (
            logreg,
            Plan((*adaptive, "sgd"), "1e-3:1e3:19", 64, 100, seed=master, sweep=True),
        ),
        "least squares": (
            with_overrides(load_spec("least-squares"), data=data),
            Plan((*adaptive, "sgd"), "0.01/L:1/L:8", iterations=50),
        ),
        "hinge, minibatches": (
            with_overrides(load_spec("svm"), start=start),
            Plan((*adaptive, "sgd-sqrt"), [0.1, 1], 32, 200, seed=2 * master, replicates=2),
        ),
        "absolute, full batches": (
            with_overrides(load_spec("lad"), start=start),
            Plan((*adaptive, "sgd-sqrt"), [1, 100], iterations=200),
        ),
        "lasso, proximal": (
            with_overrides(load_spec("lasso"), start=start),
            Plan(("ista", "fista", "prox-wngrad"), ["0.1/L", "1/L"], iterations=200),
        ),
    }
    return [
        Check(f"{name} {master}", spec, plan, baseline=True) for name, (spec, plan) in plans.items()
    ]


@dataclass
class Watched(Gate):
    """A gate that keeps what it measured."""

    measured: dict = field(default_factory=dict)

    def _measure(self, check, p, saving):
        problem, moved = super()._measure(check, p, saving)
        self.measured[check.name] = problem
        return problem, moved


class Padded(Serial):
    """Jobs whose lanes stand beside others: their number is padded to a multiple of 16."""

    def __call__(self, jobs, shared_problems, control):
        padded = [replace(job, pad_to=16) for job in jobs]
        return super().__call__(padded, shared_problems, control)


def threads(check):
    return replace(check, plan=replace(check.plan, threads=2))


def narrow(check):
    return replace(check, plan=replace(check.plan, lane_block=8)) if check.plan.sweep else check


def same(check):
    return check


VARIANTS = {
    "nothing": (same, Serial()),
    "BLAS threads 2": (threads, Serial()),
    "width of the block of lanes": (narrow, Padded()),
    "-j 2": (same, Processes(2, patience=0.0)),
}


# --- false alarms ---


def compared(outcome):
    return [f for f in outcome.findings if f.expectation == EXPECTATION]


def key(solver, lr0, seed):
    """Return the name of a run; an lr0 in units of 1/L may move in its last digits."""
    return f"{solver}|{lr0:.9g}|{seed}"


def ends(problem):
    """Return the last suboptimality of every run."""
    return {
        key(*lane, run.seed): float(run.trace["suboptimality"][-1])
        for lane, runs in problem.groups.items()
        for run in runs
        if run.trace and len(run.trace["suboptimality"])
    }


def tally(count, outcome, now, before, entry):
    """Count lanes by verdict, and gated runs whose last gap has other bits."""
    if outcome.error:
        sys.exit(f"{outcome.name}: {outcome.error}")
    for finding in compared(outcome):
        count[str(finding.verdict)] += 1
        if finding.verdict is CheckVerdict.FAIL:
            print(f"{outcome.name}: {finding}", file=sys.stderr)
    ends_now = ends(now)
    for lane in entry.lanes:
        for run in (key(lane.solver, lane.lr0, seed) for seed in lane.seeds):
            count["gated runs"] += 1
            count["other bits"] += ends_now[run] != before[run]


def make_baselines(masters):
    entries, before = {}, {}
    for master in masters:
        todo = checks(master)
        gate = Watched(Control(), Serial(), {}, frozenset(c.name for c in todo))
        for outcome in gate.run(todo):
            if outcome.error:
                sys.exit(f"{outcome.name}: {outcome.error}")
        entries |= gate.baselines
        before |= {name: ends(problem) for name, problem in gate.measured.items()}
    return entries, before


def try_variant(masters, entries, before, variant):
    change, executor = VARIANTS[variant]
    count = Counter()
    for master in masters:
        todo = [change(check) for check in checks(master)]
        gate = Watched(Control(), executor, entries)
        for outcome in gate.run(todo):
            name = outcome.name
            tally(count, outcome, gate.measured.get(name), before[name], entries[name])
    return count


def elsewhere(masters, folder, kernels, without):
    """Return the tally of another process, which computes as another processor does."""
    processor = {"OPENBLAS_CORETYPE": kernels, "NPY_DISABLE_CPU_FEATURES": without}
    with tempfile.TemporaryDirectory() as cache:
        done = subprocess.run(
            [sys.executable, __file__, "--again", str(masters), folder],
            env=os.environ | processor | {"LRBENCH_CACHE_DIR": cache, "LRBENCH_OFFLINE": "1"},
            stdout=subprocess.PIPE,
            check=True,
        )
    return Counter(json.loads(done.stdout))


UNSTABLE = ("above 1/L", "last bit", "diverged")
"""Kinds of the reasons for which a run is not gated."""


def kind_of(reason):
    for kind in UNSTABLE:
        if kind in reason:
            return kind
    return reason


def false_alarms(masters):
    entries, before = make_baselines(range(masters))
    lanes = [(name, lane) for name, e in entries.items() for lane in e.lanes]
    print(f"{masters} master seeds, {len(entries)} checks\n")
    print(f"{'check':24s}  runs  gated  above 1/L  last bit  diverged")
    table = defaultdict(Counter)
    for name, lane in lanes:
        row = table[name.rsplit(" ", 1)[0]]
        row["gated"] += len(lane.seeds)
        row["runs"] += len(lane.seeds) + len(lane.unstable)
        row.update(kind_of(reason) for reason in lane.unstable.values())
    table["all"] = sum(table.values(), Counter())
    for name, row in table.items():
        counts = [row[kind] for kind in UNSTABLE]
        print(f"{name:24s} {row['runs']:5d}  {row['gated']:5d}  {counts[0]:9d} ", end="")
        print(f"{counts[1]:9d} {counts[2]:9d}")
    print(f"\n{'what is changed':30s} lanes compared  false alarms  runs with other bits")
    for variant in VARIANTS:
        line(variant, try_variant(range(masters), entries, before, variant))
    with tempfile.TemporaryDirectory() as folder:
        save_baselines(Path(folder, "baselines.jsonl"), entries)
        Path(folder, "ends.json").write_text(json.dumps(before), encoding="utf-8")
        for name, how in PROCESSORS.items():
            line(name, elsewhere(masters, folder, *how))


def line(variant, count):
    judged = count["PASS"] + count["FAIL"]
    bits = f"{count['other bits'] / count['gated runs']:19.1%}"
    print(f"{variant:30s} {judged:14d}  {count['FAIL']:12d}  {bits}", flush=True)


def again(masters, folder):
    """Do what `elsewhere` asks its process for."""
    entries = load_baselines(Path(folder, "baselines.jsonl"))
    before = json.loads(Path(folder, "ends.json").read_text(encoding="utf-8"))
    print(json.dumps(try_variant(range(masters), entries, before, "nothing")))


# --- faults ---


@contextlib.contextmanager
def patched(owner, name, make):
    """Put make(original) in the place of an attribute for a while."""
    original = getattr(owner, name)
    setattr(owner, name, make(original))
    try:
        yield
    finally:
        setattr(owner, name, original)


def of_step(solver, change):
    """Return a fault in the step of one solver: change(step, self, W, state, oracle)."""

    def make(step):
        return lambda self, W, state, oracle: change(step, self, W, state, oracle)

    return patched(SOLVERS.get(solver), "step", make)


def longer(factor):
    def change(step, self, W, state, oracle):
        before = W.copy()
        done = step(self, W, state, oracle)
        return done._replace(W=before + factor * (done.W - before))

    return change


def lagged(step, self, W, state, oracle):
    return step(replace(self, order="lagged"), W, state, oracle)


def late(step, self, W, state, oracle):
    """Take lr0 in the first two steps, and fall from there."""
    done = step(self, W, state._replace(steps=np.maximum(state.steps - 1.0, 0.0)), oracle)
    return done._replace(state=state._replace(steps=state.steps + 1.0))


def without_momentum(step, self, W, state, oracle):
    done = step(self, W, state, oracle)
    return done._replace(state=done.state._replace(Y=done.W.copy()))


def with_b(solver, b_of):
    """Return a fault in the update of b: b_of(b, |g|^2)."""
    from lrbench.solvers.base import Step

    def change(step, self, W, state, oracle):
        g = oracle.gradient(W)
        b = b_of(state.b, g.norm_sq())
        lr = getattr(self, "eta", 1.0) / b
        return Step(oracle.descend(W, lr, g), lr, state._replace(b=b))

    return of_step(solver, change)


@contextlib.contextmanager
def gradients(*owners, factor):
    def make(gradient):
        def scaled(self, W):
            by = factor(self) if callable(factor) else factor
            return DenseGradient(gradient(self, W).dense() * by, None)

        return scaled

    with contextlib.ExitStack() as stack:
        for owner in owners:
            for name in ("gradient", "loss_gradient"):
                stack.enter_context(patched(owner, name, make))
        yield


def stale_average():
    def make(accumulate):
        def late(self, W):
            accumulate(self, getattr(self, "before", W))
            self.before = W.copy()

        return late

    return patched(DenseIterates, "accumulate", make)


def sampled(**changes):
    def make(chunks):
        def other(self, n_steps):
            now = {name: change(getattr(self, name)) for name, change in changes.items()}
            return chunks(replace(self, **now), n_steps)

        return other

    return patched(Minibatches, "chunks", make)


ADAPTIVE, STOCHASTIC = ("wngrad", "adagrad-norm"), ("logreg, m", "logreg, s", "hinge")

FAULTS = {
    "wngrad: b - |g|^2/b": (lambda: with_b("wngrad", lambda b, a: b - a / b), ("wngrad",), None),
    "wngrad: b updated twice": (
        lambda: with_b("wngrad", lambda b, a: b + 2.0 * a / b),
        ("wngrad",),
        None,
    ),
    "adagrad-norm: |b^2 - |g|^2|": (
        lambda: with_b("adagrad-norm", lambda b, a: np.sqrt(np.abs(b * b - a))),
        ("adagrad-norm",),
        None,
    ),
    "adagrad-norm: b updated twice": (
        lambda: with_b("adagrad-norm", lambda b, a: np.sqrt(b * b + 2.0 * a)),
        ("adagrad-norm",),
        None,
    ),
    "wngrad: b updated after the step": (lambda: of_step("wngrad", lagged), ("wngrad",), None),
    "sgd: lr halved": (lambda: of_step("sgd", longer(0.5)), ("sgd",), None),
    "sgd: gradient x 1.01": (lambda: of_step("sgd", longer(1.01)), ("sgd",), None),
    "sgd-sqrt: first step twice": (lambda: of_step("sgd-sqrt", late), ("sgd-sqrt",), None),
    "ista: lr halved": (lambda: of_step("ista", longer(0.5)), ("ista",), None),
    "fista: no momentum": (lambda: of_step("fista", without_momentum), ("fista",), None),
    "gradient x 1.01": (lambda: gradients(FullOracle, MinibatchOracle, factor=1.01), None, None),
    "minibatch not rescaled": (
        lambda: gradients(MinibatchOracle, factor=lambda oracle: oracle.size),
        None,
        STOCHASTIC,
    ),
    "average one step late": (stale_average, None, None),
    "reshuffled, not replaced": (
        lambda: sampled(sampling=lambda old: "reshuffle"),
        None,
        STOCHASTIC,
    ),
    "another seed": (lambda: sampled(seed=lambda old: old + 1), None, STOCHASTIC),
} | {
    f"every step x (1 + {tiny:g})": (
        lambda tiny=tiny: all_of(
            of_step(s, longer(1.0 + tiny)) for s in (*ADAPTIVE, "sgd", "sgd-sqrt", "ista")
        ),
        (*ADAPTIVE, "sgd", "sgd-sqrt", "ista"),
        None,
    )
    for tiny in TINY
}
"""Name -> what breaks the code, the solvers and the checks it acts on (None: all)."""


@contextlib.contextmanager
def all_of(managers):
    with contextlib.ExitStack() as stack:
        for manager in managers:
            stack.enter_context(manager)
        yield


def effect(finding):
    """Return the largest relative difference of the trajectory, and where it parts."""
    t = finding.trajectory
    if t is None:
        return math.inf, None
    sizes = [
        abs(a - b) / max(abs(a), abs(b)) if max(abs(a), abs(b)) else 0.0
        for a, b in zip(t.measured, t.baseline, strict=True)
        if math.isfinite(a) and math.isfinite(b)
    ]
    return max(sizes, default=0.0), t.parts_at


def seeded_faults(masters):
    entries, _ = make_baselines(range(masters))
    print(f"\n{masters} master seeds")
    print(f"{'fault':30s}  checks caught  lanes caught  others blamed  effect  at T")
    for name, (fault, solvers, where) in FAULTS.items():
        acted, caught = Counter(), Counter()
        effects = []
        with fault():
            for master in range(masters):
                todo = [c for c in checks(master) if where is None or c.name.startswith(where)]
                for check, outcome in zip(
                    todo, Gate(Control(), Serial(), entries).run(todo), strict=True
                ):
                    failed_check = False
                    for finding in compared(outcome):
                        if finding.verdict is CheckVerdict.INCONCLUSIVE:
                            continue
                        solver = finding.subject.partition(",")[0].partition("[")[0]
                        failed = finding.verdict is CheckVerdict.FAIL
                        if solvers is not None and solver not in solvers:
                            caught["others"] += failed
                            continue
                        acted["lanes"] += 1
                        caught["lanes"] += failed
                        failed_check = failed_check or failed
                        acted[check.name] += 1
                        if failed:
                            effects.append(effect(finding))
                    caught["checks"] += failed_check
        checks_acted = len(acted) - 1
        sizes = [size for size, _ in effects]
        parting = [t for _, t in effects if t is not None]
        print(
            f"{name:30s}  {caught['checks']:5d} of {checks_acted:4d}"
            f"  {caught['lanes']:4d} of {acted['lanes']:4d}  {caught['others']:13d}"
            f"  {statistics.median(sizes) if sizes else 0.0:6.0e}"
            f"  {statistics.median(parting) if parting else math.nan:4.0f}",
            flush=True,
        )


def main():
    if sys.argv[1:2] == ["--again"]:
        return again(int(sys.argv[2]), sys.argv[3])
    masters, faulty = (int(v) for v in (sys.argv[1:] + ["200", "10"][len(sys.argv) - 1 :])[:2])
    start = time.perf_counter()
    false_alarms(masters)
    seeded_faults(faulty)
    print(f"\n{time.perf_counter() - start:.0f} s")
    return None


if __name__ == "__main__":
    with threadpool_limits(1, "blas"):
        main()
