"""LaTeX: complete tables with captions, numbers in maths mode, names escaped."""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from shown_results import awkward, batch, every, one_lr0, shown, stochastic

from lrbench.reports.typesetting import typeset, typeset_column
from lrbench.reports.view import View

VIEWS = {"short": View(), "all": View(details=True, timing=True)}
RESULTS = {**every(), "awkward": awkward()}
TABLE = re.compile(
    r"\\begin\{table\}\n\\centering\n\\(?:small|footnotesize)\n\\caption\{(?P<caption>.*)\}\n"
    r"\\label\{(?P<label>tab:[\w-]+)\}\n\\setlength\{\\tabcolsep\}\{4pt\}\n"
    r"\\begin\{tabular\}\{@\{\}(?P<columns>.+)@\{\}\}\n\\toprule\n(?P<head>.*)\n\\midrule\n"
    r"(?P<body>(?:.*\n)*?)\\bottomrule\n\\end\{tabular\}\n\\end\{table\}\n"
)
PARAGRAPH_COLUMN = re.compile(r">\{[^{}]*\}p\{150pt\}")


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
        n_columns = len(PARAGRAPH_COLUMN.sub("l", table["columns"]))
        for row in [table["head"], *table["body"].splitlines()]:
            assert row.endswith(r" \\")
            if not row.startswith(rf"\multicolumn{{{n_columns}}}"):
                assert len(re.findall(r"(?<!\\)&", row)) == n_columns - 1
    labels = re.findall(r"\\label\{(.*)\}", text)
    assert len(set(labels)) == len(labels) == text.count(r"\caption{")
    for line in re.sub(r"(?s)\\begin\{verbatim\}.*?\\end\{verbatim\}", "", text).splitlines()[1:]:
        bare = re.sub(
            r"@\{\}|>\{[^{}]*\}p|\\label.*|\\textbackslash\{\}|\\[\\{}_&%$#]|\\begin.*|\\end.*",
            "",
            line,
        )
        assert bare.count("$") % 2 == 0
        assert bare.count("{") == bare.count("}")
        outside = re.sub(r"\$[^$]*\$", "", bare)
        assert not re.search(r"[#%^_|<>\"]", outside), line
    assert all(line == line.rstrip() for line in text.splitlines())


def test_captions_say_problem_solver_rate_setting_and_iterations() -> None:
    for table in tables(shown(one_lr0(), "latex")):
        head = "Problem logreg, full batches, $50$ steps, lr0 = $100$ = $107$/$L$. "
        assert table["caption"].startswith(head)
    captions = [table["caption"] for table in tables(shown(batch(), "latex"))]
    for words in (r"\texttt{wngrad}", r"\texttt{gd}", "Summary"):
        assert any(words in caption for caption in captions), words
    for caption in captions:
        assert "log-spectrum, full batches, at most $200$ steps, $2$ lr0" in caption


def test_statuses_and_verdict_lines_are_typeset() -> None:
    text = shown(one_lr0(), "latex")
    for words in (
        "completed",
        "stalled above its start",
        "o not apply: ",
        r"{@{}l}{\emph{known before the run}} \\",
        "o theorem applies: ",
        "$1$ \\% of the start",
    ):
        assert any(words in line for line in text.splitlines() if not line.startswith("%")), words


def test_numbers_are_those_of_the_page() -> None:
    body = "".join(table["body"] for table in tables(shown(one_lr0(), "latex")))
    body = re.sub(r"\\phantom\{[-0]+\}", "", body)
    read = [f"{m}e{int(e):+03d}" for m, e in re.findall(r"\$(\d\.\d\d)\\cdot10\^\{(-?\d+)\}", body)]
    # The columns that do not fit a terminal stand in the same table here.
    assert sorted(read) == sorted(re.findall(r"(?<!=) (\d\.\d\de[-+]\d\d)", page_tables()))


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
        ("sgd[x=1]: C2'", r"\texttt{sgd[x=1]}: C2$'$"),
        ("a9a.bz2, SGD3", "a9a.bz2, SGD3"),
        ("--radius", "-{}-radius"),
        ("\\", r"\textbackslash{}"),
        ("tau = 10", r"$\tau = 10$"),
        ("f* = 0.25", "$f^* = 0.25$"),
        ("F(w_T) = 1, F(w_0)", "$F(w_T) = 1$, $F(w_0)$"),
        ("9 = 121", "$9$ = $121$"),
        ("profiles (Dolan and More, 2002)", r"profiles (Dolan and Mor\'e, 2002)"),
        ("95 % interval", r"95\,\% interval"),
        ("if* ab_0 2/Lx", r"if* ab\_0 $2$/Lx"),  # no formulas within words
    ],
)
def test_texts(text: str, latex: str) -> None:
    assert typeset(text, {"sgd", "sgd[x=1]"}) == latex


def test_what_is_missing_is_a_dash() -> None:
    text = shown(RESULTS["awkward"], "latex", VIEWS["all"])
    cells = {
        c.strip()
        for t in tables(text)
        for row in t["body"].splitlines()
        for c in row[:-3].split("&")
    }
    assert "--" in cells
    assert "-" not in cells


def test_names_are_escaped_and_set_as_code() -> None:
    assert r"\texttt{wngrad[order=a\_b\&c\textbar{}\%\#]}" in shown(awkward(), "latex")


def test_a_spread_is_in_maths_mode() -> None:
    assert r"\pm" in shown(stochastic(), "latex", View(details=True))


@pytest.mark.parametrize(
    ("texts", "latex"),
    [
        (["5.67e-05", "8e+00", "1.2e-10"], ["{-5", "{0", "{-10"]),
        (["1e+00", "-"], ["{0", ""]),
    ],
)
def test_powers_of_a_column_are_equally_wide(texts: list[str], latex: list[str]) -> None:
    cells = typeset_column(texts, ())
    exponents = [cell.partition("10^")[2] for cell in cells]
    assert [e.partition("\\")[0].rstrip("}$") for e in exponents] == latex
    widths = {len(re.sub(r"\\phantom\{([-0]+)\}", r"\1", e)) for e in exponents if e}
    assert len(widths) == 1


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("T^-1.4", "$T^{-1.4}$"),
        ("T^-1 ?", "$T^{-1}$ ?"),
        (".9967^T", "$.9967^{T}$"),
        ("e^(-9e-04 T)", r"$e^{-9\cdot10^{-4} T}$"),
        ("a fall by e^0.78.", "a fall by $e^{0.78}$."),
        ("2L/3 = 0.7", "$2L/3$ = $0.7$"),
        ("C6' holds at x*, C2", r"C6$'$ holds at $x^*$, C2"),
    ],
)
def test_powers_and_symbols(text: str, latex: str) -> None:
    assert typeset(text, ()) == latex


DOCUMENT = r"""\documentclass{article}
\usepackage{array,booktabs}
\begin{document}
\input{page}
\end{document}
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="there is no TeX")
@pytest.mark.parametrize(("name", "view"), list(itertools.product(RESULTS, VIEWS)))
def test_tex_sets_it_without_an_error_and_nothing_sticks_out(
    name: str, view: str, tmp_path: Path
) -> None:
    (tmp_path / "page.tex").write_text(shown(RESULTS[name], "latex", VIEWS[view]))
    (tmp_path / "main.tex").write_text(DOCUMENT)
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "main.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    log = (tmp_path / "main.log").read_text(encoding="latin-1")
    assert done.returncode == 0, log[-2000:]
    assert "Overfull" not in log
    assert "Missing character" not in log
