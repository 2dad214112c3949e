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
def hooks(ours, sender, leaving):
    """One text from a person, and one piece of news of a text of ours."""
    return make_hooks(ours, sender, leaving, "STOP", "delivered")


@pytest.fixture
def earlier(ours, sender, leaving):
    """Another text, and another piece of news."""
    return make_hooks(ours, sender, leaving, "Hello", "sent")


@pytest.fixture
def ours(northside):
    return make_carrier_account(northside.organization_id)


@pytest.fixture
def leaving(northside, sender):
    [text] = make_leaving(northside, 1, sender)
    return text


def make_hooks(ours, sender, leaving, words, status):
    told = (
        *(("AccountSid", ours.account_sid), ("MessageSid", f"SM{uuid4().hex}")),
        *(("From", "+13125550177"), ("To", sender.e164), ("Body", words)),
    )
    news = (
        *(("AccountSid", ours.account_sid), ("MessageSid", f"SM{leaving.message_id.hex}")),
        ("MessageStatus", status),
    )
    return (
        Hook(SMS, told).signed(ours.auth_token),
        Hook(STATUS, news, f"m={leaving.message_id}&a=1").signed(ours.auth_token),
    )


def count(model):
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model))


@pytest.mark.parametrize(
    ("statement", "came_before"), [("SELECT", 0), ("INSERT", 0), ("INSERT", 1), ("BEGIN", 1)]
)
def test_while_the_database_is_down_the_carrier_is_asked_to_come_again(
    statement, came_before, app, hooks, earlier
):
    """503, never 200 or 204; what came is stored when it comes again.

    Where one of each kind came a moment before, no account is read and no mark written (X-5):
    then it is the storing itself that finds the database away.
    """
    for hook in earlier[: 2 * came_before]:
        assert hook.post(app).status_code in {200, 204}
    refused = []

    @contextmanager
    def is_down():
        def refuse(_connection, _cursor=None, asked="BEGIN", *_):
            if asked.startswith(statement):
                refused.append(asked)
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
    if came_before and statement == "INSERT":
        tables = [asked.split()[2] for asked in refused]
        assert tables == [InboundText.__tablename__, WebhookEvent.__tablename__]
    assert (count(InboundText), count(WebhookEvent)) == (came_before, came_before)
    for hook in hooks:
        assert hook.post(app).status_code in {200, 204}
    assert (count(InboundText), count(WebhookEvent)) == (came_before + 1, came_before + 1)


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
