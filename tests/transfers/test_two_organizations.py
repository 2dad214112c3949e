"""What one organization begins keeps no other from the same, and tells it nothing (N-2)."""

import pytest

from portal.core.db import unit_of_work
from portal.numbers import queries as numbers
from portal.transfers import queries
from portal.transfers import service as transfers
from portal.transfers.errors import CannotMove, TransferOpen
from portal.transfers.service import OldPlace
from portal.transfers.values import Ending, Step
from tests import cast
from tests.factories.billing import make_subscription
from tests.factories.numbers import make_sender
from tests.transfers.conftest import (
    ALICE,
    advance,
    now,
    numbers_at,
    one_step,
    run_until,
    start,
)

E164 = "+18725550163"
PLACE = OldPlace("AC" + "e" * 32, e164=E164)


@pytest.fixture
def theirs(lakeview):
    """An account of another organization."""
    make_subscription(lakeview)
    return lakeview


def begin(account, place=PLACE):
    with unit_of_work():
        return transfers.begin(account, place, actor=ALICE)


def give_up(known):
    with unit_of_work():
        transfers.give_up(known.tenant, known.id, actor=ALICE)


@pytest.mark.parametrize("was", ["open", "given up"])
def test_another_organizations_transfer_is_neither_told_nor_in_the_way(account, theirs, twin, was):
    known = begin(account)
    if was == "given up":
        give_up(known)
    assert begin(theirs).step is Step.CONFIRM
    assert len(queries.transfers(theirs.tenant)) == 1


def test_two_accounts_of_one_brokerage_do_not_bring_the_same_number_over(account, twin):
    bobs = cast.account(cast.BOBS)
    make_subscription(bobs)
    known = begin(account)
    with pytest.raises(TransferOpen):
        begin(bobs)
    give_up(known)
    assert begin(bobs).e164 == E164


def test_a_number_another_organization_has_is_not_told_to_who_names_it(account, theirs, twin):
    make_sender(account, E164)
    with pytest.raises(CannotMove, match="is here already"):
        begin(cast.account(cast.NORTHSIDE))
    known = begin(theirs)
    assert known.step is Step.CONFIRM
    assert not [one for one in known.findings if one.weight == "stop"]


def test_two_organizations_do_not_move_the_same_number(account, theirs, twin, old):
    """Both may open the old account; the one that moves first has it, the other is told why not."""
    e164 = old["numbers"][0]
    ours = run_until(account, start(account, old), Step.MOVE, e164)
    other = run_until(theirs, start(theirs, old), Step.MOVE, e164)
    with unit_of_work():
        order = transfers.claim(ours.id)
    other = one_step(other)
    assert other.trouble.sentence == "The number can't be moved right now."
    assert "Juniper" not in f"{other.trouble}"
    assert other.next_at is not None
    outcome = transfers.carry_out(order)
    with unit_of_work():
        transfers.settle(order, outcome)
    with unit_of_work():
        transfers.try_now(other.tenant, other.id, actor=ALICE)
    assert one_step(other).trouble.sentence == "The number is no longer in the old account."
    give_up(now(other))
    assert now(other).ending is Ending.GIVEN_UP
    own = numbers.credentials(account.organization_id)
    assert numbers_at(twin)[e164]["account_sid"] == own.account_sid
    assert advance(ours).step is Step.TEST
