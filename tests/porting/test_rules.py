"""What is said of numbers, reasons and drafts, by rules alone (N-3)."""

from datetime import date
from uuid import UUID

import pytest

from portal.gateways.porting import Portability
from portal.porting.rules import letters, portability, preflight, rejections, steps
from portal.porting.values import Bill, Details, Page, PortInRef, State, Step

TODAY = date(2026, 3, 2)
WHOLE = Details(
    customer_name="Juniper Realty LLC",
    street="214 Wells St",
    city="Chicago",
    state="IL",
    postal_code="60606",
    representative="Alice Moreno",
    email="alice@juniper.example",
    may_sign=True,
    on="2026-03-09",
)
BILL = Bill("x.sealed", "bill.pdf", "application/pdf", "0" * 64)


def port_in(details=WHOLE, **more):
    given = {
        "has_account_number": True,
        "has_pin": False,
        "needs_pin": False,
        "bill": BILL,
        "state": State.DRAFT,
    }
    rest = dict.fromkeys(
        ("signed_at", "submitted_at", "ended_at", "next_at", "port_date", "trouble", "sender_id")
    )
    nobody = UUID(int=7)
    return PortInRef(
        id=nobody, organization_id=nobody, account_id=nobody, e164="+13125550142", name="x",
        details=details, number_type="", todo=(), carrier_status="", signature_url="", problems=(),
        letter="", signed_by="", round=0, edits=0, edited_by="", **rest, **{**given, **more},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("said", "field", "page"),
    [
        ("Account number does not match", "account_number", Page.CARRIER),
        ("PIN or passcode is invalid", "pin", Page.CARRIER),
        ("End user name does not match", "customer_name", Page.CARRIER),
        ("Service address mismatch", "street", Page.CARRIER),
        ("Invalid ZIP", "street", Page.CARRIER),
        ("Incorrect billing telephone number (BTN)", "account_phone", Page.CARRIER),
        ("Pending order on the account", "account_number", Page.CARRIER),
        ("Number has a port freeze (port protection)", "account_number", Page.CARRIER),
        ("Port is already in progress", "account_number", Page.CARRIER),
        ("Invoice is older than 30 days", "bill", Page.AUTHORITY),
        ("Signer not authorized on the account", "representative", Page.AUTHORITY),
        ("target_port_in_date must be at least 7 days ahead", "on", Page.LETTER),
        ("Number inactive", "account_number", Page.CARRIER),
        ("Something odd", "account_number", Page.CARRIER),
        ("", "account_number", Page.CARRIER),
    ],
)
def test_a_reason_names_the_field_to_mend(said, field, page):
    [problem] = rejections.explain(said)
    assert (problem.field, problem.page) == (field, page)
    assert problem.sentence[-1] == "."


def test_a_reason_nobody_knows_is_told_as_it_was_said():
    assert rejections.explain("Something odd.")[0].sentence == "The carriers said: Something odd."
    assert "without a reason we know" in rejections.explain("")[0].sentence


@pytest.mark.parametrize(
    ("code", "reason", "words"),
    [
        (22130, "UNSUPPORTED", "has to stay"),
        (22132, "ALREADY_IN_TWILIO_DIFFERENT_OWNER", "somebody else's account"),
        (22133, "MANUAL_PORTING_AVAILABLE", "by hand only"),
        (22137, "", "Another request"),
        (22131, "ALREADY_IN_ONE_OF_YOUR_TWILIO_ACCOUNTS", "one of your Twilio accounts"),
        (None, "PORT_IN_PROGRESS", "Another request"),
        (None, "LANDLINE_SHUT_DOWN", "can't take it over: landline shut down."),
        (None, "", "can't take it over."),
    ],
)
def test_a_number_that_can_not_move_is_told_why(code, reason, words):
    found = portability.explain(Portability("+13125550142", False, reason, code))
    assert (found.is_portable, found.shown) == (False, "(312) 555-0142")
    assert words in found.sentence


