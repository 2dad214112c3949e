"""The letter of authorization a person signs here, before Twilio mails its own (N-3)."""

from datetime import date

from portal.core import phone
from portal.porting.values import Details


def letter(e164: str, said: Details, organization: str, day: date | None) -> str:
    """Return what is signed: who lets which number go, from where, and to whom."""
    lines = [said.street, said.street_2, f"{said.city}, {said.state} {said.postal_code}"]
    on = f"{day.day} {day:%B %Y}" if day else "the day below"
    address = ", ".join(line for line in lines if line)
    return (
        f"I, {said.representative}, may make changes to the account of {said.customer_name} "
        f"({said.customer_type.lower()}), {address}. "
        f"I authorize Twilio Inc. to move the number {phone.show(e164)} from its current carrier "
        f"to the account of {organization} at Twilio, not before {on}, and to obtain the "
        "records of the account that this takes. I know that the service at the current carrier "
        "ends for this number once it has moved."
    )


def is_signature_of(typed: str, representative: str) -> bool:
    """Say whether what was typed is the name of whoever the letter names."""
    return bool(typed.strip()) and _bare(typed) == _bare(representative)


def _bare(name: str) -> str:
    return " ".join(name.split()).casefold()
