"""What each event of a webhook carries."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from portal.integrations.rules.shapes import (
    Choice,
    Flag,
    ListOf,
    Maybe,
    Text,
    Thing,
    identifier,
    moment,
    number,
)
from portal.integrations.values import Event

_ACCOUNT: Final = identifier("The texting account.")
_ID: Final = "5f0c9d3e-6b1a-4e0f-9a52-0c6de9a1b7f4"


@dataclass(frozen=True, slots=True)
class Told:
    """One kind of event: when it comes, what it carries, and an example."""

    event: Event
    about: str
    data: Thing
    example: Mapping[str, Any]


MESSAGE_RECEIVED: Final = Told(
    Event.MESSAGE_RECEIVED,
    "A person texted one of the account's numbers.",
    Thing(
        "MessageReceived",
        "A text from a person.",
        {
            "account_id": _ACCOUNT,
            "message_id": Text("The carrier's id of the text.", 34),
            "contact_id": identifier("The person in the address book; new people are added."),
            "from": Text("Who wrote: E.164, or a short code.", 16),
            "to": number("The account's number that was texted."),
            "body": Text("What they wrote.", 20_000),
            "media": ListOf("Attachments, by type.", Text("A MIME type.", 100), 20),
            "keyword": Maybe(
                Choice("A keyword that was obeyed.", ("stop", "start", "help", "join"))
            ),
            "received_at": moment("When it reached us."),
        },
    ),
    {
        "account_id": _ID,
        "message_id": "SM" + "0" * 32,
        "contact_id": _ID,
        "from": "+13125550142",
        "to": "+13125550160",
        "body": "Is the house on Elm Street still for sale?",
        "media": [],
        "keyword": None,
        "received_at": "2026-03-02T18:00:00Z",
    },
)

OPT_OUT: Final = Told(
    Event.OPT_OUT,
    "A person opted out, by whatever way: a keyword, the carrier, an entry by staff, a list of old "
    "opt-outs or the log of a number that moved here. Each number is told by itself, once.",
    Thing(
        "OptOut",
        "An opt-out that holds from now on. Nothing but the person's own act undoes it.",
        {
            "account_id": _ACCOUNT,
            "record_id": identifier("The record of it in the consent history."),
            "number": number("Who opted out."),
            "method": Text("How: keyword, carrier, call, email, letter and so on.", 40),
            "opted_out_at": moment("When they said so."),
            "binds_organization": Flag("No account of the organization may send marketing there."),
        },
    ),
    {
        "account_id": _ID,
        "record_id": _ID,
        "number": "+13125550142",
        "method": "keyword",
        "opted_out_at": "2026-03-02T18:00:00Z",
        "binds_organization": True,
    },
)

CONSENT: Final = Told(
    Event.CONSENT,
    "A person agreed to be texted or opted in again, or a consent ended. Rows of an import and "
    "the 90 days that follow a person's own text are not told one by one.",
    Thing(
        "Consent",
        "One entry of the consent history. What stands is asked by GET /api/v1/consents.",
        {
            "account_id": _ACCOUNT,
            "record_id": identifier("The record of it in the consent history."),
            "number": number("Whose consent it is."),
            "event": Choice("What happened.", ("given", "opted_in", "ended")),
            "method": Text("How: hosted_form, api, join_keyword, double_opt_in and so on.", 40),
            "strength": Text("express_written or express where it was given, else none.", 40),
            "kinds": ListOf("What was agreed to.", Text("one_to_one or marketing.", 20), 2),
            "form_name": Text("The form, where there was one.", 200),
            "form_version": Text("Its version.", 40),
            "happened_at": moment("When, as claimed."),
            "recorded_at": moment("When it reached us."),
        },
    ),
    {
        "account_id": _ID,
        "record_id": _ID,
        "number": "+13125550142",
        "event": "given",
        "method": "hosted_form",
        "strength": "express_written",
        "kinds": ["one_to_one", "marketing"],
        "form_name": "Open house sign-up",
        "form_version": "7",
        "happened_at": "2026-03-02T18:00:00Z",
        "recorded_at": "2026-03-02T18:00:00Z",
    },
)

SUSPENSION: Final = Told(
    Event.SUSPENSION,
    "The carrier suspended the account, gave its reason since, or that was lifted.",
    Thing(
        "Suspension",
        "Whether the account may send. While it is suspended, texts wait and are not lost.",
        {
            "account_id": _ACCOUNT,
            "state": Choice("What holds from now on.", ("suspended", "lifted")),
            "cause": Maybe(
                Choice(
                    "The carrier's reason, once it gave one.",
                    (
                        "high_error_rate",
                        "high_opt_out_rate",
                        "consent_violation",
                        "lack_of_sender_identification",
                        "lack_of_opt_out_language",
                        "similar_messages",
                        "provisioning_restriction",
                        "other",
                    ),
                )
            ),
            "reason": Text("In words; for a lift, why it was lifted.", 500),
            "happened_at": moment("When it was learnt or lifted."),
        },
    ),
    {
        "account_id": _ID,
        "state": "suspended",
        "cause": "high_error_rate",
        "reason": "High error rate. Their mail of 2 March, ticket 4711.",
        "happened_at": "2026-03-02T18:00:00Z",
    },
)

TEST: Final = Told(
    Event.TEST,
    "Somebody pressed Send a test event.",
    Thing("TestEvent", "Nothing happened.", {"account_id": _ACCOUNT}),
    {"account_id": _ID},
)

EVENTS: Final = (MESSAGE_RECEIVED, OPT_OUT, CONSENT, SUSPENSION, TEST)
