"""Numbers that do not lead here at the carrier, and pointing them here again.

They were pointed when they were bought or moved; a new PUBLIC_URL, or a hand in Twilio's Console,
leads their texts elsewhere, and a STOP with them.
"""

from dataclasses import dataclass
from uuid import UUID

from portal.core import audit
from portal.core.audit import Actor
from portal.core.errors import GatewayError
from portal.gateways import numbers as gateways
from portal.gateways.credentials import CarrierCredentials
from portal.gateways.numbers import Owned
from portal.numbers import queries as numbers
from portal.numbers import rules as number_rules
from portal.numbers import service as number_service
from portal.numbers.errors import CarrierTrouble
from portal.numbers.rules import Doing
from portal.numbers.values import SenderRef
from portal.webhook_checks.values import Stray


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at the carrier's numbers showed, or why there was none."""

    strays: tuple[Stray, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Astray:
    """A number in use that leads elsewhere, and what it takes to point it here."""

    sender: SenderRef
    owned: Owned
    credentials: CarrierCredentials


def look(organization_id: UUID | None) -> Look:
    """Return which of the organization's numbers lead elsewhere; outside any unit of work.

    The installation itself has none. What the carrier does not tell raises nothing.
    """
    if organization_id is None:
        return Look()
    try:
        found = _pairs(organization_id)
    except CarrierTrouble as error:
        return Look(problem=f"{error.trouble.sentence} {error.trouble.cause}".strip())
    return Look(tuple(stray for sender, owned in found if (stray := _stray(sender, owned))))


def astray(organization_id: UUID) -> list[Astray]:
    """Return the numbers that lead elsewhere; outside any unit of work. Raises CarrierTrouble."""
    credentials, ours = numbers.credentials(organization_id), number_service.our_hooks()
    return [
        Astray(sender, owned, credentials)
        for sender, owned in _pairs(organization_id)
        if owned is not None and credentials is not None and owned.hooks != ours
    ]


def point(number: Astray) -> None:
    """Point a number here; outside any unit of work. Raises CarrierTrouble. Safe to repeat."""
    try:
        number_service.point_here(
            gateways.current(), number.credentials, number.owned, name=number.owned.name
        )
    except GatewayError as error:
        raise CarrierTrouble(number_rules.explain(error, Doing.SET_UP)) from error


def note_pointed(sender: SenderRef, *, actor: Actor) -> None:
    """Write down that a number leads here again: before the next is pointed, which may fail."""
    audit.record(
        "webhook-checks:number:point",
        actor=actor,
        organization_id=sender.organization_id,
        account_id=sender.account_id,
        subject_id=sender.id,
        number=sender.e164,
    )


def _pairs(organization_id: UUID) -> list[tuple[SenderRef, Owned | None]]:
    """Return the numbers in use, each with what the carrier says of it.

    A list may be cut, so what it lacks is asked for by itself. Raises CarrierTrouble.
    """
    credentials = numbers.credentials(organization_id)
    senders = numbers.ready_of_organization(organization_id)
    if credentials is None or not senders:
        return []
    gateway = gateways.current()
    try:
        owned = {one.e164: one for one in gateway.list_owned(credentials)}
        for sender in senders:
            if sender.e164 not in owned and sender.carrier_sid is not None:
                found = gateway.fetch_owned(credentials, sender.carrier_sid)
                owned |= {sender.e164: found} if found else {}
    except GatewayError as error:
        raise CarrierTrouble(number_rules.explain(error, Doing.LIST)) from error
    return [(sender, owned.get(sender.e164)) for sender in senders]


def _stray(sender: SenderRef, owned: Owned | None) -> Stray | None:
    if owned is None:
        return Stray(sender.e164, sender.name, None, None, is_missing=True)
    ours, theirs = number_service.our_hooks(), owned.hooks
    if theirs == ours:
        return None
    texts_lead_here = (theirs.sms_url, theirs.sms_override) == (ours.sms_url, "")
    calls_lead_here = (theirs.voice_url, theirs.call_status_url, theirs.voice_override) == (
        ours.voice_url,
        ours.call_status_url,
        "",
    )
    return Stray(
        sender.e164,
        sender.name,
        None if texts_lead_here else _shown(theirs.sms_override or theirs.sms_url),
        None if calls_lead_here else _shown(theirs.voice_override or theirs.voice_url),
        is_missing=False,
    )


def _shown(url: str) -> str:
    """Return where something leads, without how it is retried."""
    return url.partition("#")[0][:200]
