"""A sheet as a short script of matplotlib, with the numbers inside, for people to change."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from lrbench.reports.figures.sheet import Call, Sheet, Variable
from lrbench.version import __version__

LINE = 96
"""Columns of a script."""

NAMES = ("x", "y", "z")
"""The variables that hold the lists of a call, in their order."""

GLUE = "\0"
"""Stands for a blank inside a text, in which there is no such letter."""

LONGEST = 4
"""The most items of a list that stands in the call itself."""

HEAD = '''"""{title}

Written by lrbench {version}. To draw it: python THIS_FILE.py FIGURE.pdf (or .svg, .png)
"""

import sys

import matplotlib
from cycler import cycler
from matplotlib.figure import Figure

nan = float("nan")

matplotlib.rcdefaults()
matplotlib.rcParams.update({{
{settings}
}})
figure = Figure({size}layout="constrained")
'''

FOOT = """
figure.savefig(sys.argv[1] if len(sys.argv) > 1 else "figure.pdf")
"""


def script_text(sheet: Sheet, style: Mapping[str, Any]) -> str:
    """Return a script that draws what `lrbench.reports.figures.drawing.draw` does.

    Parameters
    ----------
    sheet
        What to draw.
    style
        Of `lrbench.reports.figures.drawing.settings`.
    """
    text = HEAD.format(
        # In a docstring neither a quotation mark nor a backslash means itself.
        title=sheet.title.replace("\\", "/").replace('"', "'"),
        version=__version__,
        settings="\n".join(f"    {key!r}: {value!r}," for key, value in style.items()),
        size="" if "figure.figsize" in style else f"figsize={sheet.size}, ",
    )
    held: dict[str, list[Any]] = {}
    lines = ["part = figure"]
    if len(sheet.parts) > 1:
        shape = f"{sheet.n_rows}, {sheet.n_columns}"
        lines = [f"parts = figure.subfigures({shape}, squeeze=False).flat"]
    for k, part in enumerate(sheet.parts):
        lines += ["", f"part = parts[{k}]"] if len(sheet.parts) > 1 else []
        heights = [panel.height for panel in part.panels]
        lines.append(
            f"axes = part.subplots({len(heights)}, 1, squeeze=False, height_ratios={heights})[:, 0]"
        )
        for row, panel in enumerate(part.panels):
            lines += ["", f"ax = axes[{row}]"]
            for call in panel.calls:
                lines += _call_lines(call, held)
        for call in part.calls:
            lines += _call_lines(call, held)
    return text + "\n".join(lines) + "\n" + FOOT


def _call_lines(call: Call, held: dict[str, list[Any]]) -> Iterator[str]:
    """Yield the lines of a call, after those of the lists that no variable holds yet."""
    arguments = []
    for name, argument in zip(NAMES, call.arguments, strict=False):
        if isinstance(argument, list) and len(argument) > LONGEST:
            if held.get(name) != argument or _has_nan(argument):
                held[name] = argument
                yield from _wrapped(f"{name} = {argument!r}")
            arguments.append(name)
        else:
            arguments.append(_text(argument))
    arguments += [_text(argument) for argument in call.arguments[len(NAMES) :]]
    settings = [f"{key}={_text(value)}" for key, value in call.settings.items()]
    kept = f"{call.result} = " if call.result else ""
    yield from _wrapped(f"{kept}{call.of}.{call.method}({', '.join([*arguments, *settings])})")


def _has_nan(numbers: list[Any]) -> bool:
    """Return whether a list is not equal to itself."""
    return any(isinstance(n, list) or n != n for n in numbers)


def _text(value: Any) -> str:
    """Return an argument as text, with `GLUE` for the blanks at which no line may be broken."""
    if isinstance(value, Variable):
        return value.name
    return repr(value).replace(" ", GLUE) if isinstance(value, str) else repr(value)


def _wrapped(statement: str) -> Iterator[str]:
    """Yield the lines of a statement; those after the first are indented and lie in brackets."""
    lines = textwrap.wrap(
        statement, LINE, subsequent_indent="    ", break_on_hyphens=False, break_long_words=False
    )
    yield from (line.replace(GLUE, " ") for line in lines)
