"""Sweeps of numbers."""

import logging

from portal.core.audit import SYSTEM
from portal.core.clock import utcnow
from portal.core.db import unit_of_work
from portal.core.errors import DomainError, GatewayError, GatewayUnclear
from portal.numbers import queries
from portal.numbers import service as numbers
from portal.numbers.service import releasing, stuck
from portal.numbers.values import SenderRef
from workers.runtime import on_its_own

logger = logging.getLogger(__name__)


def release_numbers() -> int:
    """Give back the numbers whose subscription ended or that cooled off (B-7, N-4).

    Nothing leaves from a number while it is given back, and no transaction is open while the
    carrier is asked. One that can't be released now is tried again at the next round.
    """
    with unit_of_work():
        releasing.cool_off_late()
    with unit_of_work():
        releasing.remind()
    count = 0
    for sender in releasing.to_release(utcnow()):
        with on_its_own("number %s was not given back", sender.id):
            count += _release(sender)
    return count


def notice_moved_numbers() -> int:
    """See which numbers that were to leave another carrier has by now; not on one look (N-4)."""
    count = 0
    for sender in queries.ready_senders():
        if sender.leaving_since is None:
            continue
        with on_its_own("number %s was not looked for", sender.id):
            count += _notice(sender)
    return count


def end_purchases() -> int:
    """End or go on with purchases whose account lapsed, was stopped or may go on (B-7, N-7).

    Returns how many were. No transaction is open while the carrier is asked.
    """
    count = 0
    for sender in stuck.purchases():
        with on_its_own("the purchase %s was not looked at", sender.id):
            count += _end_purchase(sender)
    return count


def _notice(sender: SenderRef) -> bool:
    try:
        is_missed = releasing.is_missed(sender)
    except GatewayError as error:
        logger.warning("a number was not looked for: %s", type(error).__name__)
        return False
    with unit_of_work():
        return releasing.note_look(sender.id, is_missed=is_missed)


def _end_purchase(sender: SenderRef) -> bool:
    try:
        found = stuck.look(sender)
    except GatewayError as error:
        logger.warning("a purchase was not looked for: %s", type(error).__name__)
        return False
    try:
        with unit_of_work():
            order = stuck.decide(sender.id, found)
    except DomainError as error:  # somebody else is at it: the next round looks again
        logger.info("a purchase was left: %s", error.code)
        return False
    if order is not None and order.is_ours:
        purchase = numbers.carry_out(order)
        with unit_of_work():
            numbers.settle(order, purchase, actor=SYSTEM)
    return True


def _release(sender: SenderRef) -> bool:
    with unit_of_work():
        begun = releasing.begin(sender.id)
    if begun is None:
        return False
    try:
        releasing.give_back(begun)
    except GatewayError as error:
        logger.warning("a number was not released: %s", type(error).__name__)
        if not isinstance(error, GatewayUnclear):
            with unit_of_work():
                releasing.take_back(sender.id)
        return False
    with unit_of_work():
        return releasing.note_released(sender.id)
