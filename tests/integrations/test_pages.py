"""The page API and webhooks: a secret shown once, and a log that says what came of each event."""

from datetime import timedelta

import pytest

from portal.core.audit import AuditEntry
from portal.core.db import db, unit_of_work
from portal.integrations import queries
from portal.integrations.rules import tokens
from portal.integrations.service import events
from portal.integrations.values import Event
from tests.factories.integrations import Program, make_endpoint, make_key
from tests.integrations.conftest import CAROL
from workers import integrations as worker

WHERE = "integrations.index"
KEY = {"name": "Office CRM", "scopes": ["messages:send", "numbers:read"]}
HOOK = {"url": "https://hooks.example.com/in", "events": ["opt_out"]}


def entries(event):
    return db.session.query(AuditEntry).filter_by(event=event).all()


class TestKeys:
    def test_a_new_key_is_shown_this_once_and_works(self, app, alice, northside):
        shown = alice.post("integrations.make_key", 200, KEY, account_id=northside.id)
        token = shown.text_of("#secret")
        answer = Program(app, token).get(f"/numbers/{CAROL}/may-text")
        assert answer.status_code == 200
        later = alice.get(WHERE, account_id=northside.id)
        secret = token.removeprefix(f"{tokens.prefix_of(token)}_")
        assert len(secret) > 40
        assert "Office CRM" in later.text
        assert secret not in str(later.page)
        [entry] = entries("integrations:key:make")
        assert (entry.actor_label, entry.payload["name"]) == ("Alice Moreno", "Office CRM")
        assert secret not in repr(db.session.execute(db.metadata.tables["api_keys"].select()).all())
        assert secret not in repr(entry.payload)

    def test_a_revoked_key_is_turned_away_at_once(self, app, alice, northside):
        key, token = make_key(northside)
        alice.post("integrations.revoke_key", 303, account_id=northside.id, key_id=key.id)
        assert Program(app, token).get(f"/numbers/{CAROL}/may-text").status_code == 401
        assert "Revoked" in alice.get(WHERE, account_id=northside.id).text
        alice.post("integrations.revoke_key", 303, account_id=northside.id, key_id=key.id)
        assert len(entries("integrations:key:revoke")) == 1

    def test_a_key_holds_through_its_last_day_in_the_account_s_zone(self, app, alice, northside, clock):  # fmt: skip
        shown = alice.post(
            "integrations.make_key", 200, KEY | {"last_day": "2026-03-02"}, account_id=northside.id
        )
        program = Program(app, shown.text_of("#secret"))
        clock.travel(by=timedelta(hours=11, minutes=59))  # 23:59 in Chicago
        assert program.get(f"/numbers/{CAROL}/may-text").status_code == 200
        clock.travel(by=timedelta(minutes=2))
        assert program.get(f"/numbers/{CAROL}/may-text").status_code == 401

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"name": ""}, "Name the program"),
            ({"scopes": []}, "Choose at least one thing"),
            ({"scopes": ["everything"]}, "Choose from the list"),
            ({"last_day": "2026-03-01"}, "can't lie in the past"),
            ({"last_day": "x"}, "not a date"),
        ],
    )
    def test_a_form_that_can_t_be_taken_says_why_and_keeps_what_was_typed(
        self, alice, northside, change, words
    ):
        shown = alice.post("integrations.make_key", 422, KEY | change, account_id=northside.id)
        assert any(words in text for text in shown.texts_of(".field__error"))
        assert shown.field("name") == (KEY | change)["name"]
        assert queries.keys(northside.tenant) == []

    def test_there_is_an_end_to_keys(self, alice, northside, monkeypatch):
        monkeypatch.setattr("portal.integrations.service.keys.MOST_KEYS", 2)
        make_key(northside)
        make_key(northside)
        shown = alice.post("integrations.make_key", 422, KEY, account_id=northside.id)
        assert "at most 2 keys" in shown.text


