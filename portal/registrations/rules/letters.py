"""The request to Twilio's support to look again at a campaign it rejected or stopped (N-5)."""

from portal.registrations.values import RegistrationRef, Rejected, Step


def look_again(known: RegistrationRef, *, account_sid: str | None, service_sid: str | None) -> str:
    """Return the request, with what names the campaign, what was said, and what it is for."""
    said = [f"- {_said(one)}" for one in known.reasons] or ["- Nothing that we could read."]
    return "\n".join(
        [
            "Please look again at our A2P 10DLC campaign.",
            "",
            f"Account SID: {account_sid or 'unknown'}",
            f"Messaging service SID: {service_sid or 'unknown'}",
            f"Brand SID: {known.sids.get(Step.BRAND, 'unknown')}",
            f"Campaign SID: {known.sids.get(Step.CAMPAIGN, 'unknown')}",
            f"Status: {known.carrier_status or 'unknown'}",
            "",
            "What we were told:",
            *said,
            "",
            f"Who we are: {known.details.legal_name}, {known.details.website}",
            f"What we text: {known.details.description}",
            f"How people agree: {known.details.message_flow}",
            "",
            "If something has to change first, please tell us what, and where.",
        ]
    )


def _said(one: Rejected) -> str:
    words = one.said or one.sentence
    return f"{one.code}: {words}" if one.code else words
