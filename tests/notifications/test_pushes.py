"""Pushes to the phones of those who want them: encrypted, once, and never after a sign-out (Q-5)."""

import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from sqlalchemy import select

from portal.core import secrets_box
from portal.core.audit import SYSTEM, Actor
from portal.core.db import db, unit_of_work
from portal.gateways import push, webhooks
from portal.gateways.webhooks import FakeWebhooks, HttpWebhooks
from portal.notifications import queries, service
from portal.notifications.models import Push, PushKey
from portal.notifications.service import pushing
from portal.people import service as people
from portal.people.models import SignInSession
from portal.texting_accounts import service as accounts
from tests import cast
from tests.factories.messaging import make_ready, make_recipient
from tests.gateways.browser import PushBrowser
from tests.meanwhile import all_at_once
from tests.messaging.talks import MAYA, hear
from workers.notifications import keep_push_key, mail_notices, ring_for_pushes, send_pushes

BOB = Actor(cast.BOB, "Bob Tran", "203.0.113.4")
ENDPOINT = "https://push.example.com/send/abc"
WORDS = "Is the house on Alder Ct still available?"


@pytest.fixture
def posted(app):
    before, fake = webhooks.current(), FakeWebhooks()
    webhooks.use(fake)
    yield fake
    webhooks.use(before)


@pytest.fixture
def key(app):
    assert [keep_push_key(), keep_push_key()] == [1, 0]
    return queries.push_key()


@pytest.fixture
def phone(key):
    return PushBrowser()


def subscribe(phone, endpoint=ENDPOINT, user=cast.BOB, session_id=None):
    with unit_of_work():
        service.add_device(
            user, session_id, endpoint=endpoint, p256dh=phone.p256dh, auth=phone.auth,
            browser="Safari on iPhone", actor=BOB,
        )  # fmt: skip


def tell(key="1", kind="reply", user=cast.BOB, **changes):
    told = {
        "organization_id": cast.JUNIPER,
        "account_id": cast.BOBS,
        "user_ids": [user],
        "kind": kind,
        "title": "Maya Castellanos replied",
        "text": WORDS,
        "url": f"/accounts/{cast.BOBS}/inbox",
        "dedupe_key": f"{kind}:{key}",
    }
    with unit_of_work():
        service.notify(**told | changes)
    mail_notices()


def waiting():
    return db.session.scalars(select(Push).execution_options(populate_existing=True)).all()


def session_of(person):
    """Return the session a browser of the tests is signed in with."""
    row = people.session_of(person.client.get_cookie("desk").value)
    return row.id


class TestWhatIsPushed:
    def test_who_wrote_but_not_what(self, bobs, phone, posted):
        make_ready(bobs)
        make_recipient(bobs, number=MAYA, first_name="Maya", last_name="Castellanos")
        subscribe(phone)
        talk = hear(bobs, WORDS)
        mail_notices()
        assert send_pushes("all") == 1
        [(url, headers, body)] = posted.posted
        assert (url, headers["Content-Encoding"]) == (ENDPOINT, "aes128gcm")
        said = phone.read(body)
        assert said["title"] == "Maya Castellanos replied"
        assert said["body"] == "Bob Tran"  # the account
        assert said["url"] == f"/accounts/{bobs.id}/conversations/{talk.id}?answer=1"
        assert WORDS not in str(said)
        assert waiting() == []

    def test_what_names_nobody_may_say_all(self, phone, posted):
        subscribe(phone)
        with unit_of_work():
            wants = queries.preferences(cast.BOB)
            service.choose(cast.BOB, wants.by_mail, 8, by_push={"credits": True}, actor=BOB)
        tell(kind="credits", title="80 % used", text="80 of 100 credits are used.")
        send_pushes("all")
        assert phone.read(posted.posted[0][2])["body"] == "80 of 100 credits are used."

    def test_only_kinds_that_were_chosen(self, phone, posted):
        subscribe(phone)
        tell(kind="credits")
        assert waiting() == []
        with unit_of_work():
            wants = queries.preferences(cast.BOB)
            service.choose(cast.BOB, wants.by_mail, 8, by_push={"reply": False}, actor=BOB)
        tell("2")
        assert (waiting(), send_pushes("all"), posted.posted) == ([], 0, [])

    def test_every_device_once_however_often_and_whoever_works(self, app, key, posted):
        phones = [PushBrowser(), PushBrowser()]
        for place, phone in enumerate(phones):
            subscribe(phone, f"{ENDPOINT}{place}")
        tell()
        mail_notices()
        assert len(waiting()) == 2

        def claim():
            with unit_of_work():
                return pushing.claim()

        taken = [parcel for some in all_at_once(app, claim, claim) for parcel in some]
        assert len(taken) == len({parcel.id for parcel in taken}) == 2

    def test_what_may_no_longer_be_seen_or_was_read_is_dropped(self, phone, posted):
        subscribe(phone)
        tell("1")
        tell("2")
        with unit_of_work():
            service.mark_read(cast.BOB, [queries.latest(cast.BOB)[0].id])
        assert send_pushes("all") == 1
        tell("3", account_id=cast.NORTHSIDE)
        with unit_of_work():
            accounts.remove_account_member(cast.NORTHSIDE, cast.BOB, actor=SYSTEM)
        assert (send_pushes("all"), waiting()) == (0, [])


