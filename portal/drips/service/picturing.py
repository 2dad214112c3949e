"""The first text of a plan as a picture of a phone (P-2; appeals use it)."""

from datetime import datetime
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Final

from portal.core import glyphs
from portal.core.typesetting import Typesetter

_TEMPLATE: Final = Path(__file__).parents[1] / "data" / "phone.typ"
_one_at_a_time: Final = Lock()


def phone_picture(number: str, body: str, at: datetime) -> bytes:
    """Return a PNG of a phone that shows a text from a number.

    The same words and time give the same picture. The code points of signs its fonts do not hold
    stand below the text (RULINGS 25).
    """
    codes = glyphs.code_points(body).removeprefix(body).strip()
    note = f"Signs without a glyph in this picture: {codes}" if codes else ""
    told = {"number": number, "body": body, "note": note}
    with _one_at_a_time:
        return _setter().draw(told, at)


@cache
def _setter() -> Typesetter:
    return Typesetter(_TEMPLATE)
