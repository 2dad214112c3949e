"""A suspended account, its appeal, and who acts on it."""

import pytest

from portal.appeals.rules.states import Party
from portal.appeals.service import cases
from portal.appeals.values import Kind
from portal.compliance import service as compliance
from portal.core.audit import SYSTEM, Actor
from portal.core.db import unit_of_work
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import Cause
from tests import cast

BOB = Actor(cast.BOB, "Bob Tran")
ALICE = Actor(cast.ALICE, "Alice Moreno")
VERA = Actor(cast.VERA, "Vera Okafor")
WRITER, OFFICER = frozenset({Party.WRITER}), frozenset({Party.OFFICER})


def suspend(account, cause=Cause.HIGH_OPT_OUTS):
    with unit_of_work():
        compliance.suspend(account, "Mail of 2 March, ticket 4711", cause=cause, actor=SYSTEM)
    return accounts.get_or_404(account.tenant)


def open_case(account, kind=Kind.SUSPENSION, actor=BOB):
    with unit_of_work():
        return cases.open_case(account, kind, actor=actor)


@pytest.fixture
def suspended(bobs):
    """Bob's account, which the carrier suspended for its opt-outs."""
    return suspend(bobs)


@pytest.fixture
def case(suspended):
    """The appeal Bob has begun."""
    return open_case(suspended)
