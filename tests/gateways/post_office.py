"""A mail server of a few lines, over a real socket: it speaks as SMTP does and keeps what it took."""

import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field

from portal.gateways.email import SmtpServer
from tests.patience import ANSWER_S


@dataclass
class Office:
    """What a client said, and what was taken from it."""

    port: int = 0
    said: list[str] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)

    def server(self, tls="none", **login):
        return SmtpServer("127.0.0.1", self.port, login.get("username"), login.get("password"), tls)


@contextmanager
def post_office(answers=None, *, tls=None, hangs_up_after=None):
    """Serve one connection; `answers` maps the first words of a line to another reply.

    With a context it offers STARTTLS. It hangs up without a word after the named command.
    """
    office, answers = Office(), answers or {}

    def serve(listening):
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        connection.settimeout(ANSWER_S)
        try:
            _talk(connection, office, answers, tls, hangs_up_after)
        except OSError:
            pass
        finally:
            connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(ANSWER_S)
        office.port = listening.getsockname()[1]
        thread = threading.Thread(target=serve, args=(listening,), daemon=True)
        thread.start()
        yield office
    thread.join(5)


def _talk(connection, office, answers, tls, hangs_up_after, *, is_new=True):
    lines = connection.makefile("rb")
    if is_new:
        connection.sendall(b"220 office ESMTP\r\n")
    while line := lines.readline().decode().rstrip("\r\n"):
        office.said.append(line)
        verb = line.split(" ")[0].upper()
        if verb == hangs_up_after:
            return
        told = next((reply for start, reply in answers.items() if line.startswith(start)), None)
        if told is not None:
            connection.sendall(f"{told}\r\n".encode())
        elif verb == "EHLO":
            offers = "250-STARTTLS\r\n" if tls is not None else ""
            connection.sendall(f"250-office\r\n{offers}250-AUTH PLAIN\r\n250 8BITMIME\r\n".encode())
        elif verb == "STARTTLS":
            connection.sendall(b"220 go\r\n")
            with tls.wrap_socket(connection, server_side=True) as secure:
                _talk(secure, office, answers, None, hangs_up_after, is_new=False)
            return
        elif verb == "AUTH":
            connection.sendall(b"235 ok\r\n")
        elif verb == "DATA":
            connection.sendall(b"354 go\r\n")
            body = b""
            while (piece := lines.readline()) not in {b".\r\n", b""}:
                body += piece
            office.mails.append(body)
            connection.sendall(b"250 taken\r\n")
        elif verb == "QUIT":
            connection.sendall(b"221 bye\r\n")
            return
        else:
            connection.sendall(b"250 ok\r\n")
