"""The folder of a command's worker processes."""

from __future__ import annotations

import subprocess
import sys

FORKED = """
import os, sys
from lrbench.experiment.jobs.scratch import scratch_folder
folder = scratch_folder()
child = os.fork()
if not child:
    sys.exit(0)
os.waitpid(child, 0)
print(folder)
sys.exit(not folder.exists())
"""


def test_a_forked_process_leaves_the_folder_to_its_parent() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORKED], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
