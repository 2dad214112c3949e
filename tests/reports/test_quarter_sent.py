"""Each kind of planted trouble from the import to the cause, through the path of all texts (issue 9).

The quarter beside this begins from counts. Here people come in from files, sends are confirmed and
leave by the worker's drain, what becomes of them and each STOP come as signed webhooks, and the
sweep judges what the counts make of that. Only the carrier's answer to a text is a double's.
"""

import io
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from sqlalchemy import select, update

from portal.compliance.rules.causes import Dimension, Trouble, rank
from portal.compliance.rules.health import TABLES, Window
from portal.consent import service as consent
from portal.consent.queries import Source
from portal.consent.service.importing_consents import ConsentHandler
from portal.consent.values import OldOptOuts
from portal.contacts import queries as contacts
from portal.contacts.service import importing
from portal.contacts.values import ConsentSource
from portal.core.audit import SYSTEM
from portal.core.db import db, unit_of_work
from portal.messaging.models import Message
from portal.messaging.values import Kind, Recipient, State
from portal.numbers.models import SenderNumber
from portal.reports.queries.causes import Told
from portal.reports.values import Scope
from portal.texting_accounts import queries as accounts
from portal.texting_accounts import service as account_service
from tests import cast
from tests.factories.consent import AGENT
from tests.factories.contacts import import_file
from tests.factories.messaging import ALICE_ACTS, bulk, make_campaign, make_ready
from tests.factories.numbers import make_carrier_account, make_sender
from tests.messaging.conftest import carrier_fake
from tests.messaging.hooks import SMS, STATUS, Hook
from workers import messaging as jobs
from workers.consent import import_consents
from workers.sending import apply_statuses, drain

__all__ = ["carrier_fake"]

[BY] = TABLES
HEADER = "Name,Phone,Registration Date and Time,Method,Checkbox,Disclosure Text"
SAID = "2026-02-20 09:15:00 -0600,web form,checked,I agree to texts from Juniper Realty."
WORDS = {
    "calm": "Juniper Realty: hi {first_name}, three homes near the river are new on our page today.",
    "open": "Juniper Realty: {first_name}, our open house by the old mill is on Sunday from one to four.",
    "bad": "Juniper Realty: {first_name}, investors want any home in your street, answer us tonight.",
    "same": "Juniper Realty: {first_name}, your neighbors sold above asking with us, want the figures?",
}


@dataclass
class Desk:
    """One account, whom it may text, and the carrier's side of what it sends."""

    app: object
    account: object
    clock: object
    area: str
    lists: dict = field(default_factory=dict)

    def __post_init__(self):
        make_ready(self.account, more_credits=3_000)
        self.carrier = make_carrier_account(self.account.organization_id)
        with unit_of_work():
            account_service.set_limits(
                self.account.id, daily_recipients=5_000, daily_segments=9_000, note="As agreed.",
                actor=ALICE_ACTS,
            )  # fmt: skip
            consent.answer_old_opt_outs(
                self.account.tenant, OldOptOuts.NONE, note="It is our first tool.", actor=ALICE_ACTS
            )
        self.account = accounts.get_or_404(self.account.tenant)

    def bring(self, name, count, first=0):
        """Take in a list of people and their consents from files; return them."""
        e164s = [f"+1{self.area}555{first + place:04d}" for place in range(count)]
        import_file(self.account, "Name,Phone\n" + "".join(f"Ann Lee,{n}\n" for n in e164s), name)
        lines = "\n".join([HEADER, *(f"Ann Lee,{n},{SAID}" for n in e164s)])
        handler = ConsentHandler()
        with unit_of_work():
            import_ = importing.receive(
                self.account.tenant, handler, name, io.BytesIO(lines.encode()), actor=AGENT
            )
            importing.match_columns(
                self.account.tenant, import_.id, handler, import_.mapping,
                consent_source=ConsentSource.RECORDED, actor=AGENT,
            )  # fmt: skip
        import_consents(str(import_.id))
        with unit_of_work():
            importing.confirm(self.account.tenant, import_.id, actor=AGENT)
        import_consents(str(import_.id))
        self.lists[name] = Source(import_.id).key
        known = contacts.by_numbers(self.account.tenant, e164s)
        return [Recipient(known[n], known[n].preferred) for n in e164s]

    def send(self, people, words, ends=lambda e164: None):
        """Confirm a send and let it leave; the carrier tells how each text ended."""
        campaign = make_campaign(self.account, people, bulk(WORDS[words], missing="fallback")).id
        for _ in range(2):  # the texts, then the free notices after them
            drain(str(self.account.id))
            self.clock.travel(by=timedelta(seconds=15))
        db.session.rollback()
        rows = db.session.execute(
            select(Message.id, Message.sid, Message.e164, Message.attempt).where(
                Message.campaign_id == campaign, Message.state == State.ACCEPTED
            )
        ).all()
        for row in rows:
            code = ends(row.e164)
            told = [("MessageStatus", "undelivered" if code else "delivered")]
            told += [("ErrorCode", str(code))] if code else []
            self._post(STATUS, row.sid, told, urlencode({"m": row.id, "a": row.attempt}))
        apply_statuses()
        return campaign, len(rows)

    def stop(self, people):
        """Let people answer STOP."""
        ours = db.session.scalar(
            select(SenderNumber.e164).where(
                SenderNumber.account_id == self.account.id, SenderNumber.is_default
            )
        )
        for place, one in enumerate(people):
            told = [("From", one.number.e164), ("To", ours), ("Body", "STOP")]
            self._post(SMS, f"SM{self.area}{place:029x}", told)

    def texts_from(self, e164):
        """Text from another number from now on."""
        with unit_of_work():
            mine = SenderNumber.account_id == self.account.id
            db.session.execute(update(SenderNumber).where(mine).values(is_default=False))
            there = SenderNumber.e164 == e164
            db.session.execute(update(SenderNumber).where(there).values(is_default=True))

    def _post(self, path, sid, told, query=""):
        said = (("AccountSid", self.carrier.account_sid), ("MessageSid", sid), *told)
        answer = Hook(path, said, query).signed(self.carrier.auth_token).post(self.app)
        assert answer.status_code in (200, 204), answer.status_code

    def first_cause(self, trouble):
        scope = Scope(cast.JUNIPER, "Juniper", "UTC", (self.account,), is_one=True)
        told = Told(scope, Window.WEEK.since(self.clock.now, BY))
        first, *_ = rank(told.cells, trouble, BY)
        return first.dimension, first.value, told


