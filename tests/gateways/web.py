"""A small web for the page reader: names, public addresses and sites, all on this machine.

Whatever public address is asked leads to a server that does as the path says; whatever other
address is asked leads to the canary, which counts.
"""

import gzip
import ipaddress
import socket
import threading
from contextlib import contextmanager
from urllib.parse import unquote

from portal.gateways import outside, page_fetch
from tests.patience import ANSWER_S

PUBLIC = "93.184.216.34"
PAGE = b"<html><body><p>Text STOP to cancel.</p></body></html>"
HTML = b"Content-Type: text/html; charset=utf-8\r\n"


class Web:
    """Serves, resolves and connects; remembers who was asked."""

    def __init__(self, server, canary):
        self._server, self._canary = server, canary
        self.names = {}  # a host name's addresses, or the answers it gives in turn
        self.asked, self.heard, self.canary_heard = [], [], []
        self.bytes_sent = 0

    def resolve(self, host, _port):
        answers = self.names.get(host, [PUBLIC])
        return answers.pop(0) if isinstance(answers[0], list) else answers

    def dial(self, address, port, within_s):
        self.asked.append((address, port))
        fine = outside.is_public(ipaddress.ip_address(address)) and port in {80, 443}
        where = self._server if fine else self._canary
        return socket.create_connection(where.getsockname(), within_s)

    def read(self, url, **options):
        return page_fetch.fetch(url, resolve=self.resolve, dial=self.dial, **options)

    def serve(self, connection):
        with connection:
            connection.settimeout(ANSWER_S)
            request = connection.recv(65_536)
            self.heard.append(request)
            path = request.split(b" ")[1].decode() if b" " in request else "/"
            try:
                for part in self._says(path):
                    connection.sendall(part)
                    self.bytes_sent += len(part)
            except OSError:
                pass  # the reader has heard enough

    def _says(self, path):
        kind, _, rest = path.lstrip("/").partition("?")[0].partition("/")
        match kind:
            case "to":
                where = unquote(rest).encode()
                yield b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + where + b"\r\n\r\n"
            case "moves":  # /moves/3 sends on three times
                where = f"/moves/{int(rest) - 1}" if int(rest) > 1 else "/page"
                yield f"HTTP/1.1 301 Moved\r\nLocation: {where}\r\n\r\n".encode()
            case "large":
                yield b"HTTP/1.1 200 OK\r\n" + HTML + b"\r\n"
                for _ in range(1_600):  # 100 MB
                    yield b"x" * 65_536
            case "bomb":
                packed = gzip.compress(bytes(20_000_000))
                yield b"HTTP/1.1 200 OK\r\n" + HTML + b"Content-Encoding: gzip\r\n\r\n" + packed
            case "zipped":
                yield b"HTTP/1.1 200 OK\r\n" + HTML + b"Content-Encoding: gzip\r\n\r\n"
                yield gzip.compress(PAGE)
            case "slow":
                yield b"HTTP/1.1 200 OK\r\n" + HTML + b"\r\n"
                for _ in range(600):  # half a minute
                    yield b"x"
                    threading.Event().wait(0.05)
            case "continues":
                for _ in range(100_000):
                    yield b"HTTP/1.1 100 Continue\r\n\r\n"
            case "says":
                yield unquote(rest).encode("latin-1")
            case _:
                yield b"HTTP/1.1 200 OK\r\n" + HTML + b"Set-Cookie: a=b\r\n"
                yield b"Content-Length: %d\r\n\r\n" % len(PAGE) + PAGE


@contextmanager
def run_web():
    """Give a web with its canary."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_server(("127.0.0.1", 0)) as canary,
    ):
        web = Web(server, canary)

        def listen(listener, what):
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=what, args=(connection,), daemon=True).start()

        def sing(connection):
            web.canary_heard.append(connection.getpeername())
            connection.close()

        for listener, what in ((server, web.serve), (canary, sing)):
            threading.Thread(target=listen, args=(listener, what), daemon=True).start()
        yield web
        for listener in (server, canary):
            listener.shutdown(socket.SHUT_RDWR)
