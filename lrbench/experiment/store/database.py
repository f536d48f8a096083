"""The SQLite file of a store, and how it is opened."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from lrbench.errors import LrbenchError, UsageError, quoted_path
from lrbench.experiment.store.connection import (
    BUSY_SECONDS,
    PATIENCE_SECONDS,
    WaitingConnection,
    is_busy,
)
from lrbench.experiment.store.schema import APPLICATION, VERSION, make_tables, tables

MAGIC = b"SQLite"
"""The first bytes of a database: those that follow may be cut off."""

APPLICATION_AT = 68
"""Where `PRAGMA application_id` is in a file."""

HEADER_BYTES = 100
"""The size of the header of an SQLite file."""

AGAIN = "move it away, and run its sweeps again or restore a copy."
"""The hint for a file of which SQLite cannot read the rows."""


def to_stderr(text: str) -> None:
    """Write a note on a store to stderr."""
    with contextlib.suppress(OSError, AttributeError):  # stderr may be closed or None
        sys.stderr.write(f"Note: {text}\n")
        sys.stderr.flush()


def no_note(text: str) -> None:
    """Write nothing."""


def is_store(path: str | Path) -> bool:
    """Return whether the file at `path` is an SQLite database; pipes are not read.

    A file whose first bytes are damaged is one if it has the number of lrbench in its header.
    """
    try:
        if not Path(path).is_file():
            return False
        with Path(path).open("rb") as file:
            header = file.read(HEADER_BYTES)
    except (OSError, ValueError):
        return False
    return header.startswith(MAGIC) or header[APPLICATION_AT:].startswith(
        APPLICATION.to_bytes(4, "big")
    )


@contextlib.contextmanager
def opened(
    path: str | Path,
    *,
    create: bool = False,
    note: Callable[[str], None] = to_stderr,
    waits: Callable[[str], None] | None = None,
) -> Iterator[sqlite3.Connection]:
    """Open a store for the block; changes are committed by `transaction` alone.

    Parameters
    ----------
    path
        The file.
    create
        Whether a missing file is made.
    note
        Called with a sentence if the store has no digests, so that nothing in it can be checked.
    waits
        Called with a sentence if another command uses the store for longer than a moment; None for
        `note`.

    Raises
    ------
    UsageError
        If there is no such file or folder, or the file is no store, or one of a newer version.
    LrbenchError
        If it is damaged, or cannot be read or written.

    Notes
    -----
    In WAL mode readers and one writer do not wait for each other, and a process that is killed
    leaves the last committed state. WAL needs a local disk. On a network file system each machine
    needs its own store, and these are merged later.

    Texts that are not UTF-8 are read with surrogates, as Python reads names of files: a damaged
    text then fails its digest, instead of every query that meets it.
    """
    _check_path(Path(path), create)
    with (
        refusals(path),
        contextlib.closing(_connection(Path(path).absolute(), create)) as connection,
    ):
        say = note if waits is None else waits
        connection.on_wait = lambda: say(
            f"the store {quoted_path(path)} is in use by another command; waiting for it up to"
            f" {BUSY_SECONDS:g} seconds."
        )
        connection.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
        _prepare(connection, str(path), create, note)
        yield connection


@contextlib.contextmanager
def refusals(path: str | Path) -> Iterator[None]:
    """Raise errors of SQLite in the block as `LrbenchError`, with a hint."""
    try:
        yield
    except (sqlite3.Error, UnicodeError, OverflowError) as error:
        raise _refused(path, error) from error


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit all changes of the block, or none if it raises."""
    # IMMEDIATE takes the lock for writing at once, within the waiting time of the connection. A
    # transaction that has read before it writes may fail instead of waiting.
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # where the disk is full, SQLite has rolled back itself
            connection.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    """Let all queries of the block see one state, whatever other commands commit meanwhile."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        # A generator that is abandoned ends here when its connection may be closed already.
        with contextlib.suppress(sqlite3.ProgrammingError):
            if connection.in_transaction:
                connection.execute("ROLLBACK")


def _connection(file: Path, create: bool) -> WaitingConnection:
    """Connect to a file; its path is absolute, so that ``:memory:`` and ``file:x`` name files too.

    In WAL mode SQLite makes files beside the store even to read it. Where the folder cannot be
    written to, no other command can be writing either, and ``immutable`` tells SQLite so.
    """
    read_only = (
        not os.access(file.parent, os.W_OK) and not file.with_name(f"{file.name}-wal").exists()
    )
    if create or not read_only:
        return sqlite3.connect(
            file, timeout=PATIENCE_SECONDS, isolation_level=None, factory=WaitingConnection
        )
    return sqlite3.connect(
        f"{file.as_uri()}?immutable=1", isolation_level=None, uri=True, factory=WaitingConnection
    )


def _check_path(path: Path, create: bool) -> None:
    if path.is_dir():
        raise UsageError(f"{path} is a folder.", "give the path of a store's file.")
    if not path.exists():
        if not create:
            raise UsageError(f"there is no store {path}.", "check the path.")
        if not path.absolute().parent.is_dir():
            raise UsageError(f"there is no folder {path.parent}.", "make it, or give another path.")
    elif not path.is_file():
        raise UsageError(f"{path} is not a regular file.", "give the path of a store's file.")
    elif not path.stat().st_size:
        if not create:
            raise LrbenchError(f"the store {path} is damaged: it is empty.", AGAIN)
    elif not is_store(path):
        raise UsageError(f"{path} is not a store.", "give another path; this file is not changed.")


def _prepare(
    connection: sqlite3.Connection, path: str, create: bool, note: Callable[[str], None]
) -> None:
    """Check that the file is an undamaged store of a known version; make the tables of a new one.

    Raises
    ------
    sqlite3.DatabaseError
        If the file is damaged.
    """
    if _pragma(connection, "application_id") != APPLICATION:
        if not create:
            raise _foreign(connection, path)
        with transaction(connection):
            # Another command may have just made them.
            if _pragma(connection, "application_id") != APPLICATION:
                if _pragma(connection, "application_id") or tables(connection):
                    raise _foreign(connection, path)
                make_tables(connection)
    version = _pragma(connection, "user_version")
    if version > VERSION:
        raise UsageError(
            f"{path} is of version {version} of the format, and this lrbench reads {VERSION}.",
            "install a newer lrbench.",
        )
    digests = "digest" in tables(connection).get("cells", ())
    if not 1 <= version <= VERSION or digests != (version > 1):
        raise sqlite3.DatabaseError("its version or its schema is malformed")
    # The pages only, and not the order of the indices: rows have digests, of which the index of a
    # key or an experiment has no influence. 30 ms for 10^4 cells, and 0.3 s for 10^5 (630 MB).
    (fault,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if fault != "ok":
        raise sqlite3.DatabaseError(f"{' '.join(str(fault).split())}, and is malformed")
    if not digests:
        note(
            f"the store {quoted_path(path)} was written without digests, and is not checked; the"
            " next command that writes to it adds them."
        )
    if create:
        # Another command that has the store open has set the mode already, and locks it.
        with contextlib.suppress(sqlite3.OperationalError):
            connection.execute("PRAGMA journal_mode = WAL")
    # In WAL mode a power cut then costs the last commits at most, and never the file.
    connection.execute("PRAGMA synchronous = NORMAL")


def _foreign(connection: sqlite3.Connection, path: str) -> Exception:
    """Return the error for a database without the number of lrbench."""
    if {"cells", "experiments"} <= tables(connection).keys():
        return sqlite3.DatabaseError("its header is malformed")
    return UsageError(
        f"{path} is a database, but not a store of lrbench.",
        "give another path; this file is not changed.",
    )


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _refused(path: str | Path, error: Exception) -> LrbenchError:
    reason, name = str(error).rstrip("."), getattr(error, "sqlite_errorname", "")
    if "decode to UTF-8" in reason or isinstance(error, UnicodeError):
        reason = "a text is malformed"  # the message contains the damaged text
    if isinstance(error, OverflowError):
        reason = "a number is malformed"
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")) or any(
        text in reason for text in ("malformed", "no such table", "no such column")
    ):
        return LrbenchError(f"the store {path} is damaged: {reason}.", AGAIN)
    if is_busy(error):
        return LrbenchError(
            f"the store {path} is in use by another command, for longer than {BUSY_SECONDS:g}"
            " seconds.",
            "wait until that command has ended, and try again.",
        )
    return LrbenchError(
        f"the store {path} cannot be used: {reason}.", "check its permissions and the disk."
    )
