"""The measures of sensitivity, recomputed from the JSON of a result by the words of their page.

This is what a stranger would write: it knows the JSON and docs/reference/sensitivity.md, and shares
no code with lrbench. Null stands for infinities and for what is withheld, as in the JSON.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Sequence
from typing import Any

JSON = dict[str, Any]
Grid = dict[tuple[int, float], Any]
INF = math.inf
T_975 = {2: 12.706204736, 3: 4.302652730, 4: 3.182446305, 5: 2.776445105}
"""The 97.5 % quantile of Student's t with n - 1 degrees of freedom, from a table."""


def number(value: float | None) -> float | None:
    """Return the value as JSON has it."""
    return None if value is None or not math.isfinite(value) else value


def weights_of(grid: Sequence[float]) -> list[float]:
    """Return how much of the range, in decades, is nearer to each point than to the others."""
    logs = [math.log10(v) for v in grid]
    middles = [logs[0], *((a + b) / 2 for a, b in itertools.pairwise(logs)), logs[-1]]
    if len(grid) == 1:
        return [1.0]
    return [(b - a) / (logs[-1] - logs[0]) for a, b in itertools.pairwise(middles)]


def looks(problem: JSON, run: JSON, budget: int) -> list[int]:
    """Return the iterations at which it is looked whether a run has arrived."""
    quarter = math.ceil(problem["n_samples"] / (4 * run["batch_size"]))
    first = 1 if run["setting"] == "batch" else min(quarter, budget)
    octave = [5, 6, 7, 8, 9] if first < 5 else [round(first * m / 5) for m in range(5, 10)]
    found = [0, *range(first, 5)]
    while octave[0] <= 2 * budget:
        found += octave
        octave = [2 * t for t in octave]
    return sorted({t for t in found if t <= 2 * budget} | {budget, 2 * budget})


def confirmed(problem: JSON, run: JSON, target: float, budget: int) -> float | None:
    """Return the passes at the first look T at the target that the mean over [T, 2T] confirms."""
    key = "suboptimality_output" if "suboptimality_output" in run["trace"] else "suboptimality"
    gap = dict(zip(run["trace"]["iteration"], run["trace"].get(key, ()), strict=False))
    passes = dict(zip(run["trace"]["iteration"], run["trace"]["passes"], strict=True))
    if not gap:
        return None if run["status"] in ("interrupted", "failed") else INF
    grid = looks(problem, run, budget)
    for T in [t for t in grid if t <= budget]:
        window = [t for t in grid if T <= t <= 2 * T]
        area = 0.0
        for a, b in itertools.pairwise(window):
            if a in gap and b in gap:
                area += (b - a) * (max(gap[a] or INF, 0.0) + max(gap[b] or INF, 0.0)) / 2
            elif area <= T * target and run["status"] != "diverged":
                area = math.nan
            else:
                area = INF
        if T not in gap and run["status"] != "diverged":
            return None
        if T in gap and gap[T] is not None and gap[T] <= target:
            if math.isnan(area):
                return None
            if area <= T * target * (1 + 1e-12):
                return float(passes[T])
    return INF


def arrivals(problem: JSON, s: JSON, sweep: JSON) -> Grid:
    """Return (seed, lr0) -> passes on arrival at the target; None if unknown."""
    passes: Grid = {}
    target = sweep["target"]
    for run in runs_of(problem, s):
        at = run["seed"], run["value"]
        if sweep["arrival"] == "confirmed":
            passes[at] = confirmed(problem, run, target, sweep["iterations"])
            continue
        key = "suboptimality_output" if "suboptimality_output" in run["trace"] else "suboptimality"
        rows = zip(run["trace"]["passes"], run["trace"].get(key, ()), strict=False)
        hits = [p for p, g in rows if g is not None and g <= target]
        lost = run["status"] in ("diverged", "failed")
        cost = hits[0] if hits and not lost else INF
        unfinished = run["status"] in ("interrupted", "failed") and cost == INF
        passes[at] = None if unfinished else cost
    seeds = sorted({run["seed"] for run in problem["runs"]})
    return {(seed, v): passes.get((seed, v)) for seed in seeds for v in s["over"]["values"]}


