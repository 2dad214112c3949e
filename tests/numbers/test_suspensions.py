"""The carrier is asked whether it has suspended an organization's account (A-1)."""

from portal.core.errors import GatewayBusy
from portal.texting_accounts import queries
from tests import cast
from tests.factories.numbers import make_carrier_account
from tests.factories.stopping import told
from workers.suspensions import look_for_suspensions


def test_what_the_carrier_suspended_stops(northside, bobs, lessor):
    """Every account of the organization hangs on its one sub-account (N-1)."""
    own = make_carrier_account(cast.JUNIPER)
    make_carrier_account(cast.LAKEVIEW_HOMES)
    assert look_for_suspensions() == 0
    lessor.suspended.add(own.account_sid)
    assert look_for_suspensions() == 2
    assert look_for_suspensions() == 0
    for account in (northside, bobs):
        now = queries.account(account.id)
        assert (now.is_active, now.state_reason) == (
            False,
            "The carrier lists the account as suspended.",
        )
    assert told("suspended your account").count(cast.BOB) == 1


def test_a_carrier_that_does_not_answer_stops_nobody(bobs, lessor):
    """Not knowing is no suspension: it is asked again at the next round."""
    own = make_carrier_account(cast.JUNIPER)
    lessor.suspended.add(own.account_sid)
    lessor.failures["account_standing"] = [GatewayBusy("away")]
    assert look_for_suspensions() == 0
    assert queries.account(bobs.id).is_active
    assert look_for_suspensions() == 2
