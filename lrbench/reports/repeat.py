"""The command that runs one lane of a sweep again and keeps its weights."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence

from lrbench.config.named import value_text
from lrbench.config.solver_spec import SolverSpec
from lrbench.plan.options import OPTIONS, PROBLEM_OPTIONS, read_iterations
from lrbench.plugins import parse_reference
from lrbench.results import Choice
from lrbench.results.lanes import is_rate

CHANGING = (
    *("--data", "--set", "--no-intercept"),
    *(f"--{name.replace('_', '-')}" for name in PROBLEM_OPTIONS),
)
"""The words of a command that change a problem."""

SETTING = (
    "batch_size",
    "sampling",
    "iterations",
    "passes",
    "replicates",
    "seed",
    "radius",
    "f_star",
)
"""The options of a plan that a single run shares with a sweep."""


def repeating(
    command: Sequence[str], choice: Choice, place: int, n_problems: int, solvers: Iterable[str]
) -> str:
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
    solvers
        The names of the solvers of the sweep in their order, as the result has them.
    """
    if list(command[:1]) != ["sweep"]:
        return ""
    typed = typed_names(command, solvers).get(choice.solver.name)
    named = [word for word in command if word.startswith("--problem=")]
    if typed is None or (len(named) > 1 and len(named) != n_problems):
        return ""  # one of them could not be run: which is not known
    words = [named[place] if len(named) > 1 else word for word in named[:1]]
    words = [word.removeprefix("--problem=") for word in words]
    words = ["-p", *words] if words else []
    for word in command:
        if word.partition("=")[0] in CHANGING:
            words += word.split("=", 1)
    # An lr0 that varies is no parameter of the solver; the others are given to the last digit.
    values = {name: value for name, value in choice.over.items() if not is_rate(name)}
    solver = choice.solver.at(values)
    for name in filter(is_rate, choice.over):
        solver = solver.without(name)
    words += ["-s", str(renamed(solver, typed))]
    if choice.lr0 is not None:
        words += ["--lr0", value_text(choice.lr0)]
    words += _setting(command)
    return shlex.join(["lrbench", "run", *words, "--save-weights", "weights.npz"])


def typed_names(command: Sequence[str], solvers: Iterable[str]) -> Mapping[str, str]:
    """Return name of a solver in a result -> what a command takes it by.

    The two differ for a class in a file. Where several references name one class, it is not known
    which name is whose, and only the names that were typed are returned.
    """
    texts = [word.removeprefix("--solver=") for word in command if word.startswith("--solver=")]
    typed = list(dict.fromkeys(text.partition("[")[0].strip() for text in texts))
    names = list(dict.fromkeys(solvers))
    if not any(map(parse_reference, typed)):
        return {name: name for name in names}
    if len(typed) != len(names):
        return {name: name for name in names if name in typed}
    pairs = zip(names, typed, strict=True)
    return {name: text if parse_reference(text) else name for name, text in pairs}


def renamed(solver: SolverSpec, name: str) -> SolverSpec:
    """Return a solver with another name."""
    return SolverSpec(name, solver.params, solver.label_fields)


def _setting(command: Sequence[str]) -> Iterator[str]:
    """Yield the options of the runs that are not the default ones."""
    options = dict(word.split("=", 1) for word in command if word.startswith("--") and "=" in word)
    if "--at" in options and not {"--iterations", "--passes"} & {*options}:
        last = max(read_iterations(options["--at"]))  # which is the budget of the sweep
        options["--iterations"] = str(last)
    for name in SETTING:
        option = "--" + name.replace("_", "-")
        if option in options and options[option] != str(OPTIONS[name].default):
            yield from (option, options[option])