def runs_of(problem: JSON, s: JSON) -> list[JSON]:
    """Return the runs of a solver, each with the value of what varies as `value`."""
    parameter, found = s["over"]["parameter"], []
    for run in problem["runs"]:
        first, *others = run["over"]
        params = dict(run["solver"]["params"])
        value = run["over"][first] if first == "lr0" else params.pop(first)
        params |= {name: run["over"][name] for name in others}
        if (first, run["solver"]["name"], params) == (
            parameter,
            s["solver"]["name"],
            s["solver"]["params"],
        ):
            found.append(run | {"value": value})
    return found


def gaps(problem: JSON, s: JSON, T: int | None) -> Grid:
    """Return (seed, lr0) -> F - f* after T steps, inf if diverged before; None if unknown."""
    found: Grid = {}
    for run in runs_of(problem, s):
        key = "suboptimality_output" if "suboptimality_output" in run["trace"] else "suboptimality"
        row = dict(zip(run["trace"]["iteration"], run["trace"].get(key, ()), strict=False))
        at = run["seed"], run["value"]
        found[at] = None if run["status"] == "failed" or T is None else row.get(T)
        if run["status"] == "diverged" and T is not None and run["status_at"] <= T:
            found[at] = INF
    seeds = sorted({run["seed"] for run in problem["runs"]})
    return {(seed, v): found.get((seed, v)) for seed in seeds for v in s["over"]["values"]}


BOUNDED = {
    ("suboptimality", "last"): "suboptimality",
    ("suboptimality", "average"): "suboptimality_average",
    ("suboptimality", "output"): "suboptimality_output",
    ("grad_norm_sq", "last"): "grad_norm_sq",
    ("grad_norm_sq", "min"): "min_grad_norm_sq",
}
"""What a theorem bounds -> the column of the trace."""


def bounded(problem: JSON, s: JSON, of: JSON) -> list[float | None]:
    """Return what a theorem bounds after its T steps: means over seeds, None if not all have it."""
    column, means = BOUNDED[of["measure"], of["iterate"]], []
    for v in s["over"]["values"]:
        runs = [run for run in runs_of(problem, s) if run["value"] == v]
        rows = [
            dict(zip(run["trace"]["iteration"], run["trace"][column], strict=True)) for run in runs
        ]
        numbers = [row.get(of["iteration"]) for row in rows]
        known = [number for number in numbers if number is not None]
        means.append(statistics.fmean(known) if len(known) == len(runs) else None)
    return means


def running_times(problem: JSON, s: JSON, passes: Grid) -> list[float | None]:
    spent = {
        (run["seed"], run["value"]): max(run["trace"]["passes"], default=0.0)
        for run in runs_of(problem, s)
    }
    times: list[float | None] = []
    for v in s["over"]["values"]:
        known = {at: cost for at, cost in passes.items() if at[1] == v and cost is not None}
        total = sum(cost if cost < INF else spent[at] for at, cost in known.items())
        arrived = sum(cost < INF for cost in known.values())
        times.append(total / arrived if arrived else None)
    return times


def price(s: JSON, ratio: float) -> float | None:
    """Return the largest passes within the ratio, over those at the best; inf, or None."""
    if s["best_value"] is None:
        return None
    x = [math.log10(v) for v in s["over"]["values"]]
    known = s.get("finished") or [1] * len(x)
    y = [
        None if not n else INF if p is None else p for p, n in zip(s["passes"], known, strict=True)
    ]
    middle, reach = math.log10(s["best_value"]), math.log10(ratio)
    costs: list[float | None] = []
    for k in range(len(x)):
        if abs(x[k] - middle) < reach + 1e-9:
            costs.append(y[k])
    for end in (middle - reach, middle + reach):
        if any(abs(end - point) < 1e-9 for point in x):
            continue
        if not x[0] < end < x[-1]:
            costs.append(None)
            continue
        k = max(k for k in range(len(x)) if x[k] < end)
        a, b = y[k], y[k + 1]
        if INF in (a, b):
            costs.append(INF)
        elif a is None or b is None:
            costs.append(None)
        else:
            share = (end - x[k]) / (x[k + 1] - x[k])
            costs.append(a ** (1 - share) * b**share)
    if INF in costs:
        return INF
    if None in costs:
        return None
    worst = max(c for c in costs if c is not None)
    return worst / s["best_passes"] if s["best_passes"] else 1.0 if worst == 0 else INF


