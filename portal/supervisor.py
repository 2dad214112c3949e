"""What `make run` starts: the whole product under one small supervisor (X-1).

It prepares var/, brings the database up to date, loads the demo brokerage into an empty
one, then keeps the processes running: what dies is started again. Ctrl-C stops all of
them in order.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.error import URLError

from portal.core import embedded, settings
from portal.core.settings import ROOT, Settings, SettingsError

GRACE_S = 12.0  # a worker finishes the texts it holds
RESTART_AFTER_S = (0.5, 1.0, 2.0, 5.0, 10.0)  # a process that dies at once is not hammered
STEADY_S = 30.0


@dataclass
class Process:
    """One program kept running."""

    name: str
    command: Sequence[str]
    about: str
    running: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    deaths: int = 0
    start_again_at: float = 0.0
    threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Start the program in a session of its own, so that Ctrl-C reaches the supervisor alone."""
        self.running = subprocess.Popen(  # noqa: S603 (our own commands)
            self.command,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.started_at = time.monotonic()
        reader = threading.Thread(target=self._relay, args=(self.running,), daemon=True)
        reader.start()
        self.threads.append(reader)

    def _relay(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdout is None:
            return
        for line in process.stdout:
            say(self.name, line.decode(errors="replace").rstrip())

    def stop(self) -> None:
        """Ask the program to end."""
        if self.running is not None and self.running.poll() is None:
            os.killpg(self.running.pid, signal.SIGTERM)

    def kill(self) -> None:
        """End the program and its children at once."""
        if self.running is not None:
            try:
                os.killpg(self.running.pid, signal.SIGKILL)
            except ProcessLookupError:
                return


def say(name: str, line: str) -> None:
    """Print one readable line of one process."""
    sys.stdout.write(f"{name:>10} | {line}\n")
    sys.stdout.flush()


def main() -> int:
    """Run the product until Ctrl-C; return the exit status."""
    try:
        chosen = settings.read(os.environ)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    os.umask(0o077)
    chosen.var.mkdir(mode=0o700, parents=True, exist_ok=True)
    ports = [chosen.port] + ([chosen.port + 1] if chosen.is_sandbox else [])
    for port in ports:
        if _is_taken(port):
            sys.stderr.write(f"Port {port} is in use. Stop what uses it, or set PORT.\n")
            return 2
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    services, programs = _processes(chosen)
    try:
        for process in services:
            process.start()
            say(process.name, process.about)
        if not _prepare(chosen, stop):
            return 1
        for process in programs:
            process.start()
            say(process.name, process.about)
        if _wait_until_up(f"http://127.0.0.1:{chosen.port}/healthz", stop):
            _greet(chosen)
        _keep_running(services + programs, stop)
    finally:
        _stop_all(programs[::-1] + services[::-1])
    return 0


def _processes(chosen: Settings) -> tuple[list[Process], list[Process]]:
    python = sys.executable
    services, programs = [], []
    if "REDIS_URL" not in os.environ:
        services.append(
            Process("valkey", embedded.server_command(chosen.var), "queue: embedded Valkey")
        )
    if chosen.is_sandbox:
        sandbox = [python, "-m", "portal.sandbox", "--port", str(chosen.port + 1)]
        sandbox += ["--state", str(chosen.var / "sandbox")]
        sandbox += ["--account-sid", chosen.twilio_account_sid]
        sandbox += ["--auth-token", chosen.twilio_auth_token]
        sandbox += ["--clock-file", str(chosen.clock_file)]
        if chosen.is_stripe_sandbox:
            sandbox += ["--stripe-key", str(chosen.stripe_secret_key)]
            sandbox += ["--stripe-webhook-secret", chosen.stripe_webhook_secrets[0]]
            sandbox += ["--stripe-webhook-url", f"http://127.0.0.1:{chosen.port}/webhooks/stripe"]
        services.append(Process("sandbox", sandbox, "carrier sandbox, no real texts"))
    programs.append(
        Process(
            "web",
            [python, "-m", "gunicorn", "--config", "python:portal.gunicorn_conf", "app:app"],
            f"portal on port {chosen.port}",
        )
    )
    programs += [
        Process(f"worker-{n}", [python, "-m", "workers", "worker"], "sends texts, runs jobs")
        for n in (1, 2)
    ]
    programs.append(
        Process("scheduler", [python, "-m", "workers", "scheduler"], "sweeps and renewals")
    )
    return services, programs


def _prepare(chosen: Settings, stop: threading.Event) -> bool:
    """Bring the database up to date and load the demo brokerage into an empty one."""
    if chosen.is_sandbox and not _wait_until_up(f"{chosen.sandbox_url}/healthz", stop):
        say("setup", "the sandbox did not start")
        return False
    flask = [sys.executable, "-m", "flask", "--app", "app"]
    steps = [[*flask, "db", "upgrade"]]
    if chosen.is_sandbox:
        steps.append([*flask, "demo", "--if-empty"])
    for step in steps:
        done = subprocess.run(step, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode != 0:
            say("setup", f"{' '.join(step[-2:])} failed:\n{done.stdout}{done.stderr}")
            return False
        for line in done.stdout.splitlines():
            say("setup", line)
    return True


def _greet(chosen: Settings) -> None:
    lines = ["", f"ConsentDesk is running at {chosen.public_url}"]
    if chosen.sandbox_url:
        lines.append(f"Handsets (read and answer texts as a recipient): {chosen.sandbox_url}")
    logins = chosen.var / "demo-logins.json"
    if chosen.is_sandbox and logins.exists():
        lines += ["", "Demo logins:"]
        for login in json.loads(logins.read_text()):
            lines.append(f"  {login['role']:<20} {login['email']:<32} {login['password']}")
    lines += ["", "Ctrl-C stops it; a second start keeps the data; make reset clears it.", ""]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _keep_running(processes: list[Process], stop: threading.Event) -> None:
    while not stop.wait(0.2):
        now = time.monotonic()
        for process in processes:
            if process.running is None:
                if now >= process.start_again_at:
                    process.start()
                    say(process.name, "started again")
                continue
            status = process.running.poll()
            if status is None:
                if now - process.started_at > STEADY_S:
                    process.deaths = 0
                continue
            delay = RESTART_AFTER_S[min(process.deaths, len(RESTART_AFTER_S) - 1)]
            process.deaths += 1
            process.kill()  # a worker's child must not outlive it
            process.running = None
            process.start_again_at = now + delay
            say(process.name, f"died (status {status}); starting again in {delay:g} s")


def _stop_all(processes: list[Process]) -> None:
    """Stop in order: who asks before who answers, so that nothing is cut off half-way."""
    say("setup", "stopping")
    for process in processes:
        process.stop()
        if process.running is None:
            continue
        try:
            process.running.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            say(process.name, "did not stop in time; killed")
        process.kill()
        process.running.wait()
        for thread in process.threads:
            thread.join(1)
    say("setup", "stopped")


def _wait_until_up(url: str, stop: threading.Event, timeout_s: float = 60.0) -> bool:
    end = time.monotonic() + timeout_s
    while time.monotonic() < end and not stop.is_set():
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 (our own address)
                return bool(answer.status == 200)
        except (URLError, OSError):
            stop.wait(0.1)
    return False


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


if __name__ == "__main__":
    sys.exit(main())
