"""How long the commands take beyond the bare interpreter, with a warm cache.

python benchmarks/startup.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

COMMANDS = {
    "lrbench --version": ["-m", "lrbench", "--version"],
    "lrbench run --problem logreg --lr0 100": [
        "-m",
        "lrbench",
        *["run", "--problem", "logreg", "--lr0", "100"],
    ],
}


def seconds(args: list[str]) -> float:
    """Return the wall time of one interpreter with these arguments."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *args], check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    """Print the median difference of nine pairs."""
    for name, args in COMMANDS.items():
        seconds(args)
        pairs = [(seconds(["-c", "pass"]), seconds(args)) for _ in range(9)]
        bare = statistics.median(a for a, _ in pairs)
        more = statistics.median(b - a for a, b in pairs)
        print(f"{name}: {more:.3f} s more than python -c pass ({bare:.3f} s)")


if __name__ == "__main__":
    main()
