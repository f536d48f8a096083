"""Peak memory of a run with 64 lanes and full batches, its optimum computed and then cached.

python benchmarks/memory.py covtype.libsvm.binary.scale.bz2
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

RUN = ["run", "-s", "wngrad", "--lr0", "1e-4:1e4:64", "-n", "5", "-q", "--format", "json", "-d"]


def peak_mib(args: list[str]) -> float:
    """Return the peak resident memory of a command, MiB."""
    command = [sys.executable, "-m", "lrbench", *args]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0
    return usage.ru_maxrss / 1024


def main() -> None:
    """Print the peak of a first run in an empty cache, then of a warm one."""
    if len(sys.argv) != 2:
        sys.exit(f"usage: python {sys.argv[0]} FILE (LIBSVM format)")
    args = [*RUN, sys.argv[1]]
    with tempfile.TemporaryDirectory() as cache:
        os.environ["LRBENCH_CACHE_DIR"] = cache
        for what in ("first", "warm"):
            print(f"{what} run: {peak_mib(args):.0f} MiB", flush=True)


if __name__ == "__main__":
    main()
