"""Baseline files: one line of JSON a check, sorted, eight digits, made to be reviewed."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from lrbench.engine.task import checkpoint_grid
from lrbench.errors import UsageError, quoted
from lrbench.results import Run, files
from lrbench.results.fields import Fields

DIGITS = 8

HINT = "restore it, or give the checks another file: baselines = '...' in lrbench.toml."
"""What to do about a file that holds no baselines, or not whole ones."""

COLUMNS = {"last": "suboptimality", "average": "suboptimality_average"}
"""What is compared: its name in the file -> the column of the trace."""


@dataclass(frozen=True)
class Lane:
    """One solver and lr0: what the seeds that are gated did, and which are not gated."""

    solver: str
    lr0: float
    seeds: tuple[int, ...]
    """Those that are gated: they do not depend on the last bit of the start."""
    unstable: Mapping[str, str]
    """Seed -> why it is not gated."""
    statuses: tuple[str, ...]
    """Of each gated seed, where it ended."""
    gradients: tuple[int, ...]
    """Sample gradients of each gated seed: compared without tolerance."""
    iteration: tuple[int, ...]
    """Checkpoints of the 1-2-5 series that all gated seeds have."""
    means: Mapping[str, tuple[float, ...]]
    """Name of `COLUMNS` -> the mean over the gated seeds at each of `iteration`."""
    ends: Mapping[str, tuple[float, ...]]
    """Name of `COLUMNS` -> the last number of each gated seed."""


@dataclass(frozen=True)
class Baseline:
    """The baseline of one check."""

    check: str
    fingerprint: str
    """Of the problem."""
    plan: str
    """What is run: another text is another check."""
    lanes: tuple[Lane, ...]


def lane_of(runs: Sequence[Run], unstable: Mapping[int, str], n_samples: int) -> Lane:
    """Return the baseline of one solver and lr0, from its runs over all seeds."""
    kept = [run for run in runs if run.seed not in unstable]
    return Lane(
        solver=str(runs[0].solver),
        lr0=runs[0].lr0,
        seeds=tuple(run.seed for run in kept),
        unstable={str(seed): why for seed, why in unstable.items()},
        statuses=tuple(str(run.status) for run in kept),
        gradients=tuple(round(float(run.trace["passes"][-1]) * n_samples) for run in kept),
        **_numbers(kept),
    )


def _numbers(runs: Sequence[Run]) -> dict[str, Any]:
    if not runs:
        return {
            "iteration": (),
            "means": dict.fromkeys(COLUMNS, ()),
            "ends": dict.fromkeys(COLUMNS, ()),
        }
    common = set.intersection(*(set(map(int, run.trace["iteration"])) for run in runs))
    ends = max(common)
    series = [t for t in checkpoint_grid(ends, 1) if t in common]
    means: dict[str, tuple[float, ...]] = {}
    for name, column in COLUMNS.items():
        table = [run.trace[column][np.isin(run.trace["iteration"], series)] for run in runs]
        means[name] = tuple(map(rounded, np.mean(table, axis=0).tolist()))
    return {
        "iteration": tuple(series),
        "means": means,
        "ends": {
            name: tuple(rounded(float(run.trace[column][-1])) for run in runs)
            for name, column in COLUMNS.items()
        },
    }


def rounded(value: float) -> float:
    """Return `value` to eight digits."""
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else math.nan


def save_baselines(path: Path, entries: Mapping[str, Baseline]) -> None:
    """Write a baseline file in one piece."""
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
    """Return the entries of a baseline file by the name of their check; none if it is missing.

    Raises
    ------
    UsageError
        If it is no baseline file.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is no file of baselines: it is not UTF-8 text.", HINT) from error
    except (OSError, ValueError) as error:
        why = (getattr(error, "strerror", None) or str(error)).lower()
        raise UsageError(f"{path} cannot be read: {why}.", "check the path.") from error
    found: dict[str, Baseline] = {}
    for number, line in enumerate(lines, 1):
        where = f"{path}, line {number}"
        try:
            entry = _entry(Fields(json.loads(line), where))
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{where}: it is not JSON.", HINT) from error
        except UsageError as error:
            raise UsageError(error.message, HINT) from error
        if entry.check in found:
            raise UsageError(f"{where}: a second line of the check {quoted(entry.check)}.", HINT)
        found[entry.check] = entry
    return found


def _entry(f: Fields) -> Baseline:
    return Baseline(
        check=f.take("check", "a text"),
        fingerprint=f.take("fingerprint", "a text"),
        plan=f.take("plan", "a text"),
        lanes=tuple(map(_lane, f.each("lanes"))),
    )


def _lane(f: Fields) -> Lane:
    unstable = f.inner("unstable")
    lane = Lane(
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
    _check_lengths(f, lane)
    return lane


def _table(f: Fields) -> dict[str, tuple[float, ...]]:
    return {name: tuple(f.numbers(name).tolist()) for name in COLUMNS}


def _check_lengths(f: Fields, lane: Lane) -> None:
    lengths = {len(lane.seeds), len(lane.statuses), len(lane.gradients)}
    lengths |= {len(v) for v in lane.ends.values()}
    rows = {len(lane.iteration)} | {len(v) for v in lane.means.values()}
    if len(lengths) > 1 or len(rows) > 1:
        raise f.wrong(f.where, "has lists of different lengths")
