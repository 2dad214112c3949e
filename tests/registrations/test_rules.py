"""What gets a registration rejected, found before it is sent in; tiers; the carriers' reasons."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from portal.gateways.registrations import Reason
from portal.registrations.rules import pages, preflight, rejections, steps, tiers, wordings
from portal.registrations.rules.preflight import Facts
from portal.registrations.values import Details, Expected, Kind, Level, Page, Seen, State, Step
from portal.sandbox.reviews import BUSINESSES, CAMPAIGNS, TOLL_FREE

FORM = "https://juniper.example/f"
GOOD = replace(
    wordings.first_draft(
        organization="Juniper Realty LLC",
        sender="Juniper Realty",
        domains=["juniper.example"],
        name="Alice Moreno",
        email="alice@juniper.example",
    ),
    ein="36-4012345",
    street="214 Wells St",
    city="Chicago",
    state="IL",
    postal_code="60606",
    title="Managing broker",
    position="CEO",
    phone="(312) 555-0100",
    opt_in_url=FORM,
    message_flow=f"People tick a box of its own on the form at {FORM}. It opens for everybody.",
    privacy_url="https://juniper.example/privacy",
    terms_url="https://juniper.example/terms",
    image_url="https://juniper.example/f.png",
)
FACTS = Facts(Kind.A2P, ("Juniper Realty",), ("juniper.example",))


def problems(facts=FACTS, **changes):
    return [
        (problem.field, problem.level is Level.STOP)
        for problem in preflight.check(replace(GOOD, **changes), facts)
    ]


def test_a_complete_registration_has_nothing_to_mend():
    assert problems() == []
    assert problems(replace(FACTS, kind=Kind.TOLL_FREE)) == []


@pytest.mark.parametrize(
    ("changes", "field", "stops"),
    [
        ({"ein": "12345"}, "ein", True),
        ({"ein": "00-1234567"}, "ein", True),
        ({"ein": "364012345"}, None, False),
        ({"legal_name": "Juniper Realty"}, "legal_name", False),
        ({"legal_name": "Juniper Realty, Inc."}, "business_kind", True),
        ({"business_kind": wordings.NONPROFIT}, "business_kind", True),
        ({"postal_code": "6060"}, "postal_code", True),
        ({"street": "P.O. Box 12"}, "street", False),
        ({"email": "alice"}, "email", True),
        ({"email": "alice@gmail.com"}, "email", False),
        ({"phone": "12"}, "phone", True),
        ({"phone": "+44 20 7946 0142"}, "phone", True),
        ({"description": "Texts."}, "description", True),
        ({"sample_1": "Hi"}, "sample_1", True),
        ({"sample_3": "x" * 1025}, "sample_3", True),
        ({"help_message": "Call"}, "help_message", True),
        ({"message_flow": "x" * 39}, "message_flow", True),
        ({"website": "juniper.example"}, "website", True),
        ({"message_flow": "People sign up and agree on our site in a box of its own."}, "message_flow", True),
        ({"message_flow": f"See {FORM} for everything that there is to see there."}, "message_flow", True),
    ],
)  # fmt: skip
def test_a_field_that_gets_rejected_is_named(changes, field, stops):
    assert set(problems(**changes)) == ({(field, stops)} if field else set())


SAMPLES = {"sample_1": GOOD.sample_1, "sample_2": GOOD.sample_2}
BRAND = "Juniper Realty: "


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"sample_1": "A new listing for you, open on Sunday. Reply STOP to opt out.",
          "sample_2": "Your showing is confirmed for Tuesday at 4."}, "sample_1"),
        ({"sample_1": BRAND + "a new listing for you, open on Sunday."}, "sample_1"),
        ({"sample_2": BRAND + "see https://bit.ly/3xYz for it.", "has_links": True}, "sample_2"),
        ({"sample_2": BRAND + "see http://juniper.example/a", "has_links": True}, "sample_2"),
        ({"sample_2": BRAND + "see https://juniper.example/a"}, "has_links"),
        ({"sample_2": BRAND + "call (312) 555-0100 about it."}, "has_phone"),
        ({"has_links": True}, "sample_1"),
        ({"has_phone": True}, "sample_1"),
        ({"sample_3": GOOD.sample_2}, "sample_3"),
        ({"use_case": "CUSTOMER_CARE"}, "sample_1"),
        ({"use_case": "MARKETING", "sample_1": BRAND + "your showing is at 4. Reply STOP to opt out."}, "sample_1"),
        ({"sample_2": BRAND + "pre-approved! Get a payday loan with us today."}, "sample_2"),
    ],
)  # fmt: skip
def test_samples_that_get_rejected_are_named(changes, field):
    """30889, 30892, 30893."""
    assert (field, True) in problems(**changes)


@pytest.mark.parametrize("field", [f.name for f in Details.__dataclass_fields__.values()])
def test_what_is_needed_and_empty_is_told(field):
    optional = {"tier", "sample_3", "has_links", "has_phone", "form_id", "image_url", "volume"}
    found = {name for name, _ in problems(**{field: type(getattr(GOOD, field))()})}
    assert (field in found) is (field not in optional)


SEEN = {
    name: Seen(url, says_no_sharing=True, says_stop_and_help=True)
    for name, url in preflight.addresses(GOOD).items()
}


@pytest.mark.parametrize(
    ("name", "seen", "words"),
    [
        ("website", Seen("https://juniper.example", problem="The site could not be reached."), "could not open"),
        ("opt_in_url", Seen(FORM, is_login=True), "asks for a login"),
        ("opt_in_url", Seen(FORM, missing=("rates", "stop")), "“Message and data rates may apply”, “Reply STOP"),
        ("privacy_url", Seen(GOOD.privacy_url), "not shared"),
        ("terms_url", Seen(GOOD.terms_url), "STOP and HELP"),
        ("terms_url", Seen("https://another.example"), "not looked at yet"),
        ("terms_url", None, "not looked at yet"),
    ],
)  # fmt: skip
def test_what_a_reviewer_would_find_is_told(name, seen, words):
    facts = replace(FACTS, seen=SEEN | {name: seen})
    [problem] = preflight.check(GOOD, facts)
    assert (problem.field, problem.page) == (
        name,
        Page.BUSINESS if name == "website" else Page.OPT_IN,
    )
    assert words in problem.sentence
    assert preflight.check(GOOD, replace(FACTS, seen=SEEN)) == ()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("We do not share mobile numbers with third parties for marketing.", True),
        ("Mobile information will not be shared with third parties.", True),
        ("No text messaging opt-in data is ever sold.", True),
        ("SMS consent is never shared, sold or rented to anybody.", True),
        ("No compartimos su número de móvil ni su consentimiento.", True),
        ("We share your e-mail address. Texts are not sent at night.", False),
        ("We care about your privacy.", False),
    ],
)
def test_a_policy_must_say_that_numbers_are_not_shared(words, says):
    """30908."""
    assert pages.look(FORM, FORM, f"<p>{words}</p>").says_no_sharing is says


@pytest.mark.parametrize(
    ("html", "found", "is_login"),
    [
        ("<input type='password'>", FORM, True),
        ("<p>Sign up</p>", "https://juniper.example/login?next=/f", True),
        ("<p>Sign up</p>", FORM, False),
        ("<script>var a = '<input type=password>'</script>", FORM, False),
    ],
)
def test_a_form_behind_a_login_is_noticed(html, found, is_login):
    assert pages.look(FORM, found, html).is_login is is_login


@pytest.mark.parametrize(
    "magic", [m for m in (*CAMPAIGNS, *TOLL_FREE) if m.code], ids=lambda m: m.given
)
def test_every_code_has_plain_words_and_a_field(magic):
    [one] = rejections.explain([Reason(magic.code, "as the carrier says")], Step.AWAIT_CAMPAIGN)
    assert hasattr(Details(), one.field)
    assert one.said == "as the carrier says"
    assert not one.sentence.startswith("Twilio said")


@pytest.mark.parametrize(
    "word",
    sorted({m.feedback for m in BUSINESSES if m.feedback.isupper()} - {"SUSPENDED", "PROFILE"}),
)
def test_every_feedback_about_a_brand_has_a_field(word):
    [one] = rejections.explain([Reason(None, "", (word,))], Step.AWAIT_BRAND)
    assert one.page is Page.BUSINESS
    assert hasattr(Details(), one.field)


def test_an_unknown_reason_is_quoted_and_none_is_never_silent():
    [quoted] = rejections.explain([Reason(99999, "Odd.")], Step.ADDRESS)
    assert (quoted.sentence, quoted.field) == ("Twilio said: Odd.", "street")
    [silent] = rejections.explain([], Step.BRAND)
    assert silent.sentence.startswith("The carriers rejected this without a reason")


@pytest.mark.parametrize(
    ("score", "cap"),
    [
        (None, 2_000), (0, 2_000), (1, 2_000), (24, 2_000), (25, 10_000), (49, 10_000),
        (50, 40_000), (74, 40_000), (75, 200_000), (100, 200_000),
    ],
)  # fmt: skip
def test_a_brand_may_send_what_its_score_allows(score, cap):
    """S-5, FACTS 5.5; we keep to 80 % of it."""
    assert tiers.carrier_cap(score) == cap
    assert tiers.daily_cap(score) == cap * 8 // 10


def test_a_brands_day_is_pacific():
    """S-5."""
    late = datetime(2026, 3, 3, 7, 59, tzinfo=UTC)  # 23:59 in Los Angeles
    assert tiers.day_of(late) == date(2026, 3, 2)
    assert tiers.next_day(late) - late == timedelta(minutes=1)


@pytest.mark.parametrize(
    ("before", "after", "share"),
    [(0, 49, None), (49, 50, 50), (50, 69, None), (60, 70, 70), (0, 100, 70), (70, 100, None)],
)
def test_half_and_seventy_percent_of_a_brands_day_are_told(before, after, share):
    assert tiers.alert_of(before, after, 100) == share


def test_an_answer_is_expected_in_business_days():
    """FACTS 1.10: brand 5, campaign 15; Presidents' Day is none."""
    since = date(2026, 2, 10)
    assert steps.expected([Step.AWAIT_BRAND], since, since) == Expected(date(2026, 2, 18), False)
    assert steps.expected(steps.STEPS[Kind.A2P], since, since).on > date(2026, 3, 8)
    assert steps.expected([Step.WATCH], since, since) is None


