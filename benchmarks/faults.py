"""What was tried to break lrbench, and what came of it: docs/explanation/faults.md.

python benchmarks/faults.py [EACH]

Damages a store of two sweeps EACH times (200) in each of ten ways to the bytes of its file and of
its log, and once in every way of `tests/store_damage.py` to its rows; then exports it, and runs the
sweeps again on what was done to rows. Damages compressed data files EACH times in each way. Damages
every file of a cache EACH / 40 times in each way of `tests/damage.py`, lets each of its writes fail
and be torn, and runs. Sweeps on EACH / 4 machines in trouble. All is chosen by fixed seeds. It
takes some minutes.
"""

from __future__ import annotations

import bz2
import contextlib
import functools
import gzip
import io
import lzma
import multiprocessing
import os
import random
import shutil
import sqlite3
import sys
import tempfile
from collections import Counter, defaultdict
from itertools import count
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "experiment" / "store")]

from cached_run import TEXTS, constants  # noqa: E402
from damage import DAMAGES, a_folder, cut, empty, flipped, noise, zeros  # noqa: E402
from faults import KINDS, failing, nth  # noqa: E402
from in_process import invoke  # noqa: E402
from store_damage import change, damaged_files, damaging_statements, exported  # noqa: E402
from stored import swept, without_clocks  # noqa: E402
from troubled_sweep import ENDINGS, sweep, with_data  # noqa: E402
from troubled_sweep import outcome as ending_of  # noqa: E402

from lrbench.data.libsvm.read import read_libsvm  # noqa: E402
from lrbench.errors import DataError, LrbenchError  # noqa: E402

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


def cache(folder, each):
    """Return the outcomes of runs by what was done to a file of the cache, or to a write of it."""
    counts = defaultdict(Counter)

    def run(data, right):
        try:
            return "the same" if constants(invoke, data) == right else "OTHER NUMBERS"
        except Exception as error:  # what must not be is counted
            return f"traceback or refusal ({type(error).__name__})"

    for name, text in TEXTS.items():
        data, whole, used = folder / name, folder / f"{name}-whole", folder / f"{name}-used"
        data.write_text(text)
        os.environ["LRBENCH_CACHE_DIR"] = str(whole)
        right = constants(invoke, data)
        os.environ["LRBENCH_CACHE_DIR"] = str(used)
        rng = random.Random(name)
        for damage in [*dict.fromkeys(DAMAGES), a_folder]:
            for path in sorted(p.relative_to(whole) for p in whole.rglob("*") if p.is_file()):
                for _ in range(each):
                    shutil.rmtree(used, ignore_errors=True)
                    shutil.copytree(whole, used)
                    damage(used / path, rng)
                    counts[damage.__name__.replace("_", " ")][run(data, right)] += 1
        for kind, silent in (("a write that fails", False), ("a write that is torn", True)):
            for number in count(1):
                shutil.rmtree(used, ignore_errors=True)
                with failing(nth(number, silent=silent)) as faults:
                    first = run(data, right)
                if not faults.failed:
                    break
                counts[kind][first] += 1
                counts[f"{kind}, and the next run"][run(data, right)] += 1
    return counts


def compressed(folder, each):
    """Return the outcomes of reading data files of two compressed streams, by what was damaged."""
    counts, rng = defaultdict(Counter), random.Random(2)
    packs = {
        "gz": functools.partial(gzip.compress, mtime=1),
        "bz2": bz2.compress,
        "xz": lzma.compress,
    }
    first, second = (text.encode() for text in TEXTS.values())

    def rows_of(path):
        parsed = read_libsvm(path)
        X = parsed.X if isinstance(parsed.X, np.ndarray) else parsed.X.toarray()
        return X.tolist(), parsed.y.tolist()

    for name, pack in packs.items():
        path = folder / f"a.{name}"
        content = pack(first) + pack(second)
        path.write_bytes(content)
        whole = rows_of(path)
        for damage in (flipped, cut, empty, zeros, noise):
            for _ in range(each):
                path.write_bytes(content)
                damage(path, rng)
                if path.read_bytes() == pack(first):
                    counts[f"{name}: {damage.__name__}"]["cut between two streams"] += 1
                    continue
                try:
                    result = "the same" if rows_of(path) == whole else "OTHER NUMBERS"
                except DataError:
                    result = "refused"
                except Exception as error:  # what must not be is counted
                    result = f"traceback ({type(error).__name__})"
                counts[f"{name}: {damage.__name__}"][result] += 1
    return counts


def machines(folder, number):
    """Return the outcomes of sweeps on machines in trouble by what happened, others beside it."""
    ended = sweep(with_data(folder))
    counts = defaultdict(Counter)
    for seed in range(number):
        place = folder / str(seed)
        place.mkdir()
        try:
            kinds, ending = ending_of(seed, place, ended.out)
        except AssertionError:
            kinds, ending = ["WRONG"], "WRONG"
        for kind in kinds:
            counts[kind][ending] += 1
        counts["machines in all"][ending] += 1
    return {kind: counts[kind] for kind in (*KINDS, "WRONG", "machines in all") if counts[kind]}


def show(counts, columns, total=True):
    """Print a table of outcomes by kind."""
    columns = [*columns, *sorted({*sum(counts.values(), Counter())} - {*columns})]
    print(f"| what happens | tried | {' | '.join(columns)} |\n|---|---{'|---' * len(columns)}|")
    in_all = {"in all": sum(counts.values(), Counter())} if total else {}
    for kind, number in {**counts, **in_all}.items():
        print(f"| {kind} | {number.total()} | {' | '.join(str(number[c]) for c in columns)} |")
    print(flush=True)


def main() -> None:
    """Print the tables."""
    each = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with tempfile.TemporaryDirectory() as folder:
        show(compressed(Path(folder), each), ["the same", "refused", "OTHER NUMBERS"])
    with tempfile.TemporaryDirectory() as folder:
        show(cache(Path(folder), max(1, each // 40)), ["the same", "OTHER NUMBERS"])
    with tempfile.TemporaryDirectory() as folder:
        show(machines(Path(folder), max(1, each // 4)), ENDINGS, total=False)
    # The sweeps write notes on damaged cells.
    with contextlib.redirect_stderr(io.StringIO()):
        with tempfile.TemporaryDirectory() as folder:
            counts = files(Path(folder), each)
        with tempfile.TemporaryDirectory() as folder:
            of_rows, again = rows(Path(folder))
    counts |= of_rows
    show(counts, ["the same", "refused", "OTHER NUMBERS"])
    for name, number in again.most_common():
        print(f"swept again: {name}: {number}")


if __name__ == "__main__":
    main()
