"""A call from a person to a number of ours, over HTTP through the carrier's twin (N-8, X-2)."""

import re

import pytest

from portal.calls import queries as calls
from portal.core.db import db
from portal.numbers import queries
from tests.factories.billing import make_subscription
from tests.house.test_payloads_in_chromium import served
from tests.sandbox.wired import wired

MINE, CAROL = "+13125550142", "+13125550177"
TRUNK = "TK" + "a" * 32


@pytest.fixture
def twin(app, tmp_path):
    """A sandbox and a portal that hear each other; what was in place comes back."""
    with served(app) as base, wired(tmp_path, public_url=base) as running:
        yield running


@pytest.fixture
def bought(alice, northside, twin):
    """A number of Northside, bought in the pages."""
    make_subscription(northside)
    found = alice.get("numbers.search", query={"area_code": "512"}, account_id=northside.id)
    form = alice.open("GET", found.page.select_one("main td a.btn")["href"])
    names = ("name", "e164", "locality", "region", "request_key")
    alice.post("numbers.buy", 303, {n: form.field(n) for n in names}, account_id=northside.id)
    [sender] = queries.senders(northside.id)
    return sender


def called(twin, number, **more):
    """Call a number as Carol and return what happened."""
    db.session.rollback()
    steps = twin.post("calls", **{"from": CAROL, "to": number.e164, **more})["steps"]
    return [(step["kind"], step["words"]) for step in steps]


def test_a_bought_number_tells_callers_to_text_until_a_verified_phone_takes_them(
    alice, northside, twin, bought
):
    sender, ids = bought, {"account_id": northside.id, "sender_id": bought.id}
    assert "send a text" in called(twin, sender)[1][1]
    alice.post("calls.ask", 303, {"phone": MINE, "shown": "caller"}, **ids)
    [said] = [one["said"] for one in twin.get("calls")["calls"] if one["recipient"] == MINE]
    code = re.search(r"(?:\d, ){5}\d", said).group().replace(", ", "")
    alice.post("calls.confirm", 303, {"code": code}, **ids)
    assert called(twin, sender, seconds=90) == [
        ("rang", f"{MINE} rang, showing {CAROL}: completed")
    ]
    assert "Nobody at Juniper Realty" in called(twin, sender, outcome="no-answer")[1][1]
    db.session.rollback()
    kept = calls.recent(sender.tenant, sender.id)
    assert [(one.state.value, one.talk_seconds) for one in kept] == [
        ("missed", None),
        ("answered", 90),
        ("told", None),
    ]
    assert all(one.seconds is not None for one in kept)
    handset = twin.http.request("GET", f"{twin.base_url}/handsets/{MINE[1:]}").data.decode()
    assert said.partition(":")[0] in handset, "the phone that was called shows what it heard"
    rung = twin.http.request(
        "POST",
        f"{twin.base_url}/handsets/call",
        fields={"from": CAROL, "to": sender.e164},
        encode_multipart=False,
    )
    assert rung.status == 303
    db.session.rollback()
    assert len(calls.recent(sender.tenant, sender.id)) == 4


@pytest.mark.parametrize(
    "other", [{"trunk_sid": TRUNK}, {"voice_application_sid": "AP" + "a" * 32}]
)
def test_what_takes_calls_before_our_address_is_told_and_taken_off_the_number(
    alice, northside, twin, bought, other
):
    """A trunk goes before every voice address at Twilio, so a number pointed here must have none."""
    own = queries.credentials(northside.organization_id)
    number = twin.client(own.account_sid, own.auth_token).incoming_phone_numbers(bought.carrier_sid)
    number.update(**other)
    [sid] = other.values()
    assert called(twin, bought) == [("elsewhere", f"The call went to {sid}.")]
    ids = {"organization_id": northside.organization_id}
    alice.post("webhook_checks.check", 303, {}, **ids)
    assert sid in alice.get("webhook_checks.index", **ids).text_of("#strays")
    alice.post("webhook_checks.point", 303, {}, **ids)
    left = number.fetch()
    assert (left.trunk_sid, left.voice_application_sid) == (None, "")
    assert "send a text" in called(twin, bought)[1][1]
