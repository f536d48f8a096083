"""A server on the loopback interface whose answers a test chooses, bad ones too."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[[BaseHTTPRequestHandler], None]

PATIENCE = 60.0
"""Seconds after which a test that waits for the other side has failed."""


class DataServer(ThreadingHTTPServer):
    """Answers a path with what `answers` holds for it, one after the other, the last for ever."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, list[Answer]] = {}
        self.asked: list[str] = []
        self.reached = threading.Event()
        """Set by the first request."""
        self.go_on = threading.Event()
        """What `stalled` waits for."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that go away."""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, DataServer)
        server.asked.append(self.path)
        server.reached.set()
        answers = server.answers.get(self.path, [status(404)])
        (answers.pop(0) if len(answers) > 1 else answers[0])(self)

    def log_message(self, *args: object) -> None:
        pass


@contextlib.contextmanager
def serving() -> Iterator[DataServer]:
    """Run a server in a thread."""
    server = DataServer()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.go_on.set()
        server.shutdown()
        server.server_close()
        thread.join()


def body(content: bytes, claimed: int | None = None) -> Answer:
    """Send `content`, and say that it has `claimed` bytes."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        _head(handler, len(content) if claimed is None else claimed)
        handler.wfile.write(content)

    return answer


def status(code: int) -> Answer:
    """Answer with a code and nothing else."""
    return lambda handler: handler.send_error(code)


def redirect(place: str) -> Answer:
    """Send the client elsewhere."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", place)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def cut(content: bytes) -> Answer:
    """Send half of `content` and reset the connection."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        _head(handler, len(content))
        handler.wfile.write(content[: len(content) // 2])
        handler.wfile.flush()
        linger = struct.pack("ii", 1, 0)
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        os.close(handler.connection.detach())

    return answer


def stalled(content: bytes) -> Answer:
    """Send half of `content`, and the rest when the test says `go_on`."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        server = handler.server
        assert isinstance(server, DataServer)
        half = len(content) // 2
        _head(handler, len(content))
        handler.wfile.write(content[:half])
        handler.wfile.flush()
        server.go_on.wait(PATIENCE)
        handler.wfile.write(content[half:])

    return answer


def _head(handler: BaseHTTPRequestHandler, length: int) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "application/octet-stream")
    handler.send_header("Content-Length", str(length))
    handler.end_headers()
