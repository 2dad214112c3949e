"""Kinds of corruption of plans, and of what the database itself refuses, beside all the others (I2, I3, I7, I8, I9, I11)."""

from datetime import timedelta
from uuid import uuid4

from sqlalchemy import insert, text

from portal.billing.models import CreditAccount, CreditEntry
from portal.billing.values import EntryKind
from portal.contacts.models import Contact
from portal.core.db import db
from portal.drips.models import Drip, DripCount, DripEnrolment, DripRun, DripStep, DripVersion
from portal.drips.values import DripState, EnrolmentState, OnReply, Outcome, Source, StepKind
from portal.messaging.models import Campaign, DailyLimit, Message
from tests.doctor.corrupted_ends import CORRUPTIONS
from tests.doctor.corruptions import breaks, change, entry_of, one, run

__all__ = ["CORRUPTIONS"]


def without_constraints(model):
    """Put in front of a table its copy without constraints, which ends with the transaction."""
    name = model.__tablename__
    run(text(f"CREATE TEMPORARY TABLE {name} AS SELECT * FROM {name}"))


# What constraints refuse: the doctor is to see it where a disk or a restore has lost them.


@breaks("day_passed")
def a_day_took_more_people_than_its_limit(busy):
    without_constraints(DailyLimit)
    day = DailyLimit.account_id == busy.account.id, DailyLimit.recipients > 1
    change(DailyLimit, *day, recipients_limit=1)


@breaks("day_passed")
def a_day_took_more_segments_than_its_limit(busy):
    without_constraints(DailyLimit)
    day = DailyLimit.account_id == busy.account.id, DailyLimit.segments > 1
    change(DailyLimit, *day, segments_limit=1)


@breaks("day_passed")
def a_day_kept_less_for_replies_than_they_took(busy):
    without_constraints(DailyLimit)
    day = DailyLimit.account_id == busy.account.id, DailyLimit.recipients > 1
    change(DailyLimit, *day, replies_limit=DailyLimit.replies - 1)


@breaks("nonce_used_twice")
def two_campaigns_came_of_one_form(busy):
    without_constraints(Campaign)
    first, second = (
        db.session.get(Message, busy.ids[text]).campaign_id for text in ("queued", "paused")
    )
    nonce = one(Campaign, Campaign.id == first).nonce
    change(Campaign, Campaign.id == second, nonce=nonce)


# Credits


@breaks("alert_missing", "books_differ")
def nearly_all_is_used_and_nobody_was_told(busy):
    change(CreditAccount, CreditAccount.account_id == busy.account.id, available=0)


@breaks("month_misplaced")
def a_reserve_counts_towards_a_month_long_after_it(busy):
    entry = entry_of(busy.ids["queued"], EntryKind.RESERVE)
    change(CreditEntry, *entry, at=busy.now - timedelta(days=90))


# Plans


def _in_a_plan(busy, e164=None, **enrolment):
    """Put a person into a plan of one text; return the rows that are there."""
    mine = {"organization_id": busy.account.organization_id}
    here = {**mine, "account_id": busy.account.id}
    drip, version, step, person = (uuid4() for _ in range(4))
    contact = one(Contact, Contact.account_id == busy.account.id)
    rows = (
        (Drip, {**here, "id": drip, "name": "New buyers", "name_key": "new buyers", "version": 1,
                "on_reply": OnReply.PAUSE, "state": DripState.ACTIVE, "changed_by": "Alice"}),
        (DripVersion, {**mine, "id": version, "drip_id": drip, "number": 1, "created_by": "Alice"}),
        (DripStep, {**mine, "id": step, "version_id": version, "position": 1, "day": 0,
                    "kind": StepKind.TEXT, "missing": "skip"}),
        (DripEnrolment, {**here, "id": person, "drip_id": drip, "version_id": version,
                         "contact_id": contact.id, "e164": e164, "state": EnrolmentState.ACTIVE,
                         "source": Source.HAND, "enrolled_by": "Alice", "started_at": busy.now,
                         "next_step_id": step, **enrolment}),
    )  # fmt: skip
    for model, values in rows:
        run(insert(model).values(values))
    return here, drip, step, person


def _ran(busy, runs, **run_of):
    """Have the plan's step run, and be counted as often as `runs` says."""
    here, drip, step, person = _in_a_plan(busy)
    taken = {"id": uuid4(), "position": 1, "kind": StepKind.TEXT, "outcome": Outcome.NOT_SENT}
    values = here | {"enrolment_id": person, "step_id": step} | taken | run_of
    run(insert(DripRun).values(values))
    counts = {"drip_id": drip, "step_id": step, "runs": runs, "replies": 0, "opt_outs": 0}
    run(insert(DripCount).values(here | counts))


@breaks("run_without_text")
def a_step_queued_a_text_that_is_not_there(busy):
    _ran(busy, 1, outcome=Outcome.QUEUED)


@breaks("step_miscounted")
def a_step_that_ran_is_not_counted(busy):
    _ran(busy, 0)


@breaks("step_overdue")
def nobody_looks_at_a_step_that_is_due(busy):
    _in_a_plan(busy, look_at=busy.now - timedelta(hours=2))


@breaks("in_a_plan_though_opted_out")
def a_plan_goes_on_for_who_opted_out(busy):
    _in_a_plan(busy, db.session.get(Message, busy.ids["stopped"]).e164)
