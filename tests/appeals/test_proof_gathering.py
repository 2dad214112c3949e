"""Proof of opt-in is gathered for the numbers a carrier names, and what lacks is told (A-3)."""

import csv
import io
from collections import Counter
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import event, insert

from portal.appeals.rules.named_numbers import named_in
from portal.appeals.rules.proving import Outcome
from portal.appeals.service import proof_gathering
from portal.consent import queries as consent
from portal.consent.service.importing_consents import ConsentHandler
from portal.contacts.service import importing
from portal.contacts.values import ConsentSource
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.messaging.models import Message
from portal.messaging.values import Kind, State
from tests.appeals.conftest import VERA, open_case, suspend
from tests.factories import consent as make
from workers.consent import import_consents

_HEADER = ["Name", "Phone", "Registration Date and Time", "Method", "Checkbox", "Disclosure Text"]
_SAID = "2026-03-02 09:15:00 -0600,web form,checked,I agree to texts from Juniper Realty."
NOBODY, STRANGER = "+13125550198", "+13125550199"


def sent(account, texts, *, kind=Kind.BULK, state=State.DELIVERED):
    """Write texts down as sent: to whom, resting on which record, and when."""
    with unit_of_work():
        db.session.execute(
            insert(Message),
            [
                {
                    "id": (id_ := uuid4()),
                    "text_id": id_,
                    "organization_id": account.organization_id,
                    "account_id": account.id,
                    "kind": kind,
                    "priority": 0,
                    "position": 0,
                    "part": 1,
                    "e164": e164,
                    "recipient_name": e164,
                    "country_code": 1,
                    "body": "Open house on Saturday.",
                    "body_hash": "0" * 64,
                    "media": [],
                    "encoding": "GSM-7",
                    "segments": 1,
                    "credits": 0 if kind is Kind.SYSTEM else 1,
                    "state": state,
                    "not_before": at,
                    "consent_record_id": record_id,
                    "created_at": at,
                }
                for e164, record_id, at in texts
            ],
        )


def gathered(account, *e164s):
    asked = named_in("\n".join(e164s)).numbers
    return list(proof_gathering.gather(account.tenant, asked, utcnow()))


def test_what_held_when_they_were_texted_is_the_proof(northside):
    record_id = make.written(northside)
    now = utcnow()
    sent(
        northside, [(make.CAROL, record_id, now), (make.CAROL, record_id, now + timedelta(days=2))]
    )
    make.stop(northside, at=now + timedelta(days=3))

    [proof] = gathered(northside, make.CAROL)

    assert proof.outcome is Outcome.PROVEN
    assert (proof.record_id, proof.texts, proof.why) == (record_id, 2, "")
    assert (proof.first_at, proof.last_at) == (now, now + timedelta(days=2))
    assert proof.how == "Hosted form"
    assert "IP address" in proof.missing


def test_texts_without_consent_are_listed_with_what_is_missing(northside):
    now = utcnow()
    record_id = make.written(northside, make.DAVE)
    agreed_later = now + timedelta(days=1)
    sent(
        northside,
        [
            (make.CAROL, None, now),
            (make.DAVE, record_id, agreed_later),
            (make.DAVE, None, now - timedelta(days=30)),
            (make.ERIN, uuid4(), now),
        ],
    )
    make.bought(northside, make.ERIN)

    carol, dave, erin = gathered(northside, make.CAROL, make.DAVE, make.ERIN)

    assert {p.outcome for p in (carol, dave, erin)} == {Outcome.WITHOUT}
    assert "1 text went without a consent on record" in carol.why
    assert "Nothing is recorded for this number." in carol.why
    assert "1 of 2 texts went without" in dave.why
    assert "What is recorded begins later" in dave.why
    assert dave.record_id == record_id
    assert "What is recorded begins later" in erin.why


def test_a_consent_claimed_for_an_earlier_day_covers_texts_until_it_ends(northside):
    now = utcnow()
    record_id = make.written(northside, given_at=now - timedelta(days=9))
    make.written(northside, make.DAVE, given_at=now - timedelta(days=9))
    make.stop(northside, make.DAVE, at=now - timedelta(days=5))
    sent(
        northside,
        [(make.CAROL, None, now - timedelta(days=8)), (make.DAVE, None, now - timedelta(days=2))],
    )

    carol, dave = gathered(northside, make.CAROL, make.DAVE)

    assert (carol.outcome, carol.record_id) == (Outcome.PROVEN, record_id)
    assert dave.outcome is Outcome.WITHOUT


