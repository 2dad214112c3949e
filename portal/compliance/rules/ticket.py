"""The text of a support ticket that asks for a suspension to be lifted (A-2)."""

from collections.abc import Mapping, Sequence
from typing import Final

# Version 1: the questions the vendor's support asks, word for word.
QUESTIONS: Final = (
    "Attach a screenshot of the first text message in the workflow once your leads opt-in:",
    "Please provide the Web URL address around your data collection methods:",
    (
        "Attach a screenshot showing a checkbox to ensure the lead gives consent when filling out the "
        "form:"
    ),
    (
        "Please explain whether you receive direct consent from end-users and/or where end-users are "
        "signing up to agree to receive your communication:"
    ),
    "Confirm that you cease the traffic that is driving the high opt-out and error rates",
    (
        "If your account is suspended because of violations in obtaining and/or maintaining user "
        "consent, you might be asked to provide proof of opt-in for certain phone numbers. Once you "
        "reach out to support we will look at this information with Twilio but be prepared to provide "
        "proof of opt-in for certain phone numbers."
    ),
)
_WEB_ADDRESS, _CEASED = 2, 5


def ticket(addresses: Sequence[str], *, stopped_since: str) -> str:
    """Return the six questions with the answers that are known; a person writes the others.

    Only call it while everything is stopped: the fifth answer says so.
    """
    known: Mapping[int, str] = {
        _WEB_ADDRESS: "\n".join(addresses),
        _CEASED: "Confirmed: nothing has been sent from this account since "
        f"{stopped_since}, and nothing is until the suspension is lifted.",
    }
    return "\n\n".join(
        f"{number}. {question}\n{known.get(number) or '[your answer]'}"
        for number, question in enumerate(QUESTIONS, 1)
    )
