"""Lists as Twilio pages them, in the old and the newer envelope."""

import json
import sqlite3
from collections.abc import Callable, Sequence
from typing import TypeVar
from urllib.parse import urlencode

from flask import Response, request

Row = TypeVar("Row")
_LARGEST = 1000
_DEFAULT = 50


def answer(body: object, status: int = 200) -> Response:
    """Return a JSON answer."""
    return Response(json.dumps(body), status, mimetype="application/json")


def page_size() -> int:
    """Return the page size asked for, within Twilio's bounds."""
    asked = request.args.get("PageSize", "")
    return min(max(int(asked), 1), _LARGEST) if asked.isdigit() else _DEFAULT


def page_number() -> int:
    """Return the page asked for, from 0."""
    asked = request.args.get("Page", "")
    return int(asked) if asked.isdigit() else 0


def _link(prefix: str, page: int, token: str = "") -> str:
    kept = [
        (name, value)
        for name, value in request.args.items(multi=True)
        if name not in {"Page", "PageToken", "PageSize"}
    ]
    kept += [("PageSize", str(page_size())), ("Page", str(page))]
    if token:
        kept.append(("PageToken", token))
    return f"{prefix}?{urlencode(kept)}"


def envelope(key: str, items: Sequence[object], *, next_token: str = "") -> Response:
    """Return one page in the 2010 envelope; next_token names the place to go on from."""
    path = request.path.removeprefix("/api")
    page, start = page_number(), page_number() * page_size()
    back = _link(path, page - 1) if page else None
    return answer(
        {
            "first_page_uri": _link(path, 0),
            "next_page_uri": _link(path, page + 1, next_token) if next_token else None,
            "previous_page_uri": back,
            "page": page,
            "page_size": page_size(),
            "start": start,
            "end": start + max(len(items) - 1, 0),
            "uri": _link(path, page),
            key: list(items),
        }
    )


def sliced(
    key: str, rows: Sequence[sqlite3.Row], shape: Callable[[sqlite3.Row], object]
) -> Response:
    """Return one page of a short list in the 2010 envelope."""
    first = page_number() * page_size()
    more = len(rows) > first + page_size()
    shown = [shape(row) for row in rows[first : first + page_size()]]
    return envelope(key, shown, next_token="PT" if more else "")


def newer(
    key: str,
    rows: Sequence[Row],
    shape: Callable[[Row], object],
    *,
    host: str = "messaging",
) -> Response:
    """Return one page in the envelope of the newer hosts."""
    page, size = page_number(), page_size()
    prefix = f"https://{host}.twilio.com" + request.path.removeprefix(f"/{host}")
    more = len(rows) > (page + 1) * size
    return answer(
        {
            "meta": {
                "key": key,
                "page": page,
                "page_size": size,
                "first_page_url": _link(prefix, 0),
                "previous_page_url": _link(prefix, page - 1) if page else None,
                "next_page_url": _link(prefix, page + 1, "PT") if more else None,
                "url": _link(prefix, page),
            },
            key: [shape(row) for row in rows[page * size : (page + 1) * size]],
        }
    )