def test_numbers_this_account_never_texted_are_said_so(northside, lakeview):
    make.written(northside)
    now = utcnow()
    sent(lakeview, [(NOBODY, None, now)])
    sent(northside, [(NOBODY, None, now)], kind=Kind.SYSTEM)
    sent(northside, [(STRANGER, None, now)], state=State.BLOCKED)

    found = gathered(northside, make.CAROL, NOBODY, STRANGER)

    assert {proof.outcome for proof in found} == {Outcome.NEVER_TEXTED}
    assert "A consent is recorded all the same." in found[0].why
    assert "no consent is recorded" in found[1].why


@pytest.fixture
def five_hundred(northside):
    """Have 480 of 500 agree on a web form, and all but ten of the 500 texted."""
    e164s = [f"+1312556{place:04d}" for place in range(500)]
    agreed(northside, e164s[:480])
    basis = {r.e164: r.id for r in consent.history(northside.tenant, e164s)}
    sent(northside, [(e164, basis.get(e164), utcnow()) for e164 in e164s[:490]])
    return e164s


def agreed(account, e164s):
    """Bring consents in from a file, as hundreds of them come."""
    lines = [",".join(_HEADER), *(f"Carol Reyes,{e164},{_SAID}" for e164 in e164s)]
    handler = ConsentHandler()
    with unit_of_work():
        content = io.BytesIO("\n".join(lines).encode())
        import_ = importing.receive(
            account.tenant, handler, "consents.csv", content, actor=make.AGENT
        )
    with unit_of_work():
        importing.match_columns(
            account.tenant,
            import_.id,
            handler,
            import_.mapping,
            consent_source=ConsentSource.RECORDED,
            actor=make.AGENT,
        )
    import_consents(str(import_.id))
    with unit_of_work():
        importing.confirm(account.tenant, import_.id, actor=make.AGENT)
    import_consents(str(import_.id))


def test_five_hundred_numbers_take_a_bounded_number_of_statements(northside, five_hundred):
    asked = named_in("\n".join(five_hundred)).numbers
    heard = []

    def keep(_connection, _cursor, statement, *_):
        heard.append(statement)

    event.listen(db.engine, "before_cursor_execute", keep)
    found = list(proof_gathering.gather(northside.tenant, asked, utcnow()))
    event.remove(db.engine, "before_cursor_execute", keep)

    tally = Counter(proof.outcome for proof in found)
    assert len(found) == 500
    assert tally == {Outcome.PROVEN: 480, Outcome.WITHOUT: 10, Outcome.NEVER_TEXTED: 10}
    assert len(heard) < 25
    rows = list(csv.DictReader(io.StringIO(proof_gathering.as_csv(found).removeprefix("\ufeff"))))
    assert [row["Number"].lstrip("'") for row in rows] == five_hundred
    lacking = [row for row in rows if row["Outcome"] == "Without proof"]
    assert [row["Number"].lstrip("'") for row in lacking] == five_hundred[480:490]
    assert all(row["What is missing"] for row in lacking)


@pytest.mark.pages
def test_the_page_of_a_case_looks_for_no_proof_again(northside, vera, five_hundred):
    """Its tally is kept with the numbers; what costs is looking, and that is asked for."""
    case = open_case(suspend(northside), actor=VERA)
    where = {"account_id": case.account_id, "case_id": case.id}

    def statements():
        vera.get("appeals.show", **where)
        heard = []

        def keep(_connection, _cursor, statement, *_):
            heard.append(statement)

        event.listen(db.engine, "before_cursor_execute", keep)
        page = vera.get("appeals.show", **where)
        event.remove(db.engine, "before_cursor_execute", keep)
        return len(heard), page

    _named(vera, case, five_hundred[:1])
    few, _ = statements()
    _named(vera, case, five_hundred)
    many, page = statements()
    assert many == few
    assert many <= 60
    assert "480 of 500 numbers with proof of opt-in, as of" in page.text_of("#part-6")
    assert "20 numbers without" in page.text_of("#part-6")
    assert "20 of 500 numbers without proof" in page.text_of("#readiness")

    agreed(northside, five_hundred[480:490])  # later: the page says as of when it speaks
    assert "480 of 500" in vera.get("appeals.show", **where).text_of("#part-6")


def _named(browser, case, e164s):
    return browser.post(
        "appeals.name_numbers", 303, account_id=case.account_id, case_id=case.id, number=6,
        data={"part6-named": "\n".join(e164s)},
    )  # fmt: skip