def draws(s: JSON) -> float | None:
    known = s.get("finished") or [s["n_seeds"]] * len(s["over"]["values"])
    if 0 in known:
        return None
    weights = weights_of(s["over"]["values"])
    fails = sum(w * (1 - r / n) for w, r, n in zip(weights, s["reached"], known, strict=True))
    if not any(s["reached"]):
        return INF
    count = 1
    while fails**count > 0.1 * (1 + 1e-9):
        count += 1
    return count


def slope(x: Sequence[float], y: Sequence[float]) -> float:
    return statistics.linear_regression(x, y).slope


def of_slopes(of: str, slopes: Sequence[float]) -> JSON:
    mean, n = statistics.fmean(slopes), len(slopes)
    half = T_975[n] * statistics.stdev(slopes) / math.sqrt(n) if n > 1 else 0.0
    interval = [mean - half, mean + half] if n > 1 else None
    return {"of": of, "measured": mean, "interval": interval, "proved": None}


def exponent(problem: JSON, s: JSON, passes: Grid, gap: Grid) -> JSON | None:
    c, grid = problem["constants"], s["over"]["values"]
    size = abs(c["f_star"] + c["delta0"]) + abs(c["f_star"])
    floor = max(10 * c["f_star_error"], 1e-13 * size, c["f_rounding"])
    seeds = sorted({seed for seed, _ in gap})
    if None not in gap.values():
        level = [statistics.fmean(min(gap[i, v], c["delta0"]) for i in seeds) for v in grid]
        best = min(grid, key=lambda v: level[grid.index(v)])
        use = [
            v
            for v in grid
            if v >= 4 * best * (1 - 1e-9) and all(floor < gap[i, v] < c["delta0"] for i in seeds)
        ]
        if best not in (grid[0], grid[-1]) and min(level) > floor and len(use) >= 4:
            x = [math.log(v) for v in use]
            return of_slopes("gap", [slope(x, [math.log(gap[i, v]) for v in use]) for i in seeds])
    best = s["best_value"]
    if best in (None, grid[0], grid[-1]):
        return None
    use = [
        v
        for v in grid
        if v >= 4 * best * (1 - 1e-9) and all(0 < (passes[i, v] or 0) < INF for i in seeds)
    ]
    if len(use) < 5:
        return None
    x = [math.log(v) for v in use]
    return of_slopes("passes", [slope(x, [math.log(passes[i, v]) for v in use]) for i in seeds])


def measures(problem: JSON, s: JSON) -> JSON:
    """Return the measures of one solver as its object in `sweep.solvers` has them."""
    sweep, delta0 = problem["sweep"], problem["constants"]["delta0"]
    passes = arrivals(problem, s, sweep)
    grid = s["over"]["values"]
    gap, weights = gaps(problem, s, sweep["iterations"]), weights_of(grid)
    sensitivity, best_of = None, None
    if None not in gap.values():
        seeds = sorted({seed for seed, _ in gap})
        level = [
            statistics.fmean(min(gap[i, v], delta0) for i in seeds) for v in s["over"]["values"]
        ]
        if delta0 > 0:
            expected = sum(w * g for w, g in zip(weights, level, strict=True))
            sensitivity = (expected - min(level)) / delta0
        best_of = {}
        for k in (1, 2, 4, 8):
            # P(least of k > g) integrated over g, from one jump of it to the next.
            jumps = sorted({min(g, delta0) for g in gap.values()})
            best_of[str(k)] = jumps[0]
            for a, b in itertools.pairwise(jumps):
                above = sum(
                    w / len(seeds)
                    for w, v in zip(weights, grid, strict=True)
                    for i in seeds
                    if min(gap[i, v], delta0) > a
                )
                best_of[str(k)] += (b - a) * above**k
    return {
        "lr_sensitivity": sensitivity,
        "price": {str(ratio): number(price(s, ratio)) for ratio in (10, 100)},
        "draws": number(draws(s)),
        "expected_best": best_of,
        "exponent": exponent(problem, s, passes, gap),
        "expected_running_time": running_times(problem, s, passes),
    }


