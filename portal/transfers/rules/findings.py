"""What a move would break, in words, from what the old account says of the number (N-2, FACTS 1.7)."""

from dataclasses import dataclass
from uuid import UUID

from portal.core.addresses import parts_of
from portal.gateways.transfers import ServiceUse, TheirNumber
from portal.numbers import rules as number_rules
from portal.transfers.values import Finding, Weight


@dataclass(frozen=True, slots=True)
class Here:
    """What is known of our own side."""

    has_campaign: bool
    held: str | None  # why the number can't be set up here, whatever its old account says


def why_held(holder: UUID | None, organization_id: UUID) -> str | None:
    """Return why a number that is set up here can't be brought over.

    Nobody is told what another organization has.
    """
    if holder is None:
        return None
    if holder == organization_id:
        return "Your brokerage has it here already."
    return "It can't be set up here now. Message support."


def why_not(number: TheirNumber, *, held: str | None) -> str | None:
    """Return why a number can't be brought over; None: it can, as far as the list tells."""
    if held:
        return held
    if number.origin == "hosted":
        return "It is hosted: another carrier has it. Twilio's porting team moves such numbers."
    if (why := number_rules.why_not_for_sale(number.e164)) is not None:
        return why.partition(". ")[0].removesuffix(".") + "."
    if not number.capabilities.sms:
        return "It can't text."
    if number.address_requirements not in {"", "none"}:
        return "Twilio asks for an address of its owner where it goes. Message support."
    return None


def judge(number: TheirNumber, service: ServiceUse | None, here: Here) -> tuple[Finding, ...]:
    """Return everything that stops the move, then what changes by it, then what is good to know."""
    found = [
        *_stopping(number, here),
        *_texts(number, service),
        *_calls(number),
        *_registration(number, service, here),
        Finding(
            "opt_outs",
            Weight.NOTE,
            "Twilio's own list of who texted STOP stays with the old account, and can't be read.",
            "We read the last 400 days of texts to this number and opt out here who stopped. "
            "If your old tool has a list, import it as well.",
        ),
    ]
    order = list(Weight)
    return tuple(sorted(found, key=lambda one: order.index(one.weight)))


def unseen(e164: str, here: Here) -> tuple[Finding, ...]:
    """Return what is to be known of a number in an account that nobody can look into."""
    return (
        Finding(
            "unseen",
            Weight.CHANGE,
            "Without the old account's token we can't see what works with this number today.",
            "Its messaging service, its webhooks for texts and calls, and its 911 address stay "
            "behind. Ask who runs the old tool what uses it.",
        ),
        _redo(e164, here),
        Finding(
            "opt_outs",
            Weight.CHANGE,
            "Who texted STOP to this number can't be read.",
            "Export the opt-outs of the old tool and import them before you text anybody.",
        ),
    )


def is_stopped(findings: tuple[Finding, ...]) -> bool:
    """Say whether the move can't be made."""
    return any(one.weight is Weight.STOP for one in findings)


def host_of(url: str) -> str:
    """Return the host of an address; the rest may hold keys."""
    return parts_of(url).hostname or "another address"


def _stopping(number: TheirNumber, here: Here) -> list[Finding]:
    why = why_not(number, held=here.held)
    return [] if why is None else [Finding("cannot_move", Weight.STOP, why, "Pick another one.")]


def _texts(number: TheirNumber, service: ServiceUse | None) -> list[Finding]:
    found = []
    if service is not None:
        found.append(
            Finding(
                "service",
                Weight.CHANGE,
                f"It leaves the messaging service “{service.name}” of the old account.",
                "What sends through that service no longer sends from this number.",
            )
        )
    if number.sms_application_sid or number.sms_url:
        where = "an application" if number.sms_application_sid else host_of(number.sms_url)
        found.append(
            Finding(
                "sms_webhook",
                Weight.CHANGE,
                f"Texts to it go to {where} today; after the move they come here.",
                "The old tool hears nothing of them any more.",
            )
        )
    if number.status_callback:
        found.append(
            Finding(
                "status_callback",
                Weight.NOTE,
                f"News of its calls goes to {host_of(number.status_callback)}; that ends.",
            )
        )
    return found


def _calls(number: TheirNumber) -> list[Finding]:
    found = []
    if number.voice_url or number.voice_application_sid or number.trunk_sid:
        is_hidden = number.voice_application_sid or number.trunk_sid
        where = "a trunk or an application" if is_hidden else host_of(number.voice_url)
        found.append(
            Finding(
                "voice",
                Weight.CHANGE,
                f"Calls to it are answered by {where} today; after the move callers are told to text.",
                "Set up call forwarding for it once it is here.",
            )
        )
    if number.has_emergency_address:
        found.append(
            Finding(
                "emergency",
                Weight.CHANGE,
                "Its 911 address stays behind.",
                "Register it again if people call 911 from this number.",
            )
        )
    return found


def _registration(number: TheirNumber, service: ServiceUse | None, here: Here) -> list[Finding]:
    is_registered = service is not None and service.has_campaign
    if is_registered or number_rules.is_toll_free(number.e164) or not here.has_campaign:
        return [_redo(number.e164, here)]
    return [Finding("campaign", Weight.NOTE, "It joins your campaign, so it may send at once.")]


def _redo(e164: str, here: Here) -> Finding:
    if number_rules.is_toll_free(e164):
        return Finding(
            "toll_free",
            Weight.CHANGE,
            "A toll-free number's verification does not move with it.",
            "Verify it again under Registration once it is here; until then it can't send.",
        )
    if here.has_campaign:
        return Finding(
            "campaign",
            Weight.CHANGE,
            "Its registration with the old account's campaign ends; it joins yours.",
            "Carriers have to note that first; texts may be filtered until they have.",
        )
    return Finding(
        "campaign",
        Weight.CHANGE,
        "Its registration does not move with it, and your campaign is not approved yet.",
        "It takes texts in at once, but can't send before your registration is approved.",
    )
