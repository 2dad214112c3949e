"""No secret stands anywhere in clear: not in a table, the queue, a log line or a page (S10)."""

import base64
import json
import logging
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from rq import SimpleWorker
from sqlalchemy import event

from portal.core import jobs, secrets_box
from portal.core import settings as settings_module
from portal.core.access import Role
from portal.core.audit import SYSTEM
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.core.jobs import Job, Lane
from portal.core.secrets_box import Place, SecretsBox, SecretUnreadable
from portal.core.settings import settings
from portal.exports import service as exports
from portal.exports.values import FileKind, Subject, Wanted
from portal.gateways import carrier, email, payments
from portal.gateways.stripe import StripeCards
from portal.notifications import service as notifications
from portal.notifications.models import PushKey
from portal.people import service as people
from portal.people.service import totp
from portal.porting import queries as porting_queries
from portal.porting import service as porting
from portal.transfers import service as transfers
from tests import cast, kept
from tests.factories.integrations import make_endpoint, make_key
from tests.factories.mail import make_mail
from tests.factories.numbers import make_carrier_account
from tests.factories.people import PASSWORD, give_password
from tests.factories.transfers import make_transfer
from tests.house.readers import Reader
from tests.keys import fernet_key
from tests.people.test_codes_and_links import set_up_codes

CARRIER_TOKEN = "c0ffee" + "5" * 26
OLD_TOKEN = "decade" + "7" * 26
NOBODY_LISTENS = "http://127.0.0.1:1"
INSTALLATION = {  # what its environment holds
    "twilio_auth_token": "facade" + "3" * 26,
    "stripe_secret_key": "sk_test_" + "Q7" * 12,
    "stripe_webhook_secrets": ("whsec_" + "Z4" * 12,),
    "smtp_url": "smtp://desk:mail-password-of-the-desk@127.0.0.1:1",
    "erasure_pepper": "pepper-" + "8" * 30,
}
LOSING_ACCOUNT = "account-number-of-the-old-carrier"  # whoever has it can move the number away


@pytest.fixture
def installed(app):
    """An installation whose carrier, cards and mail server can't be reached."""
    before, given = settings(), replace(settings(), **INSTALLATION)
    settings_module.use(given)
    email.use_settings(given)
    payments.use(StripeCards(given.stripe_secret_key, NOBODY_LISTENS))
    yield given
    settings_module.use(before)
    email.use_settings(before)
    payments.use(None)
    carrier.connect(before.twilio_api_base)


@pytest.fixture
def planted(installed, own, northside, bob):
    """One secret of every kind the product holds, by name."""
    address = give_password(cast.BOB)
    make_carrier_account(northside.organization_id, auth_token=CARRIER_TOKEN)
    with unit_of_work():
        transfers.give_up(northside.tenant, own.ids["transfer_id"], actor=SYSTEM)
    own.ids["transfer_id"] = make_transfer(northside, OLD_TOKEN).id
    codes = _opened(set_up_codes(), totp.place_of_secret(cast.BOB))
    with unit_of_work():
        reset = people.request_reset(address)
        session = people.start_session(cast.BOB, ip="127.0.0.1", user_agent="tests")
        invited = people.invite(
            northside.organization_id, "zoe@juniper.example", Role.AGENT, None, actor=SYSTEM
        )
        porting.save(
            northside.tenant,
            own.ids["port_in_id"],
            {"account_number": LOSING_ACCOUNT},
            edits=porting_queries.get_or_404(northside.tenant, own.ids["port_in_id"]).edits,
            actor=SYSTEM,
        )
        notifications.keep_key()
    pushes = db.session.query(PushKey).one()
    return {
        "carrier token": CARRIER_TOKEN,
        "token of an old account": OLD_TOKEN,
        "account at the old carrier": LOSING_ACCOUNT,
        "password": PASSWORD,
        "reset link": reset.token,
        "session": session.token,
        "invitation": invited.token,
        "key of one-time codes": json.loads(codes)["key"],
        "private key of pushes": _opened(pushes.private_sealed, pushes.place_of_private),
        "API key": make_key(northside)[1],
        "webhook secret": make_endpoint(northside)[1],
        "encryption key": installed.encryption_keys[0],
        "signing key": installed.secret_key,
        "key of the audit log": installed.audit_signing_key,
        "pepper": installed.erasure_pepper,
        "token of the installation": installed.twilio_auth_token,
        "Stripe's key": installed.stripe_secret_key,
        "secret of Stripe's webhook": installed.stripe_webhook_secrets[0],
        "password of the mail server": "mail-password-of-the-desk",
    }


