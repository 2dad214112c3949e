"""Events: written with what happened, posted until they arrive, given up in the open."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from portal.consent import service as consent
from portal.consent.queries import records
from portal.consent.values import Method, NewConsent
from portal.core import jobs, secrets_box
from portal.core.audit import AuditEntry
from portal.core.db import db, unit_of_work
from portal.core.jobs import Lane
from portal.gateways.webhooks import NoAnswer
from portal.integrations import queries
from portal.integrations.api.events import EVENTS, MESSAGE_RECEIVED, OPT_OUT
from portal.integrations.models import WebhookDelivery, WebhookEndpoint
from portal.integrations.rules import schedule, signing
from portal.integrations.service import deliveries, endpoints, events
from portal.integrations.values import DeliveryState, EndpointState, Event
from portal.messaging.models import InboundText
from portal.messaging.service import inbound, optouts
from portal.messaging.service.incoming import Incoming
from portal.notifications import queries as notifications
from portal.numbers import queries as numbers
from tests.cast import ALICE
from tests.factories.integrations import make_endpoint
from tests.factories.messaging import ALICE_ACTS
from tests.integrations.conftest import CAROL
from tests.keys import fernet_key
from workers import integrations as worker


def text_in(account, body, sender, sid=None):
    """Take in a text from Carol."""
    with unit_of_work():
        return inbound.receive(
            Incoming(
                account.organization_id, sid or f"SM{uuid4().hex}", CAROL, sender, body, 1, [], None,
                {},
            )
        )  # fmt: skip


def tell(account, **data):
    with unit_of_work():
        events.tell(account.tenant, Event.OPT_OUT, data)


def log(endpoint, account):
    db.session.rollback()
    return queries.deliveries(account.tenant, endpoint.id).rows


def run(endpoint):
    return worker.deliver_webhooks(str(endpoint.id))


def renewed(endpoint, *, keeps_old, edits=0):
    """Renew an endpoint's secret and return the new one."""
    with unit_of_work():
        return endpoints.renew_secret(
            endpoint.tenant, endpoint.id, edits=edits, keeps_old=keeps_old, actor=ALICE_ACTS
        )[1]


def signed_with(endpoint, account, posted, *secrets):
    """Post an event; say whether these secrets signed it, in this order, and no others."""
    tell(account)
    assert run(endpoint) == 1
    _, headers, body = posted.posted[-1]
    said = (headers["webhook-id"], int(headers["webhook-timestamp"]), body)
    return headers["webhook-signature"].split() == [signing.sign(one, *said) for one in secrets]


@pytest.fixture
def hook(northside):
    """A webhook of Northside that is told everything."""
    return make_endpoint(northside)[0]


