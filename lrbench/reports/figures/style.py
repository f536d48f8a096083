"""How figures look: sizes, colours that the colour-blind tell apart, markers for print in grey."""

from __future__ import annotations

from typing import Any

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC3311", "#56B4E9", "#AA4499", "#000000")
"""After Okabe and Ito; neighbours differ in lightness, too."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<")
"""Of another number than the colours, so that their pairs repeat late."""

GREY = "0.45"
"""Of lines that belong to no solver."""

PALE = "0.9"
"""Of shaded areas that belong to no solver."""

STYLE: dict[str, Any] = {
    "axes.grid": True,
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.titlesize": 8,
    "figure.constrained_layout.h_pad": 0.02,
    "figure.constrained_layout.hspace": 0.0,
    "figure.constrained_layout.w_pad": 0.02,
    "figure.dpi": 150,
    "font.size": 7,
    "grid.color": "0.92",
    "grid.linewidth": 0.4,
    "legend.borderaxespad": 0.2,
    "legend.columnspacing": 1.2,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "legend.handlelength": 2.2,
    "legend.labelspacing": 0.3,
    "lines.linewidth": 1.1,
    "lines.markersize": 3.2,
    "pdf.fonttype": 42,
    "savefig.dpi": 300,
    "svg.fonttype": "none",
    "svg.hashsalt": "lrbench",
    "xtick.labelsize": 7,
    "xtick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "ytick.labelsize": 7,
    "ytick.major.width": 0.6,
    "ytick.minor.width": 0.4,
}
"""The settings of matplotlib that differ from its defaults. The text of PDF and SVG stays text."""


def colour(k: int) -> str:
    """Return the colour of the k-th solver or lane, as one of the cycle of the style."""
    return f"C{k % len(COLOURS)}"


def marker(k: int) -> str:
    """Return the marker of the k-th solver or lane."""
    return MARKERS[k % len(MARKERS)]
