"""What `lrbench explain` knows: words of pages and of JSON, theorems, parts, and the glossary."""

from __future__ import annotations

import functools
import inspect
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from lrbench.cli.list_parts import KINDS
from lrbench.errors import UsageError, quoted
from lrbench.results.words import HEADINGS, WORDS, WordSubject
from lrbench.theory.base import Theorem
from lrbench.theory.families import every_theorem
from lrbench.theory.references import bibtex_entries

SUBJECTS: Mapping[WordSubject, str] = {
    "bound": "verdicts on a bound",
    "order": "verdicts on an order",
    "run": "how a run ends",
    "check": "verdicts of lrbench check",
}
"""What a word is about -> the heading of its group."""

DECORATION = re.compile(
    r"^/ |\[.*\]$|(?<=T)=[0-9]+$|(?<=^tau) = [0-9]+$|(?<=[a-zA-Z]) at [0-9]+$|(?<=T) \?$"
    r"|(?<=[a-z]{4}) ?\*$"
)
"""What tables add to a word: wngrad[order=current], T=100, tau = 2, DIVERGED at 7."""

NUMBER = r"[0-9.]+(?:e[-+]?[0-9]+)?"

QUANTITIES = {
    re.compile(rf"<?T\^-?{NUMBER}"): "T^-1",
    re.compile(rf"{NUMBER}\^T|\(1 - {NUMBER}\)\^T"): ".9967^T",
    re.compile(rf"{NUMBER}/L"): "1/L",
    re.compile(rf"<(?:= )?{NUMBER}(?: %)?"): "<",
}
"""What numbers look like that have a meaning beside their value -> the word for it."""

NEAR = 0.8
"""How similar a word must be to be suggested: most short words are as similar to some other."""

SHORT = 2
"""The most letters of words that differ in capitals alone."""

HEADINGS_OF_RUN = "headings of lrbench run"
THEOREMS = "theorems"
PARTS = ("solvers", "problems", "losses", "penalties")
"""The kinds of parts whose names are known, beside the theorems."""


@dataclass(frozen=True)
class Explanation:
    """What one word means."""

    word: str
    group: str
    """What kind of word it is: the heading of its group."""
    meaning: str
    """Full sentences."""
    formula: str = ""
    hypotheses: Sequence[str] = ()
    """What a theorem needs; empty for other words."""
    source: str = ""
    json: str = ""
    """What JSON and TOML call it, where that is another word."""
    see: Sequence[str] = ()
    """Commands that say more."""
    also: Sequence[str] = field(default=(), repr=False)
    """Other spellings."""


def explain(words: Sequence[str]) -> list[Explanation]:
    """Return what the words mean, in their order; neighbours may be one term, as in usable range.

    Raises
    ------
    UsageError
        For a word that is not known.
    """
    out: list[Explanation] = []
    rest = [word for text in words for word in text.split()]
    if not rest:
        raise UsageError("no word is given.", "lrbench explain alone lists them.")
    while rest:
        # The longest term first: F - f* is one, and so is usable range.
        for length in range(len(rest), 0, -1):
            if found_here := explanations_of(" ".join(rest[:length])):
                break
        else:
            known = [spelling for e in every_explanation() for spelling in (e.word, *e.also)]
            raise UsageError(f"there is no word {quoted(rest[0])}.", _near(rest[0], known))
        out += found_here
        rest = rest[length:]
    return list(dict.fromkeys(out))


def explanations_of(term: str) -> list[Explanation]:
    """Return what a term means, several things where it has several; empty if it is not known."""
    term = DECORATION.sub("", term)
    of_number = (word for form, word in QUANTITIES.items() if form.fullmatch(term))
    term = next(of_number, term)
    spellings = {e: (e.word, *e.also) for e in every_explanation()}
    exact = [e for e, names in spellings.items() if term in names]
    # GD is a theorem and gd a solver: in words as short as these capitals count.
    if exact and len(term) <= SHORT:
        return exact
    return [e for e, names in spellings.items() if _plain(term) in map(_plain, names)]


def groups() -> dict[str, list[str]]:
    """Return the words by group, each once."""
    out: dict[str, list[str]] = {}
    for explanation in every_explanation():
        out.setdefault(explanation.group, []).append(explanation.word)
    return {group: list(dict.fromkeys(words)) for group, words in out.items()}


