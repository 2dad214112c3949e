"""How many numbers of an account rest on consent (C-1)."""

from datetime import timedelta

from sqlalchemy import event

from portal.consent import queries
from portal.consent import service as consent
from portal.core.db import db, is_sqlite, unit_of_work
from tests.factories import consent as make


def test_coverage_counts_each_number_once_by_what_stands(northside, clock):
    make.written(northside, "+13125550101")
    make.spoken(northside, "+13125550102")
    make.spoken(northside, "+13125550102")
    make.bought(northside, "+13125550103")
    make.stop(northside, "+13125550104", at=clock.now)
    make.written(northside, "+13125550105")
    make.stop(northside, "+13125550105", at=clock.now)
    with unit_of_work():
        consent.record_inquiry(northside.tenant, "+13125550106", clock.now, "SM1")

    found = queries.coverage(northside.tenant)
    assert (found.express_written, found.express, found.inquiry) == (1, 1, 1)
    assert (found.not_valid, found.opted_out, found.numbers) == (1, 2, 6)
    assert found.percent == 50


def test_coverage_follows_the_clock_and_the_person(northside, clock):
    with unit_of_work():
        consent.record_inquiry(northside.tenant, "+13125550106", clock.now, "SM1")
    make.written(northside, "+13125550105")
    make.stop(northside, "+13125550105", at=clock.now)
    clock.travel(by=timedelta(days=91))
    make.spoken(northside, "+13125550105")  # what somebody enters doesn't lift what they said

    found = queries.coverage(northside.tenant)
    assert (found.inquiry, found.not_valid, found.opted_out) == (0, 1, 1)
    assert found.percent == 0


def test_coverage_is_counted_in_indexes_alone(northside):
    """SPEED G6: a page of a million numbers reads their counts, and the few in motion in an index."""
    heard = []

    def keep(_connection, _cursor, statement, parameters, *_):
        heard.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", keep)
    try:
        queries.coverage(northside.tenant)
    finally:
        event.remove(db.engine, "before_cursor_execute", keep)
    assert len(heard) == 2
    for statement, parameters in heard if is_sqlite() else ():  # PostgreSQL chooses by statistics
        asked = f"EXPLAIN QUERY PLAN {statement}"
        plan = db.session.connection().exec_driver_sql(asked, parameters)
        told = str(plan.all())
        assert "USING COVERING INDEX ix_consent_standings_in_motion" in told or (
            "standing_counts" in told and "SEARCH" in told
        )
