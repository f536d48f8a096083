"""The papers that are cited: every key has an entry, every entry is cited, and they agree."""

from __future__ import annotations

import configparser
import inspect
import re
import unicodedata
from importlib import resources
from pathlib import Path

import pytest

from lrbench.solvers import SOLVERS
from lrbench.theory import THEOREMS
from lrbench.theory.base import Theorem
from lrbench.theory.references import bibtex, bibtex_entries

TEXT = (resources.files("lrbench.theory") / "references.bib").read_text("utf-8")
ENTRIES = bibtex_entries()
ALL = {f"{solver}-{t.key}": t for solver, found in THEOREMS.items() for t in found}
ARXIV = re.compile(r"arXiv:(\d{4}\.\d{5})")
FIELDS = {
    "article": {"author", "title", "journal", "year"},
    "book": {"author", "title", "publisher", "year"},
    "inproceedings": {"author", "title", "booktitle", "year"},
    "misc": {"author", "title", "year"},
}


def fields(entry: str) -> dict[str, str]:
    """Return the fields of an entry, read by another pattern than the code's."""
    return dict(re.findall(r"^\s+(\w+)\s*= \{(.*)\},$", entry, re.MULTILINE))


def arxiv_ids(keys: tuple[str, ...]) -> set[str]:
    """Return the arXiv numbers that the entries of these keys name."""
    return {n for key in keys for n in re.findall(r"\d{4}\.\d{5}", ENTRIES[key])}


def surnames(key: str) -> set[str]:
    """Return the authors' surnames, without accents."""
    names = [a.split(",")[0] for a in fields(ENTRIES[key])["author"].split(" and ")]
    return {re.sub(r"\{\\\W(\w)\}", r"\1", name) for name in names}


def words(text: str) -> set[str]:
    """Return the words of a text, without accents; with their apostrophes and hyphens."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return set(re.findall(r"\w[\w'-]*", plain))


def test_every_entry_of_the_file_is_read() -> None:
    assert list(ENTRIES) == re.findall(r"^@\w+\{(.*),$", TEXT, re.MULTILINE)
    assert "".join(ENTRIES.values()).replace("\n", "") == TEXT.replace("\n", "")
    assert list(ENTRIES) == sorted(ENTRIES)


@pytest.mark.parametrize("key", ENTRIES)
def test_an_entry_is_whole(key: str) -> None:
    entry = ENTRIES[key]
    depth = 0
    for at, sign in enumerate(entry):
        depth += {"{": 1, "}": -1}.get(sign, 0)
        assert depth > 0 or at < entry.index("{") or at == len(entry) - 1
    assert depth == 0
    kind = re.match(r"@(\w+)", entry)
    assert kind is not None
    assert FIELDS[kind[1]] <= fields(entry).keys()
    if kind[1] == "misc":
        where = {"eprint", "archiveprefix"}, {"howpublished"}
        assert any(place <= fields(entry).keys() for place in where)
    assert entry.isascii()
    assert re.fullmatch(r"[a-z]+\d{4}[a-z]*", key)
    assert fields(entry)["year"] in key


def test_every_key_has_an_entry_and_every_entry_is_cited() -> None:
    cited = {key for t in ALL.values() for key in t.cite}
    cited |= {key for name in SOLVERS for key in SOLVERS.get(name).papers}
    assert cited == ENTRIES.keys()


@pytest.mark.parametrize("theorem", ALL.values(), ids=ALL)
def test_the_source_of_a_theorem_names_the_papers_that_it_cites(theorem: Theorem) -> None:
    for key in theorem.cite:
        first = fields(ENTRIES[key])["author"].split(",")[0]
        assert first in theorem.reference, key
    assert set(ARXIV.findall(theorem.reference)) <= arxiv_ids(theorem.cite)
    named = {key for key in ENTRIES if surnames(key) <= words(theorem.reference)}
    assert set(theorem.cite) <= named
    assert bool(theorem.cite) == bool(named), "the source names a paper without its key in `cite`"


@pytest.mark.parametrize("name", list(SOLVERS))
def test_a_solver_cites_the_papers_of_its_docstring(name: str) -> None:
    papers = SOLVERS.get(name).papers
    assert papers, "add the keys of its papers to the class"
    doc = inspect.getdoc(SOLVERS.get(name)) or ""
    references = doc.partition("References\n----------\n")[2]
    for key in papers:
        assert surnames(key) <= words(references), key
        assert fields(ENTRIES[key])["year"] in references, key
    assert set(ARXIV.findall(references)) <= arxiv_ids(papers)


def test_an_entry_is_printed_once() -> None:
    text = bibtex(["wu2018", "ward2020", "wu2018"])
    assert re.findall(r"^@\w+\{(.*),$", text, re.MULTILINE) == ["wu2018", "ward2020"]


def test_the_files_beside_the_modules_are_installed() -> None:
    config = configparser.ConfigParser()
    config.read(Path(__file__).parent.parent.parent / "setup.cfg")
    data = config["options.package_data"]
    assert "*.bib" in data["lrbench.theory"]
    assert "*.toml" in data["lrbench.solvers"]
