"""LaTeX: complete tables with captions, numbers in maths mode, names escaped."""

from __future__ import annotations

import itertools
import re

import pytest
from shown_results import awkward, batch, every, one_lr0, shown, stochastic

from lrbench.reports.to_latex import typeset
from lrbench.reports.view import View

VIEWS = {"short": View(), "all": View(details=True, timing=True)}
RESULTS = {**every(), "awkward": awkward()}
TABLE = re.compile(
    r"\\begin\{table\}\n\\centering\n\\caption\{(?P<caption>.*)\}\n"
    r"\\begin\{tabular\}\{(?P<columns>[lr]+)\}\n\\toprule\n(?P<head>.*)\n\\midrule\n"
    r"(?P<body>(?:.*\n)*?)\\bottomrule\n\\end\{tabular\}\n\\end\{table\}\n"
)


def tables(text: str) -> list[re.Match[str]]:
    found = list(TABLE.finditer(text))
    assert len(found) == text.count(r"\begin{table}") == text.count(r"\end{table}")
    return found


@pytest.mark.parametrize(("name", "view"), list(itertools.product(RESULTS, VIEWS)))
def test_tables_are_complete_and_balanced(name: str, view: str) -> None:
    text = shown(RESULTS[name], "latex", VIEWS[view])
    found = tables(text)
    assert found
    for table in found:
        assert table["caption"].endswith(".")
        for row in [table["head"], *table["body"].splitlines()]:
            assert row.endswith(r" \\")
            if not row.startswith(rf"\multicolumn{{{len(table['columns'])}}}"):
                assert len(re.findall(r"(?<!\\)&", row)) == len(table["columns"]) - 1
    for line in text.splitlines()[1:]:
        bare = re.sub(r"\\textbackslash\{\}|\\[\\{}_&%$#]|\\begin.*|\\end.*", "", line)
        assert bare.count("$") % 2 == 0
        assert bare.count("{") == bare.count("}")
        outside = re.sub(r"\$[^$]*\$", "", bare)
        assert not re.search(r"[#%^_|<>\"]", outside), line
    assert all(line == line.rstrip() for line in text.splitlines())


def test_captions_say_problem_solver_rate_setting_and_iterations() -> None:
    for table in tables(shown(one_lr0(), "latex")):
        head = "Problem logreg, full batches, $50$ steps, lr0 = $100$ = $107$/L. "
        assert table["caption"].startswith(head)
    captions = [table["caption"] for table in tables(shown(batch(), "latex"))]
    assert len(captions) == 3
    for caption, words in zip(
        captions, (r"\texttt{wngrad}", r"\texttt{gd}", "Summary"), strict=True
    ):
        assert "log-spectrum, full batches, at most $200$ steps, $2$ lr0" in caption
        assert words in caption


def test_statuses_and_verdict_lines_are_typeset() -> None:
    text = shown(one_lr0(), "latex")
    for words in (
        "completed",
        "stalled above its start",
        "o not apply: ",
        r"\multicolumn{8}{l}{\emph{known before the run}} \\",
        "no theorem applies: ",
        "$1$ \\% of the start",
    ):
        assert any(words in line for line in text.splitlines() if not line.startswith("%")), words


def test_numbers_are_those_of_the_page() -> None:
    body = "".join(table["body"] for table in tables(shown(one_lr0(), "latex")))
    read = [f"{m}e{int(e):+03d}" for m, e in re.findall(r"\$(\d\.\d\d)\\cdot10\^\{(-?\d+)\}", body)]
    assert read == re.findall(r"(?<!=) (\d\.\d\de[-+]\d\d)", page_tables())


def page_tables() -> str:
    lines = shown(one_lr0(), "plain").splitlines()
    return "\n".join(line for line in lines if re.match(r" *\d+  +\S|[A-Z]\S*  +\S", line))


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("1.57e-02", r"$1.57\cdot10^{-2}$"),
        ("-0.99", "$-0.99$"),
        ("4.2e-02+-2e-04", r"$4.2\cdot10^{-2}\pm2\cdot10^{-4}$"),
        ("<2e-15", r"$<2\cdot10^{-15}$"),
        ("min |g|^2", r"$\min\|g\|^2$"),
        ("a_b&c|%#", r"a\_b\&c\textbar{}\%\#"),
        ("sgd[x=1]: C2'", r"\texttt{sgd[x=1]}: C2'"),
        ("a9a.bz2, SGD3", "a9a.bz2, SGD3"),
        ("--radius", "-{}-radius"),
        ("\\", r"\textbackslash{}"),
        ("tau = 10", r"$\tau = 10$"),
        ("f* = 0.25", "$f^* = 0.25$"),
        ("9 = 121", "$9$ = $121$"),
        ("profiles (Dolan and More, 2002)", r"profiles (Dolan and Mor\'e, 2002)"),
        ("95 % interval", r"95\,\% interval"),
        ("if* ab_0 2/Lx", r"if* ab\_0 $2$/Lx"),  # no formulas within words
    ],
)
def test_texts(text: str, latex: str) -> None:
    assert typeset(text, {"sgd", "sgd[x=1]"}) == latex


def test_names_are_escaped_and_set_as_code() -> None:
    assert r"\texttt{wngrad[order=a\_b\&c\textbar{}\%\#]}" in shown(awkward(), "latex")


def test_a_spread_is_in_maths_mode() -> None:
    assert r"\pm" in shown(stochastic(), "latex", View(details=True))
