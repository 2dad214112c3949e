"""Bob holds one of everything; Alice leads him."""

from dataclasses import dataclass
from typing import Any

from portal.calls.models import CallForwarding
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.leaving import queries, service
from portal.leaving.rules import seen
from portal.leaving.values import Choice, Choices, Receiver
from portal.messaging.rules.saved import Place, Reader
from portal.messaging.service import assigning, saved
from portal.people import queries as people
from tests import cast
from tests.factories.drips import enrol, make_drip
from tests.factories.integrations import make_endpoint, make_key
from tests.factories.messaging import make_campaign, make_ready, make_recipients
from tests.factories.tasks import make_task
from tests.messaging.talks import hear

BOB_ACTS = Actor(cast.BOB, "Bob Tran", "127.0.0.1")
ALICES = Receiver("Alice Moreno", user_id=cast.ALICE)
TEAM = Receiver("Northside", team_id=cast.NORTHSIDE_TEAM)
HOME = {"organization_id": cast.JUNIPER}
BOBS_PAGE = {**HOME, "user_id": cast.BOB}
TO, PLANS, HOOKS = (f"own-{cast.BOBS}-{name}" for name in ("to", "plans", "webhooks"))
THEIRS = f"shared-{cast.NORTHSIDE}-to"


def form(**changes):
    """Return a form as the page of decisions sends it: Alice gets Bob's account."""
    sent = {TO: ALICES.value, PLANS: "pause", HOOKS: "remove", THEIRS: "nobody", "reason": "Moved to Texas"}  # fmt: skip
    return sent | changes


@dataclass(frozen=True)
class World:
    """What Bob holds."""

    bobs: Any
    northside: Any
    sender: Any
    people: Any  # of his book: the first two were texted, the third is in a plan
    talk: Any  # in Northside
    task_id: Any
    key: Any
    shared_key: Any
    endpoint: Any
    shared_endpoint: Any


def hold_everything(bobs, northside):
    """Let Bob hold one of everything, and return it."""
    sender = make_ready(bobs)
    made = make_recipients(bobs, 3)
    make_campaign(bobs, made[:2])
    drip = make_drip(bobs)
    enrol(bobs, drip, made[2])
    hear(bobs, e164=made[0].number.e164)
    make_ready(northside)
    [somebody] = make_recipients(northside, 1)
    talk = hear(northside, e164=somebody.number.e164)
    with unit_of_work():
        assigning.assign(northside, talk.id, cast.BOB, was=None, actor=BOB_ACTS)
        db.session.add(
            CallForwarding(
                sender_id=sender.id,
                organization_id=bobs.organization_id,
                account_id=bobs.id,
                phone="+13125550142",
                verified_at=utcnow(),
            )
        )
    by = Reader(cast.JUNIPER, cast.BOB, (), (), may_share=False)
    with unit_of_work():
        saved.keep(bobs, by, Place(cast.BOB), name="Hours", body="We open at nine.", actor=BOB_ACTS)
    return World(
        bobs,
        northside,
        sender,
        made,
        talk,
        make_task(northside, for_id=cast.BOB),
        make_key(bobs)[0],
        make_key(northside, actor=BOB_ACTS)[0],
        make_endpoint(bobs, actor=BOB_ACTS)[0],
        make_endpoint(northside, actor=BOB_ACTS)[0],
    )


def who(user_id=cast.ALICE, organization_id=cast.JUNIPER):
    """Return somebody as views see them."""
    found = people.person(user_id, organization_id)
    assert found is not None
    return found


def held(user_id=cast.BOB, asks=cast.ALICE):
    """Return what somebody holds now."""
    db.session.rollback()
    row = people.member(cast.JUNIPER, user_id)
    return queries.held_by(who(asks), cast.JUNIPER, row)


def choose(to=ALICES, mine=None, **more):
    return Choices({cast.BOBS: Choice(to, **more)}, {cast.NORTHSIDE: mine}, "Moved to Texas")


def go(choices=None, *, mark=None, typed=None, user_id=cast.BOB, asks=cast.ALICE):
    """Off-board somebody; say whether it was done now."""
    mark = seen(held(user_id)) if mark is None else mark
    asks = who(asks)
    with unit_of_work():
        return service.off_board(
            asks,
            cast.JUNIPER,
            user_id,
            choose() if choices is None else choices,
            seen=mark,
            typed=typed or {},
        )