def _opened(sealed, place):
    return secrets_box.box().open(sealed, place)


def hits(planted, where, text):
    """Name the secrets that stand in a text, as they are or in base64."""
    coded = {n: base64.b64encode(s.encode()).decode().rstrip("=") for n, s in planted.items()}
    return [
        f"{n} in {where}" for n, secret in planted.items() if secret in text or coded[n] in text
    ]


class Taker(Reader):
    """Keeps every answer, files too."""

    def __init__(self, person, own):
        super().__init__(person, own)
        self.answers = []

    def get(self, url, headers=None):
        answer = super().get(url, headers)
        self.answers.append((url, answer))
        return answer


def test_no_secret_is_found_where_it_is_not_needed(
    planted, alice, pat, northside, own, redis, caplog
):
    """Pages, files handed out, the log, the database, the queue, all files of a backup."""
    caplog.set_level(logging.DEBUG)
    ask_for_files(northside)
    work(redis)
    found, kinds = [], set()
    for person in (alice, pat):
        taker = Taker(person, own)
        list(taker.read())
        for url, answer in taker.answers:
            found += hits(planted, url, kept.plain(answer.get_data()))
            kinds.add(answer.mimetype)
    refused = {"email": "bob@juniper.example", "password": PASSWORD + "!"}
    alice.client.post("/sign-in", data=refused)
    alice.client.post("/api/v1/messages", headers={"Authorization": f"Bearer {planted['API key']}"})
    said = alice.app.test_cli_runner().invoke(args=["config"]).output
    found += hits(planted, "the log", caplog.text) + hits(planted, "flask config", said)
    found += [hit for text in kept.everything(redis) for hit in hits(planted, text[:80], text)]
    assert found == []
    assert kinds >= {"text/html", "text/csv", "application/pdf", "application/zip"}, kinds
    assert all(len(secret) >= 20 for secret in planted.values())
    assert len(planted) >= 12


def ask_for_files(account):
    """Ask for one export of each subject and kind."""
    today = utcnow().date()
    for subject in Subject:
        for kind in FileKind:
            wanted = Wanted(subject, kind, today - timedelta(days=1), today, "America/Chicago")
            with unit_of_work():
                exports.ask(account, wanted, 9, nonce=uuid4().hex, actor=SYSTEM)


def work(redis):
    """Do all that waits, as a worker does, failures included."""
    queues = [jobs.queue(lane) for lane in Lane]
    SimpleWorker(queues, connection=redis, serializer="json").work(burst=True)


@contextmanager
def broken_database():
    """Fail every statement as a full disk does."""

    def fail(*_):
        raise db.engine.dialect.loaded_dbapi.OperationalError("disk I/O error")

    event.listen(db.engine, "do_execute", fail)
    yield
    event.remove(db.engine, "do_execute", fail)


