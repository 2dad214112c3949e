"""What a page asks the database: no more than it needs, and the same only once (G6)."""

from collections import Counter

import pytest
from sqlalchemy import text

from portal.contacts import queries as contacts
from portal.contacts.values import NewNumber
from portal.core.db import db, is_sqlite
from portal.messaging import queries as messaging
from tests.factories.contacts import make_contact
from tests.factories.messaging import make_recipient
from tests.messaging.talks import MAYA, hear, open_talk
from tests.messaging.test_index_use import asked, plan_of

WARM = 2  # by then addresses, statements and the session's own account are there


@pytest.fixture
def maya(northside, sender):
    """Somebody who has written."""
    make_recipient(northside, number=MAYA, first_name="Maya", last_name="Castellanos")
    return hear(northside)


@pytest.mark.parametrize(("endpoint", "most"), [("contacts.index", 13), ("messaging.inbox", 10)])
def test_a_list_asks_a_counted_number_of_questions(alice, northside, maya, endpoint, most):
    for _ in range(WARM):
        alice.get(endpoint, account_id=northside.id)
    with asked() as statements:
        alice.get(endpoint, account_id=northside.id)
    questions = [sql for sql, _ in statements if sql.startswith(("SELECT", "WITH"))]
    assert 5 < len(questions) <= most, questions


def test_what_is_left_and_whether_the_plan_runs_is_asked_once(alice, northside, maya):
    open_talk(alice, maya)
    with asked() as statements:
        open_talk(alice, maya)
    counted = Counter(
        table
        for sql, _ in statements
        for table in ("FROM credit_accounts", "FROM subscriptions")
        if table in sql and sql.startswith("SELECT")
    )
    assert counted["FROM credit_accounts"] == 1
    assert counted["FROM subscriptions"] == 1


def test_the_list_itself_asks_two_questions_however_long_it_is(northside, maya):
    for place in range(3):
        hear(northside, e164=f"+1312558{place:04d}")
    with asked() as statements:
        messaging.tally(northside.tenant)
        assert len(messaging.conversations(northside.tenant).rows) == 4
    assert sum(sql.startswith("SELECT") for sql, _ in statements) == 2


def test_the_list_names_whom_each_number_stands_for_as_the_address_book_does(northside, sender):
    """Who is texted there, else who has had the number longest; by name, else by e-mail."""
    shared, second, mailed, lead = (f"+1312558{place:04d}" for place in range(4))
    make_contact(northside, "Old", "Holder", numbers=(NewNumber("+13125589999"), NewNumber(shared)))
    make_contact(northside, "Texted", "There", number=shared)
    make_contact(northside, "First", "One", numbers=(NewNumber("+13125589998"), NewNumber(second)))
    make_contact(northside, "Then", "Two", numbers=(NewNumber("+13125589997"), NewNumber(second)))
    make_contact(northside, "", "", number=mailed, email="nora@example.com")
    numbers = [shared, second, mailed, lead]
    for e164 in numbers:
        hear(northside, e164=e164)
    listed = {talk.e164: talk for talk in messaging.conversations(northside.tenant).rows}
    assert [listed[e164].name for e164 in numbers] == [
        "Texted There", "First One", "nora@example.com", "(312) 558-0003",
    ]  # fmt: skip
    known = contacts.names_by_numbers(northside.tenant, numbers)
    assert known == {e164: (talk.contact_id, talk.name) for e164, talk in listed.items()}


def test_what_is_unread_or_unanswered_is_counted_in_indexes_alone(northside, maya):
    """Their rows lie all over the table: to read a hundred took longer than all else of the list (G6)."""
    with asked() as statements:
        stands = messaging.tally(northside.tenant)
    assert (stands.unread, stands.needs_answer) == (1, 1)
    if not is_sqlite():  # which takes any index that is as good for a handful of rows
        for other in ("inbox", "changed"):
            db.session.execute(text(f"DROP INDEX ix_conversations_{other}"))
        of_numbers = "uq_conversations_account_id_e164"
        db.session.execute(text(f"ALTER TABLE conversations DROP CONSTRAINT {of_numbers}"))
    plan = plan_of(statements, ["count(*)", "changed_at"])
    kind = "COVERING INDEX" if is_sqlite() else "Index Only Scan using"
    for view in ("unread", "unanswered"):
        assert f"{kind} ix_conversations_{view}" in plan, plan
    db.session.rollback()


def test_an_open_conversation_asks_nothing_twice(alice, northside, maya):
    for _ in range(WARM):
        open_talk(alice, maya)
    with asked() as statements:
        open_talk(alice, maya)
    counted = Counter((sql, str(values)) for sql, values in statements)
    assert not [sql for (sql, _), times in counted.items() if times > 1]
    assert len(statements) <= 31
