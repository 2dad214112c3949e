"""What the API takes and answers about consent (C-1): shapes, and examples of them."""

from collections.abc import Mapping
from typing import Any, Final

from portal.consent.values import Checkbox, Event, MessageKind, Method, Strength
from portal.contacts.rules.people import MAX_TAG, MAX_TAGS
from portal.integrations.rules.shapes import (
    Choice,
    Flag,
    ListOf,
    Maybe,
    Shape,
    Text,
    Thing,
    identifier,
    moment,
    number,
)

MAX_BODY_BYTES: Final = 8_000_000
MAX_FILE_BYTES: Final = 5_000_000
_MOST_HTML: Final = 500_000
_MOST_BASE64: Final = (MAX_FILE_BYTES + 2) // 3 * 4
MOST_RECORDS: Final = 200
ID: Final = "5f0c9d3e-6b1a-4e0f-9a52-0c6de9a1b7f4"
# How a program may say that a person agreed. What is not valid consent is kept as that (C-7).
METHODS: Final = (
    Method.API,
    Method.PAPER,
    Method.VERBAL,
    Method.PURCHASED_LIST,
    Method.PUBLIC_RECORDS,
    Method.THIRD_PARTY,
)
TEXTS: Final[Mapping[str, Text]] = {
    "name": Text("The person's name.", 200),
    "email": Text("E-mail address.", 254),
    "postal_address": Text("Postal address.", 500),
    "ip_address": Text("The IP address the form was sent from.", 45),
    "user_agent": Text("The browser, as its User-Agent header says.", 500),
    "source_url": Text("The complete address of the page with the form.", 2000),
    "method_details": Text("Where and how the person agreed, in words.", 1000),
    "disclosure_text": Text("The disclosure beside the box, word for word.", 20_000),
    "form_name": Text("The form's name.", 200),
    "form_version": Text("The version of the form that was shown.", 40),
}
NEW_FILE: Final = Thing(
    "NewFile",
    "A PDF, PNG, JPEG or WebP of at most 5 MB: a screenshot of the page or a scan.",
    {
        "file_name": Text("Its name.", 200, least=1),
        "content_base64": Text("Its content in base64.", _MOST_BASE64, least=4),
    },
)
NEW_PERSON: Final = Thing(
    "NewPerson",
    "Have the person added to the address book, or merged into who they are there.",
    {
        "first_name": Text("First name.", 100),
        "last_name": Text("Last name.", 100),
        "tags": ListOf("Tags to add.", Text("A tag.", MAX_TAG, least=1), MAX_TAGS),
    },
    optional=frozenset({"first_name", "last_name", "tags"}),
)
NEW_CONSENT: Final = Thing(
    "NewConsent",
    "One person agreed to be texted. Send everything you know: what is missing is shown as missing.",
    {
        "phone": Text("With area code; from abroad with + and country code.", 100, least=1),
        "given_at": moment(
            "When the person agreed, by your clock, from 1990 on; up to five minutes ahead of ours "
            "counts as now. When it reached us is kept, too."
        ),
        "method": Choice(
            "api: on a page or form of your own. paper or verbal: entered elsewhere. The rest is "
            "not valid consent: it is kept as that and blocks texts (C-7).",
            tuple(METHODS),
            default=Method.API.value,
        ),
        "checkbox": Choice(
            "The state of the box beside the disclosure. Unchecked is no consent.",
            tuple(Checkbox),
            default=Checkbox.NOT_RECORDED.value,
        ),
        **TEXTS,
        "kinds": ListOf(
            "What the person agreed to; left out, all that its strength allows.",
            Choice("A kind of text.", tuple(MessageKind)),
            len(MessageKind),
            least=1,
        ),
        "page_html": Text("The page as the person saw it, self-contained.", _MOST_HTML, least=1),
        "evidence": NEW_FILE,
        "contact": NEW_PERSON,
    },
    optional=frozenset(
        {*TEXTS, "method", "checkbox", "kinds", "page_html", "evidence", "contact"}
    ),
    parts=(NEW_FILE, NEW_PERSON),
)  # fmt: skip
ALLOWED: Final = Thing(
    "Allowed",
    "Whether consent covers a kind of text. Other rules may still be in its way: ask may-text.",
    {
        "allowed": Flag("true: it does."),
        "code": Text("A stable word for programs; ok where it is allowed.", 40),
        "sentence": Text("The reason, for people.", 500),
    },
)
STANDS: Final = Thing(
    "Stands",
    "What stands for a number in the account now.",
    {
        "strength": Choice("How much its consent carries (C-8).", tuple(Strength)),
        "kinds": ListOf("Kinds it names.", Choice("A kind of text.", tuple(MessageKind)), 2),
        "record_id": Maybe(identifier("The record it rests on.")),
        "expires_at": Maybe(moment("When an inquiry is over.")),
        "opted_out_at": Maybe(moment("When the person opted out of this account.")),
        "organization_opted_out_at": Maybe(moment("When they opted out of all marketing.")),
        "do_not_contact_since": Maybe(moment("When it was put on the do-not-contact list.")),
        "one_to_one": ALLOWED,
        "marketing": ALLOWED,
    },
    parts=(ALLOWED,),
)
_RECORD_FIELDS: Final[Mapping[str, Shape]] = {
    "id": identifier("The record's id."),
    "phone": number("Whose consent it is."),
    "event": Choice("What happened.", tuple(Event)),
    "reason": Maybe(Text("Why it is not valid consent.", 300)),
    "method": Choice("How.", tuple(Method)),
    "strength": Choice("How much it carries (C-8).", tuple(Strength)),
    "kinds": ListOf("What was agreed to.", Choice("A kind of text.", tuple(MessageKind)), 2),
    "given_at": Maybe(moment("When, as claimed.")),
    "recorded_at": moment("When it reached us."),
    "form_name": Text("The form's name.", 200),
    "form_version": Text("Its version.", 40),
    "evidence_sha256": Maybe(Text("The fingerprint of the file behind it.", 64)),
    "sha256": Text("The fingerprint of the record, which the audit log holds.", 64),
    "missing": ListOf("Facts a record like this should have and lacks.", Text("One.", 60), 20),
}
RECORD: Final = Thing("ConsentRecord", "One entry of the consent history.", _RECORD_FIELDS)
RECORDED: Final = Thing(
    "RecordedConsent",
    "The record, who it is in the address book, and what stands now.",
    {
        **_RECORD_FIELDS,
        "contact_id": Maybe(identifier("The person in the address book, where that was asked.")),
        "stands": STANDS,
    },
    parts=(STANDS,),
)
HISTORY: Final = Thing(
    "ConsentHistory",
    "Everything known of a number's consent in the account.",
    {
        "phone": number("As it was asked."),
        "stands": STANDS,
        "history": ListOf("Newest first, at most 200.", RECORD, MOST_RECORDS),
    },
    parts=(STANDS, RECORD),
)
STANDS_EXAMPLE: Final = {
    "strength": "express_written",
    "kinds": ["one_to_one", "marketing"],
    "record_id": ID,
    "expires_at": None,
    "opted_out_at": None,
    "organization_opted_out_at": None,
    "do_not_contact_since": None,
    "one_to_one": {"allowed": True, "code": "ok", "sentence": ""},
    "marketing": {"allowed": True, "code": "ok", "sentence": ""},
}
RECORD_EXAMPLE: Final = {
    "id": ID,
    "phone": "+13125550142",
    "event": "given",
    "reason": None,
    "method": "api",
    "strength": "express_written",
    "kinds": ["one_to_one", "marketing"],
    "given_at": "2026-03-02T17:59:58Z",
    "recorded_at": "2026-03-02T18:00:00Z",
    "form_name": "Open house sign-up",
    "form_version": "7",
    "evidence_sha256": None,
    "sha256": "9c1f" * 16,
    "missing": ["Postal address"],
}
BAD_PHONE: Final = "55 is not a phone number: it has too few digits."


EXAMPLE: Final[Mapping[str, Any]] = {
    "phone": "(312) 555-0142",
    "given_at": "2026-03-02T17:59:58Z",
    "name": "Carol Diaz",
    "email": "carol@example.com",
    "ip_address": "203.0.113.9",
    "user_agent": "Mozilla/5.0",
    "source_url": "https://www.example.com/open-house",
    "disclosure_text": "I agree to receive texts from Juniper Realty. Reply STOP to end.",
    "checkbox": "checked",
    "form_name": "Open house sign-up",
    "form_version": "7",
    "contact": {"first_name": "Carol", "last_name": "Diaz", "tags": ["open house"]},
}
