"""The generated data for nonsmooth problems, and what runs on them show."""

from __future__ import annotations

import numpy as np
import pytest

import lrbench
from lrbench.data.generated.generators import generate
from lrbench.data.generated.huber_tight import HuberTight
from lrbench.errors import UsageError
from lrbench.problem_files import build_linear, load_spec, with_settings


def test_lad_worst_has_subgradients_of_length_one() -> None:
    problem = build_linear(load_spec("lad-worst"))
    G = problem.gradient(problem.w0[:, None])
    assert np.linalg.norm(G) == pytest.approx(1.0, rel=1e-14)
    slopes = np.abs(G[:, 0])
    assert slopes[0] / slopes[-1] == pytest.approx(1e-4, rel=1e-12)
    np.testing.assert_allclose(np.diff(np.log(slopes)), np.log(1e4) / 99, rtol=1e-10)
    assert problem.value(np.ones((100, 1)))[0] == 0.0


@pytest.mark.parametrize("iterations", [10_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_lad_worst_shows_the_order_of_the_nonsmooth_theorems(iterations: int) -> None:
    (problem,) = lrbench.run("lad-worst", solvers=["wngrad"], iterations=iterations).problems
    trace = problem.runs[0].trace
    late = trace["iteration"] >= 1000
    x, y = np.log(trace["iteration"][late]), np.log(trace["suboptimality_average"][late])
    assert -0.57 <= np.polyfit(x, y, 1)[0] <= -0.53


@pytest.mark.parametrize(("T", "h"), [(100, 1.0), (1000, 1.0), (50, 0.3), (1, 1.0)])
def test_huber_tight_attains_the_bound_of_drori_and_teboulle(T: int, h: float) -> None:
    spec = with_settings(load_spec("huber-tight"), [f"data.iterations={T}", f"data.h={h}"])
    (problem,) = lrbench.run(spec, solvers=["gd"], lr0=[f"{h}/L"], iterations=T).problems
    y = 2 * T * h + 1
    measured = problem.runs[0].trace["objective"][-1]
    assert measured == pytest.approx(y * y / (2 * (2 * T * h + 1)), rel=1e-9)
    (gd,) = [v for v in problem.verdicts if v.theorem == "GD"]
    assert gd.bound_verdict == "pass"
    assert gd.metric[-1] == pytest.approx(gd.bound[-1], rel=1e-9)


def test_huber_tight_at_any_other_time_is_below_the_bound() -> None:
    (problem,) = lrbench.run("huber-tight", solvers=["gd"], lr0=["1/L"], iterations=1000).problems
    (gd,) = [v for v in problem.verdicts if v.theorem == "GD"]
    share = np.array(gd.metric) / np.array(gd.bound)
    at = np.array(gd.iteration)
    assert np.all(share[at != 100] < 0.999)
    assert share[at == 100] == pytest.approx(1.0, rel=1e-9)


def test_counts_are_seeded_whole_numbers_of_moderate_size() -> None:
    one, two = (generate("poisson-counts", {"seed": s}) for s in (0, 1))
    again = generate("poisson-counts", {"seed": 0})
    np.testing.assert_array_equal(one.y, again.y)
    assert one.content_hash == again.content_hash != two.content_hash
    assert one.planted is None
    np.testing.assert_array_equal(one.y, np.round(one.y))
    assert one.y.min() >= 0
    assert 1.0 < one.y.mean() < 10.0
    assert one.y.max() < 100


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("lad-worst", {"n_features": 1}),
        ("lad-worst", {"smallest": 0.0}),
        ("huber-tight", {"iterations": 0}),
        ("huber-tight", {"h": 1.5}),
        ("huber-tight", {"h": float("nan")}),
        ("poisson-counts", {"n_samples": 0}),
        ("poisson-counts", {"n_features": 10**9}),
        ("poisson-counts", {"log_rate": float("nan")}),
        ("poisson-counts", {"log_rate": 30.0}),
        ("poisson-counts", {"seed": -1}),
    ],
)
def test_parameters_out_of_range_are_refused(name: str, params: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="cannot be made"):
        generate(name, params)


def test_the_data_are_those_of_the_loss_with_threshold_one() -> None:
    X, y, planted = HuberTight(10, 0.5).make()
    assert X.tolist() == [[1.0]]
    assert y.tolist() == planted.tolist() == [11.0]
