"""lrbench explain: every word of the pages and of JSON is known, in plain sentences."""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import Invoke
from test_small_commands import complete

import lrbench
from lrbench.cli.explain_words import Explanation, every_explanation, explanations_of, groups
from lrbench.config.decimals import decimal
from lrbench.gate.finding import CheckVerdict
from lrbench.objective.constants import Constants
from lrbench.reports.blocks import Block, Grid, Line
from lrbench.reports.page import result_page
from lrbench.reports.view import View
from lrbench.results import COLUMNS, METERED, NORMALISED, OUTPUT, SUMMED, TESTED, Status
from lrbench.results.measures import Measures, Reason
from lrbench.results.words import HEADINGS, WORDS
from lrbench.solvers import SOLVERS
from lrbench.theory.families import every_theorem
from lrbench.theory.references import bibtex_entries

EVERY = every_explanation()


@pytest.mark.parametrize("explanation", EVERY, ids=lambda e: f"{e.group}-{e.word}")
def test_explanations_are_sentences(explanation: Explanation, invoke: Invoke) -> None:
    assert re.match(r"[A-Z\w|]", explanation.meaning)
    assert explanation.meaning.endswith(".")
    assert explanation.meaning.isascii()
    for word in (explanation.word, *explanation.also):
        assert explanation in explanations_of(word), word


def test_words_of_one_letter_have_capitals() -> None:
    (gd,) = explanations_of("gd")
    assert gd.group == "learning rates"
    (theorem,) = explanations_of("GD")
    assert theorem.group == "theorems"
    assert explanations_of("w3") == explanations_of("W3")
    assert explanations_of("Usable Range") == explanations_of("usable_range")


KNOWN = [
    *(t.key for t in every_theorem()),
    *(word.json for word in WORDS),
    *(word.page for word in WORDS),
    *map(str, Status),
    *map(str, CheckVerdict),
    *HEADINGS,
    *SOLVERS,
    *(*COLUMNS, *METERED, *OUTPUT, *SUMMED, *TESTED, *NORMALISED),
    *(column for solver in SOLVERS.available().values() for column in solver.traced),
    *(f.name for f in dataclasses.fields(Constants)),
    *(f.name for f in dataclasses.fields(Measures)),
    *Reason.__args__,  # type: ignore[attr-defined]
]


def test_every_word_of_json_is_known() -> None:
    unknown = sorted({word for word in KNOWN if not explanations_of(word)})
    assert unknown == []


def headings(out: str) -> set[str]:
    """Return the headings of the tables of a page, which stand above a line of dashes."""
    lines, names = out.splitlines(), set()
    for above, dashes in itertools.pairwise(lines):
        if re.fullmatch(r"-+(  -+)+", dashes):
            spans = [match.span() for match in re.finditer("-+", dashes)]
            names |= {above[a:b].strip() for a, b in spans}
    # A value of what varies may be a heading, and the corner of a map names both axes.
    return {name for name in names if name and decimal(name) is None and "\\" not in name}


def test_every_heading_of_the_pages_is_known(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LRBENCH_JOBS", "1")
    np.save("iterates.npy", np.cumsum([np.zeros(30), *np.full((40, 30), 0.01)], axis=0))
    Path("lrbench.toml").write_text(
        '[[check]]\nname = "a"\nproblem = "logreg"\nsolver = "wngrad"\nbaseline = true\n'
        'expect = ["bound = pass", "rate >= 3"]\n'
    )
    pages = {
        "run logreg --lr0 100 --details -o a.json": 0,
        "run logreg --lr0 0.1,100 --details --timing --test 20%": 0,
        "run logreg -s wngrad --batch-size 32 -r 3 -n 200 --details -o b.json": 0,
        "run poisson lasso -n 100 -s ista,adgd,prox-wngrad --details": 0,
        "run logreg -n 50 -s polyak,heavy-ball,schedule-free,svrg --details --radius 12": 0,
        "sweep logreg -s wngrad,adam --details --timing --store a.sqlite": 0,
        "sweep logreg lasso -s wngrad,adagrad-norm --lr0 1e-2:1e2:9 --target 10%,1%": 0,
        "sweep logreg -s wngrad --lr0 1e-2:1e2:5 --test 20% --at 10,100 --details": 0,
        "sweep logreg -s adagrad-norm --over eta=0.1,1,10 --over lr0=0.1,1 --details": 0,
        "theory logreg --all --batch-size 8": 0,
        "check --save-baseline --details": 1,
        "check --details": 1,
        "compare a.json a.json": 0,
        "compare b.json b.json": 0,
        "record -p logreg --iterates iterates.npy --details": 0,
        "store list a.sqlite": 0,
        "show a.json --details": 0,
        "data list": 0,
        "list solvers": 0,
    }
    names: set[str] = set()
    for command, code in pages.items():
        outcome = invoke(*command.split(), "--format", "plain")
        assert outcome.code == code, outcome.err
        names |= headings(outcome.out)
    assert len(names) > 60
    unknown = sorted(name for name in names if not explanations_of(name))
    assert unknown == [], "; ".join(unknown)


def test_a_theorem(invoke: Invoke) -> None:
    outcome = invoke("explain", "W3")
    assert outcome.code == 0
    (theorem,) = {t.key: t for t in every_theorem() if t.key == "W3"}.values()
    assert theorem.statement in outcome.out
    assert len(re.findall(r"^- ", outcome.out, re.MULTILINE)) == len(theorem.conditions)
    assert "arXiv:1803.02865" in outcome.out
    assert "lrbench list theorems W3" in outcome.out


def test_the_papers_of_every_theorem_are_named() -> None:
    entries = bibtex_entries()
    for theorem in every_theorem():
        (explanation,) = [e for e in explanations_of(theorem.key) if e.group == "theorems"]
        for key in theorem.cite:
            number = re.search(r"(?:eprint|year)\s*=\s*\{(.*)\}", entries[key])
            assert number is not None
            assert "{" not in explanation.source
            numbers = re.findall(r"(?:eprint|year)\s*=\s*\{(.*)\}", entries[key])
            assert any(n in explanation.source for n in numbers)


def test_what_more_there_is_to_see_exists(invoke: Invoke) -> None:
    for explanation in EVERY:
        for command in explanation.see:
            program, *words = command.split()
            assert program == "lrbench"
            if explanation.group in ("theorems", "losses", "penalties"):
                assert invoke(*words).code == 0
    theorem = next(e for e in EVERY if e.word == "W3")
    assert theorem.see[1] == "lrbench explain F x_T F* D_0 T b_max L"


def test_words_of_several_and_terms_of_several_words(invoke: Invoke) -> None:
    words = ("weak", "usable", "range", "F", "-", "f*", "too early to tell")
    outcome = invoke("explain", *words, "--format", "json")
    said = json.loads(outcome.out)
    assert (said["format"], said["version"]) == ("lrbench-explain", 1)
    assert [entry["word"] for entry in said["words"]] == [
        "weak",
        "usable range",
        "suboptimality",
        "too early to tell",
    ]
    assert said["words"][0]["json"] == "vacuous"
    assert set(said["words"][0]) == {field.name for field in dataclasses.fields(Explanation)}


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("promisd", "did you mean promised?"),
        ("inconclusiv", "did you mean inconclusive?"),
        ("wngrd", "did you mean wngrad?"),
        ("qqqqqq", "lrbench explain lists them."),
        ("foo", "lrbench explain lists them."),  # which is no floor
        ("", "lrbench explain alone lists them."),
    ],
)
def test_an_unknown_word(word: str, hint: str, invoke: Invoke) -> None:
    outcome = invoke("explain", word)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.splitlines()[1] == f"Hint: {hint}"


