"""Rules about people that need neither a database nor a clock."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from portal.core.access import Role
from portal.core.addresses import NONE, parts_of

INVITATION_LIFETIME = timedelta(days=7)
RESET_LIFETIME = timedelta(hours=1)
SECOND_STEP_LIFETIME = timedelta(minutes=5)  # between password and one-time code
ABSOLUTE_LIFETIME = timedelta(hours=12)
TOUCH_EVERY = timedelta(minutes=1)
IDLE_LIFETIMES = {  # the stricter the more a role may do (PROMISES 4, row 11)
    Role.ADMIN: timedelta(minutes=30),
    Role.TEAM_LEAD: timedelta(minutes=30),
    Role.COMPLIANCE_OFFICER: timedelta(minutes=30),
    Role.AGENT: timedelta(hours=4),
}

COMMON_ZONES = (
    ("America/New_York", "Eastern (New York)"),
    ("America/Chicago", "Central (Chicago)"),
    ("America/Denver", "Mountain (Denver)"),
    ("America/Phoenix", "Mountain, no summer time (Phoenix)"),
    ("America/Los_Angeles", "Pacific (Los Angeles)"),
    ("America/Anchorage", "Alaska (Anchorage)"),
    ("Pacific/Honolulu", "Hawaii (Honolulu)"),
    ("America/Puerto_Rico", "Atlantic (Puerto Rico)"),
)

EMAIL_MAX = 254
PASSWORD_MIN = 12
PASSWORD_MAX = 128
_COMMON = frozenset(
    [
        "password",
        "passw0rd",
        "qwerty",
        "letmein",
        "welcome",
        "iloveyou",
        "admin",
        "administrator",
        "changeme",
        "abc123",
        "123456",
        "12345678",
        "1234567890",
        "monkey",
        "dragon",
        "football",
        "baseball",
        "sunshine",
        "princess",
        "realtor",
        "realestate",
        "consentdesk",
        "secret",
        "master",
        "login",
        "trustno1",
    ]
)
_NEXT = re.compile(r"/(?![/\\])")
_OPT_OUT = re.compile(r"\b(stop|stopall|unsubscribe|cancel|end|quit|alto|baja)\b", re.IGNORECASE)
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
_BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True, slots=True)
class Zone:
    """A time zone as a select offers it."""

    name: str
    label: str
    group: str


@cache
def time_zones() -> tuple[Zone, ...]:
    """Return the zones one can choose: the usual ones first, then all."""
    common = [Zone(name, label, "Usual") for name, label in COMMON_ZONES]
    known = {name for name, _ in COMMON_ZONES}
    rest = [
        Zone(name, name.replace("_", " "), "All")
        for name in sorted(available_timezones())
        if "/" in name and not name.startswith(("Etc/", "posix/", "right/")) and name not in known
    ]
    return (*common, *rest)


def tidy_email(email: str) -> str:
    """Return email as it is stored, looked up and counted: one spelling of one address (S11).

    NUL is dropped as forms drop it, else each one more was another person to count tries for. It
    is cut before its signs are joined, which takes time with their number squared.
    """
    bare = email.replace("\0", "").strip()[:EMAIL_MAX]
    return unicodedata.normalize("NFC", bare).lower()


def idle_lifetime(roles: set[Role]) -> timedelta:
    """Return how long a person with these roles may be idle: the strictest counts."""
    return min((IDLE_LIFETIMES[role] for role in roles), default=IDLE_LIFETIMES[Role.ADMIN])


def password_fault(password: str, *, name: str = "", email: str = "") -> str | None:
    """Return what is wrong with a new password, or None; no rules of composition (ASVS 6.2)."""
    if len(password) < PASSWORD_MIN:
        return f"Use at least {PASSWORD_MIN} characters. A short sentence is a good password."
    if len(password) > PASSWORD_MAX:
        return f"Use at most {PASSWORD_MAX} characters."
    bare = re.sub(r"[\W\d_]+", "", password.lower())
    letters = re.sub(r"[\W_]+", "", password.lower())
    if len(set(password)) < 5 or bare in _COMMON or letters in _COMMON:
        return "This password is too easy to guess. A short sentence is a good password."
    own = {part for part in re.split(r"\W+", f"{name} {email.partition('@')[0]}".lower()) if part}
    if bare and (bare in own or bare == "".join(name.lower().split())):
        return "A password must not be your own name or e-mail address."
    return None


def is_safe_next(target: str | None) -> bool:
    """Say whether a page asked for before sign-in is one of ours (PROMISES 4, row 18)."""
    if not target or len(target) > 2000 or not _NEXT.match(target):
        return False
    if any(ord(sign) < 33 or ord(sign) == 127 or sign == "\\" for sign in target):
        return False
    parts = parts_of(target)
    return parts != NONE and not parts.scheme and not parts.netloc


def is_timezone(name: str) -> bool:
    """Say whether name is a time zone we know."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def keeps_opt_out(notice: str) -> bool:
    """Say whether a first-text notice still names an opt-out keyword (S-3)."""
    return bool(_OPT_OUT.search(notice))


def is_domain(name: str) -> bool:
    """Say whether a text is the name of a site, such as juniper.com."""
    return len(name) <= 253 and bool(_DOMAIN.fullmatch(name))


def browser_label(user_agent: str) -> str:
    """Return a browser and its system in words, for the list of sessions."""
    browser = next((label for mark, label in _BROWSERS if mark in user_agent), "A browser")
    system = next((label for mark, label in _SYSTEMS if mark in user_agent), None)
    return f"{browser} on {system}" if system else browser


def may_give_role(giver: Role, role: Role) -> bool:
    """Say whether a person of one role may invite or appoint another role (SPEC 1)."""
    if giver is Role.ADMIN:
        return True
    return giver is Role.TEAM_LEAD and role in {Role.AGENT, Role.TEAM_LEAD}
