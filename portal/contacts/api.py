"""The address book by API: add one person, or merge them into the one they are."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final
from uuid import UUID

from flask import Blueprint

from portal.contacts.errors import NobodyNamed, NumberRefused, SourceRefused
from portal.contacts.rules.people import EARLIEST, MAX_TAG, MAX_TAGS
from portal.contacts.service import happenings
from portal.contacts.service.book import MAX_NUMBERS
from portal.contacts.service.joining import join_contact
from portal.contacts.values import (
    ConsentSource,
    ContactDetails,
    ContactRef,
    Language,
    NewNumber,
)
from portal.core.access import Scope
from portal.core.errors import BadInput, DomainError
from portal.integrations.api.operations import Answer, Call, Operation, Returns, operation
from portal.integrations.api.problems import PROBLEM, Problem, body_of, of_rule
from portal.integrations.rules.shapes import (
    Choice,
    Fault,
    Flag,
    ListOf,
    Maybe,
    Text,
    Thing,
    identifier,
)

bp = Blueprint("contacts_api", __name__)

_ID: Final = "5f0c9d3e-6b1a-4e0f-9a52-0c6de9a1b7f4"
_TEXTS: Final[Mapping[str, Text]] = {
    "first_name": Text("First name.", 100),
    "last_name": Text("Last name.", 100),
    "email": Text("E-mail address.", 254),
    "street": Text("Street and house number.", 200),
    "city": Text("City.", 100),
    "state": Text("State, as two letters or a name: quiet hours depend on it.", 50),
    "zip": Text("ZIP code.", 20),
    "lead_source": Text("Where the lead came from.", 100),
}
NEW_NUMBER: Final = Thing(
    "NewNumber",
    "A phone number of the person.",
    {
        "number": Text("With area code; from abroad with + and country code.", 100, least=1),
        "label": Text("What it is called, like Mobile.", 40),
        "is_preferred": Flag("true: texts go here. Else the first that can be texted is taken."),
    },
    optional=frozenset({"label", "is_preferred"}),
)
NEW_CONTACT: Final = Thing(
    "NewContact",
    "A person. A phone number or an e-mail address is needed.",
    {
        **_TEXTS,
        "numbers": ListOf("Phone numbers.", NEW_NUMBER, MAX_NUMBERS),
        "language": Choice("The language of notices.", tuple(Language), default=Language.EN),
        "known_since": Text(
            "The day the person became known.",
            10,
            form=r"\d{4}-\d\d-\d\d",
            form_words="Send a day like 2026-03-02.",
            format="date",
        ),
        "tags": ListOf("Tags to add.", Text("A tag.", MAX_TAG, least=1), MAX_TAGS),
        "plan_id": identifier(
            "A SmartPlan of the account to enrol the person in, for keys with the scope "
            "messages:send. Who was in it once is not put into it again."
        ),
        "consent_source": Choice(
            "Where the person agreed to be texted (K-7); who comes from a bought list, public "
            "records or a third party is refused. This is no consent record.",
            tuple(ConsentSource),
        ),
    },
    optional=frozenset({*_TEXTS, "numbers", "language", "known_since", "tags", "plan_id"}),
    parts=(NEW_NUMBER,),
)
CONTACT_NUMBER: Final = Thing(
    "ContactNumber",
    "A phone number of a contact.",
    {
        "number": Maybe(Text("E.164; null where none could be read.", 16)),
        "label": Text("What it is called.", 40),
        "is_preferred": Flag("Texts go here."),
        "problem": Maybe(Text("Why it can't be texted.", 200)),
    },
)
CONTACT: Final = Thing(
    "Contact",
    "The person as the address book has them now.",
    {
        "id": identifier("The contact's id."),
        "created": Flag("false: merged into somebody who was there."),
        "first_name": Text("First name.", 100),
        "last_name": Text("Last name.", 100),
        "email": Text("E-mail address.", 254),
        "numbers": ListOf(
            "Phone numbers, the one texts go to first.",
            CONTACT_NUMBER,
            100,
        ),
        "tags": ListOf("Tags.", Text("A tag.", MAX_TAG), 1000),
    },
    parts=(CONTACT_NUMBER,),
)
_EXAMPLE: Final = {
    "id": _ID,
    "created": True,
    "first_name": "Carol",
    "last_name": "Diaz",
    "email": "",
    "numbers": [
        {"number": "+13125550142", "label": "Mobile", "is_preferred": True, "problem": None}
    ],
    "tags": ["open house"],
}


@operation(
    bp,
    Operation(
        "POST",
        "/contacts",
        Scope.WRITE_CONTACTS,
        "add_contact",
        "Add a contact",
        "Somebody with the same number, or the same e-mail address, is merged: what is known "
        "stays, what is empty is filled, numbers and tags are added, another name is kept as a "
        "note. Adds no consent: that is recorded by POST /api/v1/consents, or in the portal.",
        (
            Returns(201, "Added.", CONTACT, _EXAMPLE),
            Returns(200, "Merged.", CONTACT, {**_EXAMPLE, "created": False}),
            Returns(
                422,
                "Refused: where the person comes from, or what can't be read.",
                PROBLEM,
                body_of(
                    422,
                    "number_refused",
                    "55 is not a phone number: it has too few digits.",
                    fields=[
                        {
                            "field": "numbers/0/number",
                            "detail": "55 is not a phone number: it has too few digits.",
                        }
                    ],
                ),
            ),
        ),
        request=NEW_CONTACT,
        example={
            "first_name": "Carol",
            "last_name": "Diaz",
            "numbers": [{"number": "(312) 555-0142", "label": "Mobile"}],
            "tags": ["open house"],
            "consent_source": "none_yet",
        },
    ),
)
def add_contact(call: Call) -> Answer:
    """Add or merge one person."""
    if wished := call.body.get("plan_id"):
        call.check_scope(Scope.SEND_MESSAGES)  # a plan texts whoever is in it
    details = _details(call.body)
    source = ConsentSource(call.body["consent_source"])
    try:
        contact, is_new = join_contact(call.account.tenant, details, source, actor=call.actor)
    except NumberRefused as error:
        raise _refused(error, f"numbers/{error.place}/number") from error
    except SourceRefused as error:
        raise _refused(error, "consent_source") from error
    except NobodyNamed as error:
        raise _refused(error, "numbers") from error
    except BadInput as error:  # the one thing a person's details can have wrong besides
        raise _refused(error, "email") from error
    if wished:
        try:
            happenings.PLAN_WISHED.tell(call.account.tenant, UUID(wished), contact.id, call.actor)
        except DomainError as error:  # it is not there, or out of use
            raise _refused(error, "plan_id") from error
    return Answer(201 if is_new else 200, _shown(contact, is_new=is_new))


def _refused(error: DomainError, place: str) -> Problem:
    problem = of_rule(error, place)
    return Problem(422, problem.code, problem.detail, problem.faults)


def _no_day(detail: str) -> Problem:
    fault = Fault("known_since", detail)
    return Problem(400, "bad_request", f"known_since: {detail}", [fault])


def _details(body: Mapping[str, Any]) -> ContactDetails:
    day = body.get("known_since")
    try:
        known_since = date.fromisoformat(day) if day else None
    except ValueError as error:
        raise _no_day("There is no such day.") from error
    if known_since is not None and known_since.year < EARLIEST:
        raise _no_day(f"Send a year from {EARLIEST} on.")
    return ContactDetails(
        **{name: body.get(name, "") for name in _TEXTS},
        language=Language(body.get("language", Language.EN)),
        known_since=known_since,
        tags=tuple(body.get("tags", ())),
        numbers=tuple(
            NewNumber(n["number"], n.get("label", ""), n.get("is_preferred", False))
            for n in body.get("numbers", ())
        ),
    )


def _shown(contact: ContactRef, *, is_new: bool) -> dict[str, Any]:
    return {
        "id": str(contact.id),
        "created": is_new,
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "email": contact.email,
        "numbers": [
            {
                "number": number.e164,
                "label": number.label,
                "is_preferred": number.is_preferred,
                "problem": number.why or None,
            }
            for number in contact.numbers
        ],
        "tags": list(contact.tags),
    }
