"""The running counts of consent say what the records say, whatever happens (C-1, M-3, I11)."""

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, event, select

from portal.consent import queries
from portal.consent import service as consent
from portal.consent.models import ConsentDay, StandingCount
from portal.consent.values import Event, Method, NewConsent
from portal.core import clock as core_clock
from portal.core.audit import SYSTEM
from portal.core.db import db, part_of_work, unit_of_work
from portal.doctor.queries.counts import counted_otherwise
from portal.doctor.queries.looking import Look
from portal.texting_accounts import service as accounts
from tests.factories import consent as make

PEOPLE = ("+13125550101", "+13125550102", "+13125550103")


def off(account):
    """Return what the doctor finds wrong with the counts of an account."""
    db.session.rollback()
    look = Look(account.organization_id, account.id, core_clock.utcnow())
    return [found.sentence for found in counted_otherwise(look)]


def days(account, **where):
    db.session.rollback()
    rows = db.session.scalars(
        select(ConsentDay).filter_by(account_id=account.id, **where).order_by(ConsentDay.day)
    )
    return [(row.day, row.records) for row in rows if row.records]


def inquire(account, e164):
    with unit_of_work():
        consent.record_inquiry(account.tenant, e164, core_clock.utcnow(), f"SM{e164}")


def listed(account, e164):
    with unit_of_work():
        old = NewConsent(e164, Method.LIST, idempotency_key=f"list:{e164}")
        consent.opt_out_many(account.tenant, [old], import_id=None, actor=SYSTEM)


def undone(account, e164):
    """A part of a unit of work that fails once it has kept a record."""
    with unit_of_work():
        with pytest.raises(RuntimeError), part_of_work():
            consent.opt_out(
                account.tenant, e164, at=core_clock.utcnow(), source="keyword", actor=SYSTEM
            )
            raise RuntimeError


ACTS = {
    "written": lambda account, e164, _clock: make.written(account, e164, form_name="Open house"),
    "spoken": lambda account, e164, _clock: make.spoken(account, e164),
    "bought": lambda account, e164, _clock: make.bought(account, e164),
    "stop": lambda account, e164, clock: make.stop(account, e164, at=clock.now),
    "start": lambda account, e164, clock: make.start(account, e164, at=clock.now),
    "inquiry": lambda account, e164, _clock: inquire(account, e164),
    "listed": lambda account, e164, _clock: listed(account, e164),
    "undone": lambda account, e164, _clock: undone(account, e164),
    "wait": lambda _account, _e164, clock: clock.travel(by=timedelta(days=40)),
}


@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(ACTS)), st.sampled_from(PEOPLE)), min_size=1, max_size=12
    )
)
def test_counts_equal_a_recount_after_every_step_of_any_history(northside, clock, acts):
    for act, e164 in acts:
        ACTS[act](northside, e164, clock)
        assert off(northside) == []


def test_a_record_counts_on_its_accounts_day_and_stays_there(northside, clock):
    """Noon in Chicago is the 2nd; that the account moves west later moves nothing."""
    clock.travel(by=timedelta(hours=11, minutes=30))  # 11:30 pm, the 3rd in UTC
    make.written(northside, form_name="Open house", form_version="2")
    with unit_of_work():
        accounts.edit_account(
            northside.id, name="Northside", timezone="Pacific/Honolulu", actor=SYSTEM
        )
    assert days(northside, form_name="Open house") == [(date(2026, 3, 2), 1)]
    assert off(northside) == []


def test_an_import_of_many_costs_the_counts_one_statement_a_table(northside):
    """G9: a batch of 500 is one row or a few of counts."""
    asked = []

    def note(_connection, _cursor, statement, *_):
        if statement.startswith(("INSERT INTO consent_days", "INSERT INTO standing_counts")):
            asked.append(statement.split()[2])

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        with unit_of_work():
            old = [
                NewConsent(f"+1312555{n:04d}", Method.LIST, idempotency_key=f"list:{n}")
                for n in range(100, 300)
            ]
            consent.opt_out_many(northside.tenant, old, import_id=None, actor=SYSTEM)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert asked == ["consent_days", "standing_counts"]
    assert days(northside, event=Event.OPTED_OUT) == [(date(2026, 3, 2), 200)]
    assert queries.coverage(northside.tenant).opted_out == 200


def test_counts_that_were_lost_are_made_anew_by_command(app, northside, clock):
    make.written(northside)
    make.stop(northside, at=clock.now)
    before = days(northside)
    with unit_of_work():
        db.session.execute(delete(ConsentDay))
        db.session.execute(delete(StandingCount))
    assert len(off(northside)) == 2
    assert "Counted again" in app.test_cli_runner().invoke(args=["recount"]).output
    assert off(northside) == []
    assert days(northside) == before
