"""Figures as matplotlib draws them: pictures that were looked at, scripts, texts and bytes."""

from __future__ import annotations

import html
import io
import math
import platform
import re
import runpy
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn_results import (
    batch_run,
    batch_sweep,
    made_result,
    made_run,
    minibatch_run,
    minibatch_sweep,
    several_problems,
    two_axes,
)
from numpy.typing import NDArray

import lrbench
from lrbench.errors import UsageError
from lrbench.reports.figures.axes import HIGH
from lrbench.reports.figures.drawing import draw, file_bytes, settings
from lrbench.reports.figures.figure import FigureOptions, sheet_of
from lrbench.reports.figures.script import script_text
from lrbench.reports.figures.sheet import MOST_POINTS, Call, Sheet, literal
from lrbench.results import Result, Run, Status

matplotlib = pytest.importorskip("matplotlib")

STORED = Path(__file__).parent / "pictures"
RECORDED = ("3.11", "Linux", "x86_64")
"""The matplotlib and the machine with which the pictures were made; fonts differ elsewhere."""

TOLERANCE = 4.0
"""The largest root mean square of differences in brightness, from 0 to 255."""

FIGURES: dict[str, tuple[Callable[[], Result], FigureOptions]] = {
    "convergence": (batch_run, FigureOptions()),
    "convergence_seeds": (minibatch_sweep, FigureOptions("convergence", "passes", linear=True)),
    "convergence_average": (minibatch_run, FigureOptions()),
    "sensitivity": (batch_sweep, FigureOptions()),
    "sensitivity_one": (batch_sweep, FigureOptions(solvers=("wngrad",), title="one solver")),
    "sensitivity_seeds": (minibatch_sweep, FigureOptions()),
    "rates": (batch_run, FigureOptions("rates")),
    "profiles": (several_problems, FigureOptions("profiles")),
    "map": (two_axes, FigureOptions("map")),
    "problems": (
        several_problems,
        FigureOptions("sensitivity", problems=("logreg", "squared-svm")),
    ),
}


def style() -> dict[str, Any]:
    """Return the style of figures, with fewer pixels."""
    return settings() | {"savefig.dpi": 80}


@cache
def sheet(name: str) -> Sheet:
    make, options = FIGURES[name]
    return sheet_of(make(), options)


@cache
def content(name: str, kind: str) -> bytes:
    return file_bytes(draw(sheet(name), style()), kind, style())


def pixels(png: bytes) -> NDArray[np.float64]:
    """Return the brightness of a picture's pixels, (rows, columns, 4)."""
    image = pytest.importorskip("matplotlib.image")
    return np.asarray(image.imread(io.BytesIO(png), format="png"), dtype=np.float64) * 255.0


@pytest.mark.parametrize("name", FIGURES)
def test_figures_look_like_the_pictures_that_were_looked_at(name: str) -> None:
    version = ".".join(matplotlib.__version__.split(".")[:2])
    if (version, platform.system(), platform.machine()) != RECORDED:
        pytest.skip(f"the pictures were made with {RECORDED}")
    picture, stored = pixels(content(name, "png")), pixels((STORED / f"{name}.png").read_bytes())
    assert picture.shape == stored.shape
    assert float(np.sqrt(np.mean((picture - stored) ** 2))) < TOLERANCE


def test_no_stored_picture_is_of_nothing() -> None:
    assert {path.stem for path in STORED.glob("*.png")} == set(FIGURES)
    pictures = [pixels((STORED / f"{name}.png").read_bytes()) for name in ("rates", "convergence")]
    assert all(picture.std() > 20.0 for picture in pictures)