class TestPushServices:
    @pytest.mark.parametrize("status", [404, 410])
    def test_a_device_that_is_gone_is_forgotten(self, phone, posted, status):
        subscribe(phone)
        tell()
        posted.answers = [status]
        send_pushes("all")
        assert (queries.devices(cast.BOB), waiting()) == ([], [])

    @pytest.mark.parametrize("answer", [429, 500, 503, "The connection failed."])
    def test_trouble_is_tried_again_later_and_given_up(self, phone, posted, answer, clock):
        subscribe(phone)
        tell()
        posted.answers = [answer] * 9
        for wait in (60, 300, 1800, 7200):
            assert send_pushes("all") == 1
            assert send_pushes("all") == 0
            clock.travel(by=timedelta(seconds=wait))
        assert ring_for_pushes() == 1
        assert send_pushes("all") == 1
        assert (waiting(), len(queries.devices(cast.BOB))) == ([], 1)

    def test_a_refused_push_is_not_tried_again(self, phone, posted):
        subscribe(phone)
        tell()
        posted.answers = [413]
        send_pushes("all")
        assert (waiting(), ring_for_pushes()) == ([], 0)

    def test_a_worker_that_died_holds_it_up_a_minute(self, phone, posted, clock):
        subscribe(phone)
        tell()
        with unit_of_work():
            assert len(pushing.claim()) == 1  # and then nothing more is heard
        assert send_pushes("all") == 0
        clock.travel(by=timedelta(minutes=1, seconds=1))
        assert send_pushes("all") == 1

    def test_one_over_http_gets_what_only_the_browser_reads(self, phone):
        """A stand-in for the services of Google, Mozilla and Apple, on this machine."""
        heard = []

        class Service(BaseHTTPRequestHandler):
            def do_POST(self):
                heard.append(
                    (dict(self.headers), self.rfile.read(int(self.headers["Content-Length"])))
                )
                self.send_response(201)
                self.end_headers()

            def log_message(self, *args):
                pass

        before = webhooks.current()
        with HTTPServer(("127.0.0.1", 0), Service) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            webhooks.use(HttpWebhooks(is_sandbox=True))
            subscribe(phone, f"http://127.0.0.1:{server.server_port}/send/abc")
            tell()
            assert send_pushes("all") == 1
            server.shutdown()
        webhooks.use(before)
        [(headers, body)] = heard
        assert headers["TTL"] == "86400"
        assert headers["Authorization"].startswith("vapid t=")
        assert WORDS.encode() not in body and b"Maya" not in body
        assert phone.read(body)["title"] == "Maya Castellanos replied"


