"""Formulas as plain text."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest

from lrbench.cli.list import reflowed, unmarked
from lrbench.cli.tex import plain
from lrbench.losses import LOSSES
from lrbench.penalties import PENALTIES
from lrbench.solvers import SOLVERS

PARTS = {name: registry.get(name) for registry in (SOLVERS, LOSSES, PENALTIES) for name in registry}


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"\frac{a}{b}", "a/b"),
        (r"\frac{a + 1}{\sqrt{b_{t+1}} + \varepsilon}", "(a + 1)/(sqrt(b_{t+1}) + eps)"),
        (r"\frac{\|w\|}{2}", "|w|/2"),
        (r"\tfrac12 x", "1/2 x"),
        (r"\frac1n \sum_i x_i^\top w", "1/n sum_i x_i' w"),
        (r"\frac{\frac{a}{b}}{c}", "(a/b)/c"),
        (r"\sqrt{1 + \sqrt{2}}", "sqrt(1 + sqrt(2))"),
        (r"\mathrm{lr0}\, g_t, \qquad b_0 = 1", "lr0 g_t,  b_0 = 1"),
        (r"\hat m + \bar r_t + \tilde w", "m_hat + r_bar_t + w_tilde"),
        (r"\bigl( a \bigr) \le \infty", "( a ) <= inf"),
        (r"a &= b \\", "a = b "),
        (r"\begin{cases} 0 & x \in C \\ \infty & \text{else} \end{cases}", " 0 x in C ; inf else "),
        ("unbalanced {", "unbalanced {"),
        (r"\frac{a", "a/()"),
    ],
)
def test_a_formula(tex: str, text: str) -> None:
    assert plain(tex) == text


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_no_docstring_leaves_markup(part: Any) -> None:
    lines = list(reflowed(unmarked(inspect.getdoc(part) or "")))
    assert not [line for line in lines if re.search(r"\\|math::|``|&=|\]_", line)]
    assert all(len(line) <= 100 for line in lines)
