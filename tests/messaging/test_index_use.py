"""What runs for every text, or every few seconds, reads what moves and not all there ever was."""

from contextlib import contextmanager

import pytest
from sqlalchemy import event

from portal.billing import service as billing
from portal.core.db import db, is_sqlite, unit_of_work
from portal.messaging.service import claims, gate, recovery
from tests.factories.messaging import make_campaign, make_recipients, take, texts

MOVING, BY_TEXT = "ix_messages_moving", "credit_entries_message_id_slot"
# Both hold nothing but texts under way; for what is in doubt PostgreSQL may take either.
UNDER_WAY = (MOVING, "uq_messages_in_doubt")


@contextmanager
def asked():
    """Give the statements, with their values, that are asked inside."""
    kept = []

    def keep(_connection, _cursor, statement, values, _context, is_many):
        if not is_many:
            kept.append((statement, values))

    event.listen(db.engine, "before_cursor_execute", keep)
    yield kept
    event.remove(db.engine, "before_cursor_execute", keep)


def plan_of(statements, words):
    """Return how the database would answer the statement that has these words in it."""
    [(statement, values)] = [s for s in statements if all(word in s[0] for word in words)][:1]
    connection = db.session.connection()
    if is_sqlite():
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        return "\n".join(row[3] for row in rows)
    # Of the few rows of a test PostgreSQL would rather read and sort all, whatever index there is.
    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    connection.exec_driver_sql("SET LOCAL enable_sort = off")
    return "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", values))


@pytest.mark.parametrize(
    ("sweep", "words"),
    [
        (claims.due_accounts, ["DISTINCT", "priority"]),
        (recovery.reap, ["SELECT messages.id", "submit_deadline"]),
        (recovery.doubts_due, ["next_check_at <="]),
        (recovery.accounts_held, ["DISTINCT", "reason_code"]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_sweep_reads_the_index_of_what_moves(sweep, words, northside, sender):
    with asked() as statements, unit_of_work():
        sweep()
    plan = plan_of(statements, words)
    assert any(index in plan for index in UNDER_WAY), plan


def test_a_claim_reads_the_index_of_what_moves(northside, sender):
    make_campaign(northside, make_recipients(northside, 2))
    with asked() as statements:
        assert len(take(northside)) == 2
    assert MOVING in plan_of(statements, ["UPDATE messages", "picked"])


def test_a_charge_reads_the_entries_of_its_texts_alone(northside, sender):
    """It read all the account's entries: the longer an account texted, the slower it was."""
    make_campaign(northside, make_recipients(northside, 2))
    ids = [text.id for text in texts(northside)]
    with asked() as statements, unit_of_work():
        assert billing.capture_many(northside.id, ids) == 2
    plan = plan_of(statements, ["credit_entries.kind", "NOT (EXISTS"])
    assert "account_id" not in plan.partition("message_id")[0]
    assert BY_TEXT in plan or "(message_id=?)" in plan


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("phone_numbers", ["unreachable_code"]),
        ("messages", ["lease_until >"]),
        ("messages", ["body_hash", "messages.organization_id ="]),
        ("consent_standings", ["consent_standings.strength"]),
    ],
    ids=["numbers", "texts", "twins", "standings"],
)
def test_the_last_look_finds_its_rows_by_their_keys(table, words, northside, sender):
    """One of many values is looked up in the index, also where many make one parameter."""
    make_campaign(northside, make_recipients(northside, 3))
    claimed = take(northside)
    with asked() as statements, unit_of_work():
        assert len(gate.clear_many(claimed)) == 3
    plan = plan_of(statements, [f"FROM {table}", *words])
    if is_sqlite():
        assert f"SEARCH {table}" in plan
        assert "e164=?" in plan or "(id=?)" in plan
    else:  # with so few rows it does not matter to PostgreSQL which column it begins with
        assert "Index" in plan
        assert "Seq Scan" not in plan
