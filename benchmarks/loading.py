"""Reading LIBSVM files into the cache against scikit-learn's reader, and reading them again.

python benchmarks/loading.py a9a.bz2 covtype.libsvm.binary.scale.bz2 news20.bz2 mnist.t.bz2
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sklearn.datasets import load_svmlight_file

from lrbench.data.libsvm.read import cached_libsvm

PAIRS = 5

AGAIN = (
    "import sys; from pathlib import Path; from lrbench.data.libsvm.read import cached_libsvm;"
    "cached_libsvm(Path(sys.argv[1]))"
)


def seconds(function: Callable[..., object], *args: object) -> float:
    """Return the wall time of a call."""
    start = time.perf_counter()
    function(*args)
    return time.perf_counter() - start


def process(*args: str) -> None:
    """Run an interpreter of its own."""
    subprocess.run([sys.executable, *args], check=True)


def first(path: Path) -> float:
    """Return the time of a load into an empty cache."""
    with tempfile.TemporaryDirectory() as cache:
        os.environ["LRBENCH_CACHE_DIR"] = cache
        return seconds(cached_libsvm, path)


def again(path: Path) -> tuple[float, float, float]:
    """Return the time of a load from the cache: here, in a process, and that of a bare process."""
    with tempfile.TemporaryDirectory() as cache:
        os.environ["LRBENCH_CACHE_DIR"] = cache
        cached_libsvm(path)
        here = [seconds(cached_libsvm, path) for _ in range(PAIRS)]
        fresh = [seconds(process, "-c", AGAIN, str(path)) for _ in range(PAIRS)]
    bare = [seconds(process, "-c", "pass") for _ in range(PAIRS)]
    return statistics.median(here), statistics.median(fresh), statistics.median(bare)


def main() -> None:
    """Print medians: of pairs of first loads and scikit-learn's, and of loads from the cache."""
    if len(sys.argv) < 2:
        sys.exit(f"usage: python {sys.argv[0]} FILE … (LIBSVM format)")
    print("first s  sklearn s  ratio  again ms  in a process s  bare process s  file")
    for path in map(Path, sys.argv[1:]):
        pairs = [(first(path), seconds(load_svmlight_file, path)) for _ in range(PAIRS)]
        own, sklearn = (statistics.median(pair[k] for pair in pairs) for k in (0, 1))
        ratio = statistics.median(a / b for a, b in pairs)
        here, fresh, bare = again(path)
        print(
            f"{own:7.3f}  {sklearn:9.3f}  {ratio:5.2f}  {1e3 * here:8.2f}  {fresh:14.3f}"
            f"  {bare:14.3f}  {path.name}"
        )


if __name__ == "__main__":
    main()
