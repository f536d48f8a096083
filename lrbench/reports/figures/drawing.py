"""A sheet drawn by matplotlib, and the bytes of its file."""

from __future__ import annotations

import importlib
import io
import logging
import threading
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from lrbench.config.process import ignored_warnings
from lrbench.errors import LrbenchError, UsageError, quoted_path
from lrbench.reports.figures.sheet import Call, Sheet, Variable
from lrbench.reports.figures.style import COLOURS, STYLE

ENDINGS: Mapping[str, Mapping[str, Any]] = {
    "svg": {"metadata": {"Date": None}},
    "pdf": {"metadata": {"CreationDate": None}},
    "png": {},
}
"""The endings of figures' names, and what makes their bytes the same at every time."""

NOT_INSTALLED = LrbenchError(
    "a figure needs matplotlib, which is not installed.", "pip install matplotlib."
)

_MATPLOTLIB = threading.RLock()
"""Threads draw one after the other, because the settings of matplotlib are those of the process."""


def ending(path: str | Path) -> str:
    """Return the ending of a figure's name.

    Raises
    ------
    UsageError
        If it is not one of `ENDINGS`.
    """
    suffix = Path(path).suffix.lower().removeprefix(".")
    if Path(path).name.lower().removeprefix(".") in ENDINGS:
        raise UsageError(
            f"{quoted_path(path)} is an ending without a name.",
            f"give a name, as in figure{Path(path).name}.",
        )
    if suffix not in ENDINGS:
        raise UsageError(
            f"{quoted_path(path)} does not end in the name of a kind of figure.",
            f"give it one of the endings {', '.join('.' + kind for kind in ENDINGS)}.",
        )
    return suffix


def check_installed() -> None:
    """Raise `LrbenchError` if there is no matplotlib."""
    if find_spec("matplotlib") is None:
        raise NOT_INSTALLED


def settings(style: Path | None = None) -> dict[str, Any]:
    """Return the settings of matplotlib for figures, and over them those of a style file.

    Raises
    ------
    UsageError
        If the file cannot be read, or a line is no setting of matplotlib.
    LrbenchError
        If there is no matplotlib.
    """
    check_installed()
    cycler = importlib.import_module("cycler").cycler
    own = {**STYLE, "axes.prop_cycle": cycler(color=COLOURS)}
    return own if style is None else {**own, **_read_style(style)}


def _read_style(path: Path) -> dict[str, Any]:
    """Return the settings in a style file of matplotlib."""
    matplotlib = importlib.import_module("matplotlib")
    name = f"the style {quoted_path(path)}"
    complaints = _Complaints()
    logger = logging.getLogger("matplotlib")
    with _MATPLOTLIB:
        logger.addHandler(complaints)
        propagates, logger.propagate = logger.propagate, False
        try:
            read = matplotlib.rc_params_from_file(path, use_default_template=False)
        except (OSError, ValueError) as error:
            reason = (getattr(error, "strerror", None) or "it is no text in UTF-8").lower()
            raise UsageError(f"{name} cannot be read: {reason}.", "check the path.") from error
        finally:
            logger.removeHandler(complaints)
            logger.propagate = propagates
    if complaints.first:
        raise UsageError(
            f"{name} is no style of matplotlib: {complaints.first}.",
            "a line of it is KEY: VALUE, as in lines.linewidth: 1.5.",
        )
    if read.get("text.usetex"):
        raise UsageError(
            f"{name} asks for TeX, for which the texts of figures are not written.",
            "leave text.usetex out; --script writes a script to change.",
        )
    return dict(read)


class _Complaints(logging.Handler):
    """Keeps the first thing that matplotlib finds wrong with a style file."""

    def __init__(self) -> None:
        super().__init__()
        self.first = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the text of the first record in one line."""
        self.first = self.first or " ".join(record.getMessage().split()).rstrip(".")


def draw(sheet: Sheet, style: Mapping[str, Any]) -> Any:
    """Return a ``matplotlib.figure.Figure`` with everything on the sheet.

    Parameters
    ----------
    sheet
        What to draw.
    style
        Of `settings`. A size of figures in it replaces that of the sheet.
    """
    matplotlib = importlib.import_module("matplotlib")
    figures = importlib.import_module("matplotlib.figure")
    with _MATPLOTLIB, matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(style)
        size = None if "figure.figsize" in style else sheet.size
        figure = figures.Figure(figsize=size, layout="constrained")
        for part, drawn in zip(sheet.parts, _parts(figure, sheet), strict=False):
            heights = [panel.height for panel in part.panels]
            axes = drawn.subplots(len(heights), 1, squeeze=False, height_ratios=heights)
            variables = {"part": drawn}
            for panel, ax in zip(part.panels, axes[:, 0], strict=True):
                variables["ax"] = ax
                for call in panel.calls:
                    _make(call, variables)
            for call in part.calls:
                _make(call, variables)
    return figure


def _parts(figure: Any, sheet: Sheet) -> Any:
    """Return the figure itself for a single part, else its subfigures, row by row."""
    if len(sheet.parts) == 1:
        return [figure]
    return figure.subfigures(sheet.n_rows, sheet.n_columns, squeeze=False).flat


def _make(call: Call, variables: dict[str, Any]) -> None:
    """Make a call, and keep what it returns if it has a name."""
    arguments = [_value(argument, variables) for argument in call.arguments]
    settings = {name: _value(value, variables) for name, value in call.settings.items()}
    returned = getattr(variables[call.of], call.method)(*arguments, **settings)
    if call.result:
        variables[call.result] = returned


def _value(argument: Any, variables: Mapping[str, Any]) -> Any:
    """Return the argument itself, or what the variable that it stands for has."""
    if not isinstance(argument, Variable):
        return argument
    name, _, attribute = argument.name.partition(".")
    value = variables[name]
    if attribute:
        value = getattr(value, attribute.removesuffix("()"))
    return value() if attribute.endswith("()") else value


def file_bytes(figure: Any, kind: str, style: Mapping[str, Any]) -> bytes:
    """Return the content of a figure's file; the same figure has the same bytes at every time.

    Parameters
    ----------
    figure
        Of `draw`.
    kind
        One of `ENDINGS`.
    style
        That of the figure.
    """
    matplotlib = importlib.import_module("matplotlib")
    content = io.BytesIO()
    # Of numbers beyond the range of floats nothing is to be seen, nor to be said. A letter that the
    # font lacks is a box in the picture; in an SVG the reader's font has it.
    quiet = ignored_warnings(message="Glyph .* missing from")
    with _MATPLOTLIB, matplotlib.rc_context(), quiet, np.errstate(over="ignore"):
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(style)
        figure.savefig(content, format=kind, **ENDINGS[kind])
    return content.getvalue()
