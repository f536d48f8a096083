import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import BinaryIO

import platformdirs
import pytest

from lrbench.cache.folder import STALE_SECONDS, cache_dir, write_atomically


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_cache_dir_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LRBENCH_CACHE_DIR", str(tmp_path))
    assert cache_dir() == tmp_path
    monkeypatch.setenv("LRBENCH_CACHE_DIR", "")
    assert cache_dir() == platformdirs.user_cache_path("lrbench", appauthor=False)


def test_file_is_replaced_and_its_folder_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file"
    for text in (b"first", b"second"):

        def write(file: BinaryIO, text: bytes = text) -> None:
            file.write(text)

        write_atomically(path, write)
        assert path.read_bytes() == text
    assert names(path.parent) == ["file"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_failure_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, error: type[BaseException]
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def write(file: BinaryIO) -> None:
        file.write(b"half of the n")
        file.flush()
        raise error

    with pytest.raises(error):
        write_atomically(path, write)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


def test_reader_sees_the_old_file_while_the_new_one_is_written(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    seen = []

    def write(file: BinaryIO) -> None:
        file.write(b"new")
        file.flush()
        seen.append(path.read_bytes())

    write_atomically(path, write)
    assert seen == [b"old"]


def test_what_a_killed_process_left_is_swept_by_a_later_write(tmp_path: Path) -> None:
    script = (
        "import os, pathlib, signal\n"
        "from lrbench.cache.folder import write_atomically\n"
        f"write_atomically(pathlib.Path({str(tmp_path / 'file')!r}),\n"
        "    lambda file: os.kill(os.getpid(), signal.SIGKILL))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], check=False)
    assert done.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert left.name != "file"
    other = tmp_path / ".other.0.part"
    other.touch()
    old = time.time() - STALE_SECONDS - 10
    for path in (left, other):
        os.utime(path, (old, old))
    write_atomically(tmp_path / "file", lambda file: None)
    assert names(tmp_path) == [".other.0.part", "file"]


def test_folder_that_is_a_file_is_an_os_error(tmp_path: Path) -> None:
    (tmp_path / "folder").touch()
    with pytest.raises(OSError, match="folder"):
        write_atomically(tmp_path / "folder" / "file", lambda file: None)
