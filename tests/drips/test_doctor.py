"""The doctor looks whether plans keep what they promise (I2, I3)."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import update

from portal.consent import service as consent
from portal.core.db import db, unit_of_work
from portal.doctor.queries import plans
from portal.doctor.queries.looking import Look
from portal.drips.models import DripCount, DripRun
from tests.drips.conftest import work
from tests.factories.drips import TEN, enrol, make_drip, text_step
from tests.factories.messaging import ALICE_ACTS, make_recipient

MAYA = "+13125550142"


@pytest.fixture
def maya(northside, sender, carrier_fake):
    person = make_recipient(northside, number=MAYA)
    enrol(northside, make_drip(northside, [text_step(0, None), text_step(5, TEN)]), person)
    work(northside)
    return person


def found(account, clock):
    db.session.rollback()
    look = Look(account.organization_id, account.id, clock.now)
    return [f.check for check in plans.CHECKS for f in check.findings(look)]


def test_a_plan_that_runs_is_in_order(northside, maya, clock):
    assert found(northside, clock) == []


def test_a_text_that_is_not_there_is_found(northside, maya, clock):
    with unit_of_work():
        db.session.execute(update(DripRun).values(id=uuid4()))
    assert found(northside, clock) == ["run_without_text"]


def test_a_step_nobody_looked_at_is_found(northside, maya, clock):
    clock.travel(by=timedelta(days=6))
    assert found(northside, clock) == ["step_overdue"]


def test_somebody_who_opted_out_and_is_still_in_a_plan_is_found(northside, maya, clock):
    with unit_of_work():
        consent.opt_out(
            northside.tenant, MAYA, at=clock.now, source="keyword", details="", actor=ALICE_ACTS
        )
    assert found(northside, clock) == ["in_a_plan_though_opted_out"]


@pytest.mark.parametrize("wrong", [{"runs": 0}, {"opt_outs": 2}, {"replies": -1}])
def test_a_step_counted_otherwise_than_it_ran_is_found(northside, maya, clock, wrong):
    """M-3, H-8"""
    with unit_of_work():
        db.session.execute(update(DripCount).values(wrong))
    assert found(northside, clock) == ["step_miscounted"]
