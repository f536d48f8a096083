"""Every word of a verdict and of a status has a word on pages, and a sentence."""

from __future__ import annotations

from typing import get_args, get_type_hints

import pytest

from lrbench.gate.finding import CheckVerdict
from lrbench.results import ScaleVerdict, Status, Verdict
from lrbench.results.words import HEADINGS, WORDS, Word, page_word, words_for

HINTS = get_type_hints(Verdict)


@pytest.mark.parametrize(
    ("subject", "values"),
    [
        ("bound", {*get_args(HINTS["bound_verdict"]), *get_args(ScaleVerdict)}),
        ("order", set(get_args(HINTS["order_verdict"]))),
        ("run", set(map(str, Status))),
        ("check", set(map(str, CheckVerdict))),
    ],
)
def test_every_value_of_json_has_a_word(subject: str, values: set[str]) -> None:
    assert {word.json for word in WORDS if word.subject == subject} == values


def test_a_page_word_means_one_thing() -> None:
    pages = [word.page for word in WORDS]
    assert len(pages) == len(set(pages))
    assert not {page.lower() for page in pages} & set(HEADINGS)


@pytest.mark.parametrize("word", WORDS, ids=lambda word: f"{word.subject}-{word.page}")
def test_a_word_is_found_by_either_name_and_explained_in_a_sentence(word: Word) -> None:
    assert word in words_for(word.page)
    assert word in words_for(word.json.upper())
    assert word.meaning.endswith(".")
    assert word.meaning[0].isupper()


@pytest.mark.parametrize("heading", HEADINGS)
def test_headings_are_explained_in_sentences(heading: str) -> None:
    assert HEADINGS[heading].endswith(".")


def test_the_plain_word_of_several_is_the_first() -> None:
    assert page_word("run", "stalled") == "stalled"
    assert page_word("order", "inconclusive") == "too early to tell"
    assert page_word("run", "of a later version") == "of a later version"
