"""The specifications of the problems that the options of a command name."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lrbench.config.decimals import decimal
from lrbench.config.synonyms import synonyms
from lrbench.errors import UsageError, quoted

if TYPE_CHECKING:
    from lrbench.problem_files import ProblemSpec


def specs_from(
    names: Sequence[str], data: str | None, settings: Sequence[str], changes: dict[str, Any]
) -> tuple[list[ProblemSpec], list[str]]:
    """Return the problems that the options name, and notes on them for the user.

    Parameters
    ----------
    names
        The values of ``--problem``.
    data
        The value of ``--data``; None if it is not given.
    settings
        The values of ``--set``.
    changes
        Option -> value for all of `PROBLEM_OPTIONS`; None for an option that is not given.

    Raises
    ------
    UsageError
        If there is neither a problem nor data, or anything in them is wrong.
    """
    from lrbench.problem_files import load_spec, spec_from_data, with_overrides

    if not names and data is None:
        raise UsageError(
            "no problem is given.",
            "give --problem NAME, such as logreg (lrbench list problems has all), or --data FILE.",
        )
    if names:
        for name in names:
            _refuse_other_kind(name)
        specs = [
            with_overrides(load_spec(name), data=data, settings=settings, **changes)
            for name in names
        ]
    else:
        assert data is not None
        specs = [spec_from_data(data, settings=settings, **changes)]
    notes = []
    if not names and changes["loss"] is None and specs[0].task == "regression":
        notes += _labels_as_numbers(specs[0])
    if data is not None and changes["scale"] is None and specs[0].scale == "none":
        notes.append(f"Note: {data} is used as it is; --scale maxabs would scale its features.")
    return specs, notes


def _labels_as_numbers(spec: ProblemSpec) -> list[str]:
    """Return the note that labels, which look like classes, became targets of the squared loss."""
    import numpy as np

    from lrbench.arrays import distinct
    from lrbench.data.labels import MAX_CLASSES
    from lrbench.data.load import load_data

    data = load_data(spec.data)
    labels = distinct(data.y)
    if len(labels) > MAX_CLASSES or not np.array_equal(labels, np.round(labels)):
        return []
    if len(labels) == 1:
        return [
            f"Note: {data.name} has one label only, and it is the target of the {spec.loss} loss;"
            " a loss for two classes needs data with two labels."
        ]
    return [
        f"Note: the {len(labels)} labels of {data.name} are the targets of the {spec.loss} loss,"
        f" as numbers; --positive LABEL makes two classes of them, and --loss {spec.loss} leaves"
        " this note out."
    ]


def _refuse_other_kind(name: str) -> None:
    """Raise `UsageError` for a name that is no problem, and is known to be something else."""
    from lrbench.problem_files import problem_names, shipped

    is_path = name.endswith(".toml") or Path(name).name != name
    # Those that ship first: the names of other packages are looked up only where they matter.
    if is_path or name in shipped() or name in problem_names() or synonyms("problem", name):
        return
    if hint := _other_kind(name):
        raise UsageError(f"there is no problem {quoted(name)}.", hint)


def _other_kind(name: str) -> str:
    """Return the hint for a name that is a solver, a penalty, data or a number; else empty."""
    from lrbench.data import bundled, generated
    from lrbench.data.collection.catalogue import collection
    from lrbench.penalties import PENALTIES
    from lrbench.solvers import SOLVERS

    word, base = shlex.quote(name), name.partition("[")[0]
    if decimal(name) is not None:
        return f"a learning rate is given by --lr0 {name}."
    if base in SOLVERS or ".py" in name:
        return f"{name} is a solver: give --solver {word}."
    if base in PENALTIES:
        return f"{name} is a penalty: give --penalty {word}."
    if name.endswith((".json", ".sqlite")):
        return f"lrbench show {word} prints a saved result."
    if name in bundled.BUNDLED:
        return f"{name} is data: give --data {bundled.PREFIX}{name}."
    prefixes = (bundled.PREFIX, generated.PREFIX)
    if name.startswith(prefixes) or name in collection() or Path(name).is_file():
        return f"{name} is data: give --data {word}."
    return ""
