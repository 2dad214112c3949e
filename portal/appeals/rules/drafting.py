"""The words an appeal begins with, from what is known; a person reads and mends them (A-3)."""

from collections.abc import Sequence


def how_people_sign_up(forms: Sequence[tuple[str, str, str]]) -> str:
    """Return part 4 for published forms: name, address and what stands beside the box of each."""
    if not forms:
        return ""
    listed = "\n\n".join(
        f"“{name}”, {url}\nBeside the box it says: {disclosure.strip()}"
        for name, url, disclosure in forms
    )
    many = len(forms) > 1
    return (
        "Consent is direct: each person gives it to us, on "
        f"{'our own forms' if many else 'our own form'}, by ticking an optional box that is not "
        f"ticked beforehand. No number is bought or passed on to us.\n\n{listed}"
    )


def business_reason(approved: Sequence[tuple[str, str]]) -> str:
    """Return the justifications officers accepted for wordings, by name (H-2)."""
    return "\n\n".join(f"{name}: {why.strip()}" for name, why in approved)


def wordings(approved: Sequence[tuple[str, str]]) -> str:
    """Return the approved wordings word for word, by name (H-2)."""
    return "\n\n".join(f"{name}:\n{body.strip()}" for name, body in approved)


def numbers_used(account: str, numbers: Sequence[str]) -> str:
    """Return the numbers texts leave from, and who uses them."""
    return "\n".join(f"{number}, used by {account}" for number in numbers)
