"""Whether the carrier has suspended an organization's account, asked before a text fails (A-1)."""

import logging
from uuid import UUID

from portal.core.db import unit_of_work
from portal.core.errors import GatewayError
from portal.gateways import numbers as gateways
from portal.messaging.service import trouble
from portal.numbers import queries as numbers
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountState
from workers.runtime import each

logger = logging.getLogger(__name__)

_REASON = "The carrier lists the account as suspended."
_SENDING = (AccountState.ACTIVE, AccountState.PAUSED)


def look_for_suspensions() -> int:
    """Ask the carrier about every organization's account, and stop what it has suspended.

    Returns how many accounts that stopped. No transaction is open while the carrier is asked;
    what it can't tell now is asked at the next round.
    """
    organizations = numbers.organizations_at_the_carrier()
    return each(organizations, _look, "organization %s was not asked about")


def _look(organization_id: UUID) -> int:
    sending = [
        account.id
        for account in accounts.of_organization(organization_id)
        if account.state in _SENDING
    ]
    credentials = numbers.credentials(organization_id)
    if not sending or credentials is None:
        return 0
    try:
        if not gateways.current().account_standing(credentials).is_suspended:
            return 0
    except GatewayError as error:
        logger.warning("the carrier did not tell an account's state: %s", type(error).__name__)
        return 0
    stopped = 0
    for account_id in sending:
        with unit_of_work():
            stopped += trouble.hold_suspended(account_id, _REASON)
    return stopped
