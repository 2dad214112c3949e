"""I2 of plans: a step that was taken has its text, and what is due is taken."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from sqlalchemy import and_, func, or_, select

from portal.consent.models import ConsentStanding
from portal.doctor.queries.looking import Check, Look
from portal.doctor.values import Found, Invariant
from portal.drips.models import Drip, DripCount, DripEnrolment, DripRun
from portal.drips.values import LIVE, DripState, Outcome, StepKind
from portal.messaging.models import Message

OVERDUE_AFTER: Final = timedelta(hours=1)  # a sweep looks every five seconds


def run_without_text(look: Look) -> Iterable[Found]:
    """Find steps that are said to have queued or blocked a text that is not there."""
    rows = look.rows(
        select(DripRun.id)
        .outerjoin(Message, Message.id == DripRun.id)
        .where(
            DripRun.organization_id == look.organization_id,
            DripRun.account_id == look.account_id,
            DripRun.kind == StepKind.TEXT,
            DripRun.outcome.in_((Outcome.QUEUED, Outcome.BLOCKED)),
            Message.id.is_(None),
        )
    )
    for row in rows:
        yield Found(row.id, f"Step {row.id} of a plan was taken, and its text is not there.")


def step_overdue(look: Look) -> Iterable[Found]:
    """Find people of running plans whose next step nobody has looked at."""
    e = DripEnrolment
    rows = look.rows(
        select(e.id, e.look_at)
        .join(Drip, Drip.id == e.drip_id)
        .where(
            e.organization_id == look.organization_id,
            e.account_id == look.account_id,
            e.look_at < look.now - OVERDUE_AFTER,
            Drip.state == DripState.ACTIVE,
        )
    )
    for row in rows:
        yield Found(
            row.id, f"Step of {row.id} in a plan is due since {row.look_at:%Y-%m-%d %H:%M}."
        )


def in_a_plan_though_opted_out(look: Look) -> Iterable[Found]:
    """Find people who are still in a plan of the account they opted out of (Q-2)."""
    e, s = DripEnrolment, ConsentStanding
    rows = look.rows(
        select(e.id)
        .join(s, and_(s.account_id == e.account_id, s.e164 == e.e164))
        .where(
            e.organization_id == look.organization_id,
            e.account_id == look.account_id,
            e.state.in_(LIVE),
            s.stopped_at.is_not(None),
            or_(s.started_at.is_(None), s.started_at <= s.stopped_at),
        )
    )
    for row in rows:
        yield Found(row.id, f"{row.id} is in a plan, and the person opted out.")


def step_miscounted(look: Look) -> Iterable[Found]:
    """Find steps whose counts can't be: fewer than the runs there are, or more opt-outs than runs.

    A person who is removed takes their runs with them and what was done stays counted: so more is
    no fault.
    """
    c, r = DripCount, DripRun
    there = (
        select(r.step_id, func.count().label("runs"))
        .where(r.organization_id == look.organization_id, r.account_id == look.account_id)
        .group_by(r.step_id)
        .subquery()
    )
    kept = (
        select(c.step_id, c.runs, c.replies, c.opt_outs)
        .where(c.organization_id == look.organization_id, c.account_id == look.account_id)
        .subquery()
    )
    few = select(there.c.step_id).outerjoin(kept, kept.c.step_id == there.c.step_id)
    odd = select(kept.c.step_id).where(
        or_(kept.c.runs < 0, kept.c.replies < 0, kept.c.opt_outs < 0, kept.c.opt_outs > kept.c.runs)
    )
    few = few.where(func.coalesce(kept.c.runs, 0) < there.c.runs)
    wrong = {row.step_id for which in (few, odd) for row in look.rows(which)}
    for step_id in sorted(wrong):
        yield Found(step_id, f"Step {step_id} of a plan is counted otherwise than it ran.")


_LOOK: Final = (
    "See whether the scheduler runs and what its log says of plans; take the person out of the plan "
    "and enrol them anew once it is mended."
)
CHECKS: Final = (
    Check(Invariant.I2, run_without_text, _LOOK),
    Check(Invariant.I2, step_overdue, _LOOK),
    Check(
        Invariant.I11,
        step_miscounted,
        "Texts and plans are right; only the figures of this step are off. Tell support.",
    ),
    Check(Invariant.I3, in_a_plan_though_opted_out, _LOOK),
)
