"""What the composer says of a text that was sent, or that can't be."""

from typing import Final

from markupsafe import Markup, escape

from portal.billing.errors import NotEnoughCredits
from portal.core.access import me
from portal.core.errors import DomainError
from portal.core.formats import plural, when
from portal.messaging.errors import TextRefused
from portal.messaging.rules import price
from portal.messaging.values import CampaignRef, Gate, Kind
from portal.messaging.views.sheet import Sheet

FIELD_LABELS: Final = (
    ("first_name", "First name"),
    ("last_name", "Last name"),
    ("city", "City"),
    ("agent_name", "Agent"),
    ("agent_phone", "Our number"),
    ("brokerage", "Brokerage"),
    ("full_name", "First and last name"),
    ("agent_first_name", "The agent's first name"),
    ("team", "Team"),
    ("street", "Street"),
    ("state", "State"),
    ("zip", "ZIP code"),
)
NO_REASON: Final = "Say why it can't wait. It stands in the audit log with your name."


def plain(message: str) -> Markup:
    """Return a sentence whose braces no template language would take for its own."""
    return (
        escape(message).replace("{{", Markup("&#123;&#123;")).replace("}}", Markup("&#125;&#125;"))
    )


def gate_of(refusal: DomainError) -> Gate:
    """Return a refusal with its way on (LOOK: every no has a way on)."""
    if isinstance(refusal, TextRefused):
        return refusal.gate
    if isinstance(refusal, NotEnoughCredits):
        short = refusal.needed - max(0, refusal.available)
        sentence = f"{refusal.message} {plural(short, 'credit')} short."
        return Gate(price.CREDITS, sentence, fix_endpoint=price.FIX[0], fix_label=price.FIX[1])
    return Gate(refusal.code, refusal.message)


def said(sheet: Sheet, campaign: CampaignRef, because: str) -> str:
    """Return what the sender reads once a text is queued."""
    if sheet.goes_at is not None and not because:
        at = when(sheet.goes_at, me().timezone).replace("Today", "at")
        return f"Your text goes {at}. You can cancel it until then."
    if campaign.scheduled_at is not None:
        return "Scheduled. You can cancel it until then."
    if sheet.kind is Kind.ONE_TO_ONE:
        return "Your text is on its way."
    return "Sending has begun. You can close this page; it goes on."
