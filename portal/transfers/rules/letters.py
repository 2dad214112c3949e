"""The signed authorisation with which Twilio's support moves a number of an unrelated owner (N-2)."""

from portal.core import phone
from portal.transfers.values import Signature


def statement(e164: str, old_account_sid: str, organization: str) -> str:
    """Return what the owner of the old account signs."""
    return (
        f"I am authorised to act for the Twilio account {old_account_sid}. I ask Twilio to move "
        f"the phone number {phone.show(e164)} ({e164}) out of it to the Twilio account of "
        f"{organization}, which is named in the request."
    )


def request(
    signature: Signature,
    *,
    e164: str,
    old_account_sid: str,
    new_account_sid: str,
    organization: str,
) -> str:
    """Return the request to Twilio's support, to be sent from the old account's owner's address."""
    return "\n".join(
        [
            f"Request to move a phone number between two accounts: {e164}",
            "",
            f"Phone number: {e164}",
            f"Losing account SID: {old_account_sid}",
            f"Gaining account SID: {new_account_sid} ({organization})",
            "",
            statement(e164, old_account_sid, organization),
            "We know that webhooks, messaging services and registrations don't move with it.",
            "",
            f"Signed: {signature.name}, {signature.title}",
            f"E-mail of the old account's owner: {signature.email}",
            f"Date: {signature.signed_at:%Y-%m-%d}",
        ]
    )
