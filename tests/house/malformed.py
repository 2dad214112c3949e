"""Requests no browser would send, of every kind, from one seed (S19)."""

import json
from dataclasses import dataclass
from random import Random
from urllib.parse import quote

from tests.factories.archives import damaged_zips
from tests.house.vandal import BAD_MARKS, BAD_TEXT, LONG, nearly

FORM = "application/x-www-form-urlencoded"
# As they stand in a query or a form: percent signs are not encoded again.
RAW = (
    b"%ff%fe", b"%ed%a0%80", b"%00", b"%c0%af", b"%zz", b"%", b"%u2028", b"\xff\xfe", b"%0d%0aX:1",
    b"%f4%90%80%80", b"+" * 5_000, b"%e2%80%ae",
)  # fmt: skip
QUERIES = (
    "q=%ff%fe&after=%00", "after=%c0%80", "ids=%zz&ids=&ids=1", "%", "&&&==", "page=-1&before=-1",
    "q[]=1&q[0][x]=2", "view=all&view=all", "q=" + "&q=" * 900, "x" * 7_000, "__proto__=1&constructor=2",
)  # fmt: skip
_PART = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
BODIES = (
    (b"a=%ff&b=\xff\xfe&=&&body", FORM),
    (b"body[]=1&body[0][x]=2&ids=1&ids=2", FORM),
    (b"x" * 1_100_000, FORM),
    (b"&" * 20_000, FORM),
    (b"&".join(b"f%d=1" % n for n in range(5_000)), FORM),
    (b"body=1", "text/plain"),
    (b"body=1", "application/x-www-form-urlencoded; charset=utf-7"),
    (b"\xff\xfe\0\0", "text/plain; charset=utf-16"),
    (b"<a>&b;</a>", "application/xml"),
    (b"", "multipart/form-data"),
    (b"", ""),
    (b"--x", "multipart/form-data"),
    (b"--x\r\nnothing", "multipart/form-data; boundary=x"),
    (b"--y\r\n\r\n", "multipart/form-data; boundary=x"),
    (b"--x--", 'multipart/form-data; boundary="'),
    (b"x", "multipart/form-data; boundary=" + "x" * 9_000),
    (_PART % (b"body", b"cut off"), "multipart/form-data; boundary=x"),
    (_PART % (b"b\0dy", b"1") + b"--x--", "multipart/form-data; boundary=x"),
    (_PART % (b"f", b"") * 5_000 + b"--x--", "multipart/form-data; boundary=x"),
    (_PART % (b'f"; filename="a\r\nX: 1', b"1") + b"--x--", "multipart/form-data; boundary=x"),
    (b"--x\n\n1\n--x--", "multipart/form-data; boundary=x"),
    (b"--x\r\n" + b"H: " + b"h" * 70_000 + b"\r\n\r\n1\r\n--x--", "multipart/form-data; boundary=x"),
    (b"--x\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x--", "multipart/form-data; boundary=x"),
)  # fmt: skip
DEEP = b"[" * 2_000 + b"]" * 2_000
JSON = (
    b"", b"{", b"[1, 2", b"nul", b"NaN", b"1e999", b'"\\ud800"', b"\xff\xfe\0\0", b"[]", b"7", b"null",
    b'{"to": 1, "to": 2}', b'{"to": {"$gt": ""}, "body": [1], "a": null}', b'{"to": "' + b"9" * 9_000 + b'"}',
    b'{"\\u0000": "\\u0000"}', DEEP, b'{"a":' * 900 + b"1" + b"}" * 900, b"\xef\xbb\xbf{}", b"9" * 5_000,
)  # fmt: skip
NEWS = (  # of a number that comes or goes, nearly
    b'{"port_in_request_sid": ["KW1"]}', b'{"port_in_request_sid": "KW' + b"0" * 32 + b'"}', b'{"phone_number": 1, "status": {}}',
    b'{"phone_number": "+13125550142", "status": [[]]}', b'{"phoneNumber": "+1312555\\ud8000142", "status": null}',
)  # fmt: skip
HEADERS = (
    ("HX-Request", "true"), ("HX-Request", "\xff"), ("HX-Boosted", "true"), ("HX-Boosted", "nonsense"),
    ("HX-Current-URL", "javascript:alert(1)"), ("HX-Current-URL", "%"), ("HX-Prompt", LONG[:5_000]),
    ("HX-History-Restore-Request", "x"), ("HX-Target", "<script>"), ("HX-Trigger", "\xe9"),
    ("Cookie", "desk=" + LONG[:60_000]), ("Cookie", "desk=a.b.c; desk=\xe9; =; ;;"),
    ("Cookie", "desk=eyJ4Ijo1fQ.aaaa.bbbb"), ("Cookie", "\x01\x02=;;;=" * 50), ("Cookie", "desk=" + "A" * 43),
    ("Host", "evil.example"), ("Host", "evil.example:99999"), ("Host", "localhost:80@evil.example"), ("Host", "\xff"),
    ("X-Forwarded-Host", "evil.example"), ("X-Forwarded-For", "evil.example, ::1, 999.9.9.9"),
    ("X-Forwarded-Proto", "javascript"), ("X-Forwarded-Prefix", "//evil.example"), ("X-Original-URL", "/admin/users"),
    ("X-HTTP-Method-Override", "DELETE"), ("Referer", "https://evil.example/"), ("Origin", "null"),
    ("Origin", "http://["), ("Referer", "https://["), ("X-Forwarded-Host", "["), ("X-Forwarded-Host", "x:99999"),
    ("Range", "bytes=5-1,-1,x"), ("Range", "bytes=" + "0-," * 500), ("If-Range", "x"), ("If-Match", "\\"),
    ("If-Modified-Since", "Feb 31"), ("If-None-Match", '"\\'), ("If-Unmodified-Since", "\xff"),
    ("Accept", "x/" * 2_000), ("Accept-Language", "x" * 5_000), ("Accept-Encoding", "br;q=nan, *;q=-1"),
    ("Content-Length", "-1"), ("Content-Length", "x"), ("Content-Type", "multipart/form-data"),
    ("Content-Type", ";=;"), ("Content-Encoding", "gzip"), ("Transfer-Encoding", "nonsense"), ("Expect", "x"),
    ("Authorization", "Basic \xff"), ("Authorization", "Bearer " + "\xe9" * 40), ("Authorization", "Bearer"),
    ("Authorization", "Digest username="), ("User-Agent", LONG), ("Idempotency-Key", "\xff" * 600),
)  # fmt: skip
ENDS = (
    "/x.css",
    "/%00",
    "/..%2fetc/passwd",
    "//",
    "/.",
    "?x.css",
    ";x=1",
    "%ff",
    "/%2e%2e/",
    "\u202e",
)
FILES = (
    b"", b"\0\xff", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), b"PK\x03\x04" + bytes(40), b"%PDF-1.7\n%%EOF",
    b"First name,Phone\nAnn\0,3125550142\n", b'First name,Phone\n"Ann,3125550142\n' + b"B,1\n" * 90,
    *damaged_zips(), b"a," * 9_000 + b"\n", b"\xff\xfeP\0h\0", b"Phone\n" + b"x" * 200_000, b"<html>", b"Phone\r" * 400,
)  # fmt: skip
NAMES = (
    "a.csv",
    "a.xlsx",
    "../../=cmd|'x'!A1\0.csv",
    "\u202efdp.csv",
    LONG[:5_000] + ".csv",
    "",
    "con",
    "a\r\nb.csv",
)
METHODS = (
    "PUT",
    "PATCH",
    "DELETE",
    "TRACE",
    "PROPFIND",
    "CONNECT",
    "HEAD",
    "OPTIONS",
    "get",
    "X" * 300,
)


