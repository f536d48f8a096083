"""The command that runs one lane of a sweep again and keeps its weights."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from lrbench.config.named import value_text
from lrbench.plan.options import OPTIONS, PROBLEM_OPTIONS
from lrbench.results import Choice

CHANGING = (
    *("--data", "--set", "--no-intercept"),
    *(f"--{name.replace('_', '-')}" for name in PROBLEM_OPTIONS),
)
"""The words of a command that change a problem."""

SETTING = ("batch_size", "sampling", "iterations", "passes", "replicates", "seed", "radius")
"""The options of a plan that a single run shares with a sweep."""


def repeating(command: Sequence[str], choice: Choice, place: int, n_problems: int) -> str:
    """Return the command line of `lrbench run` for a lane; empty where it is not known.

    Parameters
    ----------
    command
        That of the sweep, with all its options, as a result records it.
    choice
        The solver and the value.
    place
        Which of the problems it is.
    n_problems
        The number of problems of the result.
    """
    if list(command[:1]) != ["sweep"]:
        return ""
    named = [word for word in command if word.startswith("--problem=")]
    if len(named) > 1 and len(named) != n_problems:
        return ""  # one of them could not be run: which is not known
    words = [named[place] if len(named) > 1 else word for word in named[:1]]
    words = [word.removeprefix("--problem=") for word in words]
    words = ["-p", *words] if words else []
    for word in command:
        if word.partition("=")[0] in CHANGING:
            words += word.split("=", 1)
    words += ["-s", str(_solver(choice))]
    if choice.lr0 is not None:
        words += ["--lr0", value_text(choice.lr0)]
    words += _setting(command)
    return shlex.join(["lrbench", "run", *words, "--save-weights", "weights.npz"])


def _solver(choice: Choice) -> str:
    """Return the solver with the value of what varies, to its last digit."""
    values = {name: value for name, value in choice.over.items() if name != "lr0"}
    return str(choice.solver.at(values))


def _setting(command: Sequence[str]) -> Iterator[str]:
    """Yield the options of the runs that are not the default ones."""
    for name in SETTING:
        option = "--" + name.replace("_", "-")
        for word in command:
            key, _, value = word.partition("=")
            if key == option and value != str(OPTIONS[name].default):
                yield from (option, value)
