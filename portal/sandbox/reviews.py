"""How reviews go on: statuses that move over time, and the inputs that are turned down.

One table of magic inputs serves the code, the page and the manual. A registration number (EIN)
decides about its business, a code in square brackets about a campaign or a toll-free number.
"""

import json
import re
import sqlite3
from dataclasses import dataclass

from portal.sandbox import formats
from portal.sandbox.context import carrier

EDIT_WINDOW_S = 7 * 86_400  # a toll-free verification may be edited so long once rejected


@dataclass(frozen=True)
class MagicReview:
    """One input and what a review makes of it."""

    given: str
    where: str
    words: str
    code: int = 0
    feedback: str = ""
    score: int = 0
    is_final: bool = False  # it can't be sent in again

    @property
    def shown(self) -> str:
        """Return the input as the page writes it."""
        return self.given


_FIRST = "registration number"
BUSINESSES: tuple[MagicReview, ...] = (
    MagicReview("10-0000001", _FIRST, "brand fails: number and legal name don't match", feedback="TAX_ID"),
    MagicReview("10-0000002", _FIRST, "brand fails: not known as a nonprofit", feedback="NONPROFIT"),
    MagicReview("10-0000003", _FIRST, "brand fails for another reason", feedback="OTHERS"),
    MagicReview("10-0000004", _FIRST, "brand fails: stock symbol", feedback="STOCK_SYMBOL"),
    MagicReview("10-0000005", _FIRST, "brand is approved, then suspended", feedback="SUSPENDED"),
    MagicReview("10-0000006", _FIRST, "customer profile is rejected", feedback="PROFILE"),
    MagicReview("10-0000080", _FIRST, "brand is approved with the score 80", score=80),
    MagicReview("10-0000060", _FIRST, "brand is approved with the score 60", score=60),
    MagicReview("10-0000010", _FIRST, "brand is approved with the score 10", score=10),
)  # fmt: skip
_CAMPAIGN = "campaign description"
CAMPAIGNS: tuple[MagicReview, ...] = (
    MagicReview("[30885]", _CAMPAIGN, "high risk; not to be sent again", 30885, is_final=True),
    MagicReview("[30886]", _CAMPAIGN, "the description says too little", 30886, "CAMPAIGN_DESCRIPTION"),
    MagicReview("[30889]", _CAMPAIGN, "phone numbers in samples, flag not set", 30889, "HAS_EMBEDDED_PHONE"),
    MagicReview("[30892]", _CAMPAIGN, "a public URL shortener in a sample", 30892, "MESSAGE_SAMPLES"),
    MagicReview("[30893]", _CAMPAIGN, "samples don't fit the use case", 30893, "MESSAGE_SAMPLES"),
    MagicReview("[30896]", _CAMPAIGN, "opt-in information", 30896, "MESSAGE_FLOW"),
    MagicReview("[30897]", _CAMPAIGN, "disallowed content", 30897, "CAMPAIGN_DESCRIPTION", is_final=True),
    MagicReview("[30899]", _CAMPAIGN, "rejected by a carrier", 30899),
    MagicReview("[30900]", _CAMPAIGN, "use case not open to the brand", 30900, "USE_CASE"),
    MagicReview("[30902]", _CAMPAIGN, "rejected by an aggregator", 30902),
    MagicReview("[30908]", _CAMPAIGN, "privacy policy", 30908, "PRIVACY_POLICY_URL"),
    MagicReview("[30909]", _CAMPAIGN, "opt-in can't be verified", 30909, "MESSAGE_FLOW"),
    MagicReview("[30934]", _CAMPAIGN, "terms", 30934, "TERMS_AND_CONDITIONS_URL"),
)  # fmt: skip
_TOLL_FREE = "toll-free use case summary"
TOLL_FREE: tuple[MagicReview, ...] = (
    MagicReview("[30841]", _TOLL_FREE, "opt-in wording unclear", 30841),
    MagicReview("[30863]", _TOLL_FREE, "debt collection; not to be sent again", 30863, is_final=True),
)  # fmt: skip
_MARK = re.compile(r"\[3\d{4}\]")
_BARE = re.compile(r"\D")


def of_business(number: str) -> MagicReview | None:
    """Return what the review makes of a business, by its registration number."""
    digits = _BARE.sub("", number)
    return next((m for m in BUSINESSES if _BARE.sub("", m.given) == digits), None)


def of_words(table: tuple[MagicReview, ...], words: str) -> MagicReview | None:
    """Return what the review makes of a text, by the code in brackets that stands in it."""
    found = _MARK.search(words)
    return next((m for m in table if found and m.given == found[0]), None)


def due(now: float) -> float:
    """Return when a review that begins now is over."""
    return now + carrier().knobs.number("review_seconds")


def status(row: sqlite3.Row, steps: tuple[str, str], good: str, bad: str) -> str:
    """Return where a review stands now: two steps while it lasts, then its end."""
    now = formats.now()
    if now < row["due"]:
        middle = (row["submitted"] + row["due"]) / 2
        return steps[0] if now < middle else steps[1]
    return bad if json.loads(row["verdict"] or "{}").get("is_bad") else good


def verdict(magic: MagicReview | None, *, is_bad: bool) -> str:
    """Return what a row keeps of the end of its review."""
    if magic is None:
        return json.dumps({"is_bad": is_bad})
    kept = {"code": magic.code, "feedback": magic.feedback, "words": magic.words}
    return json.dumps(kept | {"is_bad": is_bad, "score": magic.score, "is_final": magic.is_final})
