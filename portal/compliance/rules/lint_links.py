"""Links in a text: public shorteners and other people's sites (SPEC H-1, facts 5.3).

Hosts are parsed and compared whole after "www.", so "t.co" is not found inside "att.com".
Written-out tricks are undone first: "hxxp", "bit[.]ly", "bit dot ly", blanks around the dot,
letters of other alphabets, a user name before the real host.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from portal.compliance.rules.lint_text import DATA, Finding, Level, Plain, Span, listed, plain

_SHORTENERS: Final = frozenset(
    host
    for line in (DATA / "shorteners.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
    for host in line.split()
)
_KNOWN: Final = listed("sites")
_SURE_TLDS: Final = listed("endings")
_LOWER_ONLY: Final = _SURE_TLDS - {"com", "net", "org", "io", "ly", "gl", "gd"}
_DOT: Final = r"(?:\.|\s?[\[({]\s?(?:\.|dot)\s?[\])}]\s?|\sdot\s|。)"
_LABEL: Final = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_link: Final = re.compile(
    r"(?:(?P<scheme>h(?:tt|xx)ps?)\s?:\s?[/\\]{1,3}\s?"
    r"(?P<authority>\[[0-9a-f:.]{2,45}\]|[^\s/\\?#<>\"“”]{1,253})"
    rf"|(?<![\w@.-])(?P<bare>(?:{_LABEL}{_DOT}){{1,6}}[^\W\d_]{{2,24}}(?![\w@-])))"
    r"(?P<path>(?::\d{1,5})?[/\\?#][^\s<>\"“”]{0,2000})?"
)
_spaced: Final = re.compile(
    r"(?<![\w.@-])(?:"
    + "|".join(
        r"\s{0,2}\.\s{0,2}".join(map(re.escape, host.split("."))) for host in sorted(_SHORTENERS)
    )
    + r")(?=\s{0,2}/\s{0,2}[\w-])"
)
_dots: Final = re.compile(_DOT)
_short_path: Final = re.compile(r"/(?:[a-z]/\S{4,40}|(?=\w{0,9}\d)\w{5,10}/?)", re.IGNORECASE)
_numeric: Final = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|\d{8,10}|0x[0-9a-f]{1,8}|\[.*")
_glue: Final = ".,;:!?)]}'*"


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a text: its plain host, what is odd about it, and where it stands."""

    host: str
    path: str
    is_odd: bool
    span: Span


def links(text: Plain) -> list[Link]:
    """List the links of a text in order, tricks undone."""
    found = [_parsed(text, match) for match in _link.finditer(text.text)]
    kept = [link for link in found if link is not None]
    taken = [link.span for link in kept]
    for match in _spaced.finditer(text.text):
        if not any(start < match.end() and match.start() < end for start, end in taken):
            host = re.sub(r"\s", "", match.group())
            kept.append(Link(host, "/", is_odd=True, span=match.span()))
    return sorted(kept, key=lambda link: link.span)


def check(text: Plain, own_domains: Sequence[str]) -> list[Finding]:
    """Find public shorteners, and links that leave the organization's own sites."""
    own = {_bare(domain) for domain in own_domains} - {""}
    seen: dict[str, Link] = {}
    for link in links(text):
        if not _is_under(link.host, own):
            seen.setdefault(link.host, link)
    short = [link for link in seen.values() if link.host in _SHORTENERS]
    foreign = [link for link in seen.values() if link.host not in _SHORTENERS]
    return [_short(text, link) for link in short] + [
        _foreign(text, link, _degree(link, own, len(foreign)), own) for link in foreign
    ]


def _short(text: Plain, link: Link) -> Finding:
    return Finding(
        "shortener",
        "warn",
        text.quote(link.span),
        f"{link.host} is a shortener anyone can use, so carriers block texts that carry it and "
        "readers can't see where it leads. Use the full address of your own page instead.",
    )


def _foreign(text: Plain, link: Link, level: Level, own: Iterable[str]) -> Finding:
    home = next(iter(sorted(own)), "your own website")
    odd = " Its address also looks disguised." if link.is_odd else ""
    return Finding(
        "foreign_link",
        level,
        text.quote(link.span),
        f"The link goes to {link.host}, which isn't one of your organization's sites; strange "
        f"links make carriers and readers wary.{odd} Link to a page on {home}, or have this site "
        "added to your organization's domains if it is yours.",
    )


def _degree(link: Link, own: Iterable[str], strangers: int) -> Level:
    """Tell a passing link to somebody's page from one that looks like trouble."""
    if link.is_odd or any(name.split(".")[0] in link.host for name in own):
        return "warn"
    if _is_under(link.host, _KNOWN):
        return "info"
    return "warn" if strangers > 1 or _short_path.fullmatch(link.path) else "info"


def _parsed(text: Plain, match: re.Match[str]) -> Link | None:
    """Read one match into a link, or None where it is no link after all."""
    bare, path = match["bare"], match["path"] or ""
    start, end = match.span()
    end -= len(match.group()) - len(match.group().rstrip(_glue))
    if bare is None:
        name, at, rest = match["authority"].rpartition("@")
        host = _dots.sub(".", rest).rstrip(_glue)
        host = host if host.startswith("[") else host.partition(":")[0]
        is_odd = bool(at and name) or "xx" in match["scheme"] or "[" in rest
    else:
        host = _dots.sub(".", bare)
        is_odd = host != bare
        if not _is_host(text, match, host, path):
            return None
    host = host.strip(".").removeprefix("www.")
    if not host:
        return None
    written = text.body[text.places[start] : text.places[end - 1] + 1] if end > start else ""
    plain_host = _decoded(host)
    is_odd = is_odd or plain_host != host or bool(_numeric.fullmatch(host))
    is_odd = is_odd or not written[: len(host) + 12].isascii()
    return Link(plain_host, _path(path), is_odd, (start, max(end, start + 1)))


def _is_host(text: Plain, match: re.Match[str], host: str, path: str) -> bool:
    """Tell "juniper.com" from "Sat.Come" and "a.m." where no scheme says so."""
    labels = host.split(".")
    ending = labels[-1]
    if host.removeprefix("www.") in _SHORTENERS:
        return bool(path) or host not in {"s.id", "u.to", "x.co", "po.st", "is.gd", "q.gs"}
    if labels[0] == "www":
        return True
    if ending not in _SURE_TLDS:
        return len(ending) == 2 and path.startswith("/") and not labels[-2].isdigit()
    first = text.body[text.places[match.end("bare") - len(ending)]]
    return not (ending in _LOWER_ONLY and first.isupper() and not host.isupper() and not path)


def _path(path: str) -> str:
    """Return a path without port, question and trailing marks."""
    return re.sub(r"^:\d{1,5}", "", path).partition("?")[0].rstrip(_glue)


def _bare(domain: str) -> str:
    """Return the host of a domain as people write it in settings."""
    host = domain.strip().casefold().rpartition("://")[2].rpartition("@")[2]
    return re.split(r"[/:?#]", host)[0].strip(".").removeprefix("www.")


def _decoded(host: str) -> str:
    """Return a host with its coded labels read and look-alike letters made plain."""
    if "xn--" not in host:
        return host
    try:
        return plain(host.encode("ascii").decode("idna")).text
    except UnicodeError:
        return host


def _is_under(host: str, domains: Iterable[str]) -> bool:
    """Say whether a host is one of some domains or below one."""
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)
