"""A quarter of a brokerage, with four kinds of trouble planted among twelve accounts (issue 9).

What left is drawn from a seed and written as the running counts have it; the product's own sweep
judges after every hour in which texts left. The oracle beside it adds up what was drawn itself.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import insert

from portal.compliance.rules.causes import Dimension, Trouble, rank
from portal.compliance.rules.health import TABLES, Window, hour_of
from portal.consent.queries import NO_LIST, Source
from portal.core.audit import SYSTEM
from portal.core.db import db, unit_of_work
from portal.messaging.models import Campaign, CauseHour, HealthHour
from portal.messaging.service import bulk_pause
from portal.messaging.values import CampaignState, Kind
from portal.reports.queries.causes import Told
from portal.reports.values import Scope
from portal.texting_accounts import queries as accounts
from portal.texting_accounts import service as account_service
from tests import cast
from tests.factories.messaging import ALICE_ACTS
from workers import messaging as sweeps

ACCOUNTS, HOURS = 12, (15, 17, 20, 22)  # of UTC, in which texts leave
[BY] = TABLES
OWN = [Source(NO_LIST, "Open house"), Source(NO_LIST, "Home value"), Source(NO_LIST, "", "paper")]
BOUGHT, OLD = Source(UUID(int=1)), Source(UUID(int=2))
QUIET = (
    "Hi {{first_name}}, the new listings of week {week} around {place} are on our page, want them sent?",
    "{{first_name}}, our open house at {place} is on Sunday from one to four, shall I keep a time {week}?",
    "Prices near {place} moved again in week {week}, {{first_name}}, would a short summary help you?",
)
BAD = "{{first_name}}, last chance: investors pay cash for any home by {place} before week {week} ends"
SAME = (
    "{{first_name}}, your neighbors by {place} sold above asking with us, want the figures {week}?"
)
PLACES = ("Oak Street", "the river", "Pine Avenue", "the lake", "Elm Road", "the old mill")
FIXED = "The cause is found and removed."


@dataclass
class Desk:
    """One account of the simulation: how much it sends, how well, and what is planted in it."""

    account: object
    texts_a_day: int
    opt_outs: float
    errors: float
    trouble: str = ""
    begins: int = 0
    hours: dict = field(default_factory=lambda: defaultdict(lambda: [0, 0, 0, 0]))
    planted: set = field(default_factory=set)  # (dimension, value) that name the planted cause
    sends: int = 0
    is_mended: bool = False
    judged_from: object = None
    caught: list = field(default_factory=list)

    def is_ill(self, day):
        return bool(self.trouble) and day >= self.begins and not self.is_mended

    def week(self, now):
        """Return what was drawn in the last seven days, or since it was let go on."""
        since = Window.WEEK.since(now, BY)
        since = max(since, self.judged_from or since)
        rows = [sums for hour, sums in self.hours.items() if hour >= since]
        return [sum(each) for each in zip(*rows, strict=True)] or [0, 0, 0, 0]

    def is_breach(self, now):
        attempted, delivered, wrong, opted_out = self.week(now)
        return delivered >= BY.least_delivered and (
            (opted_out >= BY.least_events and opted_out / delivered >= 0.03)
            or (wrong >= BY.least_events and wrong / attempted >= 0.12)
        )


class Quarter:
    """Draws what leaves, hour by hour, and writes it down in one go each."""

    def __init__(self, seed, days, texts):
        self.dice, self.days = Random(seed), days
        self.users = (cast.ALICE, cast.BOB)
        self.texts, self.health, self.causes, self.campaigns = 0, [], [], []
        mean = texts // (days * ACCOUNTS)
        kinds = ["bought list", "bad template", "dead numbers", "snowshoeing"]
        kinds += [""] * (ACCOUNTS - len(kinds))
        self.dice.shuffle(kinds)
        with unit_of_work():
            opened = [
                account_service.open_account(
                    cast.JUNIPER, f"Desk {n}", team_id=cast.NORTHSIDE_TEAM, actor=SYSTEM
                )
                for n in range(ACCOUNTS)
            ]
        self.desks = [
            Desk(
                account,
                round(mean * self.dice.uniform(0.7, 1.3)),
                self.dice.uniform(0.0005, 0.002),
                self.dice.uniform(0.015, 0.045),
                kind,
                self.dice.randrange(days // 4, days // 2),
            )
            for account, kind in zip(opened, kinds, strict=True)
        ]

    def hour(self, desk, day, at):
        """Draw one hour of an account: one send, of an account that snowshoes eight."""
        texts, week, ill = desk.texts_a_day // len(HOURS), at.isocalendar()[1], desk.is_ill(day)
        desk.sends += 1
        bodies, is_bad = [self.dice.choice(QUIET)], False
        numbers = [f"+13125557{self.dice.randrange(2):03d}"]
        if ill and desk.trouble == "bad template":
            is_bad = desk.sends % 2 == 0
            bodies = [BAD] if is_bad else bodies
        if ill and desk.trouble == "snowshoeing":
            is_bad = True
            bodies, numbers = (
                [*bodies, *[SAME] * 8],
                [*numbers, *(f"+1312555800{n}" for n in range(8))],
            )
        for place, (body, number) in enumerate(zip(bodies, numbers, strict=True)):
            is_bad_send = is_bad and (desk.trouble == "bad template" or place > 0)
            campaign = self.campaign(
                desk, body.format(week=week, place=self.dice.choice(PLACES)), at
            )
            if is_bad_send:
                desk.planted.add((Dimension.CAMPAIGN, str(campaign)))
            share = 1.0 if len(bodies) == 1 else (0.5 if place == 0 else 0.5 / 8)
            user = self.dice.choice(self.users)
            for source, part in self.sources(desk, ill):
                self.draw(desk, at, round(texts * share * part), campaign, number, user, source,
                          is_bad_send)  # fmt: skip

    def sources(self, desk, ill):
        of_list = {"bought list": BOUGHT, "dead numbers": OLD}.get(desk.trouble)
        if not ill or of_list is None:
            return [(OWN[0], 0.5), (OWN[1], 0.3), (OWN[2], 0.2)]
        desk.planted.add((Dimension.SOURCE, of_list.key))
        return [(OWN[0], 0.3), (OWN[1], 0.2), (OWN[2], 0.1), (of_list, 0.4)]

    def draw(self, desk, at, texts, campaign, number, user, source, is_bad):
        opt_outs, errors, code = desk.opt_outs, desk.errors, 30003
        if source is BOUGHT:
            opt_outs = 0.12
        elif source is OLD:
            errors, code = 0.5, 30005
        elif is_bad and desk.trouble == "bad template":
            opt_outs = 0.09
        elif is_bad:
            opt_outs, errors, code = 0.02, 0.35, 30007
        wrong = sum(self.dice.random() < errors for _ in range(texts))
        delivered = texts - wrong
        out = sum(self.dice.random() < opt_outs for _ in range(delivered))
        self.texts += texts
        for kind, sums in ((0, (delivered, delivered, 0, out)), (code, (wrong, 0, wrong, 0))):
            if any(sums):
                self.count(desk, at, campaign, number, user, source, kind, sums)

    def count(self, desk, at, campaign, number, user, source, code, sums):
        tally = desk.hours[hour_of(at)]
        for place, by in enumerate(sums):
            tally[place] += by
        figures = dict(zip(("attempted", "delivered", "wrong", "opted_out"), sums, strict=True))
        key = {
            "account_id": desk.account.id, "organization_id": cast.JUNIPER, "hour": hour_of(at),
            "campaign_id": campaign, "from_e164": number, "error_code": code, **figures,
        }  # fmt: skip
        self.health.append(key)
        self.causes.append({**key, "user_id": user, **source._asdict()})

    def campaign(self, desk, body, at):
        id_ = UUID(int=self.dice.getrandbits(128), version=4)
        self.campaigns.append({
            "id": id_, "organization_id": cast.JUNIPER, "account_id": desk.account.id,
            "nonce": id_.hex, "intent": id_.hex, "name": "", "kind": Kind.BULK,
            "state": CampaignState.RUNNING,
            "body": body, "media": [], "people": 0, "credits": 0, "created_at": at,
            "created_by": None, "created_by_name": "Alice",
        })  # fmt: skip
        return id_

    def write(self):
        """Write an hour down: what one send counts at several lists is one row of health."""
        sums = {}
        for row in self.health:
            key = tuple(
                row[n] for n in ("account_id", "hour", "campaign_id", "from_e164", "error_code")
            )
            kept = sums.setdefault(key, {**row, **dict.fromkeys(_FIGURES, 0)})
            for name in _FIGURES:
                kept[name] += row[name]
        with unit_of_work():
            for model, rows in ((Campaign, self.campaigns), (HealthHour, list(sums.values())),
                                (CauseHour, self.causes)):  # fmt: skip
                if rows:
                    db.session.execute(insert(model), rows)
        self.health, self.causes, self.campaigns = [], [], []


_FIGURES = ("attempted", "delivered", "wrong", "opted_out")


def named_first(desk, now):
    """Return what H-8 names first for the breach of an account, and whether that was planted."""
    scope = Scope(cast.JUNIPER, "Juniper", "UTC", (desk.account,), is_one=True)
    told = Told(scope, Window.WEEK.since(now, BY))
    _, delivered, _, opted_out = desk.week(now)
    is_opt_outs = delivered and opted_out / delivered >= 0.03
    found = rank(told.cells, Trouble.OPT_OUTS if is_opt_outs else Trouble.ERRORS, BY)
    if not found:
        return "nothing", False
    first = found[0]
    value = (first.dimension, first.value)
    is_planted = value in desk.planted
    if first.dimension is Dimension.WORDING:
        sends = {(Dimension.CAMPAIGN, id_) for id_ in told.groups[first.value]}
        is_planted = bool(sends & desk.planted) and not sends - desk.planted
    return f"{told.name([value]).get(value)}: {first.words}", is_planted


def run(seed, days, texts, clock):
    """Simulate; return the quarter, and what went otherwise than it should."""
    quarter, faults, start, polls = Quarter(seed, days, texts), [], clock.now, 0
    for day in range(days):
        for hour in HOURS:
            at = (start + timedelta(days=day)).replace(hour=hour, minute=0, second=0, microsecond=0)
            clock.travel(to=at)
            for desk in quarter.desks:
                quarter.hour(desk, day, at)
            quarter.write()
            clock.travel(by=timedelta(minutes=2))
            sweeps.watch_health()
            polls += 1
            db.session.rollback()
            waits = {a.id for a in accounts.of_organization(cast.JUNIPER) if a.bulk_pause}
            for desk in quarter.desks:
                faults += judge(desk, day, clock.now, is_paused=desk.account.id in waits)
    print(
        f"{quarter.texts:,} texts of {ACCOUNTS} accounts in {days} days, {polls} polls, seed {seed}"
    )
    return quarter, faults


def judge(desk, day, now, *, is_paused):
    """Hold one account after a poll against what was drawn; let it go on where it was paused."""
    faults, name = [], f"{desk.account.name} ({desk.trouble or 'healthy'}) on day {day}"
    if is_paused != desk.is_breach(now):
        faults.append(f"{name}: paused {is_paused}, in breach {desk.is_breach(now)}")
    if is_paused and not desk.is_ill(day):
        faults.append(f"{name}: paused without a cause")
    if is_paused:
        words, is_planted = named_first(desk, now)
        desk.caught.append((day - desk.begins, words))
        print(f"{name}: {words}")
        if not is_planted:
            faults.append(f"{name}: named first was {words}")
        with unit_of_work():
            bulk_pause.lift(accounts.get_or_404(desk.account.tenant), FIXED, actor=ALICE_ACTS)
        desk.is_mended, desk.judged_from = True, hour_of(now) + timedelta(hours=1)
    return faults


@pytest.mark.parametrize(
    ("seed", "days", "texts"),
    [
        (20261201, 14, 28_000),
        *(pytest.param(s, 90, 300_000, marks=pytest.mark.soak) for s in (1, 2, 3)),
    ],
)
def test_each_planted_cause_is_named_first_and_no_healthy_account_is_paused(
    seed, days, texts, app, clock
):
    """H-4, H-8: each breach is caught by the next poll, and once its cause is gone it stays gone."""
    quarter, faults = run(seed, days, texts, clock)
    assert faults == []
    assert {d.trouble: len(d.caught) for d in quarter.desks} == {
        "": 0, "bought list": 1, "bad template": 1, "dead numbers": 1, "snowshoeing": 1,
    }  # fmt: skip