@pytest.mark.parametrize(("needs_pin", "kind"), [(True, "LOCAL"), (False, "MOBILE")])
def test_a_number_that_needs_a_pin_says_so(needs_pin, kind):
    found = portability.explain(
        Portability("+13125550142", True, needs_pin=needs_pin, number_type=kind)
    )
    assert found.needs_pin
    assert "PIN" in found.sentence


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("12", "number"),
        ("+44 20 7946 0958", "Only US numbers"),
        ("(833) 555-0160", "by hand only"),
    ],
)
def test_what_is_no_us_local_number_is_not_asked_about(typed, words):
    found = portability.why_not_asked(typed)
    assert not found.is_portable
    assert words in found.sentence


def test_numbers_are_read_one_a_line_or_parted_by_commas():
    typed = " (312) 555-0142\n312-555-0143,312-555-0143;\n"
    assert portability.numbers_in(typed) == ["(312) 555-0142", "312-555-0143"]


@pytest.mark.parametrize(
    ("changes", "more", "field"),
    [
        ({}, {}, None),
        ({"customer_name": ""}, {}, "customer_name"),
        ({"street": ""}, {}, "street"),
        ({"street": "P.O. Box 7"}, {}, "street"),
        ({"city": ""}, {}, "city"),
        ({"state": ""}, {}, "state"),
        ({"postal_code": "6060"}, {}, "postal_code"),
        ({"postal_code": "60606-1234"}, {}, None),
        ({"account_phone": "12"}, {}, "account_phone"),
        ({"account_phone": "(312) 555-0100"}, {}, None),
        ({"representative": ""}, {}, "representative"),
        ({"representative": "Alice"}, {}, "representative"),
        ({"email": ""}, {}, "email"),
        ({"email": "alice"}, {}, "email"),
        ({"may_sign": False}, {}, "may_sign"),
        ({"on": ""}, {}, "on"),
        ({"on": "2026-03-08"}, {}, "on"),
        ({"on": "2026-06-01"}, {}, "on"),
        ({"on": "2026-05-31"}, {}, None),
        ({}, {"has_account_number": False}, "account_number"),
        ({}, {"needs_pin": True}, "pin"),
        ({}, {"needs_pin": True, "has_pin": True}, None),
        ({}, {"bill": None}, "bill"),
    ],
)
def test_what_gets_a_request_turned_down_is_found_before(changes, more, field):
    details = Details.from_json(WHOLE.to_json() | changes)
    found = preflight.check(port_in(details, **more), TODAY)
    assert [problem.field for problem in found] == ([field] if field else [])


@pytest.mark.parametrize(
    ("typed", "is_it"),
    [
        ("Alice Moreno", True),
        (" alice  MORENO ", True),
        ("Alice", False),
        ("Bob Reyes", False),
        ("", False),
    ],
)
def test_the_letter_is_signed_by_whom_it_names(typed, is_it):
    assert letters.is_signature_of(typed, "Alice Moreno") is is_it
    assert not letters.is_signature_of(typed, "") or not typed


def test_the_letter_says_who_lets_what_go_where():
    said = letters.letter("+13125550142", WHOLE, "Juniper Realty", WHOLE.day)
    assert said.startswith("I, Alice Moreno, may make changes to the account of Juniper Realty LLC")
    assert "(312) 555-0142" in said
    assert "214 Wells St, Chicago, IL 60606" in said
    assert "not before 9 March 2026" in said


@pytest.mark.parametrize(
    ("state", "todo", "words"),
    [
        (State.DRAFT, (), ["todo", "todo", "todo"]),
        (State.SENDING, steps.FIRST, ["current", "todo", "todo"]),
        (State.UNDERWAY, steps.FIRST[4:], ["done", "current", "todo"]),
        (State.ARRIVING, steps.SET_UP, ["done", "done", "current"]),
        (State.DONE, (), ["done", "done", "done"]),
        (State.CANCELED, (), ["todo", "todo", "todo"]),
    ],
)
def test_milestones_say_how_far_it_came(state, todo, words):
    assert [word for _, word in steps.milestones(state, todo)] == words


@pytest.mark.parametrize(
    ("todo", "state"),
    [
        (steps.FIRST, State.SENDING),
        (steps.AGAIN, State.SENDING),
        ((Step.AWAIT, *steps.SET_UP), State.UNDERWAY),
        (steps.SET_UP, State.ARRIVING),
        (steps.CALL_OFF, State.CANCELING),
        ((), State.DONE),
    ],
)
def test_the_next_step_decides_the_state(todo, state):
    assert steps.state_at(todo) is state
