"""Reading the numbers somebody wants proof for: pasted, or of a file (C-6, A-3)."""

import re
from typing import Final

from portal.contacts.rules.numbers import read
from portal.core import formats
from portal.proofs.errors import NumbersRefused
from portal.proofs.values import MOST_NUMBERS, Asked

_BETWEEN: Final = re.compile(r"[\n\r\t,;|]+")
_QUOTES: Final = " '\"\ufeff"
_FEWEST_DIGITS: Final = 5
_SHOWN: Final = 60


def asked_in(text: str) -> list[Asked]:
    """Return the numbers of a text, each once, in their order; one a line or parted by commas.

    A cell without digits is a heading or a name and is left out; one with digits that is no
    number is kept and will be listed. Raises NumbersRefused for none or too many.
    """
    found: dict[str, Asked] = {}
    for piece in _BETWEEN.split(text):
        written = piece.strip(_QUOTES)
        if sum(c.isdigit() for c in written) < _FEWEST_DIGITS:
            continue
        number = read(written)
        shown = written[:_SHOWN]
        if number.e164 is None:
            found.setdefault(shown, Asked(shown, None, number.why))
        else:
            found.setdefault(number.e164, Asked(shown, number.e164))
        if len(found) > MOST_NUMBERS:
            raise NumbersRefused(
                f"More than {formats.number(MOST_NUMBERS)} numbers: make several bundles of them."
            )
    if not any(asked.e164 for asked in found.values()):
        raise NumbersRefused(
            "There is no phone number in it. Write one a line, with its area code: (312) 555-0142."
        )
    return list(found.values())