def test_the_list(invoke: Invoke) -> None:
    outcome = invoke("explain")
    assert outcome.code == 0
    assert max(map(len, outcome.out.splitlines())) <= 80
    text = " ".join(outcome.out.split())
    for group, words in groups().items():
        assert f"{group}: {', '.join(words)}" in text
    said = json.loads(invoke("explain", "--format", "json").out)
    assert said["groups"] == groups()


def test_pages_are_of_80_columns(invoke: Invoke) -> None:
    words = [explanation.word for explanation in EVERY]
    outcome = invoke("explain", *words)
    assert outcome.code == 0
    assert max(map(len, outcome.out.splitlines())) <= 80


def test_completion() -> None:
    assert {"W1", "W3"} <= set(complete("explain", "W"))
    assert "inconclusive" in complete("explain", "inc")
    assert {"run", "record"} <= set(complete("help", "r"))
    assert "logreg" in complete("run", "logr")


def words_on(blocks: Iterable[Block]) -> Iterator[str]:
    """Yield what stands on a page in the place of a number: labels, statuses, verdicts, marks."""
    for block in blocks:
        if isinstance(block, Line) and block.label:
            yield block.label
        if not isinstance(block, Grid):
            continue
        for row in block.rows:
            for cell in row:
                # Of what a cell says the counts are numbers: 2 of 3; 1 weak.
                for piece in re.split(r"; |, | \(|\n", cell.text):
                    word = re.sub(r"^VIOLATED \d+ of \d+$", "VIOLATED", piece).rstrip(")")
                    word = re.sub(r"^\d+ (?=[a-z])|^(?:\d+/\d+ )", "", word)
                    if not re.fullmatch(r"[-+.\d\s%e/x]*\*?|of \d+|.* to .*|.*\+-.*", word):
                        yield word


def test_every_word_and_mark_of_the_pages_is_known() -> None:
    view = View(details=True, theory=True)
    results = [
        lrbench.run("logreg", lr0=100, iterations=60),
        lrbench.run("logreg", solvers=["gd", "wngrad", "adam"], lr0=[1e300, 0.1], iterations=60),
        lrbench.run("logreg", solvers="wngrad", batch_size=32, replicates=3, passes=5),
        lrbench.sweep("logreg", solvers=["wngrad", "gd"], lr0="0.01:1e4:9", iterations=200),
        lrbench.sweep("lasso", solvers=["ista", "wngrad"], lr0="0.01:1e4:5", iterations=90),
    ]
    words = {word for result in results for word in words_on(result_page(result, view))}
    assert {"DIVERGED at 1", "stalled above its start", "weak", "none applies", "none"} <= words
    assert sorted(word for word in words if not explanations_of(word)) == []
    for word in ("Summary", "Advice", "Newton", "maxabs", "*", "!", "^", "?", "<1e-04", "sweep"):
        assert explanations_of(word), word


def test_numbers_that_say_a_rate_are_explained_as_such() -> None:
    for text, word in {
        "T^-1.3": "T^-1",
        "<T^-.50": "T^-1",
        ".9981^T": ".9967^T",
        "107/L": "1/L",
        "<0.01 %": "<",
    }.items():
        assert [e.word for e in explanations_of(text)] == [word]
