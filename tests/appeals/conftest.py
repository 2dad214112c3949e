"""A suspended account, its appeal, and who acts on it."""

from datetime import date

import pytest

from portal.appeals import queries
from portal.appeals.rules.states import Move, Party
from portal.appeals.service import cases, files, parts, policy, sending
from portal.appeals.service.files import Checked
from portal.appeals.service.sending import Parcel
from portal.appeals.values import FileKind, Kind, SettingsRef
from portal.compliance import service as compliance
from portal.core.audit import SYSTEM, Actor
from portal.core.db import unit_of_work
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import Cause
from tests import cast
from workers import appeals as work

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


TODAY = date(2026, 3, 2)
PDF = Checked("appeal.pdf", "application/pdf", b"%PDF-1.7 frozen")
ZIP = Checked("appeal.zip", "application/zip", b"PK frozen")
PACKED = Parcel([(FileKind.PDF, PDF), (FileKind.ZIP, ZIP)])


def go(case, move, by, actor=VERA, **given):
    with unit_of_work():
        return cases.move(case, move, by, actor=actor, **given)


def support(address="appeals@carrier.example", **days):
    with unit_of_work():
        policy.change(cast.JUNIPER, SettingsRef(address, **days), actor=VERA)


@pytest.fixture
def sent(case):
    """Bob's appeal, written, approved, submitted and frozen."""
    with unit_of_work():
        parts.write_part(case, 2, text="", link="https://juniper.example/join", edits=0, actor=BOB)
        parts.attach(case, 3, Checked("box.png", "image/png", b"a picture"), actor=BOB)
        parts.confirm_ceased(case, 5, words="Plans stopped", actor=BOB)
        parts.name_numbers(case, 6, ["+15125550100"], actor=BOB)
    approved = go(go(case, Move.HAND_IN, WRITER, BOB), Move.APPROVE, OFFICER)
    with unit_of_work():
        submitted = cases.move(approved, Move.SUBMIT, OFFICER, actor=VERA)
        for kind, checked in PACKED.files:
            files.keep(submitted, checked, actor=VERA, kind=kind)
        begun = sending.request(submitted, actor=VERA)
    assert work.send_appeal(str(begun.id))
    return queries.case_or_404(case.tenant, case.id)
