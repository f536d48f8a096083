"""What may be asked of a figure: kinds, problems, solvers, values, titles; and what may not."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from drawn_results import (
    batch_run,
    batch_sweep,
    made_result,
    made_run,
    several_problems,
    two_axes,
)

from lrbench.config.learning_rates import parse_learning_rates
from lrbench.errors import LrbenchError, UsageError
from lrbench.reports.figures.axes import ABOVE
from lrbench.reports.figures.figure import KINDS, FigureOptions, sheet_of
from lrbench.reports.figures.output import terminal_blocks
from lrbench.reports.figures.sheet import MOST_COLUMNS, WIDTH, Sheet
from lrbench.reports.view import View
from lrbench.results import Result


def legend_of(sheet: Sheet) -> dict[str, Any]:
    (call,) = sheet.parts[0].calls
    return dict(call.settings)


def labels(sheet: Sheet) -> list[str]:
    panel = sheet.parts[0].panels[0]
    return [c.settings["label"] for c in panel.calls if "label" in c.settings]


def values(text: str) -> tuple[Any, ...]:
    return tuple(parse_learning_rates([text]))


def test_the_kind_follows_from_the_result() -> None:
    assert sheet_of(batch_run(), FigureOptions()).title == "convergence: log-spectrum"
    assert sheet_of(batch_sweep(), FigureOptions()).title == "sensitivity: log-spectrum"


def test_each_problem_has_a_part_side_by_side() -> None:
    sheet = sheet_of(several_problems(), FigureOptions())
    assert len(sheet.parts) == sheet.n_columns == MOST_COLUMNS
    assert sheet.size[0] == pytest.approx(WIDTH * MOST_COLUMNS)
    four = Result([], {}, [*several_problems().problems, *batch_sweep().problems])
    below = sheet_of(four, FigureOptions())
    assert (below.n_rows, below.n_columns) == (2, MOST_COLUMNS)
    assert below.size[1] == pytest.approx(2 * below.height, abs=0.01)
    (one,) = sheet_of(several_problems(), FigureOptions(problems=("logreg",))).parts
    assert one.calls[0].settings["title"] == "logreg"


@pytest.mark.parametrize("name", ["gd", "sgd", "wngrad"])
def test_a_solver_is_named_as_on_pages_or_as_in_the_result(name: str) -> None:
    sheet = sheet_of(batch_sweep(), FigureOptions(solvers=(name,)))
    shown = [label for label in labels(sheet) if label not in ("diverged", ABOVE)]
    assert len(shown) == 1
    assert shown[0].startswith("wngrad" if name == "wngrad" else "gd")


def test_values_choose_lanes_as_they_are_typed_in_three_digits() -> None:
    sheet = sheet_of(batch_sweep(), FigureOptions("convergence", values=values("0.0251,1e4")))
    # 0.0251 is 10^-1.6 in three digits.
    assert sum("lr0 = 0.0251" in label for label in labels(sheet)) == 3
    assert sum("lr0 = 10000" in label for label in labels(sheet)) == 3
    per_L = sheet_of(several_problems(), FigureOptions("convergence", values=values("1/L")))
    assert [legend_of_part["title"] for legend_of_part in map(legend, per_L.parts)] == [
        "log-spectrum, lr0 = 1",
        "logreg, lr0 = 0.938",
        "squared-svm, lr0 = 0.235",
    ]


def legend(part: Any) -> dict[str, Any]:
    return dict(part.calls[0].settings)


def test_a_value_that_all_lanes_share_stands_in_the_title_once() -> None:
    one = sheet_of(batch_run(), FigureOptions(values=values("90")))
    assert legend_of(one)["title"] == "log-spectrum, lr0 = 90"
    assert not any("lr0" in label for label in labels(one))
    two = sheet_of(batch_run(), FigureOptions())
    assert legend_of(two)["title"] == "log-spectrum"
    assert any(label.endswith("lr0 = 90") for label in labels(two))


def test_of_very_many_curves_their_number_stands_in_the_place_of_a_legend() -> None:
    runs = [made_run({0: 1.0, 9: 1.0 / (k + 2)}, solver=f"s{k}") for k in range(25)]
    sheet = sheet_of(made_result(runs), FigureOptions())
    assert [c.method for c in sheet.parts[0].calls] == ["suptitle"]
    assert sheet.parts[0].calls[0].arguments == ("made, lr0 = 1, 25 curves",)
    assert sheet.height < 3.0
    fewer = sheet_of(made_result(runs[:24]), FigureOptions())
    assert fewer.parts[0].calls[0].method == "legend"


def test_a_title_replaces_the_problem_and_may_be_empty() -> None:
    assert legend_of(sheet_of(batch_run(), FigureOptions(title="5 $")))["title"] == r"5 \$"
    assert "title" not in legend_of(sheet_of(batch_run(), FigureOptions(title="")))
    long = sheet_of(batch_run(), FigureOptions(title="a word " * 15))
    assert legend_of(long)["title"].splitlines() == [
        "a word " * 8 + "a",
        "word " + "a word " * 5 + "a word",
    ]
    higher = sheet_of(batch_run(), FigureOptions()).height
    assert sheet_of(batch_run(), FigureOptions(title="")).height < higher


REFUSED = {
    "no such problem": (FigureOptions(problems=("logregg",)), "no problem 'logregg'"),
    "no such solver": (FigureOptions(solvers=("adam",)), "no solver 'adam'"),
    "no such value": (FigureOptions("convergence", values=values("3")), "no run of"),
    "no second axis": (FigureOptions("map"), "two axes"),
    "one problem": (FigureOptions("profiles"), "several problems"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_the_result_does_not_have_is_refused(case: str) -> None:
    options, message = REFUSED[case]
    with pytest.raises(UsageError, match=message) as refused:
        sheet_of(batch_sweep(), options)
    assert refused.value.hint.endswith((".", "?"))


@pytest.mark.parametrize("kind", ["sensitivity", "profiles", "map"])
def test_kinds_of_sweeps_are_refused_for_runs(kind: Any) -> None:
    with pytest.raises(UsageError, match="are of sweeps"):
        sheet_of(batch_run(), FigureOptions(kind))


def test_there_are_no_profiles_where_runs_are_missing() -> None:
    first, *others = several_problems().problems
    assert first.sweep is not None
    solvers = [replace(s, missing=2) for s in first.sweep.solvers]
    lacking = replace(first, sweep=replace(first.sweep, solvers=solvers))
    with pytest.raises(UsageError, match="4 runs are missing"):
        sheet_of(Result([], {}, [lacking, *others]), FigureOptions("profiles"))


@pytest.mark.parametrize("kind", [None, *KINDS])
def test_a_result_without_runs_has_nothing_to_draw(kind: Any) -> None:
    with pytest.raises(LrbenchError, match="no number to draw"):
        sheet_of(made_result([]), FigureOptions(kind))


def test_a_result_without_a_number_has_nothing_to_draw() -> None:
    nothing = made_result([made_run({0: math.nan, 1: -1.0, 2: math.inf})])
    for kind in ("convergence", "rates"):
        with pytest.raises(LrbenchError, match="no number to draw"):
            sheet_of(nothing, FigureOptions(kind))


def test_runs_without_a_clock_are_not_drawn_over_seconds() -> None:
    untimed = made_result([made_run({0: 1.0, 1: 0.5}, seconds=[math.nan, math.nan])])
    for linear in (False, True):
        with pytest.raises(LrbenchError, match="no number to draw"):
            sheet_of(untimed, FigureOptions(abscissa="seconds", linear=linear))
    with pytest.raises(LrbenchError, match="no number to draw"):
        list(terminal_blocks(untimed, FigureOptions(abscissa="seconds"), View()))


def test_beside_other_problems_one_without_a_number_is_said() -> None:
    empty = made_result([made_run({0: math.nan, 1: math.nan})]).problems
    sheet = sheet_of(Result([], {}, [*batch_run().problems, *empty]), FigureOptions())
    assert [part.blank for part in sheet.parts] == [False, True]
    texts = [c.arguments[2] for c in sheet.parts[1].panels[0].calls if c.method == "text"]
    assert texts == ["no number to draw"]


def test_a_method_without_a_value_is_a_line_across() -> None:
    import lrbench

    result = lrbench.sweep(
        "log-spectrum",
        solvers=["dog", "gd"],
        lr0="0.1:10:3",
        iterations=300,
        target="50%",
        jobs=1,
    )
    panels = sheet_of(result, FigureOptions()).parts[0].panels
    across = [c for panel in panels for c in panel.calls if c.settings.get("linestyle") == "-."]
    assert [c.method for c in across] == ["axhline"] * 2
    assert across[0].settings["label"] == "dog"
    (problem,) = result.problems
    assert problem.sweep is not None
    assert across[1].arguments == (pytest.approx(problem.sweep.of("dog").passes[0], rel=1e-5),)


def test_a_map_of_each_solver_with_a_second_axis() -> None:
    (part,) = sheet_of(two_axes(), FigureOptions("map")).parts
    (mesh,) = [c for c in part.panels[0].calls if c.method == "pcolormesh"]
    across, up, rows = mesh.arguments
    assert (len(across), len(up)) == (6, 4)
    assert (len(rows), {len(row) for row in rows}) == (3, {5})
    assert across[0] == pytest.approx(10**-2.5, rel=1e-5)
    assert up[1] == pytest.approx(math.sqrt(0.03 * 0.4), rel=1e-5)


def test_result_plot_draws_and_writes(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    figure = batch_sweep().plot(
        tmp_path / "f.svg", kind="convergence", solvers="gd", values=[1e-3, "1e4"], title="two"
    )
    assert figure.legends[0].get_title().get_text() == "two"
    svg = (tmp_path / "f.svg").read_text()
    assert ">gd, lr0 = 0.001<" in svg
    with pytest.raises(UsageError, match="exists"):
        batch_sweep().plot(tmp_path / "f.svg")
    batch_sweep().plot(tmp_path / "f.svg", force=True, script=tmp_path / "f.py")
    assert "usable" in (tmp_path / "f.svg").read_text()
    assert (tmp_path / "f.py").read_text().startswith('"""sensitivity: log-spectrum\n')


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "convergance"}, "did you mean convergence?"),
        ({"x": "iteration"}, "did you mean iterations?"),
        ({"values": [-1.0]}, "values"),
        ({"path": "f.jpg"}, "f.jpg"),
        ({"path": "f.svg", "script": "f.svg"}, "same file"),
        ({"path": "no/folder/f.svg"}, "no folder"),
        ({"style": "nowhere.mplstyle"}, "the style nowhere.mplstyle cannot be read"),
        ({"kind": "map"}, "kind map are of sweeps"),
        ({"path": "there.svg"}, "force= to replace it"),
    ],
)
def test_result_plot_refuses_in_two_sentences(
    options: dict[str, Any], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there.svg").write_text("mine")
    with pytest.raises(UsageError) as refused:
        batch_run().plot(**options)
    assert message in f"{refused.value.message} {refused.value.hint}"
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]
