"""Settings: read once from the environment, checked, and frozen (X-4).

`variables` lists every variable there is. What the environment leaves unset is
derived: embedded services live in `var/`, and secrets are made there on first start.
"""

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet

from portal.core.variables import VARIABLES

ROOT = Path(__file__).parents[2]
DEFAULT_PORT = 8000
# Reports in Twilio's own trackers: its lists miss what is new for 10 to 15 minutes (PROMISES 1.3).
LIST_LAG = timedelta(minutes=15)
STRIPE_API = "https://api.stripe.com"
_KEYS = ("SECRET_KEY", "ENCRYPTION_KEYS", "AUDIT_SIGNING_KEY", "ERASURE_PEPPER")


class SettingsError(Exception):
    """A variable has a wrong value; the message names it and says what is expected."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One variable as `flask config` lists it."""

    name: str
    value: str  # masked when secret
    source: str  # environment, default or generated
    problem: str | None
    purpose: str


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the program needs to know about where it runs."""

    var: Path
    database_url: str
    redis_url: str
    public_url: str
    port: int
    secret_key: str
    encryption_keys: tuple[str, ...]
    audit_signing_key: str  # 32 bytes as base64
    erasure_pepper: str  # keys the hashes by which erased numbers are known again
    trusted_proxies: int
    twilio_account_sid: str
    twilio_auth_token: str
    twilio_api_base: str | None  # None: the real service
    is_sandbox: bool
    smtp_url: str | None
    smtp_tls: str | None  # tls, starttls or none; None: as the address says
    evidence_dir: Path
    support_email: str
    sender_email: str
    list_lag: timedelta = LIST_LAG  # of the carrier's lists of texts
    timestamp_url: str | None = None  # an RFC 3161 authority
    stripe_secret_key: str | None = None  # None: invoices are written (B-12)
    stripe_webhook_secrets: tuple[str, ...] = ()
    stripe_api_base: str = STRIPE_API
    is_stripe_sandbox: bool = False
    application_name: str = "ConsentDesk"
    made_keys: tuple[str, ...] = ()  # variables left unset, whose keys were made in var/keys

    @property
    def is_https(self) -> bool:
        """Say whether people reach the portal over TLS (RULINGS 21)."""
        return self.public_url.startswith("https://")

    @property
    def host(self) -> str:
        """Return the public host name, with its port when it is not the scheme's own."""
        return urlsplit(self.public_url).netloc

    @property
    def sandbox_url(self) -> str | None:
        """Return where the carrier sandbox answers, or None when it does not run."""
        return f"http://localhost:{self.port + 1}" if self.is_sandbox else None

    @property
    def embeds_database(self) -> bool:
        """Say whether the database is the file in var/."""
        return self.database_url == f"sqlite:///{self.var / 'consentdesk.db'}"

    @property
    def embeds_queue(self) -> bool:
        """Say whether the queue is the Valkey in var/."""
        return self.redis_url == _embedded_queue(self.var)

    @property
    def clock_file(self) -> Path | None:
        """Return the file that moves time for all processes in sandbox mode (RULINGS 20)."""
        return self.var / "clock-offset" if self.is_sandbox else None

    @property
    def audit_dir(self) -> Path:
        """Return where checkpoints of the audit log are kept beside the database."""
        return self.var / "audit"


