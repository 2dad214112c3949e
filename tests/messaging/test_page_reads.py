"""What a page asks the database: no more than it needs, and the same only once (G6)."""

from collections import Counter

import pytest

from tests.factories.messaging import make_recipient
from tests.messaging.talks import MAYA, hear, open_talk
from tests.messaging.test_index_use import asked

WARM = 2  # by then addresses, statements and the session's own account are there


@pytest.fixture
def maya(northside, sender):
    """Somebody who has written."""
    make_recipient(northside, number=MAYA, first_name="Maya", last_name="Castellanos")
    return hear(northside)


@pytest.mark.parametrize(("endpoint", "most"), [("contacts.index", 26), ("messaging.inbox", 22)])
def test_a_list_asks_a_counted_number_of_questions(alice, northside, maya, endpoint, most):
    for _ in range(WARM):
        alice.get(endpoint, account_id=northside.id)
    with asked() as statements:
        alice.get(endpoint, account_id=northside.id)
    questions = [sql for sql, _ in statements if sql.startswith(("SELECT", "WITH"))]
    assert 10 < len(questions) <= most, questions


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
