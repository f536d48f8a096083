"""The CPU time of short commands, as multiples of what importing NumPy takes.

python benchmarks/startup.py [FILE]

The caches are warm unless it is said that they are empty; children count, pairs, medians of nine.
With a LIBSVM file also a run on it with batches of 1.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile

FLAGSHIP = ["run", "--problem", "logreg", "--lr0", "100"]
BATCHES_OF_ONE = ["--batch-size", "1", "--passes", "5"]
PAIRS = 9


def seconds(*args: str, **variables: str) -> float:
    """Return the CPU time of one interpreter with these arguments."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, **variables}
    subprocess.run([sys.executable, *args], check=True, capture_output=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print the medians of pairs with an import of NumPy."""
    commands = {
        "lrbench --version": ["--version"],
        f"lrbench {' '.join(FLAGSHIP)}": FLAGSHIP,
        f"lrbench run logreg {' '.join(BATCHES_OF_ONE)}": ["run", "logreg", *BATCHES_OF_ONE],
    }
    for file in sys.argv[1:]:
        command = ["run", "-d", file, "-s", "wngrad", *BATCHES_OF_ONE]
        commands[f"lrbench {' '.join(command)}"] = command
    for name, args in commands.items():
        seconds("-m", "lrbench", *args)
        report(name, [(numpy(), seconds("-m", "lrbench", *args)) for _ in range(PAIRS)])
    pairs = []
    for _ in range(PAIRS):
        with tempfile.TemporaryDirectory() as cache:
            first = seconds("-m", "lrbench", *FLAGSHIP, LRBENCH_CACHE_DIR=cache)
            pairs.append((numpy(), first))
    report("the second with an empty cache", pairs)


def numpy() -> float:
    """Return the CPU time of an import of NumPy."""
    return seconds("-c", "import numpy")


def report(name: str, pairs: list[tuple[float, float]]) -> None:
    """Print the median time and ratio of pairs."""
    own = statistics.median(own for _, own in pairs)
    ratio = statistics.median(own / unit for unit, own in pairs)
    print(f"{name}: {own:.3f} s, {ratio:.2f} times import numpy")


if __name__ == "__main__":
    main()
