"""A log tells what happened and nothing of whom (X-5, S10, S19; PROMISES 4, rows 9 and 23)."""

import io
import logging
import re

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import DataError, IntegrityError

from portal.core import log
from portal.core.db import db, unit_of_work
from portal.core.many_rows import insert_rows
from portal.messaging.models import Message
from tests.core.test_many_rows import text

TOKEN = "Zm9v-_Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vY"
LINE = re.compile(r"level='[a-z]+' logger='[\w.]+' event=(['\"]).*\1( exception=(['\"]).*\3)?")


@pytest.fixture
def logged():
    """What the process has written since, as its lines."""
    root = logging.getLogger()
    level = root.level
    log.set_up()
    [ours] = root.handlers
    written = io.StringIO()
    ours.setStream(written)
    yield lambda: written.getvalue().splitlines()
    root.removeHandler(ours)
    root.setLevel(level)


def tell(error):
    try:
        raise error
    except type(error):
        logging.getLogger("portal.tests").exception("could not %s", "be done")


@pytest.mark.parametrize(
    "words",
    [
        "no answer from +13125550142",
        f"Exception on /reset/{TOKEN} [GET]",
        f"key cdk_0123456789ab_{TOKEN} refused",
        "auth_token=c0ffee5555",
        "{'auth_token': 'c0ffee5555'}",
        '{"password": "c0ffee5555"}',
        "Authorization: Basic c0ffee5555",
        "{'Authorization': 'Bearer c0ffee5555'}",
    ],
)
def test_numbers_and_secrets_are_in_no_message_and_no_traceback(words, logged):
    logging.getLogger("portal.tests").error(words)
    tell(RuntimeError(words))
    lines = logged()
    assert len(lines) == 2
    for line in lines:
        assert LINE.fullmatch(line)
        assert not re.search(rf"3125550142|c0ffee5555|{TOKEN}", line)


def test_what_was_said_stays_readable(logged):
    logging.getLogger("portal.tests").warning("text %s of %d", "5f0c9d3e-6b1a", 3)
    tell(ValueError("too few"))
    first, second = logged()
    assert first == "level='warning' logger='portal.tests' event='text 5f0c9d3e-6b1a of 3'"
    assert second.startswith("level='error' logger='portal.tests' event='could not be done'")
    assert "ValueError: too few" in second


def test_nobody_writes_a_line_of_their_own_into_the_log(logged):
    forged = "x\r\nlevel='info' logger='portal' event='signed in'\u2028"
    logging.getLogger("portal.tests").info("asked for %s", forged)
    tell(RuntimeError(forged))
    assert [line.count("level=") for line in logged()] == [2, 2]


@pytest.mark.parametrize("by", ["statement", "driver"])
def test_a_row_the_database_refuses_is_not_told(by, app, logged):
    row = text(body="Call me about Elm Street", recipient_name="Ana Alvarez", account_id=None)
    with pytest.raises(IntegrityError) as refused, unit_of_work():
        if by == "driver":
            insert_rows(Message.__table__, [row])
        else:
            db.session.execute(insert(Message.__table__).values(row))
    tell(refused.value)
    [line] = logged()
    assert "IntegrityError" in line
    assert not re.search(r"Elm Street|Alvarez|3125550123", line)


@pytest.mark.parametrize(
    "refusal",
    [
        'value too long for type character varying(200)\nCONTEXT:  COPY messages, line 1, column recipient_name: "Ana Alvarez"',
        'canceling statement due to statement timeout\nCONTEXT:  COPY messages, line 37: "7f\tCall me about\nElm Street\t\\N"',
    ],
)
def test_a_line_the_database_took_too_long_over_or_refuses_is_not_told(refusal, logged):
    """Such a refusal has no detail of its own, so nothing else was left out with it."""
    tell(DataError("COPY messages (body) FROM STDIN", None, Exception(refusal)))
    [line] = logged()
    assert refusal.partition("\n")[0] in line
    assert "FROM STDIN" in line
    assert not re.search(r"Elm Street|Alvarez|Call me", line)
