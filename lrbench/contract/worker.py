"""A class can be sent to a worker process, which has neither its file nor its folder."""

from __future__ import annotations

import pickle
import subprocess
import sys
import tempfile
from typing import Any

from lrbench.contract.outcome import BrokenContractError
from lrbench.plugins import is_plugin, packed

UNPACK = """
import pickle, sys
content = sys.stdin.buffer.read()
pickle.loads(content).unpacked(object)
"""
"""What the worker does."""

MOST_SECONDS = 300.0


def check_sent(part: Any) -> None:
    """Check that an object is made in another process, from what is sent there.

    Raises
    ------
    BrokenContractError
        If it cannot be sent, or not be made there.
    """
    cls = type(part)
    if not is_plugin(cls):
        if vars(pickle.loads(pickle.dumps(part))) != vars(part):
            raise BrokenContractError("it is not the same after it was pickled.", "__init__")
        return
    try:
        content = pickle.dumps(packed(part))
    except Exception as error:
        raise BrokenContractError(
            f"it cannot be pickled ({type(error).__name__}: {error}): keep no open file, lock or"
            " module in it.",
            "__init__",
        ) from error
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", UNPACK],
            input=content,
            capture_output=True,
            cwd=folder,
            timeout=MOST_SECONDS,
            check=False,
        )
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        cause = "".join(last).removeprefix("lrbench.errors.UsageError: ").rstrip(".")
        raise BrokenContractError(
            f"it cannot be made in a worker, which has neither its file nor the files beside it"
            f" ({cause}): put all that it imports into the file, or install it.",
            f"class {cls.__name__}",
        )