def test_no_secret_is_in_an_error(planted, anyone, bob, caplog, capsys, monkeypatch):
    """Pages and log where the database fails under whoever shows a secret."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setitem(bob.app.config, "PROPAGATE_EXCEPTIONS", False)
    bob.client.set_cookie("desk", planted["session"])
    posts = {
        "/sign-in": {"email": "bob@juniper.example", "password": PASSWORD},
        "/profile/password": {"old": PASSWORD, "password": PASSWORD + "2"},
        f"/password-resets/{planted['reset link']}": {"password": PASSWORD},
        f"/invitations/{planted['invitation']}": {"name": "Zoe", "password": PASSWORD},
    }
    found, answers = [], []
    with broken_database():
        for person in (anyone, bob):
            answers += [person.client.post(url, data=data) for url, data in posts.items()]
        key = {"Authorization": f"Bearer {planted['API key']}"}
        answers.append(anyone.client.get("/api/v1/numbers/+13125550142/may-text", headers=key))
    assert {answer.status_code for answer in answers} >= {500}
    for answer in answers:
        found += hits(planted, f"a page of {answer.status}", answer.get_data(as_text=True))
    assert "disk I/O error" in caplog.text
    said = capsys.readouterr()
    for text in (caplog.text, said.out, said.err):
        found += hits(planted, "what was said", text)
    assert found == []


def test_no_secret_is_in_what_a_failed_job_leaves(
    planted, northside, own, redis, caplog, capsys, clock
):
    """Nobody answers outside; then nothing opens, as with the wrong key; then the disk is full."""
    caplog.set_level(logging.DEBUG)
    make_mail("Your link", to="zoe@juniper.example")
    known = {
        Job.ADVANCE_PORT_IN: own.ids["port_in_id"],
        Job.ADVANCE_TRANSFER: own.ids["transfer_id"],
        Job.ADVANCE_REGISTRATION: own.ids["registration_id"],
        Job.SETTLE_PAYMENT: own.ids["payment_id"],
        Job.DRAIN: northside.id,
        Job.SEND_MAILS: "all",
        Job.SEND_PUSHES: "all",
        Job.DELIVER_WEBHOOKS: northside.organization_id,
    }
    carrier.connect(NOBODY_LISTENS)
    right, wrong = secrets_box.box(), SecretsBox((fernet_key("another"),))
    for box, database in ((right, nullcontext), (wrong, nullcontext), (right, broken_database)):
        secrets_box.use(box)
        for name, key in known.items():
            jobs.ring(name, key)
        with database():
            work(redis)
        clock.travel(by=timedelta(hours=3))
    failed = [jobs.queue(lane).failed_job_registry.count for lane in Lane]
    said = capsys.readouterr()
    texts = [caplog.text, said.out, said.err, *kept.everything(redis)]
    assert [hit for text in texts for hit in hits(planted, text[:80], text)] == []
    assert sum(failed) >= len(known)
    assert "SecretUnreadable" in caplog.text


def test_the_search_finds_what_it_looks_for_also_packed(planted, redis):
    assert hits(planted, "here", f"token={CARRIER_TOKEN}") == ["carrier token in here"]
    jobs.queue().enqueue("workers.mail.send_mails", CARRIER_TOKEN)
    assert any(hits(planted, "", text) for text in kept.queued(redis))


def test_a_sealed_secret_opens_with_its_own_keys_alone_and_unchanged():
    """X-6: any key of the ring opens, no other does, and one changed sign spoils it."""
    old, new = fernet_key("old"), fernet_key("new")
    place = Place("carrier_accounts.sealed_token", uuid4(), uuid4())
    sealed = SecretsBox((old,)).seal(CARRIER_TOKEN, place)
    assert SecretsBox((new, old)).open(sealed, place) == CARRIER_TOKEN
    changed = [sealed[:at] + ("A" if sealed[at] != "A" else "B") + sealed[at + 1 :] for at in range(0, len(sealed) - 4, 9)]  # fmt: skip
    for box, text in [(SecretsBox((new,)), sealed), *((SecretsBox((old,)), c) for c in changed)]:
        with pytest.raises(SecretUnreadable):
            box.open(text, place)
    assert secrets_box.box().seal("x", place) != secrets_box.box().seal("x", place)
