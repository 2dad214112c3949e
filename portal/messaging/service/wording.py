"""A draft merged, cut into parts and priced for each recipient (S-9, R-1 to R-4)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from portal.contacts.values import ContactRef
from portal.core.phone import is_mms_region
from portal.messaging.errors import EmptyText, TextTooLong
from portal.messaging.rules import rates
from portal.messaging.rules.merge import (
    FIELDS,
    USUAL_FALLBACKS,
    MergeError,
    merge,
    unknown_fields,
)
from portal.messaging.rules.plan import Part
from portal.messaging.values import Draft

LONGEST_TEMPLATE = 8_000  # five parts; longer is a mistake
_PRICES_KEPT = 2_000  # a draft with merge fields has as many texts as people
_PLAIN_FALLBACKS = {name: USUAL_FALLBACKS.get(name, "") for name in FIELDS}


@dataclass(frozen=True, slots=True)
class Worded:
    """One recipient's text, ready to be judged."""

    body: str
    parts: tuple[Part, ...]
    missing: tuple[str, ...]


class Writer:
    """Words one draft for many recipients; what repeats is priced once."""

    def __init__(self, draft: Draft, own_values: Callable[[], Mapping[str, str]]) -> None:
        """Check the draft; `own_values`, of the sender, are read for one with fields alone.

        Raises EmptyText, TextTooLong or MergeError.
        """
        check(draft)
        self._draft = draft
        self._read_own = own_values
        self._fallbacks = (
            {**_PLAIN_FALLBACKS, **draft.fallbacks} if draft.missing == "fallback" else {}
        )
        self._is_plain = "{" not in draft.body and "}" not in draft.body
        self._priced: dict[tuple[str, int, bool], tuple[Part, ...]] = {}

    def word(self, contact: ContactRef, country_code: int, region: str | None) -> Worded:
        """Return the text for one person in one country."""
        body = self._draft.body
        missing: tuple[str, ...] = ()
        if not self._is_plain:
            merged = merge(body, {**contact.merge_values(), **self._own}, fallbacks=self._fallbacks)
            body, missing = merged.body, merged.missing
        takes_media = is_mms_region(region)
        if not takes_media:
            body = self._with_links(body)
        known = (body, country_code, takes_media)
        parts = self._priced.get(known)
        if parts is None:
            parts = self._price(body, country_code, takes_media=takes_media)
            if len(self._priced) < _PRICES_KEPT:
                self._priced[known] = parts
        return Worded(body, parts, missing)

    @cached_property
    def _own(self) -> Mapping[str, str]:
        return self._read_own()

    def _with_links(self, body: str) -> str:
        """Return a text as it goes where no picture is delivered: with links to the files (R-3)."""
        pages = [m.page for m in self._draft.media if m.page]
        return "\n".join([*([body.rstrip()] if body.strip() else []), *pages]) if pages else body

    def _price(self, body: str, country_code: int, *, takes_media: bool) -> tuple[Part, ...]:
        media = len(self._draft.media) if takes_media else 0  # elsewhere it goes as SMS
        parts = []
        for place, piece in enumerate(rates.split_parts(body) or [""]):
            count = media if place == 0 else 0  # media goes with part 1
            reckoned = rates.reckon(piece, country_code, count)
            counted = reckoned.counted
            parts.append(
                Part(
                    piece,
                    counted.encoding if counted else "GSM-7",
                    counted.segments if counted and not count else 1,
                    reckoned.credits,
                    count,
                )
            )
        return tuple(parts)


def check(draft: Draft) -> None:
    """Refuse a draft that can't be worded. Raises EmptyText, TextTooLong or MergeError."""
    if not draft.body.strip() and not draft.media:
        raise EmptyText
    if len(draft.body) > LONGEST_TEMPLATE:
        raise TextTooLong(len(draft.body), LONGEST_TEMPLATE)
    unknown = unknown_fields(draft.body)
    if unknown:
        name = unknown[0]
        raise MergeError(
            f"nothing is called {{{name}}}. Choose a field from the list.",
            draft.body.index("{" + name) + 1 if "{" + name in draft.body else 1,
        )
