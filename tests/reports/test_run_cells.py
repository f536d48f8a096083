"""The page of a run, from runs made by hand: each checkpoint, seed and lr0 has its own number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from made_header import made_header, with_header
from swept import made_problem, made_run

from lrbench.config.solver_spec import SolverSpec
from lrbench.reports.blocks import Grid, Line
from lrbench.reports.page import result_page
from lrbench.reports.view import View
from lrbench.results import ProblemResult, Result, Run, Status, Verdict

STEPS = [0, 1, 2, 3, 7, 20, 30]
ERROR = 1e-4
WIDE = View(width=300)


def run(solver: str = "a", lr0: float = 0.3, seed: int = 0, **changes: Any) -> Run:
    rng = np.random.default_rng([seed, int(100 * lr0), *solver.encode()])
    trace = {"iteration": np.array(STEPS, dtype=float)}
    for name in ("passes", "suboptimality", "suboptimality_average", "grad_norm_sq", "lr"):
        trace[name] = rng.uniform(0.1, 0.9, len(STEPS))
    base = made_run(SolverSpec(solver), lr0, seed, 7.0)
    values: dict[str, Any] = {"trace": trace, "status": Status.COMPLETED, "status_at": 30}
    return replace(base, **values | changes)


def problem(*runs: Run, verdicts: Sequence[Verdict] = ()) -> ProblemResult:
    header = made_problem([1.0], {"a": [[1.0]]}).header
    return ProblemResult("p", made_header(header, f_star_error=ERROR), runs, verdicts)


def blocks(of: ProblemResult, **view: Any) -> list[Any]:
    return list(result_page(Result((), {}, [of]), replace(WIDE, **view)))


def lines(of: ProblemResult, **view: Any) -> list[tuple[str, str]]:
    found = [b for b in blocks(of, **view) if isinstance(b, Line)]
    return [(", ".join(b.pieces), b.style) for b in found if any(b.pieces)]


def tables(of: ProblemResult, **view: Any) -> list[list[dict[str, str]]]:
    grids = [b for b in blocks(of, **view) if isinstance(b, Grid)]
    return [
        [dict(zip(g.columns, [c.text for c in row], strict=True)) for row in g.rows] for g in grids
    ]


def certificate(solver: str, lr0: float, theorem: str = "C6") -> Verdict:
    base = Verdict(
        SolverSpec(solver),
        lr0,
        theorem,
        "certificate",
        "",
        "suboptimality",
        "last",
        False,
        True,
        "",
    )
    metric, bound = [0.5, 0.4, 0.3, 0.06], [0.9, 0.8, 0.5, 0.25]
    return replace(base, iteration=[1, 2, 20, 30], metric=metric, bound=bound, bound_verdict="pass")


def test_one_lr0_has_the_mean_gap_at_each_checkpoint_and_its_ratio() -> None:
    runs = [run(name, seed=seed) for name in ("a", "b") for seed in range(3)]
    of = problem(*runs, verdicts=[certificate("b", 0.3)])
    convergence, *_ = tables(of)
    assert [row["T"] for row in convergence] == ["0", "1", "2", "20", "30"]  # neither 3 nor 7
    for row in convergence:
        at = STEPS.index(int(row["T"]))
        for k, name in enumerate(("a", "b")):
            seeds = [r.trace["suboptimality"][at] for r in runs[3 * k : 3 * k + 3]]
            assert float(row[name]) == pytest.approx(np.mean(seeds), rel=6e-3)
    assert [row["/ C6"] for row in convergence] == ["", "0.56", "0.5", "0.6", "0.24"]
    assert list(convergence[0]) == ["T", "a", "b", "/ C6"]
    text = "batches of 10 with replacement, lr0 = 0.3, means over 3 seeds, F(w_T) - f* after T"
    assert (text + " steps and measured / certificate:", "") in lines(of)
    assert any("means over up to 3 seeds" in text for text, _ in lines(problem(*runs[:-1])))
    assert not any("means over" in text for text, _ in lines(problem(*runs[:1])))


def test_the_title_of_a_solver_has_its_last_lr() -> None:
    one = run(status=Status.DIVERGED, status_at=30, error="ValueError: no")
    last = one.trace["lr"][-1]
    titles = lines(problem(one))
    assert (f"a: diverged at 30; last lr {last:.3f} = {2 * last:#.3g}/L", "bad") in titles
    assert ("ValueError: no", "bad") in titles
    done = [style for text, style in lines(problem(run())) if "a: completed; last lr" in text]
    assert done == ["title"]
    two = run(trace={name: values[:2] for name, values in one.trace.items()})
    assert any("a: completed; last lr" in text for text, _ in lines(problem(two)))
    start = run(trace={name: values[:1] for name, values in one.trace.items()})
    assert ("a: completed", "title") in lines(problem(start))
    seconds = run(trace={**one.trace, "seconds": np.linspace(0, 4.5, 7)}, evaluation_seconds=0.25)
    timed = [text for text, _ in lines(problem(seconds), timing=True)]
    assert any(text.endswith("/L; 4.50 s of steps, 0.250 s of evaluation") for text in timed)
    rough = problem(run())
    assert ("a: completed", "title") in lines(with_header(rough, L=math.inf))


def test_several_lr0_have_a_table_for_each_solver() -> None:
    runs = [run(name, lr0) for lr0 in (0.3, 7.0) for name in ("a", "b")]
    a, b = tables(problem(*runs))
    for name, rows in (("a", a), ("b", b)):
        for lr0, row in zip((0.3, 7.0), rows, strict=True):
            (of,) = (r for r in runs if (str(r.solver), r.lr0) == (name, lr0))
            assert row["lr0"] == f"{lr0:g}"
            assert float(row["last"]) == pytest.approx(of.trace["suboptimality"][-1], rel=6e-2)
            average = of.trace["suboptimality_average"][-1]
            assert float(row["average"]) == pytest.approx(average, rel=6e-2)
            assert float(row["lr L"]) == pytest.approx(2 * of.trace["lr"][-1], rel=6e-2)
    setting = "batches of 10 with replacement, F - f* {}, of the last iterate and of the average:"
    texts = lines(problem(*runs))
    assert (setting.format("after T = 30 iterations"), "") in texts
    assert [text for text, style in texts if style == "title"][1:3] == ["a", "b"]
    # Whether there are theorems on a and b shows in other lanes alone: here it is not known.
    assert not any("not judged" in text for text, _ in texts)
    known = [run("wngrad", 0.3), run("sgd", 7.0)]
    late = ("2 of the lanes below were not judged: the time was up", "warn")
    assert late in lines(problem(*runs, *known))
    # There is no theorem on adam, which is therefore not one of those without a verdict.
    assert late in lines(problem(*runs, *known, run("adam", 0.3), run("adam", 7.0)))
    # A run that failed before its first row cannot be judged, however much time there is.
    failed = run("wngrad", 0.1, status=Status.FAILED, error="E", trace={})
    assert late in lines(problem(*runs, *known, failed))
    short = run("b", 7.0)
    short = replace(short, trace={name: values[:-1] for name, values in short.trace.items()})
    assert (setting.format("of each lr0 at its end"), "") in lines(problem(*runs[:-1], short))
    judged = problem(*runs, verdicts=[certificate(str(r.solver), r.lr0 or 0.0) for r in runs[:3]])
    assert ("1 of the lanes below were not judged: the time was up", "warn") in lines(judged)


def test_a_trajectory_has_each_column_of_each_lr0() -> None:
    runs = [run("a", lr0, seed) for lr0 in (0.3, 7.0) for seed in range(2)]
    of = problem(*runs, verdicts=[certificate("a", 7.0)])
    tables_of = [t for t in tables(of, details=True) if "passes" in t[0]]
    for lr0, rows in zip((0.3, 7.0), tables_of, strict=True):
        seeds = [r for r in runs if r.lr0 == lr0]
        heads = {"passes": "passes", "F - f*": "suboptimality", "average": "suboptimality_average"}
        for row in rows:
            at = STEPS.index(int(row["T"]))
            for head, name in (heads | {"|g|^2": "grad_norm_sq", "lr": "lr"}).items():
                mean = np.mean([r.trace[name][at] for r in seeds])
                assert float(row[head]) == pytest.approx(mean, rel=6e-3)
        assert ("/ C6" in rows[0]) == (lr0 == 7.0)
    assert [row["/ C6"] for row in tables_of[1]] == ["", "0.56", "0.5", "0.6", "0.24"]
    asked = [t for t in tables(of, columns=("lr", "iteration")) if "T" in t[0]]
    assert [list(rows[0]) for rows in asked] == [["T", "lr"], ["T", "lr"]]
    titles = [text for text, _ in lines(of, details=True)]
    assert "a, lr0 = 0.3: completed" in titles
    assert "a, lr0 = 7: completed" in titles


def test_a_state_of_a_solver_is_a_column_of_its_trajectory() -> None:
    one = run()
    trace = {**one.trace, "b": np.arange(7.0), "test_loss": np.full(7, 2.5)}
    tested = problem(replace(one, trace=trace))
    (rows,) = (t for t in tables(tested, details=True) if "passes" in t[0])
    assert [row["b"] for row in rows] == [
        "0.00e+00",
        "1.00e+00",
        "2.00e+00",
        "5.00e+00",
        "6.00e+00",
    ]
    assert {row["test loss"] for row in rows} == {"2.500"}
    head = ["T", "passes", "F - f*", "average", "|g|^2", "lr", "test loss", "b"]
    assert list(rows[0]) == head
    nothing = problem(one, replace(run("b"), trace={}, error="E"))
    assert "b" not in [text for text, _ in lines(nothing)]


def test_the_ends_on_held_out_samples() -> None:
    runs = []
    for k, name in enumerate(("a", "b")):
        of = run(name)
        loss = np.linspace(2.0, 3.0 + k, 7)
        runs.append(replace(of, trace={**of.trace, "test_loss": loss}))
    table = next(t for t in tables(problem(*runs)) if "solver" in t[0])
    assert [(row["solver"], row["test loss"]) for row in table] == [("a", "3.000"), ("b", "4.000")]
    for row, of in zip(table, runs, strict=True):
        assert float(row["F - f*"]) == pytest.approx(of.trace["suboptimality"][-1], rel=6e-3)
    text = "on the training and the test data {}:"
    assert (text.format("after T = 30 iterations"), "") in lines(problem(*runs))
    shorter = replace(runs[1], trace={name: v[:-1] for name, v in runs[1].trace.items()})
    assert (text.format("where each run ended"), "") in lines(problem(runs[0], shorter))