@dataclass(frozen=True)
class Place:
    """A route as somebody can call it: an address of their own, and what its form would send."""

    endpoint: str
    method: str
    url: str
    form: dict[str, str]
    names: frozenset[str]  # looked up there before, in the address or a form


def of_place(place: Place, kind: str, rng: Random) -> tuple[str, str, dict]:
    """Return method, URL and what is sent: one malformed request of a kind for a place."""
    return KINDS[kind](place, rng)


def kinds_of(place: Place) -> tuple[str, ...]:
    """Return the kinds of nonsense a place can be sent."""
    both = ("query", "name", "header", "path", "method")
    return both if place.method == "GET" else (*both, "field", "body", "json", "file", "parts")


def _query(place, rng):
    return place.method, place.url, {"query_string": rng.choice(QUERIES)}


def _name(place, rng):
    """Ask by a name the place knows, with a value it can't."""
    name = rng.choice(sorted(place.names) or ["after"])
    if name in {"after", "before"} and rng.random() < 0.6:
        more, mark = rng.choice(BAD_MARKS)
        return (
            place.method,
            place.url,
            {"query_string": {name: mark, **more}},
        )
    asked = encoded([(name, _value(rng, name))] * rng.choice((1, 1, 1, 2)))[:8_000]
    return (
        place.method,
        place.url,
        {"query_string": asked.decode("latin-1")},
    )


