"""What no HTTP library would send, byte by byte, for the server that reads it (S19)."""

from dataclasses import dataclass

HOST = b"Host: localhost\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
MULTIPART = b"Content-Type: multipart/form-data; boundary=x\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


@dataclass(frozen=True)
class Shape:
    """One connection's worth: what is sent, and whether it ends there (else the client waits)."""

    name: str
    sent: bytes
    ends: bool = True


def post(headers, body, path=b"/sign-in", length=None):
    told = b"" if length is None else b"Content-Length: %d\r\n" % length
    return b"POST %s HTTP/1.1\r\n%s%s%s\r\n%s" % (path, HOST, headers, told, body)


def get(path, headers=b""):
    return b"GET %s HTTP/1.1\r\n%s%s\r\n" % (path, HOST, headers)


def form(body, headers=FORM):
    return post(headers, body, length=len(body))


def parts(count, part=b'Content-Disposition: form-data; name="f%d"\r\n\r\n1\r\n'):
    body = b"".join(b"--x\r\n" + (part % n if b"%d" in part else part) for n in range(count))
    return post(MULTIPART, body + b"--x--\r\n", length=len(body) + 7)


_INNER = get(b"/admin/users")
SHAPES = (
    # Not text, or no HTTP at all
    Shape("bad UTF-8 in the path", get(b"/\xff\xfe\xc0\xaf")),
    Shape("bad UTF-8 in a form", form(b"email=\xff\xfe\xed\xa0\x80&password=%ff%fe")),
    Shape("bad UTF-8 in a header", get(b"/sign-in", b"X: \xff\xfe\xc3\x28\r\n")),
    Shape("bad UTF-8 in a cookie", get(b"/sign-in", b"Cookie: desk=\xff\xfe; \xe9=\x80\r\n")),
    Shape("NUL in the path", get(b"/sign\x00in")),
    Shape("NUL in a header", get(b"/sign-in", b"X: a\x00b\r\n")),
    Shape("NUL in the name of a header", get(b"/sign-in", b"X\x00: a\r\n")),
    Shape("NUL in a form", form(b"email=a\x00b&password=\x00")),
    Shape("NULs", b"\x00" * 4_000),
    Shape("TLS where there is none", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x11" * 400),
    Shape("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"),
    Shape("HTTP/0.9", b"GET /\r\n"),
    Shape("HTTP/9.9", b"GET / HTTP/9.9\r\n" + HOST + b"\r\n"),
    Shape("no version", b"GET /sign-in\r\n" + HOST + b"\r\n"),
    Shape("line feeds alone", b"GET /sign-in HTTP/1.1\nHost: localhost\n\n"),
    Shape("carriage returns alone", b"GET /sign-in HTTP/1.1\rHost: localhost\r\r"),
    Shape("a mail server's words", b"EHLO localhost\r\nMAIL FROM:<a@b>\r\nQUIT\r\n"),
    Shape("proxy protocol", b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n" + get(b"/admin/users")),
    # Targets and methods
    Shape("another site's address", get(b"http://evil.example/sign-in")),
    Shape("an address with user and port", get(b"http://a:b@localhost:99999/sign-in")),
    Shape("only a star", get(b"*")),
    Shape("no slash", get(b"sign-in")),
    Shape("up and out", get(b"/static/../../../../etc/passwd")),
    Shape("up and out, encoded", get(b"/static/%2e%2e/%2e%2e/%2e%2e/etc/passwd")),
    Shape("spaces in the target", get(b"/sign in ?q= 1")),
    Shape("a target of 60,000 bytes", get(b"/" + b"a" * 60_000)),
    Shape("a query of 8,000 bytes", get(b"/sign-in?" + b"q=%ff&" * 1_330)),
    Shape("CONNECT", b"CONNECT evil.example:443 HTTP/1.1\r\n" + HOST + b"\r\n"),
    Shape("TRACE", b"TRACE /sign-in HTTP/1.1\r\n" + HOST + b"\r\n"),
    Shape("a method of signs", b"G\xc3\x8bT /sign-in HTTP/1.1\r\n" + HOST + b"\r\n"),
    Shape("a method of 9,000 letters", b"A" * 9_000 + b" / HTTP/1.1\r\n" + HOST + b"\r\n"),
    Shape("a method in small letters", b"post /sign-in HTTP/1.1\r\n" + HOST + b"\r\n"),
    # Headers
    Shape("a header of 100,000 bytes", get(b"/sign-in", b"X: " + b"x" * 100_000 + b"\r\n")),
    Shape("2,000 headers", get(b"/sign-in", b"".join(b"X-%d: 1\r\n" % n for n in range(2_000)))),
    Shape("60,000 bytes of cookies", get(b"/sign-in", b"Cookie: " + b"a=b; " * 12_000 + b"\r\n")),
    Shape("no Host", b"GET /sign-in HTTP/1.1\r\n\r\n"),
    Shape("two Hosts", get(b"/sign-in", b"Host: evil.example\r\n")),
    Shape("a Host of nonsense", b"GET /sign-in HTTP/1.1\r\nHost: a b/\\:x\xff\r\n\r\n"),
    Shape("a header without a name", get(b"/sign-in", b": x\r\n")),
    Shape("a header without a colon", get(b"/sign-in", b"nonsense\r\n")),
    Shape("a space before the colon", get(b"/sign-in", b"Content-Length : 5\r\n")),
    Shape("a folded header", get(b"/sign-in", b"X: a\r\n b\r\n\tc\r\n")),
    Shape("a header split in two", get(b"/sign-in", b"X: a\rSet-Cookie: desk=x\r\n")),
    Shape("underscores for dashes", get(b"/sign-in", b"X_Forwarded_For: 1\r\nContent_Length: 9\r\n")),
    Shape("an upgrade", get(b"/sign-in", b"Connection: Upgrade\r\nUpgrade: websocket\r\n")),
    Shape("an upgrade to HTTP/2", get(b"/sign-in", b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n")),
    Shape("Expect: nonsense", post(FORM + b"Expect: 999-nothing\r\n", b"a=1", length=3)),
    Shape("Expect: 100-continue", post(FORM + b"Expect: 100-continue\r\n", b"a=1", length=3)),
    # Lengths and chunks
    Shape("a length of letters", post(FORM + b"Content-Length: ten\r\n", b"a=1")),
    Shape("a length below zero", post(FORM + b"Content-Length: -5\r\n", b"a=1")),
    Shape("a length with a plus", post(FORM + b"Content-Length: +3\r\n", b"a=1")),
    Shape("a length of 30 digits", post(FORM + b"Content-Length: " + b"9" * 30 + b"\r\n", b"a=1")),
    Shape("two lengths", post(FORM + b"Content-Length: 3\r\nContent-Length: 30\r\n", b"a=1")),
    Shape("lengths in one", post(FORM + b"Content-Length: 3, 3\r\n", b"a=1")),
    Shape("no length", post(FORM, b"a=1&b=2")),
    Shape("length and chunks, and another request", post(FORM + CHUNKED, b"0\r\n\r\n" + _INNER, length=6)),
    Shape("chunks and length, and another request", post(FORM + b"Content-Length: 4\r\n" + CHUNKED, b"1\r\na\r\n0\r\n\r\n" + _INNER)),
    Shape("chunks twice", post(FORM + CHUNKED + CHUNKED, b"0\r\n\r\n")),
    Shape("chunks, hidden", post(FORM + b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n" + _INNER)),
    Shape("chunks after identity", post(FORM + b"Transfer-Encoding: identity, chunked\r\n", b"0\r\n\r\n")),
    Shape("chunks before gzip", post(FORM + b"Transfer-Encoding: chunked, gzip\r\n", b"0\r\n\r\n")),
    Shape("chunks with a vertical tab", post(FORM + b"Transfer-Encoding:\x0bchunked\r\n", b"0\r\n\r\n" + _INNER)),
    Shape("a chunk size of letters", post(FORM + CHUNKED, b"zz\r\na=1\r\n0\r\n\r\n")),
    Shape("a chunk size below zero", post(FORM + CHUNKED, b"-1\r\na=1\r\n0\r\n\r\n")),
    Shape("a chunk size of 40 digits", post(FORM + CHUNKED, b"f" * 40 + b"\r\na=1\r\n0\r\n\r\n")),
    Shape("a chunk size with 0x", post(FORM + CHUNKED, b"0x3\r\na=1\r\n0\r\n\r\n")),
    Shape("a chunk with an endless extension", post(FORM + CHUNKED, b"3;" + b"x" * 70_000 + b"\r\na=1\r\n0\r\n\r\n")),
    Shape("a chunk longer than it says", post(FORM + CHUNKED, b"1\r\na=1&b=2\r\n0\r\n\r\n")),
    Shape("chunks of one byte", post(FORM + CHUNKED, b"1\r\na\r\n" * 3_000 + b"0\r\n\r\n")),
    Shape("a chunk and no end", post(FORM + CHUNKED, b"3\r\na=1\r\n")),
    Shape("trailers", post(FORM + CHUNKED, b"3\r\na=1\r\n0\r\nContent-Length: 9\r\nHost: evil\r\n\r\n")),
    Shape("two requests at once", get(b"/sign-in") + get(b"/sign-in")),
    Shape("a request behind a body", form(b"a=1") + b"GARBAGE /\x00 HTTP/1.1\r\n\r\n"),
    # Forms
    Shape("5,000 parts", parts(5_000)),
    Shape("a part with 70,000 bytes of headers", parts(1, b"H: " + b"h" * 70_000 + b"\r\n\r\n1\r\n")),
    Shape("a part without a name", parts(3, b"Content-Disposition: form-data\r\n\r\n1\r\n")),
    Shape("a part of parts", parts(1, b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\n")),
    Shape("a part with NULs", parts(1, b'Content-Disposition: form-data; name="a\x00"; filename="\x00"\r\n\r\n\x00\r\n')),
    Shape("a part in no charset", parts(1, b'Content-Disposition: form-data; name="email"\r\nContent-Type: text/plain; charset=nothing\r\n\r\n\xff\r\n')),
    Shape("parts without an end", post(MULTIPART, b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1', length=50)),
    Shape("a boundary of 9,000 letters", post(b"Content-Type: multipart/form-data; boundary=" + b"x" * 9_000 + b"\r\n", b"--x--", length=5)),
    Shape("5,000 fields", form(b"&".join(b"f%d=1" % n for n in range(5_000)))),
    Shape("100,000 ampersands", form(b"&" * 100_000)),
    Shape("a length of two gigabytes", post(FORM, b"a=1", length=2_000_000_000)),
    # Halves: the client goes, or stays and says nothing more
    *(
        Shape(f"half a request, {len(cut)} bytes{'' if ends else ', and silence'}", cut, ends)
        for cut in (b"G", b"GET /sign-in HTTP/1.1", get(b"/sign-in")[:-2], post(FORM, b"a=", length=500))
        for ends in (True, False)
    ),
)  # fmt: skip
