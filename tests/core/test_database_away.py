"""While the database does not answer, people read plain words and stay signed in."""

import sqlite3
from contextlib import contextmanager

from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from portal.core.db import db


@contextmanager
def away():
    """The database refuses every statement, as after a crash, until the block ends."""

    def refuse(_connection, _cursor, statement, *_):
        raise OperationalError(statement, {}, sqlite3.OperationalError("gone"))

    event.listen(db.engine, "before_cursor_execute", refuse)
    try:
        yield
    finally:
        event.remove(db.engine, "before_cursor_execute", refuse)


def test_a_page_says_so_and_the_session_outlives_it(alice, northside):
    where = {"account_id": northside.id}
    alice.get("messaging.campaigns", **where)
    with away():
        reply = alice.get("messaging.campaigns", 500, **where)
        assert reply.text_of("h1") == "Something broke on our side"
        alice.post("messaging.start_draft", 500, data={"body": "Hi"}, **where)
    alice.get("messaging.campaigns", **where)
