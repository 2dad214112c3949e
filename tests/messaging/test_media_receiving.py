"""Photos and files that people send: fetched, checked, shown; and what can't be shown is said (S-7)."""

import io
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.core.errors import DomainError, GatewayBusy, GatewayRejected
from portal.gateways import carrier_media
from portal.gateways.carrier_media import FakeMedia
from portal.gateways.sms import Listed
from portal.media import queries as media_files
from portal.media import service as media
from portal.messaging.models import InboundMedia, InboundText
from portal.messaging.queries.talk import talk_by_days
from portal.messaging.service import forgetting, inbound_media
from portal.messaging.values import Fetching, MediaRef
from tests.factories.files import pdf, picture
from tests.factories.films import moving
from tests.factories.messaging import make_recipient
from tests.factories.numbers import make_carrier_account
from tests.messaging.talks import MAYA, hear, open_talk
from workers import media as jobs
from workers import messaging

FIRST, SECOND = "ME" + "a" * 32, "ME" + "b" * 32


@pytest.fixture
def carrier():
    before, fake = carrier_media._in_use, FakeMedia()
    carrier_media.use(fake)
    yield fake
    carrier_media.use(before)


@pytest.fixture
def maya(northside, sender):
    make_recipient(northside, number=MAYA, first_name="Maya", last_name="Castellanos")


@pytest.fixture
def account(northside, maya):
    make_carrier_account(northside.organization_id)
    return northside


def came(account, *sids, body="Look", **more):
    """Take in a text with these files."""
    url = "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/"
    return hear(
        account, body, media=[MediaRef(f"{url}{sid}", "image/jpeg") for sid in sids], **more
    )


def fetch(account):
    return jobs.fetch_media(str(account.id))


def shown(account):
    db.session.rollback()
    return db.session.scalars(
        select(InboundText).where(InboundText.account_id == account.id)
        .execution_options(populate_existing=True)
    ).one().media  # fmt: skip


def rows():
    db.session.rollback()
    query = select(InboundMedia).order_by(InboundMedia.position)
    return list(db.session.scalars(query.execution_options(populate_existing=True)))


def test_a_photo_is_fetched_written_anew_and_shown_in_the_talk(alice, account, carrier):
    turned = picture("JPEG", comment=b"SecretCamera")
    carrier.files[FIRST] = turned
    talk = came(account, FIRST)
    assert "image/jpeg" in open_talk(alice, talk).text_of(".chat__file--in")

    assert fetch(account) == 1
    [item] = shown(account)
    [file] = media_files.files(account.tenant, [rows()[0].file_id])
    assert (item["name"], item["file"]) == ("received.jpg", str(file.id))
    assert b"SecretCamera" not in media.content_of(file)
    page = open_talk(alice, talk)
    assert (
        page.page.select_one("#thread .chat__shot--in img")["alt"]
        == "Picture they sent: received.jpg"
    )


def test_an_open_talk_hears_that_a_photo_came(alice, account, carrier):
    """Q-5"""
    carrier.files[FIRST] = picture()
    came(account, FIRST)
    before = talk_by_days(account.tenant, MAYA, "America/Chicago").version
    fetch(account)
    db.session.rollback()

    assert talk_by_days(account.tenant, MAYA, "America/Chicago").version != before


def test_several_files_keep_their_order_and_are_priced_once(account, carrier):
    carrier.files |= {FIRST: moving(3), SECOND: pdf()}
    came(account, FIRST, SECOND)
    fetch(account)

    assert [item["content_type"] for item in shown(account)] == ["image/gif", "application/pdf"]
    assert db.session.scalar(select(InboundText.credits)) == 3  # B-10, however many