class TestWriting:
    def test_a_text_from_a_person_is_told_as_the_document_says(self, carol, ready, hook, posted):
        sender = _sender(ready)
        text_in(ready, "Is it still for sale?", sender, "SM" + "1" * 32)
        assert run(hook) == 1
        [(url, headers, body)] = posted.posted
        said = json.loads(body)
        assert url == "https://hooks.example.com/in"
        assert said["type"] == "message.received"
        assert list(MESSAGE_RECEIVED.data.faults(said["data"])) == []
        assert said["data"] | {"received_at": ""} == {
            "account_id": str(ready.id), "message_id": "SM" + "1" * 32,
            "contact_id": str(carol.contact.id), "from": CAROL, "to": sender,
            "body": "Is it still for sale?", "media": [], "keyword": None, "received_at": "",
        }  # fmt: skip
        assert headers["webhook-id"] == str(log(hook, ready)[0].id)

    def test_a_stop_is_told_as_a_text_and_as_an_opt_out(self, carol, ready, hook, posted):
        text_in(ready, "STOP", _sender(ready))
        assert run(hook) == 2
        told = {json.loads(body)["type"]: json.loads(body)["data"] for _, _, body in posted.posted}
        assert told.keys() == {"message.received", "opt_out"}
        assert told["message.received"]["keyword"] == "stop"
        assert list(OPT_OUT.data.faults(told["opt_out"])) == []
        assert (told["opt_out"]["number"], told["opt_out"]["method"]) == (CAROL, "keyword")

    @pytest.mark.parametrize("way", ["call", "carrier", "letter"])
    def test_an_opt_out_by_any_way_is_told_once(self, carol, ready, hook, posted, way):
        with unit_of_work():
            if way == "letter":
                consent.enter_opt_out(
                    ready.tenant, CAROL, method=Method.LETTER, details="A letter.", actor=ALICE_ACTS
                )
            else:
                optouts.opt_out(ready.tenant, CAROL, source=way, details="", actor=ALICE_ACTS)
        with unit_of_work():  # who is out already is no news
            optouts.opt_out(ready.tenant, CAROL, source="call", details="", actor=ALICE_ACTS)
        run(hook)
        [(_, _, body)] = posted.posted
        assert json.loads(body)["data"]["method"] == way

    def test_opt_outs_of_a_list_or_of_a_number_that_moved_are_told_one_by_one(
        self, carol, ready, hook, posted, clock
    ):
        """Who is out by it and was not; who had opted out before is no news, nor is a second row."""
        listed = [CAROL, "+13125550143", "+13125550144", CAROL]
        with unit_of_work():
            optouts.opt_out(
                ready.tenant, "+13125550144", source="call", details="", actor=ALICE_ACTS
            )
        run(hook)
        posted.posted.clear()
        made = [
            NewConsent(e164, Method.KEYWORD, given_at=clock.now, idempotency_key=f"list:{n}")
            for n, e164 in enumerate(listed)
        ]
        for _ in range(2):  # read again it is known
            with unit_of_work():
                optouts.store_many(ready.tenant, made, import_id=None, actor=ALICE_ACTS)
        assert run(hook) == 2
        told = [json.loads(body)["data"] for _, _, body in posted.posted]
        assert {data["number"] for data in told} == {CAROL, "+13125550143"}
        kept = {str(record.id) for record in records(ready.tenant, CAROL)}
        for data in told:
            assert list(OPT_OUT.data.faults(data)) == []
            assert data["number"] != CAROL or data["record_id"] in kept

    def test_it_is_written_with_the_stop_or_not_at_all(self, carol, ready, hook, monkeypatch):
        """Both or neither: a STOP without its event would leave the customer's list wrong."""
        sender = _sender(ready)
        monkeypatch.setattr(inbound, "_answer", lambda *_: 1 / 0)  # after the STOP and its event
        with pytest.raises(ZeroDivisionError):
            text_in(ready, "STOP", sender)
        assert log(hook, ready) == ()
        assert db.session.query(InboundText).count() == 0
        monkeypatch.undo()
        monkeypatch.setattr("portal.consent.service.keeping.audit.record", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError), unit_of_work():
            optouts.opt_out(ready.tenant, CAROL, source="call", details="", actor=ALICE_ACTS)
        assert log(hook, ready) == ()

    def test_a_text_told_twice_by_the_carrier_is_told_on_once(self, carol, ready, hook):
        sender = _sender(ready)
        for _ in range(2):
            text_in(ready, "Hello", sender, "SM" + "1" * 32)
        assert len(log(hook, ready)) == 1

    def test_only_who_asked_for_an_event_is_told(self, northside, bobs, lakeview):
        wanting = make_endpoint(northside, events=(Event.OPT_OUT,))[0]
        other = make_endpoint(northside, events=(Event.MESSAGE_RECEIVED,))[0]
        gone = make_endpoint(northside)[0]
        strangers = [make_endpoint(account)[0] for account in (bobs, lakeview)]
        with unit_of_work():
            endpoints.remove_endpoint(northside.tenant, gone.id, actor=ALICE_ACTS)
        tell(northside, number=CAROL)
        db.session.rollback()
        assert db.session.scalars(select(WebhookDelivery.endpoint_id)).all() == [wanting.id]
        assert other.id not in [s.id for s in strangers]

    def test_the_bell_rings_after_the_commit_alone(self, northside, hook):
        with pytest.raises(ZeroDivisionError), unit_of_work():
            events.tell(northside.tenant, Event.OPT_OUT, {})
            raise ZeroDivisionError
        assert jobs.waiting(Lane.DEFAULT) == 0
        tell(northside)
        assert jobs.waiting(Lane.DEFAULT) == 1

    def test_every_event_has_its_place_in_the_document(self):
        assert {told.event for told in EVENTS} == set(Event)


