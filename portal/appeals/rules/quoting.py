"""Where a text quotes a phone number, however it is written (C-10)."""

import re
from typing import Final

from portal.core.erasing import ERASED

_BETWEEN: Final = r"[\s().\-/\u00a0\u2010-\u2014]*"  # what people write between digits


def without(text: str, e164: str) -> str:
    """Return a text with a number of E.164 taken out of it, as often as it stands there.

    A number of the North American plan is found without its country code, too. A longer row of
    digits that holds it is another number, and stays.
    """
    return _pattern(e164).sub(ERASED, text) if text else text


def _pattern(e164: str) -> re.Pattern[str]:
    digits = e164.removeprefix("+")
    if digits.startswith("1") and len(digits) == 11:
        area, rest = digits[1:4], _BETWEEN.join(digits[4:])
        code = rf"(?:\+?1{_BETWEEN})?(?:\({area}\)|{area}){_BETWEEN}"
    else:
        code, rest = r"(?:\+|00)?", _BETWEEN.join(digits)
    return re.compile(rf"(?<![\d+]){code}{rest}(?!\d)")
