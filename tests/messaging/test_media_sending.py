"""Files with texts, from the draft to the carrier, and what becomes of them later (S-7, R-3, R-4)."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.core.errors import DomainError
from portal.media import queries as media_files
from portal.media import service as media
from portal.media.errors import FileGone, FileRefused
from portal.messaging import queries
from portal.messaging.errors import CostChanged, NonceReused
from portal.messaging.models import CampaignMedia
from portal.messaging.queries.attached import attachments
from portal.messaging.service import campaigns, drafts, forgetting, limits, planning, sending
from portal.messaging.values import State
from tests.cast import ALICE
from tests.factories.files import pdf
from tests.factories.films import film
from tests.factories.media import make_file
from tests.factories.messaging import (
    ALICE_ACTS,
    bulk,
    clear,
    make_campaign,
    make_recipient,
    make_recipients,
    one_to_one,
    only_text,
    take,
    texts,
)

LONDON, SYDNEY, KINGSTON = "+447911123456", "+61412345678", "+18765550123"


@pytest.fixture
def file(northside):
    return make_file(northside)


@pytest.fixture
def abroad(northside):
    with unit_of_work():
        for code in (44, 61):
            limits.allow_country(northside, code, actor=ALICE_ACTS)


def refs(account, *files):
    return attachments(account.tenant, [each.id for each in files])


def planned(account, recipients, draft):
    return planning.plan(account, recipients, draft, utcnow())


def each_of(plan):
    return {line.label.partition(",")[0]: (line.people, line.credits_each) for line in plan.classes}


def test_a_picture_costs_three_credits_and_goes_as_one_segment(northside, sender, file):
    """R-3"""
    plan = planned(
        northside, make_recipients(northside, 2), bulk("a" * 700, media=refs(northside, file))
    )

    assert [(t.credits, t.segments, len(t.parts)) for t in plan.texts] == [(3, 1, 1)] * 2


def test_special_characters_and_long_texts_cost_more_with_media(northside, sender, file):
    """R-3, R-4: 700 special characters a unit; media goes with part 1, the rest as SMS."""
    someone = [make_recipient(northside)]
    special = planned(northside, someone, bulk("ё" * 701, media=refs(northside, file))).texts[0]
    long = planned(northside, someone, bulk("a" * 1_700, media=refs(northside, file))).texts[0]

    assert special.credits == 6
    assert [part.media for part in long.parts] == [1, 0]
    assert [part.credits for part in long.parts] == [3, 1]


def test_where_no_picture_is_delivered_a_link_goes_and_is_paid_for(northside, sender, abroad, file):
    """R-3: the US, Canada and Australia by MMS, elsewhere SMS with a link, re-costed."""
    people = [
        make_recipient(northside),
        *(make_recipient(northside, n) for n in (LONDON, SYDNEY, KINGSTON)),
    ]
    url = media_files.page_url(file)

    plan = planned(northside, people, bulk("Look at this house.", media=refs(northside, file)))

    home, london, sydney, kingston = plan.texts
    assert (home.body, home.credits, sydney.credits) == ("Look at this house.", 3, 3)
    assert london.body == kingston.body == f"Look at this house.\n{url}"
    assert (london.credits, kingston.credits) == (2, 1)
    assert london.segments == 1
    assert each_of(plan) == {
        "United States": (2, 3),
        "Caribbean": (1, 1),
        "Other countries": (1, 2),
    }
    assert plan.credits == 9


def test_a_picture_alone_needs_no_words(northside, sender, abroad, file):
    people = [make_recipient(northside), make_recipient(northside, LONDON)]

    plan = planned(northside, people, bulk("", media=refs(northside, file)))

    assert [t.body for t in plan.texts] == ["", media_files.page_url(file)]
    assert [t.credits for t in plan.texts] == [3, 2]


def test_the_key_of_a_cost_stands_for_exactly_these_files(northside, sender, file):
    """R-8"""
    someone, other = [make_recipient(northside)], make_file(northside)
    plan = planned(northside, someone, bulk(media=refs(northside, file)))

    with unit_of_work(), pytest.raises(CostChanged):
        sending.confirm(
            northside, someone, bulk(media=refs(northside, other)),
            nonce=uuid4().hex, shown_key=plan.key, actor=ALICE_ACTS,
        )  # fmt: skip


def test_one_form_with_other_files_is_another_send(northside, sender, file):
    """I9"""
    someone, nonce = [make_recipient(northside)], uuid4().hex
    first = make_campaign(northside, someone, bulk(media=refs(northside, file)), nonce)

    assert (
        make_campaign(northside, someone, bulk(media=refs(northside, file)), nonce).id == first.id
    )
    with pytest.raises(NonceReused):
        make_campaign(northside, someone, bulk(), nonce)


def test_the_carrier_gets_a_link_for_each_file_that_opens_it(northside, sender, anyone, file):
    """S15: bound to this text, and good for as long as it may still go and an hour."""
    other = make_file(northside, pdf(), "plan.pdf")
    make_campaign(
        northside, [make_recipient(northside)], one_to_one(media=refs(northside, file, other))
    )

    [claim] = take(northside)
    submission = clear(claim)

    urls = submission.outgoing.media_urls
    assert [anyone.client.get(url.removeprefix("http://localhost")).data for url in urls] == [
        media.content_of(file),
        media.content_of(other),
    ]


def test_a_link_ends_when_the_text_can_no_longer_go(northside, sender, anyone, clock, file):
    make_campaign(northside, [make_recipient(northside)], one_to_one(media=refs(northside, file)))
    [claim] = take(northside)
    [url] = clear(claim).outgoing.media_urls
    path = url.removeprefix("http://localhost")

    clock.travel(by=timedelta(hours=10, minutes=55))
    assert anyone.client.get(path).status_code == 200
    clock.travel(by=timedelta(minutes=10))
    assert anyone.client.get(path).status_code == 404


def test_a_confirm_opens_the_page_for_whom_only_a_link_reaches(
    northside, sender, abroad, anyone, file
):
    path = {"token": file.token}
    make_campaign(northside, [make_recipient(northside)], bulk(media=refs(northside, file)))
    anyone.get("media.for_person", 404, **path)

    make_campaign(northside, [make_recipient(northside, LONDON)], bulk(media=refs(northside, file)))

    anyone.get("media.for_person", **path)


def test_what_was_confirmed_keeps_its_files_and_sending_again_takes_them_along(
    northside, sender, file
):
    """I6, S-10"""
    make_campaign(northside, [make_recipient(northside)], one_to_one(media=refs(northside, file)))
    text = only_text(northside)
    assert text.media[0]["file"] == str(file.id)
    with unit_of_work():
        campaigns.cancel_text(northside.tenant, text.id, actor=ALICE_ACTS)
        campaigns.send_again(northside, text.id, nonce=uuid4().hex, actor=ALICE_ACTS)

    again = next(t for t in texts(northside) if t.id != text.id)
    assert again.media == text.media
    assert again.credits == 3


def test_files_that_are_gone_too_many_or_anothers_stop_the_send(northside, bobs, sender, file):
    someone = [make_recipient(northside)]
    theirs = make_file(bobs)
    stranger = replace(refs(northside, file)[0], file=str(theirs.id))
    large = [replace(refs(northside, each)[0]) for each in (make_file(northside, film(sound=b"x" * 3_000_000)) for _ in range(2))]  # fmt: skip
    for media_, refusal in (((stranger,), FileGone), (tuple(large), FileRefused)):
        with pytest.raises(refusal):
            make_campaign(northside, someone, bulk(media=media_))
    assert texts(northside) == []


class TestDrafts:
    @pytest.fixture
    def draft_id(self, northside, sender):
        people = [make_recipient(northside).contact.id]
        with unit_of_work():
            return drafts.start_draft(northside, people, actor=ALICE_ACTS, body="Hi")

    def test_files_are_kept_in_order_and_checked(self, northside, bobs, draft_id, file):
        other = make_file(northside)
        with unit_of_work():
            drafts.attach_files(northside.tenant, draft_id, [other.id, file.id], actor=ALICE_ACTS)
        written = queries.draft(northside.tenant, draft_id, ALICE)
        assert written.file_ids == (other.id, file.id)
        theirs = make_file(bobs)
        for wrong in ([uuid4()], [theirs.id]):
            with pytest.raises(FileGone), unit_of_work():
                drafts.attach_files(northside.tenant, draft_id, wrong, actor=ALICE_ACTS)

    def test_a_file_no_draft_has_any_more_goes_with_the_drafts(
        self, northside, draft_id, clock, file
    ):
        """C-10: what was put to nothing is kept no longer than drafts are."""
        loose, sent = make_file(northside), make_file(northside)
        make_campaign(northside, [make_recipient(northside)], bulk(media=refs(northside, sent)))
        with unit_of_work():
            drafts.attach_files(northside.tenant, draft_id, [file.id], actor=ALICE_ACTS)
        clock.travel(by=timedelta(days=40))
        with unit_of_work():
            drafts.edit_draft(northside.tenant, draft_id, body="Hi again", actor=ALICE_ACTS)

        def forget(**how):
            before = utcnow() - timedelta(days=30)
            with unit_of_work():
                return forgetting.forget_drafts(northside.organization_id, before=before, **how)

        assert forget(is_dry=True) == 1
        assert forget(is_dry=False, limit=500) == 1
        here = media_files.files(northside.tenant, [loose.id, sent.id, file.id])
        assert [each.id for each in here] == [sent.id, file.id]


class TestForgetting:
    def erase(self, account, e164=None, **how):
        with unit_of_work():
            return forgetting.erase_words(
                account.organization_id, before=utcnow(), only=e164, **{"is_dry": False, **how}
            )

    def test_what_one_person_got_goes_with_their_texts(self, northside, sender, file):
        """C-10"""
        someone = make_recipient(northside)
        make_campaign(northside, [someone], one_to_one(media=refs(northside, file)))
        text = only_text(northside)
        assert self.erase(northside, text.e164)["files"] == 0  # it is under way
        with unit_of_work():
            campaigns.cancel_text(northside.tenant, text.id, actor=ALICE_ACTS)

        assert self.erase(northside, text.e164, is_dry=True)["files"] == 1
        assert media.content_of(file)
        assert self.erase(northside, text.e164)["files"] == 1
        with pytest.raises(DomainError):
            media.content_of(file)
        assert self.erase(northside, text.e164)["files"] == 0

    def test_what_others_got_too_stays_until_the_last_of_them(self, northside, sender, file):
        people = make_recipients(northside, 2)
        campaign = make_campaign(northside, people, bulk(media=refs(northside, file)))
        with unit_of_work():
            campaigns.cancel(northside.tenant, campaign.id, actor=ALICE_ACTS)
        assert {t.state for t in texts(northside)} == {State.CANCELED}

        self.erase(northside, people[0].number.e164)
        assert media.content_of(file)
        self.erase(northside, people[1].number.e164)
        with pytest.raises(DomainError):
            media.content_of(file)

    def test_a_file_of_two_sends_goes_with_the_second(self, northside, sender, file):
        people = make_recipients(northside, 2)
        for one in people:
            made = make_campaign(northside, [one], one_to_one(media=refs(northside, file)))
            with unit_of_work():
                campaigns.cancel(northside.tenant, made.id, actor=ALICE_ACTS)
        assert len(db.session.scalars(select(CampaignMedia.file_id)).all()) == 2

        self.erase(northside, people[0].number.e164)
        assert media.content_of(file)
        self.erase(northside)
        assert media_files.files(northside.tenant, [UUID(str(file.id))]) == []
