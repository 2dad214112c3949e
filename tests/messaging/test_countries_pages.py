"""Countries are switched on by a team lead (S-2)."""

import pytest

from tests.factories.messaging import make_recipient
from tests.messaging.composer import Composer, fates, total


@pytest.fixture
def compose(alice, northside):
    return Composer(alice, northside)


def test_a_lead_switches_a_country_on_and_the_text_can_go(alice, bob, northside, sender, compose):
    """S-2: other countries are off until a team lead switches them on, 100 texts a day by default."""
    where = compose([make_recipient(northside, number="+447911123456")], "Hello")
    reply = alice.get("messaging.compose", **where)
    assert reply.page.select_one(f"#plan a[href='/accounts/{northside.id}/countries']")
    account = {"account_id": northside.id}
    assert "A team lead of your organization" in bob.get("messaging.countries", **account).text
    bob.post("messaging.allow_country", 403, data={"country_code": "44"}, **account)
    form = alice.get("messaging.countries", **account)
    data = {"country_code": "44", "daily_limit": form.field("daily_limit")}
    page = alice.follow(alice.post("messaging.allow_country", 303, data=data, **account))
    assert page.texts_of("tbody tr") == [
        "United Kingdom and 3 more +44 100 Switch off United Kingdom and 3 more"
    ]
    reply = alice.get("messaging.compose", **where)
    assert fates(reply) == [1, 0, 0]
    assert total(reply) == "2"
    alice.post("messaging.forbid_country", 303, country_code=44, **account)
    assert fates(alice.get("messaging.compose", **where)) == [0, 0, 1]


@pytest.mark.parametrize(
    "data",
    [
        {"country_code": "1", "daily_limit": "5"},
        {"country_code": "x", "daily_limit": "5"},
        {"country_code": "44", "daily_limit": "0"},
        {"country_code": "44", "daily_limit": "many"},
    ],
)
def test_a_country_that_cannot_be_is_refused_beside_its_field(alice, northside, data):
    reply = alice.post("messaging.allow_country", 422, data=data, account_id=northside.id)
    assert reply.page.select(".field__error")
