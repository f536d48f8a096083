"""The page of bounds before any run, from entries made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from swept import made_problem

from lrbench.reports.blocks import Grid, Line
from lrbench.reports.theory_page import LETTERS, theory_page

CONVEX = {"name": "convex", "holds": True, "detail": "convex"}
SMOOTH = {"name": "L < inf", "holds": True, "detail": "L = 3, L_max = 7"}
LONG_STEPS = {"name": "s_0 >= L", "holds": False, "detail": "0.5 < 3"}
NO_BALL = {"name": "|g_t| <= G", "holds": False, "detail": "a ball (--radius 40)"}


def entry(theorem: str, **changes: Any) -> dict[str, Any]:
    """An a-priori bound on the last iterate whose hypotheses hold."""
    return {
        "theorem": theorem,
        "kind": "a-priori",
        "statement": f"F <= {theorem}/T",
        "measure": "suboptimality",
        "iterate": "last",
        "consistency": False,
        "computed_from_run": False,
        "applies": True,
        "hypotheses": [CONVEX],
        "iteration": [10, 700],
        "bound": [0.7, 0.01],
        "trivial": 0.5,
        "informative_from": 15,
        "order": {"kind": "power", "value": -1.0},
        "sharpness": "upper bound",
        "source": "Author 2001",
    } | changes


GRADIENT = entry(
    "A2",
    measure="grad_norm_sq",
    iterate="min",
    bound=[float("nan"), 4.5],
    trivial=4.5,
    informative_from=None,
    order=None,
    sharpness="tight",
    hypotheses=[CONVEX, SMOOTH],
    source="Other 2002",
)
CERTIFICATE = entry("A3", kind="certificate", computed_from_run=True, bound=[None, None])
CHECK = {**CERTIFICATE, "theorem": "A4", "consistency": True, "hypotheses": [SMOOTH]}
FAILS = entry("A5", applies=False, hypotheses=[CONVEX, LONG_STEPS, NO_BALL], source="Other 2002")


def page(settings: Sequence[dict[str, Any]], hint: str = "") -> list[Line | Grid]:
    """The blocks below those that describe the problem."""
    header = made_problem([1.0], {"a": [[1.0]]}).header
    problem = {"name": "p", "header": header, "hint": hint, "settings": settings}
    blocks = list(theory_page([problem]))
    texts = [block.pieces for block in blocks if isinstance(block, Line)]
    return blocks[texts.index((hint,) if hint else LETTERS) :]  # type: ignore[return-value]


def setting(*theorems: dict[str, Any], lr0: str = "0.3", solver: str = "sgd") -> dict[str, Any]:
    return {"title": (solver, f"lr0 = {lr0}"), "solver": {"name": solver}, "theorems": theorems}


def lines(blocks: Sequence[Line | Grid]) -> list[tuple[str, str]]:
    """The lines with their styles; a table is only named."""
    return [
        ("a table", "") if isinstance(block, Grid) else (", ".join(block.pieces), block.style)
        for block in blocks
    ]


def test_every_line_of_a_setting() -> None:
    found = page([setting(entry("A1"), GRADIENT, CERTIFICATE, CHECK, FAILS)], hint="give a ball")
    assert lines(found) == [
        ("give a ball", "dim"),
        (", ".join(LETTERS), "dim"),
        ("", ""),
        ("sgd, lr0 = 0.3", "title"),
        ("a table", ""),
        (
            "a bound informs from T on where it is below doing nothing: F(w_0) - f* = 0.500,"
            " |grad F(w_0)|^2 = 4.50",
            "dim",
        ),
        ("hypotheses:", ""),
        ("ok     convex [A1, A2, A3, A5]", ""),
        ("ok     L < inf: L = 3, L_max = 7 [A2, A4]", ""),
        ("FAILS  s_0 >= L: 0.5 < 3 [A5]", "bad"),
        ("FAILS  |g_t| <= G: a ball (--radius 40) [A5]", "bad"),
        ("no number: A5 (s_0 >= L; |g_t| <= G)", "warn"),
        ("known before the run:", ""),
        ("A1: F <= A1/T", ""),
        ("A2: F <= A2/T", ""),
        ("computed from the run:", ""),
        ("A3: F <= A3/T", ""),
        ("A4: F <= A3/T   (consistency check)", ""),
        ("sources: A1, A3, A4 (Author 2001), A2, A5 (Other 2002)", "dim"),
    ]


def test_every_cell_of_the_bounds() -> None:
    (grid,) = [
        block
        for block in page([setting(entry("A1"), GRADIENT, CERTIFICATE)])
        if isinstance(block, Grid)
    ]
    assert grid.columns == ("bound", "on", "T=10", "T=700", "from T", "order", "tight")
    assert [grid.columns[k] for k in sorted(grid.left)] == ["bound", "on", "order"]
    cells = [[(cell.text, cell.style) for cell in row] for row in grid.rows]
    assert cells == [
        [
            ("A1", ""),
            ("F(last) - f*", ""),
            ("7.00e-01", "warn"),
            ("1.00e-02", "good"),
            ("15", ""),
            ("T^-1", ""),
            ("", ""),
        ],
        [
            ("A2", ""),
            ("least |grad|^2", ""),
            ("-", "warn"),
            ("4.50e+00", "warn"),  # not below the value at the start
            ("never", "warn"),
            ("", ""),
            ("yes", ""),
        ],
    ]


@pytest.mark.parametrize(
    ("start", "text"), [(999_999, "999999"), (1_000_000, "1.0e+06"), (23 * 10**11, "2.3e+12")]
)
def test_a_late_start_is_a_round_number(start: int, text: str) -> None:
    (grid,) = [
        block
        for block in page([setting(entry("A1", informative_from=start))])
        if isinstance(block, Grid)
    ]
    assert grid.columns[-1] == "order"  # no bound is tight
    assert grid.rows[0][4].text == text


def test_statements_and_sources_stand_once_below_several_lr0() -> None:
    low = setting(FAILS, entry("A1"), lr0="0.3")
    high = setting({**FAILS, "applies": True, "hypotheses": [CONVEX]}, entry("A1"), lr0="7")
    found = lines(page([low, high]))
    titles = [text for text, style in found if style == "title"]
    assert titles == ["sgd, lr0 = 0.3", "sgd, lr0 = 7", "sgd"]
    end = [text for text, _ in found[found.index(("sgd", "title")) :]]
    assert end == [
        "sgd",
        "known before the run:",
        "A5: F <= A5/T",
        "A1: F <= A1/T",
        "sources: A5 (Other 2002), A1 (Author 2001)",
    ]


def test_where_nothing_applies_there_is_no_table() -> None:
    found = lines(page([setting(FAILS)]))
    assert ("a table", "") not in found
    assert ("no theorem applies: A5 (s_0 >= L; |g_t| <= G)", "warn") in found
    assert found[-1] == ("sources: A5 (Other 2002)", "dim")


def test_an_estimated_L_is_a_warning() -> None:
    warning = ("L is only estimated: what rests on it is heuristic", "warn")
    for kinds, warned in ((("heuristic", "a-priori"), True), (("a-priori",) * 2, False)):
        theorems = [entry(f"A{k}", kind=kind) for k, kind in enumerate(kinds)]
        assert (warning in lines(page([setting(*theorems)]))) == warned


@pytest.mark.parametrize(
    ("solver", "text"),
    [("adam", "adam has no theorems"), ("sgd", "no theorem on sgd speaks of this setting")],
)
def test_a_solver_without_an_entry(solver: str, text: str) -> None:
    without = setting(solver=solver)
    found = lines(page([without, without]))
    assert found[1:] == [("", ""), (solver, "title"), (text, "warn")]
    assert (text, "warn") not in lines(page([without, setting(entry("A1"), solver=solver)]))


def test_problems_are_a_blank_line_apart() -> None:
    header = made_problem([1.0], {"a": [[1.0]]}).header
    settings = [setting(entry("A1"))]
    problems = [
        {"name": name, "header": header, "hint": "", "settings": settings} for name in ("p", "q")
    ]
    blocks = list(theory_page(problems))
    first = list(theory_page(problems[:1]))
    assert lines(blocks[: len(first)]) == lines(first)  # type: ignore[arg-type]
    assert lines(blocks[len(first) : len(first) + 2]) == [("", ""), ("q", "title")]  # type: ignore[arg-type]
    assert blocks[len(first) + 2 :] == list(theory_page(problems[1:]))[1:]
