"""Plans, and people in them."""

from datetime import time

from portal.core.db import db, unit_of_work
from portal.drips.queries import enrolments as queries
from portal.drips.queries import library
from portal.drips.service import authoring, enrolling
from portal.drips.values import OnReply, Place, Source, Step, StepKind
from portal.people import queries as people
from tests import cast
from tests.factories.messaging import ALICE_ACTS

TEN = time(10)


def text_step(
    day=0, at=TEN, body="Juniper Realty: hi {first_name|there}. Reply STOP to end.", **more
):
    return Step(StepKind.TEXT, day, at, body=body, **more)


def email_step(day=0, at=TEN, title="Homes near you", body="Hi {first_name|there}", **more):
    return Step(StepKind.EMAIL, day, at, title=title, body=body, **more)


def task_step(day=0, at=TEN, title="Call {full_name|them}", **more):
    return Step(StepKind.TASK, day, at, title=title, **more)


def wait_step(day=1, at=TEN):
    return Step(StepKind.WAIT, day, at)


def keeper_of(account, user_id=cast.ALICE):
    return library.keeper(account, people.person(user_id, account.organization_id))


def make_drip(
    account, steps=None, name="New buyers", place=None, on_reply=OnReply.PAUSE, by=None
):  # fmt: skip
    """Keep a plan of the account, or of another place; return it."""
    by = by or keeper_of(account)
    steps = [text_step()] if steps is None else steps
    with unit_of_work():
        drip_id = authoring.create(
            account, by, place or Place(account_id=account.id), name=name, steps=steps,
            on_reply=on_reply, lint_ok=authoring.lint_key(authoring.verdicts(account, steps)),
            actor=ALICE_ACTS,
        )  # fmt: skip
    return library.drip_or_404(by, drip_id)


def enrol(account, drip, *recipients, source=Source.HAND):
    """Put people into a plan; return what became of them."""
    with unit_of_work():
        return enrolling.enrol(
            account, drip.id, [r.contact.id for r in recipients], source=source, actor=ALICE_ACTS
        )


def place_of(account, recipient):
    """Return the newest place of a person in any plan, as the database has it."""
    db.session.rollback()
    return queries.of_contact(account.tenant, recipient.contact.id)[0]


def runs(account, recipient):
    place = place_of(account, recipient)
    return [(run.position, run.outcome) for run in queries.runs_of(account.tenant, [place.id])]
