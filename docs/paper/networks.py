"""The accuracy of networks over lr0: without, with weight and with batch normalisation.

python docs/paper/networks.py [FIGURE]

It prints a table of decades, and draws a figure if a file is given for it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np

import lrbench
from lrbench.problem_files import load_spec, with_settings
from lrbench.reports.figures.style import COLOURS, GREY, MARKERS, STYLE

SOLVERS = (
    "sgd",
    "adam",
    "wngrad",
    "wngrad[scope=layer]",
    "wngrad[scope=row]",
    "wngrad[order=lagged,scope=row]",
    "adagrad-norm",
    "adagrad-norm[scope=layer]",
    "adagrad-norm[scope=row]",
)

DRAWN = (
    "sgd",
    "wngrad[order=current]",
    "wngrad[order=current,scope=row]",
    "adagrad-norm",
)

NETWORKS = {
    "none": ("mlp-digits", ()),
    "weight": ("mlp-digits-wn", ()),
    "batch": ("mlp-digits-bn", ()),
    "weight, 0.1": ("mlp-digits-wn", ("model.other_lr=0.1",)),
    "batch, 0.1": ("mlp-digits-bn", ("model.other_lr=0.1",)),
}
"""Normalisation, and the rate of the parameters whose length F sees where it is not lr0."""

ENOUGH = 0.95

Accuracies: TypeAlias = dict[tuple[str, str], dict[float, float]]
"""(network, solver) -> lr0 -> the least accuracy with which a seed ends."""


def accuracies(networks: Iterable[str], solvers: Sequence[str]) -> Accuracies:
    """Return the least share of held-out digits that is right after ten epochs, of three seeds.

    A run that diverged counts as 0.
    """
    found: Accuracies = {}
    for key in networks:
        name, settings = NETWORKS[key]
        result = lrbench.run(
            with_settings(load_spec(name), settings),
            solvers=solvers,
            lr0="1e-4:1e4:17",
            sampling="reshuffle",
            batch_size=64,
            passes=10,
            replicates=3,
            checkpoints_per_decade=1,
            jobs=2,
        )
        for run in result.problems[0].runs:
            least = found.setdefault((key, str(run.solver)), {})
            share = 0.0 if run.status.lost else run.trace["test_accuracy"][-1]
            least[run.lr0] = min(float(share), least.get(run.lr0, 1.0))
    return found


def decades(least: dict[float, float]) -> str:
    """Return the width of the widest range of neighbouring lr0 in which all seeds are right."""
    values = sorted(least)
    ranges: list[list[float]] = [[]]
    for lr0 in values:
        if least[lr0] >= ENOUGH:
            ranges[-1].append(lr0)
        else:
            ranges.append([])
    widest = max(ranges, key=len)
    if not widest:
        return "none"
    open_end = widest[0] == values[0] or widest[-1] == values[-1]
    return f"{'>= ' if open_end else ''}{np.log10(widest[-1] / widest[0]):.1f}"


def table(found: Accuracies) -> str:
    """Return the decades: a row for each solver, a column for each network."""
    networks = list(dict.fromkeys(key for key, _ in found))
    lines = [f"{'solver':34s}" + "".join(f"{key:>13s}" for key in networks)]
    for solver in dict.fromkeys(solver for _, solver in found):
        cells = "".join(f"{decades(found[key, solver]):>13s}" for key in networks)
        lines.append(f"{solver:34s}{cells}")
    return "\n".join(lines)


def draw(found: Accuracies, path: str) -> None:
    """Draw the largest held-out error of a seed over lr0, in two panels."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    lines = {"none": ":", "weight": "--", "batch": "-"}
    titles = ("lr0 drives all parameters", "lr0 drives normalised weights, others go by 0.1")
    with rc_context(STYLE):
        figure = Figure(figsize=(6.9, 3.2), layout="constrained")
        panels = figure.subplots(1, 2, sharey=True)
        for (key, solver), least in found.items():
            if solver not in DRAWN:
                continue
            normalisation, _, rate = key.partition(", ")
            k = DRAWN.index(solver)
            panels[1 if rate else 0].loglog(
                least.keys(),
                [1.0 - share for share in least.values()],
                lines[normalisation] + MARKERS[k],
                color=COLOURS[k],
            )
        for panel, title in zip(panels, titles, strict=True):
            panel.axhline(1.0 - ENOUGH, color=GREY, linewidth=0.6)
            panel.set_title(title)
            panel.set_xlabel("lr0")
        panels[0].set_ylabel("held-out error, largest of 3 seeds")
        for k, solver in enumerate(DRAWN):
            panels[0].plot([], [], MARKERS[k], color=COLOURS[k], label=solver)
        for normalisation, line in lines.items():
            panels[0].plot([], [], line, color=GREY, label=f"normalisation: {normalisation}")
        figure.legend(loc="outside lower center", ncols=4)
        figure.savefig(path, metadata={"Software": None})


def main() -> None:
    """Print the table, and draw the figure if a file is given."""
    found = accuracies(NETWORKS, SOLVERS)
    print(table(found))
    if len(sys.argv) > 1:
        draw(found, sys.argv[1])


if __name__ == "__main__":
    main()
