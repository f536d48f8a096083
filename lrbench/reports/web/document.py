"""The HTML report of one or several results, in one piece."""

from __future__ import annotations

import base64
import hashlib
import importlib
from collections.abc import Sequence
from dataclasses import replace
from importlib import resources
from typing import Any

from lrbench.errors import LrbenchError
from lrbench.reports.web.embedded import embedded_json
from lrbench.reports.web.repeating import Repeating
from lrbench.reports.web.sections import Section, origin_of, section_of
from lrbench.results import Result
from lrbench.verdicts.method_names import named_for_pages
from lrbench.version import __version__

MOST_TRACES = 480
"""The most trajectories in a report; those of each problem get an equal share."""

LEAST_TRACES = 12
"""The least of them for a problem, however many problems there are."""


def html_report(results: Sequence[tuple[str, Result]]) -> str:
    """Return an HTML page that needs nothing else: no file, and no network.

    Parameters
    ----------
    results
        Name and result of each file, at least one; no result without a problem.

    Raises
    ------
    LrbenchError
        If jinja2 is not installed.
    """
    template = _template()
    named = [
        (file, replace(result, problems=[*map(named_for_pages, result.problems)]))
        for file, result in results
    ]
    n_problems = sum(len(result.problems) for _, result in results)
    most = max(MOST_TRACES // max(n_problems, 1), LEAST_TRACES)
    sections: list[Section] = []
    for file, result in named:
        for place, problem in enumerate(result.problems):
            repeating = Repeating(result.command, problem, place, len(result.problems))
            source = file if len(results) > 1 else ""
            sections.append(section_of(problem, f"p{len(sections)}", source, repeating, most))
    script, uplot = _file("templates/report.js"), _file("uplot/uPlot.iife.min.js")
    page: str = template.render(
        sections=sections,
        origins=[origin_of(file, result) for file, result in named],
        version=__version__,
        css=_file("uplot/uPlot.min.css") + _file("templates/report.css"),
        script=script,
        uplot=uplot,
        uplot_license=_file("uplot/LICENSE"),
        hashes=" ".join(map(_hash, (uplot, script))),
        data=embedded_json({s.id: s.charts for s in sections if s.charts}),
    )
    return page


def _template() -> Any:
    """Return the template, in which whatever is not marked as HTML is escaped."""
    try:
        jinja2 = importlib.import_module("jinja2")
    except ImportError as error:
        raise LrbenchError(
            "an HTML report needs jinja2, which is not installed.", "pip install jinja2."
        ) from error
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: _file(f"templates/{name}")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.jinja")


def _file(name: str) -> str:
    path = resources.files("lrbench.reports.web")
    for part in name.split("/"):
        path = path / part
    return path.read_text("utf-8")


def _hash(script: str) -> str:
    """Return what the policy of the page knows a script by: no other one is run."""
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
