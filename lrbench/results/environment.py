"""What the numbers of a result depend on beside the command."""

from __future__ import annotations

import os
import platform
from typing import Any

import numpy as np

from lrbench.cache.distributions import version_of
from lrbench.kernels.library import library
from lrbench.version import __version__


def environment(threads: int, runner: str | None = None) -> dict[str, Any]:
    """Return what the numbers of a result depend on beside the command.

    Parameters
    ----------
    threads
        BLAS threads.
    runner
        ``"numpy"`` or ``"compiled"``, what made the steps; None for what is loaded.
    """
    loaded = None if runner == "numpy" else library()
    return {
        "lrbench": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": version_of("scipy"),
        "platform": _platform(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "threads": threads,
        "runner": "numpy" if loaded is None else f"compiled ({loaded.build})",
    }


def _platform() -> str:
    """Return what `platform.platform` does, which on Linux starts another process for it."""
    system = platform.system()
    if system != "Linux":
        return platform.platform()
    libc = "".join(platform.libc_ver())
    with_libc = f"-with-{libc}" if libc else ""  # musl does not say
    return f"{system}-{platform.release()}-{platform.machine()}{with_libc}"
