"""A fetch that is killed at any moment leaves nothing that a later one trusts."""

from __future__ import annotations

import bz2
import hashlib
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from http_server import body, serving

TEXT = b"+1 1:0.5 3:1\n-1 2:0.25\n-1 1:1\n+1 7129:-1\n"
SHA256 = hashlib.sha256(TEXT).hexdigest()

KILLED = """
    import os, signal, sys
    from dataclasses import replace
    from pathlib import Path
    import filelock, pooch, requests, urllib3.exceptions  # not imported anew by every child
    from lrbench.data.collection.checksum import check_file
    from lrbench.data.collection.catalogue import find_listed
    from lrbench.data.collection.fetch import fetch
    from lrbench.data.collection.folder import in_data_dir

    root, truth, known = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "known"
    entry = replace(find_listed("duke.val"), sha256=truth if known else None)

    CALLS = {"open", "write", "close", "fsync", "sendfile", "mkdir", "rename", "replace", "rmdir"}

    def kill_at(moment):
        '''Let the process die before or after such a call, at the n-th.'''
        count = 0
        def hook(frame, event, function):
            nonlocal count
            if event in ("c_call", "c_return") and function.__name__ in CALLS:
                count += 1
                if count == moment:
                    os.kill(os.getpid(), signal.SIGKILL)
        sys.setprofile(hook)

    def in_a_child(function):
        pid = os.fork()
        if pid == 0:
            try:
                function()
                os._exit(0)
            finally:
                os._exit(1)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def die(moment):
        kill_at(moment)
        fetch(entry)

    def look():
        found = in_data_dir(entry.name)
        assert found is None or check_file(entry, found).sha256 == truth
        assert check_file(entry, fetch(entry)).verdict == ("ok" if known else "recorded")
        assert check_file(entry, in_data_dir(entry.name)).sha256 == truth
        assert found or not (in_data_dir(entry.name).parent / ".duke.val.part").exists()

    moment, code = 0, -signal.SIGKILL
    while code == -signal.SIGKILL:
        moment += 1
        os.environ["LRBENCH_DATA_DIR"] = str(root / str(moment))
        code = in_a_child(lambda: die(moment))
        assert in_a_child(look) == 0, moment
    assert code == 0
    print(moment)
"""


@pytest.mark.slow
@pytest.mark.parametrize("checksum", ["known", "unknown"])
def test_killed_at_any_moment(checksum: str, tmp_path: Path) -> None:
    with serving() as server:
        server.answers["/binary/duke.val.bz2"] = [body(bz2.compress(TEXT))]
        environment = {
            **{k: v for k, v in os.environ.items() if k not in ("LRBENCH_OFFLINE", "CI")},
            "LRBENCH_DATA_MIRROR": server.url,
            "NO_PROXY": "*",
            "no_proxy": "*",
        }
        command = [sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path), SHA256, checksum]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 50
