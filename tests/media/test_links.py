"""Links by which the carrier fetches files, and pages of files for people (S15, R-3)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from portal.core.audit import AuditEntry
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.media import rules
from portal.media import service as media
from portal.media.values import MOST_FETCHES, SEEN_FOR, Link
from tests.factories.files import pdf
from tests.factories.media import make_file

HOURS = timedelta(hours=11)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@pytest.fixture
def file(northside):
    return make_file(northside)


def token_of(file, message_id=None, until=None):
    url = media.carrier_url(file.id, message_id or uuid4(), until or utcnow() + HOURS)
    return url.rpartition("/")[2]


def test_the_carrier_gets_the_file_and_nothing_that_acts(anyone, file):
    reply = anyone.get("media.for_carrier", token=token_of(file))

    assert reply.data == media.content_of(file)
    headers = reply.headers
    assert headers["Content-Type"] == "image/png"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert headers["Content-Disposition"] == "inline; filename=house.png"
    assert headers["X-Robots-Tag"] == "noindex, nofollow"
    assert headers["Cache-Control"] == "no-store"


def test_a_pdf_is_handed_out_to_be_saved(anyone, northside):
    token = token_of(make_file(northside, pdf(), "plan.pdf"))

    headers = anyone.get("media.for_carrier", token=token).headers

    assert headers["Content-Disposition"] == "attachment; filename=plan.pdf"
    assert headers["Content-Type"] == "application/pdf"


def test_a_link_that_is_over_gives_nothing(anyone, clock, file):
    token = token_of(file)
    clock.travel(by=HOURS)

    anyone.get("media.for_carrier", 404, token=token)


def test_a_link_with_any_letter_changed_gives_nothing(anyone, file):
    token = token_of(file)
    for place, letter in enumerate(token):
        other = LETTERS[(LETTERS.index(letter) + 1) % 64]
        assert media.fetch(token[:place] + other + token[place + 1 :]) is None
    for odd in (token[:-1], token + "A", token + "=", token.upper(), "", "ä" * 72, " " * 72):
        assert media.fetch(odd) is None
    anyone.get("media.for_carrier", 404, token=token[:-4] + "AAAA")


def test_the_signature_of_one_text_opens_no_other(file):
    """Another message, another file and a later end, each under a mark that was given for one."""
    ours, mark = token_of(file), 48
    for other in (token_of(file), token_of(file, until=utcnow() + 2 * HOURS)):
        assert media.fetch(other[:mark] + ours[mark:]) is None


def test_another_installations_key_signs_nothing_here(file):
    forged = rules.written(rules.link_key("other"), Link(file.id, uuid4(), utcnow() + HOURS))

    assert media.fetch(forged) is None


def test_the_twenty_first_fetch_gets_nothing_and_another_text_has_its_own(file):
    message_id = uuid4()
    token = token_of(file, message_id)
    with unit_of_work():
        given = [media.fetch(token) is not None for _ in range(MOST_FETCHES + 5)]
        assert given == [True] * MOST_FETCHES + [False] * 5
        assert media.fetch(token_of(file, message_id)) is None  # a second link of the same text
        assert media.fetch(token_of(file)) is not None


def test_many_fetches_at_once_pass_the_count_by_none(app, file):
    token = token_of(file)

    def one(_):
        return app.test_client().get(f"/media/{token}").status_code

    with ThreadPoolExecutor(8) as hands:
        statuses = list(hands.map(one, range(40)))

    assert statuses.count(200) == MOST_FETCHES
    assert statuses.count(404) == 40 - MOST_FETCHES


def test_a_link_dies_with_its_file(anyone, file):
    token = token_of(file)
    with unit_of_work():
        assert media.fetch(token) is not None
        assert media.forget(file.organization_id, [file.id]) == 1

    anyone.get("media.for_carrier", 404, token=token)


def test_a_person_sees_a_file_from_when_they_are_sent_to_it_for_thirty_days(
    anyone, clock, northside, file
):
    anyone.get("media.for_person", 404, token=file.token)
    with unit_of_work():
        media.open_pages(northside.tenant, [file.id], utcnow())

    assert anyone.get("media.for_person", token=file.token).data.startswith(b"\x89PNG")
    with unit_of_work():
        media.open_pages(northside.tenant, [file.id], utcnow() - timedelta(days=9))  # no shorter
    clock.travel(by=SEEN_FOR - timedelta(minutes=1))
    anyone.get("media.for_person", token=file.token)
    clock.travel(by=timedelta(minutes=2))
    anyone.get("media.for_person", 404, token=file.token)


def test_people_of_the_account_see_its_files_and_an_officers_look_is_logged(
    alice, vera, mallory, northside, file
):
    here = {"account_id": northside.id, "file_id": file.id}

    assert alice.get("media.whole", **here).data == media.content_of(file)
    assert alice.get("media.picture", **here).headers["Content-Type"] == "image/png"
    mallory.get("media.whole", 404, **here)
    before = looks()
    vera.get("media.whole", **here)
    assert looks() == before + 1


def looks():
    count = select(func.count()).where(AuditEntry.event == "media:file:view")
    return db.session.scalar(count)


def test_what_has_no_picture_shows_none(alice, northside):
    file = make_file(northside, pdf(), "plan.pdf")

    alice.get("media.picture", 404, account_id=northside.id, file_id=file.id)
