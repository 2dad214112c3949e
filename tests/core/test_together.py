"""Webhooks of one moment share a commit: each is answered after it, and fails alone (G7, W2)."""

import threading
from uuid import uuid4

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError, OperationalError

from portal.core.clock import utcnow
from portal.core.db import bare_unit_of_work, db
from portal.core.together import NotKept, Together


class Shelf:
    """Remembers what was to be kept at once; the first lot waits until it may go on."""

    def __init__(self):
        self.lots, self.is_in, self.may_go_on = [], threading.Event(), threading.Event()

    def keep(self, _connection, things):
        self.lots.append(list(things))
        if len(self.lots) == 1:
            self.is_in.set()
            assert self.may_go_on.wait(30)
        if "trouble" in things:
            raise IntegrityError("INSERT", None, ValueError("this one"))
        if "away" in things:
            raise OperationalError("INSERT", None, ConnectionError("gone"))


def keep_while_one_is_busy(app, shelf, *things):
    """Bring these while the first lot is being committed; return what became of each."""
    together, fates = Together(shelf.keep), {}

    def bring(thing):
        with app.app_context():
            try:
                together.keep(thing)
                fates[thing] = None
            except NotKept as error:
                fates[thing] = type(error.__cause__)

    first = threading.Thread(target=bring, args=("first",))
    first.start()
    assert shelf.is_in.wait(30)
    others = [threading.Thread(target=bring, args=(thing,)) for thing in things]
    for thread in others:
        thread.start()
    while len(together._waiting) < len(things):
        threading.Event().wait(0.001)
    shelf.may_go_on.set()
    for thread in (first, *others):
        thread.join()
    return fates


def test_what_comes_while_one_commits_is_committed_at_once(app):
    shelf = Shelf()
    fates = keep_while_one_is_busy(app, shelf, "a", "b", "c")
    assert [sorted(lot) for lot in shelf.lots] == [["first"], ["a", "b", "c"]]
    assert set(fates.values()) == {None}


def test_a_row_the_database_refuses_costs_nobody_else_theirs(app):
    fates = keep_while_one_is_busy(app, Shelf(), "a", "trouble", "c")
    assert fates == {"first": None, "a": None, "trouble": IntegrityError, "c": None}


def test_a_database_that_is_away_keeps_nothing_and_tells_everybody(app):
    """Nobody hears that a thing is kept when it isn't (W4), and nobody waits for ever."""
    fates = keep_while_one_is_busy(app, Shelf(), "a", "away", "c")
    assert fates.pop("first") is None
    assert fates == dict.fromkeys(("a", "away", "c"), OperationalError)


def test_nobody_is_told_before_the_commit(app):
    """A commit that fails after everything was written is a failure of each."""
    with app.app_context():

        def fail(_connection):
            raise OperationalError("COMMIT", None, ConnectionError("gone"))

        event.listen(db.engine, "commit", fail)
        try:
            with pytest.raises(NotKept):
                Together(lambda connection, _: connection.execute(text("SELECT 1"))).keep("a")
        finally:
            event.remove(db.engine, "commit", fail)


def test_a_bare_unit_of_work_keeps_all_or_nothing(app, northside):
    table = db.metadata.tables["webhook_events"]
    row = {
        "dedupe_key": "x",
        "organization_id": northside.organization_id,
        "sid": "SM1",
        "id": uuid4(),
        "status": "sent",
        "payload": {},
        "received_at": utcnow(),
    }
    with pytest.raises(RuntimeError), bare_unit_of_work() as connection:
        connection.execute(table.insert().values(**row))
        raise RuntimeError
    assert db.session.execute(table.select()).all() == []
