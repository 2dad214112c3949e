"""The gates of S-2: order, words and what each lets through."""

import inspect
import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from portal.consent.values import BOTH_KINDS, TALK_ONLY, Standing, Strength
from portal.messaging.rules import gates, hours, price, whys
from portal.messaging.rules.gate_facts import AccountFacts, TextFacts
from portal.messaging.values import Fate, Kind
from portal.numbers.values import SenderRef, SenderState
from portal.texting_accounts.values import AccountState

NOW = datetime(2026, 3, 2, 18, tzinfo=UTC)
DAVE = "+13125550199"


def sender(**changes):
    return SenderRef(
        **{
            "id": uuid4(),
            "account_id": uuid4(),
            "organization_id": uuid4(),
            "e164": "+13125550100",
            "name": "Front desk",
            "state": SenderState.READY,
            "carrier_sid": "PN1",
            "service_sid": "MG1",
            "segments_per_second": 1,
            "is_registered": True,
            **changes,
        }
    )


def account(**changes):
    return AccountFacts(
        **{
            "state": AccountState.ACTIVE,
            "state_reason": None,
            "has_subscription": True,
            "sender": sender(),
            **changes,
        }
    )


def written(**changes):
    return Standing(DAVE, **{"strength": Strength.EXPRESS_WRITTEN, "kinds": BOTH_KINDS, **changes})


def text(**changes):
    return TextFacts(
        **{"kind": Kind.BULK, "now": NOW, "e164": DAVE, "standing": written(), **changes}
    )


@pytest.mark.parametrize(
    ("facts", "code", "outcome"),
    [
        (account(), None, None),
        (account(state=AccountState.CLOSED), "account_closed", Fate.BLOCKED),
        (account(state=AccountState.PAUSED), "account_inactive", Fate.HELD),
        (account(has_subscription=False), "no_subscription", Fate.HELD),
        (account(sender=None), "no_number", Fate.HELD),
        (account(sender=sender(state=SenderState.BUYING)), "no_number", Fate.HELD),
        (account(sender=sender(is_registered=False)), "number_unregistered", Fate.HELD),
        (account(state=AccountState.SUSPENDED), "account_suspended", Fate.HELD),
    ],
)
def test_what_stops_an_account(facts, code, outcome):
    gate = gates.account_gate(facts)
    assert (gate.code, gate.outcome) == (code, outcome) if code else gate is None


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (text(), None),
        (text(e164=None), "invalid_number"),
        (text(problem="Toll-free numbers cannot be texted."), "invalid_number"),
        (text(problem="It cannot be reached (30006).", is_unreachable=True), "unreachable"),
        (text(is_duplicate=True), "duplicate"),
        (text(country_code=44), "region_blocked"),
        (text(country_code=44, country_room=5), None),
        (text(country_code=44, country_room=0), "daily_country"),
        (text(standing=written(opted_out_at=NOW)), "opted_out"),
        (text(standing=written(org_opted_out_at=NOW)), "org_opted_out"),
        (text(standing=written(org_opted_out_at=NOW), kind=Kind.ONE_TO_ONE), None),
        (text(standing=written(dnc_at=NOW)), "do_not_contact"),
        (text(standing=None), "consent_missing"),
        (text(standing=Standing(DAVE)), "consent_missing"),
        (
            text(standing=written(strength=Strength.EXPRESS, kinds=TALK_ONLY)),
            "consent_insufficient",
        ),
        (
            text(
                standing=written(strength=Strength.EXPRESS, kinds=TALK_ONLY), kind=Kind.ONE_TO_ONE
            ),
            None,
        ),
        (text(missing=("first_name",)), "missing_value"),
        (text(recipients_left=0), "daily_recipients"),
        (text(recipients_left=0, takes_recipient=False), None),
        (text(recipients_left=0, is_reply=True), None),
        (text(segments=3, segments_left=2), "daily_segments"),
        (text(segments=3, segments_left=2, is_counted=True), None),
    ],
)
def test_what_stops_a_text(facts, code):
    gate = gates.text_gate(facts)
    assert (gate.code if gate else None) == code


def test_the_first_shut_gate_in_the_order_of_the_list_is_the_one_named():
    """S-2: number, region, opt-out, internal list, consent, limits."""
    everything = text(
        e164=DAVE,
        country_code=44,
        standing=Standing(DAVE, opted_out_at=NOW, dnc_at=NOW),
        missing=("city",),
        recipients_left=0,
        segments_left=0,
    )
    codes = [gate.code for gate in gates.shut_gates(account(has_subscription=False), everything)]
    assert codes == [
        "no_subscription",
        "region_blocked",
        "opted_out",
        "do_not_contact",
        "missing_value",
        "daily_recipients",
        "daily_segments",
    ]


@pytest.mark.parametrize("purpose", ["first_notice", "help"])
def test_a_system_text_obeys_an_opt_out_except_the_stop_confirmation(purpose):
    """RULINGS 15."""
    out = written(opted_out_at=NOW)
    assert gates.text_gate(text(kind=Kind.SYSTEM, standing=out, purpose=purpose)) is not None
    assert gates.text_gate(text(kind=Kind.SYSTEM, standing=out, purpose="stop")) is None


@pytest.mark.parametrize(("seconds", "code"), [(300, None), (301, "confirmation_late")])
def test_an_opt_out_is_confirmed_within_five_minutes_or_not_at_all(seconds, code):
    """RULINGS 15, Q-4: a confirmation that waited is a text to somebody who said STOP."""
    out = written(opted_out_at=NOW - timedelta(seconds=seconds))
    gate = gates.text_gate(text(kind=Kind.SYSTEM, standing=out, purpose="stop"))
    assert (gate and gate.code) == code


def test_every_reason_is_a_sentence_and_every_fix_has_a_label():
    shut = [
        gates.account_gate(account(state=state))
        for state in (AccountState.CLOSED, AccountState.PAUSED, AccountState.SUSPENDED)
    ]
    assert all(gate.sentence.endswith(".") for gate in shut)
    assert all(endpoint.count(".") == 1 and label for endpoint, label in whys.FIXES.values())


def test_every_reason_tells_why_there_is_such_a_rule_and_where_that_stands():
    """M-5: no page shows a gate's no without its source."""
    named = set(re.findall(r'_gate\(\s*"(\w+)"', inspect.getsource(gates)))
    assert len(named) > 15
    codes = named | gates.ACCOUNT_CODES | gates.LIMIT_CODES | hours.CODES | set(whys.FIXES)
    assert codes <= set(whys.SOURCES)
    assert all(one.why.endswith(".") and one.citation for one in whys.SOURCES.values())


def test_credits_are_all_or_nothing():
    """PROMISES 3.2."""
    assert price.credits_enough(5, 5) is None
    assert price.credits_enough(170, 50).sentence == "This send needs 170 credits and 50 are left."


def test_inquiry_consent_runs_out_after_90_days():
    """C-8."""
    asked = written(strength=Strength.INQUIRY, kinds=TALK_ONLY, expires_at=NOW + timedelta(days=1))
    later = text(kind=Kind.ONE_TO_ONE, standing=asked, now=NOW + timedelta(days=2))
    assert gates.text_gate(text(kind=Kind.ONE_TO_ONE, standing=asked)) is None
    assert gates.text_gate(later).code == "consent_expired"
