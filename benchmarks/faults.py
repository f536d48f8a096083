"""What was tried to break lrbench, and what came of it: docs/explanation/faults.md.

python benchmarks/faults.py [EACH]

Damages a store of two sweeps EACH times (200) in each of ten ways to the bytes of its file and of
its log, and once in every way of `tests/damage.py` to its rows; then exports it, and runs the
sweeps again on what was done to rows. The damage is chosen by fixed seeds. It takes some minutes.
"""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import random
import shutil
import sqlite3
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "experiment" / "store")]

from store_damage import change, damaged_files, damaging_statements, exported  # noqa: E402
from stored import swept, without_clocks  # noqa: E402

from lrbench.errors import LrbenchError  # noqa: E402

SWEEPS = ({}, {"solvers": ["gd"], "lr0": [0.3, 3.0], "batch_size": None, "passes": 7})


def outcome(path, allowed):
    """Return what the export of a damaged store is: a column of the table."""
    try:
        problems = exported(path)
    except Exception as error:  # what must not be is counted
        return f"traceback ({type(error).__name__})"
    if problems is None:
        return "refused"
    return "the same" if problems in allowed else "OTHER NUMBERS"


def files(folder, each):
    """Return the outcomes by kind of damage to the bytes of a store, and of one with a log."""
    path = folder / "s.sqlite"
    for changes in SWEEPS:
        swept(path, **changes)
    counts = defaultdict(Counter)
    content, whole = path.read_bytes(), exported(path)
    for kind, damaged in damaged_files(content, random.Random(0), each):
        path.write_bytes(damaged)
        counts[kind][outcome(path, [whole])] += 1
        for beside in folder.glob("s.sqlite-*"):
            beside.unlink()
    path.unlink()
    saved, states = logged(path)
    for kind, damaged in damaged_files(
        saved.pop("s.sqlite-wal"), random.Random(1), max(1, each // 10)
    ):
        for p in folder.glob("s.sqlite*"):
            p.unlink()
        path.write_bytes(saved["s.sqlite"])
        path.with_name("s.sqlite-wal").write_bytes(damaged)
        counts[f"log: {kind}"][outcome(path, states)] += 1
    for p in folder.glob("s.sqlite*"):
        p.unlink()
    return counts


def logged(path):
    """Return the files of a store whose last commits are in the log, and what each commit exports.

    A command that was killed leaves such files, because the last one that ends empties the log.
    """
    steps = [  # each commits once
        changes | {"lr0": [lr0], "solvers": [solver]}
        for lr0 in (0.2, 0.5, 7.0)
        for changes, solvers in zip(SWEEPS, (["wngrad", "sgd"], ["gd"]), strict=True)
        for solver in solvers
    ]
    in_process(sweep_and_copy, path, steps[:1])
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("SELECT count(*) FROM cells").fetchall()
        in_process(sweep_and_copy, path, steps)
        saved = {p.name: p.read_bytes() for p in path.parent.glob("s.sqlite*")}
    states = [exported(p / path.name) for p in path.parent.glob("state*")]
    saved.pop("s.sqlite-shm")
    return saved, states


def in_process(function, *args):
    """Run a function in a process of its own: SQLite's locks are those of a process."""
    child = multiprocessing.get_context("spawn").Process(target=function, args=args)
    child.start()
    child.join()
    assert child.exitcode == 0


def sweep_and_copy(path, steps):
    """Sweep with a store, and copy its files after each sweep."""
    for k, changes in enumerate(steps):
        swept(path, **changes)
        state = path.parent / f"state {len(steps)} {k}"
        state.mkdir()
        for file in path.parent.glob("s.sqlite*"):
            shutil.copy(file, state)


def rows(folder):
    """Return the outcomes by table and column of changes of rows, exported and swept again."""
    path, whole = folder / "s.sqlite", []
    for changes in SWEEPS:
        whole.append(without_clocks(swept(path, **changes)[0]))
    content, expected = path.read_bytes(), exported(path)
    counts, again = defaultdict(Counter), Counter()
    original = folder / "original.sqlite"
    original.write_bytes(content)
    for kind, statements in damaging_statements(original):
        for p in folder.glob("s.sqlite*"):
            p.unlink()
        path.write_bytes(content)
        try:
            change(path, *statements)
        except sqlite3.IntegrityError:
            continue
        table = kind.split(".")[0]
        counts[f"a value of {table}" if "." in kind else kind][outcome(path, [expected])] += 1
        try:
            results = [without_clocks(swept(path, **changes)[0]) for changes in SWEEPS]
        except LrbenchError:
            again["refused"] += 1
            continue
        right = "right" if results == whole else "OTHER NUMBERS"
        again[f"{right}, {'sound' if exported(path) else 'still refused'}"] += 1
    return counts, again


def main() -> None:
    """Print the tables."""
    each = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    # The sweeps write notes on damaged cells.
    with contextlib.redirect_stderr(io.StringIO()):
        with tempfile.TemporaryDirectory() as folder:
            counts = files(Path(folder), each)
        with tempfile.TemporaryDirectory() as folder:
            of_rows, again = rows(Path(folder))
    counts |= of_rows
    columns = ["the same", "refused", "OTHER NUMBERS"]
    columns += sorted({name for count in counts.values() for name in count} - set(columns))
    total = Counter()
    for count in counts.values():
        total += count
    print(f"| damage | tried | {' | '.join(columns)} |\n|---|---{'|---' * len(columns)}|")
    for kind, count in {**counts, "in all": total}.items():
        print(f"| {kind} | {count.total()} | {' | '.join(str(count[c]) for c in columns)} |")
    print()
    for name, number in again.most_common():
        print(f"swept again: {name}: {number}")


if __name__ == "__main__":
    main()
