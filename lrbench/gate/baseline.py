"""Baseline files: JSON Lines with one line for each check, made to be reviewed as a diff."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from lrbench.cache.read_whole import read_whole
from lrbench.config.texts import text_of
from lrbench.engine.task import checkpoint_grid
from lrbench.errors import UsageError, quoted
from lrbench.results import Run, files
from lrbench.results.fields import Fields

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
    lr0: float
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
    means: Mapping[str, tuple[float, ...]]
    """Key of `COLUMNS` -> the mean over the gated seeds at each of `iteration`."""
    ends: Mapping[str, tuple[float, ...]]
    """Key of `COLUMNS` -> the last number of each gated seed."""


@dataclass(frozen=True)
class Baseline:
    """The baseline of one check."""

    check: str
    fingerprint: str
    """The fingerprint of the problem."""
    plan: str
    """What is run, as `Check.about` gives it; a check with another text is another check."""
    lanes: tuple[BaselineLane, ...]


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


def save_baselines(path: Path, entries: Mapping[str, Baseline]) -> None:
    """Write a baseline file; it is replaced as a whole or not at all."""
    lines = [_line(entries[name]) for name in sorted(entries)]
    text = "".join(f"{line}\n" for line in lines).encode()

    def fill(file: BinaryIO) -> None:
        file.write(text)

    files.write_result(path, True, fill)


def _line(entry: Baseline) -> str:
    values = {
        "check": entry.check,
        "fingerprint": entry.fingerprint,
        "plan": entry.plan,
        "lanes": [
            {
                **{k: v for k, v in vars(lane).items() if k not in ("means", "ends")},
                "means": {k: _nulls(v) for k, v in lane.means.items()},
                "ends": {k: _nulls(v) for k, v in lane.ends.items()},
            }
            for lane in sorted(entry.lanes, key=lambda lane: (lane.solver, lane.lr0))
        ],
    }
    return json.dumps(values, allow_nan=False)


def _nulls(values: Sequence[float]) -> list[float | None]:
    return [None if math.isnan(v) else v for v in values]


def load_baselines(path: Path) -> dict[str, Baseline]:
    """Return the baselines in a file by the name of their check; none if it does not exist.

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
    text = text_of(content, f"{path} is no file of baselines", HINT)
    entries: dict[str, Baseline] = {}
    for number, line in enumerate(text.splitlines(), 1):
        where = f"{path}, line {number}"
        try:
            entry = _entry(Fields(json.loads(line), where))
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{where}: it is not JSON.", HINT) from error
        except UsageError as error:  # of Fields, whose hint is to save a result again
            raise UsageError(error.message, HINT) from error
        if entry.check in entries:
            raise UsageError(f"{where}: a second line of the check {quoted(entry.check)}.", HINT)
        entries[entry.check] = entry
    return entries


def _entry(f: Fields) -> Baseline:
    return Baseline(
        check=f.take("check", "a text"),
        fingerprint=f.take("fingerprint", "a text"),
        plan=f.take("plan", "a text"),
        lanes=tuple(map(_lane, f.each("lanes"))),
    )


def _lane(f: Fields) -> BaselineLane:
    unstable = f.inner("unstable")
    lane = BaselineLane(
        solver=f.take("solver", "a text"),
        lr0=float(f.take("lr0", "a number")),
        seeds=tuple(f.all_of("seeds", "an integer")),
        unstable={key: unstable.take(key, "a text") for key in unstable.values},
        statuses=tuple(f.all_of("statuses", "a text")),
        gradients=tuple(f.all_of("gradients", "an integer")),
        iteration=tuple(f.all_of("iteration", "an integer")),
        means=_table(f.inner("means")),
        ends=_table(f.inner("ends")),
    )
    per_seed = [lane.seeds, lane.statuses, lane.gradients, *lane.ends.values()]
    per_checkpoint = [lane.iteration, *lane.means.values()]
    if len(set(map(len, per_seed))) > 1 or len(set(map(len, per_checkpoint))) > 1:
        raise f.wrong(f.where, "has lists of different lengths")
    return lane


def _table(f: Fields) -> dict[str, tuple[float, ...]]:
    return {name: tuple(f.numbers(name).tolist()) for name in COLUMNS}
