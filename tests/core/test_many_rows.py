"""Rows that go in together are the rows that would go in one by one (G3, G4)."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid4

import pytest
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy import text as text_
from sqlalchemy.exc import IntegrityError, OperationalError

from portal.contacts.models import PhoneNumber
from portal.contacts.values import Kind
from portal.core.among import among
from portal.core.db import db, is_sqlite, unit_of_work
from portal.core.many_rows import COPIED_FROM, INSERTED_AT_ONCE, insert_rows, survey, update_each
from portal.messaging.models import Message, Sweep
from tests import cast

NUMBERS, TEXTS, SWEEPS = PhoneNumber.__table__, Message.__table__, Sweep.__table__
EARLY = datetime(2026, 3, 1, 8, 30, 15, 250_000, tzinfo=UTC)
ROME = timezone(timedelta(hours=1))


def number(line, **changed):
    return {
        "organization_id": cast.JUNIPER,
        "e164": f"+1312555{line:04d}",
        "kind": Kind.UNKNOWN,
        "region": "US",
        "created_at": EARLY,
        **changed,
    }


def text(**changed):
    id_ = uuid4()
    return {
        "id": id_,
        "text_id": id_,
        "organization_id": cast.JUNIPER,
        "account_id": cast.BOBS,
        "kind": "bulk",
        "priority": 1,
        "recipient_name": "Ana O'Neil %s ?",
        "e164": "+13125550123",
        "position": 1,
        "body": "Grüße 🏡",
        "body_hash": "0" * 64,
        "media": [{"url": "https://example.org/a.jpg"}],
        "encoding": "UCS-2",
        "segments": 1,
        "credits": 1,
        "state": "queued",
        "not_before": EARLY.astimezone(ROME),
        **changed,
    }


def read(table, *where):
    return [row._asdict() for row in db.session.execute(select(table).where(*where))]


def test_a_row_reads_back_as_if_the_orm_had_written_it(app):
    ours, theirs = text(), text()
    with unit_of_work():
        insert_rows(TEXTS, [ours])
        db.session.execute(insert(TEXTS), [theirs])
    mine, other = (read(TEXTS, TEXTS.c.id == row["id"])[0] for row in (ours, theirs))
    differ = {"id", "text_id", "created_at", "changed_at"}
    assert {n: v for n, v in mine.items() if n not in differ} == {
        n: v for n, v in other.items() if n not in differ
    }
    assert (mine["not_before"], mine["media"], mine["purpose"]) == (EARLY, ours["media"], "")
    assert mine["created_at"].tzinfo is not None  # a default that is worked out for each row


def test_each_row_gets_a_default_of_its_own(app):
    with unit_of_work():
        insert_rows(
            SWEEPS, ({"name": f"sweep {n}", "owner": None, "last_ran_at": None} for n in "ab")
        )
        rows = [{k: v for k, v in text().items() if k != "id"} for _ in range(2)]
        insert_rows(TEXTS, rows)
    ids = {row["id"] for row in read(TEXTS)}
    assert len(ids) == 2
    assert all(isinstance(id_, UUID) for id_ in ids)
    assert {row["name"]: row["owner"] for row in read(SWEEPS, SWEEPS.c.name.like("sweep %"))} == {
        "sweep a": None,
        "sweep b": None,
    }


def test_more_rows_than_go_in_at_once_all_go_in(app):
    count = INSERTED_AT_ONCE + 3
    with unit_of_work():
        assert insert_rows(NUMBERS, (number(line) for line in range(count))) == count
    assert len(read(NUMBERS, NUMBERS.c.created_at == EARLY)) == count


def test_many_rows_are_the_same_as_few(app):
    """PostgreSQL gets them another way."""
    words = "tab\t, line\n, \\N, \\x41, Grüße 🏡"
    rows = [text(body=words, recipient_name="" if n else "\\N") for n in range(COPIED_FROM)]
    few = [text(body=words, recipient_name="")]
    with unit_of_work():
        assert insert_rows(TEXTS, rows) == COPIED_FROM
        assert insert_rows(TEXTS, few) == 1
    found = read(TEXTS)
    assert {row["body"] for row in found} == {words}
    assert sorted(row["recipient_name"] for row in found) == [""] * COPIED_FROM + ["\\N"]
    names = {"media", "state", "not_before", "sid", "kind", "is_reply"}
    assert len({repr([row[name] for name in sorted(names)]) for row in found}) == 1


def test_many_rows_of_which_one_is_refused_all_stay_out(app):
    rows = [number(line) for line in (*range(COPIED_FROM), 0)]
    with pytest.raises(IntegrityError), unit_of_work():
        insert_rows(NUMBERS, rows)
    assert read(NUMBERS, NUMBERS.c.created_at == EARLY) == []


def test_many_rows_that_the_database_did_not_live_to_take_are_told_and_can_be_given_again(app):
    if is_sqlite():  # which is this process, and lives as long
        return
    rows = [number(line) for line in range(COPIED_FROM)]
    with pytest.raises(OperationalError), unit_of_work():
        mine = db.session.scalar(text_("SELECT pg_backend_pid()"))
        with db.engine.connect() as other:
            other.execute(text_("SELECT pg_terminate_backend(:mine)"), {"mine": mine})
        insert_rows(NUMBERS, rows)
    with unit_of_work():
        assert insert_rows(NUMBERS, rows) == COPIED_FROM


def test_a_database_plans_for_rows_that_just_came(app):
    with unit_of_work():
        insert_rows(NUMBERS, (number(line) for line in range(INSERTED_AT_ONCE)))
        survey(["phone_numbers", "contacts"])
    if not is_sqlite():  # which keeps no such count
        planned_for = text_("SELECT reltuples FROM pg_class WHERE relname = 'phone_numbers'")
        assert db.session.scalar(planned_for) == len(read(NUMBERS))


def test_no_rows_are_no_statement(app):
    with unit_of_work():
        assert insert_rows(NUMBERS, []) == 0


def test_only_new_rows_go_in_and_are_counted(app):
    with unit_of_work():
        insert_rows(NUMBERS, [number(1, region="CA")])
        assert insert_rows(NUMBERS, (number(line) for line in (1, 2, 3)), only_new=True) == 2
    regions = {row["e164"][-1]: row["region"] for row in read(NUMBERS, among_ours())}
    assert regions == {"1": "CA", "2": "US", "3": "US"}


def test_what_the_database_refuses_is_raised_as_ever_and_nothing_stays(app):
    with pytest.raises(IntegrityError), unit_of_work():
        insert_rows(NUMBERS, [number(1), number(2), number(1)])
    assert read(NUMBERS, among_ours()) == []


def test_a_name_that_is_no_column_is_refused(app):
    with pytest.raises(ValueError, match="no column zone"), unit_of_work():
        insert_rows(NUMBERS, [number(1, zone="x")])


def test_a_naive_time_is_refused(app):
    with pytest.raises(ValueError, match="naive"), unit_of_work():
        insert_rows(NUMBERS, [number(1, created_at=datetime(2026, 3, 1))])


MOVE = (
    update(TEXTS)
    .where(TEXTS.c.id == bindparam("this"))
    .values(attempt=TEXTS.c.attempt + 1, state="submitting", submitted_at=bindparam("at"), sid=None)
)


def test_an_update_is_run_for_each_row_with_its_own_values(app):
    rows = [text(e164=f"+1312555012{n}") for n in range(3)]
    with unit_of_work():
        insert_rows(TEXTS, rows)
        update_each(
            MOVE, [{"this": r["id"], "at": EARLY + timedelta(hours=n)} for n, r in enumerate(rows)]
        )
    found = {row["id"]: row for row in read(TEXTS)}
    assert [found[r["id"]]["submitted_at"] for r in rows] == [
        EARLY + timedelta(hours=n) for n in range(3)
    ]
    assert {(r["attempt"], r["state"], r["sid"]) for r in found.values()} == {
        (1, "submitting", None)
    }


def test_a_parameter_the_update_does_not_have_is_refused(app):
    with pytest.raises(ValueError, match="no parameter when"), unit_of_work():
        update_each(MOVE, [{"this": uuid4(), "when": EARLY}])


@pytest.mark.parametrize("lines", [(), (1,), (1, 2), (1, 2, 9)])
def test_one_statement_finds_few_or_many_values(app, lines):
    with unit_of_work():
        insert_rows(NUMBERS, (number(line) for line in range(5)))
    found = db.session.scalars(
        select(NUMBERS.c.e164).where(among(NUMBERS.c.e164, "numbers")),
        {"numbers": [number(line)["e164"] for line in lines]},
    )
    assert set(found) == {number(line)["e164"] for line in lines if line < 5}


def test_a_value_too_long_for_its_column_finds_no_other(app):
    longest = "+123456789012345"
    with unit_of_work():
        insert_rows(NUMBERS, [number(1, e164=longest)])
    asked = {"numbers": [f"{longest}6"]}
    assert not list(
        db.session.scalars(select(NUMBERS.c.e164).where(among(NUMBERS.c.e164, "numbers")), asked)
    )


def among_ours():
    return NUMBERS.c.created_at == EARLY
