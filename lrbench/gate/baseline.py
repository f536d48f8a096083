"""Baseline files: JSON Lines with one line for each check, made to be reviewed as a diff."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from lrbench.cache.lock import locked
from lrbench.cache.read_whole import read_whole
from lrbench.config.plain import NumberOrNaN, plain
from lrbench.config.records import read_record
from lrbench.config.texts import text_of
from lrbench.engine.budget import checkpoint_grid
from lrbench.errors import UsageError, quoted
from lrbench.results import Run, files

DIGITS = 8  # rounds by at most 5e-8, a twentieth of the default tolerance
"""Significant digits of the numbers in a file."""

HINT = "restore it, or give the checks another file: baselines = '...' in lrbench.toml."
"""The hint for a file that is no valid file of baselines."""

COLUMNS = {"last": "suboptimality", "average": "suboptimality_average"}
"""The quantities that are compared: name in the file -> column of the trace."""


@dataclass(frozen=True)
class BaselineLane:
    """The runs of one solver and lr0. The names of the attributes are the keys in the file."""

    solver: str
    lr0: float | None
    """None where the method has no initial learning rate."""
    seeds: tuple[int, ...]
    """The seeds that are gated: their runs do not depend on the last bit of the start."""
    unstable: Mapping[str, str]
    """Seed -> the reason why it is not gated."""
    statuses: tuple[str, ...]
    """The status of each gated seed at its end."""
    gradients: tuple[int, ...]
    """The number of sample gradients of each gated seed, compared without tolerance."""
    iteration: tuple[int, ...]
    """The checkpoints of the 1-2-5 series and the last one that all gated seeds have."""
    means: Mapping[str, tuple[NumberOrNaN, ...]]
    """Key of `COLUMNS` -> the mean over the gated seeds at each of `iteration`."""
    ends: Mapping[str, tuple[NumberOrNaN, ...]]
    """Key of `COLUMNS` -> the last number of each gated seed."""

    def __post_init__(self) -> None:
        for name, table in (("means", self.means), ("ends", self.ends)):
            for key in COLUMNS.keys() - table.keys():
                raise ValueError(f"{name}.{key} is missing")
        ends = {f"ends.{key}": values for key, values in self.ends.items()}
        means = {f"means.{key}": values for key, values in self.means.items()}
        for all_of, lists in (
            (self.seeds, {"statuses": self.statuses, "gradients": self.gradients, **ends}),
            (self.iteration, means),
        ):
            for name, values in lists.items():
                if len(values) != len(all_of):
                    raise ValueError(f"{name} has {len(values)} items, not {len(all_of)}")


@dataclass(frozen=True)
class Baseline:
    """The baseline of one check."""

    check: str
    fingerprint: str
    """The fingerprint of the problem."""
    plan: str
    """What is run, as `Check.about` gives it; a check with another text is another check."""
    lanes: tuple[BaselineLane, ...]


def is_counted(run: Run) -> bool:
    """Return whether a run has a last checkpoint whose passes are known."""
    passes = run.trace.get("passes", np.empty(0))
    return len(passes) > 0 and math.isfinite(float(passes[-1]))


def lane_of(runs: Sequence[Run], unstable: Mapping[int, str], n_samples: int) -> BaselineLane:
    """Return the baseline of one solver and lr0.

    Parameters
    ----------
    runs
        The runs of all seeds.
    unstable
        Seed -> the reason why it is not gated, for the seeds that are not.
    n_samples
        The number of samples of the problem.
    """
    gated = [run for run in runs if run.seed not in unstable]
    return BaselineLane(
        solver=str(runs[0].solver),
        lr0=runs[0].lr0,
        seeds=tuple(run.seed for run in gated),
        unstable={str(seed): reason for seed, reason in unstable.items()},
        statuses=tuple(str(run.status) for run in gated),
        # A trace has passes, which are sample gradients divided by n: rounding restores the count.
        gradients=tuple(round(float(run.trace["passes"][-1]) * n_samples) for run in gated),
        **_numbers(gated),
    )


def _numbers(runs: Sequence[Run]) -> dict[str, Any]:
    if not runs:
        return {
            "iteration": (),
            "means": dict.fromkeys(COLUMNS, ()),
            "ends": dict.fromkeys(COLUMNS, ()),
        }
    common = set.intersection(*(set(map(int, run.trace["iteration"])) for run in runs))
    # With one point a decade the grid is the 1-2-5 series; a sweep has only some of it.
    checkpoints = [t for t in checkpoint_grid(max(common), 1) if t in common]
    means: dict[str, tuple[float, ...]] = {}
    for name, column in COLUMNS.items():
        table = [run.trace[column][np.isin(run.trace["iteration"], checkpoints)] for run in runs]
        means[name] = tuple(map(rounded, np.mean(table, axis=0).tolist()))
    return {
        "iteration": tuple(checkpoints),
        "means": means,
        "ends": {
            name: tuple(rounded(float(run.trace[column][-1])) for run in runs)
            for name, column in COLUMNS.items()
        },
    }


def rounded(value: float) -> float:
    """Return `value` rounded to `DIGITS` digits; NaN if it is not finite, as JSON has no inf."""
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else math.nan


def add_baselines(path: Path, entries: Mapping[str, Baseline]) -> None:
    """Write entries to a baseline file, and keep those of other checks that it has by now.

    Several processes may make their baselines at the same time.

    Raises
    ------
    UsageError
        If what the file has by now is no valid file of baselines.
    LrbenchError
        If it cannot be written, or not be locked.
    """
    try:
        with locked(path.resolve()):
            save_baselines(path, load_baselines(path) | dict(entries))
    except OSError as error:
        raise files.unwritable(path, error) from error


def save_baselines(path: Path, entries: Mapping[str, Baseline]) -> None:
    """Write a baseline file; it is replaced as a whole or not at all."""
    text = "".join(_line(entries[name]) for name in sorted(entries)).encode()

    def fill(file: BinaryIO) -> None:
        file.write(text)

    files.write_result(path, True, fill)


def _line(entry: Baseline) -> str:
    lanes = tuple(sorted(entry.lanes, key=lambda lane: (lane.solver, lane.lr0 or 0.0)))
    return json.dumps(plain(replace(entry, lanes=lanes)), allow_nan=False) + "\n"


def load_baselines(path: Path, hint: str = HINT) -> dict[str, Baseline]:
    """Return the baselines in a file by the name of their check; none if it does not exist.

    `hint` is that of the error for a file that is none.

    Raises
    ------
    UsageError
        If the file cannot be read, or is no valid file of baselines.
    """
    try:
        content = read_whole(path)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise UsageError(f"{path} cannot be read: {reason}.", "check the path.") from error
    text = text_of(content, f"{path} is no file of baselines", hint)
    entries: dict[str, Baseline] = {}
    for number, line in enumerate(text.splitlines(), 1):
        where = f"{path}, line {number}"
        try:
            entry = read_record(Baseline, json.loads(line), where, hint)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{where}: it is not JSON.", hint) from error
        if entry.check in entries:
            raise UsageError(f"{where}: a second line of the check {quoted(entry.check)}.", hint)
        entries[entry.check] = entry
    return entries
