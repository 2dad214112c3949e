"""Reading other people's pages leads nowhere inside, takes no time and no room (S6, C-9)."""

import json
import time
from urllib.parse import quote

import pytest

from portal.gateways import page_fetch
from portal.gateways.page_fetch import MOST_BYTES, PageNotRead
from portal.gateways.pages import SeparatePages
from tests.gateways.test_outside import INSIDE
from tests.gateways.web import PAGE, PUBLIC, run_web

SITE = "http://homes.example.com"


@pytest.fixture(scope="module")
def whole_web():
    with run_web() as web:
        yield web


@pytest.fixture
def web(whole_web):
    whole_web.names.clear()
    for kept in (whole_web.asked, whole_web.heard, whole_web.canary_heard):
        kept.clear()
    whole_web.bytes_sent = 0
    return whole_web


def spellings(a, b, c, d):
    """Ways to write an IPv4 address that some parser takes."""
    whole = (a << 24) | (b << 16) | (c << 8) | d
    dotted, hexed = f"{a}.{b}.{c}.{d}", f"{a:02x}{b:02x}:{c:02x}{d:02x}"
    wide = "".join(chr(ord(digit) + 0xFEE0) if digit.isdigit() else digit for digit in dotted)
    return [
        dotted, f"{dotted}.", str(whole), f"0x{whole:x}", f"0X{whole:X}", f"0{whole:o}",
        f"0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}", f"0{a:o}.0{b:o}.0{c:o}.0{d:o}", f"{a}.{(b << 16) | (c << 8) | d}",
        f"{a}.{b}.{(c << 8) | d}", f"0{a:o}.{b}.{c}.{d}", f"{a:04}.{b}.{c}.{d}", f"[::ffff:{dotted}]",
        f"[::ffff:{hexed}]", f"[::{dotted}]", f"[64:ff9b::{hexed}]", f"[2002:{hexed}::1]", wide,
        dotted.replace(".", "\u3002"), dotted.replace(".", "\uff0e"), dotted.replace(".", "%2e"),
        f"{dotted}%00.example.com", f"{dotted}\\.example.com", f"user@{dotted}", f"www.example.com@{dotted}",
        f"www.example.com:80@{dotted}:80", f"{dotted}:6379", f"{dotted}#.example.com",
    ]  # fmt: skip


WRITTEN = [
    f"{scheme}://{host}/"
    for scheme, address in (
        ("http", (127, 0, 0, 1)),
        ("https", (169, 254, 169, 254)),
        ("http", (10, 0, 0, 1)),
        ("http", (192, 168, 1, 1)),
    )
    for host in spellings(*address)
] + [
    "http://[::1]/", "http://[fe80::1%25eth0]/", "http://[fd00:ec2::254]/", "http://0/", "http://127.1/",
    "http://localhost/", "http://LOCALHOST/", "http://a.localhost/", "http://localhost.localdomain./",
    "http://metadata.google.internal/", "http://nas.local/", "http://router.lan/", "http://homes/",
    "http://\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3/", "http://homes.example.com:22/",
    "http://homes.example.com:6379/", "http://homes.example.com:443/", "https://homes.example.com:80/",
    "https://homes.example.com:8443/", "http://homes.example.com:0/", "http://homes.example.com:99999/",
    "http://homes.example.com:x/", "http://user:pw@homes.example.com/", "http://@homes.example.com/",
    "file:///etc/passwd", "gopher://homes.example.com:70/_x", "ftp://homes.example.com/", "dict://a.example.com/",
    "ldap://a.example.com/", "data:text/html,x", "javascript:alert(1)", "jar:http://a.example.com!/", "//homes.example.com/",
    "homes.example.com", "http:/homes.example.com/", "http:///homes.example.com/", "http://", "https://", "",
    "http://homes.example.com/a b", "http://homes.example.com/\r\nHost: x", "http://homes.example.com\\@127.0.0.1/",
    "http://homes.example.com\x00.evil.example.com/", "http://[::1/", "http://homes..example.com/",
    "http://-homes.example.com/",
    "http://homes.example.com/" + "\u00e9" * 1_900, "http://" + "a." * 130 + "example.com/", "http://example.com/" + "x" * 2_100,
]  # fmt: skip

LED_TO = [f"{SITE}/to/{quote(url, safe='')}" for url in WRITTEN if url and "\r" not in url][:80]
RESOLVED = [[[address], [PUBLIC, address], [address, PUBLIC]] for address in INSIDE]
VECTORS = len(WRITTEN) + len(LED_TO) + 3 * len(INSIDE)


def test_there_are_enough_ways_to_try():
    assert VECTORS >= 250


def refused(web, url):
    began = time.monotonic()
    with pytest.raises(PageNotRead) as told:
        web.read(url)
    assert time.monotonic() - began < page_fetch.WITHIN_S
    assert str(told.value).endswith(".")
    assert web.canary_heard == []
    return str(told.value)