@functools.cache
def every_explanation() -> tuple[Explanation, ...]:
    """Return everything that is known, group by group."""
    return (*_words(), *_headings(), *_glossary(), *_theorems(), *_parts())


def _plain(term: str) -> str:
    return " ".join(term.lower().replace("_", " ").replace("-", " ").split()) or term


def _near(word: str, known: Iterable[str]) -> str:
    by_plain = {_plain(name): name for name in reversed([*known])}
    from difflib import get_close_matches  # only for a mistake

    near = get_close_matches(_plain(word), by_plain, n=1, cutoff=NEAR)
    return f"did you mean {by_plain[near[0]]}?" if near else "lrbench explain lists them."


def _words() -> Iterator[Explanation]:
    for word in WORDS:
        other = "" if word.json == word.page else word.json
        also = [word.json, word.json.replace("_", " ")]
        yield Explanation(
            word.page, SUBJECTS[word.subject], word.meaning, json=other, also=tuple(also)
        )


def _headings() -> Iterator[Explanation]:
    for heading, meaning in HEADINGS.items():
        yield Explanation(heading, HEADINGS_OF_RUN, meaning)


@functools.cache
def _glossary() -> tuple[Explanation, ...]:
    text = (resources.files("lrbench.cli") / "glossary.toml").read_text("utf-8")
    entries: list[dict[str, Any]] = tomllib.loads(text)["entry"]
    return tuple(
        Explanation(
            entry["words"][0],
            entry["group"],
            entry["text"],
            formula=entry.get("formula", ""),
            source=entry.get("source", ""),
            also=tuple(entry["words"][1:]),
        )
        for entry in entries
    )


def _theorems() -> Iterator[Explanation]:
    for theorem in {t.key: t for t in every_theorem()}.values():
        about = (inspect.getdoc(type(theorem)) or "").partition("\n")[0]
        about = about.removeprefix(f"{theorem.key}: ").rstrip(".")
        kind = (
            "a bound that is known before the run"
            if theorem.kind == "a-priori"
            else "a bound that is computed from the run itself"
        )
        rate = f" It falls like {theorem.rate}." if theorem.rate else ""
        yield Explanation(
            theorem.key,
            THEOREMS,
            f"{theorem.key} is {kind}: {about}.{rate}",
            formula=theorem.statement,
            hypotheses=tuple(hypotheses_of(theorem)),
            source="; ".join([theorem.reference, *_papers(theorem.cite)]),
            see=(f"lrbench list theorems {theorem.key}", *_letters(theorem.statement)),
        )


def _letters(statement: str) -> Iterator[str]:
    """Yield the command that explains the letters of a formula."""
    known = {word for e in _glossary() for word in (e.word, *e.also)}
    letters = re.findall(r"[a-zA-Z]+[0-9]*(?:_[a-zA-Z0-9]+)?\*?", statement)
    if named := [letter for letter in dict.fromkeys(letters) if letter in known]:
        yield " ".join(("lrbench explain", *named))


def hypotheses_of(theorem: Theorem) -> Iterator[str]:
    """Yield what the theorem needs, in words: the first line of each check says what it checks."""
    for condition in theorem.conditions:
        text = (inspect.getdoc(condition) or "").partition("\n")[0]
        yield re.sub(r"^Check (?:that )?(?:SU: )?", "", text).rstrip(".")


def _papers(keys: Iterable[str]) -> Iterator[str]:
    """Yield the title of each paper, with its number in arXiv or the year."""
    entries = bibtex_entries()
    for key in keys:
        fields = dict(re.findall(r"^\s*(\w+)\s*=\s*\{(.*)\},?$", entries[key], re.MULTILINE))
        title = re.sub(r"\\['\"`^~=.]|[{}]", "", fields.get("title", key))
        number = f"arXiv:{fields['eprint']}" if "eprint" in fields else fields.get("year", "")
        yield f"{title} ({number})"


def _parts() -> Iterator[Explanation]:
    for kind in PARTS:
        listing = KINDS[kind]()
        for name, summary in listing.names().items():
            see = f"lrbench list {kind} {name}"
            yield Explanation(name, kind, f"{summary.rstrip('.')}.", see=(see,))
