"""`lrbench list`: what there is, by name."""

from __future__ import annotations

import itertools
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from lrbench.cli.options import chain
from lrbench.config.registry import did_you_mean
from lrbench.errors import UsageError, quoted

if TYPE_CHECKING:
    from lrbench.reports.blocks import Block

FORMAT = "lrbench-list"
VERSION = 1
WIDTH = 80

MARKS = {
    r"^( *)\.\. (\[\d+\])": r"\1\2",
    r"(\[\d+\])_": r"\1",
    r":\w+:`~?([^`]*)`": r"\1",
    r"``([^`]*)``": r"\1",
    r"`([^`\n]*)`": r"\1",
}
"""Marks of reStructuredText, and what is left of them."""

IN_FORMULAS = {
    r"\\mathrm\{(\w+)\}": r"\1",
    r"\\q?quad *|\\, *": " ",
    r"\\\||\\[lr]Vert": "|",
    r"\\\\": "",
    r"&=": "=",
    r"\\dots": "...",
    r"\\(beta|varepsilon|lambda|varphi|log|max|odot)(?![a-zA-Z])": r"\1",
}
"""The same for what TeX alone reads."""

page_options = chain(
    [
        click.option(
            "--format",
            "form",
            type=click.Choice(["table", "plain", "json"]),
            help="[default: table on a terminal, plain in a pipe]",
        ),
        click.option(
            "--color",
            type=click.Choice(["auto", "always", "never"]),
            default="auto",
            show_default=True,
            help="Colour in tables.",
        ),
    ]
)


def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete a kind, or a name of the kind given."""
    from lrbench.cli.list_parts import KINDS

    kind = ctx.params.get("kind", "")
    if param.name == "kind":
        return [CompletionItem(name) for name in KINDS if name.startswith(incomplete)]
    names = KINDS[kind]().names() if kind in KINDS else {}
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


@click.command(name="list", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("kind", metavar="KIND", shell_complete=complete)
@click.argument("name", metavar="[NAME]", required=False, shell_complete=complete)
@page_options
def command(kind: str, name: str | None, form: str | None, color: str) -> None:
    """List what there is of a KIND: problems, solvers, losses, penalties, theorems or formats.

    With a NAME, all that there is to say of it. For wngrad and adagrad-norm that includes what
    b_0, lr0 and the order of updates are called in other software.
    """
    from lrbench.cli.list_parts import KINDS

    if kind not in KINDS:
        raise UsageError(f"there is no list of {quoted(kind)}.", did_you_mean(kind, KINDS))
    parts = KINDS[kind]()
    about = parts.names()
    found = [{"name": n, "about": text} for n, text in about.items()]
    if name is not None:
        name = parts.canonical(name)
        found = [{"name": name, "about": about[name], **parts.details(name)}]
    if form == "json":
        show_json({"format": FORMAT, "version": VERSION, "kind": kind, "parts": found})
    elif name is None:
        show_page(_table(about), form, color)
    else:
        show_page(_page(found[0]), form, color)


def _table(about: Mapping[str, str]) -> Iterator[Block]:
    from lrbench.reports.blocks import Grid, TableCell

    room = WIDTH - max(map(len, [*about, "name"])) - 2
    rows = [[TableCell(n), TableCell(textwrap.fill(text, room))] for n, text in about.items()]
    yield Grid(["name", "what it is"], rows, frozenset({0, 1}))


def _page(part: Mapping[str, Any]) -> Iterator[Block]:
    """Yield the details: facts first, then the docstring, then other software."""
    from lrbench.reports.blocks import line

    yield line(part["name"], style="title")
    yield line(part["about"])
    apart = ("name", "about", "cite", "doc", "elsewhere")
    for key, value in part.items():
        if key not in apart and value not in (None, [], {}):
            yield line(f"{key}: {_said(value)}")
    rest = part.get("doc", "").partition("\n")[2].strip("\n")
    if rest:
        yield line("")
        yield from (line(text) for text in reflowed(unmarked(rest)))
    for row in part.get("elsewhere", ()):
        yield line("")
        yield _place(row)


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} = {item}" for key, item in value.items())
    return ", ".join(value) if isinstance(value, list) else str(value)


def _place(row: Mapping[str, str]) -> Block:
    """Return the table of one place where the step rule is found, too."""
    from lrbench.reports.blocks import Grid, TableCell

    room = WIDTH - max(map(len, row)) - 2
    columns = ["in", textwrap.fill(row["where"], room)]
    rows = [
        [TableCell(k), TableCell(textwrap.fill(v, room))] for k, v in row.items() if k != "where"
    ]
    return Grid(columns, rows, frozenset({0, 1}))


def unmarked(doc: str) -> str:
    """Return a docstring without the marks that only a program for documentation reads."""
    for pattern, plain in MARKS.items():
        doc = re.sub(pattern, plain, doc, flags=re.MULTILINE)
    return doc


def reflowed(doc: str) -> Iterator[str]:
    """Yield the lines of a docstring in at most 80 columns; headings and formulas stay lines."""
    lines = doc.splitlines()
    heading = {k for k, text in enumerate(lines) if text and set(text) == {"-"}}
    heading |= {k - 1 for k in heading}
    formula = _formulas(lines)

    def group(k: int) -> tuple[int, ...]:
        text = lines[k]
        alone = not text or k in heading or k in formula
        return (k,) if alone else (-1, len(text) - len(text.lstrip()))

    for (first, *indent), numbers in itertools.groupby(range(len(lines)), group):
        if first in formula:
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
    """Yield a line of a formula as plain text; nothing for the mark above it."""
    head, mark, rest = text.partition(".. math::")
    quoted = "    " + rest.strip() if mark else head
    for pattern, plain in IN_FORMULAS.items():
        quoted = re.sub(pattern, plain, quoted)
    if quoted.strip():
        yield quoted.rstrip()


def _formulas(lines: list[str]) -> set[int]:
    """Return the numbers of the lines of displayed formulas."""
    found, inside = set(), False
    for k, text in enumerate(lines):
        inside = text.startswith(".. math::") or (inside and text.startswith(" "))
        if inside:
            found.add(k)
    return found


def show_json(value: dict[str, Any]) -> None:
    """Write `value` as JSON, null for no number."""
    import json

    from lrbench.results import plain

    click.echo(json.dumps(plain(value), indent=1, allow_nan=False))


def show_page(blocks: Iterable[Block], form: str | None, color: str) -> None:
    """Write a page; by default as a table on a terminal, as plain text elsewhere."""
    import io

    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a name that the terminal cannot show
    if (form or ("table" if sys.stdout.isatty() else "plain")) == "table":
        from lrbench.reports.to_terminal import write_blocks
    else:
        from lrbench.reports.to_plain import write_blocks
    write_blocks(blocks, sys.stdout, {"auto": None, "always": True, "never": False}[color])