def test_no_way_to_write_an_address_leads_inside(web):
    for url in WRITTEN:
        refused(web, url)
    assert web.asked == []


def test_no_redirect_leads_inside(web):
    for url in LED_TO:
        refused(web, url)
        assert web.asked == [(PUBLIC, 80)], url
        web.asked.clear()


def test_no_name_leads_inside_whatever_else_it_gives(web):
    for group in RESOLVED:
        for addresses in group:
            web.names["homes.example.com"] = addresses
            refused(web, f"{SITE}/page")
    assert web.asked == []


@pytest.mark.parametrize(
    "inside", ["127.0.0.1", "169.254.169.254", "168.63.129.16", "::ffff:10.0.0.1"]
)
def test_a_name_that_changes_its_mind_is_asked_once_a_hop(web, inside):
    """DNS rebinding: what was judged is what is connected to."""
    web.names["homes.example.com"] = [[PUBLIC], [inside]]
    assert web.read(f"{SITE}/page").body == PAGE
    assert web.asked == [(PUBLIC, 80)]
    web.names["homes.example.com"] = [[PUBLIC], [inside]]
    refused(web, f"{SITE}/to/{quote('/page')}")
    assert web.asked == [(PUBLIC, 80)] * 2


def test_a_page_comes_with_the_way_that_led_there(web):
    read = web.read(f"{SITE}/moves/3?a=1#part")
    assert read.body == PAGE
    assert read.charset == "utf-8"
    assert read.url == f"{SITE}/page"
    assert read.hops == (f"{SITE}/moves/3?a=1", f"{SITE}/moves/2", f"{SITE}/moves/1")
    assert "more than 3 times" in refused(web, f"{SITE}/moves/4")


def test_nothing_of_ours_goes_along(web):
    web.read(f"{SITE}/to/%2Fpage")
    for request in web.heard:
        head = request.decode().lower()
        assert head.count("host: homes.example.com\r\n") == 1
        assert not any(name in head for name in ("cookie", "authorization", "referer", "origin:"))


def test_other_letters_are_read_as_browsers_read_them(web):
    read = web.read("http://h\u00e4user\u3002example.com/s\u00ed?q=\u00e9")
    assert read.url == "http://xn--huser-gra.example.com/s%C3%AD?q=%C3%A9"


def test_a_packed_page_is_unpacked(web):
    assert web.read(f"{SITE}/zipped").body == PAGE


@pytest.mark.parametrize("path", ["large", "bomb", "continues"])
def test_no_page_takes_more_room_than_it_may(web, path):
    said = refused(web, f"{SITE}/{path}")
    assert "larger than 2 MB" in said
    assert web.bytes_sent < 10 * MOST_BYTES  # what the machine's own buffers hold included


@pytest.mark.parametrize("path", ["slow", "to/%2Fslow"])
def test_no_page_takes_more_time_than_it_may(web, path):
    began = time.monotonic()
    with pytest.raises(PageNotRead, match="did not come within"):
        web.read(f"{SITE}/{path}", within_s=0.2)
    assert time.monotonic() - began < 15  # all of it takes twice as long


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("HTTP/1.1 404 No\r\n\r\n", "status 404"),
        ("HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n\r\n%PDF", "no web page"),
        ("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: br\r\n\r\nx", "packs its page"),
        ("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n\r\nnot zipped", "broke off"),
        ("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 99\r\n\r\nx", "broke off"),
        ("HTTP/1.1 302 Found\r\n\r\n", "doesn't say where to"),
        ("SSH-2.0-OpenSSH_9.2\r\n", "not HTTP"),
        ("", "not HTTP"),
    ],
)  # fmt: skip
def test_what_is_no_page_is_told_in_words(web, answer, words):
    assert words in refused(web, f"{SITE}/says/{quote(answer, safe='')}")


class TestTheSeparateProcess:
    def test_it_reads_nothing_inside_and_says_why(self):
        with pytest.raises(PageNotRead, match="not a number"):
            SeparatePages().read("http://127.0.0.1/")
        with pytest.raises(PageNotRead, match=r"not found|private"):
            SeparatePages().read("http://nowhere.invalid/")

    def test_it_is_ended_when_its_time_is_over(self):
        began = time.monotonic()
        with pytest.raises(PageNotRead, match="did not come within"):
            SeparatePages("tests.gateways.hanging", within_s=0.5).read(f"{SITE}/")
        assert time.monotonic() - began < 60  # left alone it never ends

    def test_it_is_given_no_secret_of_ours(self, monkeypatch):
        for name in ("DATABASE_URL", "SECRET_KEY", "TWILIO_AUTH_TOKEN", "ENCRYPTION_KEYS"):
            monkeypatch.setenv(name, "secret")
        read = SeparatePages("tests.gateways.telling").read(f"{SITE}/")
        told = json.loads(read.body)
        assert set(told["environment"]) <= {
            "PATH",
            "PYTHONPATH",
            "PYTHONDONTWRITEBYTECODE",
            "LC_CTYPE",
        }
        assert told["modules"] == []