def bought_list(desk):
    """People of a bought list say STOP; those of one's own don't."""
    own, bought = desk.bring("own.csv", 60), desk.bring("bought.csv", 50, first=100)
    desk.send([*own, *bought], "calm")
    desk.stop(bought[:9])
    desk.send([*own, *bought[9:]], "open")
    return (
        Trouble.OPT_OUTS,
        lambda kind, value, told: (kind, value) == (Dimension.SOURCE, desk.lists["bought.csv"]),
    )


def bad_template(desk):
    """Of two sends to the same people one has words that people answer with STOP."""
    people = desk.bring("own.csv", 108)
    desk.send(people, "calm")
    campaign, _ = desk.send(people, "bad")
    desk.stop(people[::12])
    return (
        Trouble.OPT_OUTS,
        lambda kind, value, told: (kind, value) == (Dimension.CAMPAIGN, str(campaign)),
    )


def dead_numbers(desk):
    """Most numbers of an old list are not in use any more."""
    own, old = desk.bring("own.csv", 80), desk.bring("old.csv", 60, first=100)
    dead = {one.number.e164 for one in old[:40]}
    desk.send([*own, *old], "calm", lambda e164: 30005 if e164 in dead else None)
    desk.send([*own, *old], "open")  # whose number is dead is not tried again
    return (
        Trouble.ERRORS,
        lambda kind, value, told: (kind, value) == (Dimension.SOURCE, desk.lists["old.csv"]),
    )


def snowshoeing(desk):
    """The same words leave from four numbers, and carriers filter them; other words arrive."""
    people = desk.bring("own.csv", 104)
    desk.send(people, "calm")
    sends = set()
    for place in range(4):
        number = make_sender(
            desk.account, e164=f"+1{desk.area}777000{place}", segments_per_second=10_000
        )
        desk.texts_from(number.e164)
        some = people[place * 26 : place * 26 + 26]
        filtered = {one.number.e164 for one in some[::2]}
        campaign, _ = desk.send(
            some, "same", lambda e164, bad=filtered: 30007 if e164 in bad else None
        )
        sends.add(str(campaign))
    return (
        Trouble.ERRORS,
        lambda kind, value, told: kind is Dimension.WORDING and set(told.groups[value]) == sends,
    )


def nothing(desk):
    """A healthy account: few opt-outs and errors, never paused."""
    people = desk.bring("own.csv", 110)
    desk.send(people, "calm", lambda e164: 30003 if e164.endswith("7") else None)
    desk.send(people, "open")
    desk.stop(people[:2])
    return None, None


@pytest.mark.parametrize("plant", [bought_list, bad_template, dead_numbers, snowshoeing, nothing])
def test_planted_trouble_pauses_within_one_poll_and_its_cause_is_named_first(
    plant, app, clock, carrier_fake
):
    """H-4, H-8: from the file to the cause by what the product itself does at each step."""
    with unit_of_work():
        account = account_service.open_account(
            cast.JUNIPER, "Desk", team_id=cast.NORTHSIDE_TEAM, actor=SYSTEM
        )
    desk = Desk(app, account, clock, "312")
    trouble, is_planted = plant(desk)
    assert accounts.account(account.id).bulk_pause is None  # nobody looked yet
    jobs.watch_health()
    db.session.rollback()
    told = accounts.account(account.id).bulk_pause
    sent = db.session.query(Message).filter_by(account_id=account.id, kind=Kind.BULK).count()
    print(f"{plant.__name__}: {sent} texts; {told or 'goes on'}")
    assert sent >= 200
    if trouble is None:
        assert told is None
        return
    assert told is not None
    kind, value, causes = desk.first_cause(trouble)
    assert is_planted(kind, value, causes), (kind, value)
