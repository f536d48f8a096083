"""Figures in characters: the canvas dot by dot, and drawings whose curves can be read back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
from drawn_results import (
    batch_run,
    batch_sweep,
    made_result,
    made_run,
    made_verdict,
    minibatch_sweep,
)

import lrbench
from lrbench.errors import LrbenchError, UsageError
from lrbench.reports.blocks import Block, Drawing, Line
from lrbench.reports.figures.canvas import BLANK, Canvas
from lrbench.reports.figures.figure import FigureOptions
from lrbench.reports.figures.output import terminal_blocks
from lrbench.reports.figures.plotted import MARGIN, Scale
from lrbench.reports.view import View
from lrbench.results import Result, Status


def text_of(canvas: Canvas) -> list[str]:
    return ["".join(cell.text for cell in row) for row in canvas.drawn()]


def drawings(blocks: Sequence[Block]) -> list[list[str]]:
    return [block.lines() for block in blocks if isinstance(block, Drawing)]


def lines(blocks: Sequence[Block]) -> str:
    return "\n".join(", ".join(block.pieces) for block in blocks if isinstance(block, Line))


def blocks_of(result: Result, *, bars: bool = False, **options: object) -> list[Block]:
    chosen = FigureOptions(**options)  # type: ignore[arg-type]
    return list(terminal_blocks(result, chosen, View(bars=bars)))


def test_a_line_in_ascii_goes_from_corner_to_corner() -> None:
    canvas = Canvas(4, 4, braille=False)
    canvas.line([0.0, 1.0], [0.0, 1.0], "a")
    assert text_of(canvas) == ["   a", "  a ", " a  ", "a   "]


def test_dots_of_braille_are_where_the_line_is() -> None:
    canvas = Canvas(2, 1, braille=True)
    # From the dot below on the left to the dot above on the right: one dot a column.
    canvas.line([0.0, 1.0], [0.0, 1.0], "a")
    assert text_of(canvas) == [chr(ord(BLANK) | 0x40 | 0x20) + chr(ord(BLANK) | 0x02 | 0x08)]


def test_a_dashed_line_has_gaps_and_a_later_one_keeps_the_earlier() -> None:
    canvas = Canvas(9, 1, braille=False)
    canvas.line([0.0, 0.5], [0.5, 0.5], "a")
    canvas.line([0.0, 1.0], [0.5, 0.5], "-", pattern="# ")
    assert text_of(canvas) == ["aaaaa -  "]


def test_a_line_is_broken_where_there_is_no_number_and_leaves_the_canvas() -> None:
    canvas = Canvas(9, 3, braille=False)
    canvas.line([0.0, 0.25, 0.5, 0.75, 1.0], [0.0, 0.0, math.nan, 0.0, 0.0], "a")
    assert text_of(canvas) == [" " * 9, " " * 9, "aaa   aaa"]
    canvas = Canvas(9, 3, braille=False)
    canvas.line([0.0, 0.5, 1.0], [0.0, 1e200, 1e300], "a")
    assert text_of(canvas)[2].strip() == "a"
    canvas.line([0.0, 1.0], [math.inf, math.inf], "b")
    canvas.mark(0.5, math.nan, "c")
    canvas.mark(1.5, 0.5, "c")
    assert not {"b", "c"} & set("".join(text_of(canvas)))


def test_letters_that_meet_are_several() -> None:
    canvas = Canvas(3, 1, braille=True)
    canvas.mark(0.0, 0.5, "A")
    canvas.mark(1.0, 0.5, "A")
    assert not canvas.shared
    canvas.mark(1.0, 0.5, "B", "bad")
    assert text_of(canvas) == ["A *"]
    assert canvas.shared


@pytest.mark.parametrize(
    ("scale", "number", "place"),
    [
        (Scale(1.0, 100.0), 10.0, 0.5),
        (Scale(1.0, 100.0), 0.1, -0.5),
        (Scale(1.0, 100.0), 0.0, math.nan),
        (Scale(1.0, 100.0), -3.0, math.nan),
        (Scale(1.0, 100.0), math.inf, math.inf),
        (Scale(0.0, 8.0, linear=True), 2.0, 0.25),
        (Scale(0.0, 8.0, linear=True), math.nan, math.nan),
    ],
)
def test_a_scale_places_numbers(scale: Scale, number: float, place: float) -> None:
    assert scale.at(number) == pytest.approx(place, nan_ok=True)


def test_ticks_are_round_and_few() -> None:
    assert Scale(0.0, 730.0, linear=True).ticks(6) == [0.0, 200.0, 400.0, 600.0]
    assert Scale(0.9, 1100.0).ticks(7) == [1, 10, 100, 1000]
    assert Scale(0.9, 12.0).ticks(7) == [1, 2, 5, 10]
    assert Scale(1e-9, 1e3).ticks(5) == [1e-9, 1e-6, 1e-3, 1, 1e3]


def test_a_curve_can_be_read_back_from_its_drawing() -> None:
    """Of F - f* = T^-2 over two decades the drawing is a straight line down by four decades."""
    levels = {t: float(t) ** -2.0 for t in range(1, 101)}
    (drawing,) = drawings(blocks_of(made_result([made_run({0: 1.0, **levels})], delta0=1.0)))
    rows = [row[MARGIN:] for row in drawing[:-2]]
    places = [(i, j) for j, row in enumerate(rows) for i, c in enumerate(row) if c == "A"]
    (i0, j0), (i1, j1) = min(places), max(places)
    for i, j in places:
        assert abs(j - (j0 + (j1 - j0) * (i - i0) / (i1 - i0))) <= 1.0
    axis, labels = drawing[-2:]
    at_1, at_100 = (
        (i for i, c in enumerate(axis[MARGIN:]) if c == "+" and i > 0)
        if 0
        else (axis.index("+", MARGIN), axis.rindex("+"))
    )
    assert labels[at_1] == "1"
    assert labels[at_100 - 1 : at_100 + 2] == "100"
    assert (at_1 - MARGIN, at_100 - MARGIN) == (i0, i1)
    decades = {label: j for j, row in enumerate(drawing) if (label := row[: MARGIN - 2].strip())}
    assert decades["1"] == j0
    assert decades["0.0001"] == j1


@pytest.mark.parametrize("bars", [False, True])
def test_pages_of_figures_are_80_columns_wide_and_in_the_right_characters(bars: bool) -> None:
    for result in (batch_run(), batch_sweep(), minibatch_sweep()):
        found = drawings(blocks_of(result, bars=bars))
        text = "\n".join(line for drawing in found for line in drawing)
        assert max(map(len, text.splitlines())) <= 80
        braille = {c for c in text if BLANK <= c <= "\u28ff"}
        assert (len(braille) > 20) if bars else text.isascii()


def test_bounds_are_drawn_and_said() -> None:
    runs = [made_run({0: 1.0, 1: 0.5, 10: 0.1, 100: 0.01})]
    verdicts = [
        made_verdict("A", {1: 0.9, 10: 0.5, 100: 0.3}),
        made_verdict("C", {1: 0.8, 10: 0.3, 100: 0.05}, kind="certificate"),
    ]
    result = made_result(runs, verdicts, delta0=1.0)
    blocks = blocks_of(result)
    text = "\n".join(drawings(blocks)[0][:-2])
    assert text.count("-") > 10
    assert text.count(".") > 10
    assert "- the least bound proved before the run" in lines(blocks)
    assert ". the least computed from the run" in lines(blocks)
    in_braille = blocks_of(result, bars=True)
    assert "dashed the least bound" in lines(in_braille)
    assert "dotted the least computed" in lines(in_braille)


def test_what_diverged_is_marked_at_the_top_edge() -> None:
    runs = [
        made_run({0: 1.0, 1: 0.5, 100: 0.1}, lr0=0.5),
        made_run({0: 1.0, 1: 70.0, 10: 1e9}, status=Status.DIVERGED, lr0=5.0),
    ]
    (drawing,) = drawings(blocks_of(made_result(runs)))
    assert drawing[0].count("!") == 1
    blocks = blocks_of(batch_sweep(), kind="sensitivity")
    panels = drawings(blocks)
    assert "!" in panels[0][0]
    assert "! diverged" in lines(blocks)
    usable = [line for panel in panels for line in panel if "usable" in line]
    assert len(usable) == 3
    assert any("^ 1/L" in line for panel in panels for line in panel)


def test_where_every_run_diverged_there_is_no_empty_frame() -> None:
    runs = [made_run({0: 1.0}, status=Status.DIVERGED)]
    blocks = blocks_of(made_result(runs))
    assert drawings(blocks) == []
    assert "every run diverged" in lines(blocks)
    lost = lrbench.sweep("logreg", solvers=["gd"], lr0=[1e299, 3e301])
    blocks = blocks_of(lost, kind="sensitivity")
    (drawing,) = drawings(blocks)
    assert drawing[0].count("!") == 2
    assert "every run diverged" in lines(blocks)


def test_what_is_far_above_the_start_is_marked() -> None:
    runs = [made_run({0: 1.0, 1: 7e5, 10: 20.0, 100: 3e6, 1000: 0.1})]
    blocks = blocks_of(made_result(runs))
    (drawing,) = drawings(blocks)
    assert drawing[0].count("^") == 2
    assert "^ above the axis" in lines(blocks)


def test_a_sweep_shows_both_figures_and_kind_one_of_them() -> None:
    both = lines(blocks_of(batch_sweep()))
    assert "F - f* over the iteration T" in both
    assert "final F - f* over lr0" in both
    assert "over the iteration" not in lines(blocks_of(batch_sweep(), kind="sensitivity"))
    assert "over lr0" not in lines(blocks_of(batch_sweep(), kind="convergence"))
    assert "over passes" in lines(blocks_of(batch_sweep(), kind="convergence", abscissa="passes"))


def test_a_sweep_in_which_nothing_arrives_says_so() -> None:
    (problem,) = batch_sweep().problems
    assert problem.sweep is not None
    never = [
        replace(s, passes=[math.inf] * len(s.values), usable=None) for s in problem.sweep.solvers
    ]
    lost = replace(problem, sweep=replace(problem.sweep, solvers=never))
    blocks = blocks_of(Result([], {}, [lost]), kind="sensitivity")
    assert "no run arrived at the target" in lines(blocks)
    assert len(drawings(blocks)) == 2  # the levels, and where 1/L is


def test_what_cannot_be_drawn_in_characters_is_refused() -> None:
    with pytest.raises(UsageError, match="a terminal draws"):
        blocks_of(batch_run(), kind="rates")
    with pytest.raises(UsageError, match="are of sweeps"):
        blocks_of(batch_run(), kind="sensitivity")
    nothing = made_result([made_run({0: math.nan, 1: 0.0})])
    with pytest.raises(LrbenchError, match="no number"):
        blocks_of(nothing)
    with pytest.raises(LrbenchError, match="no number"):
        blocks_of(made_result([]))


def test_names_with_control_characters_are_harmless() -> None:
    blocks = blocks_of(made_result([made_run({0: 1.0, 4: 0.5}, solver="a\x1b[2J\x07")]))
    assert r"a\x1b[2J\x07" in lines(blocks)


def test_more_curves_than_letters_are_cut() -> None:
    runs = [made_run({0: 1.0, 9: 1.0 / (k + 2)}, solver=f"s{k}") for k in range(60)]
    values = blocks_of(made_result(runs))
    assert "z s51" in lines(values)
    assert "s52" not in lines(values)
