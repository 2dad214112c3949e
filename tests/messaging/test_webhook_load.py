"""Webhooks while much else happens: nothing is lost, nothing counts twice (W5)."""

import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import contextmanager
from uuid import uuid4

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.exc import OperationalError

from portal.billing import queries as billing
from portal.core.db import db
from portal.messaging.models import InboundText, WebhookEvent
from tests.factories.messaging import make_leaving, make_ready
from tests.factories.numbers import make_carrier_account
from tests.keys import fernet_key
from tests.messaging.hooks import SMS, STATUS, Hook
from workers.sending import apply_statuses


@pytest.fixture
def sender(northside):
    return make_ready(northside)


@pytest.fixture
def hooks(northside, sender):
    """One text from a person, and one piece of news of a text of ours."""
    ours = make_carrier_account(northside.organization_id)
    [text] = make_leaving(northside, 1, sender)
    told = (
        *(("AccountSid", ours.account_sid), ("MessageSid", f"SM{uuid4().hex}")),
        *(("From", "+13125550177"), ("To", sender.e164), ("Body", "STOP")),
    )
    news = (
        *(("AccountSid", ours.account_sid), ("MessageSid", f"SM{text.message_id.hex}")),
        ("MessageStatus", "delivered"),
    )
    return (
        Hook(SMS, told).signed(ours.auth_token),
        Hook(STATUS, news, f"m={text.message_id}&a=1").signed(ours.auth_token),
    )


def count(model):
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model))


@pytest.mark.parametrize("statement", ["SELECT", "INSERT", "BEGIN"])
def test_while_the_database_is_down_the_carrier_is_asked_to_come_again(statement, app, hooks):
    """503, never 200 or 204; what came is stored when it comes again."""

    @contextmanager
    def is_down():
        def refuse(_connection, _cursor=None, asked="BEGIN", *_):
            if asked.startswith(statement):
                raise OperationalError(statement, None, sqlite3.OperationalError("it is down"))

        moment = "begin" if statement == "BEGIN" else "before_cursor_execute"
        event.listen(db.engine, moment, refuse)
        try:
            yield
        finally:
            event.remove(db.engine, moment, refuse)

    for hook in hooks:
        with is_down():
            answer = hook.post(app)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"
    assert (count(InboundText), count(WebhookEvent)) == (0, 0)
    for hook in hooks:
        assert hook.post(app).status_code in {200, 204}
    assert (count(InboundText), count(WebhookEvent)) == (1, 1)


def test_the_same_webhook_from_many_threads_at_once_has_one_effect(app, northside, hooks):
    """I10: the carrier repeats what it got no answer to, while the first is still under way."""
    together = threading.Barrier(8)
    answers = []

    def post(hook):
        together.wait()
        answers.extend([hook.post(app).status_code for _ in range(3)])

    threads = [threading.Thread(target=post, args=(hook,)) for hook in hooks for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(answers) <= {200, 204}
    assert len(answers) == 24
    assert (count(InboundText), count(WebhookEvent)) == (1, 1)
    assert apply_statuses() == 1
    books = billing.balance(northside.id)
    assert (books.spent, books.reserved) == (2, 0)  # the text that left, and the STOP


@pytest.mark.soak
def test_12000_webhooks_at_200_a_second_are_all_kept(request):
    """W5 in full, on the server as the supervisor runs it; how long they wait is for the bench."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "flask", "--app", "app", "bench", "webhooks"),
            *("--rounds", "1", "--database", request.config.getoption("--database")),
        ],
        env={**os.environ, "SECRET_KEY": "x" * 32, "ENCRYPTION_KEYS": fernet_key("tests")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr  # every one was answered 204
    [lost] = [line for line in done.stdout.splitlines() if line.startswith("| W5 lost")]
    assert lost.split("|")[-2].strip() == "met"
