"""Recipients put through every gate a second, beside the plain insert of their rows (S-2, G4)."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import update

from portal.bench import brokerage
from portal.bench.confirm import BODY, Send
from portal.bench.measure import Figure, Options, Target, compare, rate
from portal.bench.scratch import open_scratch
from portal.compliance import service as compliance
from portal.compliance.rules.policy import Edit
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.messaging.service.planning import plan
from portal.messaging.values import Draft, Kind, Recipient
from portal.texting_accounts.values import AccountRef

# A confirm puts its recipients through the gates and then writes them: alone they cost less.
GATES: Final = Target("gates", 0.35, 0.50)
CAPPED: Final = Target("gates capped", 0.35, 0.50)
_SIZE: Final = 10_000
_HAD: Final = 2  # texts each person had today
_CAP: Final = 3


def run(options: Options) -> Iterator[Figure]:
    """Measure the gates as most people meet them, and where everybody's state caps texts."""
    size = options.size or _SIZE
    for engine in options.engines:
        with open_scratch(engine) as here:
            account = brokerage.open_account(here, credits=size * 100)
            brokerage.add_people(account, size)
            people = brokerage.everybody(account)
            send = Send(account, people)
            send.confirm()

            def check(account: AccountRef = account, people: Sequence[Recipient] = people) -> float:
                return rate(len(people), lambda: _check(account, people))

            about = f"{engine}, {size:,} people"
            yield compare(GATES, about, check, send.insert_rate, rounds=options.rounds)
            for _ in range(_HAD - 1):
                send.confirm()
            _cap_everybody(account)
            about = f"{about}, {_HAD} texts of {_CAP} today"
            yield compare(CAPPED, about, check, send.insert_rate, rounds=options.rounds)


def _check(account: AccountRef, people: Sequence[Recipient]) -> None:
    planned = plan(account, people, Draft(BODY, Kind.BULK, over_limit="spread"), utcnow())
    assert len(planned.texts) == len(people)
    db.session.rollback()


def _cap_everybody(account: AccountRef) -> None:
    """Let the federal row cap texts, and what was confirmed have left an hour ago."""
    now = utcnow()
    today = now.astimezone(ZoneInfo(account.timezone)).date()
    with unit_of_work():
        compliance.set_hours(
            account.organization_id,
            "US",
            Edit(max_per_day=_CAP),
            holds_from=today,
            note="bench",
            now=now,
            today=today,
            actor=brokerage.actor(),
        )
        texts = db.metadata.tables["messages"]
        db.session.execute(
            update(texts).values(
                state="delivered", submitted_at=now - timedelta(hours=1), held_until=None
            )
        )
