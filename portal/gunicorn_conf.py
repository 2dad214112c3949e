"""How gunicorn serves the portal."""

import os
from typing import Any

from portal import lifesign
from portal.core import log

bind = f"127.0.0.1:{os.environ.get('PORT') or 8000}"
worker_class = "gthread"
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


def post_worker_init(worker: Any) -> None:
    """Log as every other process does, and give signs of life from now on."""
    log.set_up()
    lifesign.start(worker.wsgi)
