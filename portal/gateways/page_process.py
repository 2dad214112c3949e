"""The program that reads one page and ends: it holds no credential and may write no file (C-9).

    python -m portal.gateways.page_process < address

It answers one line of JSON, followed by the page. Its parent gives it an empty environment and
ends it when its time is over, whatever it waits for.
"""

import json
import resource
import sys

from portal.gateways.page_fetch import PageNotRead, fetch

_MEMORY = 512 * 1024 * 1024


def main() -> None:
    """Read the address from standard input, write what became of it to standard output."""
    for limit, most in (
        (resource.RLIMIT_AS, _MEMORY),
        (resource.RLIMIT_CPU, 6),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (most, most))
    url = sys.stdin.buffer.read(10_000).decode("utf-8", "replace")
    try:
        read = fetch(url)
    except PageNotRead as error:
        sys.stdout.write(json.dumps({"problem": str(error)}))
        return
    head = {"url": read.url, "hops": list(read.hops), "charset": read.charset}
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + read.body)


if __name__ == "__main__":
    main()