@pytest.mark.parametrize("name", FIGURES)
def test_the_script_draws_the_same_picture(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script, figure = tmp_path / "figure.py", tmp_path / "figure.png"
    script.write_text(script_text(sheet(name), style()), encoding="utf-8")
    assert max(map(len, script.read_text(encoding="utf-8").splitlines())) <= 130
    monkeypatch.setattr(sys, "argv", [str(script), str(figure)])
    with matplotlib.rc_context():
        runpy.run_path(str(script), run_name="__main__")
    assert np.array_equal(pixels(figure.read_bytes()), pixels(content(name, "png")))


@pytest.mark.parametrize("kind", ["svg", "pdf", "png"])
def test_the_same_figure_has_the_same_bytes(kind: str) -> None:
    again = file_bytes(draw(sheet("sensitivity"), style()), kind, style())
    assert again == content("sensitivity", kind)


def texts(svg: bytes) -> list[str]:
    """Return the texts of an SVG, each as one string."""
    found = re.findall(r"<text[^>]*>(.*?)</text>", svg.decode(), re.DOTALL)
    return [html.unescape(re.sub(r"<[^>]*>", "", text)) for text in found]


def test_the_text_of_vector_files_is_text() -> None:
    found = texts(content("sensitivity", "svg"))
    assert {"gd", "passes to target", "lr0", "usable", "target", "diverged"} <= set(found)
    assert b"/CIDFontType2" in content("sensitivity", "pdf")
    assert b"CreationDate" not in content("sensitivity", "pdf")
    assert b"<dc:date>" not in content("sensitivity", "svg")


NAMES = {
    "a formula": r"$x_1$ and $\frac{1}{0}$",
    "one dollar": "5 $ a step",
    "broken": r"\frac{ $ ^",
    "markup": "<b>&amp; </text>",
    "wide": "学习率",
    "right to left": "שיעור הלמידה",
    "an underscore first": "_hidden",
}
"""Names as somebody may give them; each has to stand in the figure letter by letter."""


@pytest.mark.parametrize("case", NAMES)
def test_names_are_no_commands(case: str) -> None:
    name = NAMES[case]
    runs = [made_run({0: 1.0, 3: 0.25}, solver=name)]
    (problem,) = made_result(runs).problems
    result = Result([], {}, [replace(problem, name=name)])
    svg = file_bytes(draw(sheet_of(result, FigureOptions()), settings()), "svg", settings())
    found = [re.sub(r"\s", "", text) for text in texts(svg)]
    expected = "".join(name.split())
    assert any(text == expected for text in found)
    assert any(text == f"{expected},lr0=1" for text in found)


def test_control_characters_are_escaped_and_long_names_cut() -> None:
    assert literal("a\x1b[31m\nb") == r"a\x1b[31m b"
    assert literal("5 $") == r"5 \$"
    assert literal("x" * 50) == f"{'x' * 22}…{'x' * 21}"
    assert literal("x" * 44) == "x" * 44


def test_a_letter_that_the_font_lacks_is_no_warning(recwarn: pytest.WarningsRecorder) -> None:
    result = made_result([made_run({0: 1.0, 3: 0.25}, solver="学习")])
    file_bytes(draw(sheet_of(result, FigureOptions()), settings()), "png", settings())
    assert [str(warning.message) for warning in recwarn] == []


def lists(figure: Sheet) -> list[list[Any]]:
    """Return the lists of numbers of all curves and marks."""
    calls = [c for part in figure.parts for panel in part.panels for c in panel.calls]
    return [a for c in calls for a in c.arguments if isinstance(a, list)]


def test_of_very_many_points_some_are_drawn() -> None:
    levels = {t: 1.0 / (t + 1.0) for t in range(5000)}
    figure = sheet_of(made_result([made_run(levels)]), FigureOptions())
    assert {len(numbers) for numbers in lists(figure)} == {MOST_POINTS}


ALL_LOST = [
    made_run({0: 1.0, 1: 30.0 * (k + 1)}, status=Status.DIVERGED, lr0=0.1 * 10**k) for k in range(3)
]


@pytest.mark.parametrize(
    "runs",
    {
        "one lane": [made_run({0: 1.0, 1: 0.5, 7: 0.1})],
        "all diverged": ALL_LOST,
        "diverged at once": [made_run({0: 1.0}, status=Status.DIVERGED)],
        "far above the start": [made_run({0: 1.0, 1: 3e4, 2: 1e250, 5: 20.0, 9: 4e6})],
        "beyond all numbers": [made_run({0: 1.0, 1: 1e300, 2: math.inf}, status=Status.DIVERGED)],
        "below the error of f*": [made_run({0: 1.0, 1: 1e-9, 2: -1e-17, 3: 0.0})],
        "one of two without a number": [
            made_run({0: 1.0, 1: 0.5}),
            made_run({0: math.nan, 1: math.nan}, lr0=3.0),
        ],
        "gaps in the numbers": [made_run({0: 1.0, 1: math.nan, 2: 0.1, 3: math.nan})],
    }.items(),
    ids=lambda item: item[0],
)
def test_odd_runs_are_drawn_without_a_warning(
    runs: tuple[str, list[Run]], recwarn: pytest.WarningsRecorder
) -> None:
    result = made_result(runs[1], f_star_error=1e-12)
    for options in (FigureOptions(), FigureOptions(linear=True, abscissa="passes")):
        assert file_bytes(draw(sheet_of(result, options), settings()), "svg", settings())
    assert [str(warning.message) for warning in recwarn] == []


def test_diverged_lanes_are_marked_at_the_top_edge_each_in_a_row_of_its_own() -> None:
    figure = sheet_of(made_result(ALL_LOST), FigureOptions())
    (panel,) = figure.parts[0].panels
    marks = [c for c in panel.calls if c.settings.get("marker") == "x" and c.arguments[0]]
    assert [mark.arguments[0] for mark in marks] == [[1], [1], [1]]
    assert sorted({tuple(mark.arguments[1]) for mark in marks}) == [(0.865,), (0.915,), (0.965,)]


def test_what_is_far_above_the_start_is_marked_at_the_top_edge() -> None:
    runs = [made_run({0: 1.0, 1: 700.0, 3: 3e4, 8: 1e250, 20: 30.0})]
    (panel,) = sheet_of(made_result(runs), FigureOptions()).parts[0].panels
    (mark,) = (c for c in panel.calls if c.settings.get("marker") == HIGH and c.arguments[0])
    assert mark.arguments[0] == [3, 8]
    (limits,) = (c.arguments for c in panel.calls if c.method == "set_ylim")
    assert 1e3 <= limits[1] < 1e4
    labels = [c.settings.get("label") for c in panel.calls]
    assert "above the axis" in labels


def test_a_panel_of_runs_that_all_diverged_says_so() -> None:
    runs = [made_run({0: 1.0}, status=Status.DIVERGED, lr0=lr0) for lr0 in (5.0, 70.0)]
    (panel,) = sheet_of(made_result(runs), FigureOptions()).parts[0].panels
    (note,) = (c.arguments[2] for c in panel.calls if c.method == "text")
    assert note == "every run diverged"
    lost = lrbench.sweep("logreg", solvers=["gd", "heavy-ball"], lr0=[1e299, 3e301])
    panels = sheet_of(lost, FigureOptions()).parts[0].panels
    notes = [c.arguments[2] for panel in panels for c in panel.calls if c.method == "text"]
    assert [n for n in notes if "1/L" not in n] == ["every run diverged", "no run arrived"]
    marks = [c for c in panels[0].calls if c.settings.get("marker") == "x" and c.arguments[0]]
    assert [mark.arguments[0] for mark in marks] == [[1e299, 3e301], [1e299, 3e301]]


def test_the_error_of_f_star_is_shaded_where_it_is_in_sight() -> None:
    def shaded(error: float) -> list[Call]:
        result = made_result([made_run({0: 1.0, 1: 1e-3, 9: 1e-8})], f_star_error=error)
        (panel,) = sheet_of(result, FigureOptions()).parts[0].panels
        return [c for c in panel.calls if c.method == "axhspan"]

    assert [c.arguments[1] for c in shaded(1e-6)] == [1e-6]
    assert shaded(1e-15) == []


STYLES = {
    "lines.linewidth: 3": "",
    "figure.figsize: 5, 4": "",
    "lines.linewidth: thick": "no style of matplotlib",
    "no.such.key: 1": "no style of matplotlib",
    "a line": "no style of matplotlib",
    "text.usetex: True": "asks for TeX",
}


@pytest.mark.parametrize("line", STYLES)
def test_a_style_file_changes_the_figure_or_is_refused(line: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.mplstyle"
    path.write_text(line + "\n")
    if STYLES[line]:
        with pytest.raises(UsageError, match=STYLES[line]) as refused:
            settings(path)
        assert refused.value.message.count("\n") == 0
        return
    changed = settings(path)
    figure = draw(sheet("sensitivity"), changed)
    assert file_bytes(figure, "svg", changed) != content("sensitivity", "svg")
    if "figsize" in line:
        assert figure.get_size_inches().tolist() == [5.0, 4.0]


def test_a_style_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    for name in ("nowhere", ".", "bytes"):
        with pytest.raises(UsageError, match=r"cannot be read|no style"):
            settings(tmp_path / name)


def test_the_settings_of_matplotlib_are_left_as_they_were() -> None:
    # To ask for the backend would choose one.
    before = {key: matplotlib.rcParams[key] for key in matplotlib.rcParams if key != "backend"}
    content("rates", "png")
    assert {key: matplotlib.rcParams[key] for key in before} == before


def test_matplotlib_is_imported_for_figures_alone_and_pyplot_never() -> None:
    code = """
import sys
import lrbench
result = lrbench.run("log-spectrum", iterations=5)
assert "matplotlib" not in sys.modules
print(type(result.plot()))
assert "matplotlib.pyplot" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "<class 'matplotlib.figure.Figure'>\n"
