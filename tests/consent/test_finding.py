"""Finding records: every filter reads an index, however many records there are (C-1, G6)."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from portal.consent import queries
from portal.consent.models import ConsentWord
from portal.consent.values import Event, Method, RecordFilter, Strength
from portal.core.clock import utcnow
from portal.core.db import db, is_sqlite
from tests.factories import consent as make
from tests.messaging.test_index_use import asked, plan_of

CAROL, DAVE = make.CAROL, make.DAVE


@pytest.fixture
def two(northside, clock):
    """Carol's written consent of Monday, and Dave's spoken one of Thursday."""
    make.written(northside, CAROL, name="Carol Inés Reyes", email="carol@reyes.example", form_name="Open house")  # fmt: skip
    clock.travel(by=timedelta(days=3))
    make.spoken(northside, DAVE, name="Dave O'Neil")


def found(account, **filter_):
    page = queries.find_records(account.tenant, RecordFilter(**filter_), zone="America/Chicago")
    return [record.e164 for record in page.records]


@pytest.mark.parametrize(
    ("filter_", "whom"),
    [
        ({"text": "carol"}, [CAROL]),
        ({"text": "Reyes"}, [CAROL]),
        ({"text": "ines rey"}, [CAROL]),
        ({"text": "carol@reyes.example"}, [CAROL]),
        ({"text": "o'neil"}, [DAVE]),
        ({"text": "(312) 555-0142"}, [CAROL]),
        ({"text": "0143"}, [DAVE]),
        ({"text": "312555"}, [DAVE, CAROL]),
        ({"text": "zelda"}, []),
        ({"text": "%"}, []),
        ({"method": Method.VERBAL}, [DAVE]),
        ({"strength": Strength.EXPRESS_WRITTEN}, [CAROL]),
        ({"event": Event.OPTED_OUT}, []),
        ({"form": "Open house"}, [CAROL]),
        ({"form": "Open house", "text": "dave"}, []),
    ],
)
def test_a_record_is_found_by_what_is_known_of_it(northside, two, filter_, whom):
    assert found(northside, **filter_) == whom


def test_days_are_those_of_the_account(northside, two):
    monday = utcnow().date() - timedelta(days=3)
    assert found(northside, since=monday, until=monday) == [CAROL]
    assert found(northside, since=monday + timedelta(days=1)) == [DAVE]
    assert found(northside, until=monday - timedelta(days=1)) == []


def test_forms_are_offered_by_name(two, alice, northside):
    assert queries.form_names(northside.tenant) == ["Open house"]
    reply = alice.get(
        "consent.index",
        query={"form": "Open house", "since": "2026-03-01"},
        account_id=northside.id,
    )
    assert reply.field("form") == "Open house"
    assert reply.field("since") == "2026-03-01"
    assert "is not a day" in alice.get("consent.index", 400, query={"since": "x"}, account_id=northside.id).text  # fmt: skip


@pytest.mark.parametrize(
    ("filter_", "index"),
    [
        ({}, "by_age"),
        ({"since": utcnow().date()}, "by_age"),
        ({"strength": Strength.EXPRESS}, "by_strength"),
        ({"method": Method.PAPER}, "by_method"),
        ({"event": Event.OPTED_OUT}, "by_event"),
        ({"form": "Open house"}, "by_form"),
        ({"text": "+13125550142"}, "by_number"),
    ],
    ids=str,
)
def test_each_filter_walks_an_index_in_the_order_of_the_list(northside, filter_, index):
    with asked() as statements:
        found(northside, **filter_)
    plan = plan_of(statements, ["ORDER BY consent_records.recorded_at DESC"])
    assert "TEMP B-TREE" not in plan and "Sort" not in plan, plan
    # Of an empty table PostgreSQL takes any index in the list's order.
    assert f"ix_consent_records_{index if is_sqlite() else ''}" in plan, plan


def test_a_rare_word_leads_to_its_records_alone(northside, two):
    with asked() as statements:
        found(northside, text="carol")
    plan = plan_of(statements, ["ORDER BY consent_records.recorded_at DESC"])
    # Of a handful of records PostgreSQL may begin with the record and look its words up.
    words = ("ix_consent_words_account_id_word", "pk_consent_words")
    assert any(index in plan for index in words[: 1 if is_sqlite() else 2]), plan


def test_words_of_another_account_find_nothing(bobs, two):
    assert found(bobs, text="carol") == []
    assert db.session.scalar(select(func.count()).select_from(ConsentWord)) > 0