class TestWebhooks:
    def test_a_new_webhook_shows_its_secret_this_once(self, alice, northside):
        shown = alice.post("integrations.add_endpoint", 200, HOOK, account_id=northside.id)
        secret = shown.text_of("#secret")
        assert secret.startswith("whsec_")
        assert secret not in str(alice.get(WHERE, account_id=northside.id).page)
        assert [e.payload["url"] for e in entries("integrations:webhook:add")] == [HOOK["url"]]

    @pytest.mark.parametrize(
        ("old", "words"), [("day", "a signature of each"), ("ends", "any more")]
    )
    def test_a_new_secret_is_shown_this_once_and_made_once(self, alice, northside, old, words):
        hook, before = make_endpoint(northside)
        here = {"account_id": northside.id, "endpoint_id": hook.id}
        form = {"edits": alice.get("integrations.endpoint", **here).field("edits"), "old": old}
        shown = alice.post("integrations.renew_secret", 200, form, **here)
        secret = shown.text_of("#secret")
        assert secret.startswith("whsec_")
        assert secret != before
        assert words in shown.text_of("#shown-once")
        later = alice.get("integrations.endpoint", **here)
        assert secret not in str(later.page)
        assert ("the newest signs, too, until" in later.text) == (old == "day")
        again = alice.post("integrations.renew_secret", 409, form, **here)  # the page reloaded
        assert "renewed meanwhile" in again.text
        [entry] = entries("integrations:webhook:renew")
        assert (entry.actor_label, secret in repr(entry.payload)) == ("Alice Moreno", False)
        assert (entry.payload["old_secrets_end"] == "at once") == (old == "ends")

    @pytest.mark.parametrize(
        "form",
        [{}, {"edits": "0", "old": "x"}, {"edits": "9" * 30, "old": "x"},
         {"edits": "x", "old": "day"}],
    )  # fmt: skip
    def test_a_secret_is_not_renewed_unless_it_is_said_what_becomes_of_the_old(
        self, alice, northside, form
    ):
        hook, _ = make_endpoint(northside)
        here = {"account_id": northside.id, "endpoint_id": hook.id}
        shown = alice.post("integrations.renew_secret", 422, form, **here)
        assert shown.page.select_one("#new-secret[open]")
        assert queries.endpoint_or_404(northside.tenant, hook.id).edits == 0

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"url": "http://hooks.example.com/"}, "https://"),
            ({"url": "https://10.0.0.1/"}, "full host name"),
            ({"url": ""}, "Write the address"),
            ({"events": []}, "Choose at least one event"),
            ({"events": ["test"]}, "Choose from the list"),
        ],
    )
    def test_an_address_inside_is_refused_beside_its_field(self, alice, northside, change, words):
        shown = alice.post("integrations.add_endpoint", 422, HOOK | change, account_id=northside.id)
        assert any(words in text for text in shown.texts_of(".field__error"))
        assert shown.field("url") == (HOOK | change)["url"]

    def test_the_log_says_what_came_of_each_event_and_sends_it_again(self, alice, northside, posted):  # fmt: skip
        hook = make_endpoint(northside)[0]
        here = {"account_id": northside.id, "endpoint_id": hook.id}
        assert "Nothing was sent yet" in alice.get("integrations.endpoint", **here).text
        alice.post("integrations.send_test", 303, **here)
        posted.answers = [503]
        worker.deliver_webhooks(str(hook.id))
        shown = alice.get("integrations.endpoint", **here)
        assert "HTTP 503" in shown.text
        assert "Waiting HTTP 503 Next try" in shown.text
        assert shown.page.select(".notice") == []
        [delivery] = queries.deliveries(northside.tenant, hook.id).rows
        alice.post("integrations.send_again", 303, account_id=northside.id, delivery_id=delivery.id)
        worker.deliver_webhooks(str(hook.id))
        assert "Delivered" in alice.get("integrations.endpoint", **here).text
        assert [headers["webhook-id"] for _, headers, _ in posted.posted] == [str(delivery.id)] * 2

    def test_one_that_is_off_says_why_and_is_switched_on_again(self, alice, northside, posted):
        hook = make_endpoint(northside)[0]
        here = {"account_id": northside.id, "endpoint_id": hook.id}
        alice.post("integrations.send_test", 303, **here)
        posted.answers = [410]
        worker.deliver_webhooks(str(hook.id))
        assert "410 Gone" in alice.get("integrations.endpoint", **here).text
        [delivery] = queries.deliveries(northside.tenant, hook.id).rows
        for endpoint, where in (
            ("integrations.send_test", here),
            ("integrations.send_again", {"account_id": northside.id, "delivery_id": delivery.id}),
        ):
            assert "switched off" in alice.post(endpoint, 409, **where).text
        alice.post("integrations.switch_on", 303, **here)
        alice.post("integrations.send_test", 303, **here)

    def test_a_removed_one_is_gone_with_what_waited(self, alice, northside, posted):
        hook = make_endpoint(northside)[0]
        here = {"account_id": northside.id, "endpoint_id": hook.id}
        alice.post("integrations.send_test", 303, **here)
        alice.post("integrations.remove_endpoint", 303, **here)
        assert worker.deliver_webhooks(str(hook.id)) == 0
        assert posted.posted == []
        alice.get("integrations.endpoint", 404, **here)

    def test_the_log_goes_on_page_by_page(self, alice, northside, monkeypatch):
        monkeypatch.setattr(queries, "A_PAGE", 4)
        hook = make_endpoint(northside)[0]
        for place in range(7):
            with unit_of_work():
                events.tell(northside.tenant, Event.OPT_OUT, {"place": place})
        shown = alice.get("integrations.endpoint", account_id=northside.id, endpoint_id=hook.id)
        assert len(shown.page.select("#deliveries tbody tr")) == queries.A_PAGE
        rest = alice.open("GET", shown.page.select_one("a[rel=next]")["href"], 200)
        assert len(rest.page.select("#deliveries tbody tr")) == 3


def test_the_account_s_settings_lead_there(alice, bob, vera, northside, bobs):
    assert (
        "API keys and webhooks"
        in alice.get("texting_accounts.settings", account_id=northside.id).text
    )
    assert "API keys" in bob.get("texting_accounts.settings", account_id=bobs.id).text
    for person, account in ((bob, northside), (vera, northside)):
        assert "API keys" not in person.get("texting_accounts.settings", account_id=account.id).text
        person.get(WHERE, 403, account_id=account.id)
