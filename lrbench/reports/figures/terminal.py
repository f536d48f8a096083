"""Figures in a terminal: convergence with its bounds, and the sensitivity of a sweep."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from string import ascii_lowercase, ascii_uppercase

from lrbench.reports.blocks import Block, Drawing, TableCell, line
from lrbench.reports.figures.axes import ABOVE, abscissa_limits, level_limits
from lrbench.reports.figures.canvas import SEVERAL, Canvas
from lrbench.reports.figures.curves import Convergence
from lrbench.reports.figures.plotted import MARGIN, Scale, framed
from lrbench.reports.figures.sensitivity import SensitivityCurve, SensitivityFigure
from lrbench.reports.view import View

LETTERS = ascii_uppercase + ascii_lowercase
"""The curves; of more the first ones are drawn."""

N_LETTERS = 7
"""The number of letters along a curve."""

HEIGHT, LOWER_HEIGHT = 15, 8
"""The rows of the upper and of the lower panel."""

PROMISED = "the least bound proved before the run"
BOUNDS = (
    (PROMISED, "-", "dashed", "##  "),
    ("the least computed from the run", ".", "dotted", "#   "),
)
"""The bounds: their words, their character in ASCII, how they look in braille, and the dots."""

DIVERGED, HIGH = "!", "^"
"""The marks at the top edge: of what diverged, and of what is too high for the axis."""


def convergence_blocks(
    figure: Convergence, title: str, view: View, *, linear: bool
) -> Iterator[Block]:
    """Yield the drawing of a convergence figure, and what its letters mean."""
    over = {"iterations": "the iteration T", "passes": "passes", "seconds": "seconds"}
    level = f"{figure.level}{figure.of_iterate}"
    yield line(f"{title}: {level} over {over[figure.abscissa]}", style="title")
    if not figure.has_points:
        yield line(figure.lost, style="bad")
        return
    curves = figure.curves[: len(LETTERS)]
    levels = [y for c in curves for y in c.band.median]
    levels += [y for c in curves for b in (c.promised, c.certificate) if b for y in b.values]
    vertical = Scale(*level_limits(levels, figure.start, figure.floor))
    places = [x for c in curves for x in (*c.band.x, c.diverged_at) if not math.isnan(x)]
    across = _abscissa(places, linear=linear)
    canvas = Canvas(view.width - MARGIN, HEIGHT, braille=view.bars)
    # Of a cell the first style stays, so that curves come before their bounds.
    for letter, c in zip(LETTERS, curves, strict=False):
        canvas.line(across.along(c.band.x), vertical.along(c.band.median), letter)
    kinds = []
    for text, character, word, dots in BOUNDS:
        bounds = [(c, c.promised if text == PROMISED else c.certificate) for c in curves]
        for c, bound in bounds:
            if bound is not None:
                x, y = across.along(c.band.x), vertical.along(bound.values)
                canvas.line(x, y, character, "dim", dots)
        if any(bound is not None for _, bound in bounds):
            kinds.append(f"{word if view.bars else character} {text}")
    for k, (letter, c) in enumerate(zip(LETTERS, curves, strict=False)):
        _letters(canvas, letter, across.along(c.band.x), vertical.along(c.band.median), k)
        if beyond := c.beyond(vertical.high):
            _edge_marks(canvas, across, [x for x, _ in beyond], HIGH)
            kinds.append(f"{HIGH} {ABOVE}")
        if c.diverged_at > 0.0:
            _edge_marks(canvas, across, [c.diverged_at], DIVERGED)
            kinds.append(f"{DIVERGED} diverged")
    kinds += [f"{SEVERAL} several"] * canvas.shared
    yield from framed(canvas, vertical, across)
    yield _legend([c.label for c in curves], kinds)
    if figure.lost:
        yield line(figure.lost, style="bad")


def sensitivity_blocks(figure: SensitivityFigure, title: str, view: View) -> Iterator[Block]:
    """Yield the drawing of a sensitivity figure: levels, passes and usable ranges."""
    curves = figure.curves[: len(LETTERS)]
    across = _abscissa([value for c in curves for value in c.values], linear=False)
    levels = [y for c in curves for y in c.gap.median]
    levels += [figure.target] if figure.target > 0 else []
    vertical = Scale(*level_limits(levels, figure.start, rows=2))
    lost = [[math.isinf(y) for y in c.gap.median] for c in curves]
    canvas = _over_values(curves, [c.gap.median for c in curves], lost, (across, vertical), view)
    diverged, shared = any(map(any, lost)), canvas.shared
    high = False
    for c in curves:
        pairs = zip(c.values, c.gap.median, strict=False)
        far = [value for value, y in pairs if vertical.high < y < math.inf]
        _edge_marks(canvas, across, far, HIGH)
        high = high or bool(far)
    yield line(f"{title}: final {figure.level} over {figure.parameter}", style="title")
    passes = [[p if p < math.inf else math.nan for p in c.passes] for c in curves]
    arrivals = [p for of_curve in passes for p in of_curve]
    arrived = any(p > 0 for p in arrivals)
    yield from framed(canvas, vertical, None if arrived else across)
    if arrived:
        vertical = Scale(*level_limits(arrivals, 0.0, rows=2))
        lost = [[of == "diverged" for of in c.outcome] for c in curves]
        canvas = _over_values(curves, passes, lost, (across, vertical), view, LOWER_HEIGHT)
        diverged, shared = diverged or any(map(any, lost)), shared or canvas.shared
        yield line("passes to the target:", style="title")
        yield from framed(canvas, vertical, across)
        yield Drawing([*_ranges(curves, across, view)])
    elif figure.lost:
        yield line(figure.lost, style="bad")
    elif not math.isnan(figure.target):
        yield line("no run arrived at the target", style="warn")
    if 0.0 <= across.at(figure.step) <= 1.0:
        place = round(across.at(figure.step) * (view.width - MARGIN - 1))
        yield Drawing([[TableCell(" " * (MARGIN + place) + "^ 1/L", "dim")]])
    marks = [f"{HIGH} {ABOVE}"] * high
    marks += [f"{DIVERGED} diverged"] * diverged + [f"{SEVERAL} several"] * shared
    yield _legend([c.solver for c in curves], marks)


def _over_values(
    curves: Sequence[SensitivityCurve],
    levels: Sequence[Sequence[float]],
    lost: Sequence[Sequence[bool]],
    scales: tuple[Scale, Scale],
    view: View,
    rows: int = HEIGHT - 3,
) -> Canvas:
    """Return a canvas with a curve for each solver, and marks where its runs diverged."""
    across, vertical = scales
    canvas = Canvas(view.width - MARGIN, rows, braille=view.bars)
    for letter, c, y in zip(LETTERS, curves, levels, strict=False):
        x = across.along(c.values) or [0.0, 1.0]
        canvas.line(x, vertical.along(y) * (1 if c.values else 2), letter)
    for k, (letter, c, y) in enumerate(zip(LETTERS, curves, levels, strict=False)):
        if c.values:
            _letters(canvas, letter, across.along(c.values), vertical.along(y), k)
        else:
            canvas.mark(k / len(curves), vertical.at(y[0]), letter)
    for c, of_curve in zip(curves, lost, strict=True):
        places = [v for v, is_lost in zip(c.values, of_curve, strict=False) if is_lost]
        _edge_marks(canvas, across, places, DIVERGED)
    return canvas


def _edge_marks(canvas: Canvas, across: Scale, places: Sequence[float], mark: str) -> None:
    """Put a mark at the top edge over these places."""
    for place in places:
        canvas.mark(across.at(place), 1.0, mark, "bad")


def _ranges(
    curves: Sequence[SensitivityCurve], across: Scale, view: View
) -> Iterator[list[TableCell]]:
    """Yield a bar for the usable range of each solver that has one."""
    columns = view.width - MARGIN
    for letter, c in zip(LETTERS, curves, strict=False):
        if c.usable is not None:
            low, high = (round(across.at(end) * (columns - 1)) for end in c.usable)
            label = f"{letter} usable".rjust(MARGIN - 1)
            yield [TableCell(f"{label} {' ' * low}{'=' * (high - low + 1)}")]


def _abscissa(places: Sequence[float], *, linear: bool) -> Scale:
    """Return the horizontal axis."""
    if linear:
        return Scale(0.0, max(places, default=0.0) or 1.0, linear=True)
    return Scale(*(abscissa_limits(places) or (0.1, 1.0)))


def _letters(canvas: Canvas, letter: str, x: Sequence[float], y: Sequence[float], k: int) -> None:
    """Put the letter of the k-th curve along it, where those of others are not."""
    inside = [(a, b) for a, b in zip(x, y, strict=True) if 0.0 <= a <= 1.0 and 0.0 <= b <= 1.0]
    for n in range(N_LETTERS if inside else 0):
        place = (n + 0.15 + 0.21 * (k % 4)) / N_LETTERS
        canvas.mark(*min(inside, key=lambda point: abs(point[0] - place)), letter)


def _legend(names: Sequence[str], marks: Sequence[str]) -> Block:
    """Return the line that says what letters and marks mean."""
    named = [f"{letter} {name}" for letter, name in zip(LETTERS, names, strict=False)]
    return line(*named, *dict.fromkeys(marks))
