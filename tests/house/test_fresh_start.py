"""Every test starts with the cast alone, whatever the one before wrote or left half done."""

from sqlalchemy import select

from portal.core.db import Base, db, is_sqlite, unit_of_work
from portal.people.models import Organization
from tests.meanwhile import Meanwhile


def rows():
    """Return what every table holds, as the database itself has it."""
    with db.engine.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(select(table))))
            for table in Base.metadata.sorted_tables
        }


def test_nothing_is_left_for_the_next_test(app, request):
    """A row that was not yet committed when the database was brought back is gone, too."""
    at_first, meanwhile = rows(), Meanwhile(app)
    bring_back = app.extensions["test_reset"]
    request.getfixturevalue("own")
    written = rows()
    with unit_of_work():
        db.session.add(Organization(name="Late Homes", sender_name="Late Homes"))
        db.session.flush()
        if not is_sqlite():  # there the file is copied back, when nobody has it open
            meanwhile.do(bring_back)
    if is_sqlite():
        db.session.remove()
        bring_back()
    assert meanwhile.end() in ([], [None])
    assert len([name for name in at_first if at_first[name] != written[name]]) > 40
    assert rows() == at_first
