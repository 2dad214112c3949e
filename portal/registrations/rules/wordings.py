"""The carriers' choices in words, and what a draft begins with."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from portal.registrations.values import Details

LLC: Final = "Limited Liability Corporation"
CORPORATION: Final = "Corporation"
PARTNERSHIP: Final = "Partnership"
LLP: Final = "Limited Liability Partnership"
CO_OP: Final = "Co-operative"
NONPROFIT: Final = "Non-profit Corporation"
# Twilio's words, and ours.
KIND_WORDS: Final = {
    LLC: "Limited liability company (LLC)",
    CORPORATION: "Corporation",
    PARTNERSHIP: "Partnership",
    LLP: "Limited liability partnership (LLP)",
    CO_OP: "Co-operative",
    NONPROFIT: "Nonprofit corporation",
}
SUFFIXED: Final = {LLC: "LLC", CORPORATION: "Inc. or Corp.", LLP: "LLP"}
_SUFFIXES: Final = (
    (re.compile(r"\b(l\.?l\.?c\.?|limited liability company)\s*$", re.IGNORECASE), LLC),
    (re.compile(r"\b(l\.?l\.?p\.?)\s*$", re.IGNORECASE), LLP),
    (re.compile(r"\b(inc\.?|incorporated|corp\.?|corporation)\s*$", re.IGNORECASE), CORPORATION),
)
POSITIONS: Final = ("Director", "GM", "VP", "CEO", "CFO", "General Counsel", "Other")
USE_CASES: Final = {
    "LOW_VOLUME": "Low volume, mixed",
    "MIXED": "Mixed",
    "MARKETING": "Marketing",
    "CUSTOMER_CARE": "Customer care",
    "ACCOUNT_NOTIFICATION": "Notifications",
    "AGENTS_FRANCHISES": "Agents and franchises (each agent a number; takes longer)",
}
# What a toll-free number is verified for, by the use case.
TOLL_FREE_CATEGORIES: Final = {
    "LOW_VOLUME": ("MARKETING", "CUSTOMER_CARE"),
    "MIXED": ("MARKETING", "CUSTOMER_CARE"),
    "MARKETING": ("MARKETING",),
    "CUSTOMER_CARE": ("CUSTOMER_CARE",),
    "ACCOUNT_NOTIFICATION": ("ACCOUNT_NOTIFICATIONS",),
    "AGENTS_FRANCHISES": ("MARKETING", "CUSTOMER_CARE"),
}
VOLUMES: Final = ("10", "100", "1,000", "10,000", "100,000", "250,000", "500,000", "750,000", "1,000,000")  # fmt: skip
TIERS: Final = {
    "low": "Low volume: up to 2,000 segments a day at T-Mobile, approved sooner",
    "standard": "Standard: vetted for a score, which decides how much may be sent a day",
}


def suffix_of(name: str) -> str | None:
    """Return the kind of business that a legal name ends with, if it does."""
    return next((kind for pattern, kind in _SUFFIXES if pattern.search(name.strip())), None)


def first_draft(
    *,
    organization: str,
    sender: str,
    domains: Sequence[str],
    name: str,
    email: str,
) -> Details:
    """Return what a registration begins with, from what the organization is known by."""
    first, _, last = name.partition(" ")
    brand = sender or organization
    return Details(
        legal_name=organization,
        business_kind=suffix_of(organization) or LLC,
        website=f"https://{domains[0]}" if domains else "",
        first_name=first,
        last_name=last,
        email=email,
        use_case="LOW_VOLUME",
        description=(
            f"{brand} is a real-estate brokerage. Its agents text people who signed up for it: "
            "new listings, open houses, showing times and answers to what they ask."
        ),
        sample_1=(
            f"{brand}: a new listing that fits your search, 418 Alder Ct, 3 bd, open on Sunday "
            "1-3 pm. Reply STOP to opt out."
        ),
        sample_2=f"{brand}: your showing at [address] is confirmed for [day] at [time].",
        opt_in_message=(
            f"{brand}: you are signed up for texts. Message frequency varies. Message and data "
            "rates may apply. Reply HELP for help, STOP to opt out."
        ),
        opt_out_message=f"{brand}: you are opted out and will get no more texts from us.",
        help_message=f"{brand}: reply to this text or visit our website. Reply STOP to opt out.",
        volume="1,000",
    )


def with_form(
    details: Details,
    *,
    form_id: str,
    url: str,
    title: str,
    sender: str,
    sender_address: str,
    disclosure: str,
    privacy_url: str,
    terms_url: str,
    image_url: str,
) -> Details:
    """Return a draft with what a published opt-in form says (N-5)."""
    words = " ".join(disclosure.split())
    flow = (
        f"People sign up on the web form “{title}” of {sender} at {url}. It is open to everybody. They enter "
        "their phone number and tick a box of its own, which is not ticked beforehand and not required for "
        f"anything else. Beside the box stands: “{words}” Links to the privacy policy ({privacy_url}) and the "
        f"terms ({terms_url}) stand there, too."
    )
    street, city, state, postal_code = _address(sender_address)
    return replace(
        details,
        form_id=form_id,
        opt_in_url=url,
        message_flow=flow[:2048],
        privacy_url=privacy_url,
        terms_url=terms_url,
        image_url=image_url,
        street=details.street or street,
        city=details.city or city,
        state=details.state or state,
        postal_code=details.postal_code or postal_code,
    )


def _address(text: str) -> tuple[str, str, str, str]:
    """Return street, city, state and ZIP code of an address in one line, as far as they stand there."""
    found = re.fullmatch(r"(.+?),\s*([^,]+),\s*([A-Z]{2})\s*(\d{5}(?:-\d{4})?)?", text.strip())
    return (found[1], found[2], found[3], found[4] or "") if found else (text.strip(), "", "", "")