class TestDevices:
    def data(self, phone, endpoint=ENDPOINT, **changes):
        return {"endpoint": endpoint, "p256dh": phone.p256dh, "auth": phone.auth} | changes

    def test_a_browser_is_added_listed_and_taken_off(self, bob, phone):
        page = bob.get("notifications.preferences")
        assert page.page.select_one("#push-form")["data-key"] == queries.push_key()
        page = bob.follow(bob.post("notifications.add_device", 303, data=self.data(phone)))
        assert "This browser" in page.text_of("#devices tbody")
        [device] = queries.devices(cast.BOB)
        bob.post("notifications.remove_device", 303, device_id=device.id)
        assert queries.devices(cast.BOB) == []
        bob.post("notifications.remove_device", 404, device_id=device.id)

    def test_nobody_elses_is_taken_off(self, alice, bob, phone):
        bob.post("notifications.add_device", 303, data=self.data(phone))
        [device] = queries.devices(cast.BOB)
        alice.post("notifications.remove_device", 404, device_id=device.id)

    @pytest.mark.parametrize(
        ("status", "changes"),
        [
            (400, {"endpoint": ""}), (400, {"p256dh": "x"}), (400, {"auth": ""}),
            (422, {"endpoint": "https://10.0.0.1/x"}), (422, {"endpoint": "file:///etc/passwd"}),
            (422, {"endpoint": "https://push.internal/x"}), (422, {"endpoint": "https://push.example.com:8443/x"}),
        ],
        ids=str,
    )  # fmt: skip
    def test_what_is_no_push_service_or_no_browser_is_refused(self, bob, phone, status, changes):
        """PROMISES 4, threat 5: nobody points the server at the inside of a network."""
        bob.post("notifications.add_device", status, data=self.data(phone, **changes))
        assert queries.devices(cast.BOB) == []

    def test_the_same_browser_is_renewed_and_goes_to_who_signed_in_last(self, phone):
        subscribe(phone)
        subscribe(phone)
        assert len(queries.devices(cast.BOB)) == 1
        subscribe(phone, user=cast.ALICE)
        assert (queries.devices(cast.BOB), len(queries.devices(cast.ALICE))) == ([], 1)

    def test_ten_at_most_the_oldest_goes(self, phone, clock):
        for place in range(11):
            subscribe(phone, f"{ENDPOINT}{place}")
            clock.travel(by=timedelta(seconds=1))
        assert len(queries.devices(cast.BOB)) == pushing.MOST_DEVICES

    def test_signing_out_ends_them_on_that_device_alone(self, bob, phone):
        subscribe(phone, session_id=session_of(bob))
        subscribe(PushBrowser(), f"{ENDPOINT}2")
        bob.post("people.sign_out", 303)
        assert [d.session_id for d in queries.devices(cast.BOB)] == [None]

    def test_being_locked_out_or_signed_out_everywhere_ends_all(self, phone):
        subscribe(phone)
        with unit_of_work():
            people.set_active(cast.BOB, active=False, actor=SYSTEM)
        assert queries.devices(cast.BOB) == []

    def test_a_session_that_is_over_by_time_leaves_the_phone_its_pushes(self, bob, phone, clock):
        subscribe(phone, session_id=session_of(bob))
        clock.travel(by=timedelta(hours=13))
        with unit_of_work():
            assert people.purge_sessions() >= 1
        assert db.session.scalars(select(SignInSession.id)).all() == []
        db.session.expire_all()
        assert [d.session_id for d in queries.devices(cast.BOB)] == [None]

    def test_before_there_is_a_key_the_page_says_so(self, bob):
        assert "being prepared" in bob.get("notifications.preferences").text_of("#devices")


class TestTheApp:
    def test_the_key_is_sealed(self, key):
        """X-6"""
        row = db.session.scalars(select(PushKey)).one()
        private = secrets_box.box().open(row.private_sealed, row.place_of_private)
        assert push.public_of(private) == key
        assert private not in row.private_sealed

    def test_anybody_may_install_it_and_nothing_of_anybody_is_in_it(self, anyone):
        told = anyone.client.get("/manifest.webmanifest").json
        assert (told["start_url"], told["display"]) == ("/", "standalone")
        for icon in told["icons"]:
            with anyone.client.get(icon["src"]) as picture:
                assert picture.mimetype == "image/png"

    def test_the_worker_keeps_nothing(self, anyone):
        """S18"""
        with anyone.client.get("/push-worker.js") as answer:
            assert answer.mimetype == "text/javascript"
            assert answer.cache_control.no_store
            assert "caches" not in answer.text and '"fetch"' not in answer.text

    def test_one_chooses_by_kind(self, bob):
        page = bob.get("notifications.preferences")
        ticked = {box["id"] for box in page.page.select("#by-push input[checked]")}
        assert {"push_reply", "push_lead", "push_assigned"} <= ticked
        assert "push_credits" not in ticked
        data = {f"mail_{key}": "never" for key in queries.preferences(cast.BOB).by_mail}
        bob.post(
            "notifications.preferences", 303, data=data | {"digest_hour": "", "push_credits": "y"}
        )
        wants = queries.preferences(cast.BOB).by_push
        assert [kind for kind, wanted in wants.items() if wanted] == ["credits"]
        with unit_of_work():
            service.turn_off(cast.BOB, "lead", actor=BOB)  # by the link of a mail: pushes stay
        assert queries.preferences(cast.BOB).by_push == wants
