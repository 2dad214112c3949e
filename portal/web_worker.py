"""gunicorn's thread worker, whose one loop waits for no client."""

import socket
import time
from contextlib import suppress
from typing import Any, Final

from gunicorn.workers.gthread import ThreadWorker

LINGER_S: Final = 2.0  # as gunicorn's own: so that an answer arrives before the line is cut
_MOST_DRAINED: Final = 65_536


class PatientWorker(ThreadWorker):  # type: ignore[misc]
    """Takes leave of a client in the client's own thread.

    gunicorn reads on for two seconds after an answer that ends a connection, in the loop that
    accepts everybody else: a few clients that said half a request and wait would stop it.
    """

    def handle(self, conn: Any) -> Any:
        """Serve one request; see ThreadWorker."""
        is_kept = super().handle(conn)
        if is_kept is False:
            _take_leave(conn.sock)
        return is_kept


def _take_leave(sock: socket.socket) -> None:
    """Say that no more comes, and read what was on its way; the loop then closes at once."""
    ends_at, drained = time.monotonic() + LINGER_S, 0
    with suppress(OSError):
        sock.shutdown(socket.SHUT_WR)
        while drained < _MOST_DRAINED and (left := ends_at - time.monotonic()) > 0:
            sock.settimeout(left)
            more = sock.recv(4_096)
            if not more:
                break
            drained += len(more)
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RD)
