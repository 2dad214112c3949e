"""How gunicorn serves the portal."""

import os
import socket
import struct
from typing import Any, Final

from portal import foundation, lifesign
from portal.core import log

bind = f"127.0.0.1:{os.environ.get('PORT') or 8000}"
worker_class = "portal.web_worker.PatientWorker"
workers = int(os.environ.get("WEB_CONCURRENCY") or 2)
threads = 8
timeout = 60
graceful_timeout = 8
keepalive = 15
control_socket_disable = True
accesslog = None
errorlog = "-"
loglevel = "warning"
limit_request_line = 8190
# No header says where the portal is mounted. gunicorn believes one of its own proxy, which hands on
# what a stranger sent, and addresses made once are kept for everybody (G6).
forwarder_headers = ""
SILENCE_S: Final = 3  # of a client in the middle of a request: it holds a thread meanwhile


def when_ready(server: Any) -> None:
    """Let go of clients that say half and wait, or don't take their answer.

    Connections inherit the kernel's own limits from the socket they come by; a read that meets
    its limit fails, and the connection is closed.
    """
    limit = struct.pack("ll", SILENCE_S, 0)
    for listener in server.LISTENERS:
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)


def post_worker_init(worker: Any) -> None:
    """Log as every other process does, and give signs of life from now on."""
    log.set_up()
    lifesign.start(worker.wsgi)
    foundation.settle()
