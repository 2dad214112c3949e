"""python -m portal.sandbox: starts the carrier sandbox on loopback."""

import argparse
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from portal.sandbox.app import create_sandbox
from portal.sandbox.config import SandboxConfig
from portal.sandbox.server import SandboxServer

_LOOPBACK = ("127.0.0.1", "localhost")


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(
        prog="python -m portal.sandbox", description="A carrier sandbox that speaks Twilio's API."
    )
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True, help="folder of its own database")
    parser.add_argument("--account-sid", default=os.environ.get("SANDBOX_ACCOUNT_SID", ""))
    parser.add_argument("--auth-token", default=os.environ.get("SANDBOX_AUTH_TOKEN", ""))
    parser.add_argument("--stripe-key", default=os.environ.get("SANDBOX_STRIPE_KEY", ""))
    parser.add_argument(
        "--stripe-webhook-secret", default=os.environ.get("SANDBOX_STRIPE_SECRET", "")
    )
    parser.add_argument("--stripe-webhook-url", default="", help="where Stripe's events go")
    parser.add_argument("--clock-file", type=Path, help="file that moves time for all processes")
    parser.add_argument(
        "--unregistered-may-text",
        action="store_true",
        help="deliver texts of unregistered US numbers, which Twilio fails with 30034",
    )
    parser.add_argument("--host", choices=_LOOPBACK, default=_LOOPBACK[0])
    given = parser.parse_args(arguments)
    try:
        config = SandboxConfig(
            state=given.state,
            account_sid=given.account_sid,
            auth_token=given.auth_token,
            base_url=f"http://{given.host}:{given.port}",
            clock_file=given.clock_file,
            checks_registration=not given.unregistered_may_text,
            stripe_key=given.stripe_key,
            stripe_webhook_secret=given.stripe_webhook_secret,
            stripe_webhook_url=given.stripe_webhook_url,
        )
    except ValueError as error:
        parser.error(str(error))
    app = create_sandbox(config)
    try:
        server = SandboxServer(_LOOPBACK[0], given.port, app, app.extensions["carrier"])
    except OSError as error:
        app.extensions["carrier"].courier.stop()
        app.extensions["carrier"].store.close()
        parser.exit(1, f"Port {given.port} cannot be used: {error.strerror}.\n")
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    stopped = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    serving.start()
    sys.stdout.write(f"The carrier sandbox serves {server.base_url}\n")
    sys.stdout.flush()
    stopped.wait()
    server.stop()
    serving.join()
    return 0


if __name__ == "__main__":
    sys.exit(main())
