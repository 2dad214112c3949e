"""What stands behind each reason of the gates: why there is such a rule, and where it is mended (S-2, M-5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from portal.consent.rules import HELD
from portal.dnc.rules import verdict as call_lists
from portal.messaging.rules import holding, price
from portal.messaging.rules.brand import BRAND_SEGMENTS
from portal.messaging.rules.frequency import CAP
from portal.messaging.rules.hours import CODES as HOURS
from portal.messaging.rules.hours import FIX

OLD_OPT_OUTS: Final = "old_opt_outs"
LINT: Final = "lint_blocked"
BULK_PAUSED: Final = "bulk_paused"
GONE_BEFORE: Final = "gone_before_restore"
_SETTINGS: Final = "texting_accounts.settings"
_ASKED: Final = ("consent.index", "Record consent")
_BOOK: Final = "contacts.index"

# Where each reason is mended: an endpoint that takes account_id, and its label.
FIXES: Final[Mapping[str, tuple[str, str]]] = {
    "account_inactive": (_SETTINGS, "Open the account's settings"),
    "account_closed": (_SETTINGS, "Open the account's settings"),
    "account_suspended": ("compliance.restriction", "See what to do"),
    BULK_PAUSED: ("compliance.restriction", "See why, and who lets them go on"),
    "no_subscription": ("billing.marketplace", "Choose a plan"),
    price.CREDITS: price.FIX,
    price.SHARE: price.SHARE_FIX,
    "no_number": ("numbers.search", "Set up a number"),
    "number_unregistered": ("numbers.index", "See the registration"),
    "invalid_number": (_BOOK, "Correct the number"),
    "unreachable": (_BOOK, "Add another number"),
    "duplicate": (_BOOK, "See your contacts"),
    "region_blocked": ("messaging.countries", "Switch the country on"),
    "daily_country": ("messaging.countries", "See the countries"),
    "opted_out": ("consent.index", "See what they said"),
    "org_opted_out": ("consent.index", "See what they said"),
    OLD_OPT_OUTS: ("messaging.opt_out_imports", "Settle the old tool's opt-outs"),
    HELD: holding.FIX,
    "do_not_contact": ("consent.do_not_contact", "See the list"),
    call_lists.LISTED: ("dnc.number", "See what exempts them"),
    call_lists.UNCHECKED: ("dnc.number", "Confirm a check by hand"),
    "consent_missing": _ASKED,
    "consent_insufficient": _ASKED,
    "consent_expired": _ASKED,
    "consent_not_valid": _ASKED,
    "consent_kind": ("consent.index", "See what they agreed to"),
    "missing_value": (_BOOK, "Fill it in"),
    "daily_recipients": (_SETTINGS, "See the limits"),
    "daily_segments": (_SETTINGS, "See the limits"),
    **dict.fromkeys(HOURS | {CAP}, FIX),
}


@dataclass(frozen=True, slots=True)
class Source:
    """Why a rule is there, for people, and where that stands."""

    why: str
    citation: str


_REVOKED: Final = "47 CFR 64.1200(a)(10); CTIA Messaging Principles 5.1.3"
_LISTS: Final = Source(
    "Numbers on a national or state registry get no telephone solicitation, and the FCC counts texts. "
    "Consent in writing exempts, and so does a business relationship: 18 months after a transaction, "
    "3 after an inquiry. A list counts for 31 days.",
    f"{call_lists.CITATION}, (e), (f)(5)",
)
_CONSENT: Final = Source(
    "Carriers treat every text of a business as application traffic and ask for the person's consent; "
    "marketing needs it in writing, an answer does not. A contact in a book is not consent.",
    "47 CFR 64.1200(f)(9); CTIA Messaging Principles 5.1; Twilio Messaging Policy",
)
_LIMITS: Final = Source(
    "Carriers filter numbers whose volume jumps, and cap what a brand may send in a day. Whoever wrote "
    "within 24 hours is no new person, and a tenth of the segments is kept for replies.",
    "Carriers' daily caps by trust score; your team leads and officers set the limit",
)
_UNDELIVERABLE: Final = Source(
    "A text the carrier can't deliver counts as an error, and many errors get an account suspended.",
    "Twilio error codes 21211, 21614, 30005 and 30006",
)
_ABROAD: Final = Source(
    "Texts abroad cost more and are what thieves of access send, so a team lead switches each country "
    "on, for so many texts a day.",
    "Your organization's policy",
)
_WINDOW: Final = Source(
    "No solicitation before 8:00 and after 21:00 of the person's clock. States have narrower hours and "
    "days of their own; where the state is not known, the strictest holds.",
    "47 CFR 64.1200(c)(1), (e); the law of the person's state",
)
_OPTED_OUT: Final = Source(
    "A person may end consent by any reasonable means, and nobody here can undo it: only their own act "
    "can. A marketing opt-out ends marketing from the whole organization.",
    _REVOKED,
)

SOURCES: Final[Mapping[str, Source]] = {
    **dict.fromkeys(
        ("account_inactive", "account_closed"),
        Source(
            "Nothing leaves an account that was paused or closed. What waits goes on in its order once "
            "the account is resumed.",
            "The decision of whoever paused or closed it, in the audit log",
        ),
    ),
    "account_suspended": Source(
        "The carrier refuses what a suspended account sends, and trying on makes it worse.",
        "Twilio Messaging Policy",
    ),
    BULK_PAUSED: Source(
        "Carriers suspend an account whose opt-outs or errors are high, and then nobody can be answered. "
        "So texts to many people wait until somebody has found the cause, and answers go on.",
        "Your organization's thresholds of health; Twilio Messaging Policy",
    ),
    "traffic_stopped": Source(
        "Opt-outs and errors mostly come from one list, one text or one number. What is like it waits "
        "until somebody has looked, so that the rest may go on.",
        "The decision of whoever stopped it, in the audit log",
    ),
    "no_subscription": Source("A text costs credits, which come with a plan.", "Your plan's terms"),
    price.CREDITS: Source(
        "A text sets its credits aside when it is queued, so that what was shown is what is charged. A "
        "send goes whole or not at all.",
        "Your plan's terms",
    ),
    price.SHARE: Source(
        "People share the credits of this account. A team lead set how many of them each may use a "
        "month, so that one send does not take what the others need.",
        "The cap your team lead set",
    ),
    "no_number": Source(
        "A text leaves from a number of its account, which people can answer and stop.",
        "CTIA Messaging Principles 5.4",
    ),
    "number_unregistered": Source(
        "US carriers block numbers whose brand and campaign, or toll-free use, they do not know.",
        "Carriers' rules for A2P 10DLC and toll-free numbers",
    ),
    "records_in_doubt": Source(
        "After a restore, texts that left and STOPs that came may be missing here. Sending before that is "
        "known could text somebody twice, or after a STOP.",
        _REVOKED,
    ),
    GONE_BEFORE: Source(
        "A restored backup does not know which steps of a plan were taken since, and would take them "
        "again. The carrier's list tells which words went to whom.",
        "The carrier's list, read after the restore",
    ),
    "catching_up": Source(
        "A STOP may be among the texts that came in while the portal was away.", _REVOKED
    ),
    "blocked_actor": Source(
        "Whoever confirms a text answers for it. Who may no longer send leaves it to somebody who may.",
        "Your organization's roles",
    ),
    **dict.fromkeys(("invalid_number", "unreachable"), _UNDELIVERABLE),
    "duplicate": Source(
        "Contacts that share a number are one person's phone, which gets a send once.",
        "Your own list",
    ),
    **dict.fromkeys(("region_blocked", "daily_country"), _ABROAD),
    **dict.fromkeys(("opted_out", "org_opted_out"), _OPTED_OUT),
    HELD: Source(
        "Plain words count like STOP when a reasonable person would understand them so. Texts wait until "
        "somebody has read them; after ten business days it is an opt-out.",
        _REVOKED,
    ),
    OLD_OPT_OUTS: Source(
        "Who opted out in the tool of before opted out of you, not of the tool.", _REVOKED
    ),
    "do_not_contact": Source(
        "Every seller keeps a list of its own of those who asked not to be contacted, and keeps to it "
        "for at least five years.",
        "47 CFR 64.1200(d)",
    ),
    **dict.fromkeys(call_lists.CODES, _LISTS),
    **dict.fromkeys(
        ("consent_missing", "consent_expired", "consent_insufficient", "consent_kind"), _CONSENT
    ),
    "consent_not_valid": Source(
        "People agree to one sender. What they told somebody else, or a list that was bought, is no "
        "consent to you.",
        "CTIA Messaging Principles 5.1.4; Twilio Messaging Policy",
    ),
    "missing_value": Source(
        "A gap where a name should stand reads like spam, which is what people report.",
        "The sender's choice for this text",
    ),
    **dict.fromkeys(("daily_recipients", "daily_segments"), _LIMITS),
    BRAND_SEGMENTS: Source(
        "Carriers let a registered brand send so many segments a day, all accounts together, by its trust "
        "score; the day is that of Pacific time. We stay below it.",
        "T-Mobile brand tiers",
    ),
    **dict.fromkeys(HOURS, _WINDOW),
    CAP: Source(
        "Some states allow a person only so many texts in 24 hours, all numbers of the organization "
        "together. Answers within a day of the person's own text do not count.",
        "The law of the person's state, as on the page Hours",
    ),
    LINT: Source(
        "Carriers block forbidden content and personal data whoever sends them, and fine the sender. An "
        "officer can release words that are harmless where they stand.",
        "Twilio Messaging Policy and its forbidden message categories",
    ),
}


def fix_of(code: str | None) -> tuple[str, str] | None:
    """Return the endpoint and the label of what mends a reason, if anything does."""
    return FIXES.get(code) if code else None
