"""What an import, a list and a delete look up, they find by key: SQLite walks through no account (G6, G9)."""

import re
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from portal.contacts import queries
from portal.contacts.service import book
from portal.contacts.values import ContactFilter, Selection
from portal.core.db import db, is_sqlite, unit_of_work
from tests.factories.contacts import import_file
from tests.messaging.test_index_use import plan_of

HEAD = "First name,Last name,E-mail,Mobile,Home phone,City,Tags,Notes\n"
FIRST = "Ann,Lee,ann@example.com,(312) 555-0142,,,,\nBob,Ray,bob@example.com,,,,,\n"
AGAIN = (
    "Ann,Lee,ann@example.com,(312) 555-0142,(312) 555-0143,Chicago,buyer,hello\n"
    "Bob,Ray,bob@example.com,(312) 555-0144,,Chicago,,\n"
)
READ = re.compile(r"\b(?:FROM|UPDATE) (?:contacts|contact_numbers|contact_words|phone_numbers)\b")
A_WALK = re.compile(r"^SCAN|\((?:organization_id=\?)?(?: AND )?(?:account_id=\?)?\)$")
# In the order of the list, to its end.
OF_A_PAGE = re.compile(r"^SCAN|^SEARCH (?:contacts|contact_counts|tags) ")


@contextmanager
def asked():
    """Give the statements that look people up inside, with their values."""
    kept = []

    def keep(_connection, _cursor, statement, values, _context, is_many):
        if READ.search(statement):
            kept.append((statement, values[0] if is_many else values))

    event.listen(db.engine, "before_cursor_execute", keep)
    yield kept
    event.remove(db.engine, "before_cursor_execute", keep)


def walks(statements):
    """Return the statements that SQLite answers by reading all an account has.

    A page walks along its list and has an end; what it looks up for whom it shows, it finds by key.
    """
    if not is_sqlite():
        return []  # PostgreSQL counts what it has and knows better
    connection = db.session.connection()
    return [
        (statement, row[3])
        for statement, values in statements
        for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        if A_WALK.search(row[3]) and not ("LIMIT" in statement and OF_A_PAGE.search(row[3]))
    ]


def test_neither_an_import_nor_a_list_nor_a_delete_walks_through_the_account(northside):
    import_file(northside, HEAD + FIRST)
    with asked() as statements:
        import_ = import_file(northside, HEAD + AGAIN)
        page = queries.page(northside.tenant, ContactFilter())
        [ids] = queries.selected_ids(northside.tenant, Selection(matching=ContactFilter()))
        with unit_of_work():
            book.drop_numbers(northside.tenant, ids[0])
        with unit_of_work():
            assert book.remove(northside.tenant, ids) == 2  # and what the keys of others look up
    assert import_.merged == len(page.contacts) == 2
    asked_by = " ".join(statement for statement, _ in statements)
    assert all(
        word in asked_by for word in ("email_key", "UPDATE contacts", "DELETE FROM contacts")
    )
    assert walks(statements) == []


@pytest.mark.parametrize("typed", ["ann", "(312) 555", "ann lee"])
@pytest.mark.parametrize("words", [["count(*)", "contact_words"], ["contacts.sort_name", "LIMIT"]])
def test_a_search_reads_the_index_of_words(northside, typed, words):
    """SQLite has it for who asks for a word in so many words only, and read all there were (K-4)."""
    import_file(northside, HEAD + FIRST)
    with asked() as statements:
        queries.page(northside.tenant, ContactFilter(text=typed))
    plan = plan_of(statements, words)
    assert "ix_contact_words_account_id_word" in plan, plan
