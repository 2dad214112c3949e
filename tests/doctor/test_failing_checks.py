"""A check that stumbles over a row hides nothing that others find (PROMISES 2.8)."""

from datetime import timedelta

import pytest
from sqlalchemy import text as sql

from portal.core.db import db, unit_of_work
from portal.doctor import queries, service
from portal.doctor.values import FAILED
from portal.messaging.models import Message
from tests.factories.messaging import make_campaign, make_ready, make_recipient, texts
from workers.sweeps import check_promises


@pytest.fixture
def two(northside):
    """The ids of two texts that wait in the queue."""
    make_ready(northside)
    make_campaign(northside, [make_recipient(northside), make_recipient(northside)])
    return [text.id for text in texts(northside)]


def write(statement, text_id):
    with unit_of_work():
        id_ = text_id.hex if is_sqlite() else text_id
        db.session.execute(sql(statement), {"id": id_})


def is_sqlite():
    return db.engine.dialect.name == "sqlite"


def standing():
    db.session.rollback()
    return {(kept.finding.check, kept.finding.subject) for kept in queries.kept_findings()}


def test_what_no_program_wrote_is_found_by_name_and_hides_nothing(two, clock):
    odd, changed = two
    write("UPDATE messages SET body = 'Send money.' WHERE id = :id", changed)
    write("UPDATE messages SET state = 'lost' WHERE id = :id", odd)
    check_promises()
    found = standing()
    assert ("words_changed", str(changed)) in found
    assert ("step_unrecorded", FAILED) in found
    assert service.due(clock.now) == []  # the visit is noted


def test_what_was_found_before_a_check_failed_still_stands(two, clock):
    odd, stuck = two
    with unit_of_work():
        db.session.get(Message, stuck).not_before = clock.now - timedelta(days=3)
    check_promises()
    assert ("never_ends", str(stuck)) in standing()
    write("UPDATE messages SET state = 'lost' WHERE id = :id", odd)
    clock.travel(by=timedelta(hours=1))
    check_promises()
    assert ("never_ends", str(stuck)) in standing()
    write("UPDATE messages SET state = 'queued' WHERE id = :id", odd)
    clock.travel(by=timedelta(hours=1))
    check_promises()
    assert {subject for _, subject in standing()} == {str(stuck)}
