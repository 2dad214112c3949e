"""Sweeps of numbers."""

import logging

from portal.core.db import unit_of_work
from portal.core.errors import GatewayError
from portal.numbers.service import releasing

logger = logging.getLogger(__name__)


def release_numbers() -> int:
    """Give back the numbers of accounts whose subscription ended (B-7).

    No transaction is open while the carrier is asked. One that can't be released now is tried
    again at the next round.
    """
    count = 0
    for sender in releasing.to_release():
        try:
            is_given_back = releasing.give_back(sender)
        except GatewayError as error:
            logger.warning("a number was not released: %s", type(error).__name__)
            continue
        if is_given_back:
            with unit_of_work():
                count += releasing.note_released(sender.id)
    return count