def read(environment: Mapping[str, str], *, var: Path | None = None) -> Settings:
    """Return the settings. Raises SettingsError naming the first wrong variable."""
    for reading in declared(environment):
        if reading.problem:
            raise SettingsError(f"{reading.name} {reading.problem}.")
    has_sid, has_token = (environment.get(n) for n in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"))
    if bool(has_sid) != bool(has_token):
        missing = "TWILIO_AUTH_TOKEN" if has_sid else "TWILIO_ACCOUNT_SID"
        raise SettingsError(f"{missing} must be set too: account and token go together.")
    _check_stripe(environment, is_sandbox=not has_sid)
    home = (var or ROOT / "var").resolve()
    port = int(environment.get("PORT") or DEFAULT_PORT)
    is_sandbox = not has_sid
    secret = environment.get("SECRET_KEY") or _kept(home, "secret-key", secrets.token_urlsafe)
    keys = environment.get("ENCRYPTION_KEYS") or _kept(
        home, "encryption-keys", lambda _size: Fernet.generate_key().decode()
    )
    smtp_url, smtp_tls = (environment.get(n) or None for n in ("SMTP_URL", "SMTP_TLS"))
    if smtp_tls == "none" and smtp_url and urlsplit(smtp_url).password:
        raise SettingsError("SMTP_TLS must not be none where SMTP_URL holds a password.")
    base = environment.get("TWILIO_API_BASE")
    return Settings(
        var=home,
        database_url=database_url(
            environment.get("DATABASE_URL") or f"sqlite:///{home / 'consentdesk.db'}"
        ),
        redis_url=environment.get("REDIS_URL") or _embedded_queue(home),
        public_url=(environment.get("PUBLIC_URL") or f"http://localhost:{port}").rstrip("/"),
        port=port,
        secret_key=secret,
        encryption_keys=tuple(k.strip() for k in keys.split(",")),
        audit_signing_key=environment.get("AUDIT_SIGNING_KEY")
        or _kept(
            home,
            "audit-signing-key",
            lambda _size: base64.b64encode(secrets.token_bytes(32)).decode(),
        ),
        erasure_pepper=environment.get("ERASURE_PEPPER")
        or _kept(home, "erasure-pepper", secrets.token_urlsafe),
        timestamp_url=environment.get("TIMESTAMP_URL") or None,
        trusted_proxies=int(environment.get("TRUSTED_PROXIES") or 0),
        twilio_account_sid=has_sid or "AC" + _derived(secret, "sandbox account"),
        twilio_auth_token=has_token or _derived(secret, "sandbox token"),
        twilio_api_base=base or (f"http://127.0.0.1:{port + 1}" if is_sandbox else None),
        is_sandbox=is_sandbox,
        list_lag=_list_lag(environment, is_sandbox=is_sandbox),
        **_stripe(environment, secret, port),
        smtp_url=smtp_url,
        smtp_tls=smtp_tls,
        evidence_dir=Path(urlsplit(environment["EVIDENCE_URL"]).path)
        if environment.get("EVIDENCE_URL")
        else home / "evidence",
        made_keys=tuple(name for name in _KEYS if not environment.get(name)),
        support_email=environment.get("SUPPORT_EMAIL") or "support@localhost.example",
        sender_email=environment.get("SENDER_EMAIL") or "consentdesk@localhost.example",
    )


def _list_lag(environment: Mapping[str, str], *, is_sandbox: bool) -> timedelta:
    """Return how long a carrier's list may miss what is new; the sandbox's misses nothing at first."""
    given = environment.get("LIST_LAG_SECONDS")
    if given:
        return timedelta(seconds=int(given))
    return timedelta() if is_sandbox else LIST_LAG


def _check_stripe(environment: Mapping[str, str], *, is_sandbox: bool) -> None:
    """Refuse half a set-up, and money that is real on one side only. Raises SettingsError."""
    key, secrets_ = (environment.get(n) for n in ("STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRETS"))
    if bool(key) != bool(secrets_):
        missing = "STRIPE_WEBHOOK_SECRETS" if key else "STRIPE_SECRET_KEY"
        raise SettingsError(f"{missing} must be set too: Stripe's key and webhook go together.")
    if key and is_sandbox and "_live_" in key:
        raise SettingsError(
            "STRIPE_SECRET_KEY takes real money, but the carrier is the sandbox. "
            "Set TWILIO_ACCOUNT_SID, or use a test key."
        )
    if key and not is_sandbox and "_test_" in key:
        raise SettingsError(
            "STRIPE_SECRET_KEY takes test cards, but the carrier is real. Use a live key, "
            "or unset TWILIO_ACCOUNT_SID."
        )
    if environment.get("STRIPE_SANDBOX") == "1" and (key or not is_sandbox):
        raise SettingsError(
            "STRIPE_SANDBOX must be unset: the stand-in never runs beside real keys."
        )


def _stripe(environment: Mapping[str, str], secret: str, port: int) -> dict[str, Any]:
    """Return what is set of Stripe: real keys, the stand-in's, or none."""
    if environment.get("STRIPE_SANDBOX") == "1":
        return {
            "stripe_secret_key": "sk_test_" + _derived(secret, "sandbox stripe key"),
            "stripe_webhook_secrets": ("whsec_" + _derived(secret, "sandbox stripe webhook"),),
            "stripe_api_base": environment.get("STRIPE_API_BASE")
            or f"http://127.0.0.1:{port + 1}/stripe",
            "is_stripe_sandbox": True,
        }
    given = environment.get("STRIPE_WEBHOOK_SECRETS") or ""
    return {
        "stripe_secret_key": environment.get("STRIPE_SECRET_KEY") or None,
        "stripe_webhook_secrets": tuple(s.strip() for s in given.split(",") if s.strip()),
        "stripe_api_base": environment.get("STRIPE_API_BASE") or STRIPE_API,
    }


def declared(environment: Mapping[str, str]) -> list[Reading]:
    """Return every variable with its value (secrets masked), source and what is wrong with it."""
    readings = []
    for variable in VARIABLES:
        value = environment.get(variable.name, "")
        problem = variable.check(value) if value else None
        shown = ("(set)" if variable.is_secret else value) if value else "–"
        source = "environment" if value else "default"
        readings.append(Reading(variable.name, shown, source, problem, variable.purpose))
    return readings


def database_url(url: str) -> str:
    """Return url with the PostgreSQL driver we use named (STACK 1)."""
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


def embedded_socket(home: Path) -> Path:
    """Return the embedded Valkey's socket; a long path moves to a short folder (RULINGS 26)."""
    socket = home / "valkey" / "valkey.sock"
    if len(str(socket)) <= 90:  # a socket's path holds 107 bytes
        return socket
    name = hashlib.sha256(str(home).encode()).hexdigest()[:12]
    return Path("/tmp") / f"consentdesk-{os.getuid()}-{name}" / "valkey.sock"  # noqa: S108 (0700, named by us)


def _embedded_queue(home: Path) -> str:
    return f"unix://{embedded_socket(home)}?db=0"


def _kept(home: Path, name: str, make: Callable[[int], str]) -> str:
    """Return the secret kept in var/keys under name, made on first use."""
    folder = home / "keys"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / name
    if not path.exists():
        fresh = folder / f"{name}.{secrets.token_hex(4)}"
        fresh.touch(mode=0o600)
        fresh.write_text(make(48))
        try:
            os.link(fresh, path)  # two processes may start at once: the first one wins
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text().strip()


def _derived(secret: str, what: str) -> str:
    return hmac.new(secret.encode(), what.encode(), hashlib.sha256).hexdigest()[:32]


_settings: Settings | None = None


def use(settings_: Settings) -> None:
    """Say which settings hold; the factory does this once."""
    global _settings  # noqa: PLW0603 (set once for the process)
    _settings = settings_


def settings() -> Settings:
    """Return the settings in use."""
    if _settings is None:
        raise RuntimeError("use() first")
    return _settings
