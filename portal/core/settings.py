"""Settings: read once from the environment, checked, and frozen (X-4).

`declared()` is the one list of every variable. What the environment leaves unset is
derived: embedded services live in `var/`, and secrets are made there on first start.
"""

import base64
import binascii
import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.fernet import Fernet

ROOT = Path(__file__).parents[2]
DEFAULT_PORT = 8000
_SID = re.compile(r"AC[0-9a-f]{32}\Z")


class SettingsError(Exception):
    """A variable has a wrong value; the message names it and says what is expected."""


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable: what it is for, how it is checked, whether it is a secret."""

    name: str
    purpose: str
    check: Callable[[str], str | None]  # what is wrong with a value, or None
    is_secret: bool = False


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
    evidence_dir: Path
    support_email: str
    sender_email: str
    timestamp_url: str | None = None  # an RFC 3161 authority
    application_name: str = "ConsentDesk"

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
    def clock_file(self) -> Path | None:
        """Return the file that moves time for all processes in sandbox mode (RULINGS 20)."""
        return self.var / "clock-offset" if self.is_sandbox else None

    @property
    def audit_dir(self) -> Path:
        """Return where checkpoints of the audit log are kept beside the database."""
        return self.var / "audit"

    @property
    def outbox_dir(self) -> Path:
        """Return where mail is kept when there is no SMTP server."""
        return self.var / "outbox"


def _any(_value: str) -> str | None:
    return None


def _database(value: str) -> str | None:
    ok = value.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://", "postgres://"))
    return None if ok else "must start with sqlite:/// or postgresql://"


def _redis(value: str) -> str | None:
    ok = value.startswith(("redis://", "rediss://", "unix://"))
    return None if ok else "must start with redis://, rediss:// or unix://"


def _url(value: str) -> str | None:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "must be an address such as https://texts.example.com"
    if parts.username or parts.password:
        return "must not hold a user name or password (it breaks webhook signatures)"
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        return "must be a scheme and a host alone, without a path"
    return None


def _base(value: str) -> str | None:
    parts = urlsplit(value)
    return None if parts.scheme in {"http", "https"} and parts.hostname else "must be an address"


def _port(value: str) -> str | None:
    ok = value.isdecimal() and 1 <= int(value) <= 65534
    return None if ok else "must be a number from 1 to 65534"


def _count(value: str) -> str | None:
    return None if value.isdecimal() and int(value) < 10 else "must be a number from 0 to 9"


def _account_sid(value: str) -> str | None:
    return None if _SID.match(value) else "must be AC and 32 hex digits"


def _long(value: str) -> str | None:
    return None if len(value) >= 32 else "must have at least 32 characters"


def _token(value: str) -> str | None:
    return None if re.fullmatch(r"[0-9A-Za-z]{32}", value) else "must be 32 letters or digits"


def _keys(value: str) -> str | None:
    for key in value.split(","):
        try:
            Fernet(key.strip())
        except ValueError:
            return "must be Fernet keys (32 bytes as URL-safe base64), separated by commas"
    return None


def _signing_key(value: str) -> str | None:
    try:
        ok = len(base64.b64decode(value, validate=True)) == 32
    except (binascii.Error, ValueError):
        ok = False
    return None if ok else "must be 32 random bytes as base64"


def _smtp(value: str) -> str | None:
    parts = urlsplit(value)
    ok = parts.scheme in {"smtp", "smtps"} and parts.hostname
    return None if ok else "must look like smtp://user:password@mail.example.com:587"


def _evidence(value: str) -> str | None:
    return None if value.startswith("file:///") else "must start with file:///"


def _email(value: str) -> str | None:
    ok = re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value)
    return None if ok else "must be an e-mail address"


VARIABLES = (
    Variable("DATABASE_URL", "database; unset: SQLite in var/", _database, is_secret=True),
    Variable("REDIS_URL", "queue; unset: embedded Valkey in var/", _redis, is_secret=True),
    Variable("PORT", "port of the portal; the sandbox takes the next", _port),
    Variable("PUBLIC_URL", "address people and the carrier reach the portal at", _url),
    Variable(
        "SECRET_KEY", "signs forms and links; unset: made once in var/", _long, is_secret=True
    ),
    Variable("ENCRYPTION_KEYS", "encrypt carrier tokens, newest first", _keys, is_secret=True),
    Variable(
        "AUDIT_SIGNING_KEY",
        "signs checkpoints of the audit log; unset: made once in var/",
        _signing_key,
        is_secret=True,
    ),
    Variable(
        "ERASURE_PEPPER",
        "keys the hashes of erased numbers; unset: made once in var/; never change it",
        _long,
        is_secret=True,
    ),
    Variable("TIMESTAMP_URL", "RFC 3161 authority that stamps checkpoints; unset: none", _base),
    Variable("TRUSTED_PROXIES", "how many proxies in front add X-Forwarded headers", _count),
    Variable("TWILIO_ACCOUNT_SID", "carrier account; unset: the sandbox runs", _account_sid),
    Variable("TWILIO_AUTH_TOKEN", "its token", _token, is_secret=True),
    Variable("TWILIO_API_BASE", "another carrier address, for tests", _base),
    Variable("SMTP_URL", "mail server; unset: mail is kept in var/outbox", _smtp, is_secret=True),
    Variable("EVIDENCE_URL", "where files are kept; unset: var/evidence", _evidence),
    Variable("SUPPORT_EMAIL", "where appeals go", _email),
    Variable("SENDER_EMAIL", "the From address of mail", _email),
)


def read(environment: Mapping[str, str], *, var: Path | None = None) -> Settings:
    """Return the settings. Raises SettingsError naming the first wrong variable."""
    for reading in declared(environment):
        if reading.problem:
            raise SettingsError(f"{reading.name} {reading.problem}.")
    has_sid, has_token = (environment.get(n) for n in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"))
    if bool(has_sid) != bool(has_token):
        missing = "TWILIO_AUTH_TOKEN" if has_sid else "TWILIO_ACCOUNT_SID"
        raise SettingsError(f"{missing} must be set too: account and token go together.")
    home = (var or ROOT / "var").resolve()
    port = int(environment.get("PORT") or DEFAULT_PORT)
    is_sandbox = not has_sid
    secret = environment.get("SECRET_KEY") or _kept(home, "secret-key", secrets.token_urlsafe)
    keys = environment.get("ENCRYPTION_KEYS") or _kept(
        home, "encryption-keys", lambda _size: Fernet.generate_key().decode()
    )
    base = environment.get("TWILIO_API_BASE")
    return Settings(
        var=home,
        database_url=database_url(
            environment.get("DATABASE_URL") or f"sqlite:///{home / 'consentdesk.db'}"
        ),
        redis_url=environment.get("REDIS_URL") or f"unix://{embedded_socket(home)}?db=0",
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
        smtp_url=environment.get("SMTP_URL") or None,
        evidence_dir=Path(urlsplit(environment["EVIDENCE_URL"]).path)
        if environment.get("EVIDENCE_URL")
        else home / "evidence",
        support_email=environment.get("SUPPORT_EMAIL") or "support@localhost.example",
        sender_email=environment.get("SENDER_EMAIL") or "consentdesk@localhost.example",
    )


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
