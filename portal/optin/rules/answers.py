"""Reading what a person entered on a form."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from portal.contacts.rules import people
from portal.contacts.rules.cells import tidy
from portal.contacts.rules.numbers import read
from portal.optin.values import Answer, Ask, Content

FIELDS: Final = ("name", "phone", "email", "street", "city", "state", "zip", "custom")
_LONGEST: Final[Mapping[str, int]] = {
    "name": 100, "phone": 40, "email": 254, "street": 200, "city": 100, "state": 40, "zip": 20,
    "custom": 300,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reading:
    """What could be read, and what is wrong: by field, the key of the page's own words."""

    answer: Answer
    problems: Mapping[str, str]


def given_of(posted: Mapping[str, str]) -> dict[str, str]:
    """Return what was typed, tidied; what is too long is kept to be told of."""
    return {name: tidy(posted.get(name, "").replace("\0", ""))[:1_000] for name in FIELDS}


def read_answer(content: Content, given: Mapping[str, str], *, is_ticked: bool) -> Reading:
    """Return a person's entries, and what stands in the way of taking them.

    Without the tick there is no consent, and nothing else is asked for: nothing is kept then.
    """
    asked = _asked(content)
    entered = {name: given.get(name, "") if asked[name] is not Ask.NO else "" for name in FIELDS}
    problems: dict[str, str] = {}
    number = read(entered["phone"])
    for name in FIELDS:
        if len(entered[name]) > _LONGEST[name]:
            problems[name] = "too_long"
        elif not entered[name] and asked[name] is Ask.REQUIRED:
            problems[name] = f"need_{name}"
    if "phone" not in problems and (number.e164 is None or not number.is_textable):
        problems["phone"] = "bad_phone"
    if entered["email"] and not people.is_email(entered["email"]):
        problems["email"] = "bad_email"
    if not is_ticked:
        problems["agree"] = "need_tick"
    first, _, last = entered["name"].partition(" ")
    answer = Answer(
        e164=number.e164 or "",
        first_name=first,
        last_name=last,
        email=entered["email"],
        street=entered["street"],
        city=entered["city"],
        state=people.state_code(entered["state"]),
        zip=entered["zip"],
        custom=entered["custom"],
    )
    return Reading(answer, problems)


def _asked(content: Content) -> Mapping[str, Ask]:
    return {
        "name": content.ask_name,
        "phone": Ask.REQUIRED,
        "email": content.ask_email,
        **dict.fromkeys(("street", "city", "state", "zip"), content.ask_address),
        "custom": content.ask_custom,
    }