def profile(sweeps: Sequence[JSON], tuned: bool, passes: Sequence[float]) -> JSON:
    """Return the shares, score and data profile of each solver over several sweeps."""
    names = {name_of(s) for sweep in sweeps for s in sweep["solvers"]}
    rows: list[tuple[float, dict[str, float]]] = []
    for sweep in sweeps:
        least = min((s["best_passes"] or INF for s in sweep["solvers"]), default=INF)
        if tuned:
            cost = {name_of(s): s["best_passes"] or INF for s in sweep["solvers"]}
            rows.append((least, cost))
            continue
        for v in sorted({v for s in sweep["solvers"] for v in s["over"]["values"]}):
            cost = {
                name_of(s): p or INF
                for s in sweep["solvers"]
                for value, p in zip(s["over"]["values"], s["passes"], strict=True)
                if value == v
            }
            rows.append((least, cost))

    def rho(name: str, tau: float) -> float:
        return sum(c.get(name, INF) < INF and c[name] <= tau * b for b, c in rows) / len(rows)

    score = {}
    for name in names:
        # The profile is constant between two ratios at which it rises.
        jumps = {c[name] / b for b, c in rows if c.get(name, INF) < INF and c[name] / b < 4}
        corners = sorted({1.0, 4.0, *jumps})
        steps = itertools.pairwise(corners)
        score[name] = sum((b - a) * rho(name, (a + b) / 2) for a, b in steps) / 3
    within = {
        name: [sum(c.get(name, INF) <= p for _, c in rows) / len(rows) for p in passes]
        for name in names
    }
    return {"score": score, "data": within}


def name_of(s: JSON) -> str:
    """Return the name of a solver as tables have it."""
    solver = s["solver"]
    shown = [
        f"{key}={solver['params'][key]:g}"
        if isinstance(solver["params"][key], float)
        else f"{key}={solver['params'][key]}"
        for key in solver.get("shown", ())
    ]
    return str(solver["name"]) + (f"[{','.join(shown)}]" if shown else "")


def common_setting(problems: Sequence[JSON], solver: JSON, relative: bool) -> JSON | None:
    """Return one setting for all problems of a solver that was run on each of them."""
    own = []
    for problem in problems:
        unit = problem["constants"]["L"] if relative else 1.0
        for s in problem["sweep"]["solvers"]:
            if s["solver"] == solver:
                own.append((unit, s))
    if any(unit is None or (relative and s["over"]["parameter"] != "lr0") for unit, s in own):
        return None
    choices = []
    for value in sorted({v * unit for unit, s in own for v in s["over"]["values"]}):
        costs, inside = [], True
        for unit, s in own:
            x = [math.log10(v * unit) for v in s["over"]["values"]]
            y = [INF if p is None else p for p in s["passes"]]
            at = math.log10(value)
            inside &= x[0] - 1e-9 <= at <= x[-1] + 1e-9
            same = [k for k in range(len(x)) if abs(x[k] - at) < 1e-9]
            if same or not inside:
                costs.append(y[same[0]] if same else INF)
                continue
            k = max(k for k in range(len(x)) if x[k] < at)
            share = (at - x[k]) / (x[k + 1] - x[k])
            finite = INF not in (y[k], y[k + 1])
            costs.append(y[k] ** (1 - share) * y[k + 1] ** share if finite else INF)
        if inside:
            lost = [
                cost / s["best_passes"]
                for cost, (_, s) in zip(costs, own, strict=True)
                if s["best_passes"]
            ]
            if lost:
                solved = sum(cost < INF for cost in costs) / len(costs)
                choices.append(
                    (-solved, round(statistics.median(lost), 9), round(max(lost), 9), value)
                )
    if not choices:
        return None
    solved, median, worst, value = min(choices)
    return {
        "value": value,
        "solved": -solved,
        "median_factor": number(median),
        "worst_factor": number(worst),
    }
