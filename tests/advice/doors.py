"""Doors before a real server: one that opens late, one that asks who comes, one with a certificate."""

import socket
import ssl
import threading
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def listening(port: int, to: int) -> Iterator[None]:
    """A port behind which another one is."""
    opened: list[socket.socket] = []

    def copy(here: socket.socket, there: socket.socket) -> None:
        with suppress(OSError):
            while said := here.recv(65536):
                there.sendall(said)
            there.shutdown(socket.SHUT_WR)

    def accept(listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                here, there = listener.accept()[0], socket.create_connection(("127.0.0.1", to))
                opened.extend((here, there))
                for pair in ((here, there), (there, here)):
                    threading.Thread(target=copy, args=pair, daemon=True).start()

    with socket.create_server(("127.0.0.1", port)) as listener:
        accepting = threading.Thread(target=accept, args=(listener,))
        accepting.start()
        try:
            yield
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join()
            for one in opened:
                one.close()


@contextmanager
def guarding(port: int, login: str = "", certificate: str = "") -> Iterator[int]:
    """A port behind which a web server is, for who says `user:password`; by TLS where a file with a certificate and
    its key is given."""
    asked = f"Basic {b64encode(login.encode()).decode()}"

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if login and self.headers["Authorization"] != asked:
                self.send_error(401)
                return
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{self.path}", timeout=30) as answer:
                    body = answer.read()
            except urllib.error.HTTPError as refused:
                refused.close()
                self.send_error(refused.code)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            serving.join()
