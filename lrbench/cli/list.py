"""`lrbench list`: problems, solvers, losses, penalties, theorems and formats by name."""

from __future__ import annotations

import contextlib
import itertools
import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from lrbench.cli.command import command as guided
from lrbench.cli.tex import plain
from lrbench.cli.view_options import page_options
from lrbench.config.prints import prints_to_stderr
from lrbench.config.registry import did_you_mean
from lrbench.errors import UsageError, quoted
from lrbench.reports.blocks import WIDTH, Grid, TableCell, line

if TYPE_CHECKING:
    from lrbench.cli.list_parts import PartKind
    from lrbench.reports.blocks import Block

FORMAT = "lrbench-list"
VERSION = 1

SOLVER_COLUMNS = {
    "solver": 23,
    "scale": 5,
    "step costs": 11,
    "state": 5,
    "theorems": 12,
    "paper": 14,
}
"""The columns of the table of solvers, and their widths."""

MARKS = {
    r"^( *)\.\. (\[\d+\])": r"\1\2",
    r"(\[\d+\])_": r"\1",
    r":\w+:`~?([^`]*)`": r"\1",
    r"``([^`]*)``": r"\1",
    r"`([^`\n]*)`": r"\1",
}
"""Patterns of reStructuredText markup, and the plain text that replaces each of them."""


