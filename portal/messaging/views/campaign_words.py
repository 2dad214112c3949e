"""What a campaign page says: states in words, shares of the bar, why each text is where it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from portal.messaging.rules.gates import OPTED_OUT
from portal.messaging.values import (
    ACCEPTED_FAMILY,
    CANCELABLE,
    IN_DOUBT,
    RECEIPT_WITHIN,
    CampaignRef,
    CampaignState,
    State,
    TextView,
)

SENT: Final = frozenset({State.ACCEPTED, State.SENT})
UNDER_WAY: Final = frozenset({State.QUEUED, State.CLAIMED}) | IN_DOUBT
FAILED: Final = frozenset({State.UNDELIVERED, State.FAILED, State.REJECTED, State.EXPIRED})
_RECEIPTS_COME_WITHIN: Final = timedelta(hours=1)
_AGAIN_FAMILIES: Final = frozenset({"transient", "account", "unknown"})

# The views of the recipients' table: which states each shows.
TABS: Final[Mapping[str, tuple[str, frozenset[State] | None]]] = {
    "": ("All", None),
    "delivered": ("Delivered", frozenset({State.DELIVERED})),
    "sent": ("Sent", SENT),
    "waiting": ("Waiting", UNDER_WAY),
    "held": ("Held", frozenset({State.HELD})),
    "blocked": ("Blocked", frozenset({State.BLOCKED})),
    "failed": ("Failed", FAILED),
    "unconfirmed": ("Not confirmed", frozenset({State.UNCONFIRMED})),
    "canceled": ("Canceled", frozenset({State.CANCELED})),
}
_PILLS: Final[Mapping[State, str]] = {
    State.QUEUED: "queued",
    State.CLAIMED: "queued",
    State.SUBMITTING: "live",
    State.UNKNOWN: "held",
    State.HELD: "held",
    State.ACCEPTED: "sent",
    State.SENT: "sent",
    State.DELIVERED: "delivered",
    State.UNDELIVERED: "failed",
    State.FAILED: "failed",
    State.REJECTED: "failed",
    State.EXPIRED: "failed",
    State.BLOCKED: "blocked",
    State.UNCONFIRMED: "held",
    State.CANCELED: "plain",
}
_SHORT: Final[Mapping[State, str]] = {
    State.UNKNOWN: "Checking",
    State.ACCEPTED: "Accepted",
    State.REJECTED: "Refused",
    State.UNCONFIRMED: "Not confirmed",
    State.EXPIRED: "Gave up",
}
_SENTENCES: Final[Mapping[State, str]] = {
    State.QUEUED: "Waiting for its turn.",
    State.CLAIMED: "Next in line.",
    State.SUBMITTING: "Being handed to the carrier right now.",
    State.UNKNOWN: (
        "The carrier did not answer, so it may have left. We look for it in the carrier's records "
        "for a day and never send it twice. Until then its credits are only set aside."
    ),
    State.HELD: "Kept back for now.",
    State.ACCEPTED: "The carrier has it.",
    State.SENT: "On its way to the phone.",
    State.DELIVERED: "Reached the phone.",
    State.UNDELIVERED: "It did not reach the phone.",
    State.FAILED: "It failed on the way.",
    State.REJECTED: "The carrier refused it. Not charged.",
    State.EXPIRED: "The carrier could not be reached in time. Not charged.",
    State.BLOCKED: "Left out.",
    State.CANCELED: "Canceled before it left. Not charged.",
    State.UNCONFIRMED: ("No trace of it was found for a day. It is not charged."),
}
_ONLY_IF_HARMLESS: Final = (
    "The person may have it all the same: send it again only if a second copy does no harm."
)
_NO_RECEIPT: Final = (
    "The carrier took it and never said whether it arrived. It was charged. Some phones and "
    "carriers send no receipt, so most such texts did arrive; ask the person if it matters."
)
_BAR: Final[tuple[tuple[str, str, frozenset[State]], ...]] = (
    ("ok", "delivered", frozenset({State.DELIVERED})),
    ("accent", "sent", SENT),
    ("quiet", "waiting", UNDER_WAY),
    ("warn", "held", frozenset({State.HELD})),
    ("bad", "failed", FAILED),
    ("bad", "blocked", frozenset({State.BLOCKED})),
    ("warn", "not confirmed", frozenset({State.UNCONFIRMED})),
    ("quiet", "canceled", frozenset({State.CANCELED})),
)


@dataclass(frozen=True, slots=True)
class Share:
    """One part of the outcome bar."""

    kind: str
    label: str
    count: int
    start: float
    percent: float


def pill_of(campaign: CampaignRef, now: datetime) -> tuple[str, str]:
    """Return the state of a campaign as a pill: its kind and its word."""
    if campaign.state is CampaignState.CANCELED:
        return "plain", "Canceled"
    if campaign.state is CampaignState.PAUSED:
        return "held", "Paused"
    if campaign.count(State.QUEUED, State.CLAIMED):
        is_later = campaign.scheduled_at is not None and campaign.scheduled_at > now
        return ("queued", "Scheduled") if is_later else ("live", "Sending")
    if campaign.count(*IN_DOUBT):
        return "live", "Checking"
    if campaign.count(State.HELD):
        return "held", "Held"
    if campaign.total and campaign.count(State.BLOCKED) == campaign.total:
        return "blocked", "Blocked"
    return "delivered", "Done"


def poll_every(campaign: CampaignRef, now: datetime) -> int | None:
    """Return after how many seconds to look again; None when nothing moves by itself soon."""
    starts = campaign.scheduled_at or campaign.created_at
    if campaign.count(State.QUEUED, State.CLAIMED, State.SUBMITTING):
        return 30 if starts > now + timedelta(minutes=2) else 2
    pending = campaign.count(State.UNKNOWN, *SENT)
    return 5 if pending and now - starts < _RECEIPTS_COME_WITHIN else None


def shares(campaign: CampaignRef) -> list[Share]:
    """Return the parts of the outcome bar, empty ones left out."""
    whole, start, found = campaign.total or 1, 0.0, []
    for kind, label, states in _BAR:
        if count := campaign.count(*states):
            percent = count * 100 / whole
            found.append(Share(kind, label, count, round(start, 2), round(percent, 2)))
            start += percent
    return found


def may_be_canceled(campaign: CampaignRef) -> int:
    """Return how many texts a cancel would still stop."""
    return campaign.count(*CANCELABLE)


def handed_over(campaign: CampaignRef) -> int:
    """Return how many texts the carrier has taken."""
    return campaign.count(*ACCEPTED_FAMILY)


def without_receipt(campaign: CampaignRef, now: datetime) -> int:
    """Return how many texts the carrier took and will hardly report on any more."""
    started = campaign.scheduled_at or campaign.created_at
    return campaign.count(*SENT) if now - started > RECEIPT_WITHIN else 0


def text_pill(text: TextView) -> tuple[str, str]:
    """Return the state of one text as a pill."""
    assert text.state is not None  # inbound texts are no recipients
    if text.state is State.BLOCKED and text.reason_code in OPTED_OUT:
        return "out", "Opted out"
    if text.lacks_receipt:
        return "sent", "No receipt"
    return _PILLS[text.state], _SHORT.get(text.state, text.state_label)


def meaning_of(text: TextView) -> str:
    """Return in a sentence or two why a text is where it is, and what to do."""
    assert text.state is not None
    if text.state is State.UNCONFIRMED:
        return f"{text.reason or _SENTENCES[text.state]} {_ONLY_IF_HARMLESS}"
    if text.lacks_receipt:
        return _NO_RECEIPT
    if text.error is not None:
        action = f" {text.error.action}." if text.error.action else ""
        return f"{text.error.code}: {text.error.meaning}.{action}"
    return text.reason or _SENTENCES[text.state]


def may_repeat(text: TextView) -> bool:
    """Say whether to offer sending one text again: not what would only fail again (S-10)."""
    if not text.may_send_again or text.state is State.BLOCKED:
        return False
    return text.error is None or text.error.family in _AGAIN_FAMILIES