@pytest.mark.parametrize(
    ("answer", "state", "words"),
    [
        (b"MZ" + b"\0" * 99, Fetching.REFUSED, "not shown. This file is not what we can read"),
        (b"<svg/>", Fetching.REFUSED, "not shown. This is a drawing or a web page"),
        (GatewayRejected("gone"), Fetching.LOST, "the carrier has it no more"),
    ],
    ids=["program", "svg", "gone"],
)
def test_what_cannot_be_shown_is_said(alice, account, carrier, answer, state, words):
    carrier.files[FIRST] = answer
    talk = came(account, FIRST)
    fetch(account)

    assert rows()[0].state is state
    assert words in open_talk(alice, talk).text_of(".chat__file--in")


def test_a_carrier_that_is_busy_is_asked_again_later_and_given_up_in_the_end(
    account, carrier, clock
):
    carrier.files[FIRST] = GatewayBusy("503")
    came(account, FIRST)
    fetch(account)
    assert (rows()[0].state, fetch(account)) == (Fetching.WAITING, 0)  # its time is not there
    assert len(carrier.asked) == 1
    for _ in range(inbound_media.MOST_TRIES - 1):
        clock.travel(by=timedelta(hours=2))
        assert inbound_media.due_accounts(utcnow()) == [account.id]
        fetch(account)

    assert rows()[0].state is Fetching.LOST
    assert inbound_media.due_accounts(utcnow() + timedelta(days=1)) == []


def test_two_workers_fetch_a_file_once_and_a_dead_one_is_made_up_for(account, carrier, clock):
    carrier.files[FIRST] = picture()
    came(account, FIRST)
    with unit_of_work():
        assert len(inbound_media.claim(account.id)) == 1  # this one dies now
    assert fetch(account) == 0

    clock.travel(by=timedelta(minutes=1))
    assert fetch(account) == 1
    assert fetch(account) == 0
    assert len(carrier.asked) == 1


def test_an_address_that_is_not_the_carriers_is_never_followed(account, carrier):
    hear(account, "Look", media=[MediaRef("https://evil.example/x.png", "image/png")])
    fetch(account)

    assert rows() == []
    assert carrier.asked == []


def test_without_words_and_erased_meanwhile_nothing_is_kept(account, carrier):
    """C-10: an erasure that comes between the text and its photo takes the photo too."""
    carrier.files[FIRST] = picture()
    came(account, FIRST)
    with unit_of_work():
        [coming] = inbound_media.claim(account.id)
    erase(account)

    assert rows() == []
    with unit_of_work():
        inbound_media.keep(coming, media.check(io.BytesIO(picture()), "x"))
    assert media_files.unused(account.organization_id, utcnow()) == []


def test_what_a_person_sent_goes_with_their_words(account, carrier):
    """C-10"""
    carrier.files[FIRST] = picture()
    came(account, FIRST)
    fetch(account)
    [file] = media_files.files(account.tenant, [rows()[0].file_id])
    assert erase(account, is_dry=True)["files"] == 1

    assert erase(account)["files"] == 1
    with pytest.raises(DomainError):
        media.content_of(file)
    assert rows() == []


def erase(account, **how):
    with unit_of_work():
        return forgetting.erase_words(
            account.organization_id, before=utcnow(), only=MAYA, **{"is_dry": False, **how}
        )


def listed(text_sid, our_e164, count=2):
    return Listed(
        text_sid, our_e164, MAYA, "Look", "inbound", "received", utcnow(), media_count=count
    )


@pytest.mark.parametrize("carrier_says", [True, False], ids=["told", "silent"])
def test_the_photo_of_a_text_whose_webhook_was_lost_comes_with_it(
    account, sender, carrier, carrier_fake, carrier_says
):
    """PROMISES 2.4: the list of texts says how many files there were; where they lie is asked apart."""
    sid, url = "SM" + "7" * 32, "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/"
    carrier.files[FIRST] = picture("JPEG")
    carrier.lists[sid] = [(f"{url}{FIRST}", "image/jpeg")] if carrier_says else GatewayBusy("no")
    carrier_fake.listed.append(listed(sid, sender.e164))
    assert messaging.catch_up_inbound() == 1  # with or without its files: a STOP can't wait
    assert fetch(account) == int(carrier_says)
    assert [item["content_type"] for item in shown(account)] == ["image/jpeg"] * int(carrier_says)
