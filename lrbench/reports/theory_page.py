"""The page of `lrbench theory`: the bounds that are proved before any run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lrbench.reports.blocks import Block, Grid, TableCell, line, number, scientific
from lrbench.reports.problem_lines import problem_lines
from lrbench.reports.verdict_blocks import MEASURED, law_text
from lrbench.verdicts.theorems import theorems_for

Entry = Mapping[str, Any]

LETTERS = (
    "letters: x_t = w_t",
    "s_t = 1/lr of step t",
    "a_t = |g_t|^2",
    "D_0 = |w_0 - w*|",
    "Delta_0 = F(w_0) - f*",
)
"""The letters of the statements that have other names on the rest of the page."""


def theory_page(problems: Sequence[Entry]) -> Iterator[Block]:
    """Yield the blocks of the page.

    Parameters
    ----------
    problems
        Mappings with name, header, hint (what to do where f* is not certified; else empty) and
        settings; a setting has title, solver, and the theorems as
        `bounds_before` returns them.
    """
    for k, problem in enumerate(problems):
        if k:
            yield line("")
        yield from problem_lines(problem["name"], problem["header"])
        if problem["hint"]:
            yield line(problem["hint"], style="dim")
        yield line(*LETTERS, style="dim")
        solvers: dict[str, list[Entry]] = {}
        for setting in problem["settings"]:
            solvers.setdefault(setting["title"][0], []).append(setting)
        for title, settings in solvers.items():
            yield from _solver(title, settings)


def _solver(title: str, settings: Sequence[Entry]) -> Iterator[Block]:
    """Yield the bounds at every lr0 of a solver, and the statements of its theorems once."""
    if not any(setting["theorems"] for setting in settings):
        name = settings[0]["solver"]["name"]
        text = f"{name} has no theorems"
        if theorems_for(name):
            text = f"no theorem on {name} speaks of this setting"
        yield line("")
        yield line(title, style="title")
        yield line(text, style="warn")
        return
    for setting in settings:
        yield line("")
        yield line(*setting["title"], style="title")
        yield from _bounds(setting["theorems"])
    if len(settings) > 1:
        yield line("")
        yield line(title, style="title")
    yield from _statements([t for setting in settings for t in setting["theorems"]])


def _bounds(theorems: Sequence[Entry]) -> Iterator[Block]:
    applicable = [t for t in theorems if t["applies"]]
    bounds = [t for t in applicable if not t["computed_from_run"]]
    if bounds:
        yield _bound_grid(bounds)
        yield line(*_at_start(bounds), style="dim")
    yield line("hypotheses:")
    yield from _hypotheses(theorems)
    inapplicable = [f"{t['theorem']} ({_failing(t)})" for t in theorems if not t["applies"]]
    if inapplicable:
        head = "no number: " if applicable else "no theorem applies: "
        yield line(head + inapplicable[0], *inapplicable[1:], style="warn")
    if any(t["kind"] == "heuristic" for t in theorems):
        yield line("L is only estimated: what rests on it is heuristic", style="warn")


def _statements(theorems: Sequence[Entry]) -> Iterator[Block]:
    """Yield the statements of the theorems that apply, and the sources of all, each once."""
    keys = [t["theorem"] for t in theorems]
    applicable = {t["theorem"]: t for t in theorems if t["applies"]}
    # In the order of the tables, whichever lr0 a theorem applies at.
    in_order = [applicable[key] for key in sorted(applicable, key=keys.index)]
    bounds = [t for t in in_order if not t["computed_from_run"]]
    certificates = [t for t in in_order if t["computed_from_run"]]
    if bounds:
        yield line("known before the run:")
    for t in bounds:
        yield line(f"{t['theorem']}: {t['statement']}")
    if certificates:
        yield line("computed from the run:")
    for t in certificates:
        remark = "   (consistency check)" if t["consistency"] else ""
        yield line(f"{t['theorem']}: {t['statement']}{remark}")
    yield line(*_sources(theorems), style="dim")


def _bound_grid(theorems: Sequence[Entry]) -> Grid:
    iterations = theorems[0]["iteration"]
    columns = ["bound", "on", *(f"T={T}" for T in iterations), "from T", "order"]
    rows = [list(_row(t)) for t in theorems]
    tight = [t["sharpness"] == "tight" for t in theorems]
    if any(tight):
        columns.append("tight")
        for row, is_tight in zip(rows, tight, strict=True):
            row.append(TableCell("yes" if is_tight else ""))
    return Grid(columns, rows, frozenset({0, 1, len(iterations) + 3}))


def _row(t: Entry) -> Iterator[TableCell]:
    yield TableCell(t["theorem"])
    yield TableCell(MEASURED[t["measure"], t["iterate"]])
    for bound in t["bound"]:
        text = scientific(bound) if math.isfinite(bound) else "-"
        yield TableCell(text, "good" if bound < t["trivial"] else "warn")
    start = t["informative_from"]
    if start is None:
        yield TableCell("never", "warn")
    else:
        yield TableCell(str(start) if start < 1_000_000 else f"{start:.1e}")
    yield TableCell(law_text(t["order"]))


def _at_start(theorems: Sequence[Entry]) -> Iterator[str]:
    """Yield the values of the measures at w_0: a bound above its value is vacuous."""
    names = {"suboptimality": "F(w_0) - f*", "grad_norm_sq": "|grad F(w_0)|^2"}
    values = {t["measure"]: t["trivial"] for t in theorems}
    pieces = [f"{names[measure]} = {number(value)}" for measure, value in values.items()]
    yield f"a bound informs from T on where it is below doing nothing: {pieces[0]}"
    yield from pieces[1:]


def _hypotheses(theorems: Sequence[Entry]) -> Iterator[Block]:
    """Yield every hypothesis once, with its values and the theorems that need it."""
    needed: dict[tuple[str, str, bool], list[str]] = {}
    for t in theorems:
        for h in t["hypotheses"]:
            needed.setdefault((h["name"], h["detail"], h["holds"]), []).append(t["theorem"])
    for (name, detail, holds), keys in sorted(needed.items(), key=lambda item: not item[0][2]):
        text = name if detail == name else f"{name}: {detail}"
        # Split at commas, so that a long list of values or theorems can be broken there.
        head, *rest = (f"{'ok   ' if holds else 'FAILS'}  {text} [{', '.join(keys)}]").split(", ")
        yield line(head, *rest, style="" if holds else "bad")


def _failing(t: Entry) -> str:
    return "; ".join(h["name"] for h in t["hypotheses"] if not h["holds"])


def _sources(theorems: Sequence[Entry]) -> Iterator[str]:
    """Yield each source once, with its theorems."""
    sources: dict[str, list[str]] = {}
    for t in theorems:
        keys = sources.setdefault(t["source"], [])
        if t["theorem"] not in keys:
            keys.append(t["theorem"])
    for k, (source, keys) in enumerate(sources.items()):
        yield ("sources: " if k == 0 else "") + f"{', '.join(keys)} ({source})"
