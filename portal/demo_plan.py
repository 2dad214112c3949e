"""The plan that runs in the demo brokerage, with people in it (P-1)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import time
from typing import Final
from uuid import UUID

from portal.core.audit import Actor
from portal.core.db import unit_of_work
from portal.drips.rules.library import Keeper
from portal.drips.rules.ready import ready_plan
from portal.drips.service import authoring, enrolling
from portal.drips.values import Place
from portal.texting_accounts.values import AccountRef

_READY: Final = "sphere"
_FIRST_AT: Final = time(10, 30)  # two days after enrolment: nothing goes while one looks around


def begin(account: AccountRef, agent: Actor, contact_ids: Sequence[UUID]) -> None:
    """Keep a copy of a ready plan for the account, and enrol these people in it."""
    ready = ready_plan(_READY)
    assert ready is not None
    first, *others = ready.steps
    steps = (replace(first, day=2, at=_FIRST_AT), *others)
    by = Keeper(account.organization_id, account.id, (), may_write=True)
    with unit_of_work():
        drip_id = authoring.create(
            account, by, Place(account_id=account.id), name=ready.name, steps=steps, actor=agent
        )
        enrolling.enrol(account, drip_id, contact_ids, actor=agent)
