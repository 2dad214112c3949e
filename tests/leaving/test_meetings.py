"""Off-boarding meets what goes on in the accounts meanwhile, and neither breaks the other (RULINGS 6)."""

import pytest

from portal.core.db import db, unit_of_work
from portal.leaving import rules
from portal.leaving import service as leaving
from portal.messaging.service import campaigns, closing, linting, sending, talks
from portal.messaging.values import Draft, Kind, State
from tests import cast
from tests.factories.messaging import ALICE_ACTS, make_recipient, texts
from tests.leaving.world import BOB_ACTS, choose, go, held, who
from tests.meanwhile import Meanwhile


def _reply(account, recipient, actor):
    return sending.confirm(
        account,
        [recipient],
        Draft("Hello from Juniper Realty", Kind.ONE_TO_ONE),
        nonce=f"reply-{actor.id}",
        shown_key=None,
        actor=actor,
    )


@pytest.mark.parametrize("moment", [(linting, "verdict"), (talks, "note_outbound")])
@pytest.mark.parametrize("is_theirs", [False, True])
def test_a_reply_being_sent_meets_it_without_a_deadlock(app, world, monkeypatch, moment, is_theirs):
    """The reply holds the account's day, and has its texts and its conversation still to write."""
    mine, theirs = make_recipient(world.northside), make_recipient(world.northside)
    with unit_of_work():
        _reply(world.northside, theirs, BOB_ACTS)  # waits, and has a place in the day
        if is_theirs:
            mine = sending.recipient_for(world.northside, world.talk.e164, actor=ALICE_ACTS)
    mark, asks, meanwhile = rules.seen(held()), who(), Meanwhile(app)
    as_before = getattr(*moment)

    def off_board():
        return leaving.off_board(asks, cast.JUNIPER, cast.BOB, choose(), seen=mark, typed={})

    def at_that_moment(*args):
        meanwhile.do(off_board)
        return as_before(*args)

    monkeypatch.setattr(*moment, at_that_moment)
    with unit_of_work():
        _reply(world.northside, mine, ALICE_ACTS)
    assert meanwhile.end() == [True]
    db.session.rollback()
    assert sorted(text.state for text in texts(world.northside)) == [State.CANCELED, State.QUEUED]


def test_two_who_close_the_account_at_once_wait_for_each_other(app, world, monkeypatch):
    """Whoever closes an account holds it before its texts."""
    mark, meanwhile, as_before = rules.seen(held()), Meanwhile(app), campaigns.cancel_leavers

    def close():
        closing.close_account(world.bobs, typed=world.bobs.name, reason="Left", actor=ALICE_ACTS)

    def cancel_leavers(*args, **more):
        report = as_before(*args, **more)
        meanwhile.do(close)
        return report

    monkeypatch.setattr(campaigns, "cancel_leavers", cancel_leavers)
    with unit_of_work():
        _reply(world.bobs, world.people[2], BOB_ACTS)  # waits, and ends with his leaving
    assert go(choose(None), mark=mark, typed={cast.BOBS: world.bobs.name})
    assert meanwhile.end() == [None]