def test_the_expected_day_stays_while_days_pass_and_is_late_after_it():
    """N-5: it counts from when the review began, not from whoever looks."""
    since, day = date(2026, 2, 10), date(2026, 2, 18)
    on_the_day, after = (
        steps.expected([Step.AWAIT_BRAND], since, day + timedelta(days=n)) for n in (0, 1)
    )
    assert (on_the_day.on, on_the_day.is_late) == (day, False)
    assert (after.on, after.is_late) == (day, True)


def test_progress_is_told_in_parts():
    todo = steps.STEPS[Kind.A2P]
    words = lambda todo, state: [word for _, word in steps.milestones(Kind.A2P, todo, state)]  # noqa: E731
    assert words((), State.DRAFT) == ["todo"] * 4
    assert words(todo, State.SUBMITTING) == ["current", "todo", "todo", "todo"]
    at_campaign = todo[todo.index(Step.AWAIT_CAMPAIGN) :]
    assert words(at_campaign, State.IN_REVIEW) == ["done", "done", "current", "todo"]
    assert words((Step.WATCH,), State.REGISTERED) == ["done"] * 4


def test_nothing_is_made_again_when_it_is_sent_in_again():
    for kind, todo in steps.STEPS.items():
        for at, step in enumerate(todo):
            made = set(todo[:at]) & steps.MAKING
            assert not made & set(steps.again(todo[at:], has_parts=True)), (kind, step)
