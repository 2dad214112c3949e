"""Task steps, and texts that have to be sent by hand: reminders for the account's people (P-1, S-6)."""

from collections.abc import Mapping
from uuid import UUID

from portal.contacts.values import ContactRef
from portal.core import clock
from portal.core.audit import Actor
from portal.core.settings import settings
from portal.drips.service.mailing import worded
from portal.drips.values import DripRef, Step
from portal.messaging.values import Gate
from portal.tasks import service as tasks
from portal.tasks.values import Source
from portal.texting_accounts.values import AccountRef


def remind(
    account: AccountRef,
    drip: DripRef,
    step: Step,
    person: ContactRef,
    enrolment_id: UUID,
    *,
    own: Mapping[str, str],
) -> UUID:
    """Make the reminder a task step asks for, due now; once for each person and step.

    `own` is what the account's merge fields say.
    """
    return tasks.remind(
        account,
        title=worded(step, step.title, person, own) or step.title,
        note=worded(step, step.body, person, own) or step.body,
        due_at=clock.utcnow(),
        actor=actor_of(drip),
        contact_id=person.id,
        source=Source.PLAN,
        key=f"{enrolment_id}:{step.id}",
    )


def text_by_hand(
    account: AccountRef,
    drip: DripRef,
    step: Step,
    person: ContactRef,
    enrolment_id: UUID,
    *,
    own: Mapping[str, str],
) -> UUID:
    """Remind of a text that nothing can be sent from, with its words (S-6)."""
    return tasks.remind(
        account,
        title=f"Text {person.full_name} by hand",
        note=worded(step, step.body, person, own) or step.body,
        due_at=clock.utcnow(),
        actor=actor_of(drip),
        contact_id=person.id,
        source=Source.TEXT,
        key=f"{enrolment_id}:{step.id}",
    )


def not_sent(gate: Gate | None) -> str:
    """Return what is written on the person's timeline where nothing can be sent from (S-6).

    Whom a gate stops for themselves nobody is asked to text by hand, and it says why.
    """
    name = settings().application_name
    words = f"A text message from {name} was not sent. You need an active Twilio subscription."
    return (
        words if gate is None else f"{words} It is not to be sent by hand either: {gate.sentence}"
    )


def actor_of(drip: DripRef) -> Actor:
    """Return a plan as the log names it: nobody's hand."""
    return Actor(None, f"SmartPlan {drip.name}", "plan")
