"""A carrier that takes every text after a fixed wait: the other end of the send benches.

`python -m portal.bench.stub_server LATENCY_S [CERTIFICATE]` serves on a free loopback port
and prints it. It is no twin (that is the sandbox): it does as little as it can, so that it is
never what a bench measures. GET /taken tells when it began to get each text.
"""

import asyncio
import json
import ssl
import sys
from time import monotonic
from typing import Any
from urllib.parse import parse_qs

_HEAD = b"\r\n\r\n"
_NOTHING_LISTED = json.dumps({"messages": [], "next_page_uri": None})


class Stub(asyncio.Protocol):
    """One connection: requests one after the other, each answered when its wait is over."""

    def __init__(self, latency_s: float, taken: list[tuple[str, float]]) -> None:
        """Answer after latency_s and note what comes in `taken`."""
        self._latency_s, self._taken = latency_s, taken
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is whole."""
        self._buffer += data
        while (request := self._next()) is not None:
            head, body = request
            if head.startswith(b"GET"):
                ours = head.startswith(b"GET /taken")
                self._answer(200, json.dumps(self._taken) if ours else _NOTHING_LISTED)
                continue
            fields = parse_qs(body.decode())
            self._taken.append((fields["To"][0], monotonic()))
            answer = _message(len(self._taken), fields)
            if self._latency_s:
                asyncio.get_running_loop().call_later(self._latency_s, self._answer, 201, answer)
            else:
                self._answer(201, answer)

    def _next(self) -> tuple[bytes, bytes] | None:
        """Take a request off the buffer; None: it has not come to its end."""
        head, end_of_head, rest = self._buffer.partition(_HEAD)
        if not end_of_head:
            return None
        length = 0
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        if len(rest) < length:
            return None
        self._buffer = rest[length:]
        return head, rest[:length]

    def _answer(self, status: int, body: str) -> None:
        assert self._transport is not None
        payload = body.encode()
        self._transport.write(
            b"HTTP/1.1 %d OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            % (status, len(payload))
            + payload
        )


async def serve(latency_s: float, tls: ssl.SSLContext | None) -> None:
    """Serve until the process is ended."""
    taken: list[tuple[str, float]] = []
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Stub(latency_s, taken), "127.0.0.1", 0, ssl=tls, backlog=128
    )
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


def _message(serial: int, fields: dict[str, list[str]]) -> str:
    """Return the carrier's answer to a text it took."""
    answer: dict[str, Any] = {
        "sid": f"SM{serial:032x}",
        "status": "queued",
        "to": fields["To"][0],
        "from": fields.get("From", [""])[0],
        "body": fields["Body"][0],
        "direction": "outbound-api",
        "num_segments": "1",
        "error_code": None,
    }
    return json.dumps(answer)


def main() -> None:
    """Serve with what the command line says."""
    latency_s, *certificate = sys.argv[1:]
    tls = None
    if certificate:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*certificate)
    asyncio.run(serve(float(latency_s), tls))


if __name__ == "__main__":
    main()
