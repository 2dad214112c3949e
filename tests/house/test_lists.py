"""A list says what it can be asked; it never leaves a question out in silence (PROMISES 4 row 21)."""

import pytest

from tests import cast
from tests.factories.contacts import make_contact
from tests.factories.messaging import make_campaign, make_ready, make_recipient, one_to_one
from tests.house.property import NOBODY
from tests.house.test_idor import everything_of

# What no list knows: its endpoint, the question, and words of the answer.
UNKNOWN = (
    ("messaging.inbox", {"show": "x"}, "show: unknown here. The list takes view, after"),
    ("messaging.inbox", {"filter": "unread"}, "filter: unknown here"),
    ("messaging.inbox", {"view": "x"}, "Choose one of all, needs_answer, mine, unassigned, unread"),
    (
        "billing.statement",
        {"month": "2026-02"},
        "month: unknown here. The list takes before, kind, from, to",
    ),
    (
        "billing.statement",
        {"page": "2"},
        "page: unknown here. The list takes before, kind, from, to",
    ),
    ("messaging.campaign", {"people": "x"}, "people: unknown here. The list takes state, after"),
    ("messaging.campaign", {"outcome": "x"}, "outcome: unknown here"),
    ("messaging.campaign", {"state": "x"}, "state: choose one of"),
    ("messaging.compose", {"people": "x"}, "people: choose one of all, held, blocked"),
    ("messaging.compose", {"start": "-1"}, "start: give the place in the list"),
    ("messaging.find_people", {"people": "x"}, "people: choose one of all, held, blocked"),
    ("contacts.index", {"state": "Atlantis"}, "state: no contact lives there"),
    ("contacts.index", {"reach": "x"}, "reach: choose one of"),
    ("notifications.index", {"before": str(NOBODY)}, "before: this page mark is damaged"),
    ("notifications.index", {"before": "x"}, "before: this page mark is damaged"),
)


@pytest.fixture
def ids(northside):
    """What the addresses of Northside's lists are made of."""
    make_ready(northside)
    campaign = make_campaign(northside, [make_recipient(northside)], one_to_one("Hi"))
    return {
        "account_id": northside.id,
        "organization_id": cast.JUNIPER,
        "campaign_id": campaign.id,
    }


def _ask(person, endpoint, ids, **query):
    """Ask a list at its shortest address."""
    rule = min(person.app.url_map.iter_rules(endpoint), key=lambda rule: len(rule.arguments))
    where = {name: ids.get(name, NOBODY) for name in rule.arguments}
    return person.get(endpoint, 400, query=query, **where)


@pytest.mark.parametrize(("endpoint", "asked", "words"), UNKNOWN)
def test_what_a_list_does_not_know_is_refused_in_words(alice, ids, endpoint, asked, words):
    assert words in _ask(alice, endpoint, ids, **asked).text


def test_every_list_refuses_a_name_it_does_not_take(app, alice, vera, pat, ids):
    strict = {e: view.takes for e, view in app.view_functions.items() if hasattr(view, "takes")}
    assert len(strict) >= 15
    for endpoint, names in strict.items():
        officers = vera if endpoint.startswith("dnc.") else alice
        person = pat if ".admin" in endpoint else officers
        said = _ask(person, endpoint, ids, nonsense="1").text
        assert f"nonsense: unknown here. The list takes {', '.join(names)}." in said, endpoint


def test_a_state_is_known_when_it_is_one_or_when_a_contact_has_it(alice, northside):
    make_contact(northside, "Ada", "Berg", "+13125550142", state="Tyrol")
    for state, status in (("IL", 200), ("illinois", 200), ("Tyrol", 200), ("Bavaria", 400)):
        query = {"state": state}
        answer = alice.get("contacts.index", status, query=query, account_id=northside.id)
    assert "Choose one of: Tyrol." in answer.text


@pytest.mark.parametrize(
    ("endpoint", "name"),
    [("messaging.discard", "draft_id"), ("texting_accounts.remove_member", "user_id")],
)
def test_ending_what_is_not_there_is_missing_and_writes_nothing(alice, northside, endpoint, name):
    before = everything_of(cast.JUNIPER, cast.BOB)
    alice.post(endpoint, 404, account_id=northside.id, **{name: NOBODY})
    assert everything_of(cast.JUNIPER, cast.BOB) == before