def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete a kind, or a name of the kind that stands before it."""
    from lrbench.cli.list_parts import KINDS

    kind = ctx.params.get("kind", "")
    if param.name == "kind":
        return [CompletionItem(name) for name in KINDS if name.startswith(incomplete)]
    names = KINDS[kind]().names() if kind in KINDS else {}
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


@guided(
    "list",
    ("all solvers", "lrbench list solvers"),
    ("one of them: its formula, parameters and papers", "lrbench list solvers wngrad"),
)
@click.argument("kind", metavar="KIND", shell_complete=complete)
@click.argument("name", metavar="[NAME]", required=False, shell_complete=complete)
@page_options
def command(kind: str, name: str | None, form: str | None, color: str) -> None:
    """List what there is of a KIND: problems, solvers, losses, penalties, theorems or formats.

    With a NAME, print its parameters, its description and its papers. A solver may be one of yours,
    my_rule.py:MyRule or package.module:MyRule, or of torch or optax. For wngrad and adagrad-norm
    that includes what b_0, lr0 and the order of updates are called in other software. Among the
    solvers, torch and optax are the optimisers of these libraries that are installed.
    """
    from lrbench.cli.list_parts import KINDS, library, summary_line
    from lrbench.cli.output import show_json, show_page
    from lrbench.solvers import LIBRARIES

    if kind not in KINDS:
        raise UsageError(f"there is no list of {quoted(kind)}.", did_you_mean(kind, KINDS, "list"))
    listing = KINDS[kind]()
    of_library = kind == "solvers" and name in LIBRARIES
    if name is not None and of_library:
        listing, name = library(name), None
    summaries = listing.names()
    entries = [{"name": n, "about": summary} for n, summary in summaries.items()]
    if name is not None:
        name = listing.canonical(name)
        with prints_to_stderr():
            details = listing.details(name)
        about = summaries.get(name) or summary_line(details["doc"])
        entries = [{"name": name, "about": about, **details}]
    if form == "json":
        show_json({"format": FORMAT, "version": VERSION, "kind": kind, "parts": entries})
    elif name is None and kind == "solvers" and not of_library:
        show_page(_solvers(listing), form, color)
    elif name is None:
        show_page(_table(summaries), form, color)
    else:
        show_page(_page(entries[0]), form, color)


def _table(summaries: Mapping[str, str]) -> Iterator[Block]:
    room = WIDTH - max(map(len, [*summaries, "name"])) - 2
    rows = [[TableCell(n), TableCell(textwrap.fill(text, room))] for n, text in summaries.items()]
    yield Grid(["name", "what it is"], rows, frozenset({0, 1}))


def _solvers(listing: PartKind) -> Iterator[Block]:
    """Yield the table of the solvers: a row for each, below the name of its group."""
    from lrbench.solvers.base import GROUPS

    parts = {}
    for name in listing.names():
        # One of an installed package may be broken.
        with contextlib.suppress(UsageError), prints_to_stderr():
            parts[name] = listing.details(name)
    rows: list[list[TableCell]] = []
    for group in GROUPS:
        of_group = {name: part for name, part in parts.items() if part["group"] == group}
        if of_group:
            empty = [TableCell("")] * (len(SOLVER_COLUMNS) - 1)
            rows += [[TableCell(""), *empty]] if rows else []
            rows.append([TableCell(f"{group}:", "title"), *empty])
        for name, part in of_group.items():
            # Certificates, which are computed from a run, have keys that begin with C.
            bounds = [key for key in part["theorems"] if not key.startswith("C")]
            texts = (
                name,
                part["scale"] or "-",
                part["step_cost"],
                part["state_size"],
                " ".join(bounds) or ("certificates" if part["theorems"] else "-"),
                " ".join(part["cite"]) or "-",
            )
            widths = SOLVER_COLUMNS.values()
            rows.append([_wrapped(text, width) for text, width in zip(texts, widths, strict=True)])
    yield Grid([*SOLVER_COLUMNS], rows, frozenset(range(len(SOLVER_COLUMNS))))
    yield line("")
    yield line("scale: the free scale, which --over scale varies; d: features; n: samples")
    yield line("theorems: bounds known before the run (lrbench list theorems KEY)")
    yield line("what a solver does: lrbench list solvers NAME")


def _wrapped(text: str, width: int) -> TableCell:
    return TableCell(textwrap.fill(text, width, break_on_hyphens=False, break_long_words=False))


def _page(part: Mapping[str, Any]) -> Iterator[Block]:
    """Yield the details: facts first, then the docstring, then the names in other software."""
    yield line(part["name"], style="title")
    if part["about"]:
        yield line(part["about"])
    apart = ("name", "about", "cite", "doc", "elsewhere")
    for key, value in part.items():
        if key not in apart and value not in (None, "", [], {}):
            yield line(f"{key}: {_text(value)}")
    # The first line of a docstring is the summary, which "about" has shown.
    rest = part.get("doc", "").partition("\n")[2].strip("\n")
    if rest:
        yield line("")
        yield from (line(text) for text in reflowed(unmarked(rest)))
    for row in part.get("elsewhere", ()):
        yield line("")
        yield _software(row)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} = {entry}" for key, entry in value.items())
    return ", ".join(value) if isinstance(value, list) else str(value)


def _software(row: Mapping[str, str]) -> Block:
    """Return the table of one other implementation of the step rule."""
    room = WIDTH - max(map(len, row)) - 2
    columns = ["in", textwrap.fill(row["where"], room)]
    rows = [
        [TableCell(k), TableCell(textwrap.fill(v, room))] for k, v in row.items() if k != "where"
    ]
    return Grid(columns, rows, frozenset({0, 1}))


def unmarked(doc: str) -> str:
    """Return a docstring without the markup that only Sphinx reads."""
    doc = re.sub(r":math:`([^`]*)`", lambda match: plain(match[1]), doc)
    for pattern, text in MARKS.items():
        doc = re.sub(pattern, text, doc, flags=re.MULTILINE)
    return doc.replace(r"\|", "|")


def reflowed(doc: str) -> Iterator[str]:
    """Yield the lines of a docstring in at most 80 columns.

    Lines of one indentation are joined and broken anew; blank lines, headings and the lines of
    formulas stay as they are.
    """
    lines = doc.splitlines()
    headings = {k for k, text in enumerate(lines) if text and set(text) == {"-"}}
    headings |= {k - 1 for k in headings}
    formulas = _formulas(lines)

    def group(k: int) -> tuple[int, ...]:
        """Return a key that lines share if they are one paragraph; -1 is no line's number."""
        text = lines[k]
        alone = not text or k in headings or k in formulas
        return (k,) if alone else (-1, len(text) - len(text.lstrip()))

    for (first, *indent), numbers in itertools.groupby(range(len(lines)), group):
        if first in formulas:
            yield from _formula(lines[first])
        elif first >= 0:
            yield lines[first]
        else:
            text = " ".join(lines[k].strip() for k in numbers)
            margin = " " * indent[0]
            yield from textwrap.wrap(
                text,
                WIDTH,
                initial_indent=margin,
                subsequent_indent=margin,
                break_on_hyphens=False,
                break_long_words=False,
            )


def _formula(text: str) -> Iterator[str]:
    """Yield a line of a formula as plain text; nothing for a line that holds ``.. math::`` only."""
    head, mark, rest = text.partition(".. math::")
    formula = "    " + rest.strip() if mark else head
    margin = formula[: len(formula) - len(formula.lstrip())]
    if text := plain(formula.strip()).strip():
        yield margin + text


def _formulas(lines: list[str]) -> set[int]:
    """Return the numbers of the lines of displayed formulas."""
    numbers, inside = set(), False
    for k, text in enumerate(lines):
        inside = text.startswith(".. math::") or (inside and text.startswith(" "))
        if inside:
            numbers.add(k)
    return numbers