class TestPosting:
    def test_it_is_signed_with_the_endpoint_s_own_secret(self, northside, posted):
        endpoint, secret = make_endpoint(northside)
        tell(northside, number=CAROL)
        run(endpoint)
        [(_, headers, body)] = posted.posted
        signed = signing.sign(
            secret, headers["webhook-id"], int(headers["webhook-timestamp"]), body
        )
        assert headers["webhook-signature"] == signed
        row = db.session.scalars(select(WebhookEndpoint)).one()
        assert secret not in row.secret_sealed
        assert secrets_box.box().open(row.secret_sealed, row.place_of_secret) == secret

    def test_a_new_secret_signs_beside_the_old_one_for_a_day(self, northside, posted, clock):
        endpoint, old = make_endpoint(northside)
        new = renewed(endpoint, keeps_old=True)
        assert signed_with(endpoint, northside, posted, new, old)
        clock.travel(by=timedelta(hours=23, minutes=59))
        assert worker.forget_old() == 0
        assert signed_with(endpoint, northside, posted, new, old)
        clock.travel(by=timedelta(minutes=1))
        assert signed_with(endpoint, northside, posted, new)
        assert worker.forget_old() == 1
        row = db.session.scalars(select(WebhookEndpoint)).one()
        assert (row.old_secret_sealed, row.old_secret_until) == (None, None)
        assert signed_with(endpoint, northside, posted, new)

    def test_a_secret_that_never_reached_the_receiver_cuts_it_not_off(
        self, northside, posted, clock
    ):
        """The answer with the second was lost, so it was renewed again within the day."""
        endpoint, first = make_endpoint(northside)
        second = renewed(endpoint, keeps_old=True)
        clock.travel(by=timedelta(hours=1))
        third = renewed(endpoint, keeps_old=True, edits=1)
        clock.travel(by=timedelta(hours=23, minutes=59))
        assert signed_with(endpoint, northside, posted, third, second, first)
        clock.travel(by=timedelta(minutes=1))
        assert signed_with(endpoint, northside, posted, third)

    def test_secrets_that_sign_beside_the_newest_are_few(self, northside, posted):
        endpoint, _ = make_endpoint(northside)
        rest = [renewed(endpoint, keeps_old=True, edits=edits) for edits in range(4)]
        assert signed_with(endpoint, northside, posted, *reversed(rest))

    def test_all_that_signed_end_at_once(self, northside, posted):
        endpoint, _ = make_endpoint(northside)
        renewed(endpoint, keeps_old=True)
        assert signed_with(endpoint, northside, posted, renewed(endpoint, keeps_old=False, edits=1))

    def test_a_secret_nobody_can_open_is_replaced_all_the_same(self, northside, posted):
        endpoint, _ = make_endpoint(northside)
        secrets_box.use(secrets_box.SecretsBox((fernet_key("another"),)))
        with pytest.raises(secrets_box.SecretUnreadable, match="Choose that it ends at once"):
            renewed(endpoint, keeps_old=True)
        assert signed_with(endpoint, northside, posted, renewed(endpoint, keeps_old=False))

    def test_what_arrived_is_not_posted_again(self, northside, hook, posted):
        tell(northside)
        assert (run(hook), run(hook)) == (1, 0)
        [delivery] = log(hook, northside)
        assert (delivery.state, delivery.tries, delivery.last_status) == ("delivered", 1, 204)

    def test_a_delivery_in_a_worker_s_hands_is_not_another_s(self, northside, hook, clock):
        tell(northside)
        with unit_of_work():
            [mine] = deliveries.claim(hook.id)
        with unit_of_work():
            assert deliveries.claim(hook.id) == []
        clock.travel(by=deliveries.LEASE + timedelta(seconds=1))  # that worker died
        with unit_of_work():
            [again] = deliveries.claim(hook.id)
        assert (again.delivery_id, again.tries) == (mine.delivery_id, 2)
        assert again.headers["webhook-id"] == mine.headers["webhook-id"]
        with unit_of_work():  # the late one's word no longer counts
            deliveries.record([(mine, worker.Posted(error="No answer."))])
        assert log(hook, northside)[0].last_error is None

    def test_many_wait_for_one_run(self, northside, hook, posted):
        for place in range(2 * deliveries.AT_ONCE + 1):
            tell(northside, place=place)
        assert run(hook) == 2 * deliveries.AT_ONCE + 1
        assert len(posted.posted) == len({headers["webhook-id"] for _, headers, _ in posted.posted})

    def test_a_lost_bell_is_rung_again_by_the_sweep(self, northside, hook, redis):
        tell(northside)
        redis.flushall()
        assert worker.ring_for_webhooks() == 1
        assert jobs.waiting(Lane.DEFAULT) == 1