def _header(place, rng):
    sent = dict(rng.sample(HEADERS, rng.choice((1, 1, 2, 3))))
    return place.method, place.url, {"headers": sent, "data": _form(place)}


def _path(place, rng):
    """Take a part of the address for another, or add what does not belong."""
    parts = place.url.split("/")
    if len(parts) > 2 and rng.random() < 0.5:
        parts[rng.randrange(1, len(parts))] = rng.choice(
            (
                "%ff",
                "%00",
                "..",
                "-1",
                "x" * 4_000,
                "%2e%2e",
                "0" * 36,
                "2147483648",
                "9223372036854775808",
            )
        )
        return place.method, "/".join(parts), {"data": _form(place)}
    return place.method, place.url.rstrip("/") + rng.choice(ENDS), {"data": _form(place)}


def _method(place, rng):
    return rng.choice(METHODS), place.url, {}


def _field(place, rng):
    """Send the form with some fields bad, missing or doubled."""
    names = sorted((set(place.form) | place.names) - {"csrf_token"}) or ["f"]
    bad = set(rng.sample(names, min(len(names), rng.choice((1, 1, 2, 4)))))
    pairs = [(name, value) for name, value in place.form.items() if name not in bad]
    for name in sorted(bad):
        pairs += [(name, _value(rng, name))] * rng.choice((0, 1, 1, 1, 2))
    return (
        place.method,
        place.url,
        {"data": encoded(pairs), "content_type": FORM},
    )


def _body(place, rng):
    data, content_type = rng.choice(BODIES)
    return place.method, place.url, {"data": data, "content_type": content_type}


def _json(place, rng):
    data = rng.choice(JSON)
    if rng.random() < 0.3:
        names = sorted(set(place.form) | place.names) or ["to", "body"]
        data = json.dumps(
            {name: rng.choice(([{"a": 1}, 5], None, -1, {}, "\ud800")) for name in names}
        ).encode()
    return place.method, place.url, {"data": data, "content_type": "application/json"}


def _file(place, rng):
    """Send files where there are fields: broken, misnamed, in place of words."""
    names = sorted(place.names - {"csrf_token"}) or ["file"]
    body = b"".join(_upload(rng, name) for name in rng.sample(names, min(3, len(names))))
    return (
        place.method,
        place.url,
        {"data": body + b"--x--\r\n", "content_type": "multipart/form-data; boundary=x"},
    )


def _parts(place, rng):
    """Send the form in parts whose declared length or end is wrong."""
    body = b"".join(
        _PART % (name.encode(), str(value).encode()) for name, value in place.form.items()
    )
    cut = body[: rng.randrange(len(body) + 1)]
    length = rng.choice(("", "-1", str(len(cut) + 50), "9" * 30, "0x10"))
    sent = {"data": cut, "content_type": "multipart/form-data; boundary=x"}
    return place.method, place.url, {**sent, "environ_overrides": {"CONTENT_LENGTH": length}}


KINDS = {
    "query": _query, "name": _name, "header": _header, "path": _path, "method": _method, "field": _field,
    "body": _body, "json": _json, "file": _file, "parts": _parts,
}  # fmt: skip


def encoded(pairs):
    """Return a form as it goes over the wire; bytes stand as they are."""
    return b"&".join(
        quote(name, errors="ignore").encode()
        + b"="
        + (value if isinstance(value, bytes) else quote(value).encode())
        for name, value in pairs
    )


def _value(rng, name):
    dice = rng.random()
    return rng.choice(RAW if dice < 0.2 else BAD_TEXT if dice < 0.6 else nearly(name))


def _form(place):
    return place.form if place.method != "GET" else None


def _upload(rng, name):
    file_name = rng.choice(NAMES).encode("utf-8", "ignore")
    head = b'--x\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\n' % (
        name.encode(),
        file_name,
    )
    return (
        head
        + b"Content-Type: "
        + rng.choice((b"text/csv", b"image/png", b"", b"\xff"))
        + b"\r\n\r\n"
        + rng.choice(FILES)
        + b"\r\n"
    )
