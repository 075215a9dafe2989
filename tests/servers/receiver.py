"""A web server in the test's own process, which takes what is sent and answers as it is told."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, Literal, NamedTuple

Answer = int | Literal["drop", "hold"]
"""A status; `drop` takes the body and ends the connection; `hold` takes it and says nothing until it is let go."""
PATIENCE_S: Final = 60.0


class Taken(NamedTuple):
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """`answers` are given one after the other, then 200; `headers` and `body` go with each."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.headers: dict[str, str] = {}
        self.body = b""
        self.taken: list[Taken] = []
        self.released = threading.Event()
        self.address = ""

    def take(self, handler: BaseHTTPRequestHandler) -> None:
        """What is done with a request."""
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        answer = self.answers.pop(0) if self.answers else 200
        self.taken.append(Taken(handler.path, dict(handler.headers.items()), body))
        if answer == "hold":
            self.released.wait(PATIENCE_S)
        if isinstance(answer, str):
            handler.close_connection = True
            return
        handler.send_response(answer)
        for name, value in {**self.headers, "Content-Length": str(len(self.body))}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(self.body)


@contextmanager
def receiver() -> Iterator[Receiver]:
    """One that listens for the length of the block."""
    made = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            made.take(self)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made.address = f"127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield made
    finally:
        made.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