class TestTryingAgain:
    @pytest.mark.parametrize("answer", [500, 302, 404, "The connection failed."])
    def test_a_failure_is_tried_again_on_the_schedule_and_then_given_up(
        self, northside, hook, posted, clock, answer
    ):
        tell(northside)
        posted.answers = [answer] * 20
        for wait in schedule.WAITS:
            assert run(hook) == 1
            assert run(hook) == 0  # not before its time
            clock.travel(by=wait - timedelta(seconds=3))
            assert run(hook) == 0
            clock.travel(by=timedelta(seconds=4))
        assert run(hook) == 1
        [delivery] = log(hook, northside)
        assert (delivery.state, delivery.tries) == (DeliveryState.GIVEN_UP, 8)
        assert delivery.answer == (answer if isinstance(answer, str) else f"HTTP {answer}")
        clock.travel(by=timedelta(days=2))
        assert run(hook) == 0
        assert len(posted.posted) == 8
        [notice] = notifications.latest(ALICE)
        assert "could not be delivered to hooks.example.com" in notice.title
        assert notice.url == f"/accounts/{northside.id}/webhooks/{hook.id}"

    def test_three_given_up_in_a_row_switch_it_off_with_a_notice(
        self, northside, hook, posted, clock
    ):
        for _ in range(4):
            tell(northside)
        _fail_all(hook, posted, clock)
        off = queries.endpoint_or_404(northside.tenant, hook.id)
        assert off.state is EndpointState.OFF
        assert "3 events" in off.off_reason or "4 events" in off.off_reason
        titles = [notice.title for notice in notifications.latest(ALICE)]
        assert sum("switched off" in title for title in titles) == 1
        assert db.session.query(AuditEntry).filter_by(event="integrations:webhook:switch-off").one()
        tell(northside)  # nothing is written for who is off
        assert len(log(hook, northside)) == 4

    def test_where_nobody_answers_a_backlog_does_not_hold_the_worker(
        self, northside, hook, posted, clock
    ):
        """Eight wait their five seconds at once; the rest lets others have their turn."""
        for _ in range(20):
            tell(northside)
        posted.answers = ["No answer within 5 seconds."] * 8
        assert run(hook) == deliveries.AT_ONCE
        assert run(hook) == 0
        assert queries.endpoints_due() == []
        clock.travel(by=timedelta(seconds=61))
        assert run(hook) == 20
        assert {d.state for d in log(hook, northside)} == {"delivered"}

    def test_one_that_arrives_starts_the_count_anew(self, northside, hook, posted, clock):
        for fails in (True, True, False, True, True):
            tell(northside)
            if fails:
                _fail_all(hook, posted, clock)
            else:
                posted.answers = []
                run(hook)
        assert queries.endpoint_or_404(northside.tenant, hook.id).is_on

    def test_gone_switches_it_off_at_once(self, northside, hook, posted):
        tell(northside)
        posted.answers = [410]
        run(hook)
        found = queries.endpoint_or_404(northside.tenant, hook.id)
        assert (found.state, found.off_reason) == ("off", "The address answered 410 Gone.")

    def test_switched_on_again_it_gets_what_still_waits(self, northside, hook, posted):
        tell(northside)
        tell(northside)
        posted.answers = [410]
        with unit_of_work():
            parcels = deliveries.claim(hook.id, limit=1)
        with unit_of_work():
            deliveries.record([(p, worker.post(posted, p)) for p in parcels])
        assert run(hook) == 0
        with unit_of_work():
            endpoints.switch_on(northside.tenant, hook.id, actor=ALICE_ACTS)
        assert run(hook) == 1
        assert [d.state for d in log(hook, northside)] == ["delivered", "given_up"]

    def test_switched_on_again_what_failed_before_does_not_wait_for_its_turn(
        self, northside, hook, posted, clock
    ):
        """The page says that what waited is sent now; the sixth try was due in hours."""
        tell(northside)
        posted.answers = [500] * 5
        for wait in (timedelta(), *schedule.WAITS[:4]):
            clock.travel(by=wait + timedelta(seconds=1))
            assert run(hook) == 1
        with unit_of_work():
            endpoints.switch_off(northside.tenant, hook.id, "Somebody left.", actor=ALICE_ACTS)
        assert run(hook) == 0
        with unit_of_work():
            endpoints.switch_on(northside.tenant, hook.id, actor=ALICE_ACTS)
        assert run(hook) == 1
        assert [d.state for d in log(hook, northside)] == ["delivered"]

    def test_a_person_sends_one_again_under_its_own_id(self, northside, hook, posted, clock):
        tell(northside)
        run(hook)
        [delivery] = log(hook, northside)
        with unit_of_work():
            events.send_again(northside.tenant, delivery.id, actor=ALICE_ACTS)
        assert run(hook) == 1
        first, second = (headers["webhook-id"] for _, headers, _ in posted.posted)
        assert first == second

    def test_a_secret_nobody_can_read_is_no_loop(self, northside, hook):
        tell(northside)
        secrets_box.use(secrets_box.SecretsBox((fernet_key("others"),)))
        assert run(hook) is None  # refused and logged; the delivery waits for the right key
        assert log(hook, northside)[0].tries == 0

    def test_old_deliveries_are_forgotten_with_their_words(self, northside, hook, clock):
        tell(northside, number=CAROL)
        clock.travel(by=timedelta(days=31))
        assert worker.forget_old() == 1
        assert log(hook, northside) == ()


def test_an_address_that_turned_private_is_told_in_the_log(northside, posted):
    endpoint = make_endpoint(northside)[0]
    tell(northside)
    posted.answers = [str(NoAnswer("The host name leads into a private network."))]
    run(endpoint)
    assert log(endpoint, northside)[0].answer == "The host name leads into a private network."


def _fail_all(hook, posted, clock):
    posted.answers = [500] * 100
    for _ in range(schedule.MOST_TRIES):
        run(hook)
        clock.travel(by=timedelta(hours=16))


def _sender(account):
    return numbers.default_sender(account.id).e164
